/* SPDX-License-Identifier: BSD-3-Clause */
/* The lab's account of frames that leave and are dropped, and its statistics. */
#include "lab_rig.h"

#include <math.h>

#include <rte_mbuf.h>

#include "account.h"
#include "statistics.h"
#include "support/eal.h"
#include "support/mbufs.h"

enum { PACKETS = 100 };
#define PTIME_NS UINT64_C(20000000)
#define LATE_NS	 UINT64_C(3000000)

/* One G.711 call without reports; its packets are at hand. */
struct rig {
	struct lab_rig lab;
	struct run_account account;
	struct arrivals *arrivals;
	struct rte_mbuf *frames[PACKETS];
	uint64_t ns[PACKETS];
};

static void begin(struct rig *r)
{
	uint8_t frame[ARRIVAL_FRAME_BYTES];
	struct arrival a;

	*r = (struct rig){0};
	lab_plan(&r->lab, "--calls 1 --contract 1 --seconds 2 --rtcp 0 --interval-ms 100");
	assert_int_equal(account_open(&r->account, &r->lab.plan), 0);
	r->arrivals = arrivals_create(&r->lab.plan);
	for (int i = 0; i < PACKETS; i++) {
		assert_true(arrivals_next(r->arrivals, &a, frame));
		account_arrived(&r->account, &a, frame);
		r->frames[i] = mbuf_from(frame, a.length);
		r->ns[i] = a.ns;
	}
	assert_false(arrivals_next(r->arrivals, &a, frame));
}

static void end(struct rig *r)
{
	rte_pktmbuf_free_bulk(r->frames, PACKETS);
	account_close(&r->account);
	arrivals_destroy(r->arrivals);
	lab_clear(&r->lab);
	assert_int_equal(test_pool_in_use(), 0);
}

static void sent(struct rig *r, int i, uint64_t after_ns)
{
	account_sent(&r->account, r->ns[i] + after_ns, r->frames[i]);
}

static void dropped(struct rig *r, int i)
{
	account_dropped(&r->account, r->ns[i], r->frames[i], DROP_CONTRACT);
}

static void what_all_leaves_at_once_is_whole(void **state)
{
	const struct call_account *c;
	struct rig r;

	(void)state;
	begin(&r);
	for (int i = 0; i < PACKETS; i++)
		sent(&r, i, 0);
	account_finish(&r.account);
	c = &r.account.calls[0];
	assert_int_equal(c->packets, PACKETS);
	assert_int_equal(c->sent, PACKETS);
	assert_int_equal(c->dropped + c->longest_run + c->longest_gap_ns, 0);
	assert_int_equal(c->delay_ns_max, 0);
	assert_int_equal(c->jitter_samples, PACKETS - 1);
	assert_true(c->jitter_ns_max == 0);
	assert_int_equal(r.account.voice.offered.bytes, 200 * PACKETS);
	assert_int_equal(r.account.voice.offered_frame_bytes, 214 * PACKETS);
	assert_int_equal(r.account.voice.sent.bytes, 200 * PACKETS);
	/* five packets in each 100 ms */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(r.account.points[i].offered, 1000);
		assert_int_equal(r.account.points[i].sent, 1000);
	}
	assert_true(point_kbps(&r.lab.plan, 0, r.account.points[0].offered) == 80);
	end(&r);
}

/* Packets 10-12, 20 and 97 on are lost. */
static void runs_and_gaps_are_those_of_the_drops(void **state)
{
	const struct call_account *c;
	struct rig r;

	(void)state;
	begin(&r);
	for (int i = 0; i < PACKETS; i++) {
		if ((i >= 10 && i <= 12) || i == 20 || i >= 97)
			dropped(&r, i);
		else
			sent(&r, i, 0);
	}
	c = &r.account.calls[0];
	assert_int_equal(c->dropped, 7);
	assert_int_equal(c->longest_run, 3);
	assert_int_equal(c->longest_gap_ns, 4 * PTIME_NS);
	account_finish(&r.account); /* 96 left, 99 is the last to come */
	assert_int_equal(c->longest_gap_ns, 4 * PTIME_NS);
	assert_int_equal(r.account.voice.drops[DROP_CONTRACT], 7);
	assert_int_equal(r.account.voice.dropped.bytes, 1400);
	end(&r);
}

static void a_call_that_loses_all_is_one_gap(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	for (int i = 0; i < PACKETS; i++)
		dropped(&r, i);
	account_finish(&r.account);
	assert_int_equal(r.account.calls[0].longest_run, PACKETS);
	assert_int_equal(r.account.calls[0].longest_gap_ns, (PACKETS - 1) * PTIME_NS);
	end(&r);
}

/* A packet is dropped while one before it still waits: not a run of two with the one dropped
 * before that. */
static void runs_follow_the_packets_not_their_fates(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	dropped(&r, 0);
	dropped(&r, 2);
	sent(&r, 1, 2 * PTIME_NS);
	assert_int_equal(r.account.calls[0].longest_run, 1);
	sent(&r, 4, 0);
	dropped(&r, 5);
	dropped(&r, 3); /* a shaper's, late: 2 and 3 */
	assert_int_equal(r.account.calls[0].longest_run, 2);
	end(&r);
}

/* Packet 11 is dropped as it comes, while 10 waits to leave after it. */
static void gaps_follow_the_packets_too(void **state)
{
	const struct call_account *c;
	struct rig r;

	(void)state;
	begin(&r);
	c = &r.account.calls[0];
	for (int i = 0; i < 10; i++)
		sent(&r, i, 0);
	dropped(&r, 11);
	sent(&r, 10, PTIME_NS + LATE_NS);
	assert_int_equal(c->longest_gap_ns, 0);
	sent(&r, 12, PTIME_NS);
	assert_int_equal(c->longest_gap_ns, 2 * PTIME_NS - LATE_NS);
	/* 14 overtakes 13, as in another queue: nothing was lost */
	sent(&r, 14, 0);
	sent(&r, 13, 10 * PTIME_NS);
	account_finish(&r.account);
	assert_int_equal(c->longest_gap_ns, 2 * PTIME_NS - LATE_NS);
	end(&r);
}

static void delay_and_jitter_are_of_what_leaves(void **state)
{
	const struct call_account *c;
	struct rig r;
	double j = 0, sum = 0;

	(void)state;
	begin(&r);
	for (int i = 0; i < PACKETS; i++) {
		sent(&r, i, i % 2 ? LATE_NS : 0);
		if (i > 0) { /* |D| is always the lateness */
			j += ((double)LATE_NS - j) / 16;
			sum += j;
		}
	}
	c = &r.account.calls[0];
	assert_int_equal(c->delay_ns_max, LATE_NS);
	assert_int_equal(c->delay_ns_sum, LATE_NS * PACKETS / 2);
	assert_true(fabs(c->jitter_ns_sum - sum) < 1);
	assert_true(fabs(c->jitter_ns_max - j) < 1);
	assert_int_equal(r.account.jitter.count, PACKETS - 1);
	assert_in_range(histogram_quantile(&r.account.jitter, 0.5), LATE_NS * 0.996, LATE_NS);
	assert_int_equal(r.account.delay.max_ns, LATE_NS);
	end(&r);
}

static void another_mark_is_seen(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	for (int i = 0; i < 10; i++) {
		rte_pktmbuf_mtod(r.frames[i], uint8_t *)[15] = i < 4 ? 46 << 2 : 0;
		sent(&r, i, 0);
	}
	assert_int_equal(r.account.remarked.packets, 6);
	end(&r);
}

static void quartiles_are_interpolated(void **state)
{
	double five[] = {4, 1, 3, 2, 0}, four[] = {10, 40, 20, 30}, one[] = {7};
	struct quartiles q = quartiles_of(five, 5);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(q.of[i] == i);
	q = quartiles_of(four, 4);
	assert_true(q.of[0] == 10 && q.of[1] == 17.5 && q.of[2] == 25 && q.of[3] == 32.5 &&
		    q.of[4] == 40);
	q = quartiles_of(one, 1);
	assert_true(q.of[0] == 7 && q.of[2] == 7 && q.of[4] == 7);
	q = quartiles_of(one, 0);
	assert_true(q.of[2] == 0);
}

static void bins_are_narrow_wherever_they_are(void **state)
{
	static struct histogram h;
	uint32_t last = 0;

	(void)state;
	for (uint64_t ns = 1; ns < UINT64_C(1) << 62; ns += 1 + ns / 300) {
		const uint32_t bin = histogram_bin(ns);
		double off;

		assert_in_range(bin, last, HISTOGRAM_BINS - 1);
		last = bin;
		h = (struct histogram){0};
		histogram_add(&h, ns);
		h.max_ns = UINT64_MAX;
		off = fabs((double)histogram_value(&h, bin) - (double)ns) / (double)ns;
		if (off > 0.004)
			fail_msg("%llu is off by %g", (unsigned long long)ns, off);
	}
	assert_true(histogram_bin(UINT64_MAX) == HISTOGRAM_BINS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_all_leaves_at_once_is_whole),
		cmocka_unit_test(runs_and_gaps_are_those_of_the_drops),
		cmocka_unit_test(a_call_that_loses_all_is_one_gap),
		cmocka_unit_test(runs_follow_the_packets_not_their_fates),
		cmocka_unit_test(gaps_follow_the_packets_too),
		cmocka_unit_test(delay_and_jitter_are_of_what_leaves),
		cmocka_unit_test(another_mark_is_seen),
		cmocka_unit_test(quartiles_are_interpolated),
		cmocka_unit_test(bins_are_narrow_wherever_they_are),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
