/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scheduler against a plain one that walks lists and asks every class each time, over
 * random policies, arrivals and clocks: the same frames leave at the same nanoseconds.
 * Beside it, at every step: what schedule_when() says is the first time at which a frame
 * moves, and no frame is lost.
 */
#include "schedule_rig.h"

#include <stdio.h>

#include "support/eal.h"
#include "support/random.h"

enum {
	POLICIES = 400,
	STEPS = 1500,
	PLAIN_QUEUE = 4096,
	CLASSES_TRIED = 6,
};

struct plain_frame {
	uintptr_t number;
	uint64_t since_ns;
	int64_t bytes;
};

struct plain_bucket { /* its level as a sum of all grants: no shortcuts */
	__int128 level, burst;
	uint64_t rate, last_ns;
	bool on;
};

struct plain_class {
	struct plain_frame frames[PLAIN_QUEUE];
	uint32_t first, end;
	struct plain_bucket ceiling, guarantee;
	struct plain_bucket *shape;
	uint64_t max_delay_ns;
	int64_t deficit, quantum;
	bool known;
};

struct plain {
	struct plain_class classes[CLASS_SLOTS];
	struct plain_bucket link, contract;
	uint8_t strict[CLASS_SLOTS];
	uint32_t strict_count;
	uint8_t drr_slot, guarantee_slot;
	int64_t largest;
};

static struct plain_bucket plain_bucket(const struct meter_profile *p, uint64_t now_ns)
{
	return (struct plain_bucket){.level = (__int128)p->burst_nb,
				     .burst = (__int128)p->burst_nb,
				     .rate = p->rate_bps,
				     .last_ns = now_ns,
				     .on = true};
}

static void plain_refill(struct plain_bucket *b, uint64_t now_ns)
{
	if (b->on && now_ns > b->last_ns)
		b->level += (__int128)(now_ns - b->last_ns) * b->rate;
	if (b->level > b->burst)
		b->level = b->burst;
	b->last_ns = now_ns;
}

static bool plain_has(const struct plain_bucket *b, int64_t bytes)
{
	__int128 need = (__int128)bytes * 8000000000;

	return !b->on || b->level >= (need < b->burst ? need : b->burst);
}

static void plain_spend(struct plain_bucket *b, int64_t bytes)
{
	if (b->on)
		b->level -= (__int128)bytes * 8000000000;
}

static void plain_init(struct plain *q, const struct rig *r)
{
	const struct schedule_profile *p = &r->profile;

	memset(q, 0, sizeof(*q));
	if (p->link_shaped)
		q->link = plain_bucket(&p->link, r->now_ns);
	q->largest = p->largest_bytes;
	q->strict[q->strict_count++] = SLOT_LINK_CONTROL;
	q->classes[SLOT_LINK_CONTROL].known = true;
	for (size_t i = 0; i < r->spec.class_count; i++) {
		const struct class_spec *spec = &r->classes[i];
		struct plain_class *c = &q->classes[spec->slot];

		c->known = true;
		c->quantum = p->classes[spec->slot].quantum;
		if (spec->strict)
			q->strict[q->strict_count++] = spec->slot;
		else if (spec->rate_bps)
			c->guarantee = plain_bucket(&p->classes[spec->slot].guarantee, r->now_ns);
		if (spec->ceil_bps)
			c->ceiling = plain_bucket(&p->classes[spec->slot].ceiling, r->now_ns);
		if (r->spec.contract_count && r->contracts[0].class_slots >> spec->slot & 1) {
			q->contract = plain_bucket(&p->classes[spec->slot].shape, r->now_ns);
			c->shape = &q->contract;
			c->max_delay_ns = r->contracts[0].max_delay_ns;
		}
	}
}

static bool plain_waits(const struct plain *q, uint32_t slot)
{
	return q->classes[slot].known && q->classes[slot].first != q->classes[slot].end;
}

static struct plain_frame *plain_head(struct plain *q, uint32_t slot)
{
	return &q->classes[slot].frames[q->classes[slot].first % PLAIN_QUEUE];
}

static void plain_remove(struct plain *q, uint32_t slot)
{
	if (++q->classes[slot].first == q->classes[slot].end)
		q->classes[slot].deficit = 0;
}

static bool plain_may_go(struct plain *q, uint32_t slot)
{
	struct plain_class *c = &q->classes[slot];

	return plain_waits(q, slot) && plain_has(&c->ceiling, plain_head(q, slot)->bytes) &&
	       (!c->shape || plain_has(c->shape, plain_head(q, slot)->bytes));
}

static uint32_t plain_expire(struct plain *q, uint64_t now_ns)
{
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		struct plain_class *c = &q->classes[slot];

		while (c->shape && plain_waits(q, slot) &&
		       now_ns > plain_head(q, slot)->since_ns + c->max_delay_ns) {
			plain_remove(q, slot);
			n++;
		}
	}
	return n;
}

static uint8_t plain_turn(struct plain *q)
{
	uint32_t waiting = 0, last = 0;
	uint8_t slot = q->drr_slot;

	for (uint32_t i = 0; i < CLASS_SLOTS; i++)
		if (plain_may_go(q, i)) {
			waiting++;
			last = i;
		}
	if (waiting == 0)
		return SLOT_NONE;
	if (waiting == 1)
		return (uint8_t)last;
	if (plain_may_go(q, slot) && q->classes[slot].deficit >= plain_head(q, slot)->bytes)
		return slot;
	for (;;) {
		struct plain_class *c;
		int64_t head, most;

		slot = (uint8_t)((slot + 1) % CLASS_SLOTS);
		if (!plain_may_go(q, slot))
			continue;
		c = &q->classes[slot];
		head = plain_head(q, slot)->bytes;
		most = c->quantum + (head > q->largest ? head : q->largest);
		c->deficit = c->deficit + c->quantum < most ? c->deficit + c->quantum : most;
		if (c->deficit >= head)
			return q->drr_slot = slot;
	}
}

/* Sends one frame; its number, or 0. */
static uintptr_t plain_send(struct plain *q)
{
	uint8_t slot = SLOT_NONE;
	bool strict = false, guaranteed = false;
	const uint8_t turn_before = q->drr_slot;
	int64_t deficit_before[CLASS_SLOTS];
	struct plain_frame f;

	for (uint32_t i = 0; i < CLASS_SLOTS; i++)
		deficit_before[i] = q->classes[i].deficit;
	for (uint32_t i = 0; i < q->strict_count && slot == SLOT_NONE; i++)
		if (plain_may_go(q, q->strict[i])) {
			slot = q->strict[i];
			strict = true;
		}
	for (uint32_t i = 1; i <= CLASS_SLOTS && slot == SLOT_NONE; i++) {
		uint32_t at = (q->guarantee_slot + i) % CLASS_SLOTS;

		if (plain_may_go(q, at) && q->classes[at].guarantee.on &&
		    plain_has(&q->classes[at].guarantee, plain_head(q, at)->bytes)) {
			slot = (uint8_t)at;
			guaranteed = true;
		}
	}
	if (slot == SLOT_NONE)
		slot = plain_turn(q);
	if (slot == SLOT_NONE || !plain_has(&q->link, plain_head(q, slot)->bytes)) {
		/* A turn is taken only by a frame that leaves. */
		q->drr_slot = turn_before;
		for (uint32_t i = 0; i < CLASS_SLOTS; i++)
			q->classes[i].deficit = deficit_before[i];
		return 0;
	}
	f = *plain_head(q, slot);
	plain_spend(&q->link, f.bytes);
	plain_spend(&q->classes[slot].ceiling, f.bytes);
	if (q->classes[slot].shape)
		plain_spend(q->classes[slot].shape, f.bytes);
	if (guaranteed) {
		plain_spend(&q->classes[slot].guarantee, f.bytes);
		q->guarantee_slot = slot;
	} else if (!strict) {
		q->classes[slot].deficit -= f.bytes;
		if (q->classes[slot].deficit < 0)
			q->classes[slot].deficit = 0;
	}
	plain_remove(q, slot);
	return f.number;
}

static void plain_refill_all(struct plain *q, uint64_t now_ns)
{
	plain_refill(&q->link, now_ns);
	plain_refill(&q->contract, now_ns);
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		plain_refill(&q->classes[slot].ceiling, now_ns);
		plain_refill(&q->classes[slot].guarantee, now_ns);
	}
}

static uint64_t some_rate(struct random *random, uint64_t link_bps)
{
	return 1000 + random_u64(random) % (link_bps ? link_bps : 20 * MBPS);
}

static void random_policy(struct rig *r, struct random *random)
{
	uint64_t link = random_chance(random, 15) ? 0 : 64000 + random_below(random, 20 * MBPS);

	rig_init(r, link);
	for (uint8_t i = 0; i < CLASSES_TRIED; i++) {
		struct class_spec *c;

		if (i && random_chance(random, 30))
			continue;
		c = rig_class(r, (uint8_t)(i * 5));
		c->queue_ns = 1000 * SECOND;
		c->queue_packets = 32;
		c->weight = 1 + random_below(random, random_chance(random, 50) ? 3 : 100);
		c->strict = random_chance(random, 25);
		if (random_chance(random, 40))
			c->ceil_bps = some_rate(random, link);
		if (random_chance(random, 40))
			c->rate_bps = some_rate(random, link);
	}
	if (random_chance(random, 50)) {
		struct contract_spec *c = rig_shape(r, 3, (uint32_t)random_u64(random));

		c->cir_bps = some_rate(random, link);
		c->max_delay_ns = random_below(random, 40 * MS);
	}
}

struct run {
	struct rig rig;
	struct plain plain;
	struct random random;
	uintptr_t number;
	uint64_t offered, refused, sent;
};

static void arrive(struct run *t)
{
	struct rig *r = &t->rig;
	uint32_t at = random_below(&t->random, (uint32_t)r->spec.class_count + 1);
	uint8_t slot = at < r->spec.class_count ? r->classes[at].slot : SLOT_LINK_CONTROL;
	uint32_t bytes = random_chance(&t->random, 2) ? 1500 + random_below(&t->random, 3000)
						      : random_between(&t->random, 0, 1500);
	struct plain_class *c = &t->plain.classes[slot];
	enum drop_reason reason = rig_offer(r, slot, ++t->number, bytes);

	t->offered++;
	if (reason != DROP_NONE) {
		assert_int_equal(reason, DROP_QUEUE_FULL);
		t->refused++;
		return;
	}
	assert_true(c->end - c->first < PLAIN_QUEUE);
	c->frames[c->end++ % PLAIN_QUEUE] =
		(struct plain_frame){.number = t->number, .since_ns = r->now_ns, .bytes = bytes};
}

/* Takes some frames from both; the same ones. */
static void depart(struct run *t, uint32_t most)
{
	struct rig *r = &t->rig;
	uint32_t before = r->expired, gone = plain_expire(&t->plain, r->now_ns), n;
	struct scheduled out[8];

	n = rig_take(r, out, most);
	assert_int_equal(r->expired - before, gone);
	/* The plain one refills every bucket whenever it sends; an idle one alike. */
	plain_refill_all(&t->plain, r->now_ns);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal((uintptr_t)out[i].frame, plain_send(&t->plain));
	if (n < most)
		assert_int_equal(plain_send(&t->plain), 0);
	t->sent += n;
}

/* How many frames would move or expire at a time, without doing it. */
static uint32_t moved_at(struct run *t, uint64_t now_ns)
{
	static struct rig copy;
	struct scheduled out;

	copy = t->rig; /* taking changes no storage */
	copy.state.contracts = copy.meters;
	copy.now_ns = now_ns;
	copy.expired = 0;
	return rig_take(&copy, &out, 1) + copy.expired;
}

static void check_when(struct run *t)
{
	uint64_t now_ns = t->rig.now_ns, when_ns = rig_when(&t->rig);

	if (t->rig.state.active == 0) {
		assert_true(when_ns == UINT64_MAX);
		return;
	}
	assert_true(when_ns >= now_ns && when_ns != UINT64_MAX);
	assert_true(moved_at(t, when_ns) > 0);
	if (when_ns > now_ns) {
		assert_int_equal(moved_at(t, when_ns - 1), 0);
		assert_int_equal(moved_at(t, now_ns), 0);
		assert_int_equal(moved_at(t, now_ns + random_u64(&t->random) % (when_ns - now_ns)),
				 0);
	}
}

static void step(struct run *t)
{
	struct rig *r = &t->rig;
	uint32_t kind = random_below(&t->random, 100);
	uint64_t when_ns;

	for (uint32_t n = random_below(&t->random, 4); n; n--)
		arrive(t);
	check_when(t);
	when_ns = rig_when(r);
	if (kind < 60 && when_ns != UINT64_MAX)
		r->now_ns = when_ns;
	else if (kind < 97)
		r->now_ns += random_below(&t->random, 2 * MS);
	else
		r->now_ns += random_below(&t->random, 2000) * UINT64_C(1000000);
	depart(t, 1 + random_below(&t->random, 8));
}

static uint64_t still_queued(const struct rig *r)
{
	uint64_t n = 0;

	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++)
		n += queue_count(&r->state.queues[slot]);
	return n;
}

static void same_as_the_plain_scheduler(void **state)
{
	static struct run t;
	uint64_t sent = 0, refused = 0, expired = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= POLICIES; seed++) {
		memset(&t, 0, sizeof(t));
		t.random = random_seeded(seed);
		random_policy(&t.rig, &t.random);
		rig_start(&t.rig);
		plain_init(&t.plain, &t.rig);
		for (uint32_t i = 0; i < STEPS; i++)
			step(&t);
		assert_int_equal(t.offered,
				 t.sent + t.refused + t.rig.expired + still_queued(&t.rig));
		sent += t.sent;
		refused += t.refused;
		expired += t.rig.expired;
		rig_stop(&t.rig);
	}
	print_message("%lu sent, %lu refused, %lu expired\n", (unsigned long)sent,
		      (unsigned long)refused, (unsigned long)expired);
	assert_true(sent > 100000 && refused > 1000 && expired > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_the_plain_scheduler),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
