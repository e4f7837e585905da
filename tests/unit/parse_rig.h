/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame parsed: once in one exact-size buffer, once in segments of one byte, which must
 * read the same. The address sanitizer watches for a byte too many.
 */
#ifndef EDGEMARK_TESTS_PARSE_RIG_H
#define EDGEMARK_TESTS_PARSE_RIG_H

#include "stage_rig.h"

struct parsed {
	uint8_t kind, flags, tags, pcp, dscp, protocol, drop, anomaly; /* compared as bytes */
	uint16_t vlan, ip_offset, source_port, destination_port;
	uint32_t ip_bytes;
};

struct bytes {
	uint8_t at[FRAME_BYTES_MAX];
	uint32_t length;
};

static inline struct bytes built(struct frame_spec s)
{
	struct bytes f;

	f.length = frame_build(&s, f.at, sizeof(f.at));
	assert_int_not_equal(f.length, 0);
	return f;
}

static inline struct parsed parse_mbuf(struct rte_mbuf *m)
{
	struct burst b;
	uint64_t anomalies[ANOMALIES] = {0};
	struct parsed p;

	memset(&b, 0xa5, sizeof(b)); /* the arrays hold the burst before */
	b.count = 1;
	b.frame[0] = m;
	parse_burst(&b, anomalies);
	memset(&p, 0, sizeof(p));
	p.kind = b.kind[0];
	p.flags = b.flags[0] & (uint8_t)~FRAME_SPLIT;
	p.tags = b.tags[0];
	p.pcp = b.pcp[0];
	p.dscp = b.dscp[0];
	p.protocol = b.protocol[0];
	p.drop = b.drop[0];
	p.vlan = b.vlan[0];
	p.ip_offset = b.ip_offset[0];
	p.source_port = b.source_port[0];
	p.destination_port = b.destination_port[0];
	p.ip_bytes = b.ip_bytes[0];
	for (int a = 0; a < ANOMALIES; a++) {
		assert_true(anomalies[a] <= 1);
		if (anomalies[a])
			p.anomaly = (uint8_t)a;
	}
	rte_pktmbuf_free(m);
	return p;
}

static inline struct parsed parse(const struct bytes *f)
{
	enum { CUTS = TEST_SEGMENTS_MAX };
	uint32_t cuts[CUTS];
	unsigned count = 0;
	struct parsed whole = parse_mbuf(mbuf_exact(f->at, f->length, NULL, 0, 0));
	struct parsed split;

	while (count < CUTS && count + 1 < f->length) {
		cuts[count] = count + 1;
		count++;
	}
	split = parse_mbuf(mbuf_exact(f->at, f->length, cuts, count, 0));
	assert_memory_equal(&whole, &split, sizeof(whole));
	assert_int_equal(whole.drop, DROP_NONE);
	return whole;
}

static inline struct parsed parse_spec(struct frame_spec s)
{
	struct bytes f = built(s);

	return parse(&f);
}

static inline struct frame_spec voice4(void)
{
	return frame_udp4("10.1.2.3", 50007, "52.112.0.1", 3478);
}

static inline struct frame_spec voice6(void)
{
	return frame_udp6("2001:db8::1", 50007, "2001:db8::2", 3478);
}

static inline void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void assert_ports_unknown(const struct parsed *p)
{
	assert_false(p->flags & FRAME_PORTS_KNOWN);
	assert_int_equal(p->source_port, 0);
	assert_int_equal(p->destination_port, 0);
}

#endif
