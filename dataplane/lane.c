/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a lane: created by control, adopted policy after policy by its worker,
 * looked at through snapshots, flushed and destroyed at the end.
 */
#include "lane.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "lane_state.h"
#include "policy_snapshot.h"
#include "tap.h"

struct lane *lane_create(const struct lane_config *config)
{
	struct lane *lane =
		rte_zmalloc_socket("lane", sizeof(*lane), RTE_CACHE_LINE_SIZE, config->socket_id);

	if (lane == NULL)
		return NULL;
	lane->rule_hits = rte_zmalloc_socket("rule hits", RULE_SLOTS * sizeof(*lane->rule_hits),
					     RTE_CACHE_LINE_SIZE, config->socket_id);
	lane->rule_epochs =
		rte_zmalloc_socket("rule epochs", RULE_SLOTS * sizeof(*lane->rule_epochs),
				   RTE_CACHE_LINE_SIZE, config->socket_id);
	if (lane->rule_hits == NULL || lane->rule_epochs == NULL) {
		lane_destroy(lane);
		return NULL;
	}
	lane->socket_id = config->socket_id;
	lane->seed = config->seed;
	lane->drop_tap = config->drop_tap;
	lane->drop_context = config->drop_context;
	schedule_init(&lane->schedule, lane->contract_meters, config->seed);
	return lane;
}

void lane_destroy(struct lane *lane)
{
	struct rte_mbuf *frame;
	uint8_t slot;

	if (lane == NULL)
		return;
	while ((frame = schedule_drain(&lane->schedule, &slot)) != NULL)
		rte_pktmbuf_free(frame);
	for (uint32_t s = 0; s < CLASS_SLOTS; s++)
		queue_storage_free(lane->schedule.queues[s].storage);
	lane_reclaim(lane);
	rte_free(lane->rule_hits);
	rte_free(lane->rule_epochs);
	rte_free(lane->calls);
	rte_free(lane->protect);
	rte_free(lane);
}

static int prepare_calls(struct lane *lane, const struct policy *p)
{
	if (p->call_classes == 0 || lane->calls != NULL)
		return 0;
	lane->calls = rte_zmalloc_socket("calls", sizeof(*lane->calls), RTE_CACHE_LINE_SIZE,
					 lane->socket_id);
	return lane->calls ? 0 : -ENOMEM;
}

static int prepare_protect(struct lane *lane, const struct policy *p)
{
	if (p->protected == 0 || lane->protect != NULL)
		return 0;
	lane->protect = rte_zmalloc_socket("protect", sizeof(*lane->protect), RTE_CACHE_LINE_SIZE,
					   lane->socket_id);
	return lane->protect ? 0 : -ENOMEM;
}

int lane_prepare(struct lane *lane, const struct policy *p)
{
	if (prepare_calls(lane, p) < 0 || prepare_protect(lane, p) < 0)
		return -ENOMEM;
	for (uint32_t left = p->schedule.present; left != 0; left &= left - 1) {
		uint32_t slot = (uint32_t)__builtin_ctz(left);
		uint32_t packets = p->schedule.classes[slot].limit_packets;

		if (queue_capacity(&lane->schedule.queues[slot]) >= packets)
			continue;
		queue_storage_free(lane->storage[slot]);
		lane->storage[slot] = queue_storage_alloc(packets, lane->socket_id);
		if (lane->storage[slot] == NULL)
			return -ENOMEM;
	}
	return 0;
}

void lane_reclaim(struct lane *lane)
{
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		queue_storage_free(lane->storage[slot]);
		lane->storage[slot] = NULL;
	}
}

static void adopt_classes(struct lane *lane, const struct policy *p)
{
	bool changed = false;

	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		if (lane->storage[slot] != NULL)
			lane->storage[slot] =
				queue_adopt(&lane->schedule.queues[slot], lane->storage[slot]);
		if (!p->classes[slot].present || lane->class_epochs[slot] == p->classes[slot].epoch)
			continue;
		memset(&lane->counters.classes[slot], 0, sizeof(lane->counters.classes[slot]));
		lane->class_epochs[slot] = p->classes[slot].epoch;
		changed = true;
	}
	if (changed)
		fragments_forget(&lane->fragments);
}

/* Reserved rates and allowances count as the contract did when they were given. */
static bool counts_alike(const struct policy *a, const struct policy *b, uint32_t slot)
{
	return a->contracts[slot].account == b->contracts[slot].account &&
	       a->contracts[slot].overhead_bytes == b->contracts[slot].overhead_bytes &&
	       a->untagged == b->untagged && a->strip == b->strip;
}

/* Before the contracts take on their new epochs. */
static void adopt_places(struct lane *lane, const struct policy *p, uint64_t now_ns)
{
	const struct policy *before = lane->policy;
	const uint32_t protected_before = before ? before->protected : 0;

	for (uint32_t left = p->protected | protected_before; left != 0; left &= left - 1) {
		const uint8_t slot = (uint8_t)__builtin_ctz(left);
		const struct contract_profile *c = &p->contracts[slot];
		const struct protect_view view = {
			.table = lane->protect,
			.calls = lane_calls(lane),
			.slot = slot,
			.contract = &c->meter,
			.other = &c->other,
			.meter = &lane->contract_meters[slot],
			.now_ns = now_ns,
		};

		if (p->protected & protected_before & UINT32_C(1) << slot &&
		    lane->contract_epochs[slot] == c->epoch && counts_alike(before, p, slot))
			protect_adopt(&view);
		else
			protect_start(view.table, view.calls, slot, &c->other, now_ns);
	}
}

static void adopt_contracts(struct lane *lane, const struct policy *p, uint64_t now_ns)
{
	for (uint32_t slot = 0; slot < CONTRACT_SLOTS; slot++) {
		const struct contract_profile *c = &p->contracts[slot];
		bool known = lane->policy != NULL && lane->policy->contracts[slot].present;

		if (!c->present)
			continue;
		if (known && lane->contract_epochs[slot] == c->epoch) {
			/* what was earned so far was earned at the old rate */
			if (lane->policy->contracts[slot].exceed == EXCEED_COLOUR)
				colour_turn(lane, lane->policy, (uint8_t)slot, now_ns);
			else
				meter_refill(&lane->contract_meters[slot],
					     &lane->policy->contracts[slot].meter, now_ns);
			meter_adopt(&lane->contract_meters[slot], &c->meter);
			colour_adopt(lane, p, true, (uint8_t)slot, now_ns);
			continue;
		}
		meter_fill(&lane->contract_meters[slot], &c->meter, now_ns);
		colour_adopt(lane, p, false, (uint8_t)slot, now_ns);
		thinner_start(&lane->thinners[slot], lane->seed + slot);
		if (lane->contract_epochs[slot] != c->epoch)
			memset(&lane->counters.contracts[slot], 0,
			       sizeof(lane->counters.contracts[slot]));
		lane->contract_epochs[slot] = c->epoch;
	}
}

static void adopt_rules(struct lane *lane, const struct policy *p)
{
	const struct classifier *c = p->classifier;

	if (lane->policy != NULL && lane->policy->classifier == c)
		return;
	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule_spec *r = &c->rules[i];

		if (lane->rule_epochs[r->slot] == r->epoch)
			continue;
		__atomic_store_n(&lane->rule_epochs[r->slot], r->epoch, __ATOMIC_RELAXED);
		__atomic_store_n(&lane->rule_hits[r->slot], 0, __ATOMIC_RELAXED);
	}
}

void lane_adopt(struct lane *lane, const struct policy *p, uint64_t now_ns)
{
	adopt_classes(lane, p);
	adopt_places(lane, p, now_ns);
	adopt_contracts(lane, p, now_ns);
	adopt_rules(lane, p);
	schedule_adopt(&lane->schedule, lane->policy ? &lane->policy->schedule : NULL, &p->schedule,
		       now_ns);
	lane->policy = p;
}

void lane_drop(struct lane *lane, struct rte_mbuf *frame, enum drop_reason reason,
	       uint8_t class_slot, uint64_t now_ns)
{
	struct tap *tap;

	lane->counters.drops[reason]++;
	tally_add(&lane->counters.dropped, frame->pkt_len);
	if (class_slot != SLOT_NONE)
		tally_add(&lane->counters.classes[class_slot].dropped, frame->pkt_len);
	if (unlikely(lane->drop_tap != NULL))
		lane->drop_tap(lane->drop_context, frame, reason, class_slot, now_ns);
	tap = __atomic_load_n(&lane->tap, __ATOMIC_ACQUIRE);
	if (unlikely(tap != NULL))
		tap_dropped(tap, frame, reason, class_slot, now_ns);
	rte_pktmbuf_free(frame);
}

void lane_set_tap(struct lane *lane, struct tap *t)
{
	__atomic_store_n(&lane->tap, t, __ATOMIC_RELEASE);
}

/* The mbuf's scheduler field carries the class from schedule_enqueue() on. */
uint8_t lane_frame_class(const struct rte_mbuf *frame)
{
	return rte_mbuf_sched_traffic_class_get(frame);
}

/* Of a class whose slot changed hands since there may be nothing left to take back. */
static void untally(struct tally *t, uint64_t bytes)
{
	t->packets -= RTE_MIN(t->packets, UINT64_C(1));
	t->bytes -= RTE_MIN(t->bytes, bytes);
}

void lane_refuse(struct lane *lane, struct rte_mbuf **frames, uint32_t n, enum drop_reason reason,
		 uint64_t now_ns)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t slot = lane_frame_class(frames[i]);

		untally(&lane->counters.tx, frames[i]->pkt_len);
		untally(&lane->counters.classes[slot].tx, frames[i]->pkt_len);
		lane_drop(lane, frames[i], reason, slot, now_ns);
	}
}

void lane_flush(struct lane *lane, uint64_t now_ns)
{
	struct rte_mbuf *frame;
	uint8_t slot;

	while ((frame = schedule_drain(&lane->schedule, &slot)) != NULL)
		lane_drop(lane, frame, DROP_TX, slot, now_ns);
}

static void count_queued(const struct lane *lane, struct lane_counters *out)
{
	memset(&out->queued, 0, sizeof(out->queued));
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		const struct queue *q = &lane->schedule.queues[slot];
		struct tally *queued = &out->classes[slot].queued;

		memset(queued, 0, sizeof(*queued));
		for (uint32_t k = 0; k < queue_count(q); k++)
			tally_add(queued, queue_at(q, k)->link_bytes);
		out->queued.packets += queued->packets;
		out->queued.bytes += queued->bytes;
	}
}

static void show_places(const struct lane *lane, struct lane_counters *out)
{
	for (uint32_t left = lane->policy ? lane->policy->protected : 0; left; left &= left - 1) {
		const uint32_t slot = (uint32_t)__builtin_ctz(left);
		const struct protect *c = &lane->protect->contracts[slot];

		out->contracts[slot].places = c->holders;
		out->contracts[slot].reserved_bps = c->rate_bps;
		out->contracts[slot].reserved_burst_bytes = c->allowance_bytes;
	}
}

void lane_snapshot(const struct lane *lane, struct lane_counters *out)
{
	*out = lane->counters;
	memcpy(out->class_epochs, lane->class_epochs, sizeof(out->class_epochs));
	memcpy(out->contract_epochs, lane->contract_epochs, sizeof(out->contract_epochs));
	count_queued(lane, out);
	show_places(lane, out);
	if (lane->calls != NULL) {
		out->calls_begun = lane->calls->begun;
		out->calls_untracked = lane->calls->untracked;
	}
	talkers_top(&lane->intruders, out->intruder_talkers, TALKERS_SHOWN);
	talkers_top(&lane->mismatches, out->mismatch_talkers, TALKERS_SHOWN);
}

uint32_t lane_calls_copy(const struct lane *lane, uint32_t *from, struct call *out, uint32_t n)
{
	const struct call_table *t = lane->calls;
	uint32_t count = 0, end;

	if (t == NULL) {
		*from = CALL_ENTRIES;
		return 0;
	}
	end = RTE_MIN(*from + CALL_SCAN, (uint32_t)CALL_ENTRIES);
	for (; *from < end && count < n; ++*from)
		if (t->signature[*from / CALL_WAYS][*from % CALL_WAYS] != 0)
			out[count++] = t->entries[*from];
	return count;
}

void lane_mark(struct lane *lane)
{
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		struct class_counters *c = &lane->counters.classes[slot];

		c->delay_ns_max_earlier = RTE_MAX(c->delay_ns_max_earlier, c->delay_ns_max);
		c->jitter_ns_max_earlier = RTE_MAX(c->jitter_ns_max_earlier, c->jitter_ns_max);
		c->delay_ns_max = c->jitter_ns_max = 0;
	}
}

uint32_t lane_rule_epoch(const struct lane *lane, uint32_t rule_slot)
{
	return __atomic_load_n(&lane->rule_epochs[rule_slot], __ATOMIC_RELAXED);
}

uint64_t lane_rule_hits(const struct lane *lane, uint32_t rule_slot)
{
	return __atomic_load_n(&lane->rule_hits[rule_slot], __ATOMIC_RELAXED);
}
