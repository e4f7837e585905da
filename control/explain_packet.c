/* SPDX-License-Identifier: BSD-3-Clause */
/* Words first, then the frame: Ethernet, tags, IP, and as much of a transport header as a
 * parser looks at. */
#include "explain_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/names.h"
#include "dataplane/diffserv.h"

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ICMPV6 = 58,
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	FRAGMENT_HEADER_BYTES = 8,
	FRAGMENT_HEADER = 44, /* the extension header's number (RFC 8200 4.5) */
	ADDRESS_TEXT_MAX = 64,
};

const char explain_packet_grammar[] =
	"PROTOCOL SOURCE[:PORT] DESTINATION[:PORT] [dscp D] [vlan V [vlan V]] [pcp P]\n"
	"[length BYTES] [fragment first|later]";

struct reading {
	struct explain_packet *packet;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reading *r, const char *format,
							...)
{
	va_list arguments;

	va_start(arguments, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.*): started above */
	vsnprintf(r->error, r->error_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static bool read_number(const char *text, unsigned long most, unsigned long *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *value <= most;
}

/* --- protocol and addresses ----------------------------------------------------------- */

static int read_protocol(const struct reading *r, const char *word)
{
	unsigned long number;
	int16_t named;

	if (protocol_by_name(word, &named))
		r->packet->protocol = (uint8_t)named;
	else if (read_number(word, UINT8_MAX, &number))
		r->packet->protocol = (uint8_t)number;
	else
		return refuse(r,
			      "'%s' is no protocol, expected udp, tcp, sctp, icmp, icmpv6, another "
			      "name, or a number from 0 to 255",
			      word);
	return 0;
}

/* "10.1.2.3:5", "[2001:db8::1]:5", "2001:db8::1": the address into text, the port's text or
 * NULL into *port. False where it is none of these. */
static bool cut_endpoint(const char *word, char text[ADDRESS_TEXT_MAX], const char **port)
{
	const char *end, *colon = strchr(word, ':');
	const bool bracketed = word[0] == '[';

	*port = NULL;
	if (bracketed) {
		end = strchr(++word, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return false;
		if (end[1] == ':')
			*port = end + 2;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		*port = colon + 1;
	} else {
		end = word + strlen(word);
	}
	if ((size_t)(end - word) >= ADDRESS_TEXT_MAX)
		return false;
	memcpy(text, word, (size_t)(end - word));
	text[end - word] = '\0';
	return true;
}

static uint8_t read_address(const char *text, uint8_t address[16])
{
	memset(address, 0, 16);
	if (inet_pton(AF_INET, text, address) == 1)
		return 4;
	return inet_pton(AF_INET6, text, address) == 1 ? 6 : 0;
}

static int read_endpoint(const struct reading *r, const char *what, const char *word,
			 uint8_t address[16], uint16_t *port, bool *named)
{
	char text[ADDRESS_TEXT_MAX];
	const char *port_text;
	unsigned long number = 0;
	uint8_t family = 0;

	if (cut_endpoint(word, text, &port_text))
		family = read_address(text, address);
	if (!family)
		return refuse(r,
			      "'%s' is no %s, expected an address such as 10.1.2.3, 10.1.2.3:5004, "
			      "2001:db8::1 or [2001:db8::1]:5004",
			      word, what);
	if (r->packet->family && family != r->packet->family)
		return refuse(r, "the source is IPv%u and the %s IPv%u, expected one family",
			      r->packet->family, what, family);
	r->packet->family = family;
	if (!port_text)
		return 0;
	if (!protocol_has_ports(r->packet->protocol))
		return refuse(r, "protocol %u has no ports, expected %s alone", r->packet->protocol,
			      text);
	if (!read_number(port_text, UINT16_MAX, &number))
		return refuse(r, "'%s' is no port of the %s, expected 0-65535", port_text, what);
	*port = (uint16_t)number;
	*named = true;
	return 0;
}

/* --- what may follow ------------------------------------------------------------------ */

static int read_dscp(const struct reading *r, const char *word)
{
	unsigned long number;

	if (dscp_by_name(word, &r->packet->dscp))
		return 0;
	if (!read_number(word, DSCP_VALUES - 1, &number))
		return refuse(r, "'%s' is no DSCP, expected a name such as EF or AF41, or 0-63",
			      word);
	r->packet->dscp = (uint8_t)number;
	return 0;
}

static int read_vlan(const struct reading *r, const char *word)
{
	unsigned long number;

	if (!read_number(word, VLAN_VID_MAX, &number))
		return refuse(r, "'%s' is no VLAN, expected 0-4094", word);
	if (r->packet->tag_count == EXPLAIN_TAGS_MAX)
		return refuse(r, "a third VLAN, expected two tags at most");
	r->packet->vlan[r->packet->tag_count++] = (uint16_t)number;
	return 0;
}

static int read_pcp(const struct reading *r, const char *word)
{
	unsigned long number;

	if (!read_number(word, PCP_VALUES - 1, &number))
		return refuse(r, "'%s' is no PCP, expected 0-7", word);
	r->packet->pcp = (uint8_t)number;
	return 0;
}

static int read_length(const struct reading *r, const char *word)
{
	unsigned long number;

	if (!read_number(word, MTU_MAX, &number))
		return refuse(r, "'%s' is no length, expected the IP datagram's bytes, up to %d",
			      word, MTU_MAX);
	r->packet->length = (uint32_t)number;
	return 0;
}

static int read_fragment(const struct reading *r, const char *word)
{
	if (strcasecmp(word, "first") == 0)
		r->packet->fragment = FRAGMENT_FIRST;
	else if (strcasecmp(word, "later") == 0)
		r->packet->fragment = FRAGMENT_LATER;
	else
		return refuse(r, "'%s' is no fragment, expected first or later", word);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(const struct reading *r, const char *word);
	bool again; /* may stand twice */
} attributes[] = {
	{"dscp", read_dscp, false},	    {"vlan", read_vlan, true},
	{"pcp", read_pcp, false},	    {"length", read_length, false},
	{"fragment", read_fragment, false},
};

enum { ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0]) };

static int read_attributes(const struct reading *r, const char *const *words, size_t count,
			   bool seen[ATTRIBUTES])
{
	for (size_t i = 0; i < count; i += 2) {
		size_t k = 0;
		int err;

		while (k < ATTRIBUTES && strcasecmp(words[i], attributes[k].name) != 0)
			k++;
		if (k == ATTRIBUTES)
			return refuse(r,
				      "'%s' is unknown, expected dscp, vlan, pcp, length or "
				      "fragment",
				      words[i]);
		if (i + 1 == count)
			return refuse(r, "%s without a value", words[i]);
		if (seen[k] && !attributes[k].again)
			return refuse(r, "%s stands twice, expected it once", words[i]);
		seen[k] = true;
		err = attributes[k].read(r, words[i + 1]);
		if (err)
			return err;
	}
	return 0;
}

/* --- sizes ---------------------------------------------------------------------------- */

static uint32_t ip_header_bytes(const struct explain_packet *p)
{
	if (p->family == 4)
		return IPV4_HEADER_BYTES;
	return IPV6_HEADER_BYTES + (p->fragment != FRAGMENT_NONE ? FRAGMENT_HEADER_BYTES : 0);
}

static uint32_t transport_bytes(const struct explain_packet *p)
{
	if (p->fragment == FRAGMENT_LATER)
		return 8; /* of somebody's payload */
	switch (p->protocol) {
	case PROTOCOL_TCP:
		return 20;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
	case PROTOCOL_UDP:
		return 8;
	default:
		return protocol_has_ports(p->protocol) ? 12 : 0;
	}
}

static int check_whole(const struct reading *r, const bool seen[ATTRIBUTES])
{
	const struct explain_packet *p = r->packet;
	const uint32_t least = ip_header_bytes(p) + transport_bytes(p);

	if (p->length < least)
		return refuse(r,
			      "a length of %u is too short, expected %u at least for its headers",
			      p->length, least);
	if (seen[2] && p->tag_count == 0)
		return refuse(r, "pcp without a tag to carry it, expected vlan, too (vlan 0 is a "
				 "priority tag)");
	if (p->fragment == FRAGMENT_LATER && (p->source_port_named || p->destination_port_named))
		return refuse(r, "a later fragment carries no ports, expected addresses alone");
	return 0;
}

int explain_packet_parse(const char *const *words, size_t count, struct explain_packet *p,
			 char *error, size_t error_size)
{
	const struct reading r = {p, error, error_size};
	bool seen[ATTRIBUTES] = {false};
	int err;

	*p = (struct explain_packet){.length = EXPLAIN_LENGTH_DEFAULT};
	if (count < 3)
		return refuse(&r, "no whole packet, expected PROTOCOL SOURCE DESTINATION, such as "
				  "udp 10.1.2.3:50007 52.112.0.1:3478");
	err = read_protocol(&r, words[0]);
	if (!err)
		err = read_endpoint(&r, "source", words[1], p->source, &p->source_port,
				    &p->source_port_named);
	if (!err)
		err = read_endpoint(&r, "destination", words[2], p->destination,
				    &p->destination_port, &p->destination_port_named);
	if (!err)
		err = read_attributes(&r, words + 3, count - 3, seen);
	return err ? err : check_whole(&r, seen);
}

/* --- the frame ------------------------------------------------------------------------ */

static uint8_t *put16(uint8_t *out, unsigned value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return out + 2;
}

/* RFC 1071, over IPv4's header with the checksum 0. */
static uint16_t header_checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < IPV4_HEADER_BYTES; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint8_t *put_ethernet(const struct explain_packet *p, uint8_t *out)
{
	static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	memcpy(out, addresses, sizeof(addresses));
	out += sizeof(addresses);
	for (size_t i = 0; i < p->tag_count; i++) {
		out = put16(out, i == 0 && p->tag_count > 1 ? 0x88a8 : 0x8100);
		out = put16(out, (unsigned)p->pcp << 13 | p->vlan[i]);
	}
	return put16(out, p->family == 4 ? 0x0800 : 0x86dd);
}

static uint8_t *put_ipv4(const struct explain_packet *p, uint8_t *out)
{
	static const unsigned fragment[] = {
		[FRAGMENT_NONE] = 0, [FRAGMENT_FIRST] = 0x2000, [FRAGMENT_LATER] = 185};

	out[0] = 0x45;
	out[1] = (uint8_t)(p->dscp << 2);
	put16(out + 2, p->length);
	put16(out + 6, fragment[p->fragment]);
	out[8] = 64;
	out[9] = p->protocol;
	memcpy(out + 12, p->source, 4);
	memcpy(out + 16, p->destination, 4);
	put16(out + 10, header_checksum(out));
	return out + IPV4_HEADER_BYTES;
}

static uint8_t *put_ipv6(const struct explain_packet *p, uint8_t *out)
{
	const bool fragment = p->fragment != FRAGMENT_NONE;

	out[0] = (uint8_t)(0x60 | p->dscp >> 2);
	out[1] = (uint8_t)(p->dscp << 6);
	put16(out + 4, p->length - IPV6_HEADER_BYTES);
	out[6] = fragment ? FRAGMENT_HEADER : p->protocol;
	out[7] = 64;
	memcpy(out + 8, p->source, 16);
	memcpy(out + 24, p->destination, 16);
	out += IPV6_HEADER_BYTES;
	if (!fragment)
		return out;
	out[0] = p->protocol;
	put16(out + 2, p->fragment == FRAGMENT_FIRST ? 1 : 185 << 3);
	return out + FRAGMENT_HEADER_BYTES;
}

static void put_transport(const struct explain_packet *p, uint8_t *out, uint32_t bytes)
{
	if (p->fragment == FRAGMENT_LATER)
		return;
	if (protocol_has_ports(p->protocol)) {
		put16(out, p->source_port);
		put16(out + 2, p->destination_port);
	}
	if (p->protocol == PROTOCOL_UDP)
		put16(out + 4, bytes);
	else if (p->protocol == PROTOCOL_TCP)
		out[12] = 5 << 4; /* header length in words */
	else if (p->protocol == PROTOCOL_ICMP)
		out[0] = 8; /* echo request */
	else if (p->protocol == PROTOCOL_ICMPV6)
		out[0] = 128;
}

uint32_t explain_packet_build(const struct explain_packet *p, uint8_t *out)
{
	uint8_t *ip, *transport;

	memset(out, 0, EXPLAIN_FRAME_MAX);
	ip = put_ethernet(p, out);
	transport = p->family == 4 ? put_ipv4(p, ip) : put_ipv6(p, ip);
	put_transport(p, transport, p->length - (uint32_t)(transport - ip));
	return (uint32_t)(ip - out) + p->length;
}
