/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lab's own account of a run, from the frames alone: what arrived, what left and when,
 * what was dropped and why. It asks no counter of the pipeline, so that the two can be held
 * against each other. Bytes are as the contract counts them, but for frame_bytes.
 */
#ifndef EDGEMARK_LAB_ACCOUNT_H
#define EDGEMARK_LAB_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/drop_reason.h"

#include "arrivals.h"
#include "histogram.h"
#include "overrun_plan.h"

struct rte_mbuf;

enum { ACCOUNT_WINDOW = 1024 }; /* packets of a call whose fate may be open */

struct amount {
	uint64_t packets, bytes;
};

struct traffic { /* of voice with its RTCP, or of the background */
	struct amount offered, sent, dropped;
	uint64_t offered_frame_bytes;
	uint64_t drops[DROP_REASONS];
};

struct call_account {
	/* RTP */
	uint64_t packets, sent, dropped;
	uint64_t began_ns, ended_ns; /* first and last arrival */
	uint64_t delay_ns_sum, delay_ns_max;
	/* drops in a row, by the order in which packets were sent */
	uint64_t run, longest_run;
	uint32_t settled; /* the fate of all packets before this one is counted */
	uint8_t fate[ACCOUNT_WINDOW];
	/* between the departures of two packets with drops between them, in the order in which
	 * they were sent: a drop is known while packets before it still wait */
	uint64_t sent_ns[ACCOUNT_WINDOW];
	uint64_t settled_sent, settled_sent_ns, longest_gap_ns;
	uint64_t last_sent_ns; /* in the order of departures */
	/* RFC 3550 6.4.1, of what left */
	uint32_t last_timestamp;
	double jitter_ns, jitter_ns_sum, jitter_ns_max;
	uint64_t jitter_samples;
	/* RTCP */
	uint64_t reports, reports_dropped;
};

struct point {					 /* of the curves, bytes in an interval */
	uint64_t offered, sent, dropped;	 /* voice */
	uint64_t background_offered, background; /* that arrived, that left */
};

struct run_account {
	const struct overrun_plan *plan;
	double tick_ns; /* of the RTP clock */
	struct call_account *calls;
	struct traffic voice, background;
	struct amount remarked; /* voice that left with another DSCP than its own */
	struct point *points;
	size_t point_count, points_used;
	struct histogram delay, jitter; /* of RTP; |D| of RFC 3550 */
	uint64_t frames_sent, frame_bytes_sent, frame_bytes_dropped;
	uint64_t digest;    /* of all that arrived */
	uint64_t strangers; /* frames that left and are none of the lab's */
};

/* Of the interval that begins at from_ns, which the end of the run may cut short. */
static inline double point_kbps(const struct overrun_plan *p, uint64_t from_ns, uint64_t bytes)
{
	const struct overrun_arguments *o = p->arguments;
	uint64_t ns = o->interval_ns;

	if (from_ns < o->duration_ns && o->duration_ns - from_ns < ns)
		ns = o->duration_ns - from_ns;
	return (double)bytes * 8e6 / (double)ns;
}

/* 0 or -ENOMEM. */
int account_open(struct run_account *a, const struct overrun_plan *p);
void account_close(struct run_account *a);

void account_arrived(struct run_account *a, const struct arrival *arrival, const uint8_t *frame);
void account_sent(struct run_account *a, uint64_t ns, const struct rte_mbuf *frame);
void account_dropped(struct run_account *a, uint64_t ns, const struct rte_mbuf *frame,
		     enum drop_reason reason);

/* All have left: gaps that nothing has ended last to the end of the call. */
void account_finish(struct run_account *a);

#endif
