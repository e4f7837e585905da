/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring's positions only grow; the worker's is `head`, the reader's `tail`. A record lies
 * in one piece: where it does not fit before the ring's end, a filler takes the rest.
 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>

#include "lane.h"

enum {
	ALIGN = 8,
	FILLER = -1, /* captured: no record, only what is left before the ring's end */
};

struct tap {
	struct tap_filter filter; /* immutable */
	uint32_t bytes;		  /* immutable */
	uint8_t *ring;

	/* Worker only, but where said. */
	uint64_t head __rte_cache_aligned; /* worker: wo, release; reader: ro, acquire */
	uint64_t tail_seen;
	uint64_t taken, missed; /* worker: wo; any thread: ro */

	uint64_t tail __rte_cache_aligned; /* reader: wo, release; worker: ro, acquire */
};

struct tap *tap_create(const struct tap_filter *filter, uint32_t bytes)
{
	struct tap *t;

	if (bytes < TAP_BYTES_MIN || !rte_is_power_of_2(bytes))
		return NULL;
	t = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*t), RTE_CACHE_LINE_SIZE));
	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->filter = *filter;
	t->filter.snap = RTE_MIN(filter->snap, (uint32_t)TAP_SNAP_MAX);
	t->bytes = bytes;
	t->ring = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	if (!t->ring) {
		free(t);
		return NULL;
	}
	memset(t->ring, 0xff, bytes); /* touched: calloc() would leave the pages to the worker */
	return t;
}

void tap_destroy(struct tap *t)
{
	if (!t)
		return;
	free(t->ring);
	free(t);
}

static struct tap_record *at(const struct tap *t, uint64_t position)
{
	return (struct tap_record *)(void *)(t->ring + (position & (t->bytes - 1)));
}

static bool has_room(struct tap *t, uint64_t size)
{
	if (t->head + size - t->tail_seen <= t->bytes)
		return true;
	t->tail_seen = __atomic_load_n(&t->tail, __ATOMIC_ACQUIRE);
	return t->head + size - t->tail_seen <= t->bytes;
}

static void copy_bytes(uint8_t *to, const struct rte_mbuf *m, uint32_t n)
{
	while (n > 0) {
		const uint32_t part = RTE_MIN(n, (uint32_t)rte_pktmbuf_data_len(m));

		memcpy(to, rte_pktmbuf_mtod(m, const void *), part);
		to += part;
		n -= part;
		m = m->next;
	}
}

/* Where a record of this size is to be written, or NULL where there is no room. *end: of
 * it, to be told to the reader once it is written, any filler before it included. */
static struct tap_record *claim(struct tap *t, uint32_t size, uint64_t *end)
{
	const uint32_t to_end = t->bytes - (uint32_t)(t->head & (t->bytes - 1));
	const uint32_t filler = size > to_end ? to_end : 0;

	if (!has_room(t, (uint64_t)filler + size))
		return NULL;
	if (filler > 0) {
		at(t, t->head)->size = filler;
		at(t, t->head)->captured = (uint32_t)FILLER;
	}
	*end = t->head + filler + size;
	return at(t, t->head + filler);
}

static void count(uint64_t *n)
{
	__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

static void put(struct tap *t, const struct rte_mbuf *frame, enum drop_reason reason,
		uint8_t class_slot, uint64_t now_ns)
{
	const uint32_t bytes = RTE_MIN(frame->pkt_len, t->filter.snap);
	const uint32_t size =
		(uint32_t)RTE_ALIGN_CEIL(sizeof(struct tap_record) + bytes, (size_t)ALIGN);
	uint64_t end;
	struct tap_record *r = claim(t, size, &end);

	if (!r) {
		count(&t->missed);
		return;
	}
	*r = (struct tap_record){
		.size = size,
		.captured = bytes,
		.ns = now_ns,
		.frame_bytes = frame->pkt_len,
		.class_slot = class_slot,
		.reason = (uint8_t)reason,
	};
	copy_bytes(r->bytes, frame, bytes);
	count(&t->taken);
	__atomic_store_n(&t->head, end, __ATOMIC_RELEASE);
}

static bool wanted(const struct tap *t, uint8_t class_slot)
{
	return class_slot < 32 ? t->filter.classes >> class_slot & 1
			       : t->filter.classes == UINT32_MAX;
}

void tap_sent(struct tap *t, struct rte_mbuf *const *frames, uint32_t n, uint64_t now_ns)
{
	if (t->filter.reasons != 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t slot = lane_frame_class(frames[i]);

		if (wanted(t, slot))
			put(t, frames[i], DROP_NONE, slot, now_ns);
	}
}

void tap_dropped(struct tap *t, const struct rte_mbuf *frame, enum drop_reason reason,
		 uint8_t class_slot, uint64_t now_ns)
{
	if ((t->filter.reasons >> reason & 1) && wanted(t, class_slot))
		put(t, frame, reason, class_slot, now_ns);
}

const struct tap_record *tap_peek(struct tap *t)
{
	const uint64_t head = __atomic_load_n(&t->head, __ATOMIC_ACQUIRE);
	const struct tap_record *r;

	if (t->tail == head)
		return NULL;
	r = at(t, t->tail);
	if (r->captured == (uint32_t)FILLER) {
		__atomic_store_n(&t->tail, t->tail + r->size, __ATOMIC_RELEASE);
		r = at(t, t->tail); /* a filler is told only with the record after it */
	}
	return r;
}

void tap_pop(struct tap *t)
{
	__atomic_store_n(&t->tail, t->tail + at(t, t->tail)->size, __ATOMIC_RELEASE);
}

struct tap_counts tap_counts(const struct tap *t)
{
	return (struct tap_counts){
		.taken = __atomic_load_n(&t->taken, __ATOMIC_RELAXED),
		.missed = __atomic_load_n(&t->missed, __ATOMIC_RELAXED),
	};
}
