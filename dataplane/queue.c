/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Storage of the class queues: allocated and freed by control, exchanged by the worker.
 */
#include "queue.h"

#include <rte_common.h>
#include <rte_malloc.h>

struct queue_storage *queue_storage_alloc(uint32_t packets, int socket_id)
{
	uint32_t capacity = rte_align32pow2(packets);
	struct queue_storage *storage;

	storage = rte_zmalloc_socket("queue",
				     sizeof(*storage) + capacity * sizeof(storage->entries[0]),
				     RTE_CACHE_LINE_SIZE, socket_id);
	if (storage)
		storage->capacity = capacity;
	return storage;
}

void queue_storage_free(struct queue_storage *storage)
{
	rte_free(storage);
}

struct queue_storage *queue_adopt(struct queue *q, struct queue_storage *storage)
{
	uint32_t count = queue_count(q);
	struct queue_storage *old = q->storage;

	if (storage->capacity < count)
		return storage;
	for (uint32_t i = 0; i < count; i++)
		storage->entries[i] = *queue_at(q, i);
	q->storage = storage;
	q->capacity = storage->capacity;
	q->head = 0;
	q->tail = count;
	return old;
}
