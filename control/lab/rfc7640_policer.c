/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 7640 section 6.1: policers. Each on a link without a rate, so that nothing but the
 * policer decides: for each stream compliant bursts of CBS, excess bursts of CBS + 1000
 * bytes, and a steady overload; the burst hunt finds the BSA.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rfc7640_suite.h"

#define NANOBITS_A_BYTE UINT64_C(8000000000)

enum {
	EXCESS_BYTES = 1000,	/* what 6.1.1 recommends */
	SETTLE_NS = 1000000000, /* the random dropper takes 0.2 s to rest */
	OVERLOAD_PERCENT = 150,
};

static struct ideal_bucket bucket_of(const struct setup *setup, uint32_t class_index)
{
	return (struct ideal_bucket){.rate_bps = setup->classes[class_index].cir_bps,
				     .burst_bytes = setup->classes[class_index].burst_bytes};
}

/* The largest conforming burst of a stream, in frames. */
static uint64_t frames_in_burst(const struct suite *s, const struct setup *setup,
				const struct stream *stream)
{
	const struct ideal_bucket b = bucket_of(setup, stream->class_index);

	return ideal_policed_burst(&b, stream_bytes(stream, setup->account),
				   stream_wire_ns(stream, s->port_bps));
}

/* --- the three kinds of traffic ------------------------------------------------------------ */

static struct pattern compliant(const struct suite *s, const struct setup *setup,
				const struct stream *stream)
{
	const struct ideal_bucket b = bucket_of(setup, stream->class_index);
	uint64_t frames = b.burst_bytes / stream_bytes(stream, setup->account);

	return suite_bursts(s, stream, frames, suite_ns(b.burst_bytes, b.rate_bps));
}

static struct pattern excess(const struct suite *s, const struct setup *setup,
			     const struct stream *stream)
{
	const struct ideal_bucket b = bucket_of(setup, stream->class_index);
	uint64_t more = EXCESS_BYTES / stream_bytes(stream, setup->account) + 1;

	return suite_bursts(s, stream, frames_in_burst(s, setup, stream) + more,
			    suite_ns(b.burst_bytes, b.rate_bps));
}

static struct pattern overload(const struct suite *s, const struct setup *setup,
			       const struct stream *stream)
{
	uint64_t cir_bps = setup->classes[stream->class_index].cir_bps;

	return suite_steady(s, stream, setup->account, cir_bps / 100 * OVERLOAD_PERCENT);
}

/* --- judging ------------------------------------------------------------------------------- */

/* What is not admitted is lost, or leaves in another class. */
static void check_rest(struct suite *s, const struct trial *t, uint32_t i, const struct metrics *m,
		       uint64_t admitted)
{
	if (t->setup->classes[t->streams[i].class_index].exceed != EXCEED_REMARK)
		return;
	result_exact(&s->results, FIGURE_LOST, (double)m->lost, 0);
	result_exact(&s->results, FIGURE_REMARKED, (double)(m->received - suite_in_class(t, i)),
		     (double)(m->sent - admitted));
}

static int judge_compliant(struct suite *s, const struct trial *t, uint32_t i)
{
	struct metrics m;
	int err = suite_row(s, t, i, "compliant", &m);

	if (err)
		return err;
	result_exact(&s->results, FIGURE_PASSED, (double)suite_in_class(t, i), (double)m.sent);
	result_exact(&s->results, FIGURE_LOST, (double)m.lost, 0);
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	result_exact(&s->results, FIGURE_DELAY, (double)m.delay_max_ns / 1e9, 0);
	return 0;
}

static int judge_excess(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct stream *stream = &t->streams[i];
	const struct ideal_bucket b = bucket_of(t->setup, stream->class_index);
	const uint64_t passed = suite_in_class(t, i);
	struct departures ideal = {0};
	struct metrics m;
	int err = suite_row(s, t, i, "excess", &m);

	if (!err)
		err = ideal_policer(&b, stream_bytes(stream, t->setup->account), &stream->pattern,
				    &ideal);
	if (!err && t->setup->classes[stream->class_index].exceed == EXCEED_RANDOM)
		result_at_most(&s->results, FIGURE_PASSED, (double)passed, (double)ideal.count);
	else if (!err)
		result_exact(&s->results, FIGURE_PASSED, (double)passed, (double)ideal.count);
	if (!err)
		check_rest(s, t, i, &m, ideal.count);
	departures_clear(&ideal);
	return err;
}

/* Admitted under a steady overload: all that the bucket held and got until the last frame. */
static uint64_t overload_admitted(const struct ideal_bucket *b, uint32_t bytes,
				  const struct pattern *p)
{
	unsigned __int128 nanobits = (unsigned __int128)b->burst_bytes * NANOBITS_A_BYTE +
				     (unsigned __int128)b->rate_bps * p->period_ns * (p->count - 1);
	uint64_t frames = (uint64_t)(nanobits / (bytes * NANOBITS_A_BYTE));

	return frames < p->count ? frames : p->count;
}

/* Random dropping may waste some of the rate: half a point of what was offered, once it has
 * had 10 s. */
static void check_random(struct suite *s, const struct metrics *m, uint64_t passed,
			 uint64_t admitted)
{
	result_at_most(&s->results, FIGURE_PASSED, (double)passed, (double)admitted);
	if (s->duration_ns >= UINT64_C(10000000000))
		result_within(&s->results, FIGURE_LOST, (double)m->lost,
			      (double)(m->sent - admitted), (double)m->sent * 0.005);
}

static int judge_overload(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct stream *stream = &t->streams[i];
	const struct ideal_bucket b = bucket_of(t->setup, stream->class_index);
	const struct pattern *p = &stream->pattern;
	const uint32_t bytes = stream_bytes(stream, t->setup->account);
	const uint64_t ns = (p->count - 1) * p->period_ns;
	const uint64_t admitted = overload_admitted(&b, bytes, p), passed = suite_in_class(t, i);
	struct metrics m;
	int err = suite_row(s, t, i, "overload", &m);

	if (err)
		return err;
	if (t->setup->classes[stream->class_index].exceed == EXCEED_RANDOM) {
		check_random(s, &m, passed, admitted);
		return 0;
	}
	result_exact(&s->results, FIGURE_PASSED, (double)passed, (double)admitted);
	if (passed < p->count)
		result_within(&s->results, FIGURE_RATE,
			      ((double)passed * bytes - (double)b.burst_bytes) * 8e9 / (double)ns,
			      (double)b.rate_bps, rate_tolerance((double)b.rate_bps, bytes, ns));
	check_rest(s, t, i, &m, admitted);
	return 0;
}

/* --- trials -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct pattern (*pattern)(const struct suite *s, const struct setup *setup,
				  const struct stream *stream);
	suite_judge judge;
} kinds[] = {
	{"compliant", compliant, judge_compliant},
	{"excess", excess, judge_excess},
	{"overload", overload, judge_overload},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int run_kinds(struct suite *s, const char *name, const struct setup *setup,
		     struct stream *streams, uint32_t count)
{
	char trial[96];
	int err = 0;

	for (size_t k = 0; k < KINDS && !err; k++) {
		for (uint32_t i = 0; i < count; i++)
			streams[i].pattern = kinds[k].pattern(s, setup, &streams[i]);
		snprintf(trial, sizeof(trial), "%s-%s", name, kinds[k].name);
		err = suite_trial(s, trial, setup, streams, count, kinds[k].judge);
	}
	return err;
}

static int run_hunt(struct suite *s, const char *name, const struct setup *setup,
		    const struct stream *stream)
{
	const uint64_t burst = setup->classes[stream->class_index].burst_bytes;
	char trial[96];
	struct suite_hunt h = {
		.name = trial,
		.setup = setup,
		.stream = stream,
		.account = setup->account,
		.target_frames = burst / stream_bytes(stream, setup->account),
		.predicted_frames = frames_in_burst(s, setup, stream),
		.settle_ns = SETTLE_NS + suite_ns(burst, s->cir_bps),
	};

	snprintf(trial, sizeof(trial), "%s-hunt", name);
	return suite_hunt(s, &h);
}

/* --- 6.1.1 ----------------------------------------------------------------------------------- */

/* The most bytes above `least` with which one frame more would still not conform: it lacks a
 * byte at most, so that the measured burst is exact to the byte. */
static uint64_t sharpest_burst(const struct suite *s, const struct stream *stream, uint64_t least)
{
	const struct ideal_bucket b = {.rate_bps = s->cir_bps, .burst_bytes = least};
	const uint32_t bytes = stream_bytes(stream, ACCOUNT_IP);
	const uint64_t spacing_ns = stream_wire_ns(stream, s->port_bps);
	const uint64_t frames = ideal_policed_burst(&b, bytes, spacing_ns);
	unsigned __int128 needed = (unsigned __int128)(frames + 1) * bytes * NANOBITS_A_BYTE -
				   (unsigned __int128)frames * spacing_ns * s->cir_bps;

	return (uint64_t)((needed - 1) / NANOBITS_A_BYTE);
}

static int individual_size(struct suite *s, enum exceed exceed, const char *word,
			   uint32_t frame_bytes)
{
	struct stream stream = {.frame_bytes = frame_bytes};
	/* The last class takes what is re-marked, and has no contract. */
	const struct setup setup = {
		.account = ACCOUNT_IP,
		.class_count = 2,
		.classes = {{.cir_bps = s->cir_bps,
			     .burst_bytes = sharpest_burst(s, &stream, s->burst_bytes),
			     .exceed = exceed,
			     .remark_class = 1}},
	};
	char name[64];
	int err;

	snprintf(name, sizeof(name), "policer-%s-%u", word, frame_bytes);
	err = run_hunt(s, name, &setup, &stream);
	return err ? err : run_kinds(s, name, &setup, &stream, 1);
}

static int individual(struct suite *s, enum exceed exceed, const char *word, const char *title)
{
	char text[160];
	int err = 0;

	snprintf(text, sizeof(text),
		 "CIR %.3f kbit/s, CBS %" PRIu64
		 " B and what the next frame lacks but a byte, by IP "
		 "length",
		 (double)s->cir_bps / 1e3, s->burst_bytes);
	result_test(&s->results, "6.1.1", title, text);
	for (size_t i = 0; i < SUITE_FRAME_SIZES && !err; i++)
		err = individual_size(s, exceed, word, suite_frame_sizes[i]);
	return err;
}

/* --- 6.1.2 ----------------------------------------------------------------------------------- */

/* Customers by VLAN, in three categories of rates, as 6.1.2.1 describes. */
static struct setup customers(const struct suite *s)
{
	struct setup setup = {.account = ACCOUNT_IP, .by_vlan = true, .class_count = CLASSES_MAX};

	for (uint32_t i = 0; i < CLASSES_MAX; i++)
		setup.classes[i] = (struct setup_class){
			.cir_bps = s->cir_bps >> i % 3,
			.burst_bytes = s->burst_bytes,
			.exceed = EXCEED_POLICE,
		};
	return setup;
}

static int capacity(struct suite *s, uint32_t directions, const char *section, const char *title)
{
	const struct setup setup = customers(s);
	struct stream streams[TRIAL_STREAMS_MAX];
	char text[160], name[64];
	uint32_t count = 0;

	for (uint32_t d = 0; d < directions; d++)
		for (uint32_t i = 0; i < CLASSES_MAX; i++, count++)
			streams[count] = (struct stream){
				.id = (uint16_t)count,
				.class_index = (uint8_t)i,
				.tagged = true,
				.direction = (enum direction)d,
				.frame_bytes = SUITE_CAPACITY_FRAME,
			};
	snprintf(text, sizeof(text),
		 "%u policers a port, by VLAN (%u and up); CIR %.0f kbit/s over 1, 2, 4; CBS "
		 "%" PRIu64 " B",
		 CLASSES_MAX, STREAM_VLAN_BASE, (double)s->cir_bps / 1e3, s->burst_bytes);
	result_test(&s->results, section, title, text);
	snprintf(name, sizeof(name), "policers-%u", count);
	return run_kinds(s, name, &setup, streams, count);
}

int policer_tests(struct suite *s)
{
	int err = individual(s, EXCEED_POLICE, "police", "one policer, exceed \"police\"");

	if (!err)
		err = individual(s, EXCEED_RANDOM, "random",
				 "one policer, exceed \"random\" (the default)");
	if (!err)
		err = individual(s, EXCEED_REMARK, "remark",
				 "one policer, exceed \"remark\": the excess leaves as class-1");
	if (!err)
		err = capacity(s, 1, "6.1.2.1", "maximum policers on a single physical port");
	if (!err)
		err = capacity(s, DIRECTIONS, "6.1.2.3", "maximum policers on all physical ports");
	return err;
}
