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

struct rte_mbuf;

struct queue_entry {
	struct rte_mbuf *frame;
	uint64_t enqueued_ns;
	uint32_t link_bytes;	 /* by the link's accounting */
	uint32_t contract_bytes; /* by the accounting of the class's shape contract */
};

struct queue_storage {
	uint32_t capacity; /* a power of two */
	struct queue_entry entries[];
};

/* worker: rw; anyone may read while no worker runs the lane. All zero is an empty
 * queue without room. */
struct queue {
	struct queue_storage *storage; /* NULL: none yet */
	uint32_t head, tail;	       /* free-running; tail - head entries wait */
	uint64_t link_bytes;	       /* of all that wait */
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
	return q->storage ? q->storage->capacity : 0;
}

static inline uint32_t queue_count(const struct queue *q)
{
	return q->tail - q->head;
}

/* The entry with `index` others ahead of it; index < queue_count(). */
static inline const struct queue_entry *queue_at(const struct queue *q, uint32_t index)
{
	return &q->storage->entries[(q->head + index) & (q->storage->capacity - 1)];
}

/* Only of a queue that is not empty. */
static inline const struct queue_entry *queue_head(const struct queue *q)
{
	return queue_at(q, 0);
}

/* False, and nothing done, where there is no room. */
static inline bool queue_put(struct queue *q, const struct queue_entry *e)
{
	if (unlikely(queue_count(q) >= queue_capacity(q)))
		return false;
	q->storage->entries[q->tail++ & (q->storage->capacity - 1)] = *e;
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
