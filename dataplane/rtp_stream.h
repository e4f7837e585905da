/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet that is as expected, which almost every one is: next in its stream, of the
 * same codec, whose clock is known. All others take rtp_arrived(), which would do the same
 * with this one. Thread: the lane's worker.
 */
#ifndef EDGEMARK_RTP_STREAM_H
#define EDGEMARK_RTP_STREAM_H

#include <stdbool.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "rtp.h"

enum {
	RTCP_TYPE_FIRST = 192, /* RFC 5761 4 */
	RTCP_TYPE_LAST = 223,
	RTP_STEP_TICKS = 1 << 20, /* no clock makes as many in RTP_STEP_NS */
};
#define RTP_STEP_NS UINT64_C(2000000000) /* a longer one is a jump, no jitter */

static inline uint16_t rtp_read16(const uint8_t *p)
{
	rte_be16_t value;

	memcpy(&value, p, sizeof(value));
	return rte_be_to_cpu_16(value);
}

static inline uint32_t rtp_read32(const uint8_t *p)
{
	rte_be32_t value;

	memcpy(&value, p, sizeof(value));
	return rte_be_to_cpu_32(value);
}

static inline uint64_t rtp_read64(const uint8_t *p)
{
	rte_be64_t value;

	memcpy(&value, p, sizeof(value));
	return rte_be_to_cpu_64(value);
}

/* What media_of() would call RTP, at once: version 2, and no packet type of RTCP, 192-223 (RFC
 * 5761 4). Of a payload that is long enough. */
static inline bool rtp_is_plain(const uint8_t *payload)
{
	const uint16_t start = rtp_read16(payload);

	return (start & 0xc000) == 0x8000 && (start & 0xe0) != RTCP_TYPE_FIRST;
}

/* D and J of RFC 3550 6.4.1. */
static inline void rtp_sample_jitter(struct call_rtp *r, uint32_t timestamp, uint64_t now_ns)
{
	const int32_t ticks = (int32_t)(timestamp - r->timestamp);
	const uint64_t elapsed_ns = now_ns - r->arrival_ns; /* huge where the clock stepped back */
	int64_t sent_ns, difference, j;

	if (unlikely(elapsed_ns > RTP_STEP_NS ||
		     (uint32_t)ticks + RTP_STEP_TICKS > 2 * (uint32_t)RTP_STEP_TICKS))
		return;
	sent_ns = (ticks * (int64_t)r->tick_ns_q16) >> 16;
	if (unlikely(sent_ns > (int64_t)RTP_STEP_NS || sent_ns < -(int64_t)RTP_STEP_NS))
		return;
	difference = (int64_t)elapsed_ns - sent_ns;
	if (difference < 0)
		difference = -difference;
	j = (int64_t)r->jitter_ns;
	j += (difference - j) / 16;
	r->jitter_ns = (uint32_t)j;
	r->jitter_ns_sum += r->jitter_ns;
	r->jitter_samples++;
	if (r->jitter_ns > r->jitter_ns_max)
		r->jitter_ns_max = r->jitter_ns;
}

static inline void rtp_follow(struct call_rtp *r, const uint8_t *header, uint64_t now_ns)
{
	const uint64_t start = rtp_read64(header);
	const uint16_t seq = (uint16_t)(start >> 32);
	const uint32_t timestamp = (uint32_t)start;
	const uint16_t beyond_next = (uint16_t)(seq - r->max_seq - 1);

	if (unlikely(rtp_read32(header + 8) != r->ssrc || beyond_next >= RTP_MAX_DROPOUT - 1 ||
		     (start >> 48 & 0x7f) != r->payload_type || timestamp == r->timestamp ||
		     r->arrival_ns == 0 || r->tick_ns_q16 == 0)) {
		rtp_arrived(r, header, now_ns);
		return;
	}
	r->cycles += seq < r->max_seq ? 0x10000 : 0;
	r->max_seq = seq;
	r->rtp_packets++;
	r->other_run = 0;
	rtp_sample_jitter(r, timestamp, now_ns);
	r->timestamp = timestamp;
	r->arrival_ns = now_ns;
}

#endif
