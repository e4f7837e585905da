/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who leaves next, and when.
 *
 * A call has one time, so each bucket is refilled at most once in it. What the buckets
 * allow is kept as two bit masks (struct turn): the classes that are held, and those
 * whose guarantee covers their head. Only classes with a ceiling, a shape contract or a
 * guarantee are ever looked at for that; for the others choosing is a few bit operations.
 *
 * schedule_when() asks the same pick() what would go at each time at which a mask
 * changes, and is exact because of it.
 */
#include "schedule.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

struct turn {
	uint64_t now_ns;
	uint32_t metered; /* have a bucket of their own */
	uint32_t held;	  /* have no room under their ceiling or shape contract */
	uint32_t covered; /* the guarantee has their head's bytes */
};

static inline uint32_t bit(uint8_t slot)
{
	return UINT32_C(1) << slot;
}

static inline uint8_t lowest(uint32_t slots)
{
	return (uint8_t)__builtin_ctz(slots);
}

/* The next of the slots after `after`, in a circle. */
static inline uint8_t next_in_turn(uint32_t slots, uint8_t after)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): a slot is below 32 */
	uint32_t higher = slots & ~((UINT32_C(2) << after) - 1);

	return lowest(higher ? higher : slots);
}

/* A frame larger than the bucket may leave when the bucket is full. */
static inline bool covers(const struct meter *m, const struct meter_profile *p, uint64_t bytes)
{
	return meter_has(m, bytes) || m->tokens_nb >= (int64_t)p->burst_nb;
}

static inline uint32_t metered(const struct schedule_profile *p)
{
	return p->ceiled | p->shaped | p->guaranteed;
}

static inline uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void schedule_init(struct schedule_state *s, struct meter *contracts, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->contracts = contracts;
	s->random = seed | 1; /* xorshift stays at 0 */
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++)
		rte_red_rt_data_init(&s->red[slot]);
}

static void adopt_meter(struct meter *m, const struct meter_profile *previous,
			const struct meter_profile *p, uint64_t now_ns)
{
	if (!previous) {
		meter_fill(m, p, now_ns);
		return;
	}
	meter_refill(m, previous, now_ns);
	meter_adopt(m, p);
}

static void adopt_class(struct schedule_state *s, const struct schedule_profile *previous,
			const struct schedule_profile *p, uint8_t slot, uint64_t now_ns)
{
	const struct schedule_class *c = &p->classes[slot];
	const struct schedule_class *old = NULL;

	if (previous && previous->present & bit(slot) && s->epoch[slot] == c->epoch)
		old = &previous->classes[slot];
	if (p->guaranteed & bit(slot))
		adopt_meter(&s->guarantee[slot],
			    old && previous->guaranteed & bit(slot) ? &old->guarantee : NULL,
			    &c->guarantee, now_ns);
	if (p->ceiled & bit(slot))
		adopt_meter(&s->ceiling[slot],
			    old && previous->ceiled & bit(slot) ? &old->ceiling : NULL, &c->ceiling,
			    now_ns);
	if (!old || old->red.unit_shift != c->red.unit_shift ||
	    old->red.config[0].wq_log2 != c->red.config[0].wq_log2)
		rte_red_rt_data_init(&s->red[slot]);
	if (!old)
		s->drr.deficit[slot] = 0;
	s->epoch[slot] = c->epoch;
}

void schedule_adopt(struct schedule_state *s, const struct schedule_profile *previous,
		    const struct schedule_profile *p, uint64_t now_ns)
{
	bool was_shaped = previous && previous->link_shaped;

	if (p->link_shaped) {
		adopt_meter(&s->link, was_shaped ? &previous->link : NULL, &p->link, now_ns);
		adopt_meter(&s->link_control, was_shaped ? &previous->link_control : NULL,
			    &p->link_control, now_ns);
	}
	for (uint32_t slots = p->present; slots; slots &= slots - 1)
		adopt_class(s, previous, p, lowest(slots), now_ns);
}

bool schedule_control_conforms(struct schedule_state *s, const struct schedule_profile *p,
			       uint32_t link_bytes, uint64_t now_ns)
{
	if (!p->link_shaped)
		return true;
	meter_refill(&s->link_control, &p->link_control, now_ns);
	if (!meter_has(&s->link_control, link_bytes))
		return false;
	meter_take(&s->link_control, link_bytes);
	return true;
}

static void refill(struct schedule_state *s, const struct schedule_profile *p, uint64_t now_ns)
{
	if (p->link_shaped)
		meter_refill(&s->link, &p->link, now_ns);
	for (uint32_t slots = s->active & metered(p); slots; slots &= slots - 1) {
		uint8_t slot = lowest(slots);
		const struct schedule_class *c = &p->classes[slot];

		if (p->ceiled & bit(slot))
			meter_refill(&s->ceiling[slot], &c->ceiling, now_ns);
		if (p->guaranteed & bit(slot))
			meter_refill(&s->guarantee[slot], &c->guarantee, now_ns);
		if (p->shaped & bit(slot))
			meter_refill(&s->contracts[c->shape_contract], &c->shape, now_ns);
	}
}

/* Sets the class's bits in the turn's masks; its meters are refilled. */
static void inspect(const struct schedule_state *s, const struct schedule_profile *p,
		    struct turn *t, uint8_t slot)
{
	const struct schedule_class *c = &p->classes[slot];
	const struct queue_entry *head = queue_head(&s->queues[slot]);
	bool room = true, covered = false;

	if (p->ceiled & bit(slot))
		room = covers(&s->ceiling[slot], &c->ceiling, head->link_bytes);
	if (p->shaped & bit(slot))
		room = room &&
		       covers(&s->contracts[c->shape_contract], &c->shape, head->contract_bytes);
	if (p->guaranteed & bit(slot))
		covered = covers(&s->guarantee[slot], &c->guarantee, head->link_bytes);
	t->held = room ? t->held & ~bit(slot) : t->held | bit(slot);
	t->covered = covered ? t->covered | bit(slot) : t->covered & ~bit(slot);
}

static void inspect_all(const struct schedule_state *s, const struct schedule_profile *p,
			struct turn *t, uint32_t slots)
{
	for (slots &= s->active; slots; slots &= slots - 1)
		inspect(s, p, t, lowest(slots));
}

/* Deficit round robin: a class keeps its turn while its deficit has its head's bytes. A
 * class that is alone needs no turn. SLOT_NONE: the turn passes on. */
static inline uint8_t drr_keep(const struct schedule_state *s, const struct drr *drr,
			       uint32_t ready)
{
	uint8_t slot = drr->slot;

	if ((ready & (ready - 1)) == 0)
		return lowest(ready);
	if (ready & bit(slot) && drr->deficit[slot] >= queue_head(&s->queues[slot])->link_bytes)
		return slot;
	return SLOT_NONE;
}

/* The deficit of a class that the turn comes to: a quantum more. */
static inline uint32_t drr_grown(const struct schedule_profile *p, uint8_t slot, uint32_t deficit,
				 uint32_t head_bytes)
{
	/* A class held in the midst of its turns saves no more than one of them. */
	const uint32_t most = p->classes[slot].quantum +
			      (head_bytes > p->largest_bytes ? head_bytes : p->largest_bytes);
	const uint32_t grown = deficit + p->classes[slot].quantum;

	return grown > most ? most : grown;
}

/* The turn passes on: each class gets its quantum, until one has its head's bytes. */
static uint8_t drr_pass(const struct schedule_state *s, const struct schedule_profile *p,
			struct drr *drr, uint32_t ready)
{
	uint8_t slot = drr->slot;

	for (;;) {
		uint32_t head_bytes;

		slot = next_in_turn(ready, slot);
		head_bytes = queue_head(&s->queues[slot])->link_bytes;
		drr->deficit[slot] = drr_grown(p, slot, drr->deficit[slot], head_bytes);
		if (drr->deficit[slot] >= head_bytes)
			break;
	}
	drr->slot = slot;
	return slot;
}

/* Where the turn passes to, and what that does to the deficits: mostly to one of them alone,
 * so that a copy of all is for the rare case. */
struct pass {
	bool passes;
	bool far; /* beyond the next class */
	uint8_t slot;
	uint32_t deficit;
	struct drr all; /* if far */
};

static inline uint8_t drr_plan(const struct schedule_state *s, const struct schedule_profile *p,
			       struct pass *pass, uint32_t ready)
{
	const uint8_t slot = next_in_turn(ready, s->drr.slot);
	const uint32_t head_bytes = queue_head(&s->queues[slot])->link_bytes;

	pass->passes = true;
	pass->slot = slot;
	pass->deficit = drr_grown(p, slot, s->drr.deficit[slot], head_bytes);
	pass->far = pass->deficit < head_bytes;
	if (likely(!pass->far))
		return slot;
	pass->all = s->drr;
	return drr_pass(s, p, &pass->all, ready);
}

static inline void drr_commit(struct drr *drr, const struct pass *pass)
{
	if (unlikely(pass->far)) {
		*drr = pass->all;
		return;
	}
	drr->slot = pass->slot;
	drr->deficit[pass->slot] = pass->deficit;
}

/* The class of `ready` (not 0) that goes next, or SLOT_NONE where DRR's turn has to pass on
 * for that. Changes nothing. */
static inline uint8_t pick_in_turn(const struct schedule_state *s, const struct schedule_profile *p,
				   const struct turn *t, uint32_t ready)
{
	if (ready & p->strict) {
		for (uint32_t i = 0; i < p->strict_count; i++)
			if (ready & bit(p->strict_order[i]))
				return p->strict_order[i];
	}
	if (ready & t->covered)
		return next_in_turn(ready & t->covered, s->guarantee_slot);
	return drr_keep(s, &s->drr, ready);
}

/* The class that goes next, or SLOT_NONE. Changes nothing: where DRR's turn passes on, that
 * is only planned. */
static inline uint8_t pick(const struct schedule_state *s, const struct schedule_profile *p,
			   const struct turn *t, struct pass *pass)
{
	uint32_t ready = s->active & ~t->held;
	uint8_t slot;

	pass->passes = false;
	if (ready == 0)
		return SLOT_NONE;
	slot = pick_in_turn(s, p, t, ready);
	return slot != SLOT_NONE ? slot : drr_plan(s, p, pass, ready);
}

/* The class that goes now, or SLOT_NONE. The turn is taken only by a frame that leaves: how
 * often somebody asks before the link has room must not change who goes. */
static inline uint8_t pick_affordable(struct schedule_state *s, const struct schedule_profile *p,
				      const struct turn *t)
{
	struct pass pass;
	uint8_t slot = pick(s, p, t, &pass);

	if (slot == SLOT_NONE)
		return SLOT_NONE;
	if (p->link_shaped && !covers(&s->link, &p->link, queue_head(&s->queues[slot])->link_bytes))
		return SLOT_NONE;
	if (pass.passes)
		drr_commit(&s->drr, &pass);
	return slot;
}

static void queue_emptied(struct schedule_state *s, uint8_t slot, uint64_t now_ns)
{
	s->active &= ~bit(slot);
	s->drr.deficit[slot] = 0;
	rte_red_mark_queue_empty(&s->red[slot], now_ns);
}

static struct queue_entry remove_head(struct schedule_state *s, uint8_t slot, uint64_t now_ns)
{
	struct queue *q = &s->queues[slot];
	struct queue_entry e = queue_take(q);

	if (queue_count(q) == 0)
		queue_emptied(s, slot, now_ns);
	return e;
}

static inline uint64_t waited_ns(const struct queue_entry *e, uint64_t now_ns)
{
	return now_ns > e->enqueued_ns ? now_ns - e->enqueued_ns : 0;
}

/* A run: the queue's first `count` entries, 1 or more. Summed up here, where each is at hand
 * and the sums are in registers: a sum in memory waits for the one before. */
static inline void hand_out(struct scheduled *out, const struct queue *q, uint32_t count,
			    uint8_t slot, uint64_t now_ns)
{
	uint64_t before_ns = waited_ns(queue_head(q), now_ns);
	uint64_t bytes = 0, sum_ns = 0, max_ns = 0, jitter_sum_ns = 0, jitter_max_ns = 0;

	for (uint32_t k = 0; k < count; k++) {
		const struct queue_entry *e = queue_at(q, k);
		const uint64_t ns = waited_ns(e, now_ns);
		const uint64_t jitter_ns = later(ns, before_ns) - earlier(ns, before_ns);

		out[k].frame = e->frame;
		out[k].waited_ns = before_ns = ns;
		out[k].contract_bytes = e->contract_bytes;
		out[k].class_slot = slot;
		bytes += e->frame_bytes;
		sum_ns += ns;
		max_ns = later(max_ns, ns);
		jitter_sum_ns += jitter_ns;
		jitter_max_ns = later(jitter_max_ns, jitter_ns);
	}
	out->run = count;
	out->run_bytes = bytes;
	out->waited_ns_sum = sum_ns;
	out->waited_ns_max = max_ns;
	out->jitter_ns_sum = jitter_sum_ns;
	out->jitter_ns_max = jitter_max_ns;
}

static inline uint32_t less(uint32_t deficit, uint32_t bytes)
{
	return deficit > bytes ? deficit - bytes : 0;
}

/* Takes a frame's bytes from its class's own buckets. True: the guarantee paid for it. */
static bool charge_class(struct schedule_state *s, const struct schedule_profile *p,
			 const struct turn *t, uint8_t slot, const struct queue_entry *e)
{
	if (p->ceiled & bit(slot))
		meter_take(&s->ceiling[slot], e->link_bytes);
	if (p->shaped & bit(slot))
		meter_take(&s->contracts[p->classes[slot].shape_contract], e->contract_bytes);
	if (!(t->covered & bit(slot)) || p->strict & bit(slot))
		return false;
	meter_take(&s->guarantee[slot], e->link_bytes);
	s->guarantee_slot = slot;
	return true;
}

/* Sends the head of a class with buckets of its own, and looks at the next one's needs. */
static void send_metered(struct schedule_state *s, const struct schedule_profile *p, struct turn *t,
			 uint8_t slot, struct scheduled *out)
{
	const struct queue_entry *head = queue_head(&s->queues[slot]);

	if (p->link_shaped)
		meter_take(&s->link, head->link_bytes);
	if (!charge_class(s, p, t, slot, head) && !(p->strict & bit(slot)))
		s->drr.deficit[slot] = less(s->drr.deficit[slot], head->link_bytes);
	hand_out(out, &s->queues[slot], 1, slot, t->now_ns);
	(void)remove_head(s, slot, t->now_ns);
	/* Classes may share a shape contract. */
	inspect_all(s, p, t, p->shaped & bit(slot) ? p->shaped : bit(slot));
}

struct run {
	uint32_t packets;
	uint64_t bytes; /* by the link's accounting */
};

/* What of the queue's first `most` entries the link's tokens and the deficit cover. Where they
 * cover all that waits, no entry needs to be looked at. */
static inline struct run covered_run(const struct schedule_state *s,
				     const struct schedule_profile *p, const struct queue *q,
				     uint32_t most, uint64_t deficit)
{
	struct meter link = s->link;
	struct run run = {0};

	if (most == queue_count(q) && deficit >= q->link_bytes &&
	    (!p->link_shaped || meter_has(&link, q->link_bytes)))
		return (struct run){.packets = most, .bytes = q->link_bytes};
	for (; run.packets < most; run.packets++) {
		const struct queue_entry *e = queue_at(q, run.packets);

		if (p->link_shaped && !covers(&link, &p->link, e->link_bytes))
			break;
		if (deficit < run.bytes + e->link_bytes)
			break;
		meter_take(&link, e->link_bytes);
		run.bytes += e->link_bytes;
	}
	return run;
}

/* Sends from a class that only the link meters for as long as pick() would choose it again:
 * its frames change nothing that the others are chosen by. At least one, at most n. */
static uint32_t send_run(struct schedule_state *s, const struct schedule_profile *p,
			 const struct turn *t, uint8_t slot, struct scheduled *out, uint32_t n)
{
	const bool by_deficit = !(p->strict & bit(slot));
	const bool alone = (s->active & ~t->held) == bit(slot);
	struct queue *q = &s->queues[slot];
	uint32_t *deficit = &s->drr.deficit[slot];
	const struct run run = covered_run(s, p, q, RTE_MIN(n, queue_count(q)),
					   by_deficit && !alone ? *deficit : UINT64_MAX);

	if (p->link_shaped)
		meter_take(&s->link, run.bytes);
	if (by_deficit)
		*deficit = *deficit > run.bytes ? *deficit - (uint32_t)run.bytes : 0;
	hand_out(out, q, run.packets, slot, t->now_ns);
	queue_advance(q, run.packets, run.bytes);
	if (queue_count(q) == 0)
		queue_emptied(s, slot, t->now_ns);
	return run.packets;
}

/* The first time at which the head has waited too long. */
static inline uint64_t expiry_ns(const struct schedule_state *s, const struct schedule_profile *p,
				 uint8_t slot)
{
	return queue_head(&s->queues[slot])->enqueued_ns + p->classes[slot].max_delay_ns + 1;
}

static void expire(struct schedule_state *s, const struct schedule_profile *p, uint64_t now_ns,
		   schedule_expired expired, void *context)
{
	for (uint32_t slots = s->active & p->shaped; slots; slots &= slots - 1) {
		uint8_t slot = lowest(slots);

		while (s->active & bit(slot) && expiry_ns(s, p, slot) <= now_ns) {
			struct queue_entry e = remove_head(s, slot, now_ns);

			expired(context, &e, slot, now_ns);
		}
	}
}

uint32_t schedule_take(struct schedule_state *s, const struct schedule_profile *p, uint64_t now_ns,
		       struct scheduled *out, uint32_t n, schedule_expired expired, void *context)
{
	struct turn t = {.now_ns = now_ns, .metered = metered(p)};
	uint32_t count = 0;

	if (s->active & p->shaped)
		expire(s, p, now_ns, expired, context);
	if (s->active == 0)
		return 0;
	refill(s, p, now_ns);
	inspect_all(s, p, &t, t.metered);
	while (count < n) {
		uint8_t slot = pick_affordable(s, p, &t);

		if (slot == SLOT_NONE)
			break;
		if (t.metered & bit(slot))
			send_metered(s, p, &t, slot, &out[count++]);
		else
			count += send_run(s, p, &t, slot, out + count, n - count);
	}
	return count;
}

/* When each metered class gets its room, and when its guarantee covers it. */
struct horizon {
	uint64_t room_ns[CLASS_SLOTS];
	uint64_t covered_ns[CLASS_SLOTS];
};

static void look_ahead(const struct schedule_state *s, const struct schedule_profile *p,
		       uint32_t slots, uint64_t now_ns, struct horizon *h)
{
	for (; slots; slots &= slots - 1) {
		uint8_t slot = lowest(slots);
		const struct schedule_class *c = &p->classes[slot];
		const struct queue_entry *head = queue_head(&s->queues[slot]);

		h->room_ns[slot] = now_ns;
		h->covered_ns[slot] = UINT64_MAX;
		if (p->ceiled & bit(slot))
			h->room_ns[slot] =
				later(now_ns, meter_ready_ns(&s->ceiling[slot], &c->ceiling,
							     head->link_bytes));
		if (p->shaped & bit(slot))
			h->room_ns[slot] = later(h->room_ns[slot],
						 meter_ready_ns(&s->contracts[c->shape_contract],
								&c->shape, head->contract_bytes));
		if (p->guaranteed & bit(slot))
			h->covered_ns[slot] =
				later(now_ns, meter_ready_ns(&s->guarantee[slot], &c->guarantee,
							     head->link_bytes));
	}
}

/* Sets the turn's masks to what they will be at t->now_ns, and returns when they change
 * next. */
static uint64_t masks_at(const struct horizon *h, uint32_t slots, struct turn *t)
{
	uint64_t change_ns = UINT64_MAX;

	t->held = t->covered = 0;
	for (; slots; slots &= slots - 1) {
		uint8_t slot = lowest(slots);

		if (h->room_ns[slot] > t->now_ns) {
			t->held |= bit(slot);
			change_ns = earlier(change_ns, h->room_ns[slot]);
		}
		if (h->covered_ns[slot] <= t->now_ns)
			t->covered |= bit(slot);
		else
			change_ns = earlier(change_ns, h->covered_ns[slot]);
	}
	return change_ns;
}

static uint64_t first_expiry_ns(const struct schedule_state *s, const struct schedule_profile *p)
{
	uint64_t first_ns = UINT64_MAX;

	for (uint32_t slots = s->active & p->shaped; slots; slots &= slots - 1)
		first_ns = earlier(first_ns, expiry_ns(s, p, lowest(slots)));
	return first_ns;
}

uint64_t schedule_when(struct schedule_state *s, const struct schedule_profile *p, uint64_t now_ns)
{
	const uint32_t watched = s->active & metered(p);
	const uint64_t expiry = later(now_ns, first_expiry_ns(s, p));
	struct turn t = {.now_ns = now_ns};
	struct horizon h;

	if (s->active == 0)
		return UINT64_MAX;
	refill(s, p, now_ns);
	look_ahead(s, p, watched, now_ns, &h);
	while (t.now_ns < expiry) {
		uint64_t change_ns = masks_at(&h, watched, &t);
		struct pass pass;
		uint8_t slot = pick(s, p, &t, &pass);

		if (slot != SLOT_NONE) {
			uint64_t leave_ns = t.now_ns;

			if (p->link_shaped)
				leave_ns = later(
					leave_ns,
					meter_ready_ns(&s->link, &p->link,
						       queue_head(&s->queues[slot])->link_bytes));
			if (leave_ns < change_ns)
				return earlier(leave_ns, expiry);
		}
		t.now_ns = change_ns;
	}
	return expiry;
}

struct rte_mbuf *schedule_drain(struct schedule_state *s, uint8_t *class_slot)
{
	if (s->active == 0)
		return NULL;
	*class_slot = lowest(s->active);
	return remove_head(s, *class_slot, 0).frame;
}
