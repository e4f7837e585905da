/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool would have to hold what all queues may hold at once; that is far beyond what
 * any traffic fills, so it is capped in bytes. A pool that runs dry shows as no_mbuf of
 * the receiving port.
 */
#include "memory.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>

enum {
	MIB = 1 << 20,
	POOL_BYTES_MAX = 112 * MIB,
	POOL_FRAMES_SPARE = 4096, /* beyond the descriptors, however large frames are */
	FRAME_ALIGN = 64,
	/* Frames under way beside queues and descriptors: bursts and what waits for a port. */
	LANE_FRAMES = 256,
	/* Lanes with their call tables, meters, port tables; two generations while reloading. */
	LINK_MB = 8,
	BASE_MB = 64,
	RULE_BYTES = 8192,	/* of rte_acl's tries, generously */
	QUEUE_ENTRY_BYTES = 64, /* rings are rounded up to a power of two */
	GENERATIONS = 2,
};

static uint64_t minimum(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint16_t largest_mtu(const struct config *c)
{
	uint16_t mtu = MTU_DEFAULT;

	for (size_t i = 0; i < c->link_count; i++) {
		if (c->links[i].lan.mtu > mtu)
			mtu = c->links[i].lan.mtu;
		if (c->links[i].wan.mtu > mtu)
			mtu = c->links[i].wan.mtu;
	}
	return mtu;
}

static uint64_t queued_frames(const struct config *c)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < c->link_count; i++)
		for (int d = 0; d < DIRECTIONS; d++) {
			const int policy = c->links[i].policy[d];

			for (size_t k = 0; policy != CONFIG_NONE && k < c->class_count; k++)
				frames += c->policies[policy].schedule[k].queue_packets;
			frames += QUEUE_PACKETS_DEFAULT; /* link control, or the only queue */
		}
	return frames;
}

static uint16_t data_room(const struct config *c)
{
	const uint32_t frame = largest_mtu(c) + ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES;
	const uint32_t aligned = (frame + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;

	/* Drivers with fixed slots (af_packet) fill the default room whatever the MTU. */
	if (aligned < RTE_MBUF_DEFAULT_DATAROOM)
		return RTE_MBUF_DEFAULT_BUF_SIZE;
	return (uint16_t)(RTE_PKTMBUF_HEADROOM + aligned);
}

static uint64_t object_bytes(uint16_t room)
{
	return sizeof(struct rte_mempool_objhdr) + sizeof(struct rte_mbuf) + room;
}

struct pool_size memory_pool_size(const struct config *c)
{
	const uint16_t room = data_room(c);
	const uint64_t lanes = c->link_count * DIRECTIONS;
	/* A lane receives from one port and sends by another; a worker's cache can hold half
	 * as much again as its size. */
	const uint64_t fixed = lanes * (2 * PORT_DESCRIPTORS + LANE_FRAMES + 2 * POOL_CACHE);
	const uint64_t wanted = fixed + queued_frames(c);
	const uint64_t affordable = POOL_BYTES_MAX / object_bytes(room);
	const uint64_t least = fixed + POOL_FRAMES_SPARE;
	const uint64_t frames = minimum(wanted, affordable > least ? affordable : least);

	return (struct pool_size){.frames = (uint32_t)frames, .data_room = room};
}

static uint64_t rule_count(const struct config *c)
{
	uint64_t rules = 0;

	for (size_t i = 0; i < c->link_count; i++)
		for (int d = 0; d < DIRECTIONS; d++) {
			const int policy = c->links[i].policy[d];

			if (policy != CONFIG_NONE && c->policies[policy].acl != CONFIG_NONE)
				rules += c->acls[c->policies[policy].acl].rule_count;
		}
	return rules;
}

size_t memory_needed_mb(const struct config *c)
{
	const struct pool_size pool = memory_pool_size(c);
	const uint64_t tables = rule_count(c) * RULE_BYTES + queued_frames(c) * QUEUE_ENTRY_BYTES;
	const uint64_t bytes = pool.frames * object_bytes(pool.data_room) + GENERATIONS * tables;

	return BASE_MB + GENERATIONS * DIRECTIONS * LINK_MB * c->link_count + bytes / MIB;
}
