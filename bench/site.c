/* SPDX-License-Identifier: BSD-3-Clause */
/* See site.h. */
#include "site.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "figures.h"
#include "lane.h"
#include "lane_state.h"
#include "parse.h"
#include "pipeline.h"
#include "policy_snapshot.h"
#include "stages.h"

#define LINK_BPS UINT64_C(1000000000)

enum {
	WIRE_EXTRA_BYTES = VLAN_TAG_BYTES + WIRE_OVERHEAD_BYTES,
	RATE_PERCENT = 10,  /* of the link, guaranteed to each class but voice */
	VOICE_CONTRACT = 0, /* its slot */
	DRAIN_TURNS = 1000,
	START_NS = 1,
	SHAPE_DELAY_NS = 10000000,
};

static const struct class_spec classes[BENCH_CLASSES] = {
	[SLOT_CONTROL] = {.dscp = DSCP_CS6, .pcp = 6},
	[SLOT_VOICE] = {.dscp = DSCP_EF, .pcp = 5, .strict = true},
	[SLOT_VIDEO] = {.dscp = DSCP_AF41, .pcp = 4},
	[SLOT_SIGNALLING] = {.dscp = DSCP_CS3, .pcp = 3},
	[SLOT_SHARING] = {.dscp = DSCP_AF21, .pcp = 2},
	[SLOT_BULK] = {.dscp = DSCP_AF11, .pcp = 1},
	[SLOT_DEFAULT] = {.dscp = DSCP_CS0, .pcp = 0},
};

static uint64_t expected(const struct frames *f, uint8_t class_slot)
{
	uint64_t packets = 0;

	for (uint32_t i = 0; i < f->count; i++)
		packets += f->packets[i].class_slot == class_slot;
	return packets;
}

/* The time of a pass is a whole number of turns, a little longer than its frames take on
 * the wire: what a class offers a second follows from it. */
static void plan_time(struct site *s, const struct site_options *o, const struct frames *f)
{
	uint64_t burst_bytes = (f->frame_bytes + WIRE_EXTRA_BYTES) * (uint64_t)BURST;

	s->turns = (uint32_t)(burst_bytes / MTU_MAX + 1);
	s->turn_ns = burst_bytes * NANOBITS_PER_BYTE / LINK_BPS / s->turns * 101 / 100 + 1;
	if (o->burst_ns > 0)
		s->turn_ns = o->burst_ns / s->turns;
	s->now_ns = START_NS;
}

static struct contract_spec voice_contract(const struct site *s, const struct frames *f,
					   const struct site_options *o)
{
	uint64_t pass_ns = s->turn_ns * s->turns * (f->count / BURST);
	uint64_t bytes = expected(f, SLOT_VOICE) * (f->frame_bytes - ETHERNET_HEADER_BYTES);
	uint64_t cir = bytes * NANOBITS_PER_BYTE / pass_ns * o->contract_percent / 100;

	return (struct contract_spec){
		.slot = VOICE_CONTRACT,
		.epoch = 1,
		.class_slots = 1u << SLOT_VOICE,
		.cir_bps = RTE_MAX(cir, UINT64_C(64000)),	      /* where no voice comes */
		.burst_bytes = RTE_MAX(cir / 50 / 8, UINT64_C(3036)), /* 20 ms */
		.account = ACCOUNT_IP,
		.exceed = o->exceed,
		.max_delay_ns = SHAPE_DELAY_NS,
		.remark_slot = SLOT_DEFAULT,
	};
}

static int build_policy(struct site *s, const struct site_options *o, const struct frames *f)
{
	struct contract_spec contract = voice_contract(s, f, o);
	const struct rule_set *set = o->rules;
	struct rule_spec *rules = calloc(set->rule_count, sizeof(*rules));
	struct class_spec specs[BENCH_CLASSES];
	struct policy_spec spec = {
		.generation = 1,
		.classes = specs,
		.class_count = BENCH_CLASSES,
		.default_slot = SLOT_DEFAULT,
		.rules = rules,
		.rule_count = set->rule_count,
		.trust = TRUST_NONE,
		.contracts = &contract,
		.contract_count = 1,
		.allowed_dscp = ~UINT64_C(0),
		.untagged = TAG_VID,
		.egress = {.rate_bps = LINK_BPS,
			   .account = ACCOUNT_WIRE,
			   .max_frame_bytes = MTU_MAX},
	};
	int err;

	if (rules == NULL)
		return -ENOMEM;
	rules_fill(set, rules);
	for (uint8_t slot = 0; slot < BENCH_CLASSES; slot++) {
		specs[slot] = classes[slot];
		specs[slot].slot = slot;
		specs[slot].epoch = 1;
		specs[slot].weight = 1;
		specs[slot].queue_ns = QUEUE_NS_DEFAULT;
		specs[slot].calls = o->calls && slot == SLOT_VOICE;
		specs[slot].queue_packets = QUEUE_PACKETS_DEFAULT;
		if (o->class_rates && !specs[slot].strict)
			specs[slot].rate_bps = LINK_BPS / 100 * RATE_PERCENT;
	}
	err = policy_build(&spec, NULL, &s->policy);
	free(rules);
	return err;
}

int site_create(struct site *s, const struct site_options *o, const struct frames *f)
{
	const struct lane_config config = {.socket_id = SOCKET_ID_ANY, .seed = 1};
	int err;

	*s = (struct site){0};
	plan_time(s, o, f);
	err = build_policy(s, o, f);
	if (err < 0)
		return err;
	s->lane = lane_create(&config);
	s->sent = calloc(f->count, sizeof(*s->sent));
	if (s->lane == NULL || s->sent == NULL || lane_prepare(s->lane, s->policy) < 0) {
		site_destroy(s);
		return -ENOMEM;
	}
	lane_adopt(s->lane, s->policy, s->now_ns);
	return 0;
}

void site_destroy(struct site *s)
{
	lane_destroy(s->lane);
	policy_free(s->policy);
	free(s->sent);
	*s = (struct site){0};
}

static inline void receive(struct burst *b, const struct site *s, const struct frames *f,
			   uint32_t first)
{
	b->now_ns = s->now_ns;
	b->count = BURST;
	memcpy(b->frame, f->mbufs + first, BURST * sizeof(b->frame[0]));
}

static inline void send(struct site *s)
{
	for (uint32_t turn = 0; turn < s->turns; turn++) {
		s->now_ns += s->turn_ns;
		s->sent_count +=
			schedule_dequeue(s->lane, s->now_ns, s->sent + s->sent_count, BURST_MAX);
	}
}

uint64_t site_pass(struct site *s, const struct frames *f)
{
	uint64_t start = stamp();
	struct burst b;

	s->sent_count = 0;
	for (uint32_t i = 0; i < f->count; i += BURST) {
		receive(&b, s, f, i);
		pipeline_run(s->lane, s->policy, &b);
		send(s);
	}
	return stamp() - start;
}

void site_pass_by_stage(struct site *s, const struct frames *f, uint64_t *cycles)
{
	struct burst b;

	s->sent_count = 0;
	for (uint32_t i = 0; i < f->count; i += BURST) {
		uint64_t at[STAGES + 1];

		receive(&b, s, f, i);
		at[STAGE_PARSE] = stamp();
		parse_burst(&b, s->lane->counters.anomalies);
		mark_prefetch(&b, s->policy);
		at[STAGE_CLASSIFY] = stamp();
		classify_burst(&b, s->policy, s->lane);
		at[STAGE_AUDIT] = stamp();
		audit_burst(&b, s->policy, s->lane);
		at[STAGE_CALLS] = stamp();
		calls_burst(&b, s->policy, s->lane);
		at[STAGE_POLICE] = stamp();
		police_burst(&b, s->policy, s->lane);
		at[STAGE_MARK] = stamp();
		mark_burst(&b, s->policy, s->lane);
		at[STAGE_ENQUEUE] = stamp();
		schedule_enqueue(&b, s->policy, s->lane);
		at[STAGE_DEQUEUE] = stamp();
		send(s);
		at[STAGES] = stamp();
		for (uint32_t k = 0; k < STAGES; k++)
			cycles[k] += at[k + 1] - at[k];
	}
}

void site_drain(struct site *s)
{
	for (uint32_t turn = 0;
	     turn < DRAIN_TURNS && schedule_next(s->lane, s->now_ns) != SCHEDULE_IDLE; turn++)
		send(s);
}

static bool classes_are_right(const struct lane_counters *c, const struct frames *f,
			      uint64_t passes)
{
	for (uint8_t slot = 0; slot < BENCH_CLASSES; slot++) {
		uint64_t wanted = expected(f, slot) * passes;

		if (c->classes[slot].rx.packets == wanted)
			continue;
		fprintf(stderr,
			"edgemark: class %u got %" PRIu64 " packets instead of %" PRIu64 "\n", slot,
			c->classes[slot].rx.packets, wanted);
		return false;
	}
	return true;
}

static uint64_t drops_of_contracts(const struct lane_counters *c)
{
	return c->drops[DROP_CONTRACT] + c->drops[DROP_THINNED] + c->drops[DROP_SPREAD] +
	       c->drops[DROP_RESERVED] + c->drops[DROP_SHAPE_DELAY];
}

struct site_contract site_contract(const struct site *s)
{
	const struct meter_profile *meter = &s->policy->contracts[VOICE_CONTRACT].meter;
	const struct contract_counters *contract;
	struct lane_counters c;
	double most;

	lane_snapshot(s->lane, &c);
	contract = &c.contracts[VOICE_CONTRACT];
	most = (double)meter->rate_bps * (double)(s->now_ns - START_NS) + (double)meter->burst_nb;
	return (struct site_contract){
		.excess_percent = 100.0 *
				  (double)(drops_of_contracts(&c) + contract->exceeded.packets) /
				  (double)c.classes[SLOT_VOICE].rx.packets,
		.admitted_percent =
			100.0 * (double)contract->admitted.bytes * (double)NANOBITS_PER_BYTE / most,
	};
}

static bool balances(const struct lane_counters *c, uint64_t received)
{
	if (received == c->tx.packets + c->dropped.packets && c->queued.packets == 0 &&
	    c->dropped.packets == drops_of_contracts(c))
		return true;
	fprintf(stderr,
		"edgemark: of %" PRIu64 " packets %" PRIu64 " were sent, %" PRIu64
		" dropped, %" PRIu64 " are queued\n",
		received, c->tx.packets, c->dropped.packets, c->queued.packets);
	return false;
}

/* The last pass's frames: tag, PCP and DSCP of the class they left by. */
static bool marks_are_right(const struct site *s)
{
	for (uint32_t i = 0; i < s->sent_count; i++) {
		const uint8_t *bytes = rte_pktmbuf_mtod(s->sent[i], const uint8_t *);
		const struct class_spec *c = &classes[lane_frame_class(s->sent[i])];

		if (bytes[12] == 0x81 && bytes[13] == 0x00 && bytes[14] == c->pcp << 5 &&
		    bytes[15] == TAG_VID && bytes[19] == c->dscp << 2)
			continue;
		fprintf(stderr,
			"edgemark: a frame left with tag %02x%02x and TOS %02x by the queue of "
			"DSCP %u\n",
			bytes[14], bytes[15], bytes[19], c->dscp);
		return false;
	}
	return true;
}

bool site_is_right(const struct site *s, const struct frames *f, uint64_t passes)
{
	struct lane_counters c;

	lane_snapshot(s->lane, &c);
	return classes_are_right(&c, f, passes) && balances(&c, f->count * passes) &&
	       marks_are_right(s);
}
