/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/frames.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	uint8_t *at;
	uint32_t used, size;
	bool overrun;
};

static uint8_t *reserve(struct writer *w, uint32_t bytes)
{
	static uint8_t waste[FRAME_BYTES_MAX];
	uint8_t *at = w->at + w->used;

	if (w->overrun || bytes > w->size - w->used) {
		w->overrun = true;
		return waste;
	}
	memset(at, 0, bytes);
	w->used += bytes;
	return at;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

uint16_t frame_checksum(const uint8_t *header, uint32_t bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool all_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static void put_ethernet(struct writer *w, const struct frame_spec *s)
{
	static const uint8_t destination[6] = {2, 0, 0, 0, 0, 2}, source[6] = {2, 0, 0, 0, 0, 1};
	uint8_t *at = reserve(w, 12);
	uint32_t type = s->ether_type;

	memcpy(at, all_zero(s->ether_destination, 6) ? destination : s->ether_destination, 6);
	memcpy(at + 6, all_zero(s->ether_source, 6) ? source : s->ether_source, 6);
	for (unsigned i = 0; i < s->tag_count; i++) {
		at = reserve(w, 4);
		put16(at, s->tags[i].tpid);
		put16(at + 2, s->tags[i].tci);
	}
	if (!type && s->family)
		type = s->family == 6 ? 0x86dd : 0x0800;
	put16(reserve(w, 2), type);
}

static uint32_t transport_bytes(const struct frame_spec *s)
{
	if (s->fragment_offset)
		return 0;
	switch (s->protocol) {
	case PROTOCOL_UDP:
		return 8;
	case PROTOCOL_TCP:
		return 20;
	case PROTOCOL_SCTP:
		return 12;
	default:
		return 0;
	}
}

static void put_transport(struct writer *w, const struct frame_spec *s)
{
	uint32_t bytes = transport_bytes(s);
	uint8_t *at = reserve(w, bytes);

	if (bytes) {
		put16(at, s->source_port);
		put16(at + 2, s->destination_port);
	}
	if (bytes && s->protocol == PROTOCOL_UDP)
		put16(at + 4, 8 + s->payload_bytes);
	if (bytes && s->protocol == PROTOCOL_TCP)
		at[12] = 5 << 4;
	at = reserve(w, s->payload_bytes);
	for (uint32_t i = 0; i < s->payload_bytes && !w->overrun; i++)
		at[i] = (uint8_t)(i + 1);
}

static void put_ipv4(struct writer *w, const struct frame_spec *s)
{
	uint32_t header = 20u + s->ipv4_option_bytes;
	uint8_t *at = reserve(w, header);

	at[0] = (uint8_t)(4 << 4 | header / 4);
	at[1] = s->tos;
	put16(at + 2, header + transport_bytes(s) + s->payload_bytes);
	put16(at + 4, s->fragment_id);
	put16(at + 6, (s->more_fragments ? 0x2000u : 0) | s->fragment_offset);
	at[8] = 64;
	at[9] = s->protocol;
	memcpy(at + 12, s->source, 4);
	memcpy(at + 16, s->destination, 4);
	memset(at + 20, 1, s->ipv4_option_bytes); /* no-operation options */
	put16(at + 10, frame_checksum(at, header));
	if (s->wrong_checksum)
		at[11] ^= 0x5a;
}

static uint32_t extension_bytes(const struct frame_extension *e)
{
	return e->bytes && e->type != EXTENSION_FRAGMENT ? e->bytes : 8;
}

static uint32_t extensions_bytes(const struct frame_spec *s)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < s->extension_count; i++)
		sum += extension_bytes(&s->extensions[i]);
	return sum;
}

static uint8_t next_header(const struct frame_spec *s, unsigned i)
{
	return i < s->extension_count ? s->extensions[i].type : s->protocol;
}

static void put_extension(struct writer *w, const struct frame_spec *s, unsigned i)
{
	uint32_t bytes = extension_bytes(&s->extensions[i]);
	uint8_t *at = reserve(w, bytes);

	at[0] = next_header(s, i + 1);
	switch (s->extensions[i].type) {
	case EXTENSION_FRAGMENT:
		put16(at + 2, (uint32_t)s->fragment_offset << 3 | s->more_fragments);
		put32(at + 4, s->fragment_id);
		break;
	case EXTENSION_AH:
		at[1] = (uint8_t)(bytes / 4 - 2);
		break;
	default:
		at[1] = (uint8_t)(bytes / 8 - 1);
	}
}

static void put_ipv6(struct writer *w, const struct frame_spec *s)
{
	uint8_t *at = reserve(w, 40);

	put32(at, UINT32_C(6) << 28 | (uint32_t)s->tos << 20 | 0x12345);
	put16(at + 4, extensions_bytes(s) + transport_bytes(s) + s->payload_bytes);
	at[6] = next_header(s, 0);
	at[7] = 64;
	memcpy(at + 8, s->source, 16);
	memcpy(at + 24, s->destination, 16);
	for (unsigned i = 0; i < s->extension_count; i++)
		put_extension(w, s, i);
}

uint32_t frame_build(const struct frame_spec *s, uint8_t *out, uint32_t size)
{
	struct writer w = {.at = out, .size = size};

	put_ethernet(&w, s);
	if (s->family == 4)
		put_ipv4(&w, s);
	else if (s->family == 6)
		put_ipv6(&w, s);
	put_transport(&w, s);
	reserve(&w, s->trailer_bytes);
	return w.overrun ? 0 : w.used;
}

uint32_t frame_ip_offset(const struct frame_spec *s)
{
	return 14u + 4u * s->tag_count;
}

uint32_t frame_transport_offset(const struct frame_spec *s)
{
	uint32_t header = 0;

	if (s->family == 4)
		header = 20u + s->ipv4_option_bytes;
	else if (s->family == 6)
		header = 40 + extensions_bytes(s);
	return frame_ip_offset(s) + header;
}

uint8_t frame_address(const char *text, uint8_t out[16])
{
	memset(out, 0, 16);
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, out) == 1)
		return 6;
	fprintf(stderr, "test: not an address: %s\n", text);
	abort();
}

static struct frame_spec frame_ports(uint8_t protocol, const char *source, uint16_t source_port,
				     const char *destination, uint16_t destination_port)
{
	struct frame_spec s = {
		.protocol = protocol,
		.source_port = source_port,
		.destination_port = destination_port,
		.payload_bytes = 20,
	};

	s.family = frame_address(source, s.source);
	if (frame_address(destination, s.destination) != s.family)
		abort();
	return s;
}

struct frame_spec frame_udp4(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port)
{
	return frame_ports(PROTOCOL_UDP, source, source_port, destination, destination_port);
}

struct frame_spec frame_tcp4(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port)
{
	return frame_ports(PROTOCOL_TCP, source, source_port, destination, destination_port);
}

struct frame_spec frame_udp6(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port)
{
	return frame_ports(PROTOCOL_UDP, source, source_port, destination, destination_port);
}

struct frame_spec frame_tcp6(const char *source, uint16_t source_port, const char *destination,
			     uint16_t destination_port)
{
	return frame_ports(PROTOCOL_TCP, source, source_port, destination, destination_port);
}

struct frame_spec frame_arp(void)
{
	return (struct frame_spec){.ether_type = 0x0806, .payload_bytes = 46};
}

struct frame_spec frame_lldp(void)
{
	return (struct frame_spec){.ether_destination = {0x01, 0x80, 0xc2, 0, 0, 0x0e},
				   .ether_type = 0x88cc,
				   .payload_bytes = 46};
}

struct frame_spec frame_pause(void)
{
	return (struct frame_spec){.ether_destination = {0x01, 0x80, 0xc2, 0, 0, 0x01},
				   .ether_type = 0x8808,
				   .payload_bytes = 46};
}
