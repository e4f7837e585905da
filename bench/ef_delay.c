/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: bench_ef_delay [--json FILE] [--packets N] [--seed N]
 *
 * How late voice leaves a link that best effort saturates: RFC 3246's E_a and E_p, and the
 * longest delay, beside their bounds. Virtual clock, the daemon's own pipeline; the run is
 * that of "ef/link.h". Exit code 1 if a bound is exceeded.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "ef/link.h"
#include "support/eal.h"

enum { PACKETS = 50000 };

struct options {
	const char *json;
	uint32_t packets;
	uint64_t seed;
};

static const uint64_t rates_bps[] = {2000000, 10000000, 50000000, 1000000000};
static const uint32_t frames_bytes[] = {64, 570, 1518};

static double ms(int64_t ns)
{
	return (double)ns / 1e6;
}

static bool within(const struct ef_outcome *o)
{
	return o->e_a_ns <= (int64_t)o->error_bound_ns && o->e_p_ns <= (int64_t)o->error_bound_ns &&
	       o->delay_ns <= o->delay_bound_ns;
}

static void print_header(const struct options *o)
{
	printf("Voice (IP packets of 200 bytes) on a busy link: RFC 3246, 2.2, R = CIR = 30 %% of "
	       "the link by IP\n"
	       "length, burst 20 ms but 3,036 bytes at least; %u packets a line, seed %" PRIu64
	       "; times in ms\n\n",
	       o->packets, o->seed);
	printf("%8s %7s %-6s %-7s %9s %9s %9s %9s %9s %9s\n", "link", "others", "tag", "link",
	       "E_a", "E_p", "bound of", "longest", "longest", "bound of");
	printf("%8s %7s %-6s %-7s %9s %9s %9s %9s %9s %9s\n", "Mbit/s", "bytes", "", "control", "",
	       "", "E_a, E_p", "in queue", "delay", "delay");
}

static void print_line(const struct ef_link *l, const struct ef_outcome *o)
{
	printf("%8.0f %7u %-6s %-7s %9.4f %9.4f %9.4f %9.4f %9.4f %9.4f%s\n",
	       (double)l->rate_bps / 1e6, l->other_bytes, l->tagged ? "yes" : "no",
	       l->link_control ? "yes" : "no", ms(o->e_a_ns), ms(o->e_p_ns),
	       ms((int64_t)o->error_bound_ns), ms((int64_t)o->queue_ns), ms((int64_t)o->delay_ns),
	       ms((int64_t)o->delay_bound_ns), within(o) ? "" : "  EXCEEDED");
}

static json_t *document_of(const struct ef_link *l, const struct ef_outcome *o)
{
	return json_pack("{s:I, s:I, s:i, s:b, s:b, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "link_bps",
			 (json_int_t)l->rate_bps, "cir_bps", (json_int_t)l->cir_bps,
			 "others_frame_bytes", (int)l->other_bytes, "tagged", l->tagged,
			 "link_control", l->link_control, "admitted_packets", (int)o->admitted,
			 "e_a_ns", (json_int_t)o->e_a_ns, "e_p_ns", (json_int_t)o->e_p_ns,
			 "error_bound_ns", (json_int_t)o->error_bound_ns, "queue_ns_max",
			 (json_int_t)o->queue_ns, "delay_ns_max", (json_int_t)o->delay_ns,
			 "delay_bound_ns", (json_int_t)o->delay_bound_ns);
}

static bool measure(const struct ef_link *l, json_t *all)
{
	const struct ef_outcome o = ef_link_run(l);

	print_line(l, &o);
	json_array_append_new(all, document_of(l, &o));
	return within(&o);
}

static bool measure_all(const struct options *o, json_t *all)
{
	struct ef_link l = {.packets = o->packets, .seed = o->seed};
	bool good = true;

	for (size_t r = 0; r < sizeof(rates_bps) / sizeof(rates_bps[0]); r++) {
		l.rate_bps = rates_bps[r];
		l.cir_bps = l.rate_bps / 10 * 3;
		l.tagged = l.link_control = false;
		for (size_t f = 0; f < sizeof(frames_bytes) / sizeof(frames_bytes[0]); f++) {
			l.other_bytes = frames_bytes[f];
			good &= measure(&l, all);
		}
		for (unsigned i = 1; i < 4; i++) {
			l.tagged = i & 1;
			l.link_control = i & 2;
			good &= measure(&l, all);
		}
	}
	return good;
}

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {{"json", required_argument, NULL, 'j'},
					      {"packets", required_argument, NULL, 'p'},
					      {"seed", required_argument, NULL, 's'},
					      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'j')
			o->json = optarg;
		else if (option == 'p')
			o->packets = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 's')
			o->seed = strtoull(optarg, NULL, 10);
		else
			return -EINVAL;
	}
	return optind == argc && o->packets > 0 ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct options options = {.packets = PACKETS, .seed = 1};
	json_t *all = json_array();
	bool good, written = true;

	if (read_options(&options, argc, argv) < 0) {
		fprintf(stderr, "usage: bench_ef_delay [--json FILE] [--packets N] [--seed N]\n");
		return 2;
	}
	if (test_eal_start() != 0)
		return 1;
	print_header(&options);
	good = measure_all(&options, all);
	if (options.json && json_dump_file(all, options.json, JSON_INDENT(2)) != 0) {
		fprintf(stderr, "edgemark: can't write %s\n", options.json);
		written = false;
	}
	json_decref(all);
	return good && written ? 0 : 1;
}
