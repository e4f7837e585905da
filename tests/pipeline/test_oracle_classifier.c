/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classifier (port table, rte_acl, fragments, trust) against the walk over the rules
 * in order: random rule sets, packets made from their rules, both ends of every port
 * range and one beyond. Each class has a DSCP of its own, so a frame shows as it leaves
 * in which class it was; hits are compared rule by rule.
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
	SETS = 210,
	SETS_FULL = 1050,
	PACKETS_PER_SET = 6000,
	PACKETS_PER_SET_FULL = 10000,
	SEARCH_TRIES = 200, /* for a packet that a rule not hit yet decides */
};

static struct amount amount;
static struct comparison comparison;
static struct random_policy policy;

struct totals {
	uint64_t sets, packets, ruled, rules, hit, range_ends;
};

static void put(struct comparison *c, const struct frame_spec *f)
{
	uint32_t length = frame_build(f, c->frame[c->count], ORACLE_FRAME_MAX);

	assert_true(length > 0);
	c->length[c->count++] = length;
}

/* Time between bursts: a few fragmented datagrams are alive at once, some just expire. */
static void pass_time(struct comparison *c, struct random *r)
{
	static const uint64_t timeout_ns = 2000000000;

	if (random_chance(r, 2))
		c->now_ns += timeout_ns + random_below(r, 2);
	else
		c->now_ns += random_below(r, 300000000);
}

static void flush(struct comparison *c, struct random *r)
{
	if (c->count == 0)
		return;
	assert_true(comparison_burst(c, NULL));
	c->count = 0;
	pass_time(c, r);
}

static void try_range_ends(struct comparison *c, struct random *r, struct totals *t)
{
	for (size_t i = 0; i < policy.spec.rule_count; i++) {
		const struct rule_spec *rule = &policy.rules[i];

		for (int end = END_BELOW; end < RANGE_ENDS; end++) {
			struct frame_spec f;

			if (rule->source_port.named) {
				f = frame_for_rule(r, rule, (enum range_end)end, END_ANYWHERE);
				put(c, &f);
				t->range_ends++;
			}
			if (rule->destination_port.named) {
				f = frame_for_rule(r, rule, END_ANYWHERE, (enum range_end)end);
				put(c, &f);
				t->range_ends++;
			}
			if (c->count + 2 > BURST_MAX)
				flush(c, r);
		}
	}
	flush(c, r);
}

static void try_stream(struct comparison *c, struct random *r, uint32_t packets)
{
	struct frame_source source = {.policy = &policy.spec,
				      .random = random_seeded(random_u64(r)),
				      .broken_percent = 3};

	for (uint32_t n = 0; n < packets; n++) {
		c->length[c->count] =
			frame_source_next(&source, c->frame[c->count], ORACLE_FRAME_MAX);
		c->count++;
		if (c->count == BURST_MAX || random_chance(r, 3))
			flush(c, r);
	}
	flush(c, r);
}

static bool asks_udp_source_port_alone(const struct rule_spec *rule)
{
	return rule->protocol == PROTOCOL_UDP && rule->source_port.named &&
	       !rule->destination_port.named && rule->source.family == 0 &&
	       rule->destination.family == 0 && rule->vlan == MATCH_ANY && rule->dscp == MATCH_ANY;
}

/* A port of the rule's range that no earlier rule of this kind has taken; -1: none, so
 * that no packet can ever hit it. */
static int free_port(size_t index)
{
	const struct rule_spec *rule = &policy.rules[index];
	int port = rule->source_port.low;

	for (size_t i = 0; i < index && port <= rule->source_port.high; i++) {
		const struct port_range *taken = &policy.rules[i].source_port;

		if (asks_udp_source_port_alone(&policy.rules[i]) && taken->low <= port &&
		    port <= taken->high) {
			port = taken->high + 1;
			i = (size_t)-1; /* from the first rule again, with the next port */
		}
	}
	return port <= rule->source_port.high ? port : -1;
}

/* A rule that nothing has hit so far: is there a packet that only its turn decides? */
static bool search_for(struct comparison *c, struct random *r, size_t index)
{
	const struct rule_spec *rule = &policy.rules[index];
	bool by_port = asks_udp_source_port_alone(rule);
	int port = by_port ? free_port(index) : 0;

	for (unsigned tries = 0; tries < SEARCH_TRIES && port >= 0; tries++) {
		struct frame_spec f = frame_for_rule(r, rule, END_ANYWHERE, END_ANYWHERE);
		uint8_t *bytes = c->frame[c->count];
		struct oracle_packet packet;

		if (by_port)
			f.source_port = (uint16_t)port;
		c->length[c->count] = frame_build(&f, bytes, ORACLE_FRAME_MAX);
		oracle_parse(bytes, c->length[c->count], &packet);
		if (oracle_walk(&policy.spec, &packet) == rule) {
			c->count++;
			return true;
		}
	}
	return false;
}

/* Where all rules ask for a source port alone, it is known which can be reached. */
static void try_rules_not_hit(struct comparison *c, struct random *r, bool by_port,
			      struct totals *t)
{
	for (size_t i = 0; i < policy.spec.rule_count; i++) {
		bool hit = c->oracle.rule_hits[policy.rules[i].slot] > 0 || search_for(c, r, i);

		if (by_port)
			assert_true(hit == (free_port(i) >= 0));
		t->hit += hit;
		if (c->count == BURST_MAX)
			flush(c, r);
	}
	flush(c, r);
	t->rules += policy.spec.rule_count;
}

/* Several hundred rules that share no value at all are beyond rte_acl's tries. */
static unsigned random_rule_count(struct random *r)
{
	uint32_t roll = random_below(r, 100);

	if (roll < 3)
		return 0;
	if (roll < 60)
		return random_between(r, 1, 20);
	if (roll < 96)
		return random_between(r, 20, 150);
	return random_between(r, 500, 1000);
}

static void try_set(uint64_t seed, uint32_t packets, struct totals *t)
{
	struct random r = random_seeded(seed);
	enum random_rules rules = (enum random_rules)(seed % RANDOM_RULES);
	struct random_policy_options options = {.rules = rules,
						.rule_count = random_rule_count(&r)};
	struct comparison *c = &comparison;

	random_policy_make(&policy, &r, &options);
	c->count = 0;
	assert_true(comparison_begin(c, seed, &policy.spec, 1000000000));
	try_range_ends(c, &r, t);
	try_stream(c, &r, packets);
	try_rules_not_hit(c, &r, rules == RULES_BY_PORT, t);
	t->sets++;
	t->packets += c->packets;
	t->ruled += c->ruled;
	assert_true(comparison_end(c));
}

static void equals_the_walk_over_the_rules(void **state)
{
	uint32_t sets = amount.full ? SETS_FULL : SETS;
	uint32_t packets = amount.full ? PACKETS_PER_SET_FULL : PACKETS_PER_SET;
	struct totals t = {0};

	(void)state;
	for (uint64_t i = 0; i < sets; i++)
		try_set(amount.seed * 1000000 + i, packets, &t);
	printf("%" PRIu64 " rule sets, %" PRIu64 " packets, %" PRIu64 " decided by a rule; %" PRIu64
	       " rules, %" PRIu64 " hit, the others hidden by earlier ones; %" PRIu64
	       " range ends\n",
	       t.sets, t.packets, t.ruled, t.rules, t.hit, t.range_ends);
	assert_true(2 * t.ruled >= t.packets);
	assert_true(2 * t.hit >= t.rules);
	assert_true(t.range_ends > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_walk_over_the_rules),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start_with(512, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
