/* SPDX-License-Identifier: BSD-3-Clause */
/* See rules.h. */
#include "rules.h"

#include <string.h>

#include <rte_byteorder.h>

enum {
	TCP = 6,
	UDP = 17,
	NO_RULE_PERCENT = 25, /* of the packets that go to rte_acl */
};

const struct rule_set rules_ports = {
	"6 UDP source-port rules", PORT_RULES, 100, MATCH_ANY, 0, WORST_NONE};
const struct rule_set rules_ports_acl = {
	"6 rules, none decided by port", PORT_RULES, 100, 0, 0, WORST_NONE};
const struct rule_set rules_half = {
	"1,000 rules, half decided by port", MIXED_RULES, 50, MATCH_ANY, 0, WORST_NONE};
const struct rule_set rules_none = {
	"1,000 rules, none decided by port", MIXED_RULES, 0, MATCH_ANY, 0, WORST_NONE};

const struct rule_set rules_fragments = {.name = "1,000 rules, fragments without their first",
					 .rule_count = MIXED_RULES,
					 .rule_dscp = MATCH_ANY,
					 .worst = WORST_FRAGMENTS};
const struct rule_set rules_extensions = {.name = "1,000 rules, IPv6 with 8 extension headers",
					  .rule_count = MIXED_RULES,
					  .rule_dscp = MATCH_ANY,
					  .worst = WORST_EXTENSIONS};
const struct rule_set rules_misses = {.name = "1,000 rules, none matches",
				      .rule_count = MIXED_RULES,
				      .rule_dscp = MATCH_ANY,
				      .worst = WORST_MISSES};

static const struct {
	uint16_t low, high;
	uint8_t class_slot;
} by_port[PORT_RULES] = {
	{50000, 50019, SLOT_VOICE}, {50020, 50039, SLOT_VIDEO}, {50040, 50059, SLOT_SHARING},
	{50060, 50079, SLOT_BULK},  {3784, 3784, SLOT_CONTROL}, {5060, 5061, SLOT_SIGNALLING},
};

static const uint32_t clouds[] = {0x0d6b4000, 0x34700000, 0x34780000, 0x142f0000}; /* /16 */

static void port_rule(struct rule_spec *r, uint32_t k)
{
	r->protocol = UDP;
	r->source_port = (struct port_range){true, by_port[k].low, by_port[k].high};
	r->class_slot = by_port[k].class_slot;
}

/* TCP from a /24 of its own to a cloud's /16 and a range of ports. */
static uint32_t subnet_of(uint32_t k)
{
	return UINT32_C(0x0a000000) | k << 8;
}

static uint32_t cloud_of(uint32_t k)
{
	return clouds[k % RTE_DIM(clouds)];
}

static uint16_t port_of(uint32_t k)
{
	return (uint16_t)(1024 + k % 37 * 100);
}

static uint8_t class_of(uint32_t k)
{
	return (uint8_t)(k % SLOT_DEFAULT);
}

static void name_prefix(struct prefix *p, uint32_t address, uint8_t length)
{
	rte_be32_t bytes = rte_cpu_to_be_32(address);

	*p = (struct prefix){.family = 4, .length = length};
	memcpy(p->address, &bytes, sizeof(bytes));
}

static void mixed_rule(struct rule_spec *r, uint32_t k)
{
	r->protocol = TCP;
	name_prefix(&r->source, subnet_of(k), 24);
	name_prefix(&r->destination, cloud_of(k), 16);
	r->destination_port = (struct port_range){true, port_of(k), (uint16_t)(port_of(k) + 99)};
	r->class_slot = class_of(k);
}

void rules_fill(const struct rule_set *set, struct rule_spec *rules)
{
	for (uint32_t k = 0; k < set->rule_count; k++) {
		rules[k] = (struct rule_spec){
			.vlan = MATCH_ANY, .dscp = set->rule_dscp, .slot = k, .epoch = 1};
		if (k < PORT_RULES)
			port_rule(&rules[k], k);
		else
			mixed_rule(&rules[k], k);
	}
}

/* A class at random, and a port that stands for it. */
static void draw_udp(struct packet *p, uint64_t *random)
{
	uint32_t k = (uint32_t)(random_next(random) % (PORT_RULES + 1));
	uint64_t offset = random_next(random);

	p->protocol = UDP;
	p->destination = clouds[0] | (offset >> 16 & 0xffff);
	p->destination_port = (uint16_t)(3478 + offset % 4);
	if (k == PORT_RULES) {
		p->class_slot = SLOT_DEFAULT;
		p->source_port = (uint16_t)(30000 + offset % 10000);
		return;
	}
	p->class_slot = by_port[k].class_slot;
	p->source_port =
		(uint16_t)(by_port[k].low + offset % (by_port[k].high - by_port[k].low + 1u));
}

static void draw_tcp(struct packet *p, const struct rule_set *set, uint64_t *random)
{
	uint64_t draw = random_next(random);
	uint32_t k = PORT_RULES + (uint32_t)(draw >> 32) % (set->rule_count - PORT_RULES);

	p->protocol = TCP;
	p->source_port = (uint16_t)(32768 + draw % 16384);
	p->source = subnet_of(k) | (draw & 0xff);
	p->destination = cloud_of(k) | (draw >> 8 & 0xffff);
	p->destination_port = (uint16_t)(port_of(k) + draw % 100);
	p->class_slot = class_of(k);
	if (set->worst != WORST_NONE || random_next(random) % 100 < NO_RULE_PERCENT) {
		p->destination_port = 443;
		p->class_slot = SLOT_DEFAULT;
	}
}

struct packet rules_packet(const struct rule_set *set, uint64_t *random)
{
	struct packet p = {.source = 0x0a090000 | (random_next(random) & 0xffff)};

	if (random_next(random) % 100 < set->by_port_percent)
		draw_udp(&p, random);
	else
		draw_tcp(&p, set, random);
	return p;
}

/* Each from an address of its own. */
struct packet rules_call(uint32_t call)
{
	return (struct packet){
		.source = UINT32_C(0x0a090000) + call,
		.destination = clouds[0] | call % 251,
		.source_port = (uint16_t)(50000 + call % 20),
		.destination_port = (uint16_t)(3478 + call % 4),
		.protocol = UDP,
		.class_slot = SLOT_VOICE,
	};
}
