/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a lane, for the stages. Written and read by the lane's worker, but where
 * a field says otherwise.
 */
#ifndef EDGEMARK_LANE_STATE_H
#define EDGEMARK_LANE_STATE_H

#include <stdint.h>

#include "calls.h"
#include "counters.h"
#include "fragments.h"
#include "lane.h"
#include "meter.h"
#include "protect.h"
#include "schedule.h"
#include "talkers.h"
#include "thinner.h"

struct lane {
	struct lane_counters counters; /* queued and talkers are filled in by the snapshot */
	struct meter contract_meters[CONTRACT_SLOTS];
	struct meter excess_meters[CONTRACT_SLOTS]; /* colour.h */
	struct thinner thinners[CONTRACT_SLOTS];
	struct schedule_state schedule;

	const struct policy *policy; /* adopted last; the worker's */
	uint32_t class_epochs[CLASS_SLOTS];
	uint32_t contract_epochs[CONTRACT_SLOTS];
	uint32_t *rule_epochs; /* by rule slot; written by the worker, read by any thread */
	uint64_t *rule_hits;   /* by rule slot; written by the worker, read by any thread */

	/* Queues' memory: control puts room for the next policy here before it publishes it;
	 * the worker swaps it in when it adopts and leaves what it outgrew. */
	struct queue_storage *storage[CLASS_SLOTS];

	/* Made by control before the first policy that has classes of calls is published. */
	struct call_table *calls;
	struct protect_table *protect; /* likewise, of a contract that protects calls */

	struct fragment_table fragments;
	struct talkers intruders, mismatches;

	int socket_id;
	uint64_t seed;
	lane_drop_tap drop_tap;
	void *drop_context;
	struct tap *tap; /* control: wo, release; worker: ro, acquire; NULL: none */
};

/* Counts a dropped frame by reason and class, shows it to the tap and frees it. */
void lane_drop(struct lane *lane, struct rte_mbuf *frame, enum drop_reason reason,
	       uint8_t class_slot, uint64_t now_ns);

/* NULL: none of the lane's classes has calls. */
static inline struct call *lane_calls(const struct lane *lane)
{
	return lane->calls ? lane->calls->entries : NULL;
}

static inline void tally_add(struct tally *t, uint64_t bytes)
{
	t->packets++;
	t->bytes += bytes;
}

static inline void tally_more(struct tally *t, uint64_t packets, uint64_t bytes)
{
	t->packets += packets;
	t->bytes += bytes;
}

/* Read by other threads at any time: a plain add would be a race, an atomic one a lock. */
static inline void rule_hit(struct lane *lane, uint32_t rule_slot)
{
	uint64_t hits = __atomic_load_n(&lane->rule_hits[rule_slot], __ATOMIC_RELAXED);

	__atomic_store_n(&lane->rule_hits[rule_slot], hits + 1, __ATOMIC_RELAXED);
}

#endif
