/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain says what replay does: random policies, written as configurations and loaded;
 * random frames through both, far enough apart in time that every bucket is full again and
 * no fragment is remembered, as explain takes it. Held against replay: class, DSCP, PCP,
 * tags, length, drop and its reason; against the oracle's walk: the rule that decided. And
 * explain leaves no trace in the counters of the lanes that run.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "config/config.h"
#include "control/frame_pool.h"
#include "control/replay.h"
#include "dataplane/lane.h"
#include "explain.h"
#include "oracle/amount.h"
#include "oracle/oracle.h"
#include "oracle/random_frame.h"
#include "oracle/random_policy.h"
#include "slots.h"
#include "support/eal.h"
#include "support/mbufs.h"

enum {
	SETS = 40,
	SETS_FULL = 400,
	PACKETS_PER_SET = 3000,
	POOL_MBUFS = 8192,
};

#define GAP_NS UINT64_C(100000000000000) /* 10,000 bytes at 1 bit/s are 80,000 s */

static struct amount amount;
static struct random_policy policy;

/* --- a random policy as text ---------------------------------------------------------- */

static void write_classes(FILE *f)
{
	fputs("classes = (", f);
	for (size_t i = 0; i < policy.spec.class_count; i++)
		fprintf(f, "%s { name = \"c%u\"; dscp = %u; pcp = %u; }", i ? "," : "",
			policy.classes[i].slot, policy.classes[i].dscp, policy.classes[i].pcp);
	fputs(" );\n", f);
}

static void write_prefix(FILE *f, const char *key, const struct prefix *p)
{
	if (p->family == 0)
		return;
	fprintf(f, key[0] ? " %s = \"" : "%s \"", key);
	if (p->family == 4)
		fprintf(f, "%u.%u.%u.%u", p->address[0], p->address[1], p->address[2],
			p->address[3]);
	for (unsigned i = 0; p->family == 6 && i < 16; i += 2)
		fprintf(f, "%s%x", i ? ":" : "", (unsigned)p->address[i] << 8 | p->address[i + 1]);
	fprintf(f, "/%u\"%s", p->length, key[0] ? ";" : "");
}

static bool has_ports(int16_t protocol)
{
	return protocol == MATCH_ANY || protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP ||
	       protocol == PROTOCOL_SCTP;
}

static void write_rule(FILE *f, size_t i)
{
	struct rule_spec *r = &policy.rules[i];

	if (!has_ports(r->protocol)) /* the configuration would refuse it */
		r->source_port.named = r->destination_port.named = false;
	fprintf(f, "%s\n { seq = %zu;", i ? "," : "", i + 1);
	write_prefix(f, "source", &r->source);
	write_prefix(f, "destination", &r->destination);
	if (r->protocol != MATCH_ANY)
		fprintf(f, " protocol = %d;", r->protocol);
	if (r->source_port.named)
		fprintf(f, " source-port = \"%u-%u\";", r->source_port.low, r->source_port.high);
	if (r->destination_port.named)
		fprintf(f, " destination-port = \"%u-%u\";", r->destination_port.low,
			r->destination_port.high);
	if (r->vlan != MATCH_ANY)
		fprintf(f, " vlan = %d;", r->vlan);
	if (r->dscp != MATCH_ANY)
		fprintf(f, " dscp = %d;", r->dscp);
	if (r->drop)
		fputs(" action = \"drop\"; }", f);
	else
		fprintf(f, " class = \"c%u\"; }", r->class_slot);
}

static void write_contract(FILE *f, struct random *r, const struct contract_spec *c, bool first)
{
	static const char *const exceed[] = {"police", "random", "count", "shape"};
	bool comma = false;

	fprintf(f, "%s { classes = [", first ? "" : ",");
	for (unsigned slot = 0; slot < CLASS_SLOTS; slot++) {
		if (!(c->class_slots >> slot & 1))
			continue;
		fprintf(f, "%s \"c%u\"", comma ? "," : "", slot);
		comma = true;
	}
	fprintf(f,
		" ]; cir-kbps = %" PRIu64 ".%03" PRIu64 "; burst-bytes = %" PRIu64
		"; account = \"%s\"; overhead-bytes = %d; exceed = \"%s\"; }",
		c->cir_bps / 1000, c->cir_bps % 1000, c->burst_bytes,
		config_account_name(c->account),
		c->overhead_bytes < -128 ? -128 : c->overhead_bytes, exceed[random_below(r, 4)]);
}

static void write_policy(FILE *f, struct random *r)
{
	static const char *const tag_pcp[] = {"outer", "all", "keep"};
	bool comma = false;

	fprintf(f, "policies = ( { name = \"p\"; acl = \"a\"; default-class = \"c%u\";",
		policy.spec.default_slot);
	fprintf(f, " trust = \"%s\";\n", config_trust_name(policy.spec.trust));
	if (policy.spec.trust == TRUST_NONE)
		policy.spec.trusted_count = 0;
	fputs(policy.spec.trusted_count ? " trusted = [" : "", f);
	for (size_t i = 0; i < policy.spec.trusted_count; i++) {
		fputs(i ? "," : "", f);
		write_prefix(f, "", &policy.trusted[i]);
	}
	fputs(policy.spec.trusted_count ? " ];\n allowed-dscp = [" : " allowed-dscp = [", f);
	for (unsigned d = 0; d < DSCP_VALUES; d++) {
		if (policy.spec.allowed_dscp >> d & 1)
			fprintf(f, "%s%u", comma ? ", " : " ", d);
		comma |= policy.spec.allowed_dscp >> d & 1;
	}
	fprintf(f, " ];\n vlan = { pcp = \"%s\"; strip = %s; untagged = ",
		tag_pcp[policy.spec.tag_pcp], policy.spec.strip ? "true" : "false");
	if (policy.spec.untagged > 0)
		fprintf(f, "%d; };\n", policy.spec.untagged);
	else
		fprintf(f, "\"%s\"; };\n", policy.spec.untagged ? "keep" : "priority-tag");
	fputs(" contracts = (", f);
	for (size_t i = 0; i < policy.spec.contract_count; i++)
		write_contract(f, r, &policy.contracts[i], i == 0);
	fputs(" ); } );\n", f);
}

static struct config *load_policy(struct random *r)
{
	struct config_report report = {0};
	struct config *c;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("version = 1;\nlinks = ( { name = \"l\"; lan = { device = \"a\"; }; wan = { device = "
	      "\"b\"; }; ",
	      f);
	fputs(policy.spec.transparent ? "} );\n" : "upstream = \"p\"; } );\n", f);
	write_classes(f);
	fputs("acls = ( { name = \"a\"; rules = (", f);
	for (size_t i = 0; i < policy.spec.rule_count; i++)
		write_rule(f, i);
	fputs(" ); } );\n", f);
	write_policy(f, r);
	fclose(f);
	c = config_load_text("random", text, &report);
	if (!c)
		config_report_print(&report, stderr);
	assert_non_null(c);
	config_report_clear(&report);
	free(text);
	return c;
}

/* --- what replay does ------------------------------------------------------------------- */

struct outcome {
	bool sent, dropped;
	enum drop_reason reason;
	uint8_t class_slot;
	uint8_t bytes[ORACLE_FRAME_MAX];
	uint32_t length;
};

static struct outcome outcome;

static void on_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	(void)context, (void)d, (void)ns;
	assert_false(outcome.sent || outcome.dropped);
	outcome.sent = true;
	outcome.class_slot = lane_frame_class(frame);
	outcome.length = mbuf_bytes(frame, outcome.bytes, sizeof(outcome.bytes));
}

static void on_drop(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
		    uint8_t class_slot, uint64_t now_ns)
{
	(void)context, (void)frame, (void)now_ns;
	assert_false(outcome.sent || outcome.dropped);
	outcome.dropped = true;
	outcome.reason = reason;
	outcome.class_slot = class_slot;
}

/* --- against each other ------------------------------------------------------------------ */

struct pair {
	struct site *site;
	struct frame_pool pool;
	struct replay replay;
	struct explainer *explainer;
	uint64_t packets, by_rule, dropped, guarded;
};

static uint8_t slot_of(const struct pair *p, const struct explanation *x)
{
	const struct generation_slots *slots = p->site->running->slots[lane_index(0, UPSTREAM)];

	if (x->link_control)
		return SLOT_LINK_CONTROL;
	return x->leaves_as == CONFIG_NONE ? SLOT_NONE : (uint8_t)slots->classes[x->leaves_as].slot;
}

static void same_frame(const struct explanation *x)
{
	struct oracle_packet left;

	oracle_parse(outcome.bytes, outcome.length, &left);
	assert_int_equal(x->out.frame_bytes, outcome.length);
	if (x->in.family) {
		assert_int_equal(x->out.dscp, left.dscp);
		assert_int_equal(x->out.tags, left.tags);
		assert_int_equal(x->out.vlan, left.tags ? left.vlan : VLAN_NONE);
		assert_int_equal(x->out.pcp, left.tags ? left.pcp : 0);
	}
}

static void same_rule(const struct explanation *x, const uint8_t *bytes, uint32_t length)
{
	const struct rule_spec *rule = NULL;
	struct oracle_packet packet;

	oracle_parse(bytes, length, &packet);
	if (packet.family && !policy.spec.transparent)
		rule = oracle_walk(&policy.spec, &packet);
	assert_int_equal(x->by == BY_RULE, rule != NULL);
	if (rule)
		assert_int_equal(x->rule, rule - policy.rules);
	for (size_t i = 0; i < x->miss_count; i++) {
		assert_true(x->misses[i].failed != 0);
		assert_true(x->misses[i].rule < (rule ? x->rule : policy.spec.rule_count));
	}
}

static void try_frame(struct pair *p, const uint8_t *bytes, uint32_t length)
{
	const uint64_t now_ns = 1 + p->packets * GAP_NS;
	struct rte_mbuf *frame = frame_pool_copy(&p->pool, bytes, length);
	struct explanation x;

	outcome.sent = outcome.dropped = false;
	assert_non_null(frame);
	assert_int_equal(explainer_run(p->explainer, frame, now_ns, &x), 0);
	assert_false(outcome.sent || outcome.dropped); /* explain is not the running lane */
	assert_int_equal(replay_frame(&p->replay, UPSTREAM, now_ns, bytes, length), 0);
	assert_int_equal(replay_finish(&p->replay), 0);

	assert_int_equal(x.drop != DROP_NONE, outcome.dropped);
	if (outcome.dropped)
		assert_int_equal(x.drop, outcome.reason);
	else
		same_frame(&x);
	if (!outcome.dropped || x.by == BY_RULE)
		assert_int_equal(slot_of(p, &x), outcome.class_slot);
	same_rule(&x, bytes, length);
	p->packets++;
	p->by_rule += x.by == BY_RULE;
	p->dropped += outcome.dropped;
	p->guarded += x.guarded;
}

static void open_pair(struct pair *p, struct random *r)
{
	const struct site_options options = {.seed = 1, .drop_tap = on_drop};

	*p = (struct pair){0};
	assert_int_equal(site_create(load_policy(r), &options, &p->site), 0);
	assert_int_equal(frame_pool_create(&p->pool, POOL_MBUFS), 0);
	replay_start(&p->replay, p->site, 0, &p->pool, on_sent, NULL);
	assert_int_equal(explainer_create(p->site->running, 0, UPSTREAM, &p->explainer), 0);
}

static void close_pair(struct pair *p)
{
	static struct lane_counters counters;

	lane_snapshot(p->site->links[0].direction[UPSTREAM].lane, &counters);
	assert_int_equal(counters.rx.packets, p->packets);
	explainer_destroy(p->explainer);
	site_destroy(p->site);
	assert_int_equal(frame_pool_missing(&p->pool), 0);
	frame_pool_destroy(&p->pool);
}

static void try_set(uint64_t seed, struct pair *totals)
{
	struct random r = random_seeded(seed);
	struct random_policy_options options = {.rules = (enum random_rules)(seed % RANDOM_RULES),
						.rule_count = 1 + random_below(&r, 120),
						.marks = true,
						.contracts = true};
	struct frame_source source = {.policy = &policy.spec,
				      .random = random_seeded(seed + 1),
				      .broken_percent = 3,
				      .jumbo_percent = 1};
	static uint8_t bytes[ORACLE_FRAME_MAX];
	struct pair p;

	random_policy_make(&policy, &r, &options);
	if (policy.spec.untagged != UNTAGGED_KEEP)
		policy.spec.strip = false; /* the configuration takes one of them */
	open_pair(&p, &r);
	for (unsigned n = 0; n < PACKETS_PER_SET; n++)
		try_frame(&p, bytes, frame_source_next(&source, bytes, sizeof(bytes)));
	close_pair(&p);
	totals->packets += p.packets;
	totals->by_rule += p.by_rule;
	totals->dropped += p.dropped;
	totals->guarded += p.guarded;
}

static void explain_is_what_replay_does(void **state)
{
	const uint64_t sets = amount.full ? SETS_FULL : SETS;
	struct pair totals = {0};

	(void)state;
	for (uint64_t i = 0; i < sets; i++)
		try_set(amount.seed * 1000000 + i, &totals);
	printf("%" PRIu64 " policies, %" PRIu64 " packets alike; %" PRIu64
	       " decided by a rule, %" PRIu64 " dropped, %" PRIu64 " met the egress guard\n",
	       sets, totals.packets, totals.by_rule, totals.dropped, totals.guarded);
	assert_true(totals.packets >= 100000);
	assert_true(2 * totals.by_rule >= totals.packets);
	assert_true(totals.dropped > 0 && totals.guarded > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explain_is_what_replay_does),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start_with(768, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
