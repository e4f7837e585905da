/* SPDX-License-Identifier: BSD-3-Clause */
/* Literals: their extent, and their exact value whatever their size. */
#include "config_text.h" /* first: it asks for memfd_create */

#include <errno.h>

#include "number.h"

static struct number number(const char *text)
{
	return (struct number){text, strlen(text)};
}

static void extent_of_a_literal(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{"1;", 1},	{"-12 ", 3},   {"+7", 2},      {"10L;", 3},  {"10LL", 4},
		{"0x1F,", 4},	{"0xFFLL", 6}, {"3953.1;", 6}, {".5", 2},    {"5.", 2},
		{"1.5e+3;", 6}, {"2e3", 3},    {"2e", 1},      {"0xg", 1},   {"-", 0},
		{".", 0},	{"x1", 0},     {"", 0},	       {"1.2.3", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (number_scan(cases[i].text, strlen(cases[i].text)) != cases[i].length)
			fail_msg("%s", cases[i].text);
}

static void integers_of_any_size(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(number_to_integer(number("2147483648"), &value), 0);
	assert_int_equal(value, INT64_C(2147483648));
	assert_int_equal(number_to_integer(number("-9223372036854775807L"), &value), 0);
	assert_int_equal(value, -INT64_MAX);
	assert_int_equal(number_to_integer(number("0xFFFFFFFFFLL"), &value), 0);
	assert_int_equal(value, INT64_C(0xFFFFFFFFF));
	assert_int_equal(number_to_integer(number("9223372036854775808"), &value), -ERANGE);
	assert_int_equal(number_to_integer(number("18446744073709551617"), &value), -ERANGE);
	assert_int_equal(number_to_integer(number("1.0"), &value), -EDOM);
	assert_int_equal(number_to_integer(number("1e3"), &value), -EDOM);
}

static void decimals_are_exact(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} cases[] = {
		{"3953.1", 0, 3953100},
		{"3953.100000000000000000000", 0, 3953100},
		{"0.001", 0, 1},
		{"10000000", 0, UINT64_C(10000000000)},
		{"10000000L", 0, UINT64_C(10000000000)},
		{"400000000", 0, UINT64_C(400000000000)},
		{"4e8", 0, UINT64_C(400000000000)},
		{"12.5e-1", 0, 1250},
		{"0x10", 0, 16000},
		{"-0.0", 0, 0},
		{"0.0001", -EDOM, 0},
		{"1e-4", -EDOM, 0},
		{"3953.1000001", -EDOM, 0},
		{"1.00000000000000000000001", -EDOM, 0},
		{"-1", -ERANGE, 0},
		{"18446744073709552", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"1e99999999999", -ERANGE, 0},
		{"0e99999999999", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;
		int result = number_to_scaled(number(cases[i].text), 3, &value);

		if (result != cases[i].result || (result == 0 && value != cases[i].value))
			fail_msg("%s: %d, %llu", cases[i].text, result, (unsigned long long)value);
	}
}

/* Every rate of three decimals, by chance: what is written comes back. */
static void decimals_round_trip(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t value, back;
		char text[48];

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		value = (random >> 24) % UINT64_C(400000000001);
		number_format(value, 3, text, sizeof(text));
		assert_int_equal(number_to_scaled(number(text), 3, &back), 0);
		assert_true(back == value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extent_of_a_literal),
		cmocka_unit_test(integers_of_any_size),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(decimals_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
