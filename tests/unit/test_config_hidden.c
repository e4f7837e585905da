/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Never matches" against trying every packet of a small world: four addresses, four ports,
 * two VLANs and none, three protocols of which one has no ports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "hidden.h"
#include "support/random.h"

enum {
	SETS = 3000,
	RULES = 12,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
};

static const uint8_t base[4] = {10, 0, 0, 0};

static struct config_prefix random_prefix(struct random *r)
{
	struct config_prefix p = {.family = 4, .length = (uint8_t)random_between(r, 30, 32)};

	for (size_t i = 0; i < 3; i++)
		p.address[i] = base[i];
	p.address[3] = (uint8_t)(random_below(r, 4) & (0xffu << (32 - p.length)));
	return p;
}

static struct config_port_range random_ports(struct random *r)
{
	const uint16_t low = (uint16_t)random_below(r, 4);

	return (struct config_port_range){true, low, (uint16_t)random_between(r, low, 3)};
}

static struct config_rule random_rule(struct random *r)
{
	static const int16_t protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
	struct config_rule rule = {.protocol = MATCH_ANY, .vlan = MATCH_ANY, .dscp = MATCH_ANY};

	if (random_chance(r, 60))
		rule.source = random_prefix(r);
	if (random_chance(r, 60))
		rule.source_port = random_ports(r);
	if (random_chance(r, 30))
		rule.destination_port = random_ports(r);
	if (random_chance(r, 50))
		rule.protocol = protocols[random_below(r, 2)];
	if (random_chance(r, 20))
		rule.vlan = (int16_t)random_below(r, 2);
	return rule;
}

struct packet {
	uint8_t host;
	uint16_t source_port, destination_port;
	bool ports_known;
	int16_t protocol, vlan; /* -1: untagged */
};

static bool matches(const struct config_rule *r, const struct packet *p)
{
	if (r->source.family &&
	    (p->host & (0xffu << (32 - r->source.length))) != r->source.address[3])
		return false;
	if ((r->source_port.named || r->destination_port.named) && !p->ports_known)
		return false;
	if (r->source_port.named &&
	    (p->source_port < r->source_port.low || p->source_port > r->source_port.high))
		return false;
	if (r->destination_port.named && (p->destination_port < r->destination_port.low ||
					  p->destination_port > r->destination_port.high))
		return false;
	if (r->protocol != MATCH_ANY && r->protocol != p->protocol)
		return false;
	return r->vlan == MATCH_ANY || r->vlan == p->vlan;
}

/* Ports beyond the rules' ends stand for all others, and so does SCTP for its like. */
static bool takes_some(const struct config_rule *rules, size_t index)
{
	static const int16_t protocols[] = {PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, 132};

	for (unsigned n = 0; n < 5 * 5 * 5 * 4 * 4 * 2; n++) {
		unsigned rest = n;
		struct packet p = {.host = (uint8_t)(rest % 5)};
		bool taken = false;

		p.source_port = (uint16_t)((rest /= 5) % 5);
		p.destination_port = (uint16_t)((rest /= 5) % 5);
		p.protocol = protocols[(rest /= 5) % 4];
		p.vlan = (int16_t)((rest /= 4) % 4 - 1);
		p.ports_known = (rest / 4) % 2 == 1;
		if (p.protocol == PROTOCOL_ICMP && p.ports_known)
			continue;
		for (size_t i = 0; i < index && !taken; i++)
			taken = matches(&rules[i], &p);
		if (!taken && matches(&rules[index], &p))
			return true;
	}
	return false;
}

static void exactly_those_that_take_nothing(void **state)
{
	static struct hidden_part parts[HIDDEN_PARTS_MAX];
	struct random r = random_seeded(1);
	unsigned hidden = 0, together = 0;

	(void)state;
	for (unsigned set = 0; set < SETS; set++) {
		struct config_rule rules[RULES];
		struct region regions[RULES];
		uint32_t candidates[RULES];
		bool used[RULES];
		struct hidden_search s = {.regions = regions,
					  .candidates = candidates,
					  .used = used,
					  .tests_left = HIDDEN_TESTS_OF_ACL,
					  .parts = parts};

		for (size_t i = 0; i < RULES; i++) {
			bool alone = false, found;

			rules[i] = random_rule(&r);
			regions[i] = region_of_rule(&rules[i]);
			candidates[i] = (uint32_t)i;
			for (size_t k = 0; k < i; k++)
				alone |= region_within(&regions[i], &regions[k]);
			s.candidate_count = i;
			found = hidden_by_candidates(&s, &regions[i]);
			if (found == takes_some(rules, i))
				fail_msg("set %u, rule %zu: said to be %s", set, i,
					 found ? "hidden" : "reachable");
			hidden += found;
			together += found && !alone;
		}
	}
	printf("%u rules of %u hidden, %u of them by several together\n", hidden,
	       (unsigned)(SETS * RULES), together);
	assert_true(together > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_those_that_take_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
