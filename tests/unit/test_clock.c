/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <rte_cycles.h>

#include "dataplane/clock.h"

static uint64_t reference_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void starts_near_zero(void **state)
{
	struct clock c;
	uint64_t now;

	(void)state;
	assert_int_equal(clock_calibrate(&c, 1), 0);
	now = clock_now_ns(&c);
	assert_true(now >= 1);
	assert_true(now < 1000000000);
}

/* The reference is read around the clock, so that a preempted test is no failure: what the
 * clock says has passed must lie between the shortest and the longest it can have been.
 * 20 ppm are allowed to the calibration over 50 ms. */
static void agrees_with_the_reference(void **state)
{
	const struct timespec wait = {.tv_nsec = 200000000};
	uint64_t before, start, after, before_end, end, after_end, passed;
	struct clock c;

	(void)state;
	assert_int_equal(clock_calibrate(&c, 50), 0);
	before = reference_ns();
	start = clock_now_ns(&c);
	after = reference_ns();
	nanosleep(&wait, NULL);
	before_end = reference_ns();
	end = clock_now_ns(&c);
	after_end = reference_ns();

	passed = end - start;
	assert_true(passed + passed / 50000 >= before_end - after);
	assert_true(passed - passed / 50000 <= after_end - before);
}

static void never_steps_back(void **state)
{
	struct clock c;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(clock_calibrate(&c, 1), 0);
	for (int i = 0; i < 1000000; i++) {
		const uint64_t now = clock_now_ns(&c);

		assert_true(now >= last);
		last = now;
	}
}

/* Half a nanosecond a tick: ten years of ticks at 2 GHz are ten years. */
static void does_not_overflow_in_ten_years(void **state)
{
	const uint64_t ticks = UINT64_C(2000000000) * 3600 * 24 * 3650;
	const struct clock c = {.tsc_start = rte_rdtsc() - ticks,
				.ns_per_tsc_q32 = UINT64_C(1) << 31};
	const uint64_t now = clock_now_ns(&c);

	(void)state;
	assert_true(now >= ticks / 2);
	assert_true(now < ticks / 2 + UINT64_C(10000000000));
}

static void the_first_nanosecond_is_one(void **state)
{
	const struct clock c = {.tsc_start = rte_rdtsc(), .ns_per_tsc_q32 = 1};

	(void)state;
	assert_int_equal(clock_now_ns(&c), 1);
}

static void a_core_that_lags_reads_the_start(void **state)
{
	const struct clock c = {.tsc_start = rte_rdtsc() + (UINT64_C(1) << 50),
				.ns_per_tsc_q32 = UINT64_C(1) << 31};

	(void)state;
	assert_int_equal(clock_now_ns(&c), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_near_zero),
		cmocka_unit_test(agrees_with_the_reference),
		cmocka_unit_test(never_steps_back),
		cmocka_unit_test(does_not_overflow_in_ten_years),
		cmocka_unit_test(the_first_nanosecond_is_one),
		cmocka_unit_test(a_core_that_lags_reads_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
