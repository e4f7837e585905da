/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that say who they are, in the 18 bytes of payload that the smallest frame has. */
#include "rfc7640_stream.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

enum {
	MAGIC = 0x37363430, /* "7640" */
	TTL = 64,
	DESTINATION_PORT = 7640,
	NS_PER_SECOND = 1000000000,
};

struct payload {
	uint32_t magic;
	uint16_t stream;
	uint32_t sequence;
	uint64_t sent_ns;
} __attribute__((packed));

static uint8_t *put_ethernet(const struct stream *s, uint8_t *at)
{
	struct rte_ether_hdr ethernet = {
		.dst_addr.addr_bytes = {2, 0, 0, 0, 0, 2},
		.src_addr.addr_bytes = {2, 0, 0, 0, 0, 1},
		.ether_type =
			rte_cpu_to_be_16(s->tagged ? RTE_ETHER_TYPE_VLAN : RTE_ETHER_TYPE_IPV4),
	};
	struct rte_vlan_hdr tag = {
		.vlan_tci = rte_cpu_to_be_16((uint16_t)(STREAM_VLAN_BASE + s->class_index)),
		.eth_proto = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
	};

	memcpy(at, &ethernet, sizeof(ethernet));
	at += sizeof(ethernet);
	if (!s->tagged)
		return at;
	memcpy(at, &tag, sizeof(tag));
	return at + sizeof(tag);
}

uint32_t stream_frame(const struct stream *s, uint32_t sequence, uint64_t ns, uint8_t *out)
{
	const uint32_t length = s->frame_bytes - STREAM_FCS_BYTES;
	uint8_t *at = put_ethernet(s, out);
	uint16_t ip_bytes = (uint16_t)(length - (uint32_t)(at - out));
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(ip_bytes),
		.time_to_live = TTL,
		.next_proto_id = 17,					/* UDP */
		.src_addr = rte_cpu_to_be_32(RTE_IPV4(198u, 18, 0, 1)), /* RFC 2544 C.2.2 */
		.dst_addr = rte_cpu_to_be_32(RTE_IPV4(198u, 19, 0, 1)),
	};
	struct rte_udp_hdr udp = {
		.src_port = rte_cpu_to_be_16((uint16_t)(STREAM_PORT_BASE + s->class_index)),
		.dst_port = rte_cpu_to_be_16(DESTINATION_PORT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(ip_bytes - sizeof(ip))),
	};
	struct payload payload = {
		.magic = rte_cpu_to_be_32(MAGIC),
		.stream = rte_cpu_to_be_16(s->id),
		.sequence = rte_cpu_to_be_32(sequence),
		.sent_ns = rte_cpu_to_be_64(ns),
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), &udp, sizeof(udp));
	memcpy(at + sizeof(ip) + sizeof(udp), &payload, sizeof(payload));
	at += sizeof(ip) + sizeof(udp) + sizeof(payload);
	memset(at, 0, length - (uint32_t)(at - out));
	return length;
}

bool stream_read(const uint8_t *frame, uint32_t length, struct stream_mark *out)
{
	const uint32_t least =
		sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr) + sizeof(struct payload);
	uint32_t at = sizeof(struct rte_ether_hdr);
	struct payload payload;

	if (length < at + least)
		return false;
	*out = (struct stream_mark){.tagged = frame[12] == 0x81 && frame[13] == 0};
	if (out->tagged)
		at += (uint32_t)sizeof(struct rte_vlan_hdr);
	if (length < at + least || frame[at - 2] != 0x08 || frame[at - 1] != 0)
		return false;
	out->dscp = frame[at + 1] >> 2;
	memcpy(&payload, frame + at + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr),
	       sizeof(payload));
	out->stream = rte_be_to_cpu_16(payload.stream);
	out->sequence = rte_be_to_cpu_32(payload.sequence);
	out->sent_ns = rte_be_to_cpu_64(payload.sent_ns);
	return payload.magic == rte_cpu_to_be_32(MAGIC);
}

uint32_t stream_bytes(const struct stream *s, enum account account)
{
	const uint32_t bytes = s->frame_bytes - STREAM_FCS_BYTES;

	switch (account) {
	case ACCOUNT_IP:
		return bytes - ETHERNET_HEADER_BYTES - (s->tagged ? VLAN_TAG_BYTES : 0);
	case ACCOUNT_L2:
		return bytes;
	default:
		return bytes + WIRE_OVERHEAD_BYTES;
	}
}

uint64_t stream_wire_ns(const struct stream *s, uint64_t port_bps)
{
	unsigned __int128 nanobits =
		(unsigned __int128)stream_bytes(s, ACCOUNT_WIRE) * 8 * NS_PER_SECOND;

	return (uint64_t)((nanobits + port_bps - 1) / port_bps);
}
