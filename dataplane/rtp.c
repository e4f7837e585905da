/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each packet moves the sequence on, or is late, repeated or from elsewhere; only those
 * that move it on, with a new timestamp, are samples of the jitter. A packet that shares
 * its timestamp with the one before (a video frame's, a DTMF digit's) says nothing of it.
 */
#include "rtp.h"

#include <stdbool.h>

#include <rte_common.h>

#include "rtp_stream.h"

enum {
	STUN_BYTES = 20,
	STUN_COOKIE = 0x2112a442, /* RFC 8489 5 */
	CHANNEL_BYTES = 4,
	TYPE_COMFORT_NOISE = 13,
	TYPES = 128,
};

#define NS_PER_SECOND UINT64_C(1000000000)
#define CLOCK_SPAN_NS UINT64_C(500000000) /* an estimate needs as long at least */

/* --- what it is ---------------------------------------------------------------------- */

/* The first byte's ranges of RFC 7983; without ChannelData. */
static enum media plain_media(const uint8_t *payload, uint32_t bytes)
{
	if (bytes == 0)
		return MEDIA_NONE;
	if (likely(payload[0] >> 6 == 2)) {
		/* RFC 5761 4: RTCP's packet types, where RTP has a marker and a payload type */
		if (bytes >= 2 && payload[1] >= RTCP_TYPE_FIRST && payload[1] <= RTCP_TYPE_LAST)
			return MEDIA_NONE;
		return bytes >= RTP_HEADER_BYTES ? MEDIA_RTP : MEDIA_OTHER;
	}
	if (payload[0] < 4 && bytes >= STUN_BYTES && rtp_read32(payload + 4) == STUN_COOKIE)
		return MEDIA_NONE;
	if (payload[0] >= 16 && payload[0] <= 63) /* ZRTP, then DTLS */
		return MEDIA_NONE;
	return MEDIA_OTHER;
}

enum media media_of(const uint8_t *payload, uint32_t bytes, const uint8_t **rtp)
{
	*rtp = payload;
	if (bytes >= CHANNEL_BYTES && payload[0] >> 4 == 4) {
		uint32_t length = rtp_read16(payload + 2);

		if (length > bytes - CHANNEL_BYTES)
			return MEDIA_OTHER;
		*rtp = payload + CHANNEL_BYTES;
		return plain_media(*rtp, length);
	}
	return plain_media(payload, bytes);
}

/* --- the clock ------------------------------------------------------------------------ */

/* RFC 3551 table 4 and 5; 0: not static. */
static uint32_t static_clock(uint8_t type)
{
	static const uint32_t clocks[TYPES] = {
		[0] = 8000,   [3] = 8000,   [4] = 8000,	  [5] = 8000,	[6] = 16000,  [7] = 8000,
		[8] = 8000,   [9] = 8000,   [10] = 44100, [11] = 44100, [12] = 8000,  [14] = 90000,
		[15] = 8000,  [16] = 11025, [17] = 22050, [18] = 8000,	[25] = 90000, [26] = 90000,
		[28] = 90000, [31] = 90000, [32] = 90000, [33] = 90000, [34] = 90000,
	};

	return clocks[type];
}

static void set_clock(struct call_rtp *r, uint32_t hz)
{
	r->clock_hz = hz;
	r->tick_ns_q16 = hz ? (NS_PER_SECOND << 16) / hz : 0;
	r->clock_packets = 0;
	r->arrival_ns = 0;
}

/* The nearest of the usual clocks, within a twelfth; 0: none is near. */
static uint32_t usual_clock(uint64_t hz)
{
	static const uint32_t clocks[] = {8000, 16000, 24000, 32000, 44100, 48000, 90000};
	uint32_t nearest = 0;
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < RTE_DIM(clocks); i++) {
		uint64_t off = hz > clocks[i] ? hz - clocks[i] : clocks[i] - hz;

		if (off * 12 <= clocks[i] && off < least) {
			least = off;
			nearest = clocks[i];
		}
	}
	return nearest;
}

/* A dynamic payload type names no clock: the timestamps against the arrivals do. */
static void estimate_clock(struct call_rtp *r, uint32_t timestamp, uint64_t now_ns)
{
	uint64_t span_ns = now_ns - r->clock_ns;
	uint32_t ticks = timestamp - r->clock_timestamp;

	if (r->clock_packets == 0 || now_ns < r->clock_ns) {
		r->clock_packets = 1;
		r->clock_timestamp = timestamp;
		r->clock_ns = now_ns;
		return;
	}
	if (++r->clock_packets <= RTP_CLOCK_PACKETS || span_ns < CLOCK_SPAN_NS)
		return;
	set_clock(r, usual_clock((uint64_t)ticks * 1000 / (span_ns / 1000000)));
}

/* --- its codec and its time ------------------------------------------------------------ */

/* True where the packet is of the stream's codec, by now. Comfort noise and DTMF digits
 * come between; another codec stays. */
static bool follow_type(struct call_rtp *r, uint8_t type)
{
	if (likely(type == r->payload_type)) {
		r->other_run = 0;
		return true;
	}
	if (type != r->other_type)
		r->other_run = 0;
	r->other_type = type;
	if (type == TYPE_COMFORT_NOISE || ++r->other_run < RTP_SWITCH_PACKETS)
		return false;
	r->payload_type = type;
	r->other_run = 0;
	set_clock(r, static_clock(type));
	return true;
}

static void follow_timestamp(struct call_rtp *r, uint8_t type, uint32_t timestamp, uint64_t now_ns)
{
	if (r->arrival_ns != 0 && timestamp == r->timestamp)
		return;
	if (!follow_type(r, type))
		return;
	if (unlikely(r->tick_ns_q16 == 0))
		estimate_clock(r, timestamp, now_ns);
	else if (likely(r->arrival_ns != 0))
		rtp_sample_jitter(r, timestamp, now_ns);
	r->timestamp = timestamp;
	r->arrival_ns = now_ns;
}

/* --- the sequence ------------------------------------------------------------------------- */

static uint64_t lost_now(const struct call_rtp *r)
{
	uint64_t expected = (uint64_t)r->cycles + r->max_seq - r->base_seq + 1;

	/* late packets of before the first, and repeats, make more of them */
	return expected > r->rtp_packets ? expected - r->rtp_packets : 0;
}

uint64_t rtp_lost(const struct call_rtp *r)
{
	return r->lost_before + (r->rtp_packets > 0 ? lost_now(r) : 0);
}

/* A source begins, or begins again. Its clock is kept where the codec is the same. */
static void begin(struct call_rtp *r, uint32_t ssrc, uint8_t type, uint16_t seq)
{
	if (r->rtp_packets > 0) {
		r->lost_before += lost_now(r);
		r->restarts++;
	}
	if (r->rtp_packets == 0 || type != r->payload_type) {
		r->payload_type = type;
		set_clock(r, static_clock(type));
	}
	r->ssrc = ssrc;
	r->rtp_packets = 1;
	r->base_seq = r->max_seq = seq;
	r->cycles = 0;
	r->bad_seq = RTP_SEQ_NONE;
	r->other_run = 0;
	r->clock_packets = 0;
	r->arrival_ns = 0;
	r->jitter_ns = 0;
}

/* A jump: one packet may be astray, two in sequence are a source that restarted. */
static bool confirms_jump(struct call_rtp *r, uint16_t seq)
{
	if (seq == r->bad_seq)
		return true;
	r->bad_seq = (uint16_t)(seq + 1);
	return false;
}

void rtp_arrived(struct call_rtp *r, const uint8_t *header, uint64_t now_ns)
{
	const uint8_t type = header[1] & 0x7f;
	const uint16_t seq = rtp_read16(header + 2);
	const uint32_t timestamp = rtp_read32(header + 4), ssrc = rtp_read32(header + 8);
	const uint16_t ahead = (uint16_t)(seq - r->max_seq);

	if (unlikely(r->rtp_packets == 0 || ssrc != r->ssrc)) {
		begin(r, ssrc, type, seq);
	} else if (unlikely(ahead == 0)) {
		r->repeated++;
		return;
	} else if (likely(ahead < RTP_MAX_DROPOUT)) {
		if (seq < r->max_seq)
			r->cycles += 0x10000;
		r->max_seq = seq;
		r->rtp_packets++;
	} else if (ahead <= 0x10000 - RTP_MAX_MISORDER) {
		if (!confirms_jump(r, seq))
			return;
		begin(r, ssrc, type, seq);
	} else {
		r->reordered++;
		r->rtp_packets++;
		return;
	}
	follow_timestamp(r, type, timestamp, now_ns);
}
