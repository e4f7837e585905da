/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scheduler, one behaviour at a time: who goes first, what holds a class back, what
 * a queue takes. Most links here have 8 Mbit/s: a byte is a microsecond.
 */
#include "schedule_rig.h"

#include "support/eal.h"

enum {
	VOICE = 1,
	VIDEO = 2,
	DATA = 3,
	BULK = 4,
};

static void assert_order(struct rig *r, const uintptr_t *frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rig_next(r), frames[i]);
	assert_int_equal(rig_next(r), 0);
}

static void link_control_then_strict_in_order_then_the_rest(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_class(&r, VIDEO)->strict = true; /* before voice: the policy's order, not the slot's */
	rig_class(&r, VOICE)->strict = true;
	rig_start(&r);
	rig_offer(&r, DATA, 1, 100);
	rig_offer(&r, VOICE, 2, 100);
	rig_offer(&r, VIDEO, 3, 100);
	rig_offer(&r, VOICE, 4, 100);
	rig_offer(&r, SLOT_LINK_CONTROL, 5, 100);
	rig_offer(&r, DATA, 6, 100);
	assert_order(&r, (uintptr_t[]){5, 3, 2, 4, 1, 6}, 6);
	rig_stop(&r);
}

static void take_says_class_wait_and_contract_bytes(void **state)
{
	struct rig r;
	struct scheduled out[2];

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_start(&r);
	schedule_offer(&r.state, &r.profile, DATA, COLOUR_GREEN, (struct rte_mbuf *)1, 100, 86,
		       r.now_ns);
	r.now_ns += 250;
	assert_int_equal(rig_take(&r, out, 2), 1);
	assert_int_equal(out[0].class_slot, DATA);
	assert_int_equal(out[0].waited_ns, 250);
	assert_int_equal(out[0].contract_bytes, 86);
	rig_stop(&r);
}

static void unshaped_port_holds_nothing(void **state)
{
	struct rig r;
	struct scheduled out[200];

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_start(&r);
	assert_true(rig_when(&r) == UINT64_MAX);
	for (uintptr_t i = 1; i <= 200; i++)
		assert_int_equal(rig_offer(&r, DATA, i, 1500), DROP_NONE);
	assert_true(rig_when(&r) == r.now_ns);
	assert_int_equal(rig_take(&r, out, 150), 150);
	assert_int_equal(rig_take(&r, out + 150, 150), 50);
	for (uintptr_t i = 1; i <= 200; i++)
		assert_int_equal((uintptr_t)out[i - 1].frame, i);
	assert_true(rig_when(&r) == UINT64_MAX);
	rig_stop(&r);
}

static void link_sends_one_frame_then_by_its_rate(void **state)
{
	uint64_t wait_ns = (1500 - TURN_BYTES) * US;
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	rig_class(&r, DATA);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 3; i++)
		rig_offer(&r, DATA, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	for (uintptr_t i = 2; i <= 3; i++) {
		assert_int_equal(rig_next(&r), 0);
		assert_int_equal(rig_when(&r), r.now_ns + wait_ns);
		r.now_ns += wait_ns - 1;
		assert_int_equal(rig_next(&r), 0);
		r.now_ns++;
		assert_int_equal(rig_next(&r), i);
		wait_ns = 1500 * US;
	}
	rig_stop(&r);
}

static void small_frame_does_not_overtake_a_large_strict_one(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	rig_class(&r, VOICE)->strict = true;
	rig_class(&r, DATA);
	rig_start(&r);
	rig_offer(&r, DATA, 1, 1500);
	assert_int_equal(rig_next(&r), 1);
	rig_offer(&r, VOICE, 2, 1000);
	rig_offer(&r, DATA, 3, 60);
	r.now_ns += 500 * US; /* enough for 3, not for 2 */
	assert_int_equal(rig_next(&r), 0);
	assert_int_equal(rig_when(&r), r.now_ns + (500 - TURN_BYTES) * US);
	r.now_ns += (500 - TURN_BYTES) * US;
	assert_int_equal(rig_next(&r), 2);
	rig_stop(&r);
}

static void oversize_frame_leaves_on_a_full_bucket_and_pays_later(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	rig_class(&r, DATA);
	rig_start(&r);
	rig_offer(&r, DATA, 1, 600);
	rig_offer(&r, DATA, 2, 4000);
	rig_offer(&r, DATA, 3, 100);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_when(&r), r.now_ns + 600 * US); /* full again */
	r.now_ns += 600 * US;
	assert_int_equal(rig_next(&r), 2);
	/* 2,480 of debt, 100 of its own */
	assert_int_equal(rig_when(&r), r.now_ns + (2600 - TURN_BYTES) * US);
	r.now_ns += (2600 - TURN_BYTES) * US;
	assert_int_equal(rig_next(&r), 3);
	rig_stop(&r);
}

static void clock_jump_grants_one_frame_and_step_back_none(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 8 * MBPS);
	rig_class(&r, DATA);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	r.now_ns += 3600 * SECOND;
	assert_int_equal(rig_next(&r), 2);
	assert_int_equal(rig_next(&r), 0);
	r.now_ns -= 3000 * SECOND;
	assert_int_equal(rig_next(&r), 0);
	assert_int_equal(rig_when(&r), r.now_ns + (1500 - TURN_BYTES) * US);
	r.now_ns += (1500 - TURN_BYTES) * US;
	assert_int_equal(rig_next(&r), 3);
	rig_stop(&r);
}

/* What leaves at this very time, of backlogs of small frames. */
static void assert_granted(struct rig *r, uint64_t data_bytes, uint64_t video_bytes)
{
	uint64_t bytes[CLASS_SLOTS] = {0};
	struct scheduled out[64];
	uint32_t n;

	do {
		while (rig_offer(r, DATA, 1, 100) == DROP_NONE ||
		       rig_offer(r, VIDEO, 1, 100) == DROP_NONE)
			;
		n = rig_take(r, out, 64);
		for (uint32_t i = 0; i < n; i++)
			bytes[out[i].class_slot] += 100;
	} while (n > 0);
	assert_int_equal(bytes[DATA], data_bytes);
	assert_int_equal(bytes[VIDEO], video_bytes);
}

static void clock_jump_grants_one_burst_of_a_ceiling_and_a_shape(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->ceil_bps = 8 * MBPS; /* burst: two largest frames */
	rig_class(&r, VIDEO);
	rig_shape(&r, 0, UINT32_C(1) << VIDEO)->max_delay_ns = UINT64_MAX;
	rig_start(&r);
	assert_granted(&r, 3000, 3000); /* the contract's burst is 3,036 */
	assert_granted(&r, 0, 0);	/* a clock that stands still */
	r.now_ns += 3600 * SECOND;
	assert_granted(&r, 3000, 3000);
	r.now_ns -= 3000 * SECOND;
	assert_granted(&r, 0, 0);
	r.now_ns += 1000 * US; /* and followed from there: 1,000 bytes, and 125 */
	assert_granted(&r, 1000, 100);
	rig_stop(&r);
}

/* What the guarantee paid for goes before what goes by weight. */
static uint64_t before_bulk(struct rig *r)
{
	struct scheduled out;
	uint64_t bytes = 0;

	while (rig_offer(r, DATA, 1, 100) == DROP_NONE)
		;
	while (rig_offer(r, BULK, 2, 1500) == DROP_NONE)
		;
	while (rig_take(r, &out, 1) == 1 && out.class_slot == DATA)
		bytes += 100;
	return bytes;
}

static void clock_jump_grants_one_burst_of_a_guarantee(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->rate_bps = 800 * 1000; /* burst: two largest frames */
	rig_class(&r, BULK)->weight = WEIGHT_MAX;
	r.classes[0].queue_packets = r.classes[1].queue_packets = 64;
	r.classes[0].queue_ns = SECOND;
	rig_start(&r);
	assert_int_equal(before_bulk(&r), 3000);
	assert_int_equal(before_bulk(&r), 0);
	r.now_ns += 3600 * SECOND;
	assert_int_equal(before_bulk(&r), 3000);
	r.now_ns -= 3000 * SECOND;
	assert_int_equal(before_bulk(&r), 0);
	r.now_ns += 2000 * US; /* 200 bytes */
	assert_int_equal(before_bulk(&r), 200);
	rig_stop(&r);
}

static void link_control_has_a_cap(void **state)
{
	struct rig r;
	uint64_t passed = 0;

	(void)state;
	rig_init(&r, 50 * MBPS); /* 1 %: 500 kbit/s; 20 ms of that are below 3,036 bytes */
	rig_class(&r, DATA);
	rig_start(&r);
	while (schedule_control_conforms(&r.state, &r.profile, 60, r.now_ns))
		passed++;
	assert_int_equal(passed, 3036 / 60);
	r.now_ns += 10 * SECOND;
	while (schedule_control_conforms(&r.state, &r.profile, 60, r.now_ns))
		passed++;
	assert_int_equal(passed, 2 * (3036 / 60)); /* a stalled clock: one burst */
	for (int i = 0; i < 10000; i++) {
		r.now_ns += MS;
		passed += schedule_control_conforms(&r.state, &r.profile, 60, r.now_ns);
	}
	/* 10 s of 500 kbit/s are 10,416 frames: a frame a millisecond is below that */
	assert_int_equal(passed, 2 * (3036 / 60) + 10000);
	rig_stop(&r);
}

static void link_control_has_64_kbps_on_a_slow_link_and_no_cap_without_a_rate(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, MBPS);
	rig_class(&r, DATA);
	rig_start(&r);
	assert_true(schedule_control_conforms(&r.state, &r.profile, 3036, r.now_ns));
	r.now_ns += 1000 * US; /* 8 bytes at 64 kbit/s */
	assert_false(schedule_control_conforms(&r.state, &r.profile, 9, r.now_ns));
	assert_true(schedule_control_conforms(&r.state, &r.profile, 8, r.now_ns));
	rig_stop(&r);

	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_start(&r);
	for (int i = 0; i < 100000; i++)
		assert_true(schedule_control_conforms(&r.state, &r.profile, 1500, r.now_ns));
	rig_stop(&r);
}

static void ceiling_holds_a_class_to_the_nanosecond(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->ceil_bps = 8 * MBPS;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, i, 1500);
	assert_order(&r, (uintptr_t[]){1, 2}, 2); /* the ceiling's burst: two largest frames */
	assert_int_equal(rig_when(&r), r.now_ns + 1500 * US);
	r.now_ns += 1500 * US - 1;
	assert_int_equal(rig_next(&r), 0);
	r.now_ns++;
	assert_int_equal(rig_next(&r), 3);
	rig_stop(&r);
}

static void held_class_lets_the_others_pass(void **state)
{
	struct rig r;
	struct class_spec *voice;

	(void)state;
	rig_init(&r, 0);
	voice = rig_class(&r, VOICE);
	voice->strict = true;
	voice->ceil_bps = 8 * MBPS;
	rig_class(&r, DATA);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 3; i++)
		rig_offer(&r, VOICE, i, 1500);
	rig_offer(&r, DATA, 4, 1500);
	rig_offer(&r, DATA, 5, 1500);
	assert_order(&r, (uintptr_t[]){1, 2, 4, 5}, 4);
	r.now_ns += 1500 * US;
	assert_order(&r, (uintptr_t[]){3}, 1);
	rig_stop(&r);
}

/* A strict class that is held may go earlier than the frame that waits for the link. */
static void when_sees_a_ceiling_open_before_the_link(void **state)
{
	struct rig r;
	struct class_spec *voice;

	(void)state;
	rig_init(&r, 8 * MBPS);
	voice = rig_class(&r, VOICE);
	voice->strict = true;
	voice->ceil_bps = 4 * MBPS;
	rig_class(&r, DATA);
	rig_start(&r);
	rig_offer(&r, VOICE, 1, 1500);
	assert_int_equal(rig_next(&r), 1);
	r.now_ns += 1500 * US; /* ceiling: 2,250 bytes */
	rig_offer(&r, VOICE, 2, 1400);
	assert_int_equal(rig_next(&r), 2);
	r.now_ns += 100 * US; /* ceiling: 900, link: 220 bytes */
	rig_offer(&r, DATA, 3, 1500);
	rig_offer(&r, VOICE, 4, 1000);
	/* 3 would go in 1,280 us; but from 200 us on it is 4's turn, which goes in 780 us */
	assert_int_equal(rig_when(&r), r.now_ns + (800 - TURN_BYTES) * US);
	r.now_ns += (800 - TURN_BYTES) * US;
	assert_int_equal(rig_next(&r), 4);
	rig_stop(&r);
}

static void guarantee_goes_before_weights(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, BULK)->weight = WEIGHT_MAX;
	rig_class(&r, DATA)->rate_bps = MBPS; /* burst: two largest frames */
	rig_class(&r, VIDEO)->rate_bps = MBPS;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++) {
		rig_offer(&r, BULK, 10 + i, 1500);
		rig_offer(&r, DATA, 20 + i, 1500);
		rig_offer(&r, VIDEO, 30 + i, 1500);
	}
	/* by guarantee, in turn; then by weight: all of bulk is one turn */
	assert_order(&r, (uintptr_t[]){31, 21, 32, 22, 11, 12, 13, 14, 33, 23, 34, 24}, 12);
	rig_stop(&r);
}

static void borrowed_bytes_are_not_charged_to_the_guarantee(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->rate_bps = 8 * MBPS;
	r.classes[0].queue_ns = SECOND;
	rig_class(&r, BULK);
	rig_start(&r);
	for (uintptr_t i = 1; i <= 100; i++) /* its 20 ms, 20,000 bytes, and much more */
		rig_offer(&r, DATA, i, 1500);
	while (rig_next(&r))
		;
	r.now_ns += 1500 * US;
	rig_offer(&r, BULK, 101, 1500);
	rig_offer(&r, BULK, 102, 1500);
	rig_offer(&r, DATA, 103, 1500);
	assert_int_equal(rig_next(&r), 103);
	rig_stop(&r);
}

static void drr_gives_turns_by_weight(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_class(&r, BULK)->weight = 2;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, DATA, 10 + i, 1500);
	for (uintptr_t i = 1; i <= 6; i++)
		rig_offer(&r, BULK, 20 + i, 1500);
	assert_order(&r, (uintptr_t[]){11, 21, 22, 12, 23, 24, 13, 25, 26, 14}, 10);
	rig_stop(&r);
}

static void queue_limit_in_packets_is_exact(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->queue_packets = 5;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 5; i++)
		assert_int_equal(rig_offer(&r, DATA, i, 1500), DROP_NONE);
	assert_int_equal(rig_offer(&r, DATA, 6, 60), DROP_QUEUE_FULL);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_offer(&r, DATA, 7, 60), DROP_NONE);
	assert_int_equal(rig_offer(&r, DATA, 8, 60), DROP_QUEUE_FULL);
	assert_order(&r, (uintptr_t[]){2, 3, 4, 5, 7}, 5);
	rig_stop(&r);
}

static void queue_limit_in_bytes_is_exact(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 80 * MBPS);
	rig_class(&r, DATA)->rate_bps = 8 * MBPS;
	r.classes[0].queue_ns = 10 * MS; /* 10,000 bytes */
	rig_start(&r);
	for (uintptr_t i = 1; i <= 9; i++)
		assert_int_equal(rig_offer(&r, DATA, i, 1000), DROP_NONE);
	assert_int_equal(rig_offer(&r, DATA, 10, 1001), DROP_QUEUE_FULL);
	assert_int_equal(rig_offer(&r, DATA, 11, 1000), DROP_NONE);
	assert_int_equal(rig_offer(&r, DATA, 12, 1), DROP_QUEUE_FULL);
	rig_stop(&r);
}

static void red_drops_between_its_thresholds(void **state)
{
	struct rig r;
	uint32_t queued = 0, dropped = 0;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->red = (struct red_spec){.enabled = true,
						     .min_packets = 20,
						     .max_packets = 60,
						     .max_probability_inverse = 10,
						     .weight_log2 = 1};
	rig_start(&r);
	for (uintptr_t i = 1; i <= 20; i++)
		assert_int_equal(rig_offer(&r, DATA, i, 100), DROP_NONE);
	while (queued < 20 + 38) {
		enum drop_reason reason = rig_offer(&r, DATA, 100, 100);

		assert_true(reason == DROP_NONE || reason == DROP_RED);
		queued = queue_count(&r.state.queues[DATA]);
		dropped += reason == DROP_RED;
	}
	assert_true(dropped > 0 && dropped < 38);
	for (int i = 0; i < 100; i++) /* the average climbs to the upper threshold */
		rig_offer(&r, DATA, 100, 100);
	assert_true(queue_count(&r.state.queues[DATA]) <= 62);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(rig_offer(&r, DATA, 100, 100), DROP_RED);
	rig_stop(&r);
}

static void red_average_decays_from_when_the_queue_ran_empty(void **state)
{
	struct rig r;
	uint32_t avg;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->rate_bps = 12 * MBPS; /* a frame is a millisecond */
	r.classes[0].red =
		(struct red_spec){.enabled = true, .max_probability_inverse = 10, .weight_log2 = 2};
	rig_start(&r);
	for (uintptr_t i = 1; i <= 20; i++)
		assert_int_equal(rig_offer(&r, DATA, i, 1500), DROP_NONE);
	avg = r.state.red[DATA].avg;
	assert_true(avg > 0);
	r.now_ns += SECOND; /* not idle: it has a backlog */
	while (rig_next(&r))
		;
	r.now_ns += MS;
	rig_offer(&r, DATA, 21, 1500);
	assert_in_range(r.state.red[DATA].avg, avg / 4 * 3 - 4, avg / 4 * 3 + 4);
	rig_stop(&r);
}

static void slot_without_storage_is_full(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_start(&r);
	assert_int_equal(rig_offer(&r, BULK, 1, 100), DROP_QUEUE_FULL);
	assert_true(rig_when(&r) == UINT64_MAX);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_control_then_strict_in_order_then_the_rest),
		cmocka_unit_test(take_says_class_wait_and_contract_bytes),
		cmocka_unit_test(unshaped_port_holds_nothing),
		cmocka_unit_test(link_sends_one_frame_then_by_its_rate),
		cmocka_unit_test(small_frame_does_not_overtake_a_large_strict_one),
		cmocka_unit_test(oversize_frame_leaves_on_a_full_bucket_and_pays_later),
		cmocka_unit_test(clock_jump_grants_one_frame_and_step_back_none),
		cmocka_unit_test(clock_jump_grants_one_burst_of_a_ceiling_and_a_shape),
		cmocka_unit_test(clock_jump_grants_one_burst_of_a_guarantee),
		cmocka_unit_test(link_control_has_a_cap),
		cmocka_unit_test(link_control_has_64_kbps_on_a_slow_link_and_no_cap_without_a_rate),
		cmocka_unit_test(ceiling_holds_a_class_to_the_nanosecond),
		cmocka_unit_test(held_class_lets_the_others_pass),
		cmocka_unit_test(when_sees_a_ceiling_open_before_the_link),
		cmocka_unit_test(guarantee_goes_before_weights),
		cmocka_unit_test(borrowed_bytes_are_not_charged_to_the_guarantee),
		cmocka_unit_test(drr_gives_turns_by_weight),
		cmocka_unit_test(queue_limit_in_packets_is_exact),
		cmocka_unit_test(queue_limit_in_bytes_is_exact),
		cmocka_unit_test(red_drops_between_its_thresholds),
		cmocka_unit_test(red_average_decays_from_when_the_queue_ran_empty),
		cmocka_unit_test(slot_without_storage_is_full),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
