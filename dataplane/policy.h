/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy: the immutable snapshot that a lane follows. Control describes it in
 * plain numbers (policy_spec, complete: no defaults are left to fill in), and
 * policy_build() makes the snapshot: port table, rte_acl contexts, marks, queues'
 * limits. What changes while packets pass (tokens, queues, counters) is not here
 * but in the lane, in slots that follow names, so that it outlives a reload.
 *
 * Thread: everything declared here is called by control only. Workers read the
 * built policy (policy_snapshot.h), and never write it.
 */
#ifndef EDGEMARK_POLICY_H
#define EDGEMARK_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diffserv.h"

enum {
	CLASS_SLOTS = 32,    /* classes of two generations, and SLOT_LINK_CONTROL */
	CONTRACT_SLOTS = 32, /* contracts of two generations */
	RULE_SLOTS = 2 * RULES_MAX,
	SLOT_LINK_CONTROL = CLASS_SLOTS - 1, /* STP, LLDP, LACP, ARP: a queue of its own */
	SLOT_NONE = 0xff,
};

/* A slot is a place in a lane's state. When another name takes a slot over, its
 * epoch changes, and the lane starts that state afresh. */

struct prefix {
	uint8_t family;	     /* 0: not named, 4 or 6 */
	uint8_t length;	     /* bits */
	uint8_t address[16]; /* network order; IPv4 in the first four bytes; host bits zero */
};

struct port_range {
	bool named; /* a rule that names a port never matches a packet without known ports */
	uint16_t low, high;
};

struct rule_spec { /* in the order of seq; the first match wins */
	struct prefix source, destination;
	struct port_range source_port, destination_port;
	int16_t protocol; /* IANA number or MATCH_ANY */
	int16_t vlan;	  /* VID of the outermost tag, or MATCH_ANY */
	int16_t dscp;	  /* incoming, or MATCH_ANY */
	bool drop;
	uint8_t class_slot; /* where !drop */
	uint32_t slot;	    /* of the hit counter, < RULE_SLOTS */
	uint32_t epoch;
};

struct red_spec { /* rte_red; thresholds in packets */
	bool enabled;
	uint16_t min_packets, max_packets; /* 0: a quarter and three quarters of the limit */
	uint8_t max_probability_inverse;   /* 1/p at max_packets: 1-255 */
	uint8_t weight_log2;		   /* of the moving average: 1-12 */
};

struct class_spec {
	uint8_t slot; /* < SLOT_LINK_CONTROL */
	uint32_t epoch;
	uint8_t dscp; /* 0-63 */
	uint8_t pcp;  /* 0-7, the policy's pcp-map applied */
	bool strict;
	bool calls;	   /* its UDP flows are followed as calls */
	uint64_t rate_bps; /* guaranteed; 0: none */
	uint64_t ceil_bps; /* 0: none */
	uint32_t weight;   /* of what is left: 1-WEIGHT_MAX */
	uint64_t queue_ns; /* of the class's rate */
	uint32_t queue_packets;
	struct red_spec red;
};

struct contract_spec {
	uint8_t slot; /* < CONTRACT_SLOTS */
	uint32_t epoch;
	uint32_t class_slots; /* bit per class slot that shares the contract */
	uint64_t cir_bps;     /* 1-RATE_BPS_MAX */
	uint64_t burst_bytes; /* 1-BURST_BYTES_MAX */
	enum account account;
	int32_t overhead_bytes; /* signed, added to every packet; no packet counts below 0 */
	enum exceed exceed;
	uint64_t max_delay_ns; /* shape */
	uint8_t remark_slot;   /* remark: the class that takes the excess */

	/* colour: */
	enum colour_meter meter;
	uint64_t pir_bps;	     /* trTCM: cir_bps-RATE_BPS_MAX */
	uint64_t excess_burst_bytes; /* 0-BURST_BYTES_MAX: EBS (srTCM), PBS (trTCM) */
	bool colour_aware;	     /* AFx2 and AFx3 come as yellow and red, all else as green */
	bool drop_red;
};

struct egress_spec {	   /* of the port that this direction leaves by */
	uint64_t rate_bps; /* 0: not shaped */
	enum account account;
	int32_t overhead_bytes;
	uint32_t max_frame_bytes; /* largest frame sent, with its tags, without FCS */
};

struct policy_spec {
	uint64_t generation;
	bool transparent; /* forward unmodified through the default class */

	const struct class_spec *classes;
	size_t class_count; /* 1-CLASSES_MAX */
	uint8_t default_slot;

	const struct rule_spec *rules;
	size_t rule_count; /* 0-RULES_MAX */
	enum trust trust;
	const struct prefix *trusted; /* sources; none: all are trusted */
	size_t trusted_count;

	const struct contract_spec *contracts;
	size_t contract_count;

	uint64_t allowed_dscp; /* bit per DSCP; ~0: no egress guard */
	enum tag_pcp tag_pcp;
	int16_t untagged; /* UNTAGGED_KEEP, UNTAGGED_PRIORITY_TAG or a VID */
	bool strip;	  /* remove the outermost tag */

	struct egress_spec egress;
};

struct policy;

/*
 * Builds the snapshot. Where previous has the same rules its classifier is shared
 * (counted by reference), so that a changed CIR rebuilds no ACL; previous may be NULL.
 * Slow: up to seconds with 10,000 rules. Returns 0, or
 * -EINVAL  the spec contradicts itself (a slot out of range, a class that is missing),
 * -ENOMEM  memory for tables, tries or queues is exhausted.
 */
int policy_build(const struct policy_spec *spec, const struct policy *previous,
		 struct policy **built);

/* Only when no worker reads it any more. NULL is allowed. */
void policy_free(struct policy *p);

uint64_t policy_generation(const struct policy *p);

/* Effective values, for whoever shows or checks them. */
uint64_t policy_queue_limit_packets(const struct policy *p, uint8_t class_slot);
uint64_t policy_queue_limit_bytes(const struct policy *p,
				  uint8_t class_slot); /* UINT64_MAX: none */
/* How the classifier finds its rules. */
struct policy_classifier {
	size_t rules;
	uint32_t udp_ports_decided;    /* source ports of 65536 that one table load decides */
	uint32_t protocols_decided;    /* the same of 256, where ports say nothing */
	bool ipv4_lookup, ipv6_lookup; /* rte_acl is asked about the rest */
};
void policy_classifier(const struct policy *p, struct policy_classifier *out);

bool policy_shares_classifier(const struct policy *a, const struct policy *b);

#endif
