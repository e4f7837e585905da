/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Voice on a link that best effort saturates: E_a and E_p of RFC 3246 and the longest delay
 * stay within their bounds, at several link rates, with and without tags and link control.
 * The negative control is the same class without its priority.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ef/link.h"
#include "oracle/amount.h"
#include "support/eal.h"
#include "support/mbufs.h"

enum { PACKETS = 4000, PACKETS_FULL = 400000 };

static struct amount amount;

static const uint64_t rates_bps[] = {2000000, 10000000, 50000000, 1000000000};

static struct ef_link link_of(size_t rate, bool tagged, bool link_control)
{
	return (struct ef_link){.rate_bps = rates_bps[rate],
				.cir_bps = rates_bps[rate] / 10 * 3,
				.other_bytes = 1518,
				.tagged = tagged,
				.link_control = link_control,
				.packets = amount.full ? PACKETS_FULL : PACKETS,
				.seed = amount.seed};
}

static void check(const struct ef_link *l)
{
	const struct ef_outcome o = ef_link_run(l);

	assert_int_equal(test_pool_in_use(), 0);
	assert_true(o.admitted > l->packets / 4);
	if (o.e_a_ns > (int64_t)o.error_bound_ns || o.e_p_ns > (int64_t)o.error_bound_ns)
		fail_msg("%" PRIu64 " bit/s: E_a %" PRId64 " ns, E_p %" PRId64
			 " ns, at most %" PRIu64,
			 l->rate_bps, o.e_a_ns, o.e_p_ns, o.error_bound_ns);
	if (o.delay_ns > o.delay_bound_ns)
		fail_msg("%" PRIu64 " bit/s: voice took %" PRIu64 " ns, at most %" PRIu64,
			 l->rate_bps, o.delay_ns, o.delay_bound_ns);
	/* or the arrivals are not the worst, and the bounds hold for nothing */
	assert_true(100 * o.delay_ns > (l->link_control ? 80 : 99) * o.delay_bound_ns);
	assert_true(100 * o.e_a_ns > 60 * (int64_t)o.error_bound_ns);
}

static void voice_stays_within_its_bounds(void **state)
{
	(void)state;
	for (size_t rate = 0; rate < sizeof(rates_bps) / sizeof(rates_bps[0]); rate++)
		for (unsigned i = 0; i < 4; i++) {
			struct ef_link l = link_of(rate, i & 1, i & 2);

			check(&l);
		}
}

static void without_its_priority_it_does_not(void **state)
{
	(void)state;
	for (size_t rate = 0; rate < sizeof(rates_bps) / sizeof(rates_bps[0]); rate++) {
		struct ef_link l = link_of(rate, false, false);
		struct ef_outcome o;

		l.not_strict = true;
		o = ef_link_run(&l);
		assert_true(o.e_a_ns > (int64_t)o.error_bound_ns);
		assert_true(o.delay_ns > o.delay_bound_ns);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(voice_stays_within_its_bounds),
		cmocka_unit_test(without_its_priority_it_does_not),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
