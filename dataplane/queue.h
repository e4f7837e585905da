/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of one class: a ring of frames with what the scheduler needs to know of
 * each, so that choosing touches no mbuf. A queue that runs empty starts again at the
 * ring's first entry: where nothing waits, the same few cache lines serve all.
 *
 * Memory is control's: it allocates the storage, the worker swaps it in at a burst
 * boundary and hands the old one back.
 */
#ifndef EDGEMARK_QUEUE_H
#define EDGEMARK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

struct rte_mbuf;

struct queue_entry {
	struct rte_mbuf *frame;
	uint64_t enqueued_ns;
	uint32_t link_bytes;	 /* by the link's accounting */
	uint32_t contract_bytes; /* by the accounting of the class's shape contract */
	uint32_t frame_bytes;	 /* as it leaves, without FCS */
};

_Static_assert(sizeof(struct queue_entry) == 32, "two to a cache line, and found by a shift");

struct queue_storage {
	uint32_t capacity; /* a power of two */
	struct queue_entry entries[] __rte_aligned(sizeof(struct queue_entry));
};

/* worker: rw; anyone may read while no worker runs the lane. All zero is an empty
 * queue without room. */
struct queue {
	struct queue_storage *storage; /* NULL: none yet */
	uint32_t head, tail;	       /* free-running; tail - head entries wait */
	uint64_t link_bytes;	       /* of all that wait */
	uint32_t capacity;	       /* the storage's; 0: none yet */
};

/* control: room for at least `packets`, 1-2^31. NULL if memory is exhausted. */
struct queue_storage *queue_storage_alloc(uint32_t packets, int socket_id);
void queue_storage_free(struct queue_storage *storage); /* NULL is allowed */

/* worker: takes over the storage, moves what waits into it in order, and returns what
 * control may free: the old storage (NULL if there was none), or the one given, if it is
 * too small for what waits. */
struct queue_storage *queue_adopt(struct queue *q, struct queue_storage *storage);

static inline uint32_t queue_capacity(const struct queue *q)
{
	return q->capacity;
}

static inline uint32_t queue_count(const struct queue *q)
{
	return q->tail - q->head;
}

/* The entry with `index` others ahead of it; index < queue_count(). */
static inline const struct queue_entry *queue_at(const struct queue *q, uint32_t index)
{
	return &q->storage->entries[(q->head + index) & (q->capacity - 1)];
}

/* Only of a queue that is not empty. */
static inline const struct queue_entry *queue_head(const struct queue *q)
{
	return queue_at(q, 0);
}

/* False, and nothing done, where there is no room. */
static inline bool queue_put(struct queue *q, const struct queue_entry *e)
{
	struct queue_entry *to;

	if (unlikely(queue_count(q) >= queue_capacity(q)))
		return false;
	to = &q->storage->entries[q->tail++ & (q->capacity - 1)];
	/* Field by field: what was just put together can't be loaded as a whole at once. */
	to->frame = e->frame;
	to->enqueued_ns = e->enqueued_ns;
	to->link_bytes = e->link_bytes;
	to->contract_bytes = e->contract_bytes;
	to->frame_bytes = e->frame_bytes;
	q->link_bytes += e->link_bytes;
	return true;
}

/* Drops the first `packets` entries, which hold link_bytes together. */
static inline void queue_advance(struct queue *q, uint32_t packets, uint64_t link_bytes)
{
	q->link_bytes -= link_bytes;
	q->head += packets;
	if (q->head == q->tail)
		q->head = q->tail = 0;
}

/* Only from a queue that is not empty. */
static inline struct queue_entry queue_take(struct queue *q)
{
	struct queue_entry e = *queue_head(q);

	queue_advance(q, 1, e.link_bytes);
	return e;
}

#endif
