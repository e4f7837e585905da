/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateless test traffic of RFC 7640 section 5.1: a stream sends bursts of frames of one
 * size at the speed of its ingress port. Each frame is UDP over IPv4 and carries its
 * stream, its sequence number and the time it was sent (section 4.1), so that what an
 * output capture holds can be measured without asking the device. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_STREAM_H
#define EDGEMARK_LAB_RFC7640_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/diffserv.h"

enum {
	STREAM_FCS_BYTES = 4,
	STREAM_FRAME_MIN = 64,	 /* with FCS, as all frame sizes of RFC 2544 section 9.1 */
	STREAM_TAGGED_MIN = 68,	 /* the mark needs the room */
	STREAM_FRAME_MAX = 1518, /* 1522 with a tag */
	STREAM_PORT_BASE = 10000,
	STREAM_VLAN_BASE = 100,
	STREAM_BUFFER_BYTES = 1536,
};

/* When frame k is sent: bursts of burst_frames, spacing_ns apart from start to start, the
 * first frame of each burst period_ns after that of the one before it. */
struct pattern {
	uint64_t start_ns;
	uint64_t burst_frames;
	uint64_t spacing_ns;
	uint64_t period_ns;
	uint64_t count; /* of frames in all */
};

static inline uint64_t pattern_ns(const struct pattern *p, uint64_t k)
{
	return p->start_ns + k / p->burst_frames * p->period_ns +
	       k % p->burst_frames * p->spacing_ns;
}

struct stream {
	uint16_t id;	     /* unique in its trial */
	uint8_t class_index; /* which the stream's UDP source port or VLAN selects */
	bool tagged;	     /* with VLAN STREAM_VLAN_BASE + class_index */
	enum direction direction;
	uint32_t frame_bytes; /* with FCS and tag */
	struct pattern pattern;
};

/* The frame without its FCS, into STREAM_BUFFER_BYTES. Returns its length. */
uint32_t stream_frame(const struct stream *s, uint32_t sequence, uint64_t ns, uint8_t *out);

/* What a captured frame says of itself. */
struct stream_mark {
	uint16_t stream;
	uint32_t sequence;
	uint64_t sent_ns;
	uint8_t dscp;
	bool tagged;
};

/* False: not a frame of the test. */
bool stream_read(const uint8_t *frame, uint32_t length, struct stream_mark *out);

/* A frame's length by an accounting (README: account). */
uint32_t stream_bytes(const struct stream *s, enum account account);

/* From start to start of two frames back to back on a port, rounded up to whole ns. */
uint64_t stream_wire_ns(const struct stream *s, uint64_t port_bps);

#endif
