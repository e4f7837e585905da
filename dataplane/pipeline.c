/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's way through a lane, on one screen. Each stage fills in or reads the burst's
 * arrays; only the marker touches the frame, and only the last stage moves it.
 */
#include "pipeline.h"

#include "accounting.h"
#include "calls.h"
#include "lane_state.h"
#include "parse.h"
#include "policy_snapshot.h"
#include "stages.h"

void pipeline_run(struct lane *lane, const struct policy *p, struct burst *b)
{
	struct lane_counters *c = &lane->counters;

	c->rx.packets += b->count;
	c->rx.bytes += parse_burst(b, c->anomalies); /* Ethernet, tags, IP, ports */
	mark_prefetch(b, p);			     /* room for a tag */
	classify_burst(b, p, lane);		     /* fragments, rules, trust: the class */
	audit_burst(b, p, lane);		     /* who wears marks that are not his */
	calls_burst(b, p, lane);		     /* which call it is of */
	police_burst(b, p, lane);		     /* contracts: over-rate is dropped now */
	mark_burst(b, p, lane);			     /* DSCP, PCP, tags */
	schedule_enqueue(b, p, lane);		     /* a queue per class */
}

/* After the marker: the frame is as it will leave. */
static uint32_t queue_contract_bytes(const struct policy *p, const struct burst *b, uint32_t i)
{
	const struct contract_profile *c;

	if (!(p->schedule.shaped >> b->class_slot[i] & 1))
		return 0;
	c = &p->contracts[p->classes[b->class_slot[i]].contract];
	return accounted_bytes(c->account, c->overhead_bytes, b->ip_bytes[i], b->frame[i]->pkt_len);
}

static inline enum colour queue_colour(const struct policy *p, const struct burst *b, uint32_t i)
{
	return p->schedule.coloured >> b->class_slot[i] & 1 ? (enum colour)b->colour[i]
							    : COLOUR_GREEN;
}

/* A shaped frame's fate is known when it leaves the queue: it carries its call's name. */
static inline void settle_call(struct lane *lane, const struct policy *p, const struct burst *b,
			       uint32_t i, enum drop_reason reason)
{
	const uint16_t index = b->call[i];

	if (reason != DROP_NONE) { /* the class may be none */
		if (index != CALL_NONE)
			call_dropped(&lane->calls->entries[index]);
	} else if (p->schedule.shaped >> b->class_slot[i] & 1) {
		rte_mbuf_sched_queue_set(b->frame[i], call_handle(lane->calls, index));
	} else if (index != CALL_NONE) {
		call_passed(&lane->calls->entries[index], b->now_ns);
	}
}

void schedule_enqueue(struct burst *b, const struct policy *p, struct lane *lane)
{
	const struct egress_spec *egress = &p->egress;
	const bool follow = (p->call_classes | p->schedule.shaped) != 0;

	for (uint32_t i = 0; i < b->count; i++) {
		struct rte_mbuf *frame = b->frame[i];
		enum drop_reason reason = b->drop[i];
		uint32_t bytes;

		if (reason == DROP_NONE) {
			bytes = accounted_bytes(egress->account, egress->overhead_bytes,
						b->ip_bytes[i], frame->pkt_len);
			reason = schedule_offer(&lane->schedule, &p->schedule, b->class_slot[i],
						queue_colour(p, b, i), frame, bytes,
						queue_contract_bytes(p, b, i), b->now_ns);
		}
		if (follow)
			settle_call(lane, p, b, i, reason);
		if (reason != DROP_NONE)
			lane_drop(lane, frame, reason, b->class_slot[i], b->now_ns);
	}
}
