/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `edgemark lab rfc7640`: the traffic-management benchmarks of RFC 7640 on the virtual
 * clock. Nothing here is measured by the device's word alone: metrics come from the output
 * capture, and the counters have to agree with it.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/commands.h"
#include "control/document.h"

#include "lab.h"
#include "rfc7640_suite.h"
#include "rfc7640_table.h"

static const char help[] =
	"usage: edgemark lab rfc7640 [--test policer|queue|shaper|concurrent|all]\n"
	"                            [--cir-kbps R] [--burst-bytes B] [--port-kbps P]\n"
	"                            [--seconds S] [--seed N] [-j FILE] [--captures DIR]\n"
	"\n"
	"Benchmarks policers, queues, shapers and all of them at once as RFC 7640 describes\n"
	"(sections 6.1 to 6.4), through the pipeline that `run` uses, on a virtual clock. Every\n"
	"figure is measured from the output capture, shown beside what the configuration\n"
	"predicts, and the counters are compared with the capture to the packet. Exit code 1:\n"
	"a figure is not as predicted, or a counter differs.\n"
	"\n"
	"  --test T         one kind of test, or all (the default)\n"
	"  --cir-kbps R     rate of policers, shapers and bottlenecks in kbit/s, 10000 by default\n"
	"  --burst-bytes B  CBS and Bc; 20 ms of the rate by default, 3036 at least\n"
	"  --port-kbps P    speed of the physical ports, 1000000 by default; four times R or more\n"
	"  --seconds S      duration of each trial (Td), 60 by default as in the RFC\n"
	"  --seed N         of the random dropper, 1 by default\n"
	"  -j FILE          the results as JSON; - for standard output, without the table\n"
	"  --captures DIR   keeps the output capture of each trial there\n"
	"\n";

struct arguments {
	const char *test, *rate, *burst, *port, *seconds, *seed, *json, *captures;
};

static const struct {
	const char *name;
	int (*run)(struct suite *s);
} tests[] = {
	{"policer", policer_tests},
	{"queue", queue_tests},
	{"shaper", shaper_tests},
	{"concurrent", concurrent_tests},
};

enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

/* --- arguments ----------------------------------------------------------------------------- */

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "edgemark: lab rfc7640: %s%s; see edgemark lab rfc7640 --help\n", text,
		what);
	return EXIT_USAGE;
}

/* A decimal number times scale, between least and most; value keeps its default without. */
static bool read_number(const char *text, double scale, double least, double most, uint64_t *value)
{
	char *end;
	double number;

	if (!text)
		return true;
	number = strtod(text, &end);
	if (end == text || *end || !isfinite(number) || number < least || number > most)
		return false;
	*value = (uint64_t)llround(number * scale);
	return true;
}

static int read_suite(const struct arguments *a, struct suite *s)
{
	if (!read_number(a->rate, 1e3, 64, 1e8, &s->cir_bps))
		return usage("--cir-kbps is 64 to 100000000, not ", a->rate);
	s->burst_bytes = s->cir_bps / 400; /* 20 ms */
	if (s->burst_bytes < 3036)
		s->burst_bytes = 3036;
	if (!read_number(a->burst, 1, 3036, 1e8, &s->burst_bytes))
		return usage("--burst-bytes is 3036 (two full frames) to 100000000, not ",
			     a->burst);
	if (!read_number(a->port, 1e3, 256, 4e8, &s->port_bps))
		return usage("--port-kbps is 256 to 400000000, not ", a->port);
	if (s->port_bps < 4 * s->cir_bps)
		return usage("--port-kbps is less than four times --cir-kbps", "");
	if (!read_number(a->seconds, 1e9, 0.1, 3600, &s->duration_ns))
		return usage("--seconds is 0.1 to 3600, not ", a->seconds);
	if (!read_number(a->seed, 1, 0, 1e15, &s->where.seed))
		return usage("--seed is a number, not ", a->seed);
	s->where.directory = a->captures;
	for (size_t i = 0; a->test && i < TESTS; i++)
		if (strcmp(a->test, tests[i].name) == 0)
			return EXIT_OK;
	if (a->test && strcmp(a->test, "all") != 0)
		return usage("--test is policer, queue, shaper, concurrent or all, not ", a->test);
	return EXIT_OK;
}

static int parse(int argc, char **argv, struct arguments *a)
{
	enum { TEST = 256, RATE, BURST, PORT, SECONDS, SEED, CAPTURES };
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"test", required_argument, NULL, TEST},
		{"cir-kbps", required_argument, NULL, RATE},
		{"burst-bytes", required_argument, NULL, BURST},
		{"port-kbps", required_argument, NULL, PORT},
		{"seconds", required_argument, NULL, SECONDS},
		{"seed", required_argument, NULL, SEED},
		{"captures", required_argument, NULL, CAPTURES},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hj:", options, NULL)) != -1) {
		const char **to = option == 'j'	       ? &a->json
				  : option == TEST     ? &a->test
				  : option == RATE     ? &a->rate
				  : option == BURST    ? &a->burst
				  : option == PORT     ? &a->port
				  : option == SECONDS  ? &a->seconds
				  : option == SEED     ? &a->seed
				  : option == CAPTURES ? &a->captures
						       : NULL;

		if (option == 'h') {
			fputs(help, stdout);
			rfc7640_definitions(stdout);
			return -1;
		}
		if (!to)
			return usage(option == ':' ? "no value for " : "unknown option ",
				     argv[optind - 1]);
		*to = optarg;
	}
	if (optind != argc)
		return usage("unexpected argument ", argv[optind]);
	return EXIT_OK;
}

/* --- running --------------------------------------------------------------------------------- */

static int make_directory(const char *path)
{
	if (!path || mkdir(path, 0777) == 0 || errno == EEXIST)
		return EXIT_OK;
	fprintf(stderr, "edgemark: %s: can't be made: %s\n", path, strerror(errno));
	return EXIT_RUNTIME;
}

static void describe(struct suite *s)
{
	json_t *d = s->results.document;

	json_object_set_new(d, "suite", json_string("RFC 7640"));
	json_object_set_new(d, "cir_kbps", json_real((double)s->cir_bps / 1e3));
	json_object_set_new(d, "burst_bytes", json_integer((json_int_t)s->burst_bytes));
	json_object_set_new(d, "port_kbps", json_real((double)s->port_bps / 1e3));
	json_object_set_new(d, "seconds", json_real((double)s->duration_ns / 1e9));
	json_object_set_new(d, "seed", json_integer((json_int_t)s->where.seed));
}

static int write_results(const json_t *document, const char *path)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	bool sound = stream != NULL;

	if (sound)
		sound = json_dumpf(document, stream, DOCUMENT_FORMAT) == 0 &&
			fputc('\n', stream) != EOF && fflush(stream) == 0;
	if (!sound)
		fprintf(stderr, "edgemark: %s: can't be written: %s\n", path, strerror(errno));
	if (stream && stream != stdout)
		fclose(stream);
	return sound ? EXIT_OK : EXIT_RUNTIME;
}

static int conclude(struct suite *s, const char *json)
{
	struct results *r = &s->results;
	int code = r->failed == 0 && r->checks > 0 ? EXIT_OK : EXIT_RUNTIME;

	json_object_set_new(r->document, "checks", json_integer((json_int_t)r->checks));
	json_object_set_new(r->document, "failed", json_integer((json_int_t)r->failed));
	if (!json || strcmp(json, "-") != 0)
		rfc7640_table(r->document, stdout);
	if (json && write_results(r->document, json) != EXIT_OK)
		code = EXIT_RUNTIME;
	return code;
}

static int run(struct suite *s, const struct arguments *a)
{
	int err = 0;

	if (!results_open(&s->results)) {
		fprintf(stderr, "edgemark: out of memory\n");
		return EXIT_RUNTIME;
	}
	describe(s);
	for (size_t i = 0; i < TESTS && !err; i++)
		if (!a->test || strcmp(a->test, "all") == 0 || strcmp(a->test, tests[i].name) == 0)
			err = tests[i].run(s);
	return err ? EXIT_RUNTIME : conclude(s, a->json);
}

int lab_rfc7640(int argc, char **argv)
{
	struct suite s = {.cir_bps = 10000000,
			  .port_bps = 1000000000,
			  .duration_ns = UINT64_C(60000000000),
			  .where = {.seed = 1}};
	struct arguments a = {0};
	int code = parse(argc, argv, &a);

	if (code == EXIT_OK)
		code = read_suite(&a, &s);
	if (code == EXIT_OK)
		code = make_directory(a.captures);
	if (code == EXIT_OK)
		code = run(&s, &a);
	results_close(&s.results);
	trial_end_eal();
	return code < 0 ? EXIT_OK : code;
}
