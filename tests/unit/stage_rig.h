/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test of one stage needs around it: a policy under construction (four classes, no
 * rules, no contracts until the test adds them), a lane that has adopted it, and a burst
 * of frames that are described where they are tested.
 */
#ifndef EDGEMARK_TESTS_STAGE_RIG_H
#define EDGEMARK_TESTS_STAGE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "dataplane/burst.h"
#include "dataplane/lane.h"
#include "dataplane/policy.h"
#include "lane_state.h"
#include "parse.h"
#include "policy_snapshot.h"
#include "stages.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"

/* Class slots of the rig; not 0, 1, 2 so that a slot taken for an index shows. */
enum {
	BEST_EFFORT = 3,
	VOICE = 7,
	VIDEO = 11,
	BULK = 15,
	RIG_CLASSES = 4,
	RIG_RULES = 32,
	RIG_CONTRACTS = 8,
};

struct rig {
	uint64_t now_ns;
	struct class_spec classes[RIG_CLASSES];
	struct rule_spec rules[RIG_RULES];
	struct contract_spec contracts[RIG_CONTRACTS];
	struct prefix trusted[TRUSTED_PREFIXES_MAX];
	struct policy_spec spec;
	struct policy *policy;
	struct lane_config lane_config;
	struct lane *lane;
	struct burst burst;
};

static inline struct class_spec rig_class(uint8_t slot, uint8_t dscp, uint8_t pcp)
{
	return (struct class_spec){.slot = slot,
				   .epoch = 1,
				   .dscp = dscp,
				   .pcp = pcp,
				   .calls = dscp == DSCP_EF,
				   .weight = 1,
				   .queue_ns = QUEUE_NS_DEFAULT,
				   .queue_packets = QUEUE_PACKETS_DEFAULT};
}

static inline void rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->now_ns = 1000000000;
	r->classes[0] = rig_class(BEST_EFFORT, DSCP_CS0, 0);
	r->classes[1] = rig_class(VOICE, DSCP_EF, 5);
	r->classes[2] = rig_class(VIDEO, DSCP_AF41, 4);
	r->classes[3] = rig_class(BULK, DSCP_AF11, 1);
	r->spec = (struct policy_spec){
		.generation = 1,
		.classes = r->classes,
		.class_count = RIG_CLASSES,
		.default_slot = BEST_EFFORT,
		.rules = r->rules,
		.trusted = r->trusted,
		.contracts = r->contracts,
		.allowed_dscp = ~UINT64_C(0),
		.untagged = UNTAGGED_KEEP,
		.egress = {.account = ACCOUNT_WIRE, .max_frame_bytes = 1518},
	};
	r->lane_config = (struct lane_config){.socket_id = SOCKET_ID_ANY, .seed = 1};
}

/* A rule that matches everything; narrow it down before rig_start(). */
static inline struct rule_spec *rig_rule(struct rig *r, uint8_t class_slot)
{
	size_t index = r->spec.rule_count++;

	assert_true(index < RIG_RULES);
	r->rules[index] = (struct rule_spec){
		.protocol = MATCH_ANY,
		.vlan = MATCH_ANY,
		.dscp = MATCH_ANY,
		.drop = class_slot == SLOT_NONE,
		.class_slot = class_slot,
		.slot = (uint32_t)index,
		.epoch = 1,
	};
	return &r->rules[index];
}

static inline struct port_range ports(uint16_t low, uint16_t high)
{
	return (struct port_range){.named = true, .low = low, .high = high};
}

static inline struct prefix prefix(const char *address, uint8_t length)
{
	struct prefix p = {.length = length};

	p.family = frame_address(address, p.address);
	return p;
}

static inline struct contract_spec *rig_contract(struct rig *r, uint8_t class_slot,
						 enum exceed exceed, uint64_t cir_bps,
						 uint64_t burst_bytes)
{
	size_t index = r->spec.contract_count++;

	assert_true(index < RIG_CONTRACTS);
	r->contracts[index] = (struct contract_spec){
		.slot = (uint8_t)index,
		.epoch = 1,
		.class_slots = UINT32_C(1) << class_slot,
		.cir_bps = cir_bps,
		.burst_bytes = burst_bytes,
		.account = ACCOUNT_IP,
		.exceed = exceed,
		.max_delay_ns = 10000000,
	};
	return &r->contracts[index];
}

/* Builds what r->spec says now and lets the lane adopt it; again for the next generation.
 * The policy before is freed, as control does once the worker has gone quiescent. */
static inline void rig_adopt(struct rig *r)
{
	struct policy *previous = r->policy;

	assert_int_equal(policy_build(&r->spec, previous, &r->policy), 0);
	assert_int_equal(lane_prepare(r->lane, r->policy), 0);
	lane_adopt(r->lane, r->policy, r->now_ns);
	lane_reclaim(r->lane);
	policy_free(previous);
}

static inline void rig_start(struct rig *r)
{
	r->lane = lane_create(&r->lane_config);
	assert_non_null(r->lane);
	rig_adopt(r);
}

static inline void rig_free_burst(struct rig *r)
{
	for (uint32_t i = 0; i < r->burst.count; i++)
		rte_pktmbuf_free(r->burst.frame[i]);
	r->burst.count = 0;
}

static inline void rig_stop(struct rig *r)
{
	rig_free_burst(r);
	lane_destroy(r->lane);
	policy_free(r->policy);
	assert_int_equal(test_pool_in_use(), 0);
}

static inline uint32_t rig_add_mbuf(struct rig *r, struct rte_mbuf *m)
{
	uint32_t i = r->burst.count++;

	assert_true(i < BURST_MAX);
	r->burst.now_ns = r->now_ns;
	r->burst.frame[i] = m;
	return i;
}

/* The frame's place in the burst. */
static inline uint32_t rig_add(struct rig *r, struct frame_spec s)
{
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length = frame_build(&s, bytes, sizeof(bytes));

	assert_int_not_equal(length, 0);
	return rig_add_mbuf(r, mbuf_from(bytes, length));
}

static inline void rig_classify(struct rig *r)
{
	parse_burst(&r->burst, r->lane->counters.anomalies);
	classify_burst(&r->burst, r->policy, r->lane);
}

/* The class of one frame, alone in its burst. */
static inline uint8_t rig_class_of(struct rig *r, struct frame_spec s)
{
	uint32_t i;

	rig_free_burst(r);
	i = rig_add(r, s);
	rig_classify(r);
	return r->burst.class_slot[i];
}

#endif
