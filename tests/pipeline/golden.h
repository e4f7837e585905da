/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small policy and a lane for golden packets: one frame in, as hexadecimal text, and
 * what must come of it. A test may change the policy until its first frame.
 */
#ifndef EDGEMARK_TESTS_GOLDEN_H
#define EDGEMARK_TESTS_GOLDEN_H

#include "dataplane/counters.h"
#include "dataplane/policy.h"
#include "support/frames.h"

enum golden_class { VOICE, VIDEO, SIGNALLING, BEST_EFFORT, GOLDEN_CLASSES };

enum {
	GOLDEN_RULES_MAX = 8,
};
#define GOLDEN_QUEUE_NS UINT64_C(100000000)

struct golden {
	struct policy_spec spec;
	struct class_spec classes[GOLDEN_CLASSES]; /* the slot is the enumerator */
	struct rule_spec rules[GOLDEN_RULES_MAX];  /* rule i counts in slot 10 + i */
	uint64_t now_ns;

	struct lane *lane; /* from the first frame on */
	struct policy *policy;
	uint8_t received[FRAME_BYTES_MAX], sent[FRAME_BYTES_MAX];
	uint32_t received_bytes, sent_bytes;
	bool left;
	enum drop_reason drop;
};

/* Voice (EF, PCP 5) is UDP from 50000-50019, video (AF41, PCP 4) from 50020-50039,
 * signalling (CS3, PCP 3) TCP to 5061; UDP from 50666 is dropped; the rest is best effort
 * (0, PCP 1). Nothing is done to tags. */
int golden_setup(void **state);
int golden_teardown(void **state); /* fails where the lane does not balance */

struct rule_spec *golden_add_rule(struct golden *g, uint8_t class_slot);

void golden_send(struct golden *g, const uint8_t *frame, uint32_t bytes);
void golden_build_and_send(struct golden *g, const struct frame_spec *s);

void leaves_as(struct golden *g, const char *in, const char *out);
void leaves_unchanged(struct golden *g, const char *in);
void is_dropped(struct golden *g, const char *in, enum drop_reason reason);

/* The DSCP with which the described frame leaves. */
unsigned dscp_of(struct golden *g, const struct frame_spec *s);

const struct lane_counters *golden_counters(struct golden *g);

#endif
