/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames built in memory from a description, so that a test shows the frame it is
 * about:
 *
 *	struct frame_spec s = frame_udp4("10.1.2.3", 50007, "52.112.0.1", 3478);
 *	s.tos = DSCP_EF << 2;
 *	s.tag_count = 1;
 *	s.tags[0] = (struct frame_tag){0x8100, 10};
 *	length = frame_build(&s, bytes, sizeof(bytes));
 *
 * What is zero is left out. A correct frame is built; a test breaks it afterwards by
 * the offsets below.
 */
#ifndef EDGEMARK_TESTS_FRAMES_H
#define EDGEMARK_TESTS_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FRAME_TAGS_MAX = 4,
	FRAME_EXTENSIONS_MAX = 12,
	FRAME_BYTES_MAX = 10240,

	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_SCTP = 132,

	/* IPv6 extension headers (IANA "ipv6-parameters") */
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_ESP = 50,
	EXTENSION_AH = 51,
	EXTENSION_NONE = 59,
	EXTENSION_DESTINATION = 60,
	EXTENSION_MOBILITY = 135,
	EXTENSION_HIP = 139,
	EXTENSION_SHIM6 = 140,

	TPID_VLAN = 0x8100,
	TPID_QINQ = 0x88a8,
};

struct frame_tag {
	uint16_t tpid;
	uint16_t tci; /* PCP << 13 | DEI << 12 | VID */
};

struct frame_extension {
	uint8_t type;
	uint16_t bytes; /* the header's whole length: a multiple of 8 (AH: of 4); 0: 8 */
};

struct frame_spec {
	uint8_t ether_destination[6]; /* all zero: 02:00:00:00:00:02 */
	uint8_t ether_source[6];      /* all zero: 02:00:00:00:00:01 */
	uint8_t tag_count;
	struct frame_tag tags[FRAME_TAGS_MAX];
	uint16_t ether_type;		     /* 0: by family */
	uint8_t family;			     /* 4, 6; 0: the payload follows the EtherType */
	uint8_t source[16], destination[16]; /* IPv4 in the first four bytes */
	uint8_t tos;			     /* DSCP << 2 | ECN; the IPv6 traffic class */
	uint8_t protocol;
	uint16_t source_port, destination_port;

	uint8_t ipv4_option_bytes; /* a multiple of 4, at most 40 */
	bool wrong_checksum;	   /* of the IPv4 header */

	uint8_t extension_count; /* IPv6 */
	struct frame_extension extensions[FRAME_EXTENSIONS_MAX];

	/* IPv4, or an IPv6 extension of type 44. No transport header where offset != 0. */
	uint16_t fragment_offset; /* in units of 8 bytes */
	bool more_fragments;
	uint32_t fragment_id;

	uint32_t payload_bytes; /* after the transport header */
	uint32_t trailer_bytes; /* after the IP datagram: Ethernet padding */
};

/* Writes the frame (without FCS) and returns its length; 0 if it does not fit. */
uint32_t frame_build(const struct frame_spec *s, uint8_t *out, uint32_t size);

/* The offset of the IP header (of the payload where not IP), and of the transport. */
uint32_t frame_ip_offset(const struct frame_spec *s);
uint32_t frame_transport_offset(const struct frame_spec *s);

/* "10.1.2.3" or "2001:db8::1", network order; aborts on anything else. Returns 4 or 6. */
uint8_t frame_address(const char *text, uint8_t out[16]);

/* 20 bytes of payload each; change what you like before building. */
struct frame_spec frame_udp4(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port);
struct frame_spec frame_tcp4(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port);
struct frame_spec frame_udp6(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port);
struct frame_spec frame_tcp6(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port);
struct frame_spec frame_arp(void);  /* 46 bytes after the EtherType */
struct frame_spec frame_lldp(void); /* to 01:80:c2:00:00:0e */
struct frame_spec frame_pause(void);

/* The ones' complement sum of a header whose checksum field counts as it stands:
 * 0 where the checksum is right (RFC 1071). */
uint16_t frame_checksum(const uint8_t *header, uint32_t bytes);

#endif
