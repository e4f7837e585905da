/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The E-model against what is published: G.107's own default rating and Annex B, the delay
 * curve of G.114, and the loss of G.113's codecs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "emodel.h"

static void assert_near(double value, double expected, double within)
{
	if (value < expected - within || value > expected + within)
		fail_msg("%g is not %g, within %g", value, expected, within);
}

/* G.107 Table 1: with all parameters at their defaults R is 93.2. */
static void defaults_rate_93(void **state)
{
	(void)state;
	assert_near(emodel_rating(0), 93.2, 0.05);
	assert_near(emodel_mos(emodel_rating(0)), 4.41, 0.005);
}

/* G.107 Annex B, table B.1. */
static void ratings_stand_for_scores(void **state)
{
	static const double table[][2] = {
		{90, 4.34}, {80, 4.03}, {70, 3.60}, {60, 3.10}, {50, 2.58}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_near(emodel_mos(table[i][0]), table[i][1], 0.0101);
	assert_near(emodel_mos(0), 1, 0);
	assert_near(emodel_mos(-20), 1, 0);
	assert_near(emodel_mos(100), 4.5, 0);
	assert_near(emodel_mos(120), 4.5, 0);
}

/* G.114 figure 1: flat to 150 ms, then the fall. */
static void delay_costs_little_then_much(void **state)
{
	(void)state;
	assert_near(emodel_rating(100), 90.7, 0.5);
	assert_near(emodel_rating(150), 89.5, 0.7);
	assert_near(emodel_rating(250), 79, 1);
	assert_near(emodel_rating(400), 62, 1);
}

/* Ie,eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl). */
static void loss_costs_by_codec(void **state)
{
	const struct emodel_codec *g711 = emodel_codec(0, 8000), *g729 = emodel_codec(18, 8000);

	(void)state;
	assert_near(emodel_impairment(g711, 0), 0, 0);
	assert_near(emodel_impairment(g711, 1), 95 / 26.1, 1e-9);
	assert_near(emodel_impairment(g711, 20), 42.13, 0.01);
	assert_near(emodel_impairment(g729, 0), 11, 0);
	assert_near(emodel_impairment(g729, 2), 11 + 84 * 2 / 21.0, 1e-9);
	assert_near(emodel_impairment(g711, 100), 75.9, 0.1);
}

static void codecs_by_payload_type(void **state)
{
	(void)state;
	assert_ptr_equal(emodel_codec(8, 8000), emodel_codec(0, 8000));
	assert_ptr_equal(emodel_codec(111, 48000), emodel_codec(0, 8000));
	assert_ptr_equal(emodel_codec(9, 8000), emodel_codec(0, 8000));
	assert_ptr_not_equal(emodel_codec(4, 8000), emodel_codec(0, 8000));
	assert_null(emodel_codec(34, 90000));
	assert_null(emodel_codec(122, 90000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_rate_93),
		cmocka_unit_test(ratings_stand_for_scores),
		cmocka_unit_test(delay_costs_little_then_much),
		cmocka_unit_test(loss_costs_by_codec),
		cmocka_unit_test(codecs_by_payload_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
