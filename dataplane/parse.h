/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser: from the bytes of a frame to the burst's arrays. It reads nothing beyond
 * the frame, whatever the lengths in it claim, and drops nothing: what makes no sense
 * becomes FRAME_OTHER (passes unchanged) or an IP packet with its ports unknown, and is
 * counted as an anomaly. IEEE 802.1Q, RFC 791, RFC 8200, RFC 768, RFC 9293, RFC 9260.
 */
#ifndef EDGEMARK_PARSE_H
#define EDGEMARK_PARSE_H

#include <stdint.h>

#include "burst.h"

enum {
	PARSE_SPAN = 512, /* headers are sought in the first bytes of a frame only */
	PARSE_TAGS_MAX = 2,
	PARSE_EXTENSIONS_MAX = 8, /* IPv6 extension headers followed */
};

/* Fills in the parse arrays. anomalies: counters by enum anomaly. Returns the frames' bytes. */
uint64_t parse_burst(struct burst *b, uint64_t *anomalies);

/* Frame i alone, whatever it is, without the short way of parse_plain.h: all but its
 * frame_bytes. */
void parse_any_frame(struct burst *b, uint32_t i, uint64_t *anomalies);

/* What identifies the datagram that a fragment belongs to (RFC 791 3.2, RFC 8200 4.5). */
struct fragment_key {
	uint8_t source[16], destination[16]; /* IPv4 in the first four bytes, the rest zero */
	uint32_t id;
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
	uint16_t zero;
};

/* For a frame that parse_burst() flagged as a fragment. */
void parse_fragment_key(const struct burst *b, uint32_t i, struct fragment_key *key);

/* Where the transport header of an IPv6 frame with FRAME_PORTS_KNOWN is, from its IP header
 * on: the chain of extension headers once more. */
uint32_t parse_ipv6_transport(const struct burst *b, uint32_t i);

/* Copies n bytes of frame i, from its IP header + offset on, also across segments.
 * The caller knows from the parser that they exist. */
void parse_ip_bytes(const struct burst *b, uint32_t i, uint32_t offset, uint32_t n, void *out);

#endif
