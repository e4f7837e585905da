/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: bench_stages [--json FILE] [--quick] [--first]
 *
 * Cycles a packet, stage by stage and for a packet's whole way, on frames in memory: the
 * daemon's own functions, on one core, without I/O. Between two passes the frames are made
 * anew, outside of what is measured. Every class count is checked afterwards; a wrong one
 * fails the run.
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
	FEW = 4096,
	MANY = 65536,
	WITHIN_PERCENT = 110, /* the contract, of the voice that is offered */
	OVERRUN_PERCENT = 80,
};

struct options {
	const char *json;
	bool quick;
	bool first; /* only the first setting: for a profiler */
};

struct setting {
	struct site_options site;
	uint32_t frames;
	uint32_t frame_bytes;
	bool by_stage;
	bool in_quick;
};

static const struct setting settings[] = {
	{{&rules_ports, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_ports, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, MANY, 64, true, true},
	{{&rules_ports, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 1518, true, false},
	{{&rules_ports, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, MANY, 1518, false, false},
	{{&rules_ports, OVERRUN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_ports, WITHIN_PERCENT, true, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_half, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_half, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, MANY, 64, false, false},
	{{&rules_none, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_ports, WITHIN_PERCENT, false, true, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_ports, WITHIN_PERCENT, false, true, EXCEED_RANDOM, 0}, MANY, 64, true, true},
	{{&rules_fragments, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
	{{&rules_extensions, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 128, true, true},
	{{&rules_misses, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0}, FEW, 64, true, true},
};

static const char *const stage_names[STAGES] = {
	[STAGE_PARSE] = "parse",     [STAGE_CLASSIFY] = "classify", [STAGE_AUDIT] = "audit",
	[STAGE_CALLS] = "calls",     [STAGE_POLICE] = "police",	    [STAGE_MARK] = "mark",
	[STAGE_ENQUEUE] = "enqueue", [STAGE_DEQUEUE] = "dequeue",
};

static uint32_t runs(const struct setting *t, bool quick)
{
	uint32_t n = t->frames == MANY ? 101 : 601;

	return quick ? n / 10 : n;
}

/* Passes until the contract's averages (200 ms of virtual time) have settled. */
static uint32_t warm_up(const struct setting *t)
{
	return t->frames == MANY ? 12 : 200;
}

static int next_pass(struct site *s, struct frames *f)
{
	site_drain(s);
	return frames_arm(f, s->sent, s->sent_count);
}

static int measure_whole(struct site *s, struct frames *f, const struct setting *t, uint32_t n,
			 struct samples *out)
{
	for (uint32_t pass = 0; pass < warm_up(t) + n; pass++) {
		uint64_t cycles = site_pass(s, f);

		if (pass >= warm_up(t))
			samples_add(out, (double)cycles / f->count);
		if (pass + 1 < warm_up(t) + n && next_pass(s, f) < 0)
			return -ENOMEM;
	}
	site_drain(s);
	return site_is_right(s, f, warm_up(t) + n) ? 0 : -EINVAL;
}

static int measure_stages(struct site *s, struct frames *f, uint32_t n, struct samples *out)
{
	const double stamps = (double)stamp_cost() / BURST;

	for (uint32_t pass = 0; pass < n; pass++) {
		uint64_t cycles[STAGES] = {0};

		if (next_pass(s, f) < 0)
			return -ENOMEM;
		site_pass_by_stage(s, f, cycles);
		for (uint32_t k = 0; k < STAGES; k++)
			samples_add(&out[k], (double)cycles[k] / f->count - stamps);
	}
	site_drain(s);
	return 0;
}

static void report_setting(struct report *r, const struct setting *t, struct samples *whole,
			   struct samples *stages)
{
	static char groups[sizeof(settings) / sizeof(settings[0])][128];
	char *group = groups[t - settings];
	struct result result = {.group = group, .frame_bytes = t->frame_bytes, .frames = t->frames};

	snprintf(group, sizeof(groups[0]), "%s%s%s%s", t->site.rules->name,
		 t->site.rules->worst != WORST_NONE	       ? ""
		 : t->site.contract_percent == OVERRUN_PERCENT ? ", voice at 125 % of its contract"
							       : ", voice within its contract",
		 t->site.calls ? ", calls followed" : "",
		 t->site.class_rates ? ", a rate for each class" : "");
	for (uint32_t k = 0; t->by_stage && k < STAGES; k++) {
		result.what = stage_names[k];
		result.cycles = samples_figure(&stages[k]);
		report_add(r, &result);
	}
	result.what = "whole pipeline";
	result.cycles = samples_figure(whole);
	report_add(r, &result);
}

static int measure(const struct setting *t, bool quick, struct report *r)
{
	static struct samples whole, stages[STAGES];
	struct frames f;
	struct site s;
	int err = frames_create(&f, t->site.rules, t->frames, t->frame_bytes);

	if (err < 0)
		return err;
	whole.count = 0;
	for (uint32_t k = 0; k < STAGES; k++)
		stages[k].count = 0;
	err = site_create(&s, &t->site, &f);
	if (err == 0) {
		err = measure_whole(&s, &f, t, runs(t, quick), &whole);
		if (err == 0 && t->by_stage)
			err = measure_stages(&s, &f, runs(t, quick) / 2, stages);
		f.alive = 0;
		if (frames_arm(&f, s.sent, s.sent_count) < 0)
			err = -ENOMEM;
		site_destroy(&s);
	}
	frames_destroy(&f);
	if (err == 0)
		report_setting(r, t, &whole, stages);
	return err;
}

static int measure_acl(const struct rule_set *set, const char *what, bool quick, struct report *r)
{
	static struct samples samples;
	struct result result = {.group = "peers, alone", .what = what};
	struct frames f;
	struct site s;
	int err = frames_create(&f, set, FEW, 64);

	if (err < 0)
		return err;
	samples.count = 0;
	err = site_create(
		&s, &(struct site_options){set, WITHIN_PERCENT, false, false, EXCEED_RANDOM, 0},
		&f);
	if (err == 0) {
		err = peer_acl(&f, s.policy, quick ? 61 : 601, &samples);
		site_destroy(&s);
	}
	frames_destroy(&f);
	result.cycles = samples_figure(&samples);
	if (err == 0)
		report_add(r, &result);
	return err;
}

static int measure_peers(bool quick, struct report *r)
{
	static struct samples meter, sched;
	struct result result = {.group = "peers, alone"};
	uint32_t passes = quick ? 61 : 601;
	struct frames f;
	int err = measure_acl(&rules_ports_acl, "rte_acl, the 6 port rules", quick, r);

	if (err == 0)
		err = measure_acl(&rules_none, "rte_acl, 1,000 rules", quick, r);
	if (err < 0 || frames_create(&f, &rules_ports, FEW, 64) < 0)
		return err < 0 ? err : -ENOMEM;
	err = peer_meter(&f, passes, &meter);
	if (err == 0)
		err = peer_sched(&f, passes, &sched);
	frames_destroy(&f);
	if (err < 0)
		return err;
	result.what = "rte_meter, srTCM";
	result.cycles = samples_figure(&meter);
	report_add(r, &result);
	result.what = "rte_sched, one pipe, enqueue + dequeue";
	result.cycles = samples_figure(&sched);
	report_add(r, &result);
	return 0;
}

static int measure_all(const struct options *o, struct report *r)
{
	if (o->first)
		return measure(&settings[0], o->quick, r);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int err;

		if (o->quick && !settings[i].in_quick)
			continue;
		err = measure(&settings[i], o->quick, r);
		if (err < 0)
			return err;
	}
	return measure_peers(o->quick, r);
}

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {{"json", required_argument, NULL, 'j'},
					      {"quick", no_argument, NULL, 'q'},
					      {"first", no_argument, NULL, 'f'},
					      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'j')
			o->json = optarg;
		else if (option == 'q')
			o->quick = true;
		else if (option == 'f')
			o->first = true;
		else
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	static struct report report;
	struct options options = {0};
	bool huge;
	int err;

	if (read_options(&options, argc, argv) < 0) {
		fprintf(stderr, "usage: bench_stages [--json FILE] [--quick] [--first]\n");
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
