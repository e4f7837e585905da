/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See parse.h. Most frames are read by parse_plain.c; here is what reads all of them, with
 * the same result. One frame goes through at most four steps: link layer and tags, IP
 * header, extension headers, ports. Each works on a view: the bytes that may be read
 * and how many there are; what lies beyond is not there.
 */
#include "parse.h"

#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "anomaly.h"
#include "diffserv.h"
#include "parse_plain.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_TAG_C = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_TAG_S = 0x88a8,
	ETHERTYPE_MAC_CONTROL = 0x8808,

	IPV4_HEADER_MIN = 20,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET_MASK = 0x1fff,
	IPV6_HEADER = 40,
	PORTS_BYTES = 4,

	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_AH = 51,
	PROTOCOL_DESTINATION_OPTIONS = 60,
	PROTOCOL_SCTP = 132,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

struct view {
	const uint8_t *bytes;
	uint32_t readable; /* of bytes: the frame's length or PARSE_SPAN, the smaller */
	uint32_t frame;	   /* length of the whole frame */
};

static inline uint16_t read16(const uint8_t *p)
{
	rte_be16_t value;

	memcpy(&value, p, sizeof(value));
	return rte_be_to_cpu_16(value);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP || protocol == PROTOCOL_SCTP;
}

/* end: of the datagram, as an offset into the view, never beyond the frame. */
static enum anomaly parse_ports(struct burst *b, uint32_t i, const struct view *v,
				uint32_t transport, uint32_t end)
{
	if (!has_ports(b->protocol[i]))
		return ANOMALY_NONE;
	if (transport + PORTS_BYTES > end)
		return ANOMALY_TRANSPORT_TRUNCATED;
	b->source_port[i] = read16(v->bytes + transport);
	b->destination_port[i] = read16(v->bytes + transport + 2);
	b->flags[i] |= FRAME_PORTS_KNOWN;
	return ANOMALY_NONE;
}

static enum anomaly parse_ipv4(struct burst *b, uint32_t i, const struct view *v, uint32_t ip)
{
	const uint8_t *h = v->bytes + ip;
	uint32_t left = v->frame - ip;

	if (left < IPV4_HEADER_MIN)
		return ANOMALY_IP_TRUNCATED;
	if (h[0] >> 4 != 4)
		return ANOMALY_IP_VERSION;

	uint32_t header = (h[0] & 0xfu) * 4;
	uint32_t total = read16(h + 2);
	uint16_t fragment = read16(h + 6);

	if (header < IPV4_HEADER_MIN || header > left)
		return ANOMALY_IPV4_HEADER_LENGTH;
	if (total < header || total > left)
		return ANOMALY_IP_LENGTH;

	b->kind[i] = FRAME_IPV4;
	b->dscp[i] = h[1] >> 2;
	b->protocol[i] = h[9];
	b->ip_bytes[i] = total;
	if (fragment & IPV4_OFFSET_MASK) {
		b->flags[i] |= FRAME_LATER_FRAGMENT;
		return ANOMALY_NONE;
	}
	if (fragment & IPV4_MORE_FRAGMENTS)
		b->flags[i] |= FRAME_FIRST_FRAGMENT;
	return parse_ports(b, i, v, ip + header, ip + total);
}

/* Bytes of the extension header at h (RFC 8200 4, RFC 4302 2.2), or 0 where `protocol` is
 * none that is followed. The fragment header's length field is reserved. */
static uint32_t extension_bytes(uint8_t protocol, const uint8_t *h)
{
	switch (protocol) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_DESTINATION_OPTIONS:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return (h[1] + 1u) * 8;
	case PROTOCOL_AH:
		return (h[1] + 2u) * 4;
	case PROTOCOL_FRAGMENT:
		return 8;
	default:
		return 0;
	}
}

static bool is_extension(uint8_t protocol)
{
	static const uint8_t any_header[2];

	return extension_bytes(protocol, any_header) != 0;
}

static enum anomaly parse_ipv6_chain(struct burst *b, uint32_t i, const struct view *v, uint32_t at,
				     uint32_t end)
{
	uint32_t readable_end = end < v->readable ? end : v->readable;

	for (unsigned followed = 0; is_extension(b->protocol[i]); followed++) {
		if (followed == PARSE_EXTENSIONS_MAX || at + 8 > readable_end)
			return ANOMALY_IPV6_CHAIN;

		const uint8_t *h = v->bytes + at;
		uint32_t bytes = extension_bytes(b->protocol[i], h);

		if (at + bytes > readable_end)
			return ANOMALY_IPV6_CHAIN;
		if (b->protocol[i] == PROTOCOL_FRAGMENT) {
			uint16_t offset_and_more = read16(h + 2);

			if (offset_and_more & 0xfff8) {
				b->protocol[i] = h[0];
				b->flags[i] &= (uint8_t)~FRAME_FIRST_FRAGMENT;
				b->flags[i] |= FRAME_LATER_FRAGMENT;
				return ANOMALY_NONE;
			}
			if (offset_and_more & 1)
				b->flags[i] |= FRAME_FIRST_FRAGMENT;
		}
		b->protocol[i] = h[0];
		at += bytes;
	}
	if (has_ports(b->protocol[i]) && at + PORTS_BYTES <= end && at + PORTS_BYTES > readable_end)
		return ANOMALY_IPV6_CHAIN;
	return parse_ports(b, i, v, at, end);
}

static enum anomaly parse_ipv6(struct burst *b, uint32_t i, const struct view *v, uint32_t ip)
{
	const uint8_t *h = v->bytes + ip;
	uint32_t left = v->frame - ip;

	if (left < IPV6_HEADER)
		return ANOMALY_IP_TRUNCATED;
	if (h[0] >> 4 != 6)
		return ANOMALY_IP_VERSION;

	uint32_t total = IPV6_HEADER + read16(h + 4);

	if (total > left)
		return ANOMALY_IP_LENGTH;

	b->kind[i] = FRAME_IPV6;
	b->dscp[i] = (uint8_t)((h[0] & 0xf) << 2 | h[1] >> 6);
	b->protocol[i] = h[6];
	b->ip_bytes[i] = total;
	return parse_ipv6_chain(b, i, v, ip + IPV6_HEADER, ip + total);
}

/* 01:80:c2:00:00:00 to 0f: never forwarded by a bridge (IEEE 802.1Q 8.6.3), but this box
 * is a wire, not a bridge: all but PAUSE pass. */
static bool is_link_local(const uint8_t *destination)
{
	static const uint8_t group[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	return memcmp(destination, group, sizeof(group)) == 0 && destination[5] <= 0x0f;
}

static enum anomaly parse_tags(struct burst *b, uint32_t i, const struct view *v, uint32_t *type_at)
{
	uint32_t at = ETHERNET_HEADER_BYTES - 2;
	uint16_t type = read16(v->bytes + at);

	while (type == ETHERTYPE_TAG_C || type == ETHERTYPE_TAG_S) {
		if (b->tags[i] == PARSE_TAGS_MAX)
			return ANOMALY_TAGS_DEEP;
		if (at + VLAN_TAG_BYTES + 2 > v->readable)
			return ANOMALY_TAG_TRUNCATED;
		if (b->tags[i]++ == 0) {
			uint16_t tci = read16(v->bytes + at + 2);

			b->vlan[i] = tci & 0xfff;
			b->pcp[i] = (uint8_t)(tci >> 13);
		}
		at += VLAN_TAG_BYTES;
		type = read16(v->bytes + at);
		*type_at = at;
	}
	return ANOMALY_NONE;
}

static enum anomaly parse_frame(struct burst *b, uint32_t i, const struct view *v)
{
	uint32_t type_at = ETHERNET_HEADER_BYTES - 2;

	if (v->frame < ETHERNET_HEADER_BYTES) {
		b->ip_bytes[i] = v->frame;
		return ANOMALY_RUNT;
	}
	enum anomaly anomaly = parse_tags(b, i, v, &type_at);
	uint16_t type = read16(v->bytes + type_at);
	uint32_t ip = type_at + 2;

	b->ip_offset[i] = (uint16_t)ip;
	b->ip_bytes[i] = v->frame - ip;
	if (unlikely(v->bytes[0] & 1) && is_link_local(v->bytes)) { /* a group address */
		b->flags[i] |= FRAME_LINK_LOCAL;
		b->kind[i] = v->bytes[5] == 0x01 ? FRAME_PAUSE : FRAME_LINK_CONTROL;
		return ANOMALY_NONE;
	}
	if (unlikely(anomaly != ANOMALY_NONE))
		return anomaly;
	if (likely(type == ETHERTYPE_IPV4))
		return parse_ipv4(b, i, v, ip);
	switch (type) {
	case ETHERTYPE_IPV6:
		return parse_ipv6(b, i, v, ip);
	case ETHERTYPE_ARP:
		b->kind[i] = FRAME_LINK_CONTROL;
		return ANOMALY_NONE;
	case ETHERTYPE_MAC_CONTROL:
		b->kind[i] = FRAME_PAUSE;
		return ANOMALY_NONE;
	default:
		return ANOMALY_NONE;
	}
}

static void clear_entry(struct burst *b, uint32_t i)
{
	b->kind[i] = FRAME_OTHER;
	b->flags[i] = 0;
	b->tags[i] = 0;
	b->pcp[i] = 0;
	b->vlan[i] = VLAN_NONE;
	b->ip_offset[i] = 0;
	b->dscp[i] = 0;
	b->protocol[i] = 0;
	b->source_port[i] = 0;
	b->destination_port[i] = 0;
}

void parse_any_frame(struct burst *b, uint32_t i, uint64_t *anomalies)
{
	const struct rte_mbuf *m = b->frame[i];
	struct view v = {.bytes = rte_pktmbuf_mtod(m, const uint8_t *), .frame = m->pkt_len};
	uint8_t gathered[PARSE_SPAN];
	enum anomaly anomaly;

	clear_entry(b, i);
	v.readable = RTE_MIN(v.frame, (uint32_t)PARSE_SPAN);
	if (unlikely(m->data_len < v.readable)) {
		b->flags[i] = FRAME_SPLIT;
		v.bytes = rte_pktmbuf_read(m, 0, v.readable, gathered);
	}
	anomaly = parse_frame(b, i, &v);
	if (unlikely(anomaly != ANOMALY_NONE))
		anomalies[anomaly]++;
}

static uint64_t sum_bytes(const struct burst *b)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < b->count; i++)
		bytes += b->frame_bytes[i];
	return bytes;
}

uint64_t parse_burst(struct burst *b, uint64_t *anomalies)
{
	for (uint32_t i = 0; i < b->count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->frame[i], void *));
	memset(b->drop, DROP_NONE, sizeof(b->drop));
	memset(b->call, 0xff, sizeof(b->call)); /* CALL_NONE */

	for (uint64_t others = parse_plain(b); others != 0; others &= others - 1)
		parse_any_frame(b, (uint32_t)__builtin_ctzll(others), anomalies);
	return sum_bytes(b);
}

void parse_ip_bytes(const struct burst *b, uint32_t i, uint32_t offset, uint32_t n, void *out)
{
	const struct rte_mbuf *m = b->frame[i];
	const void *bytes = rte_pktmbuf_read(m, b->ip_offset[i] + offset, n, out);

	if (bytes != out)
		memcpy(out, bytes, n);
}

/* Copies the (first) fragment header, which the parser has seen. */
static void ipv6_fragment_header(const struct burst *b, uint32_t i, uint8_t header[8])
{
	uint8_t protocol;
	uint32_t at = IPV6_HEADER;

	parse_ip_bytes(b, i, 6, 1, &protocol);
	for (;;) {
		parse_ip_bytes(b, i, at, 8, header);
		if (protocol == PROTOCOL_FRAGMENT)
			return;
		at += extension_bytes(protocol, header);
		protocol = header[0];
	}
}

void parse_fragment_key(const struct burst *b, uint32_t i, struct fragment_key *key)
{
	memset(key, 0, sizeof(*key));
	if (b->kind[i] == FRAME_IPV4) {
		uint16_t id;

		key->family = 4;
		key->protocol = b->protocol[i];
		parse_ip_bytes(b, i, 4, sizeof(id), &id);
		key->id = id;
		parse_ip_bytes(b, i, 12, 4, key->source);
		parse_ip_bytes(b, i, 16, 4, key->destination);
		return;
	}
	uint8_t header[8];

	ipv6_fragment_header(b, i, header);
	key->family = 6;
	key->protocol = header[0];
	memcpy(&key->id, header + 4, sizeof(key->id));
	parse_ip_bytes(b, i, 8, 16, key->source);
	parse_ip_bytes(b, i, 24, 16, key->destination);
}

uint32_t parse_ipv6_transport(const struct burst *b, uint32_t i)
{
	uint32_t at = IPV6_HEADER;
	uint8_t header[2], protocol;

	parse_ip_bytes(b, i, 6, 1, &protocol);
	while (protocol != b->protocol[i]) {
		parse_ip_bytes(b, i, at, sizeof(header), header);
		at += extension_bytes(protocol, header);
		protocol = header[0];
	}
	return at;
}
