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
 * complement sums care for no byte order (RFC 1071 2.B): all are as in the frame. ~m + m' is
 * m' - m here, with the end-around carry where that is negative: the same, but for no change
 * at all, which must not turn 0xffff into 0. */
static inline uint16_t checksum_patch(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
	const int32_t difference = (int32_t)new_word - (int32_t)old_word;
	uint32_t sum = (uint16_t)~checksum + (uint32_t)difference;

	sum += (uint32_t)(difference >> 31) & 0xffff;
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static inline void mark_ipv4(uint8_t *header, uint8_t dscp)
{
	rte_be16_t word, marked, checksum;

	memcpy(&word, header, sizeof(word));
	memcpy(&checksum, header + IPV4_CHECKSUM_OFFSET, sizeof(checksum));
	marked = (word & rte_cpu_to_be_16(0xff00 | ECN_MASK)) |
		 rte_cpu_to_be_16((uint16_t)(dscp << 2));
	checksum = checksum_patch(checksum, word, marked);
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
static inline bool insert_tag(struct rte_mbuf *m, bool split, rte_be32_t tag)
{
	uint8_t *start = (uint8_t *)rte_pktmbuf_prepend(m, VLAN_TAG_BYTES);

	if (unlikely(start == NULL))
		return false;
	if (likely(!split)) {
		/* In two pieces: the start lies in the cache line before, and a store across
		 * both costs twice. */
		uint32_t first;
		uint64_t last;

		memcpy(&first, start + VLAN_TAG_BYTES, sizeof(first));
		memcpy(&last, start + VLAN_TAG_BYTES + sizeof(first), sizeof(last));
		memcpy(start, &first, sizeof(first));
		memcpy(start + sizeof(first), &last, sizeof(last));
		memcpy(start + MAC_ADDRESSES_BYTES, &tag, sizeof(tag));
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

		return insert_tag(b->frame[i], split, by->tag);
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

/* What it writes: in a class without colours all are green. */
static inline enum colour colour_written(const struct burst *b, uint32_t i,
					 const struct class_profile *c)
{
	return (enum colour)(b->colour[i] & c->colour_mask);
}

/* False where there is no room for the tag. */
static bool mark_frame(struct burst *b, uint32_t i, const struct policy *p)
{
	const bool is_ip = b->kind[i] == FRAME_IPV4 || b->kind[i] == FRAME_IPV6;
	const struct class_profile *c = &p->classes[b->class_slot[i]];

	if (is_ip)
		mark_ds_field(b, i, c->dscp_written[colour_written(b, i, c)]);
	return mark_tags(b, i, p, is_ip);
}

/* Untagged IPv4 in one piece, as most frames are: known to be so, it needs no questions. */
static inline bool mark_plain(struct rte_mbuf *m, uint8_t dscp, bool inserts, rte_be32_t tag)
{
	mark_ipv4(rte_pktmbuf_mtod_offset(m, uint8_t *, ETHERNET_HEADER_BYTES), dscp);
	return !inserts || insert_tag(m, false, tag);
}

static inline uint64_t find_plain(const struct burst *b)
{
	uint8_t plain[BURST_MAX];

	for (uint32_t i = 0; i < BURST_MAX; i++)
		plain[i] = (b->kind[i] == FRAME_IPV4) & (b->tags[i] == 0) &
			   ((b->flags[i] & FRAME_SPLIT) == 0) & (b->drop[i] == DROP_NONE);
	return burst_bits(plain) & burst_frames(b);
}

/* As a function of its own it does not crowd the loop over plain frames. */
static __rte_noinline void mark_others(struct burst *b, const struct policy *p, uint64_t others)
{
	for (; others != 0; others &= others - 1) {
		const uint32_t i = burst_first(others);

		if (b->drop[i] == DROP_NONE && !mark_frame(b, i, p))
			b->drop[i] = DROP_NO_ROOM;
	}
}

static bool is_erased(const struct burst *b, uint32_t i, const struct policy *p)
{
	const struct class_profile *c = &p->classes[b->class_slot[i]];
	const enum colour colour = colour_written(b, i, c);

	return c->dscp_written[colour] != dscp_of_colour(c->dscp, colour);
}

static uint64_t count_erased(const struct burst *b, const struct policy *p)
{
	uint64_t erased = 0;

	for (uint32_t i = 0; i < b->count; i++)
		if ((b->kind[i] == FRAME_IPV4 || b->kind[i] == FRAME_IPV6) &&
		    (b->drop[i] == DROP_NONE || b->drop[i] == DROP_NO_ROOM))
			erased += is_erased(b, i, p);
	return erased;
}

void mark_prefetch(const struct burst *b, const struct policy *p)
{
	if (p->untagged == UNTAGGED_KEEP)
		return;
	for (uint32_t i = 0; i < b->count; i++)
		__builtin_prefetch(rte_pktmbuf_mtod(b->frame[i], const uint8_t *) - VLAN_TAG_BYTES,
				   1);
}

void mark_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	const bool inserts = p->untagged != UNTAGGED_KEEP;
	uint64_t plain;

	if (p->transparent)
		return;
	plain = find_plain(b);
	if (unlikely(plain != burst_frames(b)))
		mark_others(b, p, burst_frames(b) & ~plain);
	for (; plain != 0; plain &= plain - 1) {
		const uint32_t i = burst_first(plain);
		const struct class_profile *c = &p->classes[b->class_slot[i]];

		if (unlikely(!mark_plain(b->frame[i], c->dscp_written[colour_written(b, i, c)],
					 inserts, c->tag)))
			b->drop[i] = DROP_NO_ROOM;
	}
	if (unlikely(p->erases))
		lane->counters.guarded += count_erased(b, p);
}
