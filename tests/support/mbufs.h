/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames as mbufs: in one segment, cut into a chain at any places, or attached to
 * exact-size heap buffers, where the address sanitizer sees every byte read too far.
 */
#ifndef EDGEMARK_TESTS_MBUFS_H
#define EDGEMARK_TESTS_MBUFS_H

#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

enum {
	TEST_POOL_MBUFS = 8191,
	TEST_SEGMENTS_MAX = 64,
};

/* One pool a process, TEST_POOL_MBUFS mbufs of the usual 2,048 + 128 bytes. Needs the
 * EAL; aborts without memory. */
struct rte_mempool *test_pool(void);

/* How many mbufs are out of the pool: 0 when a test has given all back. */
unsigned test_pool_in_use(void);

/* The frame in as few segments as the pool's buffers allow. */
struct rte_mbuf *mbuf_from(const uint8_t *frame, uint32_t length);

/* The same, cut after each of cuts[] bytes (counted from the frame's start, ascending;
 * equal ones make an empty segment). */
struct rte_mbuf *mbuf_cut(const uint8_t *frame, uint32_t length, const uint32_t *cuts,
			  unsigned count);

/* Each segment in a heap buffer of its own that ends with its last byte; headroom free
 * bytes before the first. */
struct rte_mbuf *mbuf_exact(const uint8_t *frame, uint32_t length, const uint32_t *cuts,
			    unsigned count, uint32_t headroom);

/* Copies the whole chain out; returns its length (at most size). */
uint32_t mbuf_bytes(const struct rte_mbuf *m, uint8_t *out, uint32_t size);

#endif
