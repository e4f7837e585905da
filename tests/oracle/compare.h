/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pipeline beside the oracle: the same frames through both, and every difference is
 * a failure: the bytes that leave, the drops and their reasons, the order within a class,
 * the rules' hits, and all counters of the lane.
 */
#ifndef EDGEMARK_TESTS_COMPARE_H
#define EDGEMARK_TESTS_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/burst.h"
#include "oracle/oracle.h"
#include "support/random.h"

struct lane;
struct policy;

struct comparison {
	uint64_t seed; /* printed with a failure */
	struct lane *lane;
	struct policy *policy;
	struct oracle oracle;

	/* the burst under way */
	uint64_t now_ns;
	unsigned count;
	uint8_t frame[BURST_MAX][ORACLE_FRAME_MAX];
	uint32_t length[BURST_MAX];
	struct rte_mbuf *mbuf[BURST_MAX];
	struct oracle_verdict verdict[BURST_MAX];
	bool accounted_for[BURST_MAX];
	bool differs;

	/* so far */
	uint64_t packets, ruled;
};

/* Builds the policy and a fresh lane. False: it could not be built. */
bool comparison_begin(struct comparison *c, uint64_t seed, const struct policy_spec *spec,
		      uint64_t now_ns);

/* Another policy for the same lane. */
bool comparison_reload(struct comparison *c, const struct policy_spec *spec, uint64_t now_ns);

/* Runs frame[0 … count) with length[]. cuts: NULL, or a generator by which each frame is
 * cut into segments. False: a difference, described on stderr. */
bool comparison_burst(struct comparison *c, struct random *cuts);

/* Compares the counters, and frees the lane and the policy. False: a difference. */
bool comparison_end(struct comparison *c);

#endif
