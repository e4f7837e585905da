/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all tests of the suite share: what the operator asked for, the results so far, and
 * how a trial of many streams is run and measured. Thread: the main lcore.
 */
#ifndef EDGEMARK_LAB_RFC7640_SUITE_H
#define EDGEMARK_LAB_RFC7640_SUITE_H

#include "rfc7640_hunt.h"
#include "rfc7640_ideal.h"
#include "rfc7640_result.h"
#include "rfc7640_trial.h"

struct suite {
	uint64_t cir_bps;     /* of policers and shapers, and of the link where it is tested */
	uint64_t burst_bytes; /* CBS, Bc */
	uint64_t port_bps;    /* of the physical ports: bursts come at this speed */
	uint64_t duration_ns; /* Td of each trial */
	struct trial_where where;
	struct results results;
};

/* RFC 7640 sections 6.1, 6.2, 6.3 and 6.4. 0, whatever the results are, or negative errno
 * with one line on stderr. */
int policer_tests(struct suite *s);
int queue_tests(struct suite *s);
int shaper_tests(struct suite *s);
int concurrent_tests(struct suite *s);

/* --- shared by the tests ----------------------------------------------------------------- */

#define SUITE_START_NS UINT64_C(1000000000) /* of the first frame */

/* The frame sizes of RFC 2544 section 9.1, with FCS. */
enum { SUITE_FRAME_SIZES = 6, SUITE_CAPACITY_FRAME = 256 };
extern const uint32_t suite_frame_sizes[SUITE_FRAME_SIZES];

/* Bursts at port speed with interval_ns from the end of one to the start of the next (RFC
 * 7640's Ti), over the suite's Td, at least one. */
struct pattern suite_bursts(const struct suite *s, const struct stream *stream, uint64_t frames,
			    uint64_t interval_ns);

/* Frames one by one at a rate by an accounting, no faster than the port. */
struct pattern suite_steady(const struct suite *s, const struct stream *stream,
			    enum account account, uint64_t rate_bps);

/* What a link's rate sends at once: its largest frame, and a turn of the worker's loop. */
struct ideal_bucket suite_link_bucket(const struct suite *s);

/* The queue of a link's rate: 50 ms of it, or two largest frames, which the product gives any
 * queue; and what it holds by wire length. */
uint64_t suite_queue_ns(const struct suite *s);
uint64_t suite_queue_bytes(const struct suite *s);

/* Whole nanoseconds in which a rate carries so many bytes, rounded up. */
uint64_t suite_ns(uint64_t bytes, uint64_t rate_bps);

/* What the product's counters and the tester's capture must agree on; then judge() once for
 * each stream, to add its row and its checks. */
typedef int (*suite_judge)(struct suite *s, const struct trial *t, uint32_t stream);
int suite_trial(struct suite *s, const char *name, const struct setup *setup,
		const struct stream *streams, uint32_t count, suite_judge judge);

/* The row of a stream with its metrics. 0 or -ENOMEM. */
int suite_row(struct suite *s, const struct trial *t, uint32_t stream, const char *traffic,
	      struct metrics *m);

/* The burst hunt of a stream on a device at rest between its bursts, as a row with BSA
 * against `predicted` frames. settle_ns: what the device needs to be at rest. */
struct suite_hunt {
	const char *name;
	const struct setup *setup;
	const struct stream *stream;
	enum account account;
	uint64_t target_frames, predicted_frames;
	uint64_t settle_ns;
};
int suite_hunt(struct suite *s, const struct suite_hunt *h);

/* A departure's frames with their class's own code point. */
uint64_t suite_in_class(const struct trial *t, uint32_t stream);

#endif
