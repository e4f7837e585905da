/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The even dropper: of too many calls each loses its equal share, and no two packets in a
 * row. A contract of 80 calls (6.4 Mbit/s, 20 ms of burst) unless a test says otherwise.
 */
#include "support/overrun.h"

#include "spread.h"

enum { SEEDS = 6 };

static struct overrun offer(unsigned calls, uint64_t seed)
{
	return (struct overrun){.calls = calls,
				.cir_bps = 80 * OVERRUN_CALL_BPS,
				.burst_bytes = 80 * OVERRUN_PACKET,
				.exceed = EXCEED_SPREAD,
				.seconds = 20,
				.seed = seed};
}

static void assert_even(const char *what, const struct overrun *o)
{
	struct overrun_outcome out = overrun_run(o);

	if (out.loss_min < out.loss_mean - 2 || out.loss_max > out.loss_mean + 2 ||
	    out.loss_mean < 0.5 || out.twice > 0)
		fail_msg("%s, seed %u: calls lose %.2f to %.2f %%, %.2f in the mean; %u twice in a "
			 "row",
			 what, (unsigned)o->seed, out.loss_min, out.loss_max, out.loss_mean,
			 out.twice);
}

static void each_call_loses_its_equal_share_and_never_twice_in_a_row(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct overrun o = offer(100, seed);

		assert_even("random phases", &o);
		o.clock_ppm = 50;
		assert_even("clocks 50 ppm apart", &o);
		o.clock_ppm = 0;
		o.jitter_ns = 10000000;
		assert_even("10 ms of jitter", &o);
		o = offer(81, seed);
		assert_even("81 on 80", &o);
		o = offer(130, seed);
		assert_even("130 on 80: 38 %", &o);
		o = offer(100, seed);
		o.together = true;
		o.burst_bytes *= 2;
		assert_even("one instant", &o);
	}
}

/* Two in a row can't be avoided there; shares stay equal all the same. */
static void heavy_loss_is_shared_equally(void **state)
{
	struct overrun o = offer(200, 1);
	struct overrun_outcome out = overrun_run(&o);

	(void)state;
	assert_true(out.loss_mean > 59 && out.loss_mean < 61);
	assert_true(out.loss_min > out.loss_mean - 2 && out.loss_max < out.loss_mean + 2);
}

static void calls_that_fit_lose_nothing(void **state)
{
	struct overrun o = offer(80, 1);

	(void)state;
	assert_int_equal(overrun_run(&o).lost, 0);
}

static void the_same_seed_drops_the_same_packets(void **state)
{
	struct overrun o = offer(100, 5);
	struct overrun_outcome first = overrun_run(&o), second = overrun_run(&o), other;

	(void)state;
	assert_memory_equal(first.calls, second.calls, sizeof(first.calls));
	o.drop_seed = 1;
	other = overrun_run(&o);
	assert_memory_not_equal(first.calls, other.calls, sizeof(first.calls));
}

/* Without the accounts it is the random dropper, which loses many in a row. */
static void calls_that_are_not_followed_are_thinned_at_random(void **state)
{
	static struct rte_mbuf frame = {.pkt_len = 214};
	struct burst b = {.count = 1, .frame = {&frame}, .kind = {FRAME_IPV4}, .ip_bytes = {200}};
	unsigned lost = 0, twice = 0;
	bool before = false;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_SPREAD, 80000, 2000);
	rig_start(&r);
	for (unsigned i = 0; i < 4000; i++) { /* twice the rate */
		b.now_ns = r.now_ns + i * UINT64_C(10000000);
		b.call[0] = CALL_NONE;
		b.class_slot[0] = VOICE;
		b.drop[0] = DROP_NONE;
		police_burst(&b, r.policy, r.lane);
		lost += b.drop[0] != DROP_NONE;
		twice += before && b.drop[0] == DROP_SPREAD;
		before = b.drop[0] == DROP_SPREAD;
	}
	assert_in_range(lost, 1950, 2050);
	assert_true(twice > 100);
	rig_stop(&r);
}

/* --- one account, step by step -------------------------------------------------------- */

struct bench {
	struct meter_profile contract;
	struct meter meter;
	struct thinner thinner;
	struct call call;
};

static void bench_start(struct bench *s, uint64_t lose_q32)
{
	*s = (struct bench){.contract = meter_profile(80000, 1000)};
	thinner_start(&s->thinner, 1);
	s->thinner.thinning = true;
	s->thinner.admit_q32 = THINNER_ADMIT_ALL_Q32 - lose_q32;
}

static bool bench_drops(struct bench *s)
{
	spread_begin(&s->thinner, &s->call);
	return spread_judge(&s->thinner, &s->call, true) != DROP_NONE;
}

static void one_in_so_many_is_lost_at_even_distances(void **state)
{
	struct bench s;
	unsigned last = 0;

	(void)state;
	bench_start(&s, THINNER_ADMIT_ALL_Q32 / 8);
	for (unsigned i = 1; i <= 800; i++) {
		if (!bench_drops(&s))
			continue;
		assert_true(last == 0 ? i <= 8 : i - last == 8);
		last = i;
	}
	assert_true(last > 792);
}

static void accounts_begin_apart(void **state)
{
	unsigned first[8] = {0};
	struct bench s;

	(void)state;
	bench_start(&s, THINNER_ADMIT_ALL_Q32 / 8);
	for (unsigned call = 0; call < 8000; call++) {
		unsigned n = 0;

		memset(&s.call, 0, sizeof(s.call));
		while (!bench_drops(&s))
			n++;
		assert_true(n < 8);
		first[n]++;
	}
	for (unsigned n = 0; n < 8; n++)
		assert_in_range(first[n], 850, 1150);
}

/* Lost to an empty bucket: the account is paid, and the next packet is spared. */
static void what_the_bucket_takes_counts(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s, THINNER_ADMIT_ALL_Q32 * 3 / 8);
	s.call.spread_begun = true;
	s.call.spread_q30 = SPREAD_ONE - 1;
	spread_refused(&s.thinner, &s.call);
	assert_int_equal(s.call.spread_q30, -1);
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(bench_drops(&s), i == 3);
}

static void the_packet_behind_a_lost_one_is_spared(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s, THINNER_ADMIT_ALL_Q32 * 7 / 8);
	s.call.spread_begun = true;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(bench_drops(&s), i % 2 == 1);
	s.thinner.heavy = true; /* then it can't be */
	assert_true(bench_drops(&s) || bench_drops(&s));
	assert_true(bench_drops(&s));
	assert_true(bench_drops(&s));
}

static void an_account_neither_overflows_nor_remembers_too_much(void **state)
{
	struct bench s;

	(void)state;
	bench_start(&s, THINNER_ADMIT_ALL_Q32 / 2);
	for (unsigned i = 0; i < 1000; i++)
		spread_refused(&s.thinner, &s.call);
	assert_true(s.call.spread_q30 == -2 * SPREAD_ONE);
	for (unsigned i = 0; i < 1000; i++)
		s.call.spread_q30 = spread_within(s.call.spread_q30 + SPREAD_ONE);
	assert_true(s.call.spread_q30 == 2 * SPREAD_ONE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_loses_its_equal_share_and_never_twice_in_a_row),
		cmocka_unit_test(heavy_loss_is_shared_equally),
		cmocka_unit_test(calls_that_fit_lose_nothing),
		cmocka_unit_test(the_same_seed_drops_the_same_packets),
		cmocka_unit_test(calls_that_are_not_followed_are_thinned_at_random),
		cmocka_unit_test(one_in_so_many_is_lost_at_even_distances),
		cmocka_unit_test(accounts_begin_apart),
		cmocka_unit_test(what_the_bucket_takes_counts),
		cmocka_unit_test(the_packet_behind_a_lost_one_is_spared),
		cmocka_unit_test(an_account_neither_overflows_nor_remembers_too_much),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
