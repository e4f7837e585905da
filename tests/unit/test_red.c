/* SPDX-License-Identifier: BSD-3-Clause */
/* RED: thresholds, the share dropped between them, and an average that decays when idle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "policy.h"
#include "red.h"

static const struct red_spec plain = {.enabled = true,
				      .min_packets = 100,
				      .max_packets = 300,
				      .max_probability_inverse = 10,
				      .weight_log2 = 2};

struct red_rig {
	struct red_profile profile;
	struct rte_red red;
	uint64_t random;
};

static void start(struct red_rig *r, const struct red_spec *spec, uint32_t limit)
{
	memset(r, 0, sizeof(*r));
	r->random = 1;
	assert_int_equal(red_profile_build(&r->profile, spec, limit, 1000), 0);
	assert_int_equal(rte_red_rt_data_init(&r->red), 0);
}

/* Of n arrivals at a queue of this constant length, how many are dropped. */
static uint32_t dropped_of(struct red_rig *r, uint32_t n, uint32_t queued)
{
	uint32_t dropped = 0;

	for (uint32_t i = 0; i < n; i++)
		dropped += red_drops(&r->red, &r->profile, COLOUR_GREEN, queued, 0, &r->random);
	return dropped;
}

static void nothing_below_and_all_above(void **state)
{
	struct red_rig r;

	(void)state;
	start(&r, &plain, 400);
	assert_int_equal(dropped_of(&r, 10000, 99), 0);
	dropped_of(&r, 100, 301); /* until the average is there */
	assert_int_equal(dropped_of(&r, 10000, 301), 10000);
}

static void share_grows_between_the_thresholds(void **state)
{
	/* half-way pb is 1/20; rte_red's pa = pb / (2 - count pb) is 1/20 in the mean */
	static const struct {
		uint32_t queued;
		double share;
	} cases[] = {{150, 0.025}, {200, 0.05}, {250, 0.075}, {298, 0.099}};
	struct red_rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double share;

		start(&r, &plain, 400);
		dropped_of(&r, 1000, cases[i].queued);
		share = dropped_of(&r, 200000, cases[i].queued) / 200000.0;
		if (share < cases[i].share * 0.9 || share > cases[i].share * 1.1)
			fail_msg("at %u: %.4f", cases[i].queued, share);
	}
}

static void same_seed_same_drops(void **state)
{
	struct red_rig a, b;

	(void)state;
	start(&a, &plain, 400);
	start(&b, &plain, 400);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(red_drops(&a.red, &a.profile, COLOUR_GREEN, 250, 0, &a.random),
				 red_drops(&b.red, &b.profile, COLOUR_GREEN, 250, 0, &b.random));
	b.random = 77;
	for (int i = 0; i < 10000; i++)
		if (red_drops(&a.red, &a.profile, COLOUR_GREEN, 250, 0, &a.random) !=
		    red_drops(&b.red, &b.profile, COLOUR_GREEN, 250, 0, &b.random))
			return;
	fail_msg("the seed makes no difference");
}

static void defaults_are_quarters_of_the_limit(void **state)
{
	struct red_spec spec = plain;
	struct red_rig r;

	(void)state;
	spec.min_packets = spec.max_packets = 0;
	start(&r, &spec, 400);
	assert_int_equal(dropped_of(&r, 10000, 99), 0);
	assert_true(dropped_of(&r, 10000, 200) > 0);
	dropped_of(&r, 100, 301);
	assert_int_equal(dropped_of(&r, 1000, 301), 1000);
}

static void thresholds_above_1023_are_scaled(void **state)
{
	struct red_spec spec = plain;
	struct red_rig r;

	(void)state;
	spec.min_packets = 10000;
	spec.max_packets = 40000;
	start(&r, &spec, 65536);
	assert_int_equal(dropped_of(&r, 10000, 9900), 0);
	assert_true(dropped_of(&r, 10000, 25000) > 0);
	dropped_of(&r, 1000, 40100);
	assert_int_equal(dropped_of(&r, 1000, 40100), 1000);
	assert_int_equal(dropped_of(&r, 1000, 65535), 1000);
}

static void queue_far_above_the_thresholds_keeps_dropping(void **state)
{
	struct red_spec spec = plain;
	struct red_rig r;

	(void)state;
	spec.weight_log2 = 12; /* the average has no bits to spare */
	start(&r, &spec, 65536);
	dropped_of(&r, 100000, 65535);
	assert_int_equal(dropped_of(&r, 10000, 65535), 10000);
}

/* Arrivals below the threshold must not add up to a drop. */
static void first_drop_comes_no_sooner_after_a_long_quiet_time(void **state)
{
	uint32_t dropped = 0;
	struct red_rig r;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		start(&r, &plain, 400);
		r.random = seed << 32 | 1;
		dropped_of(&r, 1000, 99);
		r.red.avg = r.profile.config[COLOUR_GREEN].min_th +
			    (r.profile.config[COLOUR_GREEN].max_th >> 2);
		dropped += dropped_of(&r, 1, 175);
	}
	assert_true(dropped <= 20); /* pb / 2 is 0.02 */
}

static void idle_average_decays(void **state)
{
	struct red_rig r;
	uint32_t before;

	(void)state;
	start(&r, &plain, 400);
	dropped_of(&r, 1000, 250);
	before = r.red.avg;
	rte_red_mark_queue_empty(&r.red, 5000);
	assert_false(red_drops(&r.red, &r.profile, COLOUR_GREEN, 0, 5000 + 999, &r.random));
	assert_int_equal(r.red.avg, before); /* not one packet's time */
	assert_false(red_drops(&r.red, &r.profile, COLOUR_GREEN, 0, 5000 + 3000, &r.random));
	/* (3/4)^3 */
	assert_in_range(r.red.avg, before / 64 * 27 - 64, before / 64 * 27 + 64);
	assert_false(red_drops(&r.red, &r.profile, COLOUR_GREEN, 0, UINT64_MAX, &r.random));
	assert_int_equal(r.red.avg, 0);
}

static void contradictions_are_refused(void **state)
{
	struct red_profile p;
	struct red_spec spec = plain;

	(void)state;
	spec.max_packets = 100;
	assert_int_equal(red_profile_build(&p, &spec, 400, 1), -EINVAL);
	spec = plain;
	spec.max_probability_inverse = 0;
	assert_int_equal(red_profile_build(&p, &spec, 400, 1), -EINVAL);
	spec = plain;
	spec.weight_log2 = 13;
	assert_int_equal(red_profile_build(&p, &spec, 400, 1), -EINVAL);
	spec = plain;
	spec.min_packets = spec.max_packets = 0;
	assert_int_equal(red_profile_build(&p, &spec, 1, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_below_and_all_above),
		cmocka_unit_test(share_grows_between_the_thresholds),
		cmocka_unit_test(same_seed_same_drops),
		cmocka_unit_test(defaults_are_quarters_of_the_limit),
		cmocka_unit_test(thresholds_above_1023_are_scaled),
		cmocka_unit_test(queue_far_above_the_thresholds_keeps_dropping),
		cmocka_unit_test(first_drop_comes_no_sooner_after_a_long_quiet_time),
		cmocka_unit_test(idle_average_decays),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
