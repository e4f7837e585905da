/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options are gathered as text first and read afterwards, so that what contradicts itself
 * is found in whatever order it came.
 */
#define _GNU_SOURCE /* open_memstream */
#include "overrun_arguments.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "control/commands.h"

#include "overrun_help.h"

/* X(field, option) of all that take a value */
#define TEXT_OPTIONS(X)                                                                            \
	X(calls, "calls")                                                                          \
	X(contract, "contract")                                                                    \
	X(cir_kbps, "cir-kbps")                                                                    \
	X(burst_ms, "burst-ms")                                                                    \
	X(burst_bytes, "burst-bytes")                                                              \
	X(account, "account")                                                                      \
	X(link_kbps, "link-kbps")                                                                  \
	X(codec, "codec")                                                                          \
	X(ptime, "ptime")                                                                          \
	X(phase, "phase")                                                                          \
	X(ppm, "ppm")                                                                              \
	X(jitter, "jitter-ms")                                                                     \
	X(ramp, "ramp")                                                                            \
	X(rtcp, "rtcp")                                                                            \
	X(background, "background")                                                                \
	X(seconds, "seconds")                                                                      \
	X(interval, "interval-ms")                                                                 \
	X(exceed, "exceed")                                                                        \
	X(seed, "seed")                                                                            \
	X(report, "report")                                                                        \
	X(link, "link")

enum text_option {
#define X(field, option) TEXT_##field,
	TEXT_OPTIONS(X)
#undef X
		TEXTS
};

enum { FIRST_TEXT = 256, CAPTURES = FIRST_TEXT + TEXTS };

struct texts {
	const char *of[TEXTS];
	const char *config, *json;
	bool captures;
};

int overrun_usage(const char *format, ...)
{
	va_list arguments;

	fputs("edgemark: lab overrun: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments); /* NOLINT(clang-analyzer-valist.*) */
	va_end(arguments);
	fputs("; see edgemark lab overrun --help\n", stderr);
	return EXIT_USAGE;
}

/* --- numbers ------------------------------------------------------------------------------ */

/* What is not given keeps its default. */
static int read_whole(const char *text, const char *option, uint64_t low, uint64_t high,
		      uint64_t *number)
{
	char *end;

	if (!text)
		return EXIT_OK;
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && !errno && *number >= low &&
	    *number <= high)
		return EXIT_OK;
	return overrun_usage("--%s is '%s', expected a whole number from %" PRIu64 " to %" PRIu64,
			     option, text, low, high);
}

/* number = text * scale */
static int read_decimal(const char *text, const char *option, double low, double high, double scale,
			uint64_t *number)
{
	char *end;
	double value;

	if (!text)
		return EXIT_OK;
	value = strtod(text, &end);
	if (*text >= '0' && *text <= '9' && strspn(text, "0123456789.") == strlen(text) &&
	    *end == '\0' && value >= low && value <= high) {
		*number = (uint64_t)llround(value * scale);
		return EXIT_OK;
	}
	return overrun_usage("--%s is '%s', expected a number from %g to %g", option, text, low,
			     high);
}

/* --- the calls ---------------------------------------------------------------------------- */

static int read_media(const struct texts *t, struct overrun_arguments *a)
{
	const char *codec = t->of[TEXT_codec] ? t->of[TEXT_codec] : "g711";
	const char *phase = t->of[TEXT_phase] ? t->of[TEXT_phase] : "random";
	uint64_t ptime = 20;
	int code = read_whole(t->of[TEXT_ptime], "ptime", PTIME_MS_STEP, PTIME_MS_MAX, &ptime);

	if (code != EXIT_OK)
		return code;
	if (ptime % PTIME_MS_STEP != 0)
		return overrun_usage("--ptime is %" PRIu64 " ms, expected 10, 20, 30, 40, 50 or 60",
				     ptime);
	a->ptime_ms = (uint32_t)ptime;
	a->codec = codec_find(codec);
	if (!a->codec)
		return overrun_usage("--codec is '%s', expected %s", codec, codec_names);
	a->sync = strcmp(phase, "sync") == 0;
	if (!a->sync && strcmp(phase, "random") != 0)
		return overrun_usage("--phase is '%s', expected random or sync", phase);
	return EXIT_OK;
}

static int read_times(const struct texts *t, struct overrun_arguments *a)
{
	uint64_t seconds = 60, interval_ms = 1000, thousandths = 0;
	int code = read_whole(t->of[TEXT_seconds], "seconds", 1, OVERRUN_SECONDS_MAX, &seconds);

	if (code == EXIT_OK)
		code = read_whole(t->of[TEXT_interval], "interval-ms", 10, 3600000, &interval_ms);
	if (code == EXIT_OK)
		code = read_decimal(t->of[TEXT_ppm], "ppm", 0, 1000, 1e3, &thousandths);
	if (code == EXIT_OK)
		code = read_decimal(t->of[TEXT_jitter], "jitter-ms", 0, 1000, 1e6, &a->jitter_ns);
	if (code == EXIT_OK)
		code = read_decimal(t->of[TEXT_ramp], "ramp", 0, OVERRUN_SECONDS_MAX, 1e9,
				    &a->ramp_ns);
	a->rtcp_ns = 5000000000;
	if (code == EXIT_OK)
		code = read_decimal(t->of[TEXT_rtcp], "rtcp", 0, 3600, 1e9, &a->rtcp_ns);
	if (code != EXIT_OK)
		return code;
	a->ppm_thousandths = (uint32_t)thousandths;
	a->duration_ns = seconds * 1000000000;
	a->interval_ns = interval_ms * 1000000;
	if (a->ramp_ns >= a->duration_ns)
		return overrun_usage("--ramp is not below --seconds: the last calls would not "
				     "begin");
	if (a->rtcp_ns > 0 && a->rtcp_ns < 100000000)
		return overrun_usage("--rtcp is below 0.1 s, expected 0 (none) or 0.1 to 3600");
	if (a->interval_ns > a->duration_ns)
		a->interval_ns = a->duration_ns;
	if (a->duration_ns / a->interval_ns > OVERRUN_POINTS_MAX)
		return overrun_usage("--interval-ms makes over %d points of --seconds: take a "
				     "longer one",
				     OVERRUN_POINTS_MAX);
	return EXIT_OK;
}

static int read_background(const struct texts *t, struct overrun_arguments *a)
{
	const char *at, *expected;

	a->background_spec = t->of[TEXT_background] ? t->of[TEXT_background] : "none";
	if (background_parse(a->background_spec, &a->background, &at, &expected) == 0)
		return EXIT_OK;
	return overrun_usage("--background '%s': at '%s', expected %s", a->background_spec, at,
			     expected);
}

/* --- the contract ------------------------------------------------------------------------- */

static int read_exceed_name(const char *name, size_t length, struct overrun_arguments *a)
{
	for (int e = 0; e < OVERRUN_RUNS_MAX; e++) {
		const char *known = config_exceed_name((enum exceed)e);

		if (strlen(known) != length || strncmp(known, name, length) != 0)
			continue;
		for (size_t i = 0; i < a->exceed_count; i++)
			if (a->exceed[i] == (enum exceed)e)
				return overrun_usage("--exceed names %s twice", known);
		a->exceed[a->exceed_count++] = (enum exceed)e;
		return EXIT_OK;
	}
	return overrun_usage("--exceed names '%.*s', expected police, random, spread, protect, "
			     "shape, remark, count or all",
			     (int)length, name);
}

static int read_exceed(const struct texts *t, struct overrun_arguments *a)
{
	static const char all[] = "police,random,spread,protect,shape,remark,count";
	const char *list = t->of[TEXT_exceed];
	int code = EXIT_OK;

	if (!list && a->config)
		return EXIT_OK;
	if (!list)
		list = "random";
	if (strcmp(list, "all") == 0)
		list = all;
	for (const char *at = list; code == EXIT_OK;) {
		size_t length = strcspn(at, ",");

		code = read_exceed_name(at, length, a);
		at += length;
		if (*at++ == '\0')
			break;
	}
	return code;
}

/* The file of -c says it all; without it, the rate must be given one way. */
static int check_contract(const struct overrun_arguments *a)
{
	const struct {
		const char *text, *option;
	} stated[] = {
		{a->contract, "contract"}, {a->cir_kbps, "cir-kbps"},
		{a->burst_ms, "burst-ms"}, {a->burst_bytes, "burst-bytes"},
		{a->account, "account"},   {a->link_kbps, "link-kbps"},
	};

	for (size_t i = 0; a->config && i < sizeof(stated) / sizeof(stated[0]); i++)
		if (stated[i].text)
			return overrun_usage("--%s beside -c: the file has it", stated[i].option);
	if (a->link && !a->config)
		return overrun_usage("--link without -c: there is but one link");
	if (a->contract && a->cir_kbps)
		return overrun_usage("--contract beside --cir-kbps, expected one of them");
	if (!a->config && !a->contract && !a->cir_kbps)
		return overrun_usage("no contract, expected --contract CALLS, --cir-kbps RATE or "
				     "-c FILE");
	if (a->burst_ms && a->burst_bytes)
		return overrun_usage("--burst-ms beside --burst-bytes, expected one of them");
	if (a->captures && !a->report)
		return overrun_usage("--captures without --report: there is no directory for them");
	return EXIT_OK;
}

static int read_contract(const struct texts *t, struct overrun_arguments *a)
{
	uint64_t calls = 0, contract = 0, ignored;
	int code = check_contract(a);

	if (code == EXIT_OK && !t->of[TEXT_calls])
		return overrun_usage("no --calls, expected how many there are");
	if (code == EXIT_OK)
		code = read_whole(t->of[TEXT_calls], "calls", 1, OVERRUN_CALLS_MAX, &calls);
	if (code == EXIT_OK)
		code = read_whole(a->contract, "contract", 1, OVERRUN_CALLS_MAX, &contract);
	/* these go into the configuration as they are: numbers at least, the rest it checks */
	if (code == EXIT_OK)
		code = read_decimal(a->cir_kbps, "cir-kbps", 1, 4e8, 1, &ignored);
	if (code == EXIT_OK)
		code = read_decimal(a->link_kbps, "link-kbps", 1, 4e8, 1, &ignored);
	if (code == EXIT_OK)
		code = read_decimal(a->burst_ms, "burst-ms", 0.001, 10000, 1, &ignored);
	if (code == EXIT_OK)
		code = read_whole(a->burst_bytes, "burst-bytes", 1, 1000000000, &ignored);
	if (code == EXIT_OK && a->account && strcmp(a->account, "ip") != 0 &&
	    strcmp(a->account, "l2") != 0 && strcmp(a->account, "wire") != 0)
		return overrun_usage("--account is '%s', expected ip, l2 or wire", a->account);
	a->calls = (uint32_t)calls;
	a->contract_calls = (uint32_t)contract;
	a->seed = 1;
	return code == EXIT_OK ? read_whole(t->of[TEXT_seed], "seed", 0, INT64_MAX, &a->seed)
			       : code;
}

/* --- the command, again ------------------------------------------------------------------- */

static void quote(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:,=+@%";

	if (*word != '\0' && strspn(word, plain) == strlen(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

/* Before getopt reorders argv. */
static char *repeat_command(int argc, char **argv)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	fputs("edgemark lab overrun", out);
	for (int i = 1; i < argc; i++) {
		fputc(' ', out);
		quote(out, argv[i]);
	}
	fclose(out);
	return text;
}

/* --- all ---------------------------------------------------------------------------------- */

/* EXIT_OK, EXIT_USAGE, or -1 after --help. */
static int gather(int argc, char **argv, struct texts *t)
{
	static const struct option options[] = {
#define X(field, name) {name, required_argument, NULL, FIRST_TEXT + TEXT_##field},
		TEXT_OPTIONS(X)
#undef X
			{"captures", no_argument, NULL, CAPTURES},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hc:j:", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(overrun_help, stdout);
			return -1;
		}
		if (option >= FIRST_TEXT && option < FIRST_TEXT + TEXTS)
			t->of[option - FIRST_TEXT] = optarg;
		else if (option == CAPTURES)
			t->captures = true;
		else if (option == 'c')
			t->config = optarg;
		else if (option == 'j')
			t->json = optarg;
		else
			return overrun_usage("%s %s",
					     option == ':' ? "no value for" : "unknown option",
					     argv[optind - 1]);
	}
	if (optind < argc)
		return overrun_usage("'%s' is no option", argv[optind]);
	return EXIT_OK;
}

int overrun_arguments_parse(int argc, char **argv, struct overrun_arguments *a)
{
	struct texts t = {0};
	int code;

	*a = (struct overrun_arguments){.command = repeat_command(argc, argv)};
	code = gather(argc, argv, &t);
	if (code != EXIT_OK)
		return code;
	a->contract = t.of[TEXT_contract];
	a->cir_kbps = t.of[TEXT_cir_kbps];
	a->burst_ms = t.of[TEXT_burst_ms];
	a->burst_bytes = t.of[TEXT_burst_bytes];
	a->account = t.of[TEXT_account];
	a->link_kbps = t.of[TEXT_link_kbps];
	a->link = t.of[TEXT_link];
	a->report = t.of[TEXT_report];
	a->config = t.config;
	a->json = t.json;
	a->captures = t.captures;
	code = read_contract(&t, a);
	if (code == EXIT_OK)
		code = read_media(&t, a);
	if (code == EXIT_OK)
		code = read_times(&t, a);
	if (code == EXIT_OK)
		code = read_background(&t, a);
	return code == EXIT_OK ? read_exceed(&t, a) : code;
}

void overrun_arguments_clear(struct overrun_arguments *a)
{
	free(a->command);
	a->command = NULL;
}
