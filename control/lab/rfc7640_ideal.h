/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What should come out: an ideal policer and an ideal shaper for one stream, in exact
 * arithmetic, from nothing but the rates and bursts of the configuration. They share no
 * code with the data plane; a measurement is compared with them. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_IDEAL_H
#define EDGEMARK_LAB_RFC7640_IDEAL_H

#include <stdint.h>

#include "rfc7640_metrics.h"
#include "rfc7640_stream.h"

struct ideal_bucket { /* full when the first frame comes */
	uint64_t rate_bps;
	uint64_t burst_bytes;
	uint64_t burst_ns; /* and so much more of the rate */
};

/* The largest single burst that conforms (RFC 7640 6.1.1: the CBS, plus what the bucket
 * gets while the burst arrives), in frames of frame_bytes, spacing_ns apart. UINT64_MAX:
 * any. */
uint64_t ideal_policed_burst(const struct ideal_bucket *b, uint32_t frame_bytes,
			     uint64_t spacing_ns);

/* Which frames of a pattern a token bucket lets pass at once (RFC 2697). 0 or -ENOMEM. */
int ideal_policer(const struct ideal_bucket *b, uint32_t frame_bytes, const struct pattern *p,
		  struct departures *out);

struct ideal_queue { /* ahead of a shaper; what it has no room for is lost (tail drop) */
	uint64_t packets;
	uint64_t bytes; /* UINT64_MAX: no limit */
};

/* When each frame of a pattern leaves a FIFO queue emptied through the bucket. 0 or -ENOMEM. */
int ideal_shaper(const struct ideal_bucket *b, const struct ideal_queue *q, uint32_t frame_bytes,
		 const struct pattern *p, struct departures *out);

/* The largest single burst that such a queue takes whole, up to most frames. */
int ideal_queued_burst(const struct ideal_bucket *b, const struct ideal_queue *q,
		       uint32_t frame_bytes, uint64_t spacing_ns, uint64_t most, uint64_t *frames);

#endif
