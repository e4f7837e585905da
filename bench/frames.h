/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames of a run, in memory, untagged. The marker rewrites them, inserts a tag ahead
 * of them, and the dropper frees some; so between two runs each is made anew, outside of
 * what is measured: data offset, lengths and headers, in a fresh mbuf where one was freed.
 */
#ifndef EDGEMARK_FRAMES_H
#define EDGEMARK_FRAMES_H

#include <stdint.h>

#include "rules.h"

struct rte_mbuf;
struct rte_mempool;

enum {
	HEADERS_BYTES = 54,	      /* Ethernet, IPv4, UDP or as much of TCP, RTP */
	EXTENDED_HEADERS_BYTES = 122, /* Ethernet, IPv6, extension headers, ports */
};

struct frames {
	struct rte_mempool *pool;
	uint32_t count;
	uint32_t frame_bytes; /* without FCS */
	uint32_t calls;	      /* which voice packets are of in turn */
	uint32_t armed;	      /* times: the RTP sequence number */
	uint32_t alive;	      /* of the mbufs below that are ours */
	struct rte_mbuf **mbufs;
	struct packet *packets;
	uint32_t header_bytes;
	uint8_t *headers; /* so many bytes of each */
};

/* frame_bytes: with FCS, as a frame's size is named (64, 1518). 0 or -ENOMEM. */
int frames_create(struct frames *f, const struct rule_set *set, uint32_t count,
		  uint32_t frame_bytes);
void frames_destroy(struct frames *f);

/* sent: the mbufs that came back; the others were freed. 0 or -ENOMEM. */
int frames_arm(struct frames *f, struct rte_mbuf *const *sent, uint32_t count);

#endif
