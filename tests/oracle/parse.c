/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle's parser: every byte through one function that knows the frame's end. */
#include "oracle/oracle.h"

#include <stdlib.h>
#include <string.h>

/* Headers are sought in this many bytes of the frame, and so many extension headers. */
enum { SPAN = 512, CHAIN = 8 };

static unsigned byte_at(const struct oracle_packet *p, uint32_t offset)
{
	if (offset >= p->length)
		abort(); /* the oracle itself never reads past a frame */
	return p->bytes[offset];
}

static unsigned word_at(const struct oracle_packet *p, uint32_t offset)
{
	return byte_at(p, offset) << 8 | byte_at(p, offset + 1);
}

static bool is_tag(unsigned ether_type)
{
	return ether_type == 0x8100 || ether_type == 0x88a8;
}

static bool carries_ports(unsigned protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 132;
}

static void parse_ports(struct oracle_packet *p, uint32_t at, uint32_t end)
{
	if (!carries_ports(p->protocol))
		return;
	if (end < at + 4) {
		p->anomaly = ANOMALY_TRANSPORT_TRUNCATED;
		return;
	}
	p->ports_known = true;
	p->source_port = word_at(p, at);
	p->destination_port = word_at(p, at + 2);
}

static enum anomaly ipv4_fault(const struct oracle_packet *p, uint32_t ip)
{
	if (p->length < ip + 20)
		return ANOMALY_IP_TRUNCATED;

	uint32_t header = (byte_at(p, ip) % 16) * 4;
	uint32_t total = word_at(p, ip + 2);

	if (byte_at(p, ip) / 16 != 4)
		return ANOMALY_IP_VERSION;
	if (header < 20 || ip + header > p->length)
		return ANOMALY_IPV4_HEADER_LENGTH;
	if (total < header || ip + total > p->length)
		return ANOMALY_IP_LENGTH;
	return ANOMALY_NONE;
}

static void parse_ipv4(struct oracle_packet *p, uint32_t ip)
{
	p->anomaly = ipv4_fault(p, ip);
	if (p->anomaly != ANOMALY_NONE)
		return;
	p->kind = ORACLE_IPV4;
	p->family = 4;
	p->dscp = byte_at(p, ip + 1) / 4;
	p->ip_bytes = word_at(p, ip + 2);
	p->fragment_id = word_at(p, ip + 4);
	p->protocol = p->fragment_protocol = byte_at(p, ip + 9);
	for (unsigned i = 0; i < 4; i++) {
		p->source[i] = (uint8_t)byte_at(p, ip + 12 + i);
		p->destination[i] = (uint8_t)byte_at(p, ip + 16 + i);
	}

	unsigned offset = word_at(p, ip + 6) % 0x2000;
	bool more = byte_at(p, ip + 6) & 0x20;

	p->later_fragment = offset != 0;
	p->first_fragment = offset == 0 && more;
	if (!p->later_fragment)
		parse_ports(p, ip + (byte_at(p, ip) % 16) * 4, ip + p->ip_bytes);
}

/* Bytes of the extension header at `at`; 0: not one. Needs its first two bytes. */
static uint32_t extension_bytes(const struct oracle_packet *p, unsigned type, uint32_t at)
{
	static const uint8_t in_eights[] = {0, 43, 60, 135, 139, 140};

	if (type == 44)
		return 8;
	if (type == 51)
		return (byte_at(p, at + 1) + 2) * 4;
	for (unsigned i = 0; i < sizeof(in_eights); i++) {
		if (type == in_eights[i])
			return (byte_at(p, at + 1) + 1) * 8;
	}
	return 0;
}

static bool is_extension(unsigned type)
{
	return type == 0 || type == 43 || type == 44 || type == 51 || type == 60 || type == 135 ||
	       type == 139 || type == 140;
}

/* Returns true where the chain ends: nothing after a later fragment's header is known.
 * A datagram's key is in its first fragment header, should there be more of them. */
static bool parse_fragment_header(struct oracle_packet *p, uint32_t at)
{
	unsigned offset = word_at(p, at + 2) / 8;
	bool more = byte_at(p, at + 3) & 1;

	if (!p->fragment_header) {
		p->fragment_header = true;
		p->fragment_id = (uint32_t)word_at(p, at + 4) << 16 | word_at(p, at + 6);
		p->fragment_protocol = byte_at(p, at);
	}
	p->later_fragment = offset != 0;
	p->first_fragment = offset == 0 && (more || p->first_fragment); /* else RFC 6946 */
	if (p->later_fragment)
		p->protocol = byte_at(p, at);
	return p->later_fragment;
}

static void parse_chain(struct oracle_packet *p, uint32_t at, uint32_t end)
{
	uint32_t reach = end < SPAN ? end : SPAN;

	for (unsigned followed = 0; is_extension(p->protocol); followed++) {
		if (followed == CHAIN || at + 2 > reach ||
		    at + extension_bytes(p, p->protocol, at) > reach) {
			p->anomaly = ANOMALY_IPV6_CHAIN;
			return;
		}
		if (p->protocol == 44 && parse_fragment_header(p, at))
			return;

		uint32_t bytes = extension_bytes(p, p->protocol, at);

		p->protocol = byte_at(p, at);
		at += bytes;
	}
	if (carries_ports(p->protocol) && at + 4 <= end && at + 4 > SPAN)
		p->anomaly = ANOMALY_IPV6_CHAIN;
	else
		parse_ports(p, at, end);
}

static void parse_ipv6(struct oracle_packet *p, uint32_t ip)
{
	if (p->length < ip + 40)
		p->anomaly = ANOMALY_IP_TRUNCATED;
	else if (byte_at(p, ip) / 16 != 6)
		p->anomaly = ANOMALY_IP_VERSION;
	else if (ip + 40 + word_at(p, ip + 4) > p->length)
		p->anomaly = ANOMALY_IP_LENGTH;
	if (p->anomaly != ANOMALY_NONE)
		return;
	p->kind = ORACLE_IPV6;
	p->family = 6;
	p->dscp = (word_at(p, ip) / 16 % 256) / 4;
	p->ip_bytes = 40 + word_at(p, ip + 4);
	p->protocol = byte_at(p, ip + 6);
	for (unsigned i = 0; i < 16; i++) {
		p->source[i] = (uint8_t)byte_at(p, ip + 8 + i);
		p->destination[i] = (uint8_t)byte_at(p, ip + 24 + i);
	}
	parse_chain(p, ip + 40, ip + p->ip_bytes);
}

/* Returns the offset of the last EtherType that could be read. */
static uint32_t parse_tags(struct oracle_packet *p)
{
	uint32_t at = 12;

	while (is_tag(word_at(p, at))) {
		if (p->tags == 2) {
			p->anomaly = ANOMALY_TAGS_DEEP;
			break;
		}
		if (p->length < at + 6) {
			p->anomaly = ANOMALY_TAG_TRUNCATED;
			break;
		}
		if (p->tags == 0) {
			p->pcp = (int)(word_at(p, at + 2) / 0x2000);
			p->vlan = (int)(word_at(p, at + 2) % 0x1000);
		}
		p->tags++;
		at += 4;
	}
	return at;
}

static void parse_by_type(struct oracle_packet *p, unsigned ether_type)
{
	if (ether_type == 0x8808)
		p->kind = ORACLE_PAUSE;
	else if (ether_type == 0x0806)
		p->kind = ORACLE_LINK_CONTROL;
	else if (ether_type == 0x0800)
		parse_ipv4(p, p->payload);
	else if (ether_type == 0x86dd)
		parse_ipv6(p, p->payload);
}

void oracle_parse(const uint8_t *frame, uint32_t length, struct oracle_packet *p)
{
	static const uint8_t group[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	memset(p, 0, sizeof(*p));
	p->bytes = frame;
	p->length = p->ip_bytes = length;
	p->vlan = p->pcp = -1;
	if (length < 14) {
		p->anomaly = ANOMALY_RUNT;
		return;
	}

	uint32_t type_at = parse_tags(p);

	p->payload = type_at + 2;
	p->ip_bytes = length - p->payload;
	if (memcmp(frame, group, 5) == 0 && frame[5] < 0x10) {
		p->link_local = true;
		p->kind = frame[5] == 1 ? ORACLE_PAUSE : ORACLE_LINK_CONTROL;
		p->anomaly = ANOMALY_NONE;
	} else if (p->anomaly == ANOMALY_NONE) {
		parse_by_type(p, word_at(p, type_at));
	}
}
