/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages that pipeline_run() calls, one file each, in the order in which a packet
 * passes them. Thread: the lane's worker. The parser is in parse.h. */
#ifndef EDGEMARK_STAGES_H
#define EDGEMARK_STAGES_H

#include "burst.h"

struct lane;
struct policy;

/* classify.c: fragments, rules, trust → class_slot; an ACL's drop → drop. */
void classify_burst(struct burst *b, const struct policy *p, struct lane *lane);

/* audit.c: marks on arrival that are not their class's; counted, with the source. */
void audit_burst(struct burst *b, const struct policy *p, struct lane *lane);

/* calls.c: which call a packet is of, and what it tells of the call's way here. */
void calls_burst(struct burst *b, const struct policy *p, struct lane *lane);

/* police.c: what a class has above its contract is dropped, re-marked or counted. */
void police_burst(struct burst *b, const struct policy *p, struct lane *lane);

/* mark.c: brings in what the marker will write beside the headers, which the parser has
 * brought in. Worth a call some stages ahead of mark_burst(). */
void mark_prefetch(const struct burst *b, const struct policy *p);

/* mark.c: DSCP, PCP and tags of the frames that live. */
void mark_burst(struct burst *b, const struct policy *p, struct lane *lane);

/* pipeline.c: a queue per class; what it refuses, and all that was dropped, is freed. */
void schedule_enqueue(struct burst *b, const struct policy *p, struct lane *lane);

#endif
