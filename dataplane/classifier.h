/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classifier: an ordered rule set, compiled. What most packets need is one table
 * load: for each UDP source port the rule that decides alone, whatever else the packet
 * holds (and the same by protocol for packets without a UDP source port). Only packets
 * that these tables leave open are looked up in rte_acl, in bulk. The result is that of
 * walking the rules in order, for every packet.
 *
 * Immutable once built, counted by reference: a policy whose rules did not change shares
 * the classifier of the one before. Build, reference and release: control. Reads: workers.
 */
#ifndef EDGEMARK_CLASSIFIER_H
#define EDGEMARK_CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"

struct rte_acl_ctx;

enum {
	/* A decision is a rule's index, or one of these. */
	DECISION_NO_RULE = 0xfffe, /* no rule can match */
	DECISION_OPEN = 0xffff,	   /* the rest of the packet decides */

	SOURCE_PORTS = 65536,
	PROTOCOLS = 256,
};

/* What rte_acl reads. The first field is one byte, the rest comes in groups of four; all
 * in network order. Rules that name a port ask for ports_known = 1. */
struct acl_key_tail {
	uint16_t source_port, destination_port;
	uint16_t vlan; /* VLAN_NONE where untagged, which no rule names */
	uint8_t dscp;
	uint8_t ports_known;
};

struct acl_key_ipv4 {
	uint8_t protocol;
	uint8_t unused[3];
	uint8_t source[4], destination[4];
	struct acl_key_tail tail;
};

struct acl_key_ipv6 {
	uint8_t protocol;
	uint8_t unused[3];
	uint8_t source[16], destination[16];
	struct acl_key_tail tail;
};

struct classifier {
	uint16_t by_source_port[SOURCE_PORTS]; /* UDP with known ports */
	uint16_t by_protocol[2][PROTOCOLS];    /* [ports known]; not UDP with known ports */
	struct rte_acl_ctx *ipv4, *ipv6;       /* NULL: no rule of the family, or none open */
	uint32_t references;		       /* control */
	size_t rule_count;
	struct rule_spec *rules;
	struct classified {
		uint8_t class_slot; /* SLOT_NONE: drop */
		uint32_t rule_slot;
	} * verdicts; /* by rule index */
};

int classifier_build(const struct rule_spec *rules, size_t count, struct classifier **built);
struct classifier *classifier_share(struct classifier *c);
void classifier_release(struct classifier *c); /* NULL is allowed */
bool classifier_has_rules(const struct classifier *c, const struct rule_spec *rules, size_t count);

#endif
