/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Golden packets: for each behaviour one frame, in sight, and what it must become. Frames
 * are written as MAC addresses, tags, EtherType, IP header, ports, payload.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "dataplane/lane.h"
#include "pipeline/golden.h"
#include "support/eal.h"

#define MACS	   "02a1b2c3d4e5 02f6e7d8c9ba "
#define LLDP_MACS  "0180c200000e 02f6e7d8c9ba "
#define PAUSE_MACS "0180c2000001 02f6e7d8c9ba "
#define FROM_TO	   " 0a010203 34700001 " /* 10.1.2.3 to 52.112.0.1 */
#define VOICE_UDP  "c353 0d96 000c 0000 01020304"
#define OTHER_UDP  "c3ff 0d96 000c 0000 01020304"

/* A voice packet without a mark, and as it leaves; and one of no rule's. */
#define VOICE	 "0800 4500 0020 0001 0000 4011 3a58" FROM_TO VOICE_UDP
#define VOICE_EF "0800 45b8 0020 0001 0000 4011 39a0" FROM_TO VOICE_UDP
#define BULK	 "0800 4500 0020 0001 0000 4011 3a58" FROM_TO OTHER_UDP
#define ARP	 "0806 0001 0800 0604 0001 020000000001 0a010203 000000000000 0a010204"
#define LLDP	 "88cc 0207 0402 0000 0000 01"

/* --- DSCP ----------------------------------------------------------------------------- */

static void dscp_is_the_classs_and_the_checksum_follows(void **state)
{
	leaves_as(*state, MACS VOICE, MACS VOICE_EF);
}

static void ecn_stays(void **state)
{
	leaves_as(*state, MACS "0800 4503 0020 0001 0000 4011 3a55" FROM_TO VOICE_UDP,
		  MACS "0800 45bb 0020 0001 0000 4011 399d" FROM_TO VOICE_UDP);
}

static void a_wrong_checksum_stays_as_wrong(void **state)
{
	/* 0x0100 too high before and after */
	leaves_as(*state, MACS "0800 4500 0020 0001 0000 4011 3b58" FROM_TO VOICE_UDP,
		  MACS "0800 45b8 0020 0001 0000 4011 3aa0" FROM_TO VOICE_UDP);
}

static void a_right_mark_leaves_even_a_zero_checksum_alone(void **state)
{
	leaves_unchanged(*state, MACS "0800 45b8 0020 0001 0000 4011 0000" FROM_TO VOICE_UDP);
	leaves_unchanged(*state, MACS "0800 45b8 0020 0001 0000 4011 ffff" FROM_TO VOICE_UDP);
}

static void a_strangers_mark_is_erased(void **state)
{
	leaves_as(*state, MACS "0800 45b8 0020 0001 0000 4011 39a0" FROM_TO OTHER_UDP, MACS BULK);
}

static void ipv6_traffic_class_is_marked_and_the_flow_label_stays(void **state)
{
	static const char addresses[] = "20010db8000000000000000000000001"
					"20010db8000000000000000000000002";
	char in[256], out[256];

	snprintf(in, sizeof(in), MACS "86dd 601abcde 000c 1140 %s" VOICE_UDP, addresses);
	snprintf(out, sizeof(out), MACS "86dd 6b9abcde 000c 1140 %s" VOICE_UDP, addresses);
	leaves_as(*state, in, out); /* ECN 1, too */
}

static void the_egress_guard_erases_and_the_pcp_stays(void **state)
{
	struct golden *g = *state;

	g->spec.allowed_dscp = UINT64_C(1) << DSCP_AF41 | 1;
	g->spec.tag_pcp = TAG_PCP_OUTER;
	leaves_as(g, MACS "8100 0064" VOICE, MACS "8100 a064" VOICE);
	assert_true(golden_counters(g)->guarded == 1);
}

static void a_transparent_policy_touches_nothing(void **state)
{
	struct golden *g = *state;

	g->spec.transparent = true;
	g->spec.untagged = 7;
	g->spec.strip = true;
	g->spec.tag_pcp = TAG_PCP_ALL;
	leaves_unchanged(g, MACS VOICE);
	leaves_unchanged(g, MACS "8100 0064" VOICE);
	assert_true(golden_counters(g)->classes[BEST_EFFORT].tx.packets == 2);
}

/* --- tags ----------------------------------------------------------------------------- */

static void pcp_goes_into_the_outer_tag_and_dei_stays(void **state)
{
	struct golden *g = *state;

	g->spec.tag_pcp = TAG_PCP_OUTER;
	leaves_as(g, MACS "88a8 3064 8100 00c8" VOICE, MACS "88a8 b064 8100 00c8" VOICE_EF);
}

static void pcp_goes_into_all_tags(void **state)
{
	struct golden *g = *state;

	g->spec.tag_pcp = TAG_PCP_ALL;
	leaves_as(g, MACS "88a8 3064 8100 00c8" VOICE, MACS "88a8 b064 8100 a0c8" VOICE_EF);
}

static void pcp_is_kept_where_so_configured(void **state)
{
	leaves_as(*state, MACS "8100 e064" VOICE, MACS "8100 e064" VOICE_EF);
}

static void pcp_of_frames_that_are_not_ip_is_not_written(void **state)
{
	struct golden *g = *state;

	g->spec.tag_pcp = TAG_PCP_ALL;
	leaves_unchanged(g, MACS "8100 e064 88b5 0102030405060708");
	leaves_unchanged(g, MACS "8100 e064" ARP);
}

static void untagged_frames_get_a_priority_tag(void **state)
{
	struct golden *g = *state;

	g->spec.untagged = UNTAGGED_PRIORITY_TAG;
	leaves_as(g, MACS VOICE, MACS "8100 a000" VOICE_EF);
}

static void untagged_frames_get_a_vlan(void **state)
{
	struct golden *g = *state;

	g->spec.untagged = 4094;
	leaves_as(g, MACS VOICE, MACS "8100 affe" VOICE_EF);
}

static void frames_that_are_not_ip_get_the_default_classs_pcp(void **state)
{
	struct golden *g = *state;

	g->spec.untagged = 10;
	leaves_as(g, MACS ARP, MACS "8100 200a" ARP);
	leaves_as(g, MACS "88b5 0102", MACS "8100 200a 88b5 0102");
}

static void link_control_is_never_tagged(void **state)
{
	struct golden *g = *state;

	g->spec.untagged = 10;
	g->spec.strip = true;
	leaves_unchanged(g, LLDP_MACS LLDP);
	leaves_unchanged(g, LLDP_MACS "8100 0005" LLDP);
}

static void strip_removes_the_outermost_tag(void **state)
{
	struct golden *g = *state;

	g->spec.strip = true;
	leaves_as(g, MACS "8100 0064" VOICE, MACS VOICE_EF);
	leaves_as(g, MACS "8100 0064" ARP, MACS ARP);
}

static void strip_comes_before_the_pcp(void **state)
{
	struct golden *g = *state;

	g->spec.strip = true;
	g->spec.tag_pcp = TAG_PCP_OUTER;
	leaves_as(g, MACS "88a8 0064 8100 e0c8" VOICE, MACS "8100 a0c8" VOICE_EF);
}

static void strip_and_insert_each_have_their_frames(void **state)
{
	struct golden *g = *state;

	g->spec.strip = true;
	g->spec.untagged = 10;
	leaves_as(g, MACS "8100 0064" VOICE, MACS VOICE_EF);
	leaves_as(g, MACS VOICE, MACS "8100 a00a" VOICE_EF);
}

/* --- link control --------------------------------------------------------------------- */

static void pause_is_never_forwarded(void **state)
{
	is_dropped(*state, PAUSE_MACS "8808 0001 ffff", DROP_PAUSE);
	is_dropped(*state, PAUSE_MACS VOICE, DROP_PAUSE);
	is_dropped(*state, MACS "8808 0101 ffff", DROP_PAUSE);
	is_dropped(*state, MACS "8100 0064 8808 0101 ffff", DROP_PAUSE);
}

static void link_control_has_its_own_queue(void **state)
{
	leaves_unchanged(*state, LLDP_MACS LLDP);
	leaves_unchanged(*state, MACS ARP);
	leaves_unchanged(*state, MACS "88a8 0064 8100 0001" ARP);
	assert_true(golden_counters(*state)->classes[SLOT_LINK_CONTROL].tx.packets == 3);
}

static void the_group_ends_at_0f(void **state)
{
	leaves_unchanged(*state, "0180c200000f 020000000001 " VOICE);
	leaves_as(*state, "0180c2000010 020000000001 " VOICE,
		  "0180c2000010 020000000001 " VOICE_EF);
}

/* --- frames that make no sense -------------------------------------------------------- */

static void passes_with(struct golden *g, const char *frame, enum anomaly anomaly)
{
	uint64_t before = g->lane ? golden_counters(g)->anomalies[anomaly] : 0;

	leaves_unchanged(g, frame);
	assert_true(golden_counters(g)->anomalies[anomaly] == before + 1);
}

static void runts_pass(void **state)
{
	passes_with(*state, "020000000002 020000000001 08", ANOMALY_RUNT);
	passes_with(*state, "02", ANOMALY_RUNT);
}

static void tags_that_are_cut_or_too_many_pass(void **state)
{
	passes_with(*state, MACS "8100 0064 08", ANOMALY_TAG_TRUNCATED);
	passes_with(*state, MACS "88a8 0064 8100", ANOMALY_TAG_TRUNCATED);
	passes_with(*state, MACS "88a8 0064 8100 0001 8100 0002" VOICE, ANOMALY_TAGS_DEEP);
}

static void ip_headers_that_are_cut_pass(void **state)
{
	passes_with(*state, MACS "0800 4500 0020 0001 0000 4011 3a58 0a010203 347000",
		    ANOMALY_IP_TRUNCATED);
	passes_with(*state, MACS "86dd 60000000 0000 1140", ANOMALY_IP_TRUNCATED);
}

static void ip_versions_that_contradict_the_type_pass(void **state)
{
	passes_with(*state, MACS "0800 6500 0020 0001 0000 4011 3a58" FROM_TO VOICE_UDP,
		    ANOMALY_IP_VERSION);
}

static void header_lengths_that_make_no_sense_pass(void **state)
{
	passes_with(*state, MACS "0800 4400 0020 0001 0000 4011 3a58" FROM_TO VOICE_UDP,
		    ANOMALY_IPV4_HEADER_LENGTH);
	passes_with(*state, MACS "0800 4f00 0020 0001 0000 4011 3a58" FROM_TO VOICE_UDP,
		    ANOMALY_IPV4_HEADER_LENGTH);
}

static void lengths_beyond_the_frame_pass(void **state)
{
	passes_with(*state, MACS "0800 4500 0021 0001 0000 4011 3a58" FROM_TO VOICE_UDP,
		    ANOMALY_IP_LENGTH);
	passes_with(*state, MACS "0800 4500 0013 0001 0000 4011 3a58" FROM_TO VOICE_UDP,
		    ANOMALY_IP_LENGTH);
}

static void ports_beyond_the_datagram_are_padding(void **state)
{
	struct golden *g = *state;

	/* 23 bytes: the ports' last byte lies behind the datagram */
	passes_with(g, MACS "0800 4500 0017 0001 0000 4011 3a61" FROM_TO VOICE_UDP,
		    ANOMALY_TRANSPORT_TRUNCATED);
	assert_true(golden_counters(g)->no_rule == 1);
}

static void padding_stays(void **state)
{
	leaves_as(*state, MACS VOICE "0000 0000 0000", MACS VOICE_EF "0000 0000 0000");
}

/* --- headers between IP and transport ------------------------------------------------- */

static void ports_follow_ipv4_options(void **state)
{
	leaves_as(*state, MACS "0800 4600 0024 0001 0000 4011 3752" FROM_TO "01010101" VOICE_UDP,
		  MACS "0800 46b8 0024 0001 0000 4011 369a" FROM_TO "01010101" VOICE_UDP);
}

static struct frame_spec voice6(unsigned extensions, uint16_t bytes_each)
{
	struct frame_spec s = frame_udp6("2001:db8::1", 50003, "2001:db8::2", 3478);

	s.extension_count = (uint8_t)extensions;
	for (unsigned i = 0; i < extensions; i++)
		s.extensions[i] = (struct frame_extension){EXTENSION_DESTINATION, bytes_each};
	return s;
}

static void eight_extension_headers_are_followed(void **state)
{
	struct frame_spec eight = voice6(8, 8), nine = voice6(9, 8);

	assert_int_equal(dscp_of(*state, &eight), DSCP_EF);
	assert_int_equal(dscp_of(*state, &nine), 0);
	assert_true(golden_counters(*state)->anomalies[ANOMALY_IPV6_CHAIN] == 1);
}

static void headers_are_sought_in_512_bytes(void **state)
{
	/* 14 + 40 + 2 x 224 = 502: the ports end at 506; with 8 more, at 514 */
	struct frame_spec within = voice6(2, 224), beyond = voice6(2, 224);

	beyond.extensions[1].bytes = 232;
	assert_int_equal(dscp_of(*state, &within), DSCP_EF);
	assert_int_equal(dscp_of(*state, &beyond), 0);
	assert_true(golden_counters(*state)->anomalies[ANOMALY_IPV6_CHAIN] == 1);
}

static void every_kind_of_extension_is_followed(void **state)
{
	static const uint8_t kinds[] = {EXTENSION_HOP_BY_HOP,  EXTENSION_ROUTING,  EXTENSION_AH,
					EXTENSION_DESTINATION, EXTENSION_MOBILITY, EXTENSION_HIP,
					EXTENSION_SHIM6,       EXTENSION_FRAGMENT};

	for (unsigned i = 0; i < sizeof(kinds); i++) {
		struct frame_spec s = voice6(1, kinds[i] == EXTENSION_AH ? 12 : 16);

		s.extensions[0].type = kinds[i];
		assert_int_equal(dscp_of(*state, &s), DSCP_EF);
	}
}

static void esp_has_no_ports(void **state)
{
	struct frame_spec s = voice6(0, 0);

	s.protocol = EXTENSION_ESP;
	s.payload_bytes = 4; /* too few for an extension header */
	assert_int_equal(dscp_of(*state, &s), 0);
	assert_true(golden_counters(*state)->anomalies[ANOMALY_IPV6_CHAIN] == 0);
}

/* --- fragments ------------------------------------------------------------------------ */

#define FIRST	 "0800 4500 0020 0007 2000 4011 1a52" FROM_TO VOICE_UDP
#define FIRST_EF "0800 45b8 0020 0007 2000 4011 199a" FROM_TO VOICE_UDP
#define LATER	 "0800 4500 001c 0007 0001 4011 3a55" FROM_TO "0102030405060708"
#define LATER_EF "0800 45b8 001c 0007 0001 4011 399d" FROM_TO "0102030405060708"

static void later_fragments_take_the_class_of_the_first(void **state)
{
	leaves_as(*state, MACS FIRST, MACS FIRST_EF);
	leaves_as(*state, MACS LATER, MACS LATER_EF);
	assert_true(golden_counters(*state)->fragments == 1);
}

static void a_fragment_without_its_first_is_an_orphan(void **state)
{
	leaves_unchanged(*state, MACS LATER);
	assert_true(golden_counters(*state)->orphans == 1);
}

static void a_first_fragment_is_remembered_for_two_seconds(void **state)
{
	struct golden *g = *state;

	leaves_as(g, MACS FIRST, MACS FIRST_EF);
	g->now_ns += UINT64_C(2000000000);
	leaves_as(g, MACS LATER, MACS LATER_EF);
	g->now_ns += 1;
	leaves_unchanged(g, MACS LATER);
}

static void fragments_of_what_was_dropped_are_dropped(void **state)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 50666, "52.112.0.1", 3478);

	s.more_fragments = true;
	golden_build_and_send(*state, &s);
	s.fragment_offset = 5;
	golden_build_and_send(*state, &s);
	assert_true(golden_counters(*state)->drops[DROP_ACL] == 2);
}

static void an_atomic_fragment_has_no_later_ones(void **state)
{
	struct frame_spec s = voice6(1, 8);

	s.extensions[0].type = EXTENSION_FRAGMENT; /* offset 0, no more: RFC 6946 */
	assert_int_equal(dscp_of(*state, &s), DSCP_EF);
	s.fragment_offset = 181;
	assert_int_equal(dscp_of(*state, &s), 0);
	assert_true(golden_counters(*state)->orphans == 1);
}

static void ipv6_fragments_too(void **state)
{
	struct frame_spec s = voice6(1, 8);

	s.extensions[0].type = EXTENSION_FRAGMENT;
	s.fragment_id = 0xdeadbeef;
	s.more_fragments = true;
	assert_int_equal(dscp_of(*state, &s), DSCP_EF);
	s.fragment_offset = 181;
	assert_int_equal(dscp_of(*state, &s), DSCP_EF);
	s.fragment_id++;
	assert_int_equal(dscp_of(*state, &s), 0);
}

/* --- rules ---------------------------------------------------------------------------- */

static void the_first_rule_that_matches_wins(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_udp4("10.1.2.3", 50003, "52.112.0.1", 3478);

	golden_add_rule(g, VIDEO); /* matches all that is left */
	assert_int_equal(dscp_of(g, &s), DSCP_EF);
	s.source_port = 50666 + 1;
	assert_int_equal(dscp_of(g, &s), DSCP_AF41);
	assert_true(lane_rule_hits(g->lane, 10) == 1 && lane_rule_hits(g->lane, 14) == 1);
}

static void both_ends_of_a_range_belong_to_it(void **state)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 49999, "52.112.0.1", 3478);

	assert_int_equal(dscp_of(*state, &s), 0);
	s.source_port = 50000;
	assert_int_equal(dscp_of(*state, &s), DSCP_EF);
	s.source_port = 50039;
	assert_int_equal(dscp_of(*state, &s), DSCP_AF41);
	s.source_port = 50040;
	assert_int_equal(dscp_of(*state, &s), 0);
}

static void a_drop_rule_drops(void **state)
{
	is_dropped(*state,
		   MACS "0800 4500 0020 0001 0000 4011 3a58" FROM_TO "c5ea 0d96 000c 0000 01020304",
		   DROP_ACL);
}

static void a_rule_with_any_port_needs_ports(void **state)
{
	struct golden *g = *state;
	struct rule_spec *rule = golden_add_rule(g, VIDEO);
	struct frame_spec s = frame_udp4("10.1.2.3", 1, "52.112.0.1", 1);

	rule->destination_port = (struct port_range){true, 0, 65535};
	assert_int_equal(dscp_of(g, &s), DSCP_AF41);
	s.protocol = PROTOCOL_ICMP;
	assert_int_equal(dscp_of(g, &s), 0);
	s.protocol = PROTOCOL_UDP;
	s.fragment_offset = 3;
	assert_int_equal(dscp_of(g, &s), 0);
}

static void every_ipv4_address_is_no_ipv6_address(void **state)
{
	struct golden *g = *state;
	struct frame_spec four = frame_tcp4("10.1.2.3", 1, "52.112.0.1", 1);
	struct frame_spec six = frame_tcp6("2001:db8::1", 1, "2001:db8::2", 1);

	golden_add_rule(g, VIDEO)->source = (struct prefix){.family = 4};
	assert_int_equal(dscp_of(g, &four), DSCP_AF41);
	assert_int_equal(dscp_of(g, &six), 0);
}

static void vlan_is_the_outermost_tags(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_tcp4("10.1.2.3", 1, "52.112.0.1", 1);

	golden_add_rule(g, VIDEO)->vlan = 0;
	assert_int_equal(dscp_of(g, &s), 0); /* untagged is not VLAN 0 */
	s.tag_count = 2;
	s.tags[0] = (struct frame_tag){TPID_VLAN, 7 << 13};
	s.tags[1] = (struct frame_tag){TPID_VLAN, 5};
	assert_int_equal(dscp_of(g, &s), DSCP_AF41); /* a priority tag is */
	s.tags[0].tci = 5;
	s.tags[1].tci = 0;
	assert_int_equal(dscp_of(g, &s), 0);
}

static void incoming_dscp_is_a_field(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_tcp4("10.1.2.3", 1, "52.112.0.1", 1);

	golden_add_rule(g, VIDEO)->dscp = DSCP_AF11;
	s.tos = DSCP_AF11 << 2 | 2;
	assert_int_equal(dscp_of(g, &s), DSCP_AF41);
	s.tos = DSCP_AF12 << 2;
	assert_int_equal(dscp_of(g, &s), 0);
}

/* --- trust and strangers -------------------------------------------------------------- */

static void trusted_dscps_stay(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_tcp4("10.1.2.3", 1, "52.112.0.1", 1);

	g->spec.trust = TRUST_DSCP;
	s.tos = DSCP_CS3 << 2;
	assert_int_equal(dscp_of(g, &s), DSCP_CS3);
	s.tos = DSCP_AF11 << 2; /* no class has it */
	assert_int_equal(dscp_of(g, &s), 0);
}

static void trusted_pcps_choose_the_class(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_tcp4("10.1.2.3", 1, "52.112.0.1", 1);

	g->spec.trust = TRUST_PCP;
	g->classes[VIDEO].pcp = 0;
	assert_int_equal(dscp_of(g, &s), 0); /* untagged has no PCP, not even 0 */
	s.tag_count = 1;
	s.tags[0] = (struct frame_tag){TPID_VLAN, 3 << 13 | 9};
	assert_int_equal(dscp_of(g, &s), DSCP_CS3);
	s.tags[0].tci = 9;
	assert_int_equal(dscp_of(g, &s), DSCP_AF41);
}

static void only_trusted_sources_are_trusted(void **state)
{
	static const struct prefix lan = {.family = 4, .length = 23, .address = {10, 1, 2, 0}};
	struct golden *g = *state;
	struct frame_spec s = frame_tcp4("10.1.3.255", 1, "52.112.0.1", 1);

	g->spec.trust = TRUST_DSCP;
	g->spec.trusted = &lan;
	g->spec.trusted_count = 1;
	s.tos = DSCP_CS3 << 2;
	assert_int_equal(dscp_of(g, &s), DSCP_CS3);
	frame_address("10.1.4.0", s.source);
	assert_int_equal(dscp_of(g, &s), 0);
}

static void intruders_are_counted_and_named(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_udp4("10.1.2.3", 9, "52.112.0.1", 9);
	const struct lane_counters *c;

	s.tos = DSCP_EF << 2;
	golden_build_and_send(g, &s);
	s.source_port = 50003; /* voice may */
	golden_build_and_send(g, &s);
	c = golden_counters(g);
	assert_true(c->intruders == 1 && c->mismatches == 1);
	assert_int_equal(c->intruder_talkers[0].family, 4);
	assert_memory_equal(c->intruder_talkers[0].address, s.source, 4);
	assert_true(c->intruder_talkers[0].packets == 1);
}

static void mismatches_are_judged_before_the_guard(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_udp4("10.1.2.3", 50003, "52.112.0.1", 9);

	g->spec.allowed_dscp = 1;
	s.tos = DSCP_EF << 2; /* its class's, though it leaves as 0 */
	golden_build_and_send(g, &s);
	assert_true(golden_counters(g)->mismatches == 0);
	s.tos = DSCP_AF41 << 2;
	golden_build_and_send(g, &s);
	assert_true(golden_counters(g)->mismatches == 1);
}

/* --- lengths and queues --------------------------------------------------------------- */

static void jumbo_frames_are_marked(void **state)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 50003, "52.112.0.1", 3478);

	s.payload_bytes = 8972;
	assert_int_equal(dscp_of(*state, &s), DSCP_EF);
	assert_memory_equal(((struct golden *)*state)->sent + 34,
			    ((struct golden *)*state)->received + 34, 8980);
}

static void what_waits_is_counted_by_the_links_accounting(void **state)
{
	struct golden *g = *state;
	struct frame_spec s = frame_tcp4("10.1.2.3", 1, "52.112.0.1", 1);
	uint32_t bytes;

	g->spec.egress.rate_bps = 1000000;
	g->spec.egress.account = ACCOUNT_WIRE;
	g->spec.egress.max_frame_bytes = 100;
	s.payload_bytes = 46;
	golden_build_and_send(g, &s);
	assert_true(g->left);
	golden_build_and_send(g, &s);
	assert_false(g->left); /* the link's tokens are spent */
	bytes = g->received_bytes;
	assert_true(golden_counters(g)->queued.packets == 1);
	assert_true(golden_counters(g)->queued.bytes == bytes + WIRE_OVERHEAD_BYTES);
	lane_flush(g->lane, g->now_ns);
	assert_true(golden_counters(g)->drops[DROP_TX] == 1);
	assert_true(golden_counters(g)->dropped.packets == 1);
}

#define GOLDEN(test) cmocka_unit_test_setup_teardown(test, golden_setup, golden_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GOLDEN(dscp_is_the_classs_and_the_checksum_follows),
		GOLDEN(ecn_stays),
		GOLDEN(a_wrong_checksum_stays_as_wrong),
		GOLDEN(a_right_mark_leaves_even_a_zero_checksum_alone),
		GOLDEN(a_strangers_mark_is_erased),
		GOLDEN(ipv6_traffic_class_is_marked_and_the_flow_label_stays),
		GOLDEN(the_egress_guard_erases_and_the_pcp_stays),
		GOLDEN(a_transparent_policy_touches_nothing),
		GOLDEN(pcp_goes_into_the_outer_tag_and_dei_stays),
		GOLDEN(pcp_goes_into_all_tags),
		GOLDEN(pcp_is_kept_where_so_configured),
		GOLDEN(pcp_of_frames_that_are_not_ip_is_not_written),
		GOLDEN(untagged_frames_get_a_priority_tag),
		GOLDEN(untagged_frames_get_a_vlan),
		GOLDEN(frames_that_are_not_ip_get_the_default_classs_pcp),
		GOLDEN(link_control_is_never_tagged),
		GOLDEN(strip_removes_the_outermost_tag),
		GOLDEN(strip_comes_before_the_pcp),
		GOLDEN(strip_and_insert_each_have_their_frames),
		GOLDEN(pause_is_never_forwarded),
		GOLDEN(link_control_has_its_own_queue),
		GOLDEN(the_group_ends_at_0f),
		GOLDEN(runts_pass),
		GOLDEN(tags_that_are_cut_or_too_many_pass),
		GOLDEN(ip_headers_that_are_cut_pass),
		GOLDEN(ip_versions_that_contradict_the_type_pass),
		GOLDEN(header_lengths_that_make_no_sense_pass),
		GOLDEN(lengths_beyond_the_frame_pass),
		GOLDEN(ports_beyond_the_datagram_are_padding),
		GOLDEN(padding_stays),
		GOLDEN(ports_follow_ipv4_options),
		GOLDEN(eight_extension_headers_are_followed),
		GOLDEN(headers_are_sought_in_512_bytes),
		GOLDEN(every_kind_of_extension_is_followed),
		GOLDEN(esp_has_no_ports),
		GOLDEN(later_fragments_take_the_class_of_the_first),
		GOLDEN(a_fragment_without_its_first_is_an_orphan),
		GOLDEN(a_first_fragment_is_remembered_for_two_seconds),
		GOLDEN(fragments_of_what_was_dropped_are_dropped),
		GOLDEN(ipv6_fragments_too),
		GOLDEN(an_atomic_fragment_has_no_later_ones),
		GOLDEN(the_first_rule_that_matches_wins),
		GOLDEN(both_ends_of_a_range_belong_to_it),
		GOLDEN(a_drop_rule_drops),
		GOLDEN(a_rule_with_any_port_needs_ports),
		GOLDEN(every_ipv4_address_is_no_ipv6_address),
		GOLDEN(vlan_is_the_outermost_tags),
		GOLDEN(incoming_dscp_is_a_field),
		GOLDEN(trusted_dscps_stay),
		GOLDEN(trusted_pcps_choose_the_class),
		GOLDEN(only_trusted_sources_are_trusted),
		GOLDEN(intruders_are_counted_and_named),
		GOLDEN(mismatches_are_judged_before_the_guard),
		GOLDEN(jumbo_frames_are_marked),
		GOLDEN(what_waits_is_counted_by_the_links_accounting),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
