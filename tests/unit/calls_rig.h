/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the call table share: a policy whose voice class is followed, RTP
 * packets by sequence number, and the table's entries. */
#ifndef EDGEMARK_TESTS_CALLS_RIG_H
#define EDGEMARK_TESTS_CALLS_RIG_H

#include <stdlib.h>

#include <rte_mbuf.h>

#include "calls.h"
#include "dataplane/pipeline.h"
#include "stage_rig.h"
#include "support/random.h"

#define MS UINT64_C(1000000)

enum {
	FRAME_IP_BYTES = 200,
	PAYLOAD_BYTES = 172, /* RTP header and 160 bytes of voice */
	NO_PAYLOAD = 42,     /* Ethernet, IPv4, UDP */
};

__attribute__((unused)) static int start_eal(void **state)
{
	(void)state;
	return test_eal_start();
}

/* Voice by its ports, everything else best effort. */
__attribute__((unused)) static void voice_rig(struct rig *r)
{
	struct rule_spec *rule;

	rig_init(r);
	rule = rig_rule(r, VOICE);
	rule->source_port = ports(50000, 50019);
}

__attribute__((unused)) static void put_rtp(uint8_t *payload, uint16_t seq, uint32_t timestamp)
{
	const uint8_t header[] = {0x80,
				  0,
				  (uint8_t)(seq >> 8),
				  (uint8_t)seq,
				  (uint8_t)(timestamp >> 24),
				  (uint8_t)(timestamp >> 16),
				  (uint8_t)(timestamp >> 8),
				  (uint8_t)timestamp,
				  0,
				  0,
				  0,
				  9};

	memcpy(payload, header, sizeof(header));
}

__attribute__((unused)) static struct frame_spec voice_of(const char *source)
{
	struct frame_spec s = frame_udp4(source, 50007, "52.112.0.1", 3478);

	s.payload_bytes = PAYLOAD_BYTES;
	return s;
}

__attribute__((unused)) static uint32_t add_bytes(struct rig *r, const struct frame_spec *s,
						  const uint8_t *payload, uint32_t n)
{
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length = frame_build(s, bytes, sizeof(bytes));

	if (n > 0)
		memcpy(bytes + frame_transport_offset(s) + 8, payload, n);
	return rig_add_mbuf(r, mbuf_from(bytes, length));
}

__attribute__((unused)) static uint32_t add_rtp(struct rig *r, const struct frame_spec *s,
						uint16_t seq)
{
	uint8_t header[12];

	put_rtp(header, seq, seq * UINT32_C(160));
	return add_bytes(r, s, header, sizeof(header));
}

/* The index of the frame's call, alone in its burst, after the stage alone. */
__attribute__((unused)) static uint16_t call_of(struct rig *r, const struct frame_spec *s,
						const uint8_t *payload, uint32_t n)
{
	uint32_t i;

	rig_free_burst(r);
	i = add_bytes(r, s, payload, n);
	rig_classify(r);
	calls_burst(&r->burst, r->policy, r->lane);
	return r->burst.call[i];
}

__attribute__((unused)) static struct call *entry(struct rig *r, uint16_t index)
{
	assert_true(index < CALL_ENTRIES);
	return &r->lane->calls->entries[index];
}

__attribute__((unused)) static uint32_t copy_all(struct rig *r, struct call *out, uint32_t n)
{
	uint32_t from = 0, count = 0, turns = 0;

	while (from < CALL_ENTRIES && count < n) {
		count += lane_calls_copy(r->lane, &from, out + count, n - count);
		turns++;
	}
	assert_true(from < CALL_ENTRIES || turns >= CALL_ENTRIES / CALL_SCAN);
	return count;
}

__attribute__((unused)) static struct call_table *table(void)
{
	struct call_table *t = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*t));

	assert_non_null(t);
	memset(t, 0, sizeof(*t));
	return t;
}

__attribute__((unused)) static void run(struct rig *r)
{
	struct rte_mbuf *out[BURST_MAX];
	uint32_t n;

	pipeline_run(r->lane, r->policy, &r->burst);
	r->burst.count = 0;
	n = schedule_dequeue(r->lane, r->now_ns, out, BURST_MAX);
	rte_pktmbuf_free_bulk(out, n);
}

#endif
