/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst: the frames that one receive brought in, with one arrival time, as a
 * struct of arrays that the stages fill in from left to right. Lives on a worker's
 * stack or in its memory; only that worker touches it.
 */
#ifndef EDGEMARK_BURST_H
#define EDGEMARK_BURST_H

#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "drop_reason.h"

enum {
	BURST_MAX = 64,
	VLAN_NONE = 0xffff,
};

enum frame_kind {
	FRAME_OTHER, /* not IP, or an IP header that makes no sense: passes unchanged */
	FRAME_IPV4,
	FRAME_IPV6,
	FRAME_LINK_CONTROL, /* 01:80:c2:00:00:0x, ARP: goes ahead of data */
	FRAME_PAUSE,	    /* MAC control: never forwarded */
};

enum frame_flag {
	FRAME_PORTS_KNOWN = 1 << 0,
	FRAME_FIRST_FRAGMENT = 1 << 1,
	FRAME_LATER_FRAGMENT = 1 << 2,
	FRAME_SPLIT = 1 << 3,	   /* headers straddle segments: read and write through the chain */
	FRAME_LINK_LOCAL = 1 << 4, /* 01:80:c2:00:00:0x: never tagged */
};

struct burst {
	uint64_t now_ns; /* arrival of all of them; monotonic, any epoch */
	uint32_t count;
	struct rte_mbuf *frame[BURST_MAX];

	/* parse_burst() */
	uint8_t kind[BURST_MAX];
	uint8_t flags[BURST_MAX];
	uint8_t tags[BURST_MAX];	 /* 0-2 */
	uint8_t pcp[BURST_MAX];		 /* of the outermost tag; 0 if untagged */
	uint16_t vlan[BURST_MAX];	 /* VID of the outermost tag, or VLAN_NONE */
	uint16_t ip_offset[BURST_MAX];	 /* of the IP header (or what follows the last EtherType) */
	uint8_t dscp[BURST_MAX];	 /* incoming; IP only */
	uint8_t protocol[BURST_MAX];	 /* IANA number of the transport; IP only */
	uint16_t source_port[BURST_MAX]; /* host order; 0 if unknown */
	uint16_t destination_port[BURST_MAX]; /* host order; 0 if unknown */
	uint32_t frame_bytes[BURST_MAX];      /* as received, without FCS */
	uint32_t ip_bytes[BURST_MAX]; /* the IP datagram; else what follows the last EtherType */

	/* classify_burst(), police_burst() */
	uint8_t class_slot[BURST_MAX];
	uint8_t drop[BURST_MAX];   /* enum drop_reason; DROP_NONE: lives on */
	uint8_t colour[BURST_MAX]; /* enum colour; only of classes whose contract colours */

	/* calls_burst(): index of the call's entry, or CALL_NONE (also where it has not run) */
	uint16_t call[BURST_MAX];
};

/* A bit for each byte that is 1; all others are 0. Eight bytes at a time: the product brings
 * bit 0 of byte k to bit 56 + k (x86's byte order). */
static inline uint64_t burst_bits(const uint8_t ones[BURST_MAX])
{
	uint64_t bits = 0;

	for (uint32_t at = 0; at < BURST_MAX; at += sizeof(uint64_t)) {
		uint64_t eight;

		memcpy(&eight, ones + at, sizeof(eight));
		bits |= (eight * UINT64_C(0x0102040810204080) >> 56) << at;
	}
	return bits;
}

/* The lowest frame of some, of which there must be one. */
static inline uint32_t burst_first(uint64_t frames)
{
	return (uint32_t)__builtin_ctzll(frames);
}

/* A bit for each frame. */
static inline uint64_t burst_frames(const struct burst *b)
{
	return b->count > 0 ? ~UINT64_C(0) >> (BURST_MAX - b->count) : 0;
}

#endif
