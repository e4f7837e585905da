/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's side of the scheduler: what leaves its queues is counted as sent, what
 * waited too long as dropped. A contract that shapes is metered here, when its packets
 * leave; the others were when they came. No mbuf is touched here: what there is to know of
 * a frame waits in the queue beside it, and may be out of the cache in the frame itself.
 */
#include "lane_state.h"
#include "pipeline.h"
#include "policy_snapshot.h"
#include "tap.h"

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

/* Before the run is counted as sent: the first frame of all varies from none. */
static inline void count_jitter(struct class_counters *class, const struct scheduled *run)
{
	const uint64_t first_ns = run->waited_ns;
	const uint64_t last_ns = class->tx.packets > 0 ? class->delay_ns_last : first_ns;
	const uint64_t jitter_ns = RTE_MAX(first_ns, last_ns) - RTE_MIN(first_ns, last_ns);

	class->delay_ns_last = run[run->run - 1].waited_ns;
	class->jitter_ns_sum += jitter_ns + run->jitter_ns_sum;
	class->jitter_ns_max =
		RTE_MAX(class->jitter_ns_max, RTE_MAX(jitter_ns, run->jitter_ns_max));
}

static inline void count_run(struct lane *lane, const struct scheduled *run, uint32_t shaped,
			     uint64_t now_ns)
{
	struct class_counters *class = &lane->counters.classes[run->class_slot];

	count_jitter(class, run);
	class->tx.packets += run->run;
	class->tx.bytes += run->run_bytes;
	class->delay_ns_sum += run->waited_ns_sum;
	class->delay_ns_max = RTE_MAX(class->delay_ns_max, run->waited_ns_max);
	if (unlikely(shaped >> run->class_slot & 1))
		for (uint32_t k = 0; k < run->run; k++)
			count_shaped(lane, &run[k], now_ns);
}

uint32_t schedule_dequeue(struct lane *lane, uint64_t now_ns, struct rte_mbuf **out, uint32_t n)
{
	struct scheduled sent[CHUNK];
	uint32_t count = 0, want, got;
	uint64_t bytes = 0;
	struct tap *tap;
	uint32_t shaped;

	if (!lane->policy)
		return 0;
	shaped = lane->policy->schedule.shaped;
	do {
		want = RTE_MIN(n - count, (uint32_t)CHUNK);
		got = schedule_take(&lane->schedule, &lane->policy->schedule, now_ns, sent, want,
				    drop_expired, lane);
		for (uint32_t i = 0; i < got; i += sent[i].run) {
			count_run(lane, &sent[i], shaped, now_ns);
			bytes += sent[i].run_bytes;
		}
		for (uint32_t i = 0; i < got; i++)
			out[count++] = sent[i].frame;
	} while (got == want && count < n);
	lane->counters.tx.packets += count;
	lane->counters.tx.bytes += bytes;
	tap = __atomic_load_n(&lane->tap, __ATOMIC_ACQUIRE);
	if (unlikely(tap != NULL))
		tap_sent(tap, out, count, now_ns);
	return count;
}

uint64_t schedule_next(struct lane *lane, uint64_t now_ns)
{
	if (!lane->policy)
		return SCHEDULE_IDLE;
	return schedule_when(&lane->schedule, &lane->policy->schedule, now_ns);
}
