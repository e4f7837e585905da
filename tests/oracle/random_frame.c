/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/random_frame.h"

#include <string.h>

#include "oracle/random_policy.h"

static uint16_t random_vid(struct random *r)
{
	return (uint16_t)(random_chance(r, 90) ? random_below(r, 8) : random_below(r, 4096));
}

static struct frame_tag random_tag(struct random *r)
{
	return (struct frame_tag){
		.tpid = random_chance(r, 60) ? TPID_VLAN : TPID_QINQ,
		.tci = (uint16_t)(random_below(r, 16) << 12 | random_vid(r)),
	};
}

static void add_tags(struct random *r, struct frame_spec *s)
{
	uint32_t roll = random_below(r, 100);

	s->tag_count = (uint8_t)(roll < 50 ? 0 : roll < 78 ? 1 : roll < 98 ? 2 : 3);
	for (unsigned i = 0; i < s->tag_count; i++)
		s->tags[i] = random_tag(r);
}

static void add_extensions(struct random *r, struct frame_spec *s)
{
	static const uint8_t types[] = {
		EXTENSION_HOP_BY_HOP, EXTENSION_ROUTING, EXTENSION_DESTINATION, EXTENSION_AH,
		EXTENSION_MOBILITY,   EXTENSION_HIP,	 EXTENSION_SHIM6};
	unsigned most = random_chance(r, 85) ? 3 : FRAME_EXTENSIONS_MAX - 1;

	s->extension_count = (uint8_t)random_between(r, 1, most);
	for (unsigned i = 0; i < s->extension_count; i++) {
		struct frame_extension *e = &s->extensions[i];

		e->type = types[random_below(r, sizeof(types))];
		e->bytes = (uint16_t)(8 * random_between(r, 1, random_chance(r, 90) ? 4 : 32));
		if (e->type == EXTENSION_AH && random_chance(r, 50))
			e->bytes = (uint16_t)(e->bytes + 4);
	}
	if (random_chance(r, 15)) /* atomic: RFC 6946 */
		s->extensions[random_below(r, s->extension_count)].type = EXTENSION_FRAGMENT;
}

static void add_shape(struct random *r, struct frame_spec *s)
{
	random_bytes(r, s->ether_destination + 1, 5);
	random_bytes(r, s->ether_source + 1, 5);
	s->ether_destination[0] = (uint8_t)(2 * random_below(r, 128));
	s->tos = (uint8_t)(random_chance(r, 60) ? random_u64(r) : random_below(r, 4));
	if (random_chance(r, 15))
		s->tos = (uint8_t)(DSCP_EF << 2 | random_below(r, 4));
	s->payload_bytes = random_below(r, random_chance(r, 80) ? 40 : 1400);
	if (random_chance(r, 10))
		s->trailer_bytes = random_below(r, 50);
	s->fragment_id = (uint32_t)random_u64(r);
	if (s->family == 4 && random_chance(r, 15))
		s->ipv4_option_bytes = (uint8_t)(4 * random_between(r, 1, 10));
	if (s->family == 4 && random_chance(r, 10))
		s->wrong_checksum = true;
	if (s->family == 6 && random_chance(r, 25))
		add_extensions(r, s);
	add_tags(r, s);
}

static uint8_t protocol_with_ports(struct random *r)
{
	static const uint8_t common[] = {PROTOCOL_UDP, PROTOCOL_UDP, PROTOCOL_TCP, PROTOCOL_SCTP};

	return common[random_below(r, 4)];
}

struct frame_spec frame_at_random(struct random *r)
{
	struct frame_spec s = {.family = random_chance(r, 60) ? 4 : 6};

	random_address(r, s.family, s.source);
	random_address(r, s.family, s.destination);
	s.protocol = random_chance(r, 85) ? protocol_with_ports(r) : (uint8_t)random_u64(r);
	s.source_port =
		(uint16_t)(random_chance(r, 60) ? random_between(r, 49990, 50070) : random_u64(r));
	s.destination_port = (uint16_t)random_u64(r);
	add_shape(r, &s);
	return s;
}

static uint16_t port_for(struct random *r, const struct port_range *range, enum range_end end,
			 uint16_t otherwise)
{
	if (!range->named)
		return otherwise;
	switch (end) {
	case END_BELOW:
		return (uint16_t)(range->low - 1);
	case END_LOW:
		return range->low;
	case END_HIGH:
		return range->high;
	case END_ABOVE:
		return (uint16_t)(range->high + 1);
	default:
		return (uint16_t)random_between(r, range->low, range->high);
	}
}

static void name_vlan(struct random *r, struct frame_spec *s, int vlan)
{
	if (s->tag_count == 0)
		s->tags[0] = random_tag(r);
	if (s->tag_count == 0 || s->tag_count > 2)
		s->tag_count = 1;
	s->tags[0].tci = (uint16_t)((s->tags[0].tci & 0xf000) | (unsigned)vlan);
}

struct frame_spec frame_for_rule(struct random *r, const struct rule_spec *rule,
				 enum range_end source_end, enum range_end destination_end)
{
	struct frame_spec s = frame_at_random(r);
	uint8_t family = rule->source.family ? rule->source.family : rule->destination.family;

	if (family && family != s.family) {
		s.family = family;
		s.extension_count = 0;
		s.ipv4_option_bytes = 0;
		random_address(r, family, s.source);
		random_address(r, family, s.destination);
	}
	if (rule->source.family)
		random_address_within(r, &rule->source, s.source);
	if (rule->destination.family)
		random_address_within(r, &rule->destination, s.destination);
	if (rule->protocol != MATCH_ANY)
		s.protocol = (uint8_t)rule->protocol;
	else if (rule->source_port.named || rule->destination_port.named)
		s.protocol = protocol_with_ports(r);
	s.source_port = port_for(r, &rule->source_port, source_end, s.source_port);
	s.destination_port =
		port_for(r, &rule->destination_port, destination_end, s.destination_port);
	if (rule->vlan != MATCH_ANY)
		name_vlan(r, &s, rule->vlan);
	if (rule->dscp != MATCH_ANY)
		s.tos = (uint8_t)((unsigned)rule->dscp << 2 | (s.tos & 3));
	return s;
}

/* --- the stream ----------------------------------------------------------------------- */

static bool has_fragment_header(const struct frame_spec *s)
{
	for (unsigned i = 0; i < s->extension_count; i++) {
		if (s->extensions[i].type == EXTENSION_FRAGMENT)
			return true;
	}
	return false;
}

static void add_fragment_header(struct frame_spec *s)
{
	if (s->family != 6 || has_fragment_header(s))
		return;
	if (s->extension_count == FRAME_EXTENSIONS_MAX)
		s->extension_count--;
	s->extensions[s->extension_count++].type = EXTENSION_FRAGMENT;
}

/* Makes the frame the first of a datagram to come, and keeps it in mind; or, now and
 * then, an atomic one, which later fragments must not follow. */
static void begin_datagram(struct frame_source *s, struct frame_spec *f)
{
	add_fragment_header(f);
	f->more_fragments = !random_chance(&s->random, 10);
	s->datagram[s->datagram_next] = *f;
	s->datagram_next = (s->datagram_next + 1) % RANDOM_DATAGRAMS;
	if (s->datagrams < RANDOM_DATAGRAMS)
		s->datagrams++;
}

static struct frame_spec later_fragment(struct frame_source *s)
{
	struct random *r = &s->random;
	struct frame_spec f = s->datagram[random_below(r, s->datagrams)];

	f.fragment_offset = (uint16_t)random_between(r, 1, 8191);
	f.more_fragments = random_chance(r, 50);
	f.payload_bytes = random_below(r, 200);
	f.tos = (uint8_t)random_u64(r);
	if (random_chance(r, 10))
		f.fragment_id++; /* an orphan */
	if (random_chance(r, 5))
		f.source[f.family == 4 ? 3 : 15] ^= 1;
	return f;
}

static struct frame_spec frame_not_ip(struct random *r)
{
	struct frame_spec s = {.ether_type = (uint16_t)random_u64(r),
			       .payload_bytes = random_below(r, 100)};

	switch (random_below(r, 6)) {
	case 0:
		s = frame_arp();
		break;
	case 1:
		s = frame_lldp();
		break;
	case 2:
		s = frame_pause();
		break;
	case 3: /* link-local by address, IP by content */
		s = frame_at_random(r);
		memcpy(s.ether_destination, "\x01\x80\xc2\x00\x00", 5);
		s.ether_destination[5] = (uint8_t)random_below(r, 20);
		break;
	case 4: /* MAC control by type */
		s.ether_type = 0x8808;
		break;
	}
	add_tags(r, &s);
	return s;
}

static struct frame_spec next_spec(struct frame_source *s)
{
	struct random *r = &s->random;
	uint32_t roll = random_below(r, 100);
	struct frame_spec f;

	s->made++;
	if (roll < 4)
		return frame_not_ip(r);
	if (roll < 8 && s->datagrams)
		return later_fragment(s);
	if (roll < 20 || s->policy->rule_count == 0)
		f = frame_at_random(r);
	else
		f = frame_for_rule(
			r, &s->policy->rules[s->made % s->policy->rule_count],
			random_chance(r, 60) ? END_ANYWHERE
					     : (enum range_end)random_below(r, RANGE_ENDS),
			random_chance(r, 80) ? END_ANYWHERE
					     : (enum range_end)random_below(r, RANGE_ENDS));
	if (roll >= 98)
		begin_datagram(s, &f);
	if (random_chance(r, s->jumbo_percent))
		f.payload_bytes = random_below(r, 9000);
	return f;
}

static uint32_t break_frame(struct frame_source *s, const struct frame_spec *f, uint8_t *out,
			    uint32_t length)
{
	struct random *r = &s->random;
	uint32_t ip = frame_ip_offset(f), reach = length < ip + 60 ? length : ip + 60;

	switch (random_below(r, 4)) {
	case 0:
		return random_below(r, length + 1);
	case 1:
		return random_below(r, reach + 1);
	case 2:
		out[12 + random_below(r, reach - 12)] = (uint8_t)random_u64(r);
		return length;
	default: /* version, header length, lengths */
		if (length > ip + 6)
			out[ip + random_below(r, 7)] = (uint8_t)random_u64(r);
		return length;
	}
}

uint32_t frame_source_next(struct frame_source *s, uint8_t *out, uint32_t size)
{
	struct frame_spec f = next_spec(s);
	uint32_t length = frame_build(&f, out, size);

	if (length > 14 && random_chance(&s->random, s->broken_percent))
		length = break_frame(s, &f, out, length);
	return length;
}
