/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The marker against a full rewrite of the frame: byte for byte, for tags of every kind,
 * IPv4 with options and wrong checksums, IPv6 with extension headers, broken frames, all
 * settings of a policy; with contracts that count what the marker makes of the length;
 * in one segment, and the same cut into segments at random.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "oracle/amount.h"
#include "oracle/compare.h"
#include "oracle/random_frame.h"
#include "oracle/random_policy.h"
#include "support/eal.h"

enum {
	POLICIES = 150,
	POLICIES_FULL = 1000,
	BURSTS = 60,
};

static struct amount amount;
static struct comparison comparison;
static struct random_policy policy;

/* Frames enough for contracts of up to 1 Mbit/s to be over their rate about half of the
 * time; now and then the clock jumps, either way. */
static void pass_time(struct comparison *c, struct random *r)
{
	if (random_chance(r, 3) && c->now_ns > 10000000000)
		c->now_ns -= random_below(r, 1000000000);
	else
		c->now_ns += random_below(r, random_chance(r, 10) ? 2000000000 : 400000000);
}

static void try_policy(uint64_t seed, bool segments, uint64_t *packets)
{
	struct random r = random_seeded(seed), cuts = random_seeded(~seed);
	struct random_policy_options options = {.rules = RULES_MIXED,
						.rule_count = random_below(&r, 30),
						.marks = true,
						.contracts = random_chance(&r, 70)};
	struct comparison *c = &comparison;
	struct frame_source source = {.policy = &policy.spec,
				      .random = random_seeded(random_u64(&r)),
				      .broken_percent = 10,
				      .jumbo_percent = 2};

	random_policy_make(&policy, &r, &options);
	assert_true(comparison_begin(c, seed, &policy.spec, 20000000000));
	for (unsigned n = 0; n < BURSTS; n++) {
		c->count = random_between(&r, 1, BURST_MAX);
		for (unsigned i = 0; i < c->count; i++)
			c->length[i] = frame_source_next(&source, c->frame[i], ORACLE_FRAME_MAX);
		assert_true(comparison_burst(c, segments ? &cuts : NULL));
		pass_time(c, &r);
		if (random_chance(&r, 5)) {
			random_policy_change_rates(&policy, &r);
			assert_true(comparison_reload(c, &policy.spec, c->now_ns));
		}
	}
	*packets += c->packets;
	assert_true(comparison_end(c));
}

static void try_all(bool segments)
{
	uint32_t policies = amount.full ? POLICIES_FULL : POLICIES;
	uint64_t packets = 0;

	for (uint64_t i = 0; i < policies; i++)
		try_policy(amount.seed * 1000000 + i, segments, &packets);
	printf("%" PRIu32 " policies, %" PRIu64 " frames\n", policies, packets);
}

static void equals_a_full_rewrite(void **state)
{
	(void)state;
	try_all(false);
}

static void segments_change_nothing(void **state)
{
	(void)state;
	try_all(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_a_full_rewrite),
		cmocka_unit_test(segments_change_nothing),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start_with(256, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
