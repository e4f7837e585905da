/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scheduler of one egress port: a queue per class, under the link's own rate.
 *
 * Who goes next: link control; the strict classes in the policy's order; the classes
 * whose guaranteed rate covers their head, in turn; then all by deficit round robin
 * (Shreedhar and Varghese, 1995) by weight. A class waits while its ceiling or its shape
 * contract has no room, and the next one goes instead: the link idles only where no
 * class may send. The frame that goes next waits for the link's tokens; a smaller one
 * of a lower class does not overtake it.
 *
 * A guarantee is not charged to the deficit, and what a class borrows beyond it is not
 * charged to the guarantee. The ceiling counts all that the class sends. All of these
 * count bytes by the link's accounting.
 *
 * The profile is constant and part of the policy; the state is the lane's.
 * Thread: control builds profiles; all else is the lane's worker.
 */
#ifndef EDGEMARK_SCHEDULE_H
#define EDGEMARK_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "drop_reason.h"
#include "meter.h"
#include "policy.h"
#include "queue.h"
#include "red.h"

struct rte_mbuf;

struct schedule_class {			/* of a slot without a class: weight 1, no limits */
	struct meter_profile guarantee; /* if in schedule_profile.guaranteed */
	struct meter_profile ceiling;	/* if in .ceiled */
	struct meter_profile shape;	/* if in .shaped */
	uint8_t shape_contract;		/* the slot whose meter it draws from */
	uint64_t max_delay_ns;		/* of a shaped class */
	uint32_t quantum;		/* bytes a round */
	uint32_t limit_packets;
	uint64_t limit_bytes; /* by the link's accounting; UINT64_MAX: none */
	struct red_profile red;
	uint32_t epoch;
};

/* What a frame's way into a queue looks at, apart from all the rest. */
struct schedule_limit {
	uint64_t bytes; /* by the link's accounting; UINT64_MAX: none */
	uint32_t packets;
	bool red;
};

struct schedule_profile {
	bool link_shaped;		   /* else the link always has room */
	uint32_t largest_bytes;		   /* the largest frame by the link's accounting */
	struct meter_profile link;	   /* burst: the largest frame, and LINK_TURN_US */
	struct meter_profile link_control; /* if link_shaped: the cap on what goes ahead */

	/* A bit per class slot; present and strict have link control's, too. */
	uint32_t present, strict, guaranteed, ceiled, shaped, coloured;
	uint32_t strict_count;
	uint8_t strict_order[CLASS_SLOTS]; /* link control is the first */
	struct schedule_limit limits[CLASS_SLOTS];
	struct schedule_class classes[CLASS_SLOTS];
};

struct drr {
	uint32_t deficit[CLASS_SLOTS];
	uint8_t slot; /* whose turn it is */
};

struct schedule_state {
	uint32_t active;	/* bit per class slot with something queued */
	uint8_t guarantee_slot; /* the last one served by its guarantee */
	struct drr drr;
	struct meter link;
	struct meter link_control;
	struct meter *contracts; /* the lane's, by contract slot; not owned */
	uint64_t random;	 /* of RED */
	struct queue queues[CLASS_SLOTS];
	struct meter guarantee[CLASS_SLOTS];
	struct meter ceiling[CLASS_SLOTS];
	struct rte_red red[CLASS_SLOTS];
	uint32_t epoch[CLASS_SLOTS];
};

/* control: the profile of a policy. 0, or -EINVAL where the spec contradicts itself. */
int schedule_profile_build(struct schedule_profile *out, const struct policy_spec *spec);

/* control: empty queues without storage. contracts: CONTRACT_SLOTS meters, which must
 * outlive it; filled and adopted by their owner. Full buckets come with the first
 * schedule_adopt(). */
void schedule_init(struct schedule_state *s, struct meter *contracts, uint64_t seed);

/* worker: goes on under another profile (previous: the one until now, or NULL). Tokens
 * are kept up to the new burst; meters that are new, and those of a slot that changed
 * hands, start full; what is queued stays queued. Storage is swapped apart from this, by
 * queue_adopt(&s->queues[slot], …). */
void schedule_adopt(struct schedule_state *s, const struct schedule_profile *previous,
		    const struct schedule_profile *p, uint64_t now_ns);

/* worker: whether a link-control frame may go ahead of data (then its bytes are taken
 * from the cap, and it is to be offered to SLOT_LINK_CONTROL) or belongs to the default
 * class. Always true where the link has no rate. */
bool schedule_control_conforms(struct schedule_state *s, const struct schedule_profile *p,
			       uint32_t link_bytes, uint64_t now_ns);

/* worker: as schedule_offer(), but the caller says afterwards which classes it gave frames to,
 * once for all of a burst, by schedule_activate(). */
static inline enum drop_reason schedule_queue(struct schedule_state *s,
					      const struct schedule_profile *p, uint8_t class_slot,
					      enum colour colour, const struct queue_entry *e)
{
	const struct schedule_limit *limit = &p->limits[class_slot];
	struct queue *q = &s->queues[class_slot];

	if (unlikely(limit->red) && red_drops(&s->red[class_slot], &p->classes[class_slot].red,
					      colour, queue_count(q), e->enqueued_ns, &s->random))
		return DROP_RED;
	if (unlikely(queue_count(q) >= limit->packets ||
		     q->link_bytes + e->link_bytes > limit->bytes || !queue_put(q, e)))
		return DROP_QUEUE_FULL;
	return DROP_NONE;
}

/* worker: a bit per class slot that was given a frame. */
static inline void schedule_activate(struct schedule_state *s, uint32_t class_slots)
{
	s->active |= class_slots;
}

/* worker: the colour counts where RED is set. DROP_NONE: queued. DROP_QUEUE_FULL, DROP_RED: the
 * frame is still the caller's. */
static inline enum drop_reason schedule_offer(struct schedule_state *s,
					      const struct schedule_profile *p, uint8_t class_slot,
					      enum colour colour, struct rte_mbuf *frame,
					      uint32_t link_bytes, uint32_t contract_bytes,
					      uint64_t now_ns)
{
	const struct queue_entry e = {.frame = frame,
				      .enqueued_ns = now_ns,
				      .link_bytes = link_bytes,
				      .contract_bytes = contract_bytes};
	const enum drop_reason reason = schedule_queue(s, p, class_slot, colour, &e);

	if (reason == DROP_NONE)
		schedule_activate(s, UINT32_C(1) << class_slot);
	return reason;
}

/* A frame that leaves; and with the first of a run, frames of one class that leave one after
 * the other, what there is to say of all of them. */
struct scheduled {
	struct rte_mbuf *frame;
	uint64_t waited_ns;
	uint32_t contract_bytes;
	uint8_t class_slot;
	uint32_t run;	    /* frames, this one included. Only with a run's first, like all below */
	uint64_t run_bytes; /* as they leave, without FCS */
	uint64_t waited_ns_sum, waited_ns_max;
	uint64_t jitter_ns_sum, jitter_ns_max; /* of the waits, from one to the next */
};

/* Called with each frame that waited longer than its shape contract allows; it is the
 * callee's to count and free. */
typedef void (*schedule_expired)(void *context, const struct queue_entry *entry, uint8_t class_slot,
				 uint64_t now_ns);

/* worker: at most n frames that may leave at now_ns, in their order. Frames that waited
 * too long for their shape contract are dropped first, whatever n is. */
uint32_t schedule_take(struct schedule_state *s, const struct schedule_profile *p, uint64_t now_ns,
		       struct scheduled *out, uint32_t n, schedule_expired expired, void *context);

/* worker: the first time, now_ns or later, at which schedule_take() would move or expire a
 * frame, if nothing else arrives; UINT64_MAX where nothing is queued. */
uint64_t schedule_when(struct schedule_state *s, const struct schedule_profile *p, uint64_t now_ns);

/* worker: any queued frame, whatever the rates say; NULL when nothing is left. For the end
 * of a lane. */
struct rte_mbuf *schedule_drain(struct schedule_state *s, uint8_t *class_slot);

#endif
