/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The compiled rule set: what the tables decide alone, what they leave open, and that
 * both together are the ordered rules, field by field.
 */
#include "stage_rig.h"

#include <stdlib.h>

#include "classifier.h"

static struct rule_spec rule(uint8_t class_slot, uint32_t slot)
{
	return (struct rule_spec){.protocol = MATCH_ANY,
				  .vlan = MATCH_ANY,
				  .dscp = MATCH_ANY,
				  .drop = class_slot == SLOT_NONE,
				  .class_slot = class_slot,
				  .slot = slot,
				  .epoch = 1};
}

static struct classifier *build(const struct rule_spec *rules, size_t count)
{
	struct classifier *c = NULL;

	assert_int_equal(classifier_build(rules, count, &c), 0);
	return c;
}

/* --- the tables --- */

static void no_rules_decide_everything_at_once(void **state)
{
	struct classifier *c = build(NULL, 0);

	(void)state;
	for (unsigned p = 0; p < SOURCE_PORTS; p++)
		assert_int_equal(c->by_source_port[p], DECISION_NO_RULE);
	for (unsigned p = 0; p < PROTOCOLS; p++) {
		assert_int_equal(c->by_protocol[0][p], DECISION_NO_RULE);
		assert_int_equal(c->by_protocol[1][p], DECISION_NO_RULE);
	}
	assert_null(c->ipv4);
	assert_null(c->ipv6);
	classifier_release(c);
}

static void a_udp_port_range_decides_alone(void **state)
{
	struct rule_spec r = rule(VOICE, 0);
	struct classifier *c;

	(void)state;
	r.protocol = PROTOCOL_UDP;
	r.source_port = ports(50000, 50019);
	c = build(&r, 1);
	assert_int_equal(c->by_source_port[49999], DECISION_NO_RULE);
	assert_int_equal(c->by_source_port[50000], 0);
	assert_int_equal(c->by_source_port[50019], 0);
	assert_int_equal(c->by_source_port[50020], DECISION_NO_RULE);
	assert_int_equal(c->by_protocol[1][PROTOCOL_TCP], DECISION_NO_RULE);
	assert_null(c->ipv4); /* nothing is left for rte_acl */
	assert_null(c->ipv6);
	classifier_release(c);
}

static void the_first_rule_that_may_match_settles_a_port(void **state)
{
	struct rule_spec r[4] = {rule(VOICE, 0), rule(VIDEO, 1), rule(BULK, 2), rule(VOICE, 3)};
	struct classifier *c;

	(void)state;
	r[0].source_port = ports(100, 200);
	r[1].source_port = ports(150, 300); /* behind the first */
	r[2].source_port = ports(250, 400);
	r[2].source = prefix("10.0.0.0", 8); /* leaves open what it may match */
	r[3].source_port = ports(0, 65535);
	c = build(r, 4);
	assert_int_equal(c->by_source_port[99], 3);
	assert_int_equal(c->by_source_port[100], 0);
	assert_int_equal(c->by_source_port[200], 0);
	assert_int_equal(c->by_source_port[201], 1);
	assert_int_equal(c->by_source_port[300], 1);
	assert_int_equal(c->by_source_port[301], DECISION_OPEN);
	assert_int_equal(c->by_source_port[400], DECISION_OPEN);
	assert_int_equal(c->by_source_port[401], 3);
	assert_int_equal(c->by_source_port[0], 3);
	assert_int_equal(c->by_source_port[65535], 3);
	classifier_release(c);
}

static void what_else_a_rule_asks_leaves_a_port_open(void **state)
{
	struct rule_spec asks[6];

	(void)state;
	for (size_t i = 0; i < RTE_DIM(asks); i++)
		asks[i] = rule(VOICE, 0);
	asks[0].source = prefix("0.0.0.0", 0); /* IPv4 only */
	asks[1].destination = prefix("::", 0);
	asks[2].destination_port = ports(0, 65535);
	asks[3].vlan = 0;
	asks[4].dscp = 0;
	asks[5].destination = prefix("10.0.0.0", 8);
	for (size_t i = 0; i < RTE_DIM(asks); i++) {
		struct classifier *c;

		asks[i].source_port = ports(7, 7);
		c = build(&asks[i], 1);
		assert_int_equal(c->by_source_port[7], DECISION_OPEN);
		assert_int_equal(c->by_source_port[8], DECISION_NO_RULE);
		classifier_release(c);
	}
}

static void a_rule_for_another_protocol_does_not_touch_udp(void **state)
{
	struct rule_spec r = rule(VOICE, 0);
	struct classifier *c;

	(void)state;
	r.protocol = PROTOCOL_TCP;
	c = build(&r, 1);
	assert_int_equal(c->by_source_port[1], DECISION_NO_RULE);
	assert_int_equal(c->by_protocol[0][PROTOCOL_TCP], 0);
	assert_int_equal(c->by_protocol[1][PROTOCOL_TCP], 0);
	assert_int_equal(c->by_protocol[0][PROTOCOL_UDP], DECISION_NO_RULE);
	assert_null(c->ipv4);
	classifier_release(c);
}

static void the_protocol_table_knows_of_ports_only_whether_they_are_known(void **state)
{
	struct rule_spec r[2] = {rule(VOICE, 0), rule(VIDEO, 1)};
	struct classifier *c;

	(void)state;
	r[0].source_port = ports(0, 65535);
	c = build(r, 2);
	assert_int_equal(c->by_protocol[1][PROTOCOL_TCP], DECISION_OPEN);
	assert_int_equal(c->by_protocol[0][PROTOCOL_TCP], 1);
	assert_int_equal(c->by_protocol[0][PROTOCOL_UDP], 1);
	assert_int_equal(c->by_source_port[9], 0);
	classifier_release(c);
}

/* --- each field of a rule, by a frame that it matches and one that it does not --- */

/* What a rule does not ask; its class is voice. */
#define ANY_PROTOCOL .protocol = MATCH_ANY
#define ANY_VLAN     .vlan = MATCH_ANY
#define ANY_DSCP     .dscp = MATCH_ANY

struct field_case {
	const char *name;
	struct rule_spec rule;
	struct frame_spec match, other;
};

static struct frame_spec with(struct frame_spec s, uint8_t dscp, int vid)
{
	s.tos = (uint8_t)(dscp << 2);
	if (vid >= 0)
		s.tags[s.tag_count++] = (struct frame_tag){TPID_VLAN, (uint16_t)(5 << 13 | vid)};
	return s;
}

static struct frame_spec with_protocol(uint8_t protocol)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 9, "10.8.0.1", 9);

	s.protocol = protocol;
	return s;
}

static struct frame_spec udp4(const char *source, const char *destination)
{
	return frame_udp4(source, 1000, destination, 2000);
}

static struct frame_spec udp6(const char *source, const char *destination)
{
	return frame_udp6(source, 1000, destination, 2000);
}

static void assert_field(const struct field_case *c)
{
	struct rig r;
	uint8_t match, other;

	rig_init(&r);
	*rig_rule(&r, VOICE) = c->rule;
	r.rules[0].class_slot = VOICE;
	r.rules[0].epoch = 1;
	rig_start(&r);
	match = rig_class_of(&r, c->match);
	other = rig_class_of(&r, c->other);
	if (match != VOICE || other != BEST_EFFORT)
		fail_msg("%s: class %u and %u", c->name, match, other);
	rig_stop(&r);
}

static void addresses_are_matched(void **state)
{
	const struct frame_spec v4 = udp4("10.1.2.3", "10.8.0.1"), v6 = udp6("::1", "::2");
	const struct field_case cases[] = {
		{"source",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source = prefix("10.1.2.0", 24)},
		 v4,
		 udp4("10.1.3.3", "10.8.0.1")},
		{"source /32",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source = prefix("10.1.2.3", 32)},
		 v4,
		 udp4("10.1.2.2", "10.8.0.1")},
		{"source /0",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source = prefix("0.0.0.0", 0)},
		 v4,
		 v6},
		{"destination",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .destination = prefix("10.8.0.0", 13)},
		 udp4("10.1.2.3", "10.15.255.255"),
		 udp4("10.1.2.3", "10.16.0.0")},
		{"destination ::/0",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .destination = prefix("::", 0)},
		 v6,
		 v4},
		{"source IPv6 /48",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source = prefix("2001:db8:9::", 48)},
		 udp6("2001:db8:9:ffff::1", "::2"),
		 udp6("2001:db8:a::1", "::2")},
		{"source IPv6 /65",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source = prefix("2001:db8:0:0:8000::", 65)},
		 udp6("2001:db8::8000:0:0:1", "::2"),
		 udp6("2001:db8::7000:0:0:1", "::2")},
		{"destination IPv6 /128",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .destination = prefix("2001:db8::1", 128)},
		 udp6("::1", "2001:db8::1"),
		 udp6("::1", "2001:db8::3")},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		assert_field(&cases[i]);
}

static void protocol_ports_vlan_and_dscp_are_matched(void **state)
{
	const struct frame_spec v4 = udp4("10.1.2.3", "10.8.0.1"), v6 = udp6("::1", "::2");
	const struct field_case cases[] = {
		{"protocol",
		 {ANY_VLAN, ANY_DSCP, .protocol = 47},
		 with_protocol(47),
		 with_protocol(50)},
		{"protocol 0", {ANY_VLAN, ANY_DSCP, .protocol = 0}, with_protocol(0), v4},
		{"source port",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source_port = ports(1000, 1001)},
		 v4,
		 frame_udp4("10.1.2.3", 1002, "10.8.0.1", 2000)},
		{"TCP source port",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .source_port = ports(443, 443)},
		 frame_tcp6("::1", 443, "::2", 9),
		 frame_tcp6("::1", 444, "::2", 443)},
		{"destination port",
		 {ANY_PROTOCOL, ANY_VLAN, ANY_DSCP, .destination_port = ports(1999, 2000)},
		 v6,
		 frame_udp6("::1", 2000, "::2", 2001)},
		{"VLAN", {ANY_PROTOCOL, ANY_DSCP, .vlan = 110}, with(v4, 0, 110), with(v4, 0, 111)},
		{"VLAN 0", {ANY_PROTOCOL, ANY_DSCP, .vlan = 0}, with(v6, 0, 0), v6},
		{"the outermost VLAN",
		 {ANY_PROTOCOL, ANY_DSCP, .vlan = 7},
		 with(with(v4, 0, 7), 0, 8),
		 with(with(v4, 0, 8), 0, 7)},
		{"DSCP",
		 {ANY_PROTOCOL, ANY_VLAN, .dscp = DSCP_AF11},
		 with(v4, DSCP_AF11, -1),
		 with(v4, DSCP_AF12, -1)},
		{"DSCP 0", {ANY_PROTOCOL, ANY_VLAN, .dscp = 0}, v6, with(v6, DSCP_EF, -1)},
		{"all of them",
		 {.source = prefix("10.1.0.0", 16),
		  .destination = prefix("10.8.0.0", 16),
		  .protocol = PROTOCOL_UDP,
		  .source_port = ports(1000, 1000),
		  .destination_port = ports(2000, 2000),
		  .vlan = 5,
		  .dscp = 10},
		 with(v4, 10, 5),
		 with(v4, 10, 6)},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		assert_field(&cases[i]);
}

static void unknown_ports_never_match_a_rule_that_names_ports(void **state)
{
	struct frame_spec later = udp4("10.1.2.3", "10.8.0.1"), icmp = with_protocol(1);
	const struct port_range all = ports(0, 65535);

	(void)state;
	later.fragment_offset = 100;
	for (unsigned k = 0; k < 4; k++) {
		struct rule_spec *named;
		struct rig r;

		rig_init(&r);
		named = rig_rule(&r, VOICE);
		if (k & 1)
			named->source_port = all;
		else
			named->destination_port = all;
		if (k & 2) /* by rte_acl */
			named->source = prefix("10.0.0.0", 8);
		rig_rule(&r, VIDEO)->source = prefix("10.1.0.0", 16);
		rig_start(&r);
		assert_int_equal(rig_class_of(&r, udp4("10.1.2.3", "10.8.0.1")), VOICE);
		assert_int_equal(rig_class_of(&r, later), VIDEO);
		assert_int_equal(rig_class_of(&r, icmp), VIDEO);
		rig_stop(&r);
	}
}

/* Port 0 on the wire is a known port, not an unknown one. */
static void port_zero_is_a_port(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VOICE)->source_port = ports(0, 0);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, frame_udp4("10.1.2.3", 0, "10.8.0.1", 9)), VOICE);
	assert_int_equal(rig_class_of(&r, frame_tcp4("10.1.2.3", 0, "10.8.0.1", 9)), VOICE);
	assert_int_equal(rig_class_of(&r, with_protocol(PROTOCOL_ICMP)), BEST_EFFORT);
	rig_stop(&r);
}

static void the_first_match_wins_across_tables_and_rte_acl(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VIDEO)->source = prefix("10.1.2.0", 24);
	rig_rule(&r, VOICE)->source_port = ports(1000, 1000);
	rig_rule(&r, BULK)->source = prefix("10.0.0.0", 8);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, udp4("10.1.2.3", "10.8.0.1")), VIDEO);
	assert_int_equal(rig_class_of(&r, udp4("10.1.3.3", "10.8.0.1")), VOICE);
	assert_int_equal(rig_class_of(&r, frame_udp4("10.1.3.3", 1, "10.8.0.1", 1)), BULK);
	assert_int_equal(rig_class_of(&r, udp6("::1", "::2")), VOICE);
	rig_stop(&r);
}

/* --- sharing --- */

static void equal_rules_are_shared_until_the_last_release(void **state)
{
	struct rule_spec r = rule(VOICE, 0);
	struct classifier *c;

	(void)state;
	r.source_port = ports(1, 2);
	c = build(&r, 1);
	assert_ptr_equal(classifier_share(c), c);
	assert_int_equal(c->references, 2);
	classifier_release(c);
	assert_int_equal(c->references, 1);
	assert_int_equal(c->by_source_port[1], 0); /* still there */
	classifier_release(c);
	classifier_release(NULL);
}

static void any_difference_of_a_rule_is_seen(void **state)
{
	struct rule_spec r = rule(VOICE, 0), changed[12];
	struct classifier *c = build(&r, 1);

	(void)state;
	assert_true(classifier_has_rules(c, &r, 1));
	assert_false(classifier_has_rules(c, &r, 0));
	for (size_t i = 0; i < RTE_DIM(changed); i++)
		changed[i] = r;
	changed[0].source = prefix("0.0.0.0", 0);
	changed[1].destination = prefix("::", 0);
	changed[2].source_port.named = true;
	changed[3].destination_port.high = 1;
	changed[4].protocol = 6;
	changed[5].vlan = 0;
	changed[6].dscp = 0;
	changed[7].drop = true;
	changed[8].class_slot = VIDEO;
	changed[9].slot = 1;
	changed[10].epoch = 2;
	changed[11].source_port.low = 1;
	for (size_t i = 0; i < RTE_DIM(changed); i++)
		assert_false(classifier_has_rules(c, &changed[i], 1));
	classifier_release(c);
}

/* 10,000 rules of both families, each found by its own frame. */
static void ten_thousand_rules_build_and_match(void **state)
{
	enum { RULES = 10000 };
	struct rule_spec *rules = calloc(RULES, sizeof(*rules));
	struct rig r;

	(void)state;
	assert_non_null(rules);
	for (unsigned i = 0; i < RULES; i++) {
		rules[i] = rule(i % 3 == 0 ? VOICE : i % 3 == 1 ? VIDEO : BULK, i);
		rules[i].destination = prefix(i % 2 ? "2001:db8::" : "10.0.0.0", i % 2 ? 64 : 24);
		rules[i].destination.address[i % 2 ? 6 : 1] = (uint8_t)(i >> 8);
		rules[i].destination.address[i % 2 ? 7 : 2] = (uint8_t)i;
	}
	rig_init(&r);
	r.spec.rules = rules;
	r.spec.rule_count = RULES;
	rig_start(&r);
	for (unsigned i = 0; i < RULES; i += 7) {
		struct frame_spec s =
			i % 2 ? udp6("::1", "2001:db8::9") : udp4("10.1.2.3", "10.0.0.9");

		s.destination[i % 2 ? 6 : 1] = (uint8_t)(i >> 8);
		s.destination[i % 2 ? 7 : 2] = (uint8_t)i;
		assert_int_equal(rig_class_of(&r, s), rules[i].class_slot);
		assert_int_equal(lane_rule_hits(r.lane, i), 1);
	}
	assert_int_equal(r.lane->counters.no_rule, 0);
	rig_stop(&r);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rules_decide_everything_at_once),
		cmocka_unit_test(a_udp_port_range_decides_alone),
		cmocka_unit_test(the_first_rule_that_may_match_settles_a_port),
		cmocka_unit_test(what_else_a_rule_asks_leaves_a_port_open),
		cmocka_unit_test(a_rule_for_another_protocol_does_not_touch_udp),
		cmocka_unit_test(the_protocol_table_knows_of_ports_only_whether_they_are_known),
		cmocka_unit_test(addresses_are_matched),
		cmocka_unit_test(protocol_ports_vlan_and_dscp_are_matched),
		cmocka_unit_test(unknown_ports_never_match_a_rule_that_names_ports),
		cmocka_unit_test(port_zero_is_a_port),
		cmocka_unit_test(the_first_match_wins_across_tables_and_rte_acl),
		cmocka_unit_test(equal_rules_are_shared_until_the_last_release),
		cmocka_unit_test(any_difference_of_a_rule_is_seen),
		cmocka_unit_test(ten_thousand_rules_build_and_match),
	};

	if (test_eal_start_with(512, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
