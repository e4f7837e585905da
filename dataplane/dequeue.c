/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's side of the scheduler: what leaves its queues is counted as sent, what
 * waited too long as dropped. A contract that shapes is metered here, when its packets
 * leave; the others were when they came. From here on the mbuf's scheduler field carries
 * the class, for a frame that the port then does not take.
 */
#include "lane_state.h"
#include "pipeline.h"
#include "policy_snapshot.h"

#include <rte_mbuf.h>

enum {
	CHUNK = 64,
};

static struct contract_counters *shape_counters(struct lane *lane, uint8_t class_slot)
{
	const struct schedule_profile *p = &lane->policy->schedule;

	if (!(p->shaped & UINT32_C(1) << class_slot))
		return NULL;
	return &lane->counters.contracts[p->classes[class_slot].shape_contract];
}

static inline struct call *shaped_call(struct lane *lane, const struct rte_mbuf *frame)
{
	return call_of_handle(lane->calls, rte_mbuf_sched_queue_get(frame));
}

static void drop_expired(void *context, const struct queue_entry *e, uint8_t class_slot,
			 uint64_t now_ns)
{
	struct lane *lane = context;
	struct contract_counters *contract = shape_counters(lane, class_slot);
	struct call *call = shaped_call(lane, e->frame);

	if (call)
		call_dropped(call);
	if (contract)
		tally_add(&contract->dropped, e->contract_bytes);
	lane_drop(lane, e->frame, DROP_SHAPE_DELAY, class_slot, now_ns);
}

static void count_shaped(struct lane *lane, const struct scheduled *s, uint64_t now_ns)
{
	struct call *call = shaped_call(lane, s->frame);

	tally_add(&shape_counters(lane, s->class_slot)->admitted, s->contract_bytes);
	if (call)
		call_passed(call, now_ns);
}

/* Before the frame is counted as sent: the first one varies from none. */
static inline void count_jitter(struct class_counters *class, uint64_t waited_ns)
{
	uint64_t last_ns = class->tx.packets > 0 ? class->delay_ns_last : waited_ns;
	uint64_t jitter_ns = RTE_MAX(waited_ns, last_ns) - RTE_MIN(waited_ns, last_ns);

	class->delay_ns_last = waited_ns;
	class->jitter_ns_sum += jitter_ns;
	if (jitter_ns > class->jitter_ns_max)
		class->jitter_ns_max = jitter_ns;
}

static inline void count_sent(struct lane *lane, const struct scheduled *s, uint32_t shaped,
			      uint64_t now_ns)
{
	struct class_counters *class = &lane->counters.classes[s->class_slot];

	count_jitter(class, s->waited_ns);
	tally_add(&class->tx, s->frame->pkt_len);
	class->delay_ns_sum += s->waited_ns;
	if (s->waited_ns > class->delay_ns_max)
		class->delay_ns_max = s->waited_ns;
	if (shaped >> s->class_slot & 1)
		count_shaped(lane, s, now_ns);
}

uint32_t schedule_dequeue(struct lane *lane, uint64_t now_ns, struct rte_mbuf **out, uint32_t n)
{
	struct scheduled sent[CHUNK];
	uint32_t count = 0, want, got;
	uint64_t bytes = 0;
	uint32_t shaped;

	if (!lane->policy)
		return 0;
	shaped = lane->policy->schedule.shaped;
	do {
		want = RTE_MIN(n - count, (uint32_t)CHUNK);
		got = schedule_take(&lane->schedule, &lane->policy->schedule, now_ns, sent, want,
				    drop_expired, lane);
		for (uint32_t i = 0; i < got; i++) {
			count_sent(lane, &sent[i], shaped, now_ns);
			bytes += sent[i].frame->pkt_len;
			rte_mbuf_sched_traffic_class_set(sent[i].frame, sent[i].class_slot);
			out[count++] = sent[i].frame;
		}
	} while (got == want && count < n);
	lane->counters.tx.packets += count;
	lane->counters.tx.bytes += bytes;
	return count;
}

uint64_t schedule_next(struct lane *lane, uint64_t now_ns)
{
	if (!lane->policy)
		return SCHEDULE_IDLE;
	return schedule_when(&lane->schedule, &lane->policy->schedule, now_ns);
}
