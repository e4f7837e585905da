/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per kind a table of slots, and a hash from name to slot. Names are looked up before any
 * slot is given away, so that a new name never takes the slot of one that comes back in
 * the same generation. Each takeover leaves a line in the undo log.
 */
#include "slots.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_END = -1 };

struct slot_entry {
	char *text; /* NULL: never owned */
	uint32_t number;
	uint32_t epoch;
	uint64_t last_used; /* the transaction or hold that last named it */
	int32_t chain;	    /* next slot in its hash bucket */
	bool held;	    /* by the generation in force */
};

struct slot_undo {
	uint32_t slot;
	char *text;
	uint32_t number;
};

struct slot_table {
	uint32_t capacity;
	uint32_t mask; /* buckets - 1 */
	struct slot_entry *entries;
	int32_t *buckets;
	struct slot_undo *undo;
	size_t undo_count;
	/* of the transaction under way, to be stamped when it commits */
	uint32_t *named;
	size_t named_count;
};

struct slots {
	struct slot_table kinds[SLOT_KINDS];
	uint64_t stamp;
};

static const uint32_t capacities[SLOT_KINDS] = {
	[SLOT_CLASS] = SLOT_LINK_CONTROL,
	[SLOT_CONTRACT] = CONTRACT_SLOTS,
	[SLOT_RULE] = RULE_SLOTS,
};

static int table_init(struct slot_table *t, uint32_t capacity)
{
	uint32_t buckets = 1;

	while (buckets < 2 * capacity)
		buckets *= 2;
	t->capacity = capacity;
	t->mask = buckets - 1;
	t->entries = calloc(capacity, sizeof(*t->entries));
	t->buckets = malloc(buckets * sizeof(*t->buckets));
	t->undo = calloc(capacity, sizeof(*t->undo));
	t->named = calloc(capacity, sizeof(*t->named));
	if (!t->entries || !t->buckets || !t->undo || !t->named)
		return -ENOMEM;
	for (uint32_t i = 0; i < buckets; i++)
		t->buckets[i] = HASH_END;
	return 0;
}

static void table_clear(struct slot_table *t)
{
	for (size_t i = 0; i < t->undo_count; i++)
		free(t->undo[i].text);
	for (uint32_t i = 0; t->entries && i < t->capacity; i++)
		free(t->entries[i].text);
	free(t->entries);
	free(t->buckets);
	free(t->undo);
	free(t->named);
}

struct slots *slots_create(void)
{
	struct slots *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	for (int kind = 0; kind < SLOT_KINDS; kind++) {
		if (table_init(&s->kinds[kind], capacities[kind]) < 0) {
			slots_destroy(s);
			return NULL;
		}
	}
	return s;
}

void slots_destroy(struct slots *s)
{
	if (!s)
		return;
	for (int kind = 0; kind < SLOT_KINDS; kind++)
		table_clear(&s->kinds[kind]);
	free(s);
}

/* FNV-1a over the text, then the number. */
static uint32_t name_hash(const char *text, uint32_t number)
{
	uint32_t hash = 2166136261u;

	for (const char *c = text; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	for (unsigned shift = 0; shift < 32; shift += 8)
		hash = (hash ^ ((number >> shift) & 0xff)) * 16777619u;
	return hash;
}

static int32_t *bucket_of(struct slot_table *t, const char *text, uint32_t number)
{
	return &t->buckets[name_hash(text, number) & t->mask];
}

static int32_t table_find(struct slot_table *t, const struct slot_name *name)
{
	int32_t slot = *bucket_of(t, name->text, name->number);

	while (slot != HASH_END) {
		const struct slot_entry *e = &t->entries[slot];

		if (e->number == name->number && strcmp(e->text, name->text) == 0)
			break;
		slot = e->chain;
	}
	return slot;
}

static void table_link(struct slot_table *t, uint32_t slot)
{
	struct slot_entry *e = &t->entries[slot];
	int32_t *bucket = bucket_of(t, e->text, e->number);

	e->chain = *bucket;
	*bucket = (int32_t)slot;
}

static void table_unlink(struct slot_table *t, uint32_t slot)
{
	struct slot_entry *e = &t->entries[slot];
	int32_t *at = bucket_of(t, e->text, e->number);

	while (*at != (int32_t)slot)
		at = &t->entries[*at].chain;
	*at = e->chain;
}

static int table_take(struct slot_table *t, uint32_t slot, const struct slot_name *name)
{
	struct slot_entry *e = &t->entries[slot];
	char *text = strdup(name->text);

	if (!text)
		return -ENOMEM;
	if (e->text)
		table_unlink(t, slot);
	t->undo[t->undo_count++] =
		(struct slot_undo){.slot = slot, .text = e->text, .number = e->number};
	e->text = text;
	e->number = name->number;
	e->epoch++;
	table_link(t, slot);
	return 0;
}

/* The order in which slots are given away: fresh ones, then the longest vanished. */
struct candidate {
	uint64_t last_used;
	uint32_t slot;
};

static int candidate_order(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->last_used != b->last_used)
		return a->last_used < b->last_used ? -1 : 1;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static size_t candidates_collect(const struct slot_table *t, const bool *claimed,
				 struct candidate *out)
{
	size_t n = 0;

	for (uint32_t slot = 0; slot < t->capacity; slot++) {
		const struct slot_entry *e = &t->entries[slot];

		if (!claimed[slot] && !e->held)
			out[n++] = (struct candidate){.last_used = e->last_used, .slot = slot};
	}
	qsort(out, n, sizeof(*out), candidate_order);
	return n;
}

/* Fills in the places that the look-up left open. */
static int table_give(struct slot_table *t, const struct slot_name *names, size_t n,
		      const bool *claimed, struct slot_place *places)
{
	struct candidate *candidates = malloc(t->capacity * sizeof(*candidates));
	size_t available, next = 0;
	int err = 0;

	if (!candidates)
		return -ENOMEM;
	available = candidates_collect(t, claimed, candidates);
	for (size_t i = 0; i < n && !err; i++) {
		int32_t slot;

		if (places[i].slot != SLOT_UNUSED)
			continue;
		slot = table_find(t, &names[i]); /* named twice in this list */
		if (slot == HASH_END && next == available) {
			err = -ENOSPC;
		} else if (slot == HASH_END) {
			slot = (int32_t)candidates[next++].slot;
			err = table_take(t, (uint32_t)slot, &names[i]);
		}
		places[i].slot = (uint32_t)slot;
	}
	free(candidates);
	return err;
}

int slots_assign(struct slots *s, enum slot_kind kind, const struct slot_name *names, size_t n,
		 struct slot_place *places)
{
	struct slot_table *t = &s->kinds[kind];
	bool *claimed = calloc(t->capacity, sizeof(*claimed));
	bool all_known = true;
	int err = 0;

	if (!claimed)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int32_t slot = table_find(t, &names[i]);

		places[i].slot = slot == HASH_END ? SLOT_UNUSED : (uint32_t)slot;
		if (slot == HASH_END)
			all_known = false;
		else
			claimed[slot] = true;
	}
	if (!all_known)
		err = table_give(t, names, n, claimed, places);
	memset(claimed, 0, t->capacity * sizeof(*claimed));
	for (size_t i = 0; i < n && !err; i++) {
		uint32_t slot = places[i].slot;

		places[i].epoch = t->entries[slot].epoch;
		if (!claimed[slot])
			t->named[t->named_count++] = slot;
		claimed[slot] = true;
	}
	free(claimed);
	return err;
}

void slots_commit(struct slots *s)
{
	s->stamp++;
	for (int kind = 0; kind < SLOT_KINDS; kind++) {
		struct slot_table *t = &s->kinds[kind];

		for (size_t i = 0; i < t->undo_count; i++)
			free(t->undo[i].text);
		for (size_t i = 0; i < t->named_count; i++)
			t->entries[t->named[i]].last_used = s->stamp;
		t->undo_count = t->named_count = 0;
	}
}

void slots_rollback(struct slots *s)
{
	for (int kind = 0; kind < SLOT_KINDS; kind++) {
		struct slot_table *t = &s->kinds[kind];

		while (t->undo_count > 0) {
			struct slot_undo *u = &t->undo[--t->undo_count];
			struct slot_entry *e = &t->entries[u->slot];

			table_unlink(t, u->slot);
			free(e->text);
			e->text = u->text;
			e->number = u->number;
			e->epoch--;
			if (e->text)
				table_link(t, u->slot);
		}
		t->named_count = 0;
	}
}

static void table_hold(struct slot_table *t, const struct slot_place *places, size_t n,
		       uint64_t stamp)
{
	for (uint32_t slot = 0; slot < t->capacity; slot++) {
		if (t->entries[slot].held)
			t->entries[slot].last_used = stamp; /* in force until just now */
		t->entries[slot].held = false;
	}
	for (size_t i = 0; i < n; i++) {
		if (places[i].slot == SLOT_UNUSED)
			continue;
		t->entries[places[i].slot].held = true;
		t->entries[places[i].slot].last_used = stamp;
	}
}

void slots_hold(struct slots *s, const struct generation_slots *running)
{
	s->stamp++;
	table_hold(&s->kinds[SLOT_CLASS], running->classes, running->class_count, s->stamp);
	table_hold(&s->kinds[SLOT_CONTRACT], running->contracts, running->contract_count, s->stamp);
	table_hold(&s->kinds[SLOT_RULE], running->rules, running->rule_count, s->stamp);
}

void generation_slots_free(struct generation_slots *g)
{
	if (!g)
		return;
	free(g->rules);
	free(g);
}
