/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metrics of RFC 7640 section 4.1, computed from what left and when. They know nothing
 * of the device: a list of departures may come from a capture or from a model. BSA is not
 * here but found by the burst hunt. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_METRICS_H
#define EDGEMARK_LAB_RFC7640_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct departure {
	uint64_t sent_ns, left_ns;
	uint32_t sequence;
	uint8_t dscp;
};

struct departures { /* of one stream, in the order in which they left */
	struct departure *at;
	size_t count, room;
};

/* 0 or -ENOMEM. */
int departures_add(struct departures *d, const struct departure *one);
void departures_clear(struct departures *d);

struct metrics {
	uint64_t sent, received;
	uint64_t lost;		  /* LP: sent less received (RFC 2680) */
	uint64_t out_of_sequence; /* OOS: below the highest number seen before (RFC 4737 3.3) */
	uint64_t delay_min_ns, delay_max_ns; /* PD: left less sent (RFC 1242 3.8) */
	double delay_mean_ns;
	uint64_t variation_ns; /* PDV: the 99th percentile of PD less its minimum (RFC 5481) */
};

/* Of a stream that sent `sent` frames, not fewer than left. 0 or -ENOMEM. */
int metrics_compute(uint64_t sent, const struct departures *d, struct metrics *out);

/* How a shaper emits: trains of frames that a port of wire_ns a frame would send back to
 * back. */
struct emission {
	double rate_bps;	   /* SR: from the first frame that waited to the last */
	uint64_t burst_frames_max; /* SBB, in frames: the longest train */
	double burst_frames_mean;  /* SBB */
	double interval_mean_ns;   /* SBI: from start to start of two trains */
	uint64_t interval_min_ns, interval_max_ns;
	uint64_t trains;
};

/* frame_bytes: of each frame, by the shaper's accounting. SR and SBI are 0 where there are
 * too few departures to tell. */
struct emission emission_compute(const struct departures *d, uint32_t frame_bytes,
				 uint64_t wire_ns);

/* Frames that left at from_ns or later and before until_ns. */
uint64_t departures_within(const struct departures *d, uint64_t from_ns, uint64_t until_ns);

#endif
