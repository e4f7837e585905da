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
static inline uint32_t queue_contract_bytes(const struct policy *p, uint8_t class_slot,
					    uint32_t ip_bytes, uint32_t frame_bytes)
{
	const struct contract_profile *c = &p->contracts[p->classes[class_slot].contract];

	return accounted_bytes(c->account, c->overhead_bytes, ip_bytes, frame_bytes);
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
	/* Copies, so that they stay in registers: what is written below might be them. */
	const struct egress_spec egress = p->egress;
	const uint32_t shaped = p->schedule.shaped, coloured = p->schedule.coloured;
	const uint64_t now_ns = b->now_ns;
	const bool follow = (p->call_classes | shaped) != 0;
	uint32_t given = 0; /* a bit per class */

	for (uint32_t i = 0; i < b->count; i++) {
		struct rte_mbuf *frame = b->frame[i];
		const uint8_t slot = b->class_slot[i];
		enum drop_reason reason = b->drop[i];

		if (likely(reason == DROP_NONE)) {
			const uint32_t bytes = frame->pkt_len, ip_bytes = b->ip_bytes[i];
			const struct queue_entry e = {
				.frame = frame,
				.enqueued_ns = now_ns,
				.link_bytes = accounted_bytes(egress.account, egress.overhead_bytes,
							      ip_bytes, bytes),
				.contract_bytes =
					unlikely(shaped >> slot & 1)
						? queue_contract_bytes(p, slot, ip_bytes, bytes)
						: 0,
				.frame_bytes = bytes,
			};

			/* For lane_refuse(), while the mbuf is at hand. */
			rte_mbuf_sched_traffic_class_set(frame, slot);
			reason = schedule_queue(&lane->schedule, &p->schedule, slot,
						coloured >> slot & 1 ? (enum colour)b->colour[i]
								     : COLOUR_GREEN,
						&e);
			given |= (uint32_t)(reason == DROP_NONE) << slot;
		}
		if (unlikely(follow))
			settle_call(lane, p, b, i, reason);
		if (unlikely(reason != DROP_NONE))
			lane_drop(lane, frame, reason, slot, now_ns);
	}
	schedule_activate(&lane->schedule, given);
}
