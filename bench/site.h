/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lane with everything on: untagged frames get a tag with their class's PCP, voice has
 * a contract (`random`, if not another) and goes first, the other six queues share the link's rate
 * by weight, or each with a guarantee where asked for. Built by the daemon's own functions. Its
 * clock is virtual: each burst takes as long as its frames on the wire.
 */
#ifndef EDGEMARK_SITE_H
#define EDGEMARK_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "frames.h"

struct lane;
struct policy;

enum {
	BURST = 32,
	TAG_VID = 110,
};

struct site {
	struct policy *policy;
	struct lane *lane;
	uint64_t now_ns;
	uint64_t turn_ns; /* between two dequeues */
	uint32_t turns;	  /* dequeues a burst: the link's bucket is one jumbo frame */
	struct rte_mbuf **sent;
	uint32_t sent_count;
};

struct site_options {
	const struct rule_set *rules;
	uint32_t contract_percent; /* of the voice that is offered */
	bool class_rates;	   /* a guaranteed rate for each class but voice */
	bool calls;		   /* voice is followed call by call */
	enum exceed exceed;	   /* of the contract */
	uint64_t burst_ns;	   /* between two bursts; 0: as long as their frames take */
};

/* 0 or a negative errno. */
int site_create(struct site *s, const struct site_options *o, const struct frames *f);
void site_destroy(struct site *s);

/* All frames once, from a burst in memory to what leaves the scheduler; cycles. */
uint64_t site_pass(struct site *s, const struct frames *f);

/* The same stage by stage; adds to cycles[STAGES], stamps included. */
enum stage {
	STAGE_PARSE,
	STAGE_CLASSIFY,
	STAGE_AUDIT,
	STAGE_CALLS,
	STAGE_POLICE,
	STAGE_MARK,
	STAGE_ENQUEUE,
	STAGE_DEQUEUE,
	STAGES
};
void site_pass_by_stage(struct site *s, const struct frames *f, uint64_t *cycles);

/* After a pass, unmeasured: what is still queued is brought out. */
void site_drain(struct site *s);

/* What became of the voice under its contract, so far. */
struct site_contract {
	double excess_percent;	 /* of its packets: dropped, or counted as over the rate */
	double admitted_percent; /* bytes, of CIR * t + burst */
};
struct site_contract site_contract(const struct site *s);

/* Whether every class got the packets it must have got in `passes`, what was sent bears
 * the marks, and nothing is missing; says on stderr what is wrong. */
bool site_is_right(const struct site *s, const struct frames *f, uint64_t passes);

#endif
