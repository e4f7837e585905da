/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the benchmark's lane follows: the seven classes of RFC 4594 as a customer edge
 * uses them, three rule sets, and the packets that belong to each rule. The rules of a
 * set do not overlap, so the class of each packet is known without walking them.
 */
#ifndef EDGEMARK_RULES_H
#define EDGEMARK_RULES_H

#include <stdint.h>

#include "policy.h"

enum {
	SLOT_CONTROL,
	SLOT_VOICE,
	SLOT_VIDEO,
	SLOT_SIGNALLING,
	SLOT_SHARING,
	SLOT_BULK,
	SLOT_DEFAULT,
	BENCH_CLASSES,

	PORT_RULES = 6,
	MIXED_RULES = 1000,
};

/* All frames of a set carry the same headers but for these. */
struct packet {
	uint32_t source, destination; /* host order */
	uint16_t source_port, destination_port;
	uint8_t protocol;
	uint8_t class_slot; /* that it must get */
};

/* Packets that take the longest way through some stage. Their class is the default. */
enum worst {
	WORST_NONE,
	WORST_FRAGMENTS,  /* later fragments whose first nobody saw */
	WORST_EXTENSIONS, /* IPv6, with as many extension headers as the parser follows */
	WORST_MISSES,	  /* the rules are searched up to the last field, and none matches */
};

struct rule_set {
	const char *name;
	uint32_t rule_count;
	uint32_t by_port_percent; /* of packets that their UDP source port decides */
	int16_t rule_dscp;	  /* MATCH_ANY, or 0: a field more, and no rule decides by port */
	uint32_t calls;		  /* all packets are of so many calls, in turn; 0: at random */
	enum worst worst;
};

extern const struct rule_set rules_ports;     /* UDP source ports, nothing else */
extern const struct rule_set rules_ports_acl; /* the same, each left open by a DSCP */
extern const struct rule_set rules_half;      /* 1,000, half of the packets decided by port */
extern const struct rule_set rules_none;      /* 1,000, none decided by port */

extern const struct rule_set rules_fragments, rules_extensions, rules_misses; /* 1,000 */

void rules_fill(const struct rule_set *set, struct rule_spec *rules);
struct packet rules_packet(const struct rule_set *set, uint64_t *random);
struct packet rules_call(uint32_t call);

static inline uint64_t random_next(uint64_t *state) /* SplitMix64 */
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

#endif
