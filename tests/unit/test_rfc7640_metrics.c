/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 7640's metrics on departures made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rfc7640_metrics.h"

enum { US = 1000 };

struct made {
	uint64_t sent_us, left_us;
	uint32_t sequence;
};

static struct departures departures(const struct made *made, size_t count)
{
	struct departures d = {0};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(
			departures_add(&d, &(struct departure){.sent_ns = made[i].sent_us * US,
							       .left_ns = made[i].left_us * US,
							       .sequence = made[i].sequence}),
			0);
	return d;
}

#define DEPARTURES(made) departures(made, sizeof(made) / sizeof((made)[0]))

static struct metrics metrics(uint64_t sent, struct departures *d)
{
	struct metrics m;

	assert_int_equal(metrics_compute(sent, d, &m), 0);
	return m;
}

static void lost_is_sent_less_received(void **state)
{
	static const struct made made[] = {{0, 0, 0}, {2, 2, 2}, {4, 4, 4}};
	struct departures d = DEPARTURES(made);
	struct metrics m = metrics(5, &d);

	(void)state;
	assert_int_equal(m.sent, 5);
	assert_int_equal(m.received, 3);
	assert_int_equal(m.lost, 2);
	assert_int_equal(m.out_of_sequence, 0); /* a gap is no reordering */
	departures_clear(&d);
}

static void nothing_left(void **state)
{
	struct departures none = {0};
	struct metrics m = metrics(7, &none);
	struct emission e = emission_compute(&none, 100, US);

	(void)state;
	assert_int_equal(m.lost, 7);
	assert_int_equal(m.delay_max_ns, 0);
	assert_int_equal(m.variation_ns, 0);
	assert_int_equal(e.trains, 0);
}

/* RFC 4737 3.3: reordered is what comes below the next expected number; 3 after 5, and 4
 * after 5, but not 6. */
static void out_of_sequence_by_the_next_expected_number(void **state)
{
	static const struct made made[] = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {5, 5, 5},
					   {3, 6, 3}, {4, 7, 4}, {6, 8, 6}};
	struct departures d = DEPARTURES(made);

	(void)state;
	assert_int_equal(metrics(7, &d).out_of_sequence, 2);
	departures_clear(&d);
}

static void delays(void **state)
{
	static const struct made made[] = {{0, 10, 0}, {1, 13, 1}, {2, 22, 2}};
	struct departures d = DEPARTURES(made);
	struct metrics m = metrics(3, &d);

	(void)state;
	assert_int_equal(m.delay_min_ns, 10 * US);
	assert_int_equal(m.delay_max_ns, 20 * US);
	assert_float_equal((float)m.delay_mean_ns, 14.0f * US, 0.01f);
	departures_clear(&d);
}

/* RFC 5481: of 100 delays of 5, 6, … 104 us the 99th is 103, less the least of 5. */
static void variation_is_the_99th_percentile_above_the_least(void **state)
{
	struct departures d = {0};

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		const struct departure one = {.left_ns = (104 - (uint64_t)i) * US, .sequence = i};

		assert_int_equal(departures_add(&d, &one), 0);
	}
	assert_int_equal(metrics(100, &d).variation_ns, 98 * US);
	departures_clear(&d);
}

/* Frames take 10 us each on the port: 0, 0, 15 are one train of three (the third finds the
 * port still busy with the second), 40 and 60 are alone. */
static void trains_end_where_the_port_falls_silent(void **state)
{
	static const struct made made[] = {
		{0, 0, 0}, {0, 0, 1}, {0, 15, 2}, {0, 40, 3}, {0, 60, 4}};
	struct departures d = DEPARTURES(made);
	struct emission e = emission_compute(&d, 100, 10 * US);

	(void)state;
	assert_int_equal(e.trains, 3);
	assert_int_equal(e.burst_frames_max, 3);
	assert_float_equal((float)e.burst_frames_mean, 5.0f / 3, 0.0001f);
	assert_int_equal(e.interval_min_ns, 20 * US);
	assert_int_equal(e.interval_max_ns, 40 * US);
	assert_float_equal((float)e.interval_mean_ns, 30.0f * US, 0.01f);
	departures_clear(&d);
}

/* Two frames pass unhindered; then 100 bytes each 8 us: 100 Mbit/s. */
static void the_rate_counts_from_the_first_frame_that_waited(void **state)
{
	static const struct made made[] = {
		{0, 0, 0}, {1, 1, 1}, {2, 10, 2}, {3, 18, 3}, {4, 26, 4}};
	struct departures d = DEPARTURES(made);

	(void)state;
	assert_float_equal((float)emission_compute(&d, 100, 1).rate_bps, 100e6f, 1.0f);
	departures_clear(&d);
}

static void a_window_includes_its_start_alone(void **state)
{
	static const struct made made[] = {{0, 1, 0}, {0, 2, 1}, {0, 3, 2}};
	struct departures d = DEPARTURES(made);

	(void)state;
	assert_int_equal(departures_within(&d, 1 * US, 3 * US), 2);
	departures_clear(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_is_sent_less_received),
		cmocka_unit_test(nothing_left),
		cmocka_unit_test(out_of_sequence_by_the_next_expected_number),
		cmocka_unit_test(delays),
		cmocka_unit_test(variation_is_the_99th_percentile_above_the_least),
		cmocka_unit_test(trains_end_where_the_port_falls_silent),
		cmocka_unit_test(the_rate_counts_from_the_first_frame_that_waited),
		cmocka_unit_test(a_window_includes_its_start_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
