/* SPDX-License-Identifier: BSD-3-Clause */
/* The sketch of top talkers: right where it has room, bounded where it has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_common.h>

#include "support/random.h"
#include "talkers.h"

static struct talkers talkers;
static uint64_t now_ns;

static int no_talkers(void **state)
{
	(void)state;
	memset(&talkers, 0, sizeof(talkers));
	now_ns = 0;
	return 0;
}

static void address_of(uint32_t host, uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = 10;
	out[1] = (uint8_t)(host >> 16);
	out[2] = (uint8_t)(host >> 8);
	out[3] = (uint8_t)host;
}

static void count(uint8_t family, uint32_t host, unsigned times)
{
	uint8_t address[16];

	address_of(host, address);
	while (times-- > 0)
		talkers_count(&talkers, family, address, ++now_ns);
}

static void the_largest_come_first(void **state)
{
	struct talker top[TALKERS_SHOWN];
	uint8_t address[16];

	(void)state;
	for (uint32_t host = 1; host <= 10; host++)
		count(4, host, 10 * host);
	talkers_top(&talkers, top, TALKERS_SHOWN);
	for (uint32_t i = 0; i < 10; i++) {
		address_of(10 - i, address);
		assert_int_equal(top[i].family, 4);
		assert_memory_equal(top[i].address, address, 16);
		assert_int_equal(top[i].packets, 10 * (10 - i));
		assert_int_equal(top[i].error, 0);
		/* each spoke after all the smaller ones: the 10 + 20 + … + its own-th packet */
		assert_int_equal(top[i].last_ns, 5 * (10 - i) * (11 - i));
	}
	for (uint32_t i = 10; i < TALKERS_SHOWN; i++) {
		assert_int_equal(top[i].family, 0);
		assert_int_equal(top[i].packets, 0);
	}
}

static void families_are_kept_apart(void **state)
{
	struct talker top[3];

	(void)state;
	count(4, 1, 5);
	for (unsigned i = 0; i < TALKER_SETS * TALKER_WAYS; i++) {
		struct talker *t = &talkers.set[i / TALKER_WAYS][i % TALKER_WAYS];

		if (t->family == 4)
			t->family = 6; /* a source of IPv6 in the set where the next one goes */
	}
	count(4, 1, 7);
	talkers_top(&talkers, top, 3);
	assert_int_equal(top[0].family, 4);
	assert_int_equal(top[0].packets, 7);
	assert_int_equal(top[1].family, 6);
	assert_int_equal(top[1].packets, 5);
	assert_int_equal(top[2].family, 0);
}

static void more_places_than_talkers_stay_empty(void **state)
{
	enum { PLACES = TALKER_SETS * TALKER_WAYS + 3 };
	static struct talker top[PLACES];

	(void)state;
	memset(top, 0xa5, sizeof(top));
	count(4, 1, 1);
	talkers_top(&talkers, top, PLACES);
	assert_int_equal(top[0].packets, 1);
	for (unsigned i = 1; i < PLACES; i++)
		assert_int_equal(top[i].family, 0);
}

/* Far more sources than places: packets - error <= truth <= packets, for each shown. */
static void counts_are_bounded_on_both_sides(void **state)
{
	enum { HOSTS = 5000 };
	static unsigned truth[HOSTS];
	struct talker top[TALKERS_SHOWN];
	struct random r = random_seeded(3);
	unsigned heavy = 0;

	(void)state;
	memset(truth, 0, sizeof(truth));
	for (unsigned k = 0; k < 200000; k++) {
		uint32_t host =
			random_chance(&r, 50) ? random_below(&r, 8) : random_below(&r, HOSTS);

		truth[host]++;
		count(4, host, 1);
	}
	talkers_top(&talkers, top, TALKERS_SHOWN);
	for (unsigned i = 0; i < TALKERS_SHOWN; i++) {
		uint32_t host = (uint32_t)top[i].address[2] << 8 | top[i].address[3];

		assert_true(top[i].packets >= truth[host]);
		assert_true(top[i].packets - top[i].error <= truth[host]);
		if (i > 0)
			assert_true(top[i].packets <= top[i - 1].packets);
		heavy += host < 8;
	}
	assert_int_equal(heavy, 8); /* all who talk much are shown */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_largest_come_first, no_talkers),
		cmocka_unit_test_setup(families_are_kept_apart, no_talkers),
		cmocka_unit_test_setup(more_places_than_talkers_stay_empty, no_talkers),
		cmocka_unit_test_setup(counts_are_bounded_on_both_sides, no_talkers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
