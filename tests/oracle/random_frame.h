/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random frames, most of them made from a policy's rules: within every field, on both
 * ends of every range and one beyond, with tags, options, extension headers, fragments
 * that follow their first, and now and then broken.
 */
#ifndef EDGEMARK_TESTS_RANDOM_FRAME_H
#define EDGEMARK_TESTS_RANDOM_FRAME_H

#include "dataplane/policy.h"
#include "support/frames.h"
#include "support/random.h"

enum {
	RANDOM_DATAGRAMS = 4, /* fragmented ones in flight */
};

struct frame_source {
	const struct policy_spec *policy;
	struct random random;
	unsigned broken_percent; /* frames that are cut or have bytes overwritten */
	unsigned jumbo_percent;

	uint64_t made; /* frames so far: every rule has its turn */
	struct frame_spec datagram[RANDOM_DATAGRAMS];
	unsigned datagrams, datagram_next;
};

/* Which end of a rule's ranges a frame is to try. */
enum range_end { END_ANYWHERE, END_BELOW, END_LOW, END_HIGH, END_ABOVE, RANGE_ENDS };

/* A description that matches the rule wherever one can; with END_BELOW and END_ABOVE the
 * ports miss it by one. */
struct frame_spec frame_for_rule(struct random *r, const struct rule_spec *rule,
				 enum range_end source_end, enum range_end destination_end);

/* One that has nothing to do with any rule. */
struct frame_spec frame_at_random(struct random *r);

/* The next frame; returns its length. */
uint32_t frame_source_next(struct frame_source *s, uint8_t *out, uint32_t size);

#endif
