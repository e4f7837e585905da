/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mbufs for replayed frames. The queues of a configuration may hold far more than a
 * capture ever fills, and a large pool is slow to make, so the pool grows as frames wait,
 * up to what the queues can hold. Thread: the main lcore.
 */
#ifndef EDGEMARK_FRAME_POOL_H
#define EDGEMARK_FRAME_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

enum { FRAME_POOL_PARTS = 32 };

struct frame_pool {
	struct rte_mempool *parts[FRAME_POOL_PARTS];
	uint32_t count;
	uint32_t current; /* that had a free one last */
	uint64_t size;	  /* of all parts, in mbufs */
	uint64_t limit;
};

/* At most limit mbufs, give or take the last part. 0 or -ENOMEM. */
int frame_pool_create(struct frame_pool *p, uint64_t limit);
void frame_pool_destroy(struct frame_pool *p);

/* Another's pool, which does not grow; not to be destroyed. */
struct frame_pool frame_pool_borrow(struct rte_mempool *pool);

/* An mbuf for the caller to write to; NULL: the pool is exhausted. */
struct rte_mbuf *frame_pool_take(struct frame_pool *p);

/* A copy of the frame, in a chain where it is longer than one mbuf holds. NULL: the pool
 * is exhausted. */
struct rte_mbuf *frame_pool_copy(struct frame_pool *p, const uint8_t *bytes, uint32_t length);

/* mbufs that have not come back. */
uint64_t frame_pool_missing(const struct frame_pool *p);

/* mbufs that a frame of this length takes. */
uint32_t frame_pool_segments(uint32_t length);

#endif
