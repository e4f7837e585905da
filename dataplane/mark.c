/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The marker: the DSCP of the class (0 where the egress guard erases it) into the DS
 * field, the two ECN bits kept (RFC 2474 3, RFC 3168 5); the IPv4 header checksum patched
 * by the difference, so that a wrong one stays exactly as wrong (RFC 1624, eqn 3); the
 * class's PCP into the tags, DEI and VID kept (IEEE 802.1Q 9.6); tags inserted or
 * removed. Frames that are not IP keep their bytes, but for an inserted or removed tag.
 */
#include "stages.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "accounting.h"
#include "lane_state.h"
#include "policy_snapshot.h"

enum {
	MAC_ADDRESSES_BYTES = 12,
	TPID = 0x8100,
	PCP_SHIFT = 5, /* in the first byte of the TCI */
	IPV4_CHECKSUM_OFFSET = 10,
	MARKED_BYTES = 12, /* of an IP header, at most: up to IPv4's checksum */
	ECN_MASK = 0x03,
};

/* The byte at an offset that the parser has seen, wherever its segment is. */
static uint8_t *chain_byte(struct rte_mbuf *m, uint32_t offset)
{
	while (offset >= m->data_len) {
		offset -= m->data_len;
		m = m->next;
	}
	return rte_pktmbuf_mtod_offset(m, uint8_t *, offset);
}

/* RFC 1624 eqn 3: HC' = ~(~HC + ~m + m'), for the word that holds the DS field. One's
 * complement sums care for no byte order (RFC 1071 2.B): all three are as in the frame. */
static inline uint16_t checksum_patch(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
	uint32_t sum = (uint16_t)~checksum + (uint32_t)(uint16_t)~old_word + new_word;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void mark_ipv4(uint8_t *header, uint8_t dscp)
{
	rte_be16_t word, marked, checksum;

	memcpy(&word, header, sizeof(word));
	memcpy(&checksum, header + IPV4_CHECKSUM_OFFSET, sizeof(checksum));
	marked = (word & rte_cpu_to_be_16(0xff00 | ECN_MASK)) |
		 rte_cpu_to_be_16((uint16_t)(dscp << 2));
	/* The patch for no change would turn 0xffff into 0. */
	checksum = marked == word ? checksum : checksum_patch(checksum, word, marked);
	memcpy(header, &marked, sizeof(marked));
	memcpy(header + IPV4_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}

/* The traffic class lies across the first two bytes (RFC 8200 3); no checksum covers it. */
static inline void mark_ipv6(uint8_t *header, uint8_t dscp)
{
	header[0] = (uint8_t)((header[0] & 0xf0) | dscp >> 2);
	header[1] = (uint8_t)((header[1] & 0x3f) | dscp << 6);
}

static inline void mark_header(uint8_t *header, uint8_t kind, uint8_t dscp)
{
	if (kind == FRAME_IPV4)
		mark_ipv4(header, dscp);
	else
		mark_ipv6(header, dscp);
}

static void mark_split_header(struct rte_mbuf *m, uint32_t ip, uint8_t kind, uint8_t dscp)
{
	uint8_t header[MARKED_BYTES];

	for (uint32_t k = 0; k < MARKED_BYTES; k++)
		header[k] = *chain_byte(m, ip + k);
	mark_header(header, kind, dscp);
	for (uint32_t k = 0; k < MARKED_BYTES; k++)
		*chain_byte(m, ip + k) = header[k];
}

static void write_pcp(struct rte_mbuf *m, bool split, uint32_t tag, uint8_t pcp)
{
	uint32_t offset = MAC_ADDRESSES_BYTES + tag * VLAN_TAG_BYTES + 2;
	uint8_t *tci = unlikely(split) ? chain_byte(m, offset)
				       : rte_pktmbuf_mtod_offset(m, uint8_t *, offset);

	*tci = (uint8_t)((*tci & 0x1f) | pcp << PCP_SHIFT);
}

/* The four bytes of a tag behind the MAC addresses. False where the buffer has no room. */
static inline bool insert_tag(struct rte_mbuf *m, bool split, uint16_t vid, uint8_t pcp)
{
	const rte_be32_t tag = rte_cpu_to_be_32((uint32_t)TPID << 16 | (uint32_t)pcp << 13 | vid);
	uint8_t *start = (uint8_t *)rte_pktmbuf_prepend(m, VLAN_TAG_BYTES);

	if (unlikely(start == NULL))
		return false;
	if (likely(!split)) {
		uint8_t addresses[MAC_ADDRESSES_BYTES];

		memcpy(addresses, start + VLAN_TAG_BYTES, sizeof(addresses));
		memcpy(start, addresses, sizeof(addresses));
		memcpy(start + MAC_ADDRESSES_BYTES, &tag, VLAN_TAG_BYTES);
		return true;
	}
	for (uint32_t k = 0; k < MAC_ADDRESSES_BYTES; k++)
		*chain_byte(m, k) = *chain_byte(m, k + VLAN_TAG_BYTES);
	for (uint32_t k = 0; k < VLAN_TAG_BYTES; k++)
		*chain_byte(m, MAC_ADDRESSES_BYTES + k) = ((const uint8_t *)&tag)[k];
	return true;
}

/* False where the first segment is shorter than a tag. */
static bool strip_tag(struct rte_mbuf *m, bool split)
{
	if (unlikely(m->data_len < VLAN_TAG_BYTES))
		return false;
	if (likely(!split)) {
		uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *);

		memmove(start + VLAN_TAG_BYTES, start, MAC_ADDRESSES_BYTES);
	} else {
		for (uint32_t k = MAC_ADDRESSES_BYTES; k-- > 0;)
			*chain_byte(m, k + VLAN_TAG_BYTES) = *chain_byte(m, k);
	}
	return rte_pktmbuf_adj(m, VLAN_TAG_BYTES) != NULL;
}

/* Which tags carry the class's PCP, after one was stripped. */
static uint32_t tags_to_mark(enum tag_pcp which, uint32_t tags)
{
	if (which == TAG_PCP_KEEP || tags == 0)
		return 0;
	return which == TAG_PCP_ALL ? tags : 1;
}

static inline void mark_ds_field(struct burst *b, uint32_t i, uint8_t dscp)
{
	struct rte_mbuf *m = b->frame[i];

	if (unlikely(b->flags[i] & FRAME_SPLIT))
		mark_split_header(m, b->ip_offset[i], b->kind[i], dscp);
	else
		mark_header(rte_pktmbuf_mtod_offset(m, uint8_t *, b->ip_offset[i]), b->kind[i],
			    dscp);
}

static bool mark_tags(struct burst *b, uint32_t i, const struct policy *p, bool is_ip)
{
	const struct class_profile *c = &p->classes[b->class_slot[i]];
	bool split = (b->flags[i] & FRAME_SPLIT) != 0;
	uint32_t tags = b->tags[i];

	if (inserts_tag(p, b, i)) {
		/* Frames that are not IP, ARP among them, have the default class's PCP. */
		const struct class_profile *by = is_ip ? c : &p->classes[p->default_slot];

		return insert_tag(b->frame[i], split, (uint16_t)p->untagged, by->pcp);
	}
	if (strips_tag(p, b, i)) {
		if (!strip_tag(b->frame[i], split))
			return false;
		tags--;
	}
	if (is_ip)
		for (uint32_t t = 0; t < tags_to_mark(p->tag_pcp, tags); t++)
			write_pcp(b->frame[i], split, t, c->pcp);
	return true;
}

/* The class's, or of an AF class its colour's; *guarded: the egress guard erases it. */
static inline uint8_t dscp_to_write(const struct class_profile *c, const struct burst *b,
				    uint32_t i, bool *guarded)
{
	const enum colour colour = c->coloured ? (enum colour)b->colour[i] : COLOUR_GREEN;
	const uint8_t dscp = c->coloured ? c->dscp_coloured[colour] : c->dscp_egress;

	*guarded = dscp != dscp_of_colour(c->dscp, colour);
	return dscp;
}

void mark_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	uint64_t guarded = 0;

	if (p->transparent)
		return;
	for (uint32_t i = 0; i < b->count; i++) {
		bool is_ip = b->kind[i] == FRAME_IPV4 || b->kind[i] == FRAME_IPV6;
		const struct class_profile *c;

		if (b->drop[i] != DROP_NONE)
			continue;
		c = &p->classes[b->class_slot[i]];
		if (is_ip) {
			bool erased;

			mark_ds_field(b, i, dscp_to_write(c, b, i, &erased));
			guarded += erased;
		}
		if (!mark_tags(b, i, p, is_ip))
			b->drop[i] = DROP_NO_ROOM;
	}
	lane->counters.guarded += guarded;
}
