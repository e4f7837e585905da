/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two passes over the burst. The first loads the few words of each frame that tell
 * everything, side by side. The second works on these arrays without a branch, so that the
 * compiler makes vectors of it: once for any machine, once for AVX2, once for AVX-512, of
 * which the machine's best is taken at run time.
 */
#include "parse_plain.h"

#include <stdbool.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_cpuflags.h>
#include <rte_mbuf.h>

#include "diffserv.h"
#include "parse.h"

enum {
	LANES = 32,	  /* frames judged at a time */
	PLAIN_BYTES = 42, /* Ethernet, a tag, IPv4 and ports: so much may be read */

	ETHERNET_AND_TAG = ETHERNET_HEADER_BYTES + VLAN_TAG_BYTES,
	IPV4_HEADER = 20,
	PORTS_BYTES = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_SCTP = 132,
};

_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "words are taken apart as on x86");
_Static_assert(BURST_MAX % LANES == 0, "lanes beyond the count lie in the burst's arrays");

/* As loaded, the first byte of four in the lowest bits. */
struct words {
	uint32_t group[BURST_MAX];    /* the first four bytes of the destination */
	uint32_t outer[BURST_MAX];    /* the first EtherType, and a tag's TCI */
	uint32_t type[BURST_MAX];     /* the last EtherType, version and IHL, TOS; 0: not plain */
	uint32_t length[BURST_MAX];   /* total length, identification */
	uint32_t fragment[BURST_MAX]; /* flags and offset, TTL, protocol */
	uint32_t ports[BURST_MAX];
};

#define TYPE_TAG      UINT32_C(0x0081)	 /* 81 00 */
#define TYPE_IPV4     UINT32_C(0x450008) /* 08 00 45 */
#define TYPE_MASK     UINT32_C(0xffffff)
#define FRAGMENT_MASK UINT32_C(0xff3f)	   /* MF and the offset */
#define LINK_LOCAL    UINT32_C(0x00c28001) /* 01 80 c2 00: parse.c looks closer */

static inline uint32_t load32(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static __rte_always_inline void gather_words(struct burst *b, struct words *w)
{
	const uint32_t count = b->count;
	uint32_t i;

	for (i = 0; i < count; i++) {
		const struct rte_mbuf *m = b->frame[i];
		const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
		const uint32_t frame_bytes = m->pkt_len;
		const uint8_t *at;

		b->frame_bytes[i] = frame_bytes;
		w->type[i] = 0;
		/* Short, or split: then FRAME_SPLIT is to be said. */
		if (unlikely(m->data_len < PLAIN_BYTES ||
			     m->data_len < RTE_MIN(frame_bytes, (uint32_t)PARSE_SPAN)))
			continue;
		w->group[i] = load32(bytes);
		w->outer[i] = load32(bytes + ETHERNET_HEADER_BYTES - 2);
		at = bytes + ETHERNET_HEADER_BYTES;
		if ((w->outer[i] & 0xffff) == TYPE_TAG)
			at += VLAN_TAG_BYTES;
		w->type[i] = load32(at - 2);
		w->length[i] = load32(at + 2);
		w->fragment[i] = load32(at + 6);
		w->ports[i] = load32(at + IPV4_HEADER);
	}
	for (; i % LANES != 0; i++)
		w->type[i] = 0;
}

/* Where true, all bits are set. */
static __rte_always_inline uint32_t all_if(bool condition)
{
	return (uint32_t) - (int32_t)condition;
}

static __rte_always_inline uint32_t swap16(uint32_t low_half)
{
	return (low_half << 8 & 0xff00) | (low_half >> 8 & 0xff);
}

/* A bit for each of the lanes that are not plain. */
static __rte_always_inline uint32_t find_others(const struct burst *b, const struct words *w,
						uint32_t first)
{
	uint32_t others = 0;

	for (uint32_t lane = 0; lane < LANES; lane++) {
		const uint32_t i = first + lane;
		const uint32_t protocol = w->fragment[i] >> 24;
		const uint32_t total = swap16(w->length[i]);
		const uint32_t tag = all_if((w->outer[i] & 0xffff) == TYPE_TAG) & VLAN_TAG_BYTES;
		const uint32_t ports =
			all_if((protocol == PROTOCOL_TCP) | (protocol == PROTOCOL_UDP) |
			       (protocol == PROTOCOL_SCTP)) &
			PORTS_BYTES;
		const uint32_t plain = ((w->type[i] & TYPE_MASK) == TYPE_IPV4) &
				       ((w->fragment[i] & FRAGMENT_MASK) == 0) &
				       (w->group[i] != LINK_LOCAL) &
				       (total >= IPV4_HEADER + ports) &
				       (total + tag + ETHERNET_HEADER_BYTES <= b->frame_bytes[i]);

		others |= (plain ^ 1) << lane;
	}
	return others;
}

static __rte_always_inline void write_link_layer(struct burst *b, const struct words *w,
						 uint32_t first)
{
	for (uint32_t i = first; i < first + LANES; i++) {
		const uint32_t tagged = all_if((w->outer[i] & 0xffff) == TYPE_TAG);
		const uint32_t tci = swap16(w->outer[i] >> 16);

		b->kind[i] = FRAME_IPV4;
		b->tags[i] = (uint8_t)(tagged & 1);
		b->pcp[i] = (uint8_t)(tagged & tci >> 13);
		b->vlan[i] = (uint16_t)((tagged & tci & 0xfff) | (~tagged & VLAN_NONE));
		b->ip_offset[i] = (uint16_t)(ETHERNET_HEADER_BYTES + (tagged & VLAN_TAG_BYTES));
	}
}

static __rte_always_inline void write_ip(struct burst *b, const struct words *w, uint32_t first)
{
	for (uint32_t i = first; i < first + LANES; i++) {
		const uint32_t protocol = w->fragment[i] >> 24;
		const uint32_t known =
			all_if((protocol == PROTOCOL_TCP) | (protocol == PROTOCOL_UDP) |
			       (protocol == PROTOCOL_SCTP));

		b->flags[i] = (uint8_t)(known & FRAME_PORTS_KNOWN);
		b->dscp[i] = (uint8_t)(w->type[i] >> 26);
		b->protocol[i] = (uint8_t)protocol;
		b->ip_bytes[i] = swap16(w->length[i]);
		b->source_port[i] = (uint16_t)(known & swap16(w->ports[i]));
		b->destination_port[i] = (uint16_t)(known & swap16(w->ports[i] >> 16));
	}
}

static __rte_always_inline uint64_t parse_words(struct burst *b)
{
	struct words w;
	uint64_t others = 0;

	gather_words(b, &w);
	for (uint32_t first = 0; first < b->count; first += LANES) {
		others |= (uint64_t)find_others(b, &w, first) << first;
		write_link_layer(b, &w, first);
		write_ip(b, &w, first);
	}
	return others & burst_frames(b);
}

static uint64_t parse_any(struct burst *b)
{
	return parse_words(b);
}

__attribute__((target("avx2,bmi,bmi2"))) static uint64_t parse_avx2(struct burst *b)
{
	return parse_words(b);
}

__attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl"))) static uint64_t
parse_avx512(struct burst *b)
{
	return parse_words(b);
}

uint32_t parse_plain_variants(struct parse_plain_variant out[PARSE_PLAIN_VARIANTS])
{
	uint32_t count = 0;

	out[count++] = (struct parse_plain_variant){"any", parse_any};
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX2) > 0)
		out[count++] = (struct parse_plain_variant){"AVX2", parse_avx2};
	if (rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512BW) > 0 &&
	    rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512VL) > 0)
		out[count++] = (struct parse_plain_variant){"AVX-512", parse_avx512};
	return count;
}

static parse_plain_way best = parse_any; /* set once, before main() */

RTE_INIT(parse_plain_choose)
{
	struct parse_plain_variant variants[PARSE_PLAIN_VARIANTS];

	best = variants[parse_plain_variants(variants) - 1].run;
}

uint64_t parse_plain(struct burst *b)
{
	return best(b);
}
