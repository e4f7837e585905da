/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the forwarding code does to one frame, and why. The frame goes through
 * pipeline_run() and the scheduler in a lane of its own, by a generation that it only
 * reads: full buckets, empty queues, and nothing that a running lane counts is touched.
 * So the answer holds for a packet within its contract; the explanation says what is
 * above it. Thread: control (or the only one), which may not free the generation meanwhile.
 */
#ifndef EDGEMARK_EXPLAIN_H
#define EDGEMARK_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/site.h"
#include "dataplane/burst.h"
#include "dataplane/drop_reason.h"

struct explainer;

enum explain_by {
	BY_RULE,
	BY_TRUST,	   /* no rule matched; the mark that it came with stands for a class */
	BY_DEFAULT,	   /* no rule matched, and no mark is trusted */
	BY_FIRST_FRAGMENT, /* the class of its datagram's first fragment */
	BY_NO_POLICY,	   /* the direction forwards unmodified */
	BY_LINK_CONTROL,
	BY_NOT_IP, /* not IP, or an IP header that makes no sense */
};

struct explain_fields { /* as the parser found them */
	enum frame_kind kind;
	bool ports_known, first_fragment, later_fragment;
	uint8_t tags, pcp, dscp, protocol;
	uint16_t vlan; /* VLAN_NONE where untagged */
	uint16_t source_port, destination_port;
	uint8_t family; /* 4, 6; 0: not IP */
	uint8_t source[16], destination[16];
	uint32_t ip_bytes, frame_bytes;
};

enum { EXPLAIN_MISSES = 3 };

/* A rule that was asked earlier and did not match, by the fields that it failed in. */
struct explain_miss {
	size_t rule;
	unsigned failed; /* bit per enum explain_field */
};

enum explain_field {
	FIELD_SOURCE,
	FIELD_DESTINATION,
	FIELD_PROTOCOL,
	FIELD_PORTS, /* it names a port, and the packet's are not known */
	FIELD_SOURCE_PORT,
	FIELD_DESTINATION_PORT,
	FIELD_VLAN,
	FIELD_DSCP,
	EXPLAIN_FIELDS,
};

struct explanation {
	const struct generation *generation;
	size_t link;
	enum direction direction;
	struct explain_fields in;

	enum explain_by by;
	size_t rule;	       /* index in the policy's ACL; BY_RULE */
	int class_index;       /* CONFIG_NONE: dropped by a rule, link control, PAUSE */
	int leaves_as;	       /* another class where its contract re-marks; else class_index */
	bool link_control;     /* ahead of data */
	enum drop_reason drop; /* DROP_NONE: it left */

	int contract;		/* index in the policy; CONFIG_NONE */
	uint64_t counted_bytes; /* by the contract */

	/* as it left */
	struct explain_fields out;
	bool guarded; /* the egress guard erased the class's DSCP */

	uint64_t queue_limit_packets, queue_limit_bytes; /* UINT64_MAX: none */

	struct explain_miss misses[EXPLAIN_MISSES];
	size_t miss_count;
};

/* 0 or -ENOMEM. */
int explainer_create(const struct generation *g, size_t link, enum direction d,
		     struct explainer **out);
void explainer_destroy(struct explainer *e); /* NULL is allowed */

/* Takes the frame over. now_ns: rises from call to call; buckets fill and fragments are
 * forgotten meanwhile, as in any lane. 0, or -EDEADLK where the frame does not come out
 * again, which would be a defect. */
int explainer_run(struct explainer *e, struct rte_mbuf *frame, uint64_t now_ns,
		  struct explanation *out);

/* The rules before the decisive one that nearly matched, fewest failed fields first, then
 * the latest. (explain_misses.c) */
void explain_find_misses(struct explanation *x, const struct config_acl *acl, size_t end);

#endif
