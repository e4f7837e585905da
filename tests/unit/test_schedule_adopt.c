/* SPDX-License-Identifier: BSD-3-Clause */
/* The scheduler under a policy that changes: tokens and queues outlive it. */
#include "schedule_rig.h"

#include "support/eal.h"

enum {
	DATA = 3,
	BULK = 4,
};

static void unchanged_policy_grants_no_tokens(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	rig_class(&r, DATA)->ceil_bps = 4 * MBPS;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	r.now_ns += 1000 * US;
	rig_reload(&r);
	assert_int_equal(rig_when(&r), r.now_ns + (500 - TURN_BYTES) * US);
	r.now_ns += (500 - TURN_BYTES) * US;
	assert_int_equal(rig_next(&r), 2);
	/* the ceiling had 3,000 - 3,000 + 740 at 4 Mbit/s */
	assert_int_equal(rig_when(&r), r.now_ns + 1520 * US);
	rig_reload(&r);
	assert_int_equal(rig_when(&r), r.now_ns + 1520 * US);
	rig_stop(&r);
}

static void smaller_burst_cuts_the_tokens(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	r.spec.egress.max_frame_bytes = 9000;
	rig_class(&r, DATA);
	rig_start(&r);
	r.spec.egress.max_frame_bytes = 1500;
	rig_reload(&r);
	rig_offer(&r, DATA, 1, 1500);
	rig_offer(&r, DATA, 2, 1500);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 0);
	rig_stop(&r);
}

static void slot_that_changed_hands_starts_with_a_full_ceiling(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->ceil_bps = 8 * MBPS;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 2);
	rig_reload(&r);
	assert_int_equal(rig_next(&r), 0);
	r.classes[0].epoch++;
	rig_reload(&r);
	assert_int_equal(rig_next(&r), 3);
	assert_int_equal(rig_next(&r), 4);
	rig_stop(&r);
}

static void time_before_the_change_counts_at_the_old_rate(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	rig_class(&r, DATA);
	rig_start(&r);
	rig_offer(&r, DATA, 1, 1500);
	rig_offer(&r, DATA, 2, 1500);
	assert_int_equal(rig_next(&r), 1);
	r.now_ns += 500 * US;
	r.spec.egress.rate_bps = 80 * MBPS;
	rig_reload(&r);
	/* 980 bytes are missing */
	assert_int_equal(rig_when(&r), r.now_ns + (1000 - TURN_BYTES) / 10 * US);
	rig_stop(&r);
}

static void slot_that_changed_hands_inherits_no_turn(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->weight = 3;
	rig_class(&r, BULK);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++) {
		rig_offer(&r, DATA, 10 + i, 1500);
		rig_offer(&r, BULK, 20 + i, 1500);
	}
	assert_int_equal(rig_next(&r), 11); /* two more of this turn are left */
	r.classes[0].epoch++;
	rig_reload(&r);
	assert_int_equal(rig_next(&r), 21);
	rig_stop(&r);
}

static void vanished_class_drains_without_limits(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, BULK);
	rig_class(&r, DATA)->ceil_bps = 8 * MBPS;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	r.spec.class_count = 1;
	rig_reload(&r);
	/* a packet that the older policy classified may still come */
	assert_int_equal(rig_offer(&r, DATA, 5, 1500), DROP_NONE);
	for (uintptr_t i = 2; i <= 5; i++)
		assert_int_equal(rig_next(&r), i);
	assert_true(rig_when(&r) == UINT64_MAX);
	rig_stop(&r);
}

static void grown_queue_keeps_order_and_takes_more(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->queue_packets = 4;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, i, 100);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_offer(&r, DATA, 5, 100), DROP_NONE);
	r.classes[0].queue_packets = 100;
	rig_reload(&r);
	for (uintptr_t i = 6; i <= 101; i++)
		assert_int_equal(rig_offer(&r, DATA, i, 100), DROP_NONE);
	assert_int_equal(rig_offer(&r, DATA, 102, 100), DROP_QUEUE_FULL);
	for (uintptr_t i = 2; i <= 101; i++)
		assert_int_equal(rig_next(&r), i);
	rig_stop(&r);
}

static void shrunk_limit_drops_only_newcomers(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->queue_packets = 10;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 10; i++)
		rig_offer(&r, DATA, i, 100);
	r.classes[0].queue_packets = 2;
	rig_reload(&r);
	assert_int_equal(rig_offer(&r, DATA, 11, 100), DROP_QUEUE_FULL);
	for (uintptr_t i = 1; i <= 9; i++)
		assert_int_equal(rig_next(&r), i);
	assert_int_equal(rig_offer(&r, DATA, 12, 100), DROP_NONE);
	assert_int_equal(rig_offer(&r, DATA, 13, 100), DROP_QUEUE_FULL);
	rig_stop(&r);
}

static void link_that_gains_a_rate_is_held_at_once(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 3; i++)
		rig_offer(&r, DATA, i, 1500);
	r.spec.egress.rate_bps = 8 * MBPS;
	rig_reload(&r);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 0);
	r.spec.egress.rate_bps = 0;
	rig_reload(&r);
	assert_int_equal(rig_next(&r), 2);
	assert_int_equal(rig_next(&r), 3);
	rig_stop(&r);
}

static void drain_gives_back_every_frame(void **state)
{
	struct rig r;
	uintptr_t sum = 0;
	uint32_t n = 0;
	uint8_t slot;

	(void)state;
	rig_init(&r, 8000);
	rig_class(&r, DATA);
	rig_class(&r, BULK);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 100; i++)
		assert_int_equal(rig_offer(&r, i & 1 ? DATA : BULK, i, 10), DROP_NONE);
	rig_offer(&r, SLOT_LINK_CONTROL, 101, 60);
	for (struct rte_mbuf *m; (m = schedule_drain(&r.state, &slot)) != NULL; n++) {
		assert_int_equal(slot, (uintptr_t)m == 101 ? SLOT_LINK_CONTROL
				       : (uintptr_t)m & 1  ? DATA
							   : BULK);
		sum += (uintptr_t)m;
	}
	assert_int_equal(n, 101);
	assert_int_equal(sum, 101 * 102 / 2);
	assert_true(rig_when(&r) == UINT64_MAX);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged_policy_grants_no_tokens),
		cmocka_unit_test(smaller_burst_cuts_the_tokens),
		cmocka_unit_test(slot_that_changed_hands_starts_with_a_full_ceiling),
		cmocka_unit_test(time_before_the_change_counts_at_the_old_rate),
		cmocka_unit_test(slot_that_changed_hands_inherits_no_turn),
		cmocka_unit_test(vanished_class_drains_without_limits),
		cmocka_unit_test(grown_queue_keeps_order_and_takes_more),
		cmocka_unit_test(shrunk_limit_drops_only_newcomers),
		cmocka_unit_test(link_that_gains_a_rate_is_held_at_once),
		cmocka_unit_test(drain_gives_back_every_frame),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
