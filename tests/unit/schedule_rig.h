/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scheduler alone, with a policy of a few classes, on a clock of the test's. The
 * scheduler never looks into a frame, so a frame here is a number in a pointer's place.
 */
#ifndef EDGEMARK_TESTS_SCHEDULE_RIG_H
#define EDGEMARK_TESTS_SCHEDULE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "schedule.h"

enum {
	MBPS = 1000000,
	US = 1000,
	MS = 1000 * US,
	RIG_EXPIRED_MAX = 64,
	TURN_BYTES = LINK_TURN_US, /* of 8 Mbit/s: what the link's bucket has beside a frame */
};

#define SECOND UINT64_C(1000000000)

struct rig {
	struct class_spec classes[CLASSES_MAX];
	struct contract_spec contracts[CONTRACTS_MAX];
	struct policy_spec spec;
	struct schedule_profile profile;
	struct schedule_state state;
	struct meter meters[CONTRACT_SLOTS];
	uint64_t now_ns;
	uint32_t expired;
	uintptr_t expired_frame[RIG_EXPIRED_MAX];
};

/* A class with what config would give it: weight 1, 100 ms of queue. */
static inline struct class_spec *rig_class(struct rig *r, uint8_t slot)
{
	struct class_spec *c = &r->classes[r->spec.class_count++];

	*c = (struct class_spec){.slot = slot,
				 .weight = 1,
				 .queue_ns = 100 * MS,
				 .queue_packets = QUEUE_PACKETS_DEFAULT};
	return c;
}

static inline struct contract_spec *rig_shape(struct rig *r, uint8_t slot, uint32_t class_slots)
{
	struct contract_spec *c = &r->contracts[r->spec.contract_count++];

	*c = (struct contract_spec){.slot = slot,
				    .class_slots = class_slots,
				    .cir_bps = MBPS,
				    .burst_bytes = 3036,
				    .exceed = EXCEED_SHAPE,
				    .max_delay_ns = SECOND};
	return c;
}

/* A link whose frames count as they are (l2) and are at most 1,500 bytes. */
static inline void rig_init(struct rig *r, uint64_t link_bps)
{
	memset(r, 0, sizeof(*r));
	r->now_ns = SECOND;
	r->spec.classes = r->classes;
	r->spec.contracts = r->contracts;
	r->spec.egress = (struct egress_spec){
		.rate_bps = link_bps, .account = ACCOUNT_L2, .max_frame_bytes = 1500};
}

static inline void rig_storage(struct rig *r)
{
	for (uint8_t slot = 0; slot < CLASS_SLOTS; slot++) {
		uint32_t limit = r->profile.classes[slot].limit_packets;
		struct queue_storage *storage;

		if (!(r->profile.present & UINT32_C(1) << slot) ||
		    queue_capacity(&r->state.queues[slot]) >= limit)
			continue;
		storage = queue_storage_alloc(limit, -1);
		assert_non_null(storage);
		queue_storage_free(queue_adopt(&r->state.queues[slot], storage));
	}
}

static inline void rig_start(struct rig *r)
{
	assert_int_equal(schedule_profile_build(&r->profile, &r->spec), 0);
	schedule_init(&r->state, r->meters, 1);
	schedule_adopt(&r->state, NULL, &r->profile, r->now_ns);
	for (size_t i = 0; i < r->spec.contract_count; i++) {
		struct contract_spec *c = &r->contracts[i];
		struct meter_profile p = meter_profile(c->cir_bps, c->burst_bytes);

		meter_fill(&r->meters[c->slot], &p, r->now_ns);
	}
	rig_storage(r);
}

/* Goes on under the spec as it stands now. */
static inline void rig_reload(struct rig *r)
{
	struct schedule_profile previous = r->profile;

	assert_int_equal(schedule_profile_build(&r->profile, &r->spec), 0);
	schedule_adopt(&r->state, &previous, &r->profile, r->now_ns);
	rig_storage(r);
}

static inline void rig_stop(struct rig *r)
{
	for (uint8_t slot = 0; slot < CLASS_SLOTS; slot++)
		queue_storage_free(r->state.queues[slot].storage);
}

/* The contract counts as many bytes as the link. */
static inline enum drop_reason rig_offer(struct rig *r, uint8_t slot, uintptr_t frame,
					 uint32_t bytes)
{
	return schedule_offer(&r->state, &r->profile, slot, COLOUR_GREEN, (struct rte_mbuf *)frame,
			      bytes, bytes, r->now_ns);
}

static inline void rig_expired(void *context, const struct queue_entry *e, uint8_t slot,
			       uint64_t now_ns)
{
	struct rig *r = context;

	(void)slot;
	(void)now_ns;
	if (r->expired < RIG_EXPIRED_MAX)
		r->expired_frame[r->expired] = (uintptr_t)e->frame;
	r->expired++;
}

static inline uint32_t rig_take(struct rig *r, struct scheduled *out, uint32_t n)
{
	return schedule_take(&r->state, &r->profile, r->now_ns, out, n, rig_expired, r);
}

/* One frame now: its number, or 0. */
static inline uintptr_t rig_next(struct rig *r)
{
	struct scheduled out;

	return rig_take(r, &out, 1) ? (uintptr_t)out.frame : 0;
}

static inline uint64_t rig_when(struct rig *r)
{
	return schedule_when(&r->state, &r->profile, r->now_ns);
}

#endif
