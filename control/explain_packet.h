/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet in a person's words, and the frame that it stands for:
 *   udp 10.1.2.3:50007 52.112.0.1:3478 dscp EF vlan 10 pcp 5 length 200 fragment first
 * Thread: any.
 */
#ifndef EDGEMARK_EXPLAIN_PACKET_H
#define EDGEMARK_EXPLAIN_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EXPLAIN_TAGS_MAX = 2,
	EXPLAIN_LENGTH_DEFAULT = 200, /* a G.711 packet */
	EXPLAIN_FRAME_MAX = 9600,
	EXPLAIN_WORDS_MAX = 32,
};

enum explain_fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

struct explain_packet {
	uint8_t family; /* 4 or 6 */
	uint8_t protocol;
	uint8_t source[16], destination[16]; /* network order; IPv4 in the first four bytes */
	uint16_t source_port, destination_port;
	bool source_port_named, destination_port_named; /* else 0 is taken */
	uint8_t dscp, pcp;
	uint8_t tag_count;
	uint16_t vlan[EXPLAIN_TAGS_MAX]; /* the outermost first */
	uint32_t length;		 /* of the IP datagram, bytes */
	enum explain_fragment fragment;
};

/* 0, or -EINVAL with what was found and what was expected in error. */
int explain_packet_parse(const char *const *words, size_t count, struct explain_packet *p,
			 char *error, size_t error_size);

/* Writes the frame, without FCS, and returns its length; at most EXPLAIN_FRAME_MAX. */
uint32_t explain_packet_build(const struct explain_packet *p, uint8_t *out);

/* The words that a packet is made of, for --help and errors. */
extern const char explain_packet_grammar[];

#endif
