/* SPDX-License-Identifier: BSD-3-Clause */
/* The ideal policer and shaper against sums done by hand, and the burst hunt. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rfc7640_hunt.h"
#include "rfc7640_ideal.h"

#define MS UINT64_C(1000000)

/* 8 Mbit/s: a byte each microsecond. */
static const struct ideal_bucket bucket = {.rate_bps = 8000000, .burst_bytes = 1000};
static const struct ideal_queue endless = {.packets = UINT64_MAX, .bytes = UINT64_MAX};

static void the_largest_burst_is_the_buckets_and_what_it_gets_meanwhile(void **state)
{
	(void)state;
	/* 10 frames of 100 at once; and 101, where 91 of 100 bytes come back between two: the
	 * n-th finds 1000 - (n - 1) * 9. */
	assert_int_equal(ideal_policed_burst(&bucket, 100, 0), 10);
	assert_int_equal(ideal_policed_burst(&bucket, 100, 91000), 101);
	assert_int_equal(ideal_policed_burst(&bucket, 1001, 0), 0);
	assert_true(ideal_policed_burst(&bucket, 100, 100000) == UINT64_MAX);
}

static void a_policer_admits_burst_and_rate(void **state)
{
	/* Twice the rate for a second: 1000 B + 1000000 B, in frames of 100. */
	const struct pattern p = {
		.burst_frames = 1, .period_ns = 50000, .count = 20001, .start_ns = 77};
	struct departures d = {0};

	(void)state;
	assert_int_equal(ideal_policer(&bucket, 100, &p, &d), 0);
	assert_int_equal(d.count, 10010);
	assert_int_equal(d.at[0].left_ns, 77);
	departures_clear(&d);
}

static void a_policer_saves_no_more_than_its_burst(void **state)
{
	const struct pattern p = {.burst_frames = 20, .period_ns = 1000 * MS, .count = 60};
	struct departures d = {0};

	(void)state;
	assert_int_equal(ideal_policer(&bucket, 100, &p, &d), 0);
	assert_int_equal(d.count, 30);
	assert_int_equal(d.at[10].sequence, 20);
	departures_clear(&d);
}

static void a_shaper_sends_its_burst_and_then_its_rate(void **state)
{
	const struct pattern p = {.burst_frames = 13, .count = 13};
	struct departures d = {0};

	(void)state;
	assert_int_equal(ideal_shaper(&bucket, &endless, 100, &p, &d), 0);
	assert_int_equal(d.count, 13);
	assert_int_equal(d.at[9].left_ns, 0);
	assert_int_equal(d.at[10].left_ns, 100000);
	assert_int_equal(d.at[12].left_ns, 300000);
	departures_clear(&d);
}

static void a_queue_loses_what_it_has_no_room_for(void **state)
{
	const struct pattern p = {.burst_frames = 20, .count = 40, .period_ns = 1000 * MS};
	const struct ideal_queue packets = {.packets = 3, .bytes = UINT64_MAX};
	const struct ideal_queue bytes = {.packets = UINT64_MAX, .bytes = 399};
	struct departures d = {0};
	uint64_t frames;

	(void)state;
	assert_int_equal(ideal_shaper(&bucket, &packets, 100, &p, &d), 0);
	assert_int_equal(d.count, 26);
	departures_clear(&d);
	assert_int_equal(ideal_shaper(&bucket, &bytes, 100, &p, &d), 0);
	assert_int_equal(d.count, 26);
	departures_clear(&d);
	assert_int_equal(ideal_queued_burst(&bucket, &packets, 100, 0, 50, &frames), 0);
	assert_int_equal(frames, 13);
}

/* A frame takes 266666.67 ns, and leaves on the first whole one; with room for a nanosecond
 * more, what is left of it counts for the next. */
static void whole_nanoseconds_cost_a_shaper_nothing(void **state)
{
	const struct ideal_bucket slow = {.rate_bps = 3000000, .burst_bytes = 100, .burst_ns = 1};
	const struct pattern p = {.burst_frames = 4, .count = 4};
	struct departures d = {0};

	(void)state;
	assert_int_equal(ideal_shaper(&slow, &endless, 100, &p, &d), 0);
	assert_int_equal(d.at[1].left_ns, 266666);
	assert_int_equal(d.at[2].left_ns, 533333);
	assert_int_equal(d.at[3].left_ns, 799999);
	departures_clear(&d);
}

/* 20 us of 8 Mbit/s are 20 bytes: what the bucket holds beside its frame leaves with it. */
static void a_burst_may_be_bytes_and_time(void **state)
{
	const struct ideal_bucket wide = {
		.rate_bps = 8000000, .burst_bytes = 100, .burst_ns = 20000};
	const struct pattern p = {.burst_frames = 3, .count = 3};
	struct departures d = {0};

	(void)state;
	assert_int_equal(ideal_policed_burst(&wide, 60, 0), 2);
	assert_int_equal(ideal_shaper(&wide, &endless, 100, &p, &d), 0);
	assert_int_equal(d.at[0].left_ns, 0);
	assert_int_equal(d.at[1].left_ns, 80000);
	assert_int_equal(d.at[2].left_ns, 180000);
	departures_clear(&d);
}

/* --- the hunt ------------------------------------------------------------------------------ */

struct device {
	uint64_t limit, largest;
	int err;
};

static int probe(void *context, uint64_t frames, bool *lossless)
{
	struct device *device = context;

	if (frames > device->largest)
		device->largest = frames;
	*lossless = frames <= device->limit;
	return device->err;
}

static struct hunt_result hunt(uint64_t target, struct device *device)
{
	const struct hunt h = {.target_frames = target, .step_frames = 7, .most_frames = 200};
	struct hunt_result r;

	assert_int_equal(hunt_run(&h, probe, device, &r), 0);
	return r;
}

static void the_hunt_ends_at_the_frame_from_either_side(void **state)
{
	(void)state;
	for (uint64_t limit = 1; limit < 150; limit++) {
		for (uint64_t target = 1; target < 150; target += 37) {
			struct device device = {.limit = limit};
			struct hunt_result r = hunt(target, &device);

			assert_int_equal(r.achieved_frames, limit);
			assert_true(r.limited);
			assert_true(device.largest > limit); /* it saw the loss */
		}
	}
}

static void a_device_that_passes_nothing_or_everything(void **state)
{
	struct device nothing = {.limit = 0}, everything = {.limit = UINT64_MAX};
	struct hunt_result r = hunt(40, &nothing);

	(void)state;
	assert_int_equal(r.achieved_frames, 0);
	assert_true(r.limited);
	r = hunt(40, &everything);
	assert_int_equal(r.achieved_frames, 200);
	assert_false(r.limited);
}

static void a_probe_that_fails_ends_the_hunt(void **state)
{
	struct device broken = {.limit = 10, .err = -EIO};
	const struct hunt h = {.target_frames = 5, .step_frames = 1, .most_frames = 100};
	struct hunt_result r;

	(void)state;
	assert_int_equal(hunt_run(&h, probe, &broken, &r), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_burst_is_the_buckets_and_what_it_gets_meanwhile),
		cmocka_unit_test(a_policer_admits_burst_and_rate),
		cmocka_unit_test(a_policer_saves_no_more_than_its_burst),
		cmocka_unit_test(a_shaper_sends_its_burst_and_then_its_rate),
		cmocka_unit_test(a_queue_loses_what_it_has_no_room_for),
		cmocka_unit_test(whole_nanoseconds_cost_a_shaper_nothing),
		cmocka_unit_test(a_burst_may_be_bytes_and_time),
		cmocka_unit_test(the_hunt_ends_at_the_frame_from_either_side),
		cmocka_unit_test(a_device_that_passes_nothing_or_everything),
		cmocka_unit_test(a_probe_that_fails_ends_the_hunt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
