/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefixes and port ranges from text. */
#include "config_text.h" /* first: it asks for memfd_create */

#include <errno.h>

#include "prefix.h"

static void prefixes(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *written;
	} cases[] = {
		{"10.9.0.0/24", 0, "10.9.0.0/24"},
		{"10.1.2.3", 0, "10.1.2.3/32"},
		{"0.0.0.0/0", 0, "0.0.0.0/0"},
		{"::/0", 0, "::/0"},
		{"2001:db8:9::/48", 0, "2001:db8:9::/48"},
		{"2001:db8::1", 0, "2001:db8::1/128"},
		{"10.1.2.3/8", -EDOM, "10.0.0.0/8"},
		{"10.1.2.129/25", -EDOM, "10.1.2.128/25"},
		{"1.2.3.4/0", -EDOM, "0.0.0.0/0"},
		{"2001:db8:9::1/47", -EDOM, "2001:db8:8::/47"},
		{"10.0.0.0/33", -EINVAL, NULL},
		{"::/129", -EINVAL, NULL},
		{"10.0.0/8", -EINVAL, NULL},
		{"10.0.0.0/", -EINVAL, NULL},
		{"10.0.0.0/8x", -EINVAL, NULL},
		{"10.0.0.0/-1", -EINVAL, NULL},
		{"10.0.0.0/4294967304", -EINVAL, NULL},
		{"any", -EINVAL, NULL},
		{"", -EINVAL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_prefix p;
		char written[PREFIX_TEXT_SIZE];
		int result = prefix_parse(cases[i].text, &p);

		if (result != cases[i].result)
			fail_msg("%s: %d", cases[i].text, result);
		if (cases[i].written)
			assert_string_equal(prefix_format(&p, written, sizeof(written)),
					    cases[i].written);
	}
}

static void covering(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool covers;
	} cases[] = {
		{"10.0.0.0/8", "10.9.0.0/24", true},	 {"10.9.0.0/24", "10.0.0.0/8", false},
		{"10.0.0.0/24", "10.0.0.0/8", false},	 {"10.0.0.0/9", "10.128.0.0/9", false},
		{"0.0.0.0/0", "1.2.3.4", true},		 {"0.0.0.0/0", "::1", false},
		{"2001:db8::/127", "2001:db8::1", true}, {"2001:db8::/127", "2001:db8::2", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_prefix outer, inner;

		assert_int_equal(prefix_parse(cases[i].outer, &outer), 0);
		assert_int_equal(prefix_parse(cases[i].inner, &inner), 0);
		assert_int_equal(prefix_covers(&outer, &inner), cases[i].covers);
	}
}

static void port_ranges(void **state)
{
	struct config_port_range r = {0};

	(void)state;
	assert_int_equal(port_range_parse("50000-50019", &r), 0);
	assert_true(r.named && r.low == 50000 && r.high == 50019);
	assert_int_equal(port_range_parse("0-65535", &r), 0);
	assert_true(r.low == 0 && r.high == 65535);
	assert_int_equal(port_range_parse("5061", &r), 0);
	assert_true(r.low == 5061 && r.high == 5061);
	assert_int_equal(port_range_parse("9-3", &r), -ERANGE);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(
			port_range_parse((const char *const[]){"", "-", "1-", "-1", "65536",
							       "1-65536", "1 - 2"}[i],
					 &r),
			-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes),
		cmocka_unit_test(covering),
		cmocka_unit_test(port_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
