/* SPDX-License-Identifier: BSD-3-Clause */
/* Written field by field, in network order. */
#include "packets.h"

#include <string.h>

enum {
	ETHERTYPE_IPV4 = 0x0800,
	DONT_FRAGMENT = 0x4000,
	TTL = 64,
	PROTOCOL_UDP = 17,
	RTP_VERSION = 2 << 6,
	RTCP_SR = 200,
	RTCP_SDES = 202,
	SR_BYTES = 28 + 24,
	SDES_CNAME = 1,
};

#define NS_PER_SECOND UINT64_C(1000000000)
#define NTP_SECONDS   UINT64_C(3976214400) /* 1 January 2026, from 1900 */

void packet_head_make(struct packet_head *h, const struct packet_flow *flow)
{
	uint8_t *ip = h->bytes + PACKET_ETHERNET_BYTES, *udp = ip + PACKET_IP_BYTES;

	*h = (struct packet_head){0};
	/* locally administered: the gateway, and the client by its address */
	h->bytes[0] = h->bytes[6] = 0x02;
	h->bytes[5] = 0x01;
	packet_put32(h->bytes + 8, flow->source);
	packet_put16(h->bytes + 12, ETHERTYPE_IPV4);
	ip[0] = 0x45;
	packet_put16(ip + 6, DONT_FRAGMENT);
	ip[8] = TTL;
	ip[9] = PROTOCOL_UDP;
	packet_put32(ip + 12, flow->source);
	packet_put32(ip + 16, flow->destination);
	packet_put16(udp, flow->source_port);
	packet_put16(udp + 2, flow->destination_port);
	for (int i = 0; i < PACKET_IP_BYTES; i += 2)
		h->checksum += (uint32_t)ip[i] << 8 | ip[i + 1];
}

void packet_write_head(const struct packet_head *h, uint8_t *frame, uint32_t payload_bytes)
{
	const uint32_t ip_bytes = PACKET_IP_BYTES + PACKET_UDP_BYTES + payload_bytes;
	uint8_t *ip = frame + PACKET_ETHERNET_BYTES;
	uint32_t sum = h->checksum + ip_bytes;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	memcpy(frame, h->bytes, PACKET_HEAD_BYTES);
	packet_put16(ip + 2, (uint16_t)ip_bytes);
	packet_put16(ip + 10, (uint16_t)~sum);
	packet_put16(ip + PACKET_IP_BYTES + 4, (uint16_t)(PACKET_UDP_BYTES + payload_bytes));
}

void packet_write_rtp(uint8_t *at, const struct packet_rtp *r)
{
	at[0] = RTP_VERSION;
	at[1] = (uint8_t)((r->marker ? 0x80 : 0) | r->type);
	packet_put16(at + 2, r->sequence);
	packet_put32(at + 4, r->timestamp);
	packet_put32(at + 8, r->ssrc);
}

/* RFC 3550 6.4.1: a sender report about itself, with a block about the other side. */
static void write_sender_report(uint8_t *at, const struct packet_rtcp *r)
{
	memset(at, 0, SR_BYTES);
	at[0] = RTP_VERSION | 1;
	at[1] = RTCP_SR;
	packet_put16(at + 2, SR_BYTES / 4 - 1);
	packet_put32(at + 4, r->ssrc);
	packet_put32(at + 8, (uint32_t)(NTP_SECONDS + r->ns / NS_PER_SECOND));
	packet_put32(at + 12, (uint32_t)(((r->ns % NS_PER_SECOND) << 32) / NS_PER_SECOND));
	packet_put32(at + 16, r->timestamp);
	packet_put32(at + 20, r->packets);
	packet_put32(at + 24, r->octets);
	packet_put32(at + 28, r->peer_ssrc);
	packet_put32(at + 36, r->packets); /* it hears as many as it sends */
}

void packet_write_rtcp(uint8_t *at, const struct packet_rtcp *r)
{
	static const char name[] = "client@edgemark";
	const uint8_t length = sizeof(name) - 1;
	uint8_t *sdes = at + SR_BYTES;

	write_sender_report(at, r);
	memset(sdes, 0, PACKET_RTCP_BYTES - SR_BYTES);
	sdes[0] = RTP_VERSION | 1;
	sdes[1] = RTCP_SDES;
	packet_put16(sdes + 2, (PACKET_RTCP_BYTES - SR_BYTES) / 4 - 1);
	packet_put32(sdes + 4, r->ssrc);
	sdes[8] = SDES_CNAME;
	sdes[9] = length;
	memcpy(sdes + 10, name, sizeof(name)); /* a zero ends the list, more fill it up */
}
