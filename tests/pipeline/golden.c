/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/golden.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "support/mbufs.h"

static const struct port_range voice_ports = {true, 50000, 50019};
static const struct port_range video_ports = {true, 50020, 50039};
static const struct port_range sip_tls = {true, 5061, 5061};
static const struct port_range dropped_port = {true, 50666, 50666};

struct rule_spec *golden_add_rule(struct golden *g, uint8_t class_slot)
{
	struct rule_spec *rule = &g->rules[g->spec.rule_count];

	assert_true(g->spec.rule_count < GOLDEN_RULES_MAX);
	*rule = (struct rule_spec){.protocol = MATCH_ANY,
				   .vlan = MATCH_ANY,
				   .dscp = MATCH_ANY,
				   .class_slot = class_slot,
				   .slot = 10 + (uint32_t)g->spec.rule_count,
				   .epoch = 1};
	g->spec.rule_count++;
	return rule;
}

static void add_port_rule(struct golden *g, uint8_t class_slot, struct port_range ports)
{
	struct rule_spec *rule = golden_add_rule(g, class_slot);

	rule->protocol = PROTOCOL_UDP;
	rule->source_port = ports;
}

static void add_rules(struct golden *g)
{
	struct rule_spec *rule;

	g->spec.rules = g->rules;
	add_port_rule(g, VOICE, voice_ports);
	add_port_rule(g, VIDEO, video_ports);
	rule = golden_add_rule(g, SIGNALLING);
	rule->protocol = PROTOCOL_TCP;
	rule->destination_port = sip_tls;
	rule = golden_add_rule(g, SLOT_NONE);
	rule->protocol = PROTOCOL_UDP;
	rule->source_port = dropped_port;
	rule->drop = true;
}

int golden_setup(void **state)
{
	static const struct {
		uint8_t dscp, pcp;
	} marks[GOLDEN_CLASSES] = {[VOICE] = {DSCP_EF, 5},
				   [VIDEO] = {DSCP_AF41, 4},
				   [SIGNALLING] = {DSCP_CS3, 3},
				   [BEST_EFFORT] = {0, 1}};
	struct golden *g = calloc(1, sizeof(*g));

	if (!g)
		return -1;
	for (unsigned i = 0; i < GOLDEN_CLASSES; i++)
		g->classes[i] = (struct class_spec){.slot = (uint8_t)i,
						    .epoch = 1,
						    .dscp = marks[i].dscp,
						    .pcp = marks[i].pcp,
						    .weight = 1,
						    .queue_ns = GOLDEN_QUEUE_NS,
						    .queue_packets = 64};
	g->spec.generation = 1;
	g->spec.classes = g->classes;
	g->spec.class_count = GOLDEN_CLASSES;
	g->spec.default_slot = BEST_EFFORT;
	g->spec.allowed_dscp = ~UINT64_C(0);
	g->spec.tag_pcp = TAG_PCP_KEEP;
	g->spec.untagged = UNTAGGED_KEEP;
	g->spec.egress.account = ACCOUNT_WIRE;
	g->spec.egress.max_frame_bytes = FRAME_BYTES_MAX;
	g->now_ns = 1000000000;
	add_rules(g);
	*state = g;
	return 0;
}

const struct lane_counters *golden_counters(struct golden *g)
{
	static struct lane_counters c;

	lane_snapshot(g->lane, &c);
	return &c;
}

int golden_teardown(void **state)
{
	struct golden *g = *state;
	const struct lane_counters *c = g->lane ? golden_counters(g) : NULL;
	bool balances =
		c && c->rx.packets == c->tx.packets + c->dropped.packets + c->queued.packets;

	lane_destroy(g->lane);
	policy_free(g->policy);
	free(g);
	return balances && test_pool_in_use() == 0 ? 0 : -1;
}

static void note_drop(void *context, const struct rte_mbuf *m, enum drop_reason reason,
		      uint8_t class_slot, uint64_t now_ns)
{
	struct golden *g = context;

	(void)m;
	(void)class_slot;
	(void)now_ns;
	g->drop = reason;
}

static void start(struct golden *g)
{
	const struct lane_config config = {
		.socket_id = SOCKET_ID_ANY, .drop_tap = note_drop, .drop_context = g};

	assert_int_equal(policy_build(&g->spec, NULL, &g->policy), 0);
	g->lane = lane_create(&config);
	assert_non_null(g->lane);
	assert_int_equal(lane_prepare(g->lane, g->policy), 0);
	lane_adopt(g->lane, g->policy, g->now_ns);
}

void golden_send(struct golden *g, const uint8_t *frame, uint32_t bytes)
{
	struct burst b = {.now_ns = g->now_ns, .count = 1};
	struct rte_mbuf *out;

	if (!g->lane)
		start(g);
	b.frame[0] = mbuf_from(frame, bytes);
	g->drop = DROP_NONE;
	pipeline_run(g->lane, g->policy, &b);
	g->left = schedule_dequeue(g->lane, g->now_ns, &out, 1) == 1;
	if (!g->left)
		return;
	g->sent_bytes = mbuf_bytes(out, g->sent, sizeof(g->sent));
	rte_pktmbuf_free(out);
}

void golden_build_and_send(struct golden *g, const struct frame_spec *s)
{
	g->received_bytes = frame_build(s, g->received, sizeof(g->received));
	assert_true(g->received_bytes > 0);
	golden_send(g, g->received, g->received_bytes);
}

static uint32_t from_hex(const char *text, uint8_t *out)
{
	uint32_t digits = 0;

	for (; *text; text++) {
		unsigned value;

		if (*text == ' ')
			continue;
		assert_true(isxdigit((unsigned char)*text));
		value = (unsigned)(isdigit((unsigned char)*text) ? *text - '0' : *text - 'a' + 10);
		out[digits / 2] = (uint8_t)(digits % 2 ? out[digits / 2] | value : value << 4);
		digits++;
	}
	assert_int_equal(digits % 2, 0);
	return digits / 2;
}

void leaves_as(struct golden *g, const char *in, const char *out)
{
	static uint8_t wanted[FRAME_BYTES_MAX];
	uint32_t bytes = from_hex(out, wanted);

	g->received_bytes = from_hex(in, g->received);
	golden_send(g, g->received, g->received_bytes);
	assert_true(g->left);
	assert_memory_equal(g->sent, wanted, bytes < g->sent_bytes ? bytes : g->sent_bytes);
	assert_int_equal(g->sent_bytes, bytes);
}

void leaves_unchanged(struct golden *g, const char *in)
{
	leaves_as(g, in, in);
}

void is_dropped(struct golden *g, const char *in, enum drop_reason reason)
{
	g->received_bytes = from_hex(in, g->received);
	golden_send(g, g->received, g->received_bytes);
	assert_false(g->left);
	assert_int_equal(g->drop, reason);
}

unsigned dscp_of(struct golden *g, const struct frame_spec *s)
{
	const uint8_t *ip = g->sent + frame_ip_offset(s);

	golden_build_and_send(g, s);
	assert_true(g->left);
	return s->family == 4 ? ip[1] >> 2 : (unsigned)((ip[0] & 0xf) << 2 | ip[1] >> 6);
}
