/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/mbufs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

static struct rte_mempool *pool;

struct rte_mempool *test_pool(void)
{
	if (!pool)
		pool = rte_pktmbuf_pool_create("test", TEST_POOL_MBUFS, 0, 0,
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool) {
		fputs("test: no memory for the mbuf pool\n", stderr);
		abort();
	}
	return pool;
}

unsigned test_pool_in_use(void)
{
	return pool ? rte_mempool_in_use_count(pool) : 0;
}

static struct rte_mbuf *take(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(test_pool());

	if (!m) {
		fputs("test: the mbuf pool is empty\n", stderr);
		abort();
	}
	return m;
}

/* Joined by hand: rte_pktmbuf_chain() takes no empty segments for granted. */
static struct rte_mbuf *join(struct rte_mbuf *head, struct rte_mbuf *last, struct rte_mbuf *m)
{
	if (!head) {
		m->pkt_len = m->data_len;
		return m;
	}
	last->next = m;
	head->nb_segs++;
	head->pkt_len += m->data_len;
	return head;
}

static struct rte_mbuf *segment(const uint8_t *bytes, uint32_t length)
{
	struct rte_mbuf *m = take();

	if (length > rte_pktmbuf_tailroom(m))
		abort();
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, length);
	m->data_len = (uint16_t)length;
	m->pkt_len = length;
	return m;
}

struct rte_mbuf *mbuf_from(const uint8_t *frame, uint32_t length)
{
	uint32_t room = RTE_MBUF_DEFAULT_DATAROOM;
	uint32_t cuts[TEST_SEGMENTS_MAX];
	unsigned count = 0;

	for (uint32_t at = room; at < length && count < TEST_SEGMENTS_MAX; at += room)
		cuts[count++] = at;
	return mbuf_cut(frame, length, cuts, count);
}

struct rte_mbuf *mbuf_cut(const uint8_t *frame, uint32_t length, const uint32_t *cuts,
			  unsigned count)
{
	struct rte_mbuf *head = NULL, *last = NULL;
	uint32_t from = 0;

	for (unsigned i = 0; i <= count; i++) {
		uint32_t to = i < count ? cuts[i] : length;
		struct rte_mbuf *m = segment(frame + from, to - from);

		head = join(head, last, m);
		last = m;
		from = to;
	}
	return head;
}

struct heap_buffer {
	struct rte_mbuf_ext_shared_info info;
	void *memory;
};

static void heap_free(void *address, void *opaque)
{
	struct heap_buffer *b = opaque;

	(void)address;
	free(b->memory);
	free(b);
}

static struct rte_mbuf *heap_segment(const uint8_t *bytes, uint32_t length, uint32_t headroom)
{
	struct rte_mbuf *m = take();
	struct heap_buffer *b = malloc(sizeof(*b));
	uint32_t size = headroom + length;

	if (!b)
		abort();
	b->memory = malloc(size ? size : 1);
	if (!b->memory)
		abort();
	b->info.free_cb = heap_free;
	b->info.fcb_opaque = b;
	rte_mbuf_ext_refcnt_set(&b->info, 1);
	rte_pktmbuf_attach_extbuf(m, b->memory, (rte_iova_t)(uintptr_t)b->memory, (uint16_t)size,
				  &b->info);
	if (length)
		memcpy((uint8_t *)b->memory + headroom, bytes, length);
	m->data_off = (uint16_t)headroom;
	m->data_len = (uint16_t)length;
	m->pkt_len = length;
	return m;
}

struct rte_mbuf *mbuf_exact(const uint8_t *frame, uint32_t length, const uint32_t *cuts,
			    unsigned count, uint32_t headroom)
{
	struct rte_mbuf *head = NULL, *last = NULL;
	uint32_t from = 0;

	for (unsigned i = 0; i <= count; i++) {
		uint32_t to = i < count ? cuts[i] : length;
		struct rte_mbuf *m = heap_segment(frame + from, to - from, i ? 0 : headroom);

		head = join(head, last, m);
		last = m;
		from = to;
	}
	return head;
}

uint32_t mbuf_bytes(const struct rte_mbuf *m, uint8_t *out, uint32_t size)
{
	uint32_t used = 0;

	for (; m; m = m->next) {
		uint32_t n = RTE_MIN((uint32_t)m->data_len, size - used);

		memcpy(out + used, rte_pktmbuf_mtod(m, const uint8_t *), n);
		used += n;
	}
	return used;
}
