/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser, frame by frame: every kind, every anomaly, every bound. Each frame is
 * parsed twice, in one exact-size buffer and in segments of one byte, and must read the
 * same; the address sanitizer watches for a byte too many.
 */
#include "parse_rig.h"

#include "support/random.h"

static void ipv4_udp_is_read(void **state)
{
	struct frame_spec s = voice4();
	struct parsed p;

	(void)state;
	s.tos = DSCP_EF << 2 | 3;
	p = parse_spec(s);
	assert_int_equal(p.kind, FRAME_IPV4);
	assert_int_equal(p.flags, FRAME_PORTS_KNOWN);
	assert_int_equal(p.tags, 0);
	assert_int_equal(p.vlan, VLAN_NONE);
	assert_int_equal(p.dscp, DSCP_EF);
	assert_int_equal(p.protocol, PROTOCOL_UDP);
	assert_int_equal(p.source_port, 50007);
	assert_int_equal(p.destination_port, 3478);
	assert_int_equal(p.ip_offset, 14);
	assert_int_equal(p.ip_bytes, 48);
	assert_int_equal(p.anomaly, ANOMALY_NONE);
}

static void ipv6_udp_is_read(void **state)
{
	struct frame_spec s = voice6();
	struct parsed p;

	(void)state;
	s.tos = DSCP_EF << 2 | 1;
	p = parse_spec(s);
	assert_int_equal(p.kind, FRAME_IPV6);
	assert_int_equal(p.flags, FRAME_PORTS_KNOWN);
	assert_int_equal(p.dscp, DSCP_EF);
	assert_int_equal(p.protocol, PROTOCOL_UDP);
	assert_int_equal(p.source_port, 50007);
	assert_int_equal(p.destination_port, 3478);
	assert_int_equal(p.ip_bytes, 68);
	assert_int_equal(p.anomaly, ANOMALY_NONE);
}

static void ports_are_those_of_udp_tcp_and_sctp_alone(void **state)
{
	static const struct {
		uint8_t protocol;
		bool ports;
	} cases[] = {{PROTOCOL_UDP, true},     {PROTOCOL_TCP, true}, {PROTOCOL_SCTP, true},
		     {PROTOCOL_ICMP, false},   {47, false},	     {136, false},
		     {PROTOCOL_ICMPV6, false}, {255, false}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct frame_spec v4 = voice4(), v6 = voice6();
		struct parsed p;

		v4.protocol = v6.protocol = cases[i].protocol;
		p = parse_spec(v4);
		assert_int_equal((p.flags & FRAME_PORTS_KNOWN) != 0, cases[i].ports);
		assert_int_equal(p.source_port, cases[i].ports ? 50007 : 0);
		assert_int_equal(p.protocol, cases[i].protocol);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
		p = parse_spec(v6);
		assert_int_equal((p.flags & FRAME_PORTS_KNOWN) != 0, cases[i].ports);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
	}
}

static void kinds_that_are_not_ip(void **state)
{
	struct frame_spec pppoe = {.ether_type = 0x8864, .payload_bytes = 46};
	struct frame_spec mac_control = {.ether_type = 0x8808, .payload_bytes = 46};
	struct frame_spec last = {.ether_destination = {1, 0x80, 0xc2, 0, 0, 0x0f},
				  .ether_type = 0x0800,
				  .payload_bytes = 46};
	struct frame_spec beyond = {.ether_destination = {1, 0x80, 0xc2, 0, 0, 0x10},
				    .ether_type = 0x88cc,
				    .payload_bytes = 46};
	const struct {
		struct frame_spec spec;
		enum frame_kind kind;
		uint8_t flags;
	} cases[] = {
		{pppoe, FRAME_OTHER, 0},
		{frame_arp(), FRAME_LINK_CONTROL, 0},
		{frame_lldp(), FRAME_LINK_CONTROL, FRAME_LINK_LOCAL},
		{last, FRAME_LINK_CONTROL, FRAME_LINK_LOCAL},
		{beyond, FRAME_OTHER, 0},
		{frame_pause(), FRAME_PAUSE, FRAME_LINK_LOCAL},
		{mac_control, FRAME_PAUSE, 0},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct parsed p = parse_spec(cases[i].spec);

		assert_int_equal(p.kind, cases[i].kind);
		assert_int_equal(p.flags, cases[i].flags);
		assert_int_equal(p.ip_bytes, 46);
		assert_int_equal(p.ip_offset, 14);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
	}
}

static void tags_give_the_outermost_vlan_and_pcp(void **state)
{
	static const struct {
		uint8_t count;
		struct frame_tag tags[2];
		uint16_t vlan;
		uint8_t pcp;
	} cases[] = {
		{1, {{TPID_VLAN, 5 << 13 | 1 << 12 | 110}}, 110, 5},
		{1, {{TPID_QINQ, 7 << 13 | 4094}}, 4094, 7},
		{1, {{TPID_VLAN, 3 << 13}}, 0, 3},
		{2, {{TPID_QINQ, 2 << 13 | 20}, {TPID_VLAN, 6 << 13 | 30}}, 20, 2},
		{2, {{TPID_VLAN, 1 << 13 | 4}, {TPID_VLAN, 6 << 13 | 5}}, 4, 1},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct frame_spec v4 = voice4(), v6 = voice6(), arp = frame_arp();
		struct parsed p;

		v4.tag_count = v6.tag_count = arp.tag_count = cases[i].count;
		memcpy(v4.tags, cases[i].tags, sizeof(cases[i].tags));
		memcpy(v6.tags, cases[i].tags, sizeof(cases[i].tags));
		memcpy(arp.tags, cases[i].tags, sizeof(cases[i].tags));
		p = parse_spec(v4);
		assert_int_equal(p.kind, FRAME_IPV4);
		assert_int_equal(p.tags, cases[i].count);
		assert_int_equal(p.vlan, cases[i].vlan);
		assert_int_equal(p.pcp, cases[i].pcp);
		assert_int_equal(p.ip_offset, 14 + 4 * cases[i].count);
		assert_int_equal(p.ip_bytes, 48);
		assert_int_equal(p.source_port, 50007);
		assert_int_equal(parse_spec(v6).kind, FRAME_IPV6);
		assert_int_equal(parse_spec(arp).kind, FRAME_LINK_CONTROL);
	}
}

static void a_third_tag_is_an_anomaly(void **state)
{
	struct frame_spec s = voice4();
	struct parsed p;

	(void)state;
	s.tag_count = 3;
	for (unsigned t = 0; t < 3; t++)
		s.tags[t] = (struct frame_tag){TPID_VLAN, (uint16_t)(t + 1)};
	p = parse_spec(s);
	assert_int_equal(p.anomaly, ANOMALY_TAGS_DEEP);
	assert_int_equal(p.kind, FRAME_OTHER);
	assert_int_equal(p.tags, 2);
	assert_int_equal(p.vlan, 1);
	assert_ports_unknown(&p);
}

/* Cut after each byte: what is missing decides. IP 48 bytes, tag at 12, IP at 18. */
static void every_cut_of_a_tagged_frame_is_met(void **state)
{
	struct frame_spec s = voice4();
	struct bytes f;

	(void)state;
	s.tag_count = 1;
	s.tags[0] = (struct frame_tag){TPID_VLAN, 5 << 13 | 9};
	f = built(s);
	assert_int_equal(f.length, 66);
	for (uint32_t length = 1; length < 66; length++) {
		enum anomaly want = length < 14	  ? ANOMALY_RUNT
				    : length < 18 ? ANOMALY_TAG_TRUNCATED
				    : length < 38 ? ANOMALY_IP_TRUNCATED
						  : ANOMALY_IP_LENGTH;
		struct parsed p;

		f.length = length;
		p = parse(&f);
		assert_int_equal(p.anomaly, want);
		assert_int_equal(p.kind, FRAME_OTHER);
		assert_int_equal(p.tags, length < 18 ? 0 : 1); /* a cut tag is none */
		assert_int_equal(p.vlan, length < 18 ? VLAN_NONE : 9);
		assert_int_equal(p.ip_bytes, length < 14 ? length : length - p.ip_offset);
	}
}

static void an_empty_frame_is_a_runt(void **state)
{
	struct bytes f = {.length = 0};

	(void)state;
	assert_int_equal(parse_mbuf(mbuf_exact(f.at, 0, NULL, 0, 0)).anomaly, ANOMALY_RUNT);
}

static void version_must_be_the_ether_types(void **state)
{
	struct bytes v4 = built(voice4()), v6 = built(voice6());

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		v4.at[14] = (uint8_t)(version << 4 | 5);
		v6.at[14] = (uint8_t)(version << 4);
		assert_int_equal(parse(&v4).anomaly,
				 version == 4 ? ANOMALY_NONE : ANOMALY_IP_VERSION);
		assert_int_equal(parse(&v6).anomaly,
				 version == 6 ? ANOMALY_NONE : ANOMALY_IP_VERSION);
		assert_int_equal(parse(&v4).kind, version == 4 ? FRAME_IPV4 : FRAME_OTHER);
	}
}

static void ipv4_options_move_the_ports(void **state)
{
	(void)state;
	for (uint8_t options = 0; options <= 40; options += 4) {
		struct frame_spec s = voice4();
		struct parsed p;

		s.ipv4_option_bytes = options;
		p = parse_spec(s);
		assert_int_equal(p.kind, FRAME_IPV4);
		assert_int_equal(p.source_port, 50007);
		assert_int_equal(p.destination_port, 3478);
		assert_int_equal(p.ip_bytes, 48 + options);
	}
}

static void ipv4_header_length_must_fit(void **state)
{
	struct frame_spec s = voice4();
	struct bytes f;

	(void)state;
	s.payload_bytes = 0; /* 28 bytes of datagram: a header of at most 7 words fits */
	f = built(s);
	for (unsigned words = 0; words < 16; words++) {
		struct parsed p;

		f.at[14] = (uint8_t)(0x40 | words);
		p = parse(&f);
		if (words >= 5 && words <= 7) {
			assert_int_equal(p.kind, FRAME_IPV4);
			continue;
		}
		assert_int_equal(p.anomaly, ANOMALY_IPV4_HEADER_LENGTH);
		assert_int_equal(p.kind, FRAME_OTHER);
		assert_int_equal(p.ip_bytes, 28); /* what follows the EtherType */
	}
}

static void ip_length_must_lie_within_the_frame(void **state)
{
	struct bytes v4 = built(voice4()), v6 = built(voice6());

	(void)state;
	for (unsigned total = 0; total <= 60; total++) {
		bool right = total >= 20 && total <= 48;
		struct parsed p;

		put16(v4.at + 16, total);
		p = parse(&v4);
		assert_int_equal(p.kind, right ? FRAME_IPV4 : FRAME_OTHER);
		if (!right)
			assert_int_equal(p.anomaly, ANOMALY_IP_LENGTH);
		assert_int_equal(p.ip_bytes, right ? total : 48);
	}
	for (unsigned payload = 0; payload <= 40; payload++) {
		struct parsed p;

		put16(v6.at + 18, payload);
		p = parse(&v6);
		assert_int_equal(p.kind, payload <= 28 ? FRAME_IPV6 : FRAME_OTHER);
		if (payload > 28)
			assert_int_equal(p.anomaly, ANOMALY_IP_LENGTH);
	}
	put16(v4.at + 16, 0xffff);
	assert_int_equal(parse(&v4).anomaly, ANOMALY_IP_LENGTH);
}

static void padding_is_no_part_of_the_datagram(void **state)
{
	struct frame_spec v4 = voice4(), v6 = voice6();
	struct parsed p;

	(void)state;
	v4.payload_bytes = v6.payload_bytes = 0;
	v4.trailer_bytes = v6.trailer_bytes = 18;
	assert_int_equal(parse_spec(v4).ip_bytes, 28);
	assert_int_equal(parse_spec(v6).ip_bytes, 48);
	v4.protocol = v6.protocol = PROTOCOL_ICMP; /* 20 and 40 bytes, then padding */
	p = parse_spec(v4);
	assert_int_equal(p.ip_bytes, 20);
	assert_int_equal(p.anomaly, ANOMALY_NONE);
}

/* Ports in the padding are none: the datagram ends before them. */
static void datagram_that_ends_before_its_ports_has_none(void **state)
{
	static const uint8_t protocols[] = {PROTOCOL_UDP, PROTOCOL_TCP, PROTOCOL_SCTP};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		for (unsigned left = 0; left <= 5; left++) {
			struct frame_spec s4 = voice4(), s6 = voice6();
			struct bytes v4, v6;
			struct parsed p[2];

			s4.protocol = s6.protocol = protocols[i];
			v4 = built(s4);
			v6 = built(s6);
			put16(v4.at + 16, 20 + left);
			put16(v6.at + 18, left);
			p[0] = parse(&v4);
			p[1] = parse(&v6);
			for (unsigned k = 0; k < 2; k++) {
				assert_int_equal(p[k].anomaly, left < 4
								       ? ANOMALY_TRANSPORT_TRUNCATED
								       : ANOMALY_NONE);
				assert_int_equal(p[k].source_port, left < 4 ? 0 : 50007);
				assert_int_equal((p[k].flags & FRAME_PORTS_KNOWN) != 0, left >= 4);
			}
			assert_int_equal(p[0].kind, FRAME_IPV4); /* marked like any other */
			assert_int_equal(p[1].kind, FRAME_IPV6);
		}
	}
}

static void ipv4_fragments_are_flagged(void **state)
{
	static const struct {
		uint16_t offset;
		bool more;
		uint8_t flags;
	} cases[] = {
		{0, false, FRAME_PORTS_KNOWN},
		{0, true, FRAME_PORTS_KNOWN | FRAME_FIRST_FRAGMENT},
		{1, true, FRAME_LATER_FRAGMENT},
		{1, false, FRAME_LATER_FRAGMENT},
		{0x1000, false, FRAME_LATER_FRAGMENT},
		{0x1fff, false, FRAME_LATER_FRAGMENT},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct frame_spec s = voice4();
		struct parsed p;

		s.fragment_offset = cases[i].offset;
		s.more_fragments = cases[i].more;
		p = parse_spec(s);
		assert_int_equal(p.kind, FRAME_IPV4);
		assert_int_equal(p.flags, cases[i].flags);
		assert_int_equal(p.protocol, PROTOCOL_UDP);
		assert_int_equal(p.source_port, cases[i].offset ? 0 : 50007);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
	}
}

/* "Don't fragment" and the reserved bit say nothing of fragments. */
static void other_ipv4_flags_make_no_fragment(void **state)
{
	struct bytes f = built(voice4());

	(void)state;
	put16(f.at + 20, 0xc000);
	assert_int_equal(parse(&f).flags, FRAME_PORTS_KNOWN);
}

static void burst_counts_each_frame_for_itself(void **state)
{
	struct bytes good = built(voice4()), cut = built(voice4());
	uint64_t anomalies[ANOMALIES] = {0};
	struct burst b = {.count = 3};

	(void)state;
	b.frame[0] = mbuf_exact(cut.at, 20, NULL, 0, 0);
	b.frame[1] = mbuf_exact(good.at, good.length, NULL, 0, 0);
	b.frame[2] = mbuf_exact(cut.at, 21, NULL, 0, 0);
	parse_burst(&b, anomalies);
	assert_int_equal(anomalies[ANOMALY_IP_TRUNCATED], 2);
	assert_int_equal(b.kind[0], FRAME_OTHER);
	assert_int_equal(b.kind[1], FRAME_IPV4);
	assert_int_equal(b.source_port[1], 50007);
	assert_int_equal(b.kind[2], FRAME_OTHER);
	for (unsigned i = 0; i < 3; i++)
		rte_pktmbuf_free(b.frame[i]);
}

static void split_headers_are_said_to_be_split(void **state)
{
	static const uint32_t in_header[] = {20}, behind[] = {PARSE_SPAN};
	struct frame_spec s = voice4();
	struct bytes f;
	uint64_t anomalies[ANOMALIES] = {0};
	struct burst b = {.count = 2};

	(void)state;
	s.payload_bytes = 1000;
	f = built(s);
	b.frame[0] = mbuf_exact(f.at, f.length, in_header, 1, 0);
	b.frame[1] = mbuf_exact(f.at, f.length, behind, 1, 0);
	parse_burst(&b, anomalies);
	assert_true(b.flags[0] & FRAME_SPLIT);
	assert_false(b.flags[1] & FRAME_SPLIT);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(b.source_port[i], 50007);
		rte_pktmbuf_free(b.frame[i]);
	}
}

/* --- what the other stages ask of the parser --- */

static void ip_bytes_come_from_any_segments(void **state)
{
	struct frame_spec s = voice4();
	struct bytes f;
	uint8_t out[24];

	(void)state;
	s.tag_count = 1;
	s.tags[0] = (struct frame_tag){TPID_VLAN, 1};
	f = built(s);
	for (uint32_t cut = 0; cut <= f.length; cut++) {
		struct burst b = {.count = 1};
		uint64_t anomalies[ANOMALIES] = {0};

		b.frame[0] = mbuf_exact(f.at, f.length, &cut, 1, 0);
		parse_burst(&b, anomalies);
		parse_ip_bytes(&b, 0, 4, sizeof(out), out);
		assert_memory_equal(out, f.at + 22, sizeof(out));
		rte_pktmbuf_free(b.frame[0]);
	}
}

/* Random bytes behind a right start, at random lengths and cuts: only that nothing is
 * read too far, and that what is claimed lies within the frame. */
static void nothing_is_read_beyond_the_frame(void **state)
{
	static const uint16_t types[] = {0x0800, 0x86dd, TPID_VLAN, TPID_QINQ, 0x0806};
	struct random r = random_seeded(11);

	(void)state;
	for (unsigned c = 0; c < 20000; c++) {
		struct bytes f = {.length = random_below(&r, 160)};
		uint32_t cut = random_below(&r, f.length + 1);
		struct parsed p;

		random_bytes(&r, f.at, f.length);
		f.at[0] &= 0xfe;
		put16(f.at + 12, types[random_below(&r, RTE_DIM(types))]);
		put16(f.at + 16, types[random_below(&r, RTE_DIM(types))]);
		f.at[14] = random_chance(&r, 50) ? 0x45 : 0x60;
		put16(f.at + 18, random_below(&r, 160));
		f.at[20] = (uint8_t)random_below(&r, 61); /* extensions, often */
		p = parse_mbuf(mbuf_exact(f.at, f.length, &cut, 1, 0));
		assert_true(p.ip_offset + p.ip_bytes <= f.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_udp_is_read),
		cmocka_unit_test(ipv6_udp_is_read),
		cmocka_unit_test(ports_are_those_of_udp_tcp_and_sctp_alone),
		cmocka_unit_test(kinds_that_are_not_ip),
		cmocka_unit_test(tags_give_the_outermost_vlan_and_pcp),
		cmocka_unit_test(a_third_tag_is_an_anomaly),
		cmocka_unit_test(every_cut_of_a_tagged_frame_is_met),
		cmocka_unit_test(an_empty_frame_is_a_runt),
		cmocka_unit_test(version_must_be_the_ether_types),
		cmocka_unit_test(ipv4_options_move_the_ports),
		cmocka_unit_test(ipv4_header_length_must_fit),
		cmocka_unit_test(ip_length_must_lie_within_the_frame),
		cmocka_unit_test(padding_is_no_part_of_the_datagram),
		cmocka_unit_test(datagram_that_ends_before_its_ports_has_none),
		cmocka_unit_test(ipv4_fragments_are_flagged),
		cmocka_unit_test(other_ipv4_flags_make_no_fragment),
		cmocka_unit_test(burst_counts_each_frame_for_itself),
		cmocka_unit_test(split_headers_are_said_to_be_split),
		cmocka_unit_test(ip_bytes_come_from_any_segments),
		cmocka_unit_test(nothing_is_read_beyond_the_frame),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
