/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a payload on a media port is (RFC 7983, RFC 5761), and what an RTP stream tells of
 * its way here: sequence numbers (RFC 3550 A.1) and interarrival jitter (A.8), in integers
 * so that a replay is bit-exact. Nothing in a header can break it: jumps, wraps, repeats
 * and new sources are followed and counted.
 * Thread: the lane's worker; control reads copies.
 */
#ifndef EDGEMARK_RTP_H
#define EDGEMARK_RTP_H

#include <stdint.h>

enum {
	RTP_HEADER_BYTES = 12,
	MEDIA_SPAN = 4 + RTP_HEADER_BYTES, /* with the header of TURN ChannelData */
	RTP_MAX_DROPOUT = 3000,		   /* RFC 3550 A.1 */
	RTP_MAX_MISORDER = 100,
	RTP_CLOCK_PACKETS = 50,	 /* after which a dynamic payload's clock is estimated */
	RTP_SWITCH_PACKETS = 32, /* of another payload type in a row: the codec has changed */
	RTP_SEQ_NONE = 0x10000,	 /* no sequence number */
};

enum media {
	MEDIA_NONE,  /* RTCP, STUN, DTLS, ZRTP, nothing at all */
	MEDIA_OTHER, /* none of those, and not RTP */
	MEDIA_RTP,
};

/* What is known of the RTP stream; valid where rtp_packets > 0. The first cache line is what
 * each packet in order needs. */
struct call_rtp {
	uint32_t ssrc;
	uint32_t rtp_packets; /* of the present source, repeats of the newest left out */
	uint16_t base_seq, max_seq;
	uint32_t cycles;      /* of the sequence number, in units of 65,536 */
	uint64_t arrival_ns;  /* of the last packet in order; 0: none to compare with */
	uint64_t tick_ns_q16; /* one tick of the clock, 16 fractional bits; 0: not known yet */
	uint32_t timestamp;   /* of that packet */
	uint8_t payload_type;
	uint8_t other_type; /* another one that comes instead … */
	uint16_t other_run; /* … so many times in a row */
	uint32_t jitter_ns; /* J of RFC 3550 A.8 */
	uint32_t jitter_ns_max;
	uint64_t jitter_ns_sum; /* over jitter_samples */
	uint32_t jitter_samples;

	uint32_t clock_hz; /* 0: not known yet */
	uint64_t clock_ns; /* a dynamic payload's clock: estimated from here … */
	uint32_t clock_timestamp;
	uint32_t clock_packets; /* … over so many packets; 0: begins with the next */
	uint32_t bad_seq;	/* the one that would confirm a jump, or RTP_SEQ_NONE */
	uint32_t restarts;	/* new source, or a jump beyond what a sequence may do */
	uint64_t lost_before;	/* by sources before the present one */
	uint64_t reordered;
	uint32_t repeated;
};

/* payload: of UDP, `bytes` of it, of which MEDIA_SPAN are readable (all, if fewer). *rtp:
 * the RTP header, where it is MEDIA_RTP; inside TURN ChannelData (RFC 8656 12.4), too. */
enum media media_of(const uint8_t *payload, uint32_t bytes, const uint8_t **rtp);

/* A packet of the stream; header: RTP_HEADER_BYTES. */
void rtp_arrived(struct call_rtp *r, const uint8_t *header, uint64_t now_ns);

/* Packets that never arrived here, by all sources so far. */
uint64_t rtp_lost(const struct call_rtp *r);

#endif
