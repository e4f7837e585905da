/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the random dropper is for: too many calls on a contract, each a packet of 200
 * bytes every 20 ms, and none of them may starve. The calls go through police_burst() on
 * a virtual clock; the plain bucket is the negative control.
 */
#include "stage_rig.h"

#include <stdlib.h>

#include "support/random.h"

enum {
	CALLS_MAX = 128,
	PACKET_BYTES = 200, /* G.711, 20 ms: 160 + RTP 12 + UDP 8 + IP 20 */
	CALL_BPS = 80000,
	SECONDS = 60,
	SEEDS = 8,
};

#define PACKET_NS INT64_C(20000000)

struct offer {
	unsigned calls, contracted; /* the contract's CIR holds so many */
	unsigned burst_ms;
	enum exceed exceed;
	bool together;	    /* all calls at one instant; else phases are random */
	int clock_ppm;	    /* each call's clock is off by up to so much */
	uint32_t jitter_ns; /* each packet is late by up to so much */
	uint64_t seed;	    /* of the phases, clocks and jitter */
	uint64_t drop_seed; /* and, added to it, of the dropper */
};

struct arrival {
	uint64_t ns;
	uint32_t call;
};

struct outcome {
	uint32_t sent[CALLS_MAX], lost[CALLS_MAX];
	uint64_t gap_ns[CALLS_MAX]; /* the longest time without a packet that passed */
	uint64_t passed_ns[CALLS_MAX];
	uint64_t sent_all, lost_all;
	double loss_min, loss_max, loss_mean, gap_max; /* percent, seconds */
};

static int by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	if (x->ns != y->ns)
		return (x->ns > y->ns) - (x->ns < y->ns);
	return (x->call > y->call) - (x->call < y->call);
}

static size_t place_calls(const struct offer *o, struct arrival *out)
{
	struct random random = random_seeded(o->seed);
	size_t n = 0;

	for (uint32_t call = 0; call < o->calls; call++) {
		int64_t phase = o->together ? 0 : random_below(&random, (uint32_t)PACKET_NS);
		int64_t ppm =
			o->clock_ppm
				? (int64_t)random_below(&random, 2u * (uint32_t)o->clock_ppm + 1) -
					  o->clock_ppm
				: 0;
		int64_t period = PACKET_NS + PACKET_NS * ppm / 1000000;

		for (int64_t at = phase; at < SECONDS * INT64_C(1000000000); at += period)
			out[n++] = (struct arrival){.ns = (uint64_t)at +
							  random_below(&random, o->jitter_ns),
						    .call = call};
	}
	qsort(out, n, sizeof(*out), by_time);
	return n;
}

static void police_arrivals(struct rig *r, const struct arrival *a, size_t n, struct outcome *out)
{
	static struct rte_mbuf frame = {.pkt_len = PACKET_BYTES + ETHERNET_HEADER_BYTES};
	struct burst b = {.now_ns = r->now_ns + a->ns, .count = (uint32_t)n};

	for (uint32_t i = 0; i < n; i++) {
		b.frame[i] = &frame;
		b.kind[i] = FRAME_IPV4;
		b.ip_bytes[i] = PACKET_BYTES;
		b.class_slot[i] = VOICE;
	}
	police_burst(&b, r->policy, r->lane);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t call = a[i].call;

		out->sent[call]++;
		if (b.drop[i] != DROP_NONE) {
			out->lost[call]++;
			continue;
		}
		out->gap_ns[call] = RTE_MAX(out->gap_ns[call], a->ns - out->passed_ns[call]);
		out->passed_ns[call] = a->ns;
	}
}

static void sum_up(const struct offer *o, struct outcome *out)
{
	out->loss_min = 100;
	for (unsigned call = 0; call < o->calls; call++) {
		double loss = 100.0 * out->lost[call] / out->sent[call];
		uint64_t end = SECONDS * UINT64_C(1000000000) - out->passed_ns[call];

		out->sent_all += out->sent[call];
		out->lost_all += out->lost[call];
		out->loss_min = RTE_MIN(out->loss_min, loss);
		out->loss_max = RTE_MAX(out->loss_max, loss);
		if (out->passed_ns[call] < SECONDS * UINT64_C(1000000000))
			out->gap_ns[call] = RTE_MAX(out->gap_ns[call], end);
		out->gap_max = RTE_MAX(out->gap_max, (double)out->gap_ns[call] / 1e9);
	}
	out->loss_mean = 100.0 * (double)out->lost_all / (double)out->sent_all;
}

static struct outcome make_calls(const struct offer *o)
{
	static struct arrival arrivals[CALLS_MAX * (SECONDS * 51)];
	size_t n = place_calls(o, arrivals), first = 0;
	uint64_t cir_bps = (uint64_t)o->contracted * CALL_BPS;
	struct outcome out = {0};
	struct rig r;

	rig_init(&r);
	r.lane_config.seed = o->seed + o->drop_seed;
	rig_contract(&r, VOICE, o->exceed, cir_bps, cir_bps * o->burst_ms / 8000);
	rig_start(&r);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && i - first < BURST_MAX && arrivals[i].ns == arrivals[first].ns)
			continue;
		police_arrivals(&r, &arrivals[first], i - first, &out);
		first = i;
	}
	rig_stop(&r);
	sum_up(o, &out);
	return out;
}

static void assert_fair(const char *what, const struct offer *o, double least, double most,
			double gap_most)
{
	struct outcome out = make_calls(o);

	if (out.loss_min < least || out.loss_max > most || out.gap_max > gap_most)
		fail_msg("%s, seed %u: calls lose %.2f to %.2f %% (wanted %.1f to %.1f), "
			 "longest gap %.3f s",
			 what, (unsigned)o->seed, out.loss_min, out.loss_max, least, most,
			 out.gap_max);
}

static void a_hundred_calls_on_eighty_lose_a_fifth_each(void **state)
{
	static const struct {
		const char *name;
		struct offer offer;
	} cases[] = {
		{"random phases", {0}},
		{"clocks 50 ppm apart", {.clock_ppm = 50}},
		{"10 ms of jitter", {.jitter_ns = 10000000}},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct offer o = cases[i].offer;

		o.calls = 100;
		o.contracted = 80;
		o.burst_ms = 20;
		o.exceed = EXCEED_RANDOM;
		for (o.seed = 1; o.seed <= SEEDS; o.seed++)
			assert_fair(cases[i].name, &o, 15, 25, 0.4);
	}
}

static void one_call_too_many_hurts_nobody_much(void **state)
{
	struct offer o = {.calls = 81, .contracted = 80, .burst_ms = 20, .exceed = EXCEED_RANDOM};

	(void)state;
	for (o.seed = 1; o.seed <= SEEDS; o.seed++)
		assert_fair("81 on 80", &o, 0, 5, 0.4);
}

/* The last of an instant always find the bucket lower than the first. */
static void calls_at_one_instant_share_the_loss(void **state)
{
	struct offer o = {.calls = 100,
			  .contracted = 80,
			  .burst_ms = 40,
			  .exceed = EXCEED_RANDOM,
			  .together = true};

	(void)state;
	for (o.seed = 1; o.seed <= SEEDS; o.seed++)
		assert_fair("one instant", &o, 8, 32, 0.4);
}

static void as_much_is_lost_as_by_a_plain_bucket(void **state)
{
	static const struct offer offers[] = {
		{.calls = 100, .contracted = 80, .burst_ms = 20},
		{.calls = 100, .contracted = 80, .burst_ms = 20, .clock_ppm = 50},
		{.calls = 100, .contracted = 80, .burst_ms = 20, .jitter_ns = 10000000},
		{.calls = 81, .contracted = 80, .burst_ms = 20},
		{.calls = 100, .contracted = 80, .burst_ms = 40, .together = true},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(offers); i++) {
		struct offer o = offers[i];
		double thinned, plain;

		o.seed = 1;
		o.exceed = EXCEED_RANDOM;
		thinned = make_calls(&o).loss_mean;
		o.exceed = EXCEED_POLICE;
		plain = make_calls(&o).loss_mean;
		if (thinned < plain - 0.01 || thinned > plain + 0.5)
			fail_msg("offer %zu: %.3f %% lost, by a plain bucket %.3f %%", i, thinned,
				 plain);
	}
}

/* The negative control: without it the bounds above would prove nothing. */
static void a_plain_bucket_starves_some(void **state)
{
	struct offer o = {.calls = 100, .contracted = 80, .burst_ms = 20, .exceed = EXCEED_POLICE};

	(void)state;
	for (o.seed = 1; o.seed <= SEEDS; o.seed++) {
		struct outcome out = make_calls(&o);

		assert_true(out.loss_min < 5);
		assert_true(out.loss_max > 60);
	}
}

static void calls_that_fit_lose_nothing(void **state)
{
	struct offer o = {
		.calls = 80, .contracted = 80, .burst_ms = 20, .exceed = EXCEED_RANDOM, .seed = 1};

	(void)state;
	assert_int_equal(make_calls(&o).lost_all, 0);
}

static void the_same_seed_drops_the_same_packets(void **state)
{
	struct offer o = {
		.calls = 100, .contracted = 80, .burst_ms = 20, .exceed = EXCEED_RANDOM, .seed = 5};
	struct outcome first = make_calls(&o), second = make_calls(&o), other;

	(void)state;
	assert_memory_equal(first.lost, second.lost, sizeof(first.lost));
	assert_memory_equal(first.gap_ns, second.gap_ns, sizeof(first.gap_ns));
	o.drop_seed = 1;
	other = make_calls(&o);
	assert_memory_not_equal(first.lost, other.lost, sizeof(first.lost));
}

/* --- one thinner, step by step: 80 kbit/s (200 bytes in 20 ms), a burst of 1,000 bytes --- */

struct bench {
	struct meter_profile contract;
	struct meter meter;
	struct thinner thinner;
	uint64_t now_ns;
};

static void bench_start(struct bench *s)
{
	s->contract = meter_profile(CALL_BPS, 1000);
	s->now_ns = 5000000000;
	meter_fill(&s->meter, &s->contract, s->now_ns);
	thinner_start(&s->thinner, 1);
	thinner_turn(&s->thinner, &s->contract, s->now_ns);
}

/* As police.c does it. True: the packet passes. */
static bool bench_offer(struct bench *s, uint64_t at_ns, uint32_t bytes)
{
	struct metered one = {.count = 1, .total = bytes, .bytes = {bytes}};

	s->now_ns = at_ns;
	meter_refill(&s->meter, &s->contract, at_ns);
	thinner_turn(&s->thinner, &s->contract, at_ns);
	thinner_police(&s->thinner, &s->meter, &s->contract, &one, at_ns);
	return one.drop[0] == DROP_NONE;
}

static void bench_exceed(struct bench *s)
{
	for (unsigned i = 0; i < 5; i++)
		assert_true(bench_offer(s, s->now_ns, 200));
	assert_false(s->thinner.thinning);
	assert_false(bench_offer(s, s->now_ns, 200));
}

static void thinning_begins_with_the_first_packet_that_fails_the_bucket(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s);
	bench_exceed(&s);
	assert_true(s.thinner.thinning);
	assert_true(s.thinner.admit_q32 < UINT64_C(1) << 32);
}

static void thinning_ends_when_the_bucket_is_full(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s);
	bench_exceed(&s);
	assert_int_equal(s.meter.tokens_nb, 0);
	s.now_ns += 99999999; /* 1,000 bytes take 100 ms */
	bench_offer(&s, s.now_ns, 1);
	assert_true(s.thinner.thinning);
	bench_start(&s);
	bench_exceed(&s);
	assert_true(bench_offer(&s, s.now_ns + 100000000, 200));
	assert_false(s.thinner.thinning);
}

/* Half the rate, with a bucket too large to fill in the meantime. */
static void thinning_ends_after_200_ms_under_the_rate(void **state)
{
	struct bench s;
	uint64_t begun, ended = 0;

	(void)state;
	bench_start(&s);
	s.contract = meter_profile(CALL_BPS, 1000000);
	s.meter.tokens_nb = 0;
	assert_false(bench_offer(&s, s.now_ns, 200));
	assert_true(s.thinner.thinning);
	begun = s.now_ns;
	for (unsigned i = 1; i <= 40 && ended == 0; i++) {
		bench_offer(&s, begun + i * 20000000, 100);
		if (!s.thinner.thinning)
			ended = s.now_ns - begun;
	}
	assert_in_range(ended, 200000000, 240000000);
}

static void thinning_goes_on_while_the_rate_is_exceeded(void **state)
{
	struct bench s;
	uint64_t start, passed = 0;

	(void)state;
	bench_start(&s);
	s.contract = meter_profile(CALL_BPS, 10000); /* too large to fill by chance */
	bench_exceed(&s);
	start = s.now_ns;
	for (unsigned i = 1; i <= 1000; i++) { /* 160 kbit/s: twice the contract */
		passed += bench_offer(&s, start + i * UINT64_C(10000000), 200);
		assert_true(s.thinner.thinning);
	}
	/* 500 fit the rate, and the bucket may hold back up to 50 of them */
	assert_in_range(passed, 450, 500);
}

static void probability_is_constant_within_an_interval(void **state)
{
	struct bench s;
	uint64_t start, admit;

	(void)state;
	bench_start(&s);
	bench_exceed(&s);
	start = s.now_ns;
	admit = s.thinner.admit_q32;
	for (unsigned i = 1; i < 20; i++) {
		bench_offer(&s, start + i * UINT64_C(1000000), 50);
		assert_true(s.thinner.admit_q32 == admit);
	}
	bench_offer(&s, start + 20000000, 50);
	assert_false(s.thinner.admit_q32 == admit);
}

static void after_a_long_silence_history_is_forgotten(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s);
	bench_exceed(&s);
	thinner_turn(&s.thinner, &s.contract, s.now_ns + 400000001);
	assert_false(s.thinner.thinning);
	assert_int_equal(s.thinner.filled, 0);
	assert_int_equal(s.thinner.offered_now, 0);
}

static void a_clock_that_steps_back_starts_over(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s);
	bench_exceed(&s);
	thinner_turn(&s.thinner, &s.contract, s.now_ns - 1000000);
	assert_false(s.thinner.thinning);
	assert_int_equal(s.thinner.interval_start_ns, s.now_ns - 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_calls_on_eighty_lose_a_fifth_each),
		cmocka_unit_test(one_call_too_many_hurts_nobody_much),
		cmocka_unit_test(calls_at_one_instant_share_the_loss),
		cmocka_unit_test(as_much_is_lost_as_by_a_plain_bucket),
		cmocka_unit_test(a_plain_bucket_starves_some),
		cmocka_unit_test(calls_that_fit_lose_nothing),
		cmocka_unit_test(the_same_seed_drops_the_same_packets),
		cmocka_unit_test(thinning_begins_with_the_first_packet_that_fails_the_bucket),
		cmocka_unit_test(thinning_ends_when_the_bucket_is_full),
		cmocka_unit_test(thinning_ends_after_200_ms_under_the_rate),
		cmocka_unit_test(thinning_goes_on_while_the_rate_is_exceeded),
		cmocka_unit_test(probability_is_constant_within_an_interval),
		cmocka_unit_test(after_a_long_silence_history_is_forgotten),
		cmocka_unit_test(a_clock_that_steps_back_starts_over),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
