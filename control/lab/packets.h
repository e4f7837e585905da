/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of the lab's packets: Ethernet II, IPv4 without options (DSCP 0, DF, so that the
 * identification may stay 0: RFC 6864), UDP without a checksum (RFC 768), and in it RTP or RTCP
 * (RFC 3550).
 */
#ifndef EDGEMARK_LAB_PACKETS_H
#define EDGEMARK_LAB_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PACKET_ETHERNET_BYTES = 14,
	PACKET_IP_BYTES = 20,
	PACKET_UDP_BYTES = 8,
	PACKET_HEAD_BYTES = PACKET_ETHERNET_BYTES + PACKET_IP_BYTES + PACKET_UDP_BYTES,
	PACKET_LEAST_BYTES = 60, /* of an Ethernet frame without FCS: shorter ones are padded */
	PACKET_RTP_BYTES = 12,
	PACKET_RTCP_BYTES = 28 + 24 + 28, /* SR, a report block, SDES with a CNAME */
	PACKET_RTCP_FIRST_TYPE = 200,	  /* SR; 200-204 are RTCP's (RFC 5761 4) */
	PACKET_RTCP_LAST_TYPE = 204,
};

/* What all packets of a flow have in common. */
struct packet_head {
	uint8_t bytes[PACKET_HEAD_BYTES];
	uint32_t checksum; /* of the IP header but for its length, not yet folded */
};

struct packet_flow {
	uint32_t source, destination; /* host order */
	uint16_t source_port, destination_port;
};

void packet_head_make(struct packet_head *h, const struct packet_flow *flow);

/* The flow's head with its lengths, for so many bytes of UDP payload. */
void packet_write_head(const struct packet_head *h, uint8_t *frame, uint32_t payload_bytes);

struct packet_rtp {
	uint8_t type;
	bool marker;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
};
void packet_write_rtp(uint8_t *at, const struct packet_rtp *r);

struct packet_rtcp {
	uint64_t ns; /* since the run's start, which stands for 1 January 2026 */
	uint32_t ssrc, peer_ssrc, timestamp, packets, octets;
};
void packet_write_rtcp(uint8_t *at, const struct packet_rtcp *r);

static inline void packet_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void packet_put32(uint8_t *at, uint32_t value)
{
	value = __builtin_bswap32(value);
	__builtin_memcpy(at, &value, sizeof(value));
}

static inline uint32_t packet_get32(const uint8_t *at)
{
	uint32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return __builtin_bswap32(value);
}

#endif
