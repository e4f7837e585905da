/* SPDX-License-Identifier: BSD-3-Clause */
/* What a contract or a link counts as the length of a frame, and what the marker's tag
 * work does to that length. Thread: any. */
#ifndef EDGEMARK_ACCOUNTING_H
#define EDGEMARK_ACCOUNTING_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "burst.h"
#include "diffserv.h"
#include "policy_snapshot.h"

/* Frames of link control keep their tags as they are, and so does what is too short for
 * an Ethernet header. */
static inline bool tags_are_ours(const struct burst *b, uint32_t i)
{
	return !(b->flags[i] & FRAME_LINK_LOCAL) && b->frame_bytes[i] >= ETHERNET_HEADER_BYTES;
}

static inline bool inserts_tag(const struct policy *p, const struct burst *b, uint32_t i)
{
	return p->untagged != UNTAGGED_KEEP && b->tags[i] == 0 && tags_are_ours(b, i);
}

static inline bool strips_tag(const struct policy *p, const struct burst *b, uint32_t i)
{
	return p->strip && b->tags[i] > 0 && tags_are_ours(b, i);
}

/* Length of the frame as it will leave, without FCS. Before mark_burst(). */
static inline uint32_t egress_bytes(const struct policy *p, const struct burst *b, uint32_t i)
{
	uint32_t bytes = b->frame_bytes[i];

	if (inserts_tag(p, b, i))
		bytes += VLAN_TAG_BYTES;
	else if (strips_tag(p, b, i))
		bytes -= VLAN_TAG_BYTES;
	return bytes;
}

/* ip_bytes: the IP datagram, or what follows the last EtherType; frame_bytes: the frame as
 * it leaves, without FCS. Short frames are padded on the wire (IEEE 802.3 4.2.3.3). */
static inline uint32_t accounted_bytes(enum account account, int32_t overhead_bytes,
				       uint32_t ip_bytes, uint32_t frame_bytes)
{
	int64_t bytes = ip_bytes;

	if (account == ACCOUNT_L2)
		bytes = frame_bytes;
	else if (account == ACCOUNT_WIRE)
		bytes = RTE_MAX(frame_bytes, (uint32_t)ETHERNET_MIN_BYTES) + WIRE_OVERHEAD_BYTES;
	bytes += overhead_bytes;
	return bytes > 0 ? (uint32_t)bytes : 0;
}

static inline uint32_t contract_bytes(const struct contract_profile *c, const struct policy *p,
				      const struct burst *b, uint32_t i)
{
	return accounted_bytes(c->account, c->overhead_bytes, b->ip_bytes[i],
			       egress_bytes(p, b, i));
}

#endif
