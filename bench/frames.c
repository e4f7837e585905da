/* SPDX-License-Identifier: BSD-3-Clause */
/* See frames.h. */
#include "frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "parse.h"

enum {
	RTP_OFFSET = 42,
	FRAGMENT_OFFSET = 185, /* times eight bytes: behind a full first one */
	DESTINATION_OPTIONS = 60,
	EXTENSION_BYTES = 8,
	POOL_CACHE = 256,
	POOL_SPARE = 4 * POOL_CACHE, /* what caches and dropped frames hold */
};

static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

static void write_ipv4(uint8_t *out, const struct packet *p, uint32_t ip_bytes, bool fragment)
{
	const rte_be16_t ports[2] = {rte_cpu_to_be_16(p->source_port),
				     rte_cpu_to_be_16(p->destination_port)};
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)ip_bytes),
		.packet_id = fragment ? ports[0] : 0,
		.fragment_offset = rte_cpu_to_be_16(fragment ? FRAGMENT_OFFSET : 0),
		.time_to_live = 64,
		.next_proto_id = p->protocol,
		.src_addr = rte_cpu_to_be_32(p->source),
		.dst_addr = rte_cpu_to_be_32(p->destination),
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	if (p->class_slot == SLOT_VOICE)
		out[RTP_OFFSET] = 0x80; /* G.711; its source is 0 */
	out[12] = 0x08;
	memcpy(out + RTE_ETHER_HDR_LEN, &ip, sizeof(ip));
	memcpy(out + RTE_ETHER_HDR_LEN + sizeof(ip), ports, sizeof(ports));
}

/* Destination options of eight bytes, one after the other (RFC 8200 4.6), then the ports. */
static void write_extended(uint8_t *out, const struct packet *p, uint32_t ip_bytes)
{
	const rte_be16_t ports[2] = {rte_cpu_to_be_16(p->source_port),
				     rte_cpu_to_be_16(p->destination_port)};
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(UINT32_C(6) << 28),
		.payload_len = rte_cpu_to_be_16((uint16_t)(ip_bytes - sizeof(ip))),
		.proto = DESTINATION_OPTIONS,
		.hop_limits = 64,
		.src_addr = {0x20, 0x01, 0x0d, 0xb8},
		.dst_addr = {0x20, 0x01, 0x0d, 0xb8, 0xff},
	};
	uint8_t *at = out + RTE_ETHER_HDR_LEN + sizeof(ip);

	memcpy(ip.src_addr + 12, &p->source, sizeof(p->source));
	memcpy(ip.dst_addr + 12, &p->destination, sizeof(p->destination));
	out[12] = 0x86;
	out[13] = 0xdd;
	memcpy(out + RTE_ETHER_HDR_LEN, &ip, sizeof(ip));
	for (uint32_t k = 0; k < PARSE_EXTENSIONS_MAX; k++, at += EXTENSION_BYTES) {
		at[0] = k + 1 < PARSE_EXTENSIONS_MAX ? DESTINATION_OPTIONS : p->protocol;
		at[2] = 1; /* PadN of four bytes */
		at[3] = 4;
	}
	memcpy(at, ports, sizeof(ports));
}

static void write_headers(const struct frames *f, uint8_t *out, const struct packet *p,
			  enum worst worst)
{
	const uint32_t ip_bytes = f->frame_bytes - RTE_ETHER_HDR_LEN;

	memset(out, 0, f->header_bytes);
	memcpy(out, addresses, sizeof(addresses));
	if (worst == WORST_EXTENSIONS)
		write_extended(out, p, ip_bytes);
	else
		write_ipv4(out, p, ip_bytes, worst == WORST_FRAGMENTS);
}

int frames_create(struct frames *f, const struct rule_set *set, uint32_t count,
		  uint32_t frame_bytes)
{
	static unsigned pools;
	char name[RTE_MEMPOOL_NAMESIZE];
	uint64_t random = 2024;

	*f = (struct frames){.count = count,
			     .frame_bytes = frame_bytes - RTE_ETHER_CRC_LEN,
			     .calls = set->calls ? set->calls : count,
			     .header_bytes = set->worst == WORST_EXTENSIONS ? EXTENDED_HEADERS_BYTES
									    : HEADERS_BYTES};
	snprintf(name, sizeof(name), "bench-%u", pools++);
	f->pool = rte_pktmbuf_pool_create(name, count + POOL_SPARE, POOL_CACHE, 0,
					  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	f->mbufs = calloc(count, sizeof(*f->mbufs));
	f->packets = calloc(count, sizeof(*f->packets));
	f->headers = calloc(count, f->header_bytes);
	if (f->pool == NULL || f->mbufs == NULL || f->packets == NULL || f->headers == NULL) {
		frames_destroy(f);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		f->packets[i] =
			set->calls ? rules_call(i % set->calls) : rules_packet(set, &random);
		write_headers(f, f->headers + (size_t)i * f->header_bytes, &f->packets[i],
			      set->worst);
	}
	return frames_arm(f, NULL, 0);
}

void frames_destroy(struct frames *f)
{
	for (uint32_t i = 0; i < f->alive; i++) /* none is alive where mbufs is NULL */
		rte_pktmbuf_free(f->mbufs[i]);	/* NOLINT(clang-analyzer-core.NullDereference) */
	rte_mempool_free(f->pool);
	free(f->mbufs);
	free(f->packets);
	free(f->headers);
	*f = (struct frames){0};
}

/* The next packet of its call. */
static void number_rtp(uint8_t *frame, uint32_t serial)
{
	const rte_be16_t seq = rte_cpu_to_be_16((uint16_t)serial);
	const rte_be32_t timestamp = rte_cpu_to_be_32(serial * 160);

	memcpy(frame + RTP_OFFSET + 2, &seq, sizeof(seq));
	memcpy(frame + RTP_OFFSET + 4, &timestamp, sizeof(timestamp));
}

int frames_arm(struct frames *f, struct rte_mbuf *const *sent, uint32_t count)
{
	if (count > 0)
		memcpy(f->mbufs, sent, count * sizeof(*sent));
	for (f->alive = count; f->alive < f->count; f->alive++) {
		f->mbufs[f->alive] = rte_pktmbuf_alloc(f->pool);
		if (f->mbufs[f->alive] == NULL)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < f->count; i++) {
		struct rte_mbuf *m = f->mbufs[i];

		rte_pktmbuf_reset_headroom(m);
		m->data_len = (uint16_t)f->frame_bytes;
		m->pkt_len = f->frame_bytes;
		memcpy(rte_pktmbuf_mtod(m, void *), f->headers + (size_t)i * f->header_bytes,
		       f->header_bytes);
		if (f->packets[i].class_slot == SLOT_VOICE)
			number_rtp(rte_pktmbuf_mtod(m, uint8_t *),
				   f->armed * (f->count / f->calls) + i / f->calls);
	}
	f->armed++;
	return 0;
}
