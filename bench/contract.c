/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: bench_contract [--json FILE] [--bytes N] [--exceed NAME] [--quick]
 *
 * What a contract costs a packet of voice: each way to treat the excess, with calls that fit
 * and with a quarter too many, each call followed or not, so many calls in turn, a packet
 * of each every 20 ms. The stages are stamped while the others run as they are; each packet
 * is voice, so a figure is of an EF packet. What was admitted and dropped is checked.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "frames.h"
#include "peers.h"
#include "report.h"
#include "site.h"
#include "start.h"

enum {
	FRAMES = 4000, /* at least: a round of the calls is a whole number of bursts */
	FRAMES_MANY = 20000,
	CALLS_MANY = 10000,
	PERIOD_NS = 20000000,
	FITS_PERCENT = 110, /* the contract, of what is offered */
	OVERRUN_PERCENT = 80,
	WARM_UP = 20,
	PASSES = 301,
	SETTINGS_MAX = 64,
};

struct options {
	const char *json, *exceed;
	uint32_t bytes;
	bool quick;
};

struct setting {
	enum exceed exceed;
	uint32_t contract_percent;
	bool followed;
	uint32_t calls;
};

static const char *const exceeds[] = {
	[EXCEED_POLICE] = "police",   [EXCEED_RANDOM] = "random", [EXCEED_SPREAD] = "spread",
	[EXCEED_PROTECT] = "protect", [EXCEED_SHAPE] = "shape",	  [EXCEED_REMARK] = "remark",
	[EXCEED_COUNT] = "count",
};

/* --- one setting -------------------------------------------------------------------------- */

/* Between the bounds that the treatment of the excess promises. */
static bool is_right(const struct site *s, const struct setting *t)
{
	const struct site_contract c = site_contract(s);
	const bool over = t->contract_percent == OVERRUN_PERCENT;
	double least = over && t->exceed != EXCEED_SHAPE ? 97 : 0;

	if (c.admitted_percent <= 100 && c.admitted_percent >= least &&
	    (over ? c.excess_percent > 15 && c.excess_percent < 25 : c.excess_percent == 0))
		return true;
	if (over && t->exceed == EXCEED_SHAPE && c.admitted_percent <= 100)
		return true; /* between two passes its queue is let run empty */
	fprintf(stderr, "edgemark: %s: %.3f %% in excess, %.3f %% of CIR * t + burst admitted\n",
		exceeds[t->exceed], c.excess_percent, c.admitted_percent);
	return false;
}

static int measure_passes(struct site *s, struct frames *f, uint32_t n, struct samples *out)
{
	const double stamps = (double)stamp_cost() / BURST;

	for (uint32_t pass = 0; pass < WARM_UP + n; pass++) {
		uint64_t cycles[STAGES] = {0};

		if (pass > 0 && frames_arm(f, s->sent, s->sent_count) < 0)
			return -ENOMEM;
		site_pass_by_stage(s, f, cycles);
		site_drain(s);
		for (uint32_t k = 0; pass >= WARM_UP && k < STAGES; k++)
			samples_add(&out[k], (double)cycles[k] / f->count - stamps);
	}
	return 0;
}

static void report_setting(struct report *r, const struct setting *t, uint32_t bytes,
			   uint32_t frames, struct samples *stages)
{
	static char groups[SETTINGS_MAX][96];
	static uint32_t used;
	static const struct {
		enum stage stage;
		const char *name;
	} shown[] = {{STAGE_CALLS, "calls"},
		     {STAGE_POLICE, "police"},
		     {STAGE_ENQUEUE, "enqueue"},
		     {STAGE_DEQUEUE, "dequeue"}};
	char *group = groups[used++];
	struct result result = {.group = group, .frame_bytes = bytes, .frames = frames};

	snprintf(group, sizeof(groups[0]), "%s, %u calls %s, %s", exceeds[t->exceed], t->calls,
		 t->contract_percent == FITS_PERCENT ? "that fit" : "at 125 %",
		 t->followed ? "followed" : "not followed");
	for (uint32_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++) {
		if (shown[k].stage == STAGE_DEQUEUE && t->exceed != EXCEED_SHAPE)
			continue;
		result.what = shown[k].name;
		result.cycles = samples_figure(&stages[shown[k].stage]);
		report_add(r, &result);
	}
}

static int measure(const struct setting *t, const struct options *o, struct report *r)
{
	const struct rule_set set = {"", PORT_RULES, 100, MATCH_ANY, t->calls, WORST_NONE};
	const struct site_options options = {&set,	t->contract_percent,
					     false,	t->followed,
					     t->exceed, (uint64_t)PERIOD_NS * BURST / t->calls};
	const uint32_t count = t->calls == CALLS_MANY ? FRAMES_MANY : FRAMES;
	static struct samples stages[STAGES];
	struct frames f;
	struct site s;
	int err = frames_create(&f, &set, count, o->bytes);

	if (err < 0)
		return err;
	for (uint32_t k = 0; k < STAGES; k++)
		stages[k].count = 0;
	err = site_create(&s, &options, &f);
	if (err == 0) {
		uint32_t passes = PASSES * FRAMES / count;

		err = measure_passes(&s, &f, o->quick ? passes / 10 + 1 : passes, stages);
		if (err == 0 && !is_right(&s, t))
			err = -EINVAL;
		if (err == 0 && !site_is_right(&s, &f, f.armed))
			err = -EINVAL;
		f.alive = 0;
		if (frames_arm(&f, s.sent, s.sent_count) < 0)
			err = -ENOMEM;
		site_destroy(&s);
	}
	frames_destroy(&f);
	if (err == 0)
		report_setting(r, t, o->bytes, count, stages);
	return err;
}

/* --- all of them -------------------------------------------------------------------------- */

static bool needs_calls(enum exceed exceed)
{
	return exceed == EXCEED_SPREAD || exceed == EXCEED_PROTECT;
}

static int measure_exceed(enum exceed exceed, const struct options *o, struct report *r)
{
	static const uint32_t calls[] = {100, 1000, CALLS_MANY};
	int err = 0;

	for (uint32_t k = 0; err == 0 && k < 2; k++) {
		struct setting t = {.exceed = exceed,
				    .contract_percent = k ? OVERRUN_PERCENT : FITS_PERCENT,
				    .calls = 1000};

		if (!needs_calls(exceed)) /* how many they are is then of no matter */
			err = measure(&t, o, r);
		t.followed = true;
		for (uint32_t n = 0; err == 0 && n < sizeof(calls) / sizeof(calls[0]); n++) {
			t.calls = calls[n];
			err = measure(&t, o, r);
		}
	}
	return err;
}

static int measure_meter(const struct options *o, struct report *r)
{
	const struct rule_set set = {"", PORT_RULES, 100, MATCH_ANY, 1000, WORST_NONE};
	struct result result = {.group = "peers, alone", .what = "rte_meter, srTCM"};
	static struct samples samples;
	struct frames f;
	int err = frames_create(&f, &set, FRAMES, o->bytes);

	if (err < 0)
		return err;
	err = peer_meter(&f, o->quick ? PASSES / 10 : PASSES, &samples);
	frames_destroy(&f);
	result.cycles = samples_figure(&samples);
	if (err == 0)
		report_add(r, &result);
	return err;
}

static int measure_all(const struct options *o, struct report *r)
{
	for (enum exceed e = EXCEED_POLICE; e <= EXCEED_COUNT; e++) {
		int err = 0;

		if (o->exceed == NULL || strcmp(o->exceed, exceeds[e]) == 0)
			err = measure_exceed(e, o, r);
		if (err < 0)
			return err;
	}
	return measure_meter(o, r);
}

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {{"json", required_argument, NULL, 'j'},
					      {"bytes", required_argument, NULL, 'b'},
					      {"exceed", required_argument, NULL, 'e'},
					      {"quick", no_argument, NULL, 'q'},
					      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'j')
			o->json = optarg;
		else if (option == 'b')
			o->bytes = (uint32_t)atoi(optarg);
		else if (option == 'e')
			o->exceed = optarg;
		else if (option == 'q')
			o->quick = true;
		else
			return -EINVAL;
	}
	return optind == argc && o->bytes >= 64 && o->bytes <= 1518 ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	static struct report report;
	struct options options = {.bytes = 64};
	bool huge;
	int err;

	if (read_options(&options, argc, argv) < 0) {
		fprintf(stderr, "usage: bench_contract [--json FILE] [--bytes 64-1518] "
				"[--exceed NAME] [--quick]\n");
		return 2;
	}
	if (bench_start(argv[0], &huge) < 0)
		return 1;
	err = measure_all(&options, &report);
	if (err < 0)
		fprintf(stderr, "edgemark: the benchmark failed: %s\n", strerror(-err));
	else
		report_print(&report, huge);
	if (err == 0 && options.json)
		err = report_write(&report, huge, options.json);
	bench_stop();
	return err < 0;
}
