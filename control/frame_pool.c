/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A list of mempools, each twice as large as the one before it.
 */
#include "frame_pool.h"

#include <errno.h>
#include <stdio.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

enum {
	FIRST_PART = 2048,
	LARGEST_PART = 131072,
	CACHE = 256,
};

static int frame_pool_grow(struct frame_pool *p)
{
	uint64_t n = p->count < 7 ? (uint64_t)FIRST_PART << p->count : LARGEST_PART;
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *part;

	if (p->count == FRAME_POOL_PARTS || p->size >= p->limit)
		return -ENOMEM;
	snprintf(name, sizeof(name), "frames-%u", p->count);
	part = rte_pktmbuf_pool_create(name, (unsigned)n, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (!part)
		return -ENOMEM;
	p->current = p->count;
	p->parts[p->count++] = part;
	p->size += n;
	return 0;
}

int frame_pool_create(struct frame_pool *p, uint64_t limit)
{
	*p = (struct frame_pool){.limit = limit};
	return frame_pool_grow(p);
}

struct frame_pool frame_pool_borrow(struct rte_mempool *pool)
{
	return (struct frame_pool){.parts = {pool}, .count = 1};
}

void frame_pool_destroy(struct frame_pool *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		rte_mempool_free(p->parts[i]);
	p->count = 0;
}

struct rte_mbuf *frame_pool_take(struct frame_pool *p)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->parts[p->current]);

	for (uint32_t i = 0; !m && i < p->count; i++) {
		p->current = i;
		m = rte_pktmbuf_alloc(p->parts[i]);
	}
	if (!m && frame_pool_grow(p) == 0)
		m = rte_pktmbuf_alloc(p->parts[p->current]);
	return m;
}

struct rte_mbuf *frame_pool_copy(struct frame_pool *p, const uint8_t *bytes, uint32_t length)
{
	struct rte_mbuf *head = frame_pool_take(p), *tail = head;
	uint32_t done = 0;

	while (tail) {
		uint16_t n = (uint16_t)RTE_MIN(length - done, rte_pktmbuf_tailroom(tail));

		rte_memcpy(rte_pktmbuf_mtod(tail, void *), bytes + done, n);
		tail->data_len = n;
		done += n;
		if (done == length) {
			head->pkt_len = length;
			return head;
		}
		tail->next = frame_pool_take(p);
		tail = tail->next;
		head->nb_segs = (uint16_t)(head->nb_segs + (tail != NULL));
	}
	rte_pktmbuf_free(head); /* NULL is allowed */
	return NULL;
}

uint64_t frame_pool_missing(const struct frame_pool *p)
{
	uint64_t available = 0;

	for (uint32_t i = 0; i < p->count; i++)
		available += rte_mempool_avail_count(p->parts[i]);
	return p->size - available;
}

uint32_t frame_pool_segments(uint32_t length)
{
	const uint32_t first = RTE_MBUF_DEFAULT_DATAROOM; /* each has the headroom, too */

	return (length + first - 1) / first;
}
