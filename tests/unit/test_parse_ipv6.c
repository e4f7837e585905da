/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser among IPv6 extension headers, and what identifies the datagram of a
 * fragment. The rest of it is in test_parse.c.
 */
#include "parse_rig.h"

static struct frame_spec extended6(const struct frame_extension *e, unsigned count)
{
	struct frame_spec s = voice6();

	s.extension_count = (uint8_t)count;
	memcpy(s.extensions, e, count * sizeof(*e));
	return s;
}

static void each_extension_header_is_followed(void **state)
{
	static const struct frame_extension cases[] = {
		{EXTENSION_HOP_BY_HOP, 8},   {EXTENSION_HOP_BY_HOP, 64}, {EXTENSION_ROUTING, 24},
		{EXTENSION_DESTINATION, 16}, {EXTENSION_MOBILITY, 16},	 {EXTENSION_HIP, 40},
		{EXTENSION_SHIM6, 8},	     {EXTENSION_AH, 12},	 {EXTENSION_AH, 24},
		{EXTENSION_FRAGMENT, 8},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct parsed p = parse_spec(extended6(&cases[i], 1));

		assert_int_equal(p.kind, FRAME_IPV6);
		assert_int_equal(p.flags, FRAME_PORTS_KNOWN);
		assert_int_equal(p.protocol, PROTOCOL_UDP);
		assert_int_equal(p.source_port, 50007);
		assert_int_equal(p.ip_bytes, 68u + cases[i].bytes);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
	}
}

/* Nothing behind these can be read: no ports, and nothing wrong. */
static void chain_ends_at_encryption_and_at_no_next_header(void **state)
{
	static const uint8_t ends[] = {EXTENSION_ESP, EXTENSION_NONE};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(ends); i++) {
		const struct frame_extension e[] = {{EXTENSION_DESTINATION, 8}, {ends[i], 8}};
		struct parsed p = parse_spec(extended6(e, 2));

		assert_int_equal(p.kind, FRAME_IPV6);
		assert_int_equal(p.protocol, ends[i]);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
		assert_ports_unknown(&p);
	}
}

static void eight_extension_headers_are_followed_and_no_more(void **state)
{
	struct frame_extension e[FRAME_EXTENSIONS_MAX];

	(void)state;
	for (unsigned i = 0; i < FRAME_EXTENSIONS_MAX; i++)
		e[i] = (struct frame_extension){EXTENSION_DESTINATION, 8};
	for (unsigned count = 1; count <= FRAME_EXTENSIONS_MAX; count++) {
		struct parsed p = parse_spec(extended6(e, count));
		bool fits = count <= PARSE_EXTENSIONS_MAX;

		assert_int_equal(p.kind, FRAME_IPV6);
		assert_int_equal(p.anomaly, fits ? ANOMALY_NONE : ANOMALY_IPV6_CHAIN);
		assert_int_equal((p.flags & FRAME_PORTS_KNOWN) != 0, fits);
	}
}

/* 14 + 40 + the header + 4 bytes of ports against 512. */
static void headers_are_sought_in_the_first_512_bytes(void **state)
{
	static const struct {
		uint16_t bytes;
		bool within;
	} cases[] = {{448, true}, {452, true}, {456, false}, {460, false}, {1000, false}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const struct frame_extension e = {EXTENSION_AH, cases[i].bytes};
		struct frame_spec s = extended6(&e, 1);
		struct parsed p;

		s.payload_bytes = 200;
		p = parse_spec(s);
		assert_int_equal(p.kind, FRAME_IPV6);
		assert_int_equal(p.anomaly, cases[i].within ? ANOMALY_NONE : ANOMALY_IPV6_CHAIN);
		assert_int_equal(p.source_port, cases[i].within ? 50007 : 0);
	}
}

/* The datagram ends inside a header of 24 bytes, padding or not. */
static void chain_that_is_cut_leaves_the_ports_unknown(void **state)
{
	const struct frame_extension e = {EXTENSION_ROUTING, 24};
	struct bytes f = built(extended6(&e, 1));

	(void)state;
	for (unsigned payload = 0; payload <= 28; payload++) {
		struct parsed p;

		put16(f.at + 18, payload);
		p = parse(&f);
		assert_int_equal(p.kind, FRAME_IPV6);
		assert_int_equal(p.anomaly, payload < 24   ? ANOMALY_IPV6_CHAIN
					    : payload < 28 ? ANOMALY_TRANSPORT_TRUNCATED
							   : ANOMALY_NONE);
		assert_int_equal((p.flags & FRAME_PORTS_KNOWN) != 0, payload == 28);
	}
	f.at[14 + 40 + 1] = 255; /* 2,048 bytes long, it says */
	put16(f.at + 18, f.length - 54);
	assert_int_equal(parse(&f).anomaly, ANOMALY_IPV6_CHAIN);
}

static void ipv6_fragments_are_flagged(void **state)
{
	static const struct {
		uint16_t offset;
		bool more;
		uint8_t flags;
	} cases[] = {
		{0, false, FRAME_PORTS_KNOWN}, /* atomic: RFC 6946 */
		{0, true, FRAME_PORTS_KNOWN | FRAME_FIRST_FRAGMENT},
		{1, true, FRAME_LATER_FRAGMENT},
		{0x1fff, false, FRAME_LATER_FRAGMENT},
	};
	static const struct frame_extension e[] = {
		{EXTENSION_HOP_BY_HOP, 8}, {EXTENSION_FRAGMENT, 8}, {EXTENSION_DESTINATION, 8}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		bool later = cases[i].offset != 0;
		struct frame_spec s = extended6(e, later ? 2 : 3);
		struct parsed p;

		s.fragment_offset = cases[i].offset;
		s.more_fragments = cases[i].more;
		p = parse_spec(s);
		assert_int_equal(p.kind, FRAME_IPV6);
		assert_int_equal(p.flags, cases[i].flags);
		assert_int_equal(p.protocol, PROTOCOL_UDP);
		assert_int_equal(p.source_port, later ? 0 : 50007);
		assert_int_equal(p.anomaly, ANOMALY_NONE);
	}
}

static struct fragment_key key_of(struct frame_spec s, const uint32_t *cut, unsigned cuts)
{
	struct bytes f = built(s);
	struct burst b = {.count = 1};
	uint64_t anomalies[ANOMALIES] = {0};
	struct fragment_key key;

	b.frame[0] = mbuf_exact(f.at, f.length, cut, cuts, 0);
	parse_burst(&b, anomalies);
	assert_true(b.flags[0] & (FRAME_FIRST_FRAGMENT | FRAME_LATER_FRAGMENT));
	memset(&key, 0xa5, sizeof(key));
	parse_fragment_key(&b, 0, &key);
	rte_pktmbuf_free(b.frame[0]);
	return key;
}

static struct frame_spec fragment(struct frame_spec s, uint32_t id, uint16_t offset, bool more)
{
	if (s.family == 6) {
		s.extension_count = 2;
		s.extensions[0] = (struct frame_extension){EXTENSION_ROUTING, 24};
		s.extensions[1] = (struct frame_extension){EXTENSION_FRAGMENT, 8};
	}
	s.fragment_id = id;
	s.fragment_offset = offset;
	s.more_fragments = more;
	return s;
}

static void all_fragments_of_a_datagram_have_one_key(void **state)
{
	static const uint32_t cuts[] = {16, 27, 33, 60, 85};
	struct frame_spec datagrams[] = {voice4(), voice6()};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(datagrams); i++) {
		struct frame_spec s = datagrams[i], options;
		struct fragment_key first = key_of(fragment(s, 0x1234, 0, true), NULL, 0);
		struct fragment_key later = key_of(fragment(s, 0x1234, 5, true), NULL, 0);
		struct fragment_key cut = key_of(fragment(s, 0x1234, 60, false), cuts, i ? 5 : 3);

		assert_int_equal(first.family, s.family);
		assert_int_equal(first.protocol, PROTOCOL_UDP);
		assert_memory_equal(first.source, s.source, 16);
		assert_memory_equal(first.destination, s.destination, 16);
		assert_memory_equal(&first, &later, sizeof(first));
		assert_memory_equal(&first, &cut, sizeof(first));
		options = s;
		options.ipv4_option_bytes = 8;
		later = key_of(fragment(options, 0x1234, 5, true), NULL, 0);
		assert_memory_equal(&first, &later, sizeof(first));
	}
}

static void fragments_of_other_datagrams_have_other_keys(void **state)
{
	struct frame_spec datagrams[] = {voice4(), voice6()};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(datagrams); i++) {
		struct frame_spec s = datagrams[i], other;
		struct fragment_key key = key_of(fragment(s, 7, 3, true), NULL, 0), k;

		k = key_of(fragment(s, 8, 3, true), NULL, 0);
		assert_memory_not_equal(&key, &k, sizeof(key));
		other = s;
		other.source[3] ^= 1;
		k = key_of(fragment(other, 7, 3, true), NULL, 0);
		assert_memory_not_equal(&key, &k, sizeof(key));
		other = s;
		other.destination[3] ^= 1;
		k = key_of(fragment(other, 7, 3, true), NULL, 0);
		assert_memory_not_equal(&key, &k, sizeof(key));
		other = s;
		other.protocol = PROTOCOL_TCP;
		k = key_of(fragment(other, 7, 3, true), NULL, 0);
		assert_memory_not_equal(&key, &k, sizeof(key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_extension_header_is_followed),
		cmocka_unit_test(chain_ends_at_encryption_and_at_no_next_header),
		cmocka_unit_test(eight_extension_headers_are_followed_and_no_more),
		cmocka_unit_test(headers_are_sought_in_the_first_512_bytes),
		cmocka_unit_test(chain_that_is_cut_leaves_the_ports_unknown),
		cmocka_unit_test(ipv6_fragments_are_flagged),
		cmocka_unit_test(all_fragments_of_a_datagram_have_one_key),
		cmocka_unit_test(fragments_of_other_datagrams_have_other_keys),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
