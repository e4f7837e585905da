/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which class a frame gets: by its rules, by what it wears where that is trusted, by its
 * first fragment, or by default.
 */
#include "stage_rig.h"

#define SECOND UINT64_C(1000000000)

static struct frame_spec udp(uint16_t source_port)
{
	return frame_udp4("10.1.2.3", source_port, "10.8.0.1", 3478);
}

static struct frame_spec dscp(struct frame_spec s, uint8_t value)
{
	s.tos = (uint8_t)(value << 2 | 1);
	return s;
}

static struct frame_spec tag(struct frame_spec s, uint16_t tci)
{
	s.tags[s.tag_count++] = (struct frame_tag){TPID_VLAN, tci};
	return s;
}

static const struct lane_counters *counters(const struct rig *r)
{
	return &r->lane->counters;
}

static void rules_say_the_class(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VOICE)->source_port = ports(50000, 50019);
	rig_rule(&r, VIDEO)->destination_port = ports(3478, 3478);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, udp(50000)), VOICE);
	assert_int_equal(rig_class_of(&r, udp(50019)), VOICE);
	assert_int_equal(rig_class_of(&r, udp(50020)), VIDEO);
	assert_int_equal(rig_class_of(&r, frame_udp6("::1", 50007, "::2", 9)), VOICE);
	assert_int_equal(rig_class_of(&r, frame_udp6("::1", 1, "::2", 9)), BEST_EFFORT);
	assert_int_equal(lane_rule_hits(r.lane, 0), 3);
	assert_int_equal(lane_rule_hits(r.lane, 1), 1);
	assert_int_equal(counters(&r)->no_rule, 1);
	rig_stop(&r);
}

static void a_whole_burst_is_sorted_out(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VOICE)->source_port = ports(50000, 50019);
	rig_rule(&r, VIDEO)->source = prefix("10.1.0.0", 16);
	rig_rule(&r, BULK)->destination = prefix("2001:db8::", 32);
	rig_start(&r);
	for (unsigned i = 0; i < BURST_MAX; i++) {
		switch (i % 4) {
		case 0:
			rig_add(&r, udp(50001));
			break;
		case 1:
			rig_add(&r, frame_tcp4("10.1.9.9", 1, "10.8.0.1", 2));
			break;
		case 2:
			rig_add(&r, frame_udp6("::1", 1, "2001:db8::1", 2));
			break;
		default:
			rig_add(&r, frame_udp4("10.2.0.1", 1, "10.8.0.1", 2));
		}
	}
	rig_classify(&r);
	for (unsigned i = 0; i < BURST_MAX; i++) {
		static const uint8_t want[] = {VOICE, VIDEO, BULK, BEST_EFFORT};

		assert_int_equal(r.burst.class_slot[i], want[i % 4]);
	}
	assert_int_equal(counters(&r)->decided_by_port, BURST_MAX / 4);
	assert_int_equal(counters(&r)->classes[VOICE].rx.packets, BURST_MAX / 4);
	assert_int_equal(counters(&r)->classes[VOICE].rx.bytes, BURST_MAX / 4 * 62);
	rig_stop(&r);
}

static void drop_rule_drops(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, SLOT_NONE)->source_port = ports(445, 445);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, udp(445)), SLOT_NONE);
	assert_int_equal(r.burst.drop[0], DROP_ACL);
	assert_int_equal(rig_class_of(&r, udp(446)), BEST_EFFORT);
	assert_int_equal(r.burst.drop[0], DROP_NONE);
	assert_int_equal(lane_rule_hits(r.lane, 0), 1);
	rig_stop(&r);
}

static void frames_that_are_not_ip_match_no_rule(void **state)
{
	struct frame_spec other = {.ether_type = 0x8864, .payload_bytes = 46};
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VOICE);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, other), BEST_EFFORT);
	assert_int_equal(rig_class_of(&r, frame_arp()), SLOT_LINK_CONTROL);
	assert_int_equal(rig_class_of(&r, frame_lldp()), SLOT_LINK_CONTROL);
	assert_int_equal(rig_class_of(&r, frame_pause()), SLOT_NONE);
	assert_int_equal(r.burst.drop[0], DROP_PAUSE);
	assert_int_equal(lane_rule_hits(r.lane, 0), 0);
	assert_int_equal(counters(&r)->no_rule, 0);
	rig_stop(&r);
}

/* 64 kbit/s at least: 8,000 bytes a second, 84 bytes each on the wire. */
static void link_control_beyond_its_cap_goes_by_default(void **state)
{
	unsigned ahead = 0;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.egress.rate_bps = 1000000;
	rig_start(&r);
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t slot = rig_class_of(&r, frame_lldp());

		assert_true(slot == SLOT_LINK_CONTROL || slot == BEST_EFFORT);
		ahead += slot == SLOT_LINK_CONTROL;
		r.now_ns += SECOND / 100;
	}
	assert_in_range(ahead, 10 * 8000 / 84, 10 * 8000 / 84 + 40); /* and a burst */
	rig_stop(&r);
}

/* --- trust --- */

static void trusted_dscp_says_the_class(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.trust = TRUST_DSCP;
	rig_rule(&r, BULK)->source_port = ports(50000, 50000);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, dscp(udp(1), DSCP_EF)), VOICE);
	assert_int_equal(rig_class_of(&r, dscp(udp(1), DSCP_AF41)), VIDEO);
	assert_int_equal(rig_class_of(&r, dscp(udp(1), DSCP_CS3)), BEST_EFFORT);
	assert_int_equal(rig_class_of(&r, dscp(udp(50000), DSCP_EF)), BULK); /* rules first */
	assert_int_equal(rig_class_of(&r, dscp(frame_udp6("::1", 1, "::2", 2), DSCP_EF)), VOICE);
	rig_stop(&r);
}

static void trusted_pcp_says_the_class_of_tagged_frames(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.trust = TRUST_PCP;
	r.spec.default_slot = BULK;
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, tag(udp(1), 5 << 13 | 10)), VOICE);
	assert_int_equal(rig_class_of(&r, tag(udp(1), 4 << 13)), VIDEO);
	assert_int_equal(rig_class_of(&r, tag(udp(1), 10)), BEST_EFFORT); /* PCP 0 */
	assert_int_equal(rig_class_of(&r, tag(udp(1), 7 << 13)), BULK);
	assert_int_equal(rig_class_of(&r, tag(tag(udp(1), 5 << 13), 1)), VOICE); /* outermost */
	assert_int_equal(rig_class_of(&r, dscp(udp(1), DSCP_EF)), BULK);	 /* untagged */
	rig_stop(&r);
}

static void without_trust_marks_say_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, tag(dscp(udp(1), DSCP_EF), 5 << 13)), BEST_EFFORT);
	rig_stop(&r);
}

static void only_trusted_sources_are_believed(void **state)
{
	static const struct {
		const char *source;
		uint8_t class_slot;
	} cases[] = {
		{"10.1.2.3", VOICE},	    {"10.1.255.255", VOICE},
		{"10.2.0.0", BEST_EFFORT},  {"192.0.2.9", VOICE},
		{"192.0.2.8", BEST_EFFORT}, {"172.16.0.1", VOICE},
		{"172.31.0.1", VOICE},	    {"172.32.0.1", BEST_EFFORT},
		{"2001:db8:9::1", VOICE},   {"2001:db8:a::1", BEST_EFFORT},
	};
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.trust = TRUST_DSCP;
	r.trusted[0] = prefix("10.1.0.0", 16);
	r.trusted[1] = prefix("192.0.2.9", 32);
	r.trusted[2] = prefix("172.16.0.0", 12);
	r.trusted[3] = prefix("2001:db8:9::", 48);
	r.spec.trusted_count = 4;
	rig_start(&r);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		bool v6 = strchr(cases[i].source, ':') != NULL;
		struct frame_spec s = v6 ? frame_udp6(cases[i].source, 1, "::2", 2)
					 : frame_udp4(cases[i].source, 1, "10.8.0.1", 2);

		assert_int_equal(rig_class_of(&r, dscp(s, DSCP_EF)), cases[i].class_slot);
	}
	rig_stop(&r);
}

/* A /0 is every source of its family, and of no other. */
static void a_trusted_family_is_not_the_other(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.trust = TRUST_DSCP;
	r.trusted[0] = prefix("0.0.0.0", 0);
	r.spec.trusted_count = 1;
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, dscp(udp(1), DSCP_EF)), VOICE);
	assert_int_equal(rig_class_of(&r, dscp(frame_udp6("::1", 1, "::2", 2), DSCP_EF)),
			 BEST_EFFORT);
	rig_stop(&r);
}

static void transparent_policy_asks_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.transparent = true;
	r.spec.trust = TRUST_DSCP;
	rig_rule(&r, SLOT_NONE);
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, dscp(udp(1), DSCP_EF)), BEST_EFFORT);
	assert_int_equal(r.burst.drop[0], DROP_NONE);
	assert_int_equal(lane_rule_hits(r.lane, 0), 0);
	rig_stop(&r);
}

/* --- fragments --- */

static struct frame_spec fragment(struct frame_spec s, uint32_t id, uint16_t offset, bool more)
{
	if (s.family == 6) {
		s.extension_count = 1;
		s.extensions[0].type = EXTENSION_FRAGMENT;
	}
	s.fragment_id = id;
	s.fragment_offset = offset;
	s.more_fragments = more;
	return s;
}

static void fragment_rules(struct rig *r)
{
	rig_init(r);
	rig_rule(r, VOICE)->source_port = ports(50000, 50019);
	rig_rule(r, SLOT_NONE)->source_port = ports(445, 445);
	rig_start(r);
}

static void later_fragments_inherit_in_later_bursts(void **state)
{
	struct frame_spec datagrams[] = {udp(50001), frame_udp6("::1", 50001, "::2", 2)};
	struct rig r;

	(void)state;
	fragment_rules(&r);
	for (size_t i = 0; i < RTE_DIM(datagrams); i++) {
		struct frame_spec s = datagrams[i];

		assert_int_equal(rig_class_of(&r, fragment(s, 7, 0, true)), VOICE);
		assert_int_equal(rig_class_of(&r, fragment(s, 7, 100, true)), VOICE);
		assert_int_equal(rig_class_of(&r, fragment(s, 7, 200, false)), VOICE);
		assert_int_equal(rig_class_of(&r, fragment(s, 8, 200, false)), BEST_EFFORT);
	}
	assert_int_equal(counters(&r)->fragments, 4);
	assert_int_equal(counters(&r)->orphans, 2);
	assert_int_equal(lane_rule_hits(r.lane, 0), 2);
	rig_stop(&r);
}

/* Also behind frames that the rules leave open. */
static void later_fragments_inherit_in_the_same_burst(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VIDEO)->destination = prefix("10.9.0.0", 16); /* leaves all open */
	rig_rule(&r, VOICE)->source_port = ports(50000, 50019);
	rig_start(&r);
	rig_add(&r, frame_udp4("10.1.2.3", 1, "10.9.0.1", 2));
	rig_add(&r, fragment(udp(50001), 7, 0, true));
	rig_add(&r, fragment(udp(50001), 7, 100, true));
	rig_add(&r, frame_udp4("10.1.2.3", 1, "10.9.0.1", 2));
	rig_add(&r, fragment(udp(50001), 7, 200, false));
	rig_classify(&r);
	assert_int_equal(r.burst.class_slot[0], VIDEO);
	assert_int_equal(r.burst.class_slot[1], VOICE);
	assert_int_equal(r.burst.class_slot[2], VOICE);
	assert_int_equal(r.burst.class_slot[3], VIDEO);
	assert_int_equal(r.burst.class_slot[4], VOICE);
	assert_int_equal(counters(&r)->fragments, 2);
	rig_stop(&r);
}

static void an_acl_drops_the_whole_datagram(void **state)
{
	struct rig r;

	(void)state;
	fragment_rules(&r);
	rig_add(&r, fragment(udp(445), 7, 0, true));
	rig_add(&r, fragment(udp(445), 7, 100, false));
	rig_classify(&r);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(r.burst.drop[i], DROP_ACL);
		assert_int_equal(r.burst.class_slot[i], SLOT_NONE);
	}
	rig_stop(&r);
}

static void an_orphan_is_classified_with_its_ports_unknown(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_rule(&r, VOICE)->source_port = ports(0, 65535);
	rig_rule(&r, VIDEO)->protocol = PROTOCOL_UDP;
	rig_start(&r);
	assert_int_equal(rig_class_of(&r, fragment(udp(50001), 7, 100, false)), VIDEO);
	assert_int_equal(counters(&r)->orphans, 1);
	assert_int_equal(counters(&r)->fragments, 0);
	rig_stop(&r);
}

static void fragments_are_forgotten_after_the_timeout(void **state)
{
	struct rig r;

	(void)state;
	fragment_rules(&r);
	rig_class_of(&r, fragment(udp(50001), 7, 0, true));
	r.now_ns += FRAGMENT_TIMEOUT_NS;
	assert_int_equal(rig_class_of(&r, fragment(udp(50001), 7, 100, true)), VOICE);
	r.now_ns += 1;
	assert_int_equal(rig_class_of(&r, fragment(udp(50001), 7, 100, true)), BEST_EFFORT);
	rig_stop(&r);
}

/* The class is remembered by slot: a slot that changed hands means another class. */
static void fragments_of_a_class_that_went_are_orphans(void **state)
{
	struct rig r;

	(void)state;
	fragment_rules(&r);
	rig_class_of(&r, fragment(udp(50001), 7, 0, true));
	r.classes[1].epoch++;
	rig_adopt(&r);
	assert_int_equal(rig_class_of(&r, fragment(udp(50001), 7, 100, true)), BEST_EFFORT);
	rig_class_of(&r, fragment(udp(50001), 9, 0, true));
	r.classes[1] = r.classes[3]; /* no voice any more */
	r.spec.class_count = 3;
	r.spec.rule_count = 0;
	rig_adopt(&r);
	assert_int_equal(rig_class_of(&r, fragment(udp(50001), 9, 100, true)), BEST_EFFORT);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_say_the_class),
		cmocka_unit_test(a_whole_burst_is_sorted_out),
		cmocka_unit_test(drop_rule_drops),
		cmocka_unit_test(frames_that_are_not_ip_match_no_rule),
		cmocka_unit_test(link_control_beyond_its_cap_goes_by_default),
		cmocka_unit_test(trusted_dscp_says_the_class),
		cmocka_unit_test(trusted_pcp_says_the_class_of_tagged_frames),
		cmocka_unit_test(without_trust_marks_say_nothing),
		cmocka_unit_test(only_trusted_sources_are_believed),
		cmocka_unit_test(a_trusted_family_is_not_the_other),
		cmocka_unit_test(transparent_policy_asks_nothing),
		cmocka_unit_test(later_fragments_inherit_in_later_bursts),
		cmocka_unit_test(later_fragments_inherit_in_the_same_burst),
		cmocka_unit_test(an_acl_drops_the_whole_datagram),
		cmocka_unit_test(an_orphan_is_classified_with_its_ports_unknown),
		cmocka_unit_test(fragments_are_forgotten_after_the_timeout),
		cmocka_unit_test(fragments_of_a_class_that_went_are_orphans),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
