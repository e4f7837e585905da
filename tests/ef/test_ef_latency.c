/* SPDX-License-Identifier: BSD-3-Clause */
/* E_a and E_p of departures made by hand, and worked out on paper from RFC 3246, 2.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ef/latency.h"

/* 1 Mbit/s: a packet of 125 bytes is a millisecond. */
#define RATE  UINT64_C(1000000)
#define MS(n) ((n)*UINT64_C(1000000))

static void on_time_is_no_error(void **state)
{
	static const struct ef_packet p[] = {
		{MS(10), MS(11), 125}, {MS(11), MS(12), 125}, {MS(20), MS(21), 125}};

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 3, RATE), 0);
	assert_int_equal(ef_error_packet(p, 3, RATE), 0);
}

static void early_is_below_zero(void **state)
{
	static const struct ef_packet p[] = {{MS(10), MS(10) + 250000, 125}};

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 1, RATE), -750000);
	assert_int_equal(ef_error_packet(p, 1, RATE), -750000);
}

/* f: 11, 12, 13, whatever the delay of the first: it is not excused by it (min(d, f) = f). */
static void a_late_start_makes_all_late(void **state)
{
	static const struct ef_packet p[] = {
		{MS(10), MS(15), 125}, {MS(10), MS(17), 125}, {MS(10), MS(18), 125}};

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 3, RATE), MS(5));
	assert_int_equal(ef_error_packet(p, 3, RATE), MS(5));
}

/* f: 11; then min(d, f) = 10.1, before the arrival of neither: 11.1; and 12.1. What left early
 * earns no right to be late. */
static void an_early_start_counts_from_the_departure(void **state)
{
	static const struct ef_packet p[] = {{MS(10), MS(10) + 100000, 125},
					     {MS(10), MS(11) + 100000, 125},
					     {MS(10), MS(13), 125}};

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 3, RATE), 900000);
	assert_int_equal(ef_error_packet(p, 3, RATE), 900000);
}

/* The second to arrive leaves first. The aggregate is on time: f is 11, 12. The first
 * packet is 1 ms late for itself. */
static void overtaking_shows_in_e_p_only(void **state)
{
	static const struct ef_packet p[] = {{MS(10), MS(12), 125}, {MS(10), MS(11), 125}};

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 2, RATE), 0);
	assert_int_equal(ef_error_packet(p, 2, RATE), MS(1));
}

/* l_j of the aggregate is that of the j-th to leave: f is 12, 13. F is 11, and 13. */
static void lengths_go_with_departures(void **state)
{
	static const struct ef_packet p[] = {{MS(10), MS(13), 125}, {MS(10), MS(12), 250}};

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 2, RATE), 0);
	assert_int_equal(ef_error_packet(p, 2, RATE), MS(2));
}

static void a_fraction_of_a_nanosecond_is_rounded_up(void **state)
{
	static const struct ef_packet p[] = {{100, 110, 1}}; /* f: 100 + 8/3 */

	(void)state;
	assert_int_equal(ef_error_aggregate(p, 1, UINT64_C(3000000000)), 8); /* 7.33 */
	assert_int_equal(ef_error_packet(p, 1, UINT64_C(3000000000)), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_time_is_no_error),
		cmocka_unit_test(early_is_below_zero),
		cmocka_unit_test(a_late_start_makes_all_late),
		cmocka_unit_test(an_early_start_counts_from_the_departure),
		cmocka_unit_test(overtaking_shows_in_e_p_only),
		cmocka_unit_test(lengths_go_with_departures),
		cmocka_unit_test(a_fraction_of_a_nanosecond_is_rounded_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
