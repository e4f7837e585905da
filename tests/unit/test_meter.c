/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The token bucket against the arithmetic it claims: nothing is rounded, so every bound
 * is held to the nanobit, and the model beside it counts in 128 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_common.h>

#include "diffserv.h"
#include "meter.h"
#include "support/random.h"

enum {
	CASES = 2000,
	STEPS = 400,
};

/* Tokens in nanobits, without a thought for the width. */
struct model {
	__int128 tokens, burst, rate;
	uint64_t last_ns;
};

static void model_start(struct model *m, uint64_t rate_bps, uint64_t burst_bytes, uint64_t now_ns)
{
	m->rate = rate_bps;
	m->burst = m->tokens = (__int128)burst_bytes * 8 * 1000000000;
	m->last_ns = now_ns;
}

static bool model_admits(struct model *m, uint64_t now_ns, uint64_t bytes)
{
	__int128 need = (__int128)bytes * 8 * 1000000000;

	if (now_ns > m->last_ns)
		m->tokens += m->rate * (__int128)(now_ns - m->last_ns);
	m->last_ns = now_ns;
	if (m->tokens > m->burst)
		m->tokens = m->burst;
	if (m->tokens < need)
		return false;
	m->tokens -= need;
	return true;
}

static bool meter_admits(struct meter *m, const struct meter_profile *p, uint64_t now_ns,
			 uint64_t bytes)
{
	meter_refill(m, p, now_ns);
	if (!meter_has(m, bytes))
		return false;
	meter_take(m, bytes);
	return true;
}

/* Rates and bursts over their whole range, evenly by order of magnitude. */
static uint64_t random_rate(struct random *r)
{
	static const uint64_t corner[] = {8, 9, 64000, 3953100, 10000000000, RATE_BPS_MAX};

	if (random_chance(r, 20))
		return corner[random_below(r, RTE_DIM(corner))];
	return RTE_MIN(8 + (random_u64(r) >> random_between(r, 25, 60)), RATE_BPS_MAX);
}

static uint64_t random_burst(struct random *r)
{
	if (random_chance(r, 20))
		return random_chance(r, 50) ? 1 : BURST_BYTES_MAX;
	return RTE_MIN(1 + (random_u64(r) >> random_between(r, 35, 63)), BURST_BYTES_MAX);
}

/* About as long as the packet takes at the rate, now and then far longer or backwards. */
static uint64_t random_step(struct random *r, uint64_t now_ns, uint64_t rate_bps, uint64_t bytes)
{
	uint64_t packet_ns = (uint64_t)(((unsigned __int128)bytes * 8000000000) / rate_bps);
	uint32_t kind = random_below(r, 100);

	if (kind < 2)
		return now_ns - RTE_MIN(now_ns, random_u64(r) >> random_between(r, 20, 63));
	if (kind < 4)
		return now_ns + (random_u64(r) >> random_between(r, 2, 40));
	if (kind < 20)
		return now_ns + random_below(r, 3);
	return now_ns + (packet_ns ? random_u64(r) % (2 * packet_ns) : 0);
}

static void decides_as_exact_arithmetic_does(void **state)
{
	struct random r = random_seeded(1);
	uint64_t admitted = 0, refused = 0;

	(void)state;
	for (unsigned c = 0; c < CASES; c++) {
		uint64_t rate = random_rate(&r), burst = random_burst(&r), now = 1000000000;
		struct meter_profile p = meter_profile(rate, burst);
		struct model model;
		struct meter m;

		meter_fill(&m, &p, now);
		model_start(&model, rate, burst, now);
		for (unsigned s = 0; s < STEPS; s++) {
			uint64_t most = RTE_MIN(burst + 1, UINT64_C(10000));
			uint64_t bytes = random_chance(&r, 5) ? burst : random_u64(&r) % (most + 1);
			bool admits;

			now = random_step(&r, now, rate, bytes);
			admits = model_admits(&model, now, bytes);
			assert_int_equal(meter_admits(&m, &p, now, bytes), admits);
			assert_true(m.tokens_nb == model.tokens);
			admitted += admits;
			refused += !admits;
		}
	}
	assert_true(admitted > CASES * STEPS / 10);
	assert_true(refused > CASES * STEPS / 10);
}

static void any_interval_admits_at_most_rate_times_time_and_burst(void **state)
{
	enum { PACKETS = 400 };
	struct random r = random_seeded(2);
	uint64_t at[PACKETS], bytes[PACKETS], now = 7;
	struct meter_profile p = meter_profile(3953100, 9882);
	unsigned n = 0;
	struct meter m;

	(void)state;
	meter_fill(&m, &p, now);
	while (n < PACKETS) {
		uint64_t length = random_between(&r, 20, 1500);

		now += random_below(&r, 2000000);
		if (!meter_admits(&m, &p, now, length))
			continue;
		at[n] = now;
		bytes[n++] = length;
	}
	for (unsigned from = 0; from < PACKETS; from++) {
		__int128 sum = 0;

		for (unsigned to = from; to < PACKETS; to++) {
			sum += (__int128)bytes[to] * NANOBITS_PER_BYTE;
			assert_true(sum <= (__int128)(at[to] - at[from]) * 3953100 +
						   (__int128)9882 * NANOBITS_PER_BYTE);
		}
	}
}

/* Each packet comes at the first nanosecond at which (CIR, burst) allows it. */
static void conforming_trace_loses_nothing(void **state)
{
	struct random r = random_seeded(3);

	(void)state;
	for (unsigned c = 0; c < CASES; c++) {
		uint64_t rate = random_rate(&r), burst = random_burst(&r), now = 1;
		struct meter_profile p = meter_profile(rate, burst);
		__int128 spent = 0; /* nanobits above what the rate has paid back */
		struct meter m;

		meter_fill(&m, &p, now);
		for (unsigned s = 0; s < 100; s++) {
			uint64_t bytes = 1 + random_u64(&r) % RTE_MIN(burst, UINT64_C(9216));
			__int128 need = (__int128)bytes * NANOBITS_PER_BYTE;
			__int128 over = spent + need - (__int128)p.burst_nb;
			__int128 wait = over > 0 ? (over + (__int128)rate - 1) / (__int128)rate : 0;

			now += (uint64_t)wait;
			spent -= wait * (__int128)rate;
			spent = RTE_MAX(spent, (__int128)0) + need;
			assert_true(meter_admits(&m, &p, now, bytes));
		}
	}
}

static void burst_is_exact_to_the_byte(void **state)
{
	struct meter_profile p = meter_profile(8, 3036);
	struct meter m;

	(void)state;
	meter_fill(&m, &p, 0);
	assert_false(meter_admits(&m, &p, 0, 3037));
	assert_true(meter_admits(&m, &p, 0, 1518));
	assert_true(meter_admits(&m, &p, 0, 1518));
	assert_false(meter_admits(&m, &p, 999999999, 1)); /* a byte takes a second */
	assert_true(meter_admits(&m, &p, 1000000000, 1));
}

static void clock_that_steps_back_grants_nothing(void **state)
{
	struct meter_profile p = meter_profile(8000, 1000);
	struct meter m;

	(void)state;
	meter_fill(&m, &p, 5000000000);
	assert_true(meter_admits(&m, &p, 5000000000, 1000));
	assert_false(meter_admits(&m, &p, 1000000000, 1));
	assert_int_equal(m.tokens_nb, 0);
	assert_false(meter_admits(&m, &p, 1000999999, 1)); /* it is followed from there */
	assert_true(meter_admits(&m, &p, 1001000000, 1));
}

static void clock_that_jumps_grants_one_burst(void **state)
{
	static const uint64_t rates[] = {1, 8, 1000000000, RATE_BPS_MAX};
	static const uint64_t bursts[] = {1, 3036, BURST_BYTES_MAX};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rates) * RTE_DIM(bursts); i++) {
		struct meter_profile p =
			meter_profile(rates[i % RTE_DIM(rates)], bursts[i / RTE_DIM(rates)]);
		struct meter m;

		meter_fill(&m, &p, 1);
		m.tokens_nb = 0;
		meter_refill(&m, &p, UINT64_MAX);
		assert_true(m.tokens_nb == (int64_t)p.burst_nb);
	}
}

static void clock_that_stalls_grants_what_is_there_and_no_more(void **state)
{
	struct meter_profile p = meter_profile(RATE_BPS_MAX, 1000);
	unsigned admitted = 0;
	struct meter m;

	(void)state;
	meter_fill(&m, &p, 77);
	for (unsigned i = 0; i < 100; i++)
		admitted += meter_admits(&m, &p, 77, 100);
	assert_int_equal(admitted, 10);
}

/* At the edges of a refill that fills the bucket and one that does not. */
static void refill_is_exact_around_the_fill_time(void **state)
{
	struct random r = random_seeded(4);

	(void)state;
	for (unsigned c = 0; c < CASES; c++) {
		struct meter_profile p = meter_profile(random_rate(&r), random_burst(&r));

		for (int64_t off = -2; off <= 2; off++) {
			uint64_t elapsed = (uint64_t)RTE_MAX((int64_t)p.fill_ns + off, INT64_C(0));
			__int128 want = (__int128)elapsed * p.rate_bps;
			struct meter m = {.last_ns = 9};

			meter_refill(&m, &p, 9 + elapsed);
			assert_true(m.tokens_nb == RTE_MIN(want, (__int128)p.burst_nb));
		}
	}
}

static void ready_is_the_first_nanosecond(void **state)
{
	struct random r = random_seeded(5);

	(void)state;
	for (unsigned c = 0; c < CASES; c++) {
		uint64_t burst = random_burst(&r), bytes = 1 + random_u64(&r) % burst;
		struct meter_profile p = meter_profile(random_rate(&r), burst);
		struct meter m = {.last_ns = 1000}, later;
		uint64_t ready;

		m.tokens_nb = (int64_t)(random_u64(&r) % ((uint64_t)bytes * NANOBITS_PER_BYTE));
		ready = meter_ready_ns(&m, &p, bytes);
		assert_true(ready > 1000);
		later = m;
		meter_refill(&later, &p, ready - 1);
		assert_false(meter_has(&later, bytes));
		meter_refill(&m, &p, ready);
		assert_true(meter_has(&m, bytes));
	}
}

static void ready_is_now_where_the_tokens_are_there(void **state)
{
	struct meter_profile p = meter_profile(8000, 1000);
	struct meter m;

	(void)state;
	meter_fill(&m, &p, 55);
	assert_int_equal(meter_ready_ns(&m, &p, 1000), 55);
	m.tokens_nb = 0;
	assert_int_equal(meter_ready_ns(&m, &p, 0), 55);
}

static void ready_of_more_than_the_burst_is_a_full_bucket(void **state)
{
	struct meter_profile p = meter_profile(8000, 1000); /* a byte is a millisecond */
	struct meter m = {.last_ns = 0};

	(void)state;
	assert_int_equal(meter_ready_ns(&m, &p, 9000), 1000000000);
}

static void debt_is_paid_before_anything_passes(void **state)
{
	struct meter_profile p = meter_profile(8000, 1000);
	struct meter m;

	(void)state;
	meter_fill(&m, &p, 0);
	meter_take(&m, 3000); /* 2,000 bytes too much: more than one fill */
	assert_int_equal(meter_ready_ns(&m, &p, 1), 2001000000);
	meter_refill(&m, &p, 1500000000);
	assert_int_equal(m.tokens_nb, -500 * NANOBITS_PER_BYTE);
	assert_false(meter_admits(&m, &p, 2000999999, 1));
	assert_true(meter_admits(&m, &p, 2001000000, 1));
	meter_take(&m, 3000);
	meter_refill(&m, &p, UINT64_MAX);
	assert_true(m.tokens_nb == (int64_t)p.burst_nb);
}

static void adopt_keeps_tokens_up_to_the_new_burst(void **state)
{
	struct meter_profile large = meter_profile(8000, 1000), small = meter_profile(8000, 300);
	struct meter m;

	(void)state;
	meter_fill(&m, &large, 0);
	meter_take(&m, 800);
	meter_adopt(&m, &small);
	assert_int_equal(m.tokens_nb, 200 * NANOBITS_PER_BYTE);
	meter_fill(&m, &large, 0);
	meter_adopt(&m, &small);
	assert_int_equal(m.tokens_nb, 300 * NANOBITS_PER_BYTE);
	meter_adopt(&m, &large);
	assert_int_equal(m.tokens_nb, 300 * NANOBITS_PER_BYTE);
}

static void burst_beyond_the_arithmetic_is_cut(void **state)
{
	struct meter_profile p = meter_profile(RATE_BPS_MAX, UINT64_MAX);
	struct meter m;

	(void)state;
	assert_true(p.burst_nb < INT64_MAX / 2);
	meter_fill(&m, &p, 0);
	meter_refill(&m, &p, p.fill_ns - 1); /* the largest sum: the sanitizer watches */
	assert_true(m.tokens_nb == (int64_t)p.burst_nb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_exact_arithmetic_does),
		cmocka_unit_test(any_interval_admits_at_most_rate_times_time_and_burst),
		cmocka_unit_test(conforming_trace_loses_nothing),
		cmocka_unit_test(burst_is_exact_to_the_byte),
		cmocka_unit_test(clock_that_steps_back_grants_nothing),
		cmocka_unit_test(clock_that_jumps_grants_one_burst),
		cmocka_unit_test(clock_that_stalls_grants_what_is_there_and_no_more),
		cmocka_unit_test(refill_is_exact_around_the_fill_time),
		cmocka_unit_test(ready_is_the_first_nanosecond),
		cmocka_unit_test(ready_is_now_where_the_tokens_are_there),
		cmocka_unit_test(ready_of_more_than_the_burst_is_a_full_bucket),
		cmocka_unit_test(debt_is_paid_before_anything_passes),
		cmocka_unit_test(adopt_keeps_tokens_up_to_the_new_burst),
		cmocka_unit_test(burst_beyond_the_arithmetic_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
