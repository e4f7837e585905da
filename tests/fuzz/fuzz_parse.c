/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser on any bytes, in heap buffers that end with the frame, so that the address
 * sanitizer sees a byte read too far; whole and cut into segments; each field held
 * against the oracle's parser.
 *
 *	fuzz_parse FOUND tests/fuzz/seeds/parse     (for as long as you like)
 *
 * Input: one byte (how many cuts, up to 3), a byte for each cut, the frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "oracle/oracle.h"
#include "parse.h"
#include "support/eal.h"
#include "support/mbufs.h"

enum { CUTS_MAX = 3 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (test_eal_start() != 0)
		exit(1);
	return 0;
}

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static enum frame_kind kind_of(const struct oracle_packet *o)
{
	switch (o->kind) {
	case ORACLE_IPV4:
		return FRAME_IPV4;
	case ORACLE_IPV6:
		return FRAME_IPV6;
	case ORACLE_LINK_CONTROL:
		return FRAME_LINK_CONTROL;
	case ORACLE_PAUSE:
		return FRAME_PAUSE;
	default:
		return FRAME_OTHER;
	}
}

static void expect_ip_as(const struct oracle_packet *o, const struct burst *b)
{
	uint8_t flags = b->flags[0];

	EXPECT(b->dscp[0] == o->dscp && b->protocol[0] == o->protocol);
	EXPECT(!!(flags & FRAME_PORTS_KNOWN) == o->ports_known);
	EXPECT(!!(flags & FRAME_FIRST_FRAGMENT) == o->first_fragment);
	EXPECT(!!(flags & FRAME_LATER_FRAGMENT) == o->later_fragment);
	EXPECT(b->source_port[0] == o->source_port);
	EXPECT(b->destination_port[0] == o->destination_port);
}

static void expect_key_as(const struct oracle_packet *o, const struct burst *b)
{
	struct fragment_key key;

	parse_fragment_key(b, 0, &key);
	EXPECT(key.family == o->family && key.protocol == o->fragment_protocol);
	EXPECT(memcmp(key.source, o->source, 16) == 0);
	EXPECT(memcmp(key.destination, o->destination, 16) == 0);
}

static void expect_as(const struct oracle_packet *o, const struct burst *b,
		      const uint64_t *anomalies)
{
	for (unsigned a = 0; a < ANOMALIES; a++)
		EXPECT(anomalies[a] == (a != ANOMALY_NONE && a == o->anomaly));
	EXPECT(b->kind[0] == kind_of(o) && b->tags[0] == o->tags);
	EXPECT(b->vlan[0] == (o->vlan < 0 ? VLAN_NONE : o->vlan));
	EXPECT(b->pcp[0] == (o->pcp < 0 ? 0 : o->pcp));
	EXPECT(b->ip_offset[0] == o->payload && b->ip_bytes[0] == o->ip_bytes);
	EXPECT(!!(b->flags[0] & FRAME_LINK_LOCAL) == o->link_local);
	if (o->family != 0)
		expect_ip_as(o, b);
	if (o->first_fragment || o->later_fragment)
		expect_key_as(o, b);
}

static void parse_as(const struct oracle_packet *o, const uint32_t *cuts, unsigned count)
{
	struct burst b = {.count = 1};
	uint64_t anomalies[ANOMALIES] = {0};

	b.frame[0] = mbuf_exact(o->bytes, o->length, cuts, count, 0);
	parse_burst(&b, anomalies);
	expect_as(o, &b, anomalies);
	rte_pktmbuf_free(b.frame[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oracle_packet o;
	uint32_t cuts[CUTS_MAX], at = 0;
	unsigned count;

	if (size < 1 || size < 1u + data[0] % (CUTS_MAX + 1))
		return 0;
	count = data[0] % (CUTS_MAX + 1);
	oracle_parse(data + 1 + count, (uint32_t)(size - 1 - count), &o);
	for (unsigned i = 0; i < count; i++) {
		at += data[1 + i] % 64;
		cuts[i] = at = at < o.length ? at : o.length;
	}
	parse_as(&o, NULL, 0);
	if (count > 0)
		parse_as(&o, cuts, count);
	return 0;
}
