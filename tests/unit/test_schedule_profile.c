/* SPDX-License-Identifier: BSD-3-Clause */
/* What a policy's rates, weights and limits become in the scheduler's profile. */
#include "schedule_rig.h"

#include <errno.h>

enum {
	VOICE = 1,
	VIDEO = 2,
	DATA = 3,
	BULK = 4,
};

static void build(struct rig *r)
{
	assert_int_equal(schedule_profile_build(&r->profile, &r->spec), 0);
}

static void largest_frame_by_the_link_accounting(void **state)
{
	static const struct {
		enum account account;
		int32_t overhead_bytes;
		uint32_t bytes;
	} cases[] = {{ACCOUNT_WIRE, 0, 1542},
		     {ACCOUNT_L2, 0, 1518},
		     {ACCOUNT_IP, 0, 1504},
		     {ACCOUNT_L2, -8, 1510},
		     {ACCOUNT_WIRE, 20, 1562}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig r;

		rig_init(&r, MBPS);
		rig_class(&r, DATA);
		r.spec.egress.account = cases[i].account;
		r.spec.egress.overhead_bytes = cases[i].overhead_bytes;
		r.spec.egress.max_frame_bytes = 1518;
		build(&r);
		assert_int_equal(r.profile.largest_bytes, cases[i].bytes);
	}
}

static void queue_limit_follows_the_class_rate(void **state)
{
	struct rig r;
	struct schedule_class *classes = r.profile.classes;

	(void)state;
	rig_init(&r, 100 * MBPS);
	rig_class(&r, VOICE)->strict = true;
	rig_class(&r, VIDEO)->rate_bps = 8 * MBPS;
	rig_class(&r, DATA);
	rig_class(&r, BULK)->weight = 3;
	rig_shape(&r, 0, UINT32_C(1) << VOICE)->cir_bps = 4 * MBPS;
	build(&r);
	assert_int_equal(classes[VOICE].limit_bytes, 50000);  /* its contract, 100 ms */
	assert_int_equal(classes[VIDEO].limit_bytes, 100000); /* its guarantee */
	assert_int_equal(classes[DATA].limit_bytes, 250000);  /* a fifth of the link */
	assert_int_equal(classes[BULK].limit_bytes, 750000);  /* three */
	assert_int_equal(classes[BULK].limit_packets, QUEUE_PACKETS_DEFAULT);

	r.spec.contract_count = 0;
	r.classes[0].ceil_bps = 2 * MBPS;
	r.classes[2].ceil_bps = 1 * MBPS;
	build(&r);
	assert_int_equal(classes[VOICE].limit_bytes, 25000); /* its ceiling */
	assert_int_equal(classes[DATA].limit_bytes, 12500);  /* below its share */
}

static void queue_limit_is_two_largest_frames_at_least(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 64000);
	rig_class(&r, DATA)->queue_ns = MS;
	build(&r);
	assert_int_equal(r.profile.classes[DATA].limit_bytes, 3000);
}

static void without_a_rate_only_packets_limit(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->queue_packets = 77;
	build(&r);
	assert_true(r.profile.classes[DATA].limit_bytes == UINT64_MAX);
	assert_int_equal(r.profile.classes[DATA].limit_packets, 77);
}

static void quanta_keep_the_ratio_of_weights(void **state)
{
	static const uint32_t weights[][2] = {{1, 1}, {1, 20}, {20, 20}, {7, 900}, {1, 1000}};

	(void)state;
	for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
		uint64_t light, heavy;
		struct rig r;

		rig_init(&r, MBPS);
		rig_class(&r, DATA)->weight = weights[i][0];
		rig_class(&r, BULK)->weight = weights[i][1];
		build(&r);
		light = r.profile.classes[DATA].quantum;
		heavy = r.profile.classes[BULK].quantum;
		assert_int_equal(light * weights[i][1], heavy * weights[i][0]);
		assert_true(light >= 1500 / 16);
		assert_true(light <= 1500 + weights[i][0]);
	}
}

static void red_is_measured_by_the_smaller_limit(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA)->rate_bps = 12 * MBPS; /* 100 ms: 150,000 bytes, 100 frames */
	r.classes[0].red =
		(struct red_spec){.enabled = true, .max_probability_inverse = 10, .weight_log2 = 9};
	build(&r);
	assert_true(r.profile.classes[DATA].red.enabled);
	assert_int_equal(r.profile.classes[DATA].red.config[COLOUR_GREEN].min_th >>
				 (9 + RTE_RED_SCALING),
			 25);
	assert_int_equal(r.profile.classes[DATA].red.config[COLOUR_GREEN].max_th >>
				 (9 + RTE_RED_SCALING),
			 75);
	assert_int_equal(r.profile.classes[DATA].red.packet_ns, MS);
}

static void contradictions_are_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 0);
	rig_class(&r, DATA);
	rig_class(&r, DATA);
	assert_int_equal(schedule_profile_build(&r.profile, &r.spec), -EINVAL);
	r.classes[1].slot = SLOT_LINK_CONTROL;
	assert_int_equal(schedule_profile_build(&r.profile, &r.spec), -EINVAL);
	r.classes[1].slot = BULK;
	build(&r);
	r.classes[1].weight = 0;
	assert_int_equal(schedule_profile_build(&r.profile, &r.spec), -EINVAL);
	r.classes[1].weight = 1;
	r.classes[1].queue_packets = 0;
	assert_int_equal(schedule_profile_build(&r.profile, &r.spec), -EINVAL);
	r.classes[1].queue_packets = 1;
	rig_shape(&r, CONTRACT_SLOTS, 1);
	assert_int_equal(schedule_profile_build(&r.profile, &r.spec), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(largest_frame_by_the_link_accounting),
		cmocka_unit_test(queue_limit_follows_the_class_rate),
		cmocka_unit_test(queue_limit_is_two_largest_frames_at_least),
		cmocka_unit_test(without_a_rate_only_packets_limit),
		cmocka_unit_test(quanta_keep_the_ratio_of_weights),
		cmocka_unit_test(red_is_measured_by_the_smaller_limit),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
