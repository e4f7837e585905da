/* SPDX-License-Identifier: BSD-3-Clause */
/* Words in, a frame out: read back by the oracle's parser. And what is refused says what
 * was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "explain_packet.h"
#include "oracle/oracle.h"
#include "support/frames.h"

static int parse(const char *text, struct explain_packet *p, char error[256])
{
	const char *words[EXPLAIN_WORDS_MAX];
	char copy[512], *rest = copy, *word;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word)
			words[count++] = word;
	return explain_packet_parse(words, count, p, error, 256);
}

static struct oracle_packet built(const char *text)
{
	static uint8_t bytes[EXPLAIN_FRAME_MAX];
	struct oracle_packet packet;
	struct explain_packet p;
	char error[256] = "";
	int err = parse(text, &p, error);

	if (err)
		fail_msg("%s: %s", text, error);
	oracle_parse(bytes, explain_packet_build(&p, bytes), &packet);
	assert_int_equal(packet.anomaly, ANOMALY_NONE);
	if (p.family == 4)
		assert_int_equal(frame_checksum(bytes + packet.payload, 20), 0);
	return packet;
}

static void addresses_and_ports(void **state)
{
	struct oracle_packet p = built("udp 10.1.2.3:50007 52.112.0.1:3478");
	uint8_t address[16];

	(void)state;
	assert_int_equal(p.family, 4);
	assert_int_equal(p.protocol, 17);
	assert_int_equal(p.source_port, 50007);
	assert_int_equal(p.destination_port, 3478);
	assert_true(p.ports_known);
	assert_int_equal(p.ip_bytes, 200);
	assert_int_equal(p.tags, 0);
	frame_address("10.1.2.3", address);
	assert_memory_equal(p.source, address, 4);

	p = built("TCP [2001:db8::1]:1 [2001:db8::2]:65535");
	assert_int_equal(p.family, 6);
	assert_int_equal(p.protocol, 6);
	assert_int_equal(p.destination_port, 65535);
	frame_address("2001:db8::2", address);
	assert_memory_equal(p.destination, address, 16);

	p = built("sctp 2001:db8::1 2001:db8::2");
	assert_true(p.ports_known);
	assert_int_equal(p.source_port, 0);
	p = built("icmp 10.0.0.1 10.0.0.2");
	assert_false(p.ports_known);
	assert_int_equal(p.protocol, 1);
	p = built("200 10.0.0.1 10.0.0.2 length 20");
	assert_int_equal(p.protocol, 200);
	assert_int_equal(p.ip_bytes, 20);
}

static void attributes(void **state)
{
	struct oracle_packet p = built("udp 10.0.0.1 10.0.0.2 dscp EF vlan 10 pcp 5 length 1500");

	(void)state;
	assert_int_equal(p.dscp, 46);
	assert_int_equal(p.tags, 1);
	assert_int_equal(p.vlan, 10);
	assert_int_equal(p.pcp, 5);
	assert_int_equal(p.ip_bytes, 1500);
	p = built("udp 2001:db8::1 2001:db8::2 dscp 63 vlan 4094 vlan 0 pcp 7 length 9216");
	assert_int_equal(p.dscp, 63);
	assert_int_equal(p.tags, 2);
	assert_int_equal(p.vlan, 4094);
	assert_int_equal(p.pcp, 7);
	assert_int_equal(p.ip_bytes, 9216);
}

static void fragments(void **state)
{
	struct oracle_packet p = built("udp 10.0.0.1:5 10.0.0.2:6 fragment first");

	(void)state;
	assert_true(p.first_fragment && p.ports_known);
	assert_int_equal(p.source_port, 5);
	p = built("udp 10.0.0.1 10.0.0.2 fragment later");
	assert_true(p.later_fragment && !p.ports_known);
	p = built("udp [::1]:5 [::2]:6 fragment first");
	assert_true(p.first_fragment && p.ports_known);
	assert_int_equal(p.protocol, 17);
	p = built("tcp ::1 ::2 fragment later length 1280");
	assert_true(p.later_fragment && !p.ports_known);
	assert_int_equal(p.protocol, 6);
	assert_int_equal(p.ip_bytes, 1280);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "no whole packet, expected PROTOCOL SOURCE DESTINATION"},
		{"udp 10.0.0.1", "no whole packet"},
		{"upd 10.0.0.1 10.0.0.2", "'upd' is no protocol, expected udp, tcp"},
		{"256 10.0.0.1 10.0.0.2", "'256' is no protocol"},
		{"-1 10.0.0.1 10.0.0.2", "'-1' is no protocol"},
		{"udp 10.0.0 10.0.0.2", "'10.0.0' is no source, expected an address"},
		{"udp 10.0.0.1 [::1", "'[::1' is no destination"},
		{"udp [::1]5 ::1", "'[::1]5' is no source"},
		{"udp 10.0.0.1:65536 10.0.0.2", "'65536' is no port of the source"},
		{"udp 10.0.0.1:5x 10.0.0.2", "'5x' is no port of the source, expected 0-65535"},
		{"udp 10.0.0.1: 10.0.0.2", "'' is no port"},
		{"icmp 10.0.0.1:8 10.0.0.2", "protocol 1 has no ports, expected 10.0.0.1 alone"},
		{"udp 10.0.0.1 ::1", "the source is IPv4 and the destination IPv6"},
		{"udp 10.0.0.1 10.0.0.2 dscp", "dscp without a value"},
		{"udp 10.0.0.1 10.0.0.2 dscp AF45", "'AF45' is no DSCP, expected a name"},
		{"udp 10.0.0.1 10.0.0.2 dscp 64", "'64' is no DSCP"},
		{"udp 10.0.0.1 10.0.0.2 dscp 1 dscp 2", "dscp stands twice"},
		{"udp 10.0.0.1 10.0.0.2 vlan 4095", "'4095' is no VLAN, expected 0-4094"},
		{"udp 10.0.0.1 10.0.0.2 vlan 1 vlan 2 vlan 3", "two tags at most"},
		{"udp 10.0.0.1 10.0.0.2 pcp 5", "pcp without a tag"},
		{"udp 10.0.0.1 10.0.0.2 vlan 1 pcp 8", "'8' is no PCP, expected 0-7"},
		{"udp 10.0.0.1 10.0.0.2 length 27", "expected 28 at least for its headers"},
		{"tcp ::1 ::2 length 59", "expected 60 at least"},
		{"udp 10.0.0.1 10.0.0.2 length 9217", "'9217' is no length"},
		{"udp 10.0.0.1 10.0.0.2 fragment last", "'last' is no fragment, expected first or"},
		{"udp 10.0.0.1:5 10.0.0.2 fragment later", "a later fragment carries no ports"},
		{"udp 10.0.0.1 10.0.0.2 ttl 5", "'ttl' is unknown, expected dscp, vlan"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct explain_packet p;
		char error[256] = "";

		if (parse(cases[i].text, &p, error) == 0 || !strstr(error, cases[i].says))
			fail_msg("'%s': expected …%s…, found: %s", cases[i].text, cases[i].says,
				 error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_ports),
		cmocka_unit_test(attributes),
		cmocka_unit_test(fragments),
		cmocka_unit_test(what_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
