/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A parser of its own, for source addresses only: the captured frame has not been in the
 * pipeline yet. ARP counts as IP, by its sender's protocol address. The MAC addresses
 * learned are bounded: a later one replaces an earlier one of the same hash.
 */
#include "sides.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAC_BYTES = 6,
	MAC_ENTRIES = 4096,
	PREFIXES_MAX = 64,
	TAGS_MAX = 2,

	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
};

struct site_prefix {
	unsigned family; /* 4 or 6 */
	unsigned length;
	uint8_t address[16];
};

struct learned {
	uint8_t mac[MAC_BYTES];
	bool known;
	uint8_t direction;
};

struct sides {
	struct site_prefix prefixes[PREFIXES_MAX];
	size_t count;
	struct learned macs[MAC_ENTRIES];
};

static bool parse_prefix(char *text, struct site_prefix *p)
{
	char *slash = strchr(text, '/'), *end;
	unsigned long length;
	bool sound;

	p->family = strchr(text, ':') ? 6 : 4;
	p->length = p->family == 6 ? 128 : 32;
	if (slash)
		*slash = '\0';
	sound = inet_pton(p->family == 6 ? AF_INET6 : AF_INET, text, p->address) == 1;
	if (slash)
		*slash = '/';
	if (!sound || !slash)
		return sound;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	errno = 0;
	length = strtoul(slash + 1, &end, 10);
	if (errno || *end || length > p->length)
		return false;
	p->length = (unsigned)length;
	return true;
}

struct sides *sides_create(const char *prefixes, char **wrong)
{
	struct sides *s = calloc(1, sizeof(*s));
	char *list = strdup(prefixes), *rest = list, *part;
	bool sound = s && list;

	*wrong = NULL;
	while (sound && (part = strsep(&rest, ",")) != NULL) {
		sound = s->count < PREFIXES_MAX && parse_prefix(part, &s->prefixes[s->count]);
		s->count++;
		if (!sound)
			*wrong = strdup(part);
	}
	free(list);
	if (sound)
		return s;
	free(s);
	return NULL;
}

void sides_destroy(struct sides *s)
{
	free(s);
}

static bool prefix_holds(const struct site_prefix *p, unsigned family, const uint8_t *address)
{
	unsigned whole = p->length / 8, rest = p->length % 8;

	if (p->family != family || memcmp(p->address, address, whole) != 0)
		return false;
	return rest == 0 || ((p->address[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

static uint16_t read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* The frame's IP source, or NULL. */
static const uint8_t *source_address(const uint8_t *frame, uint32_t length, unsigned *family)
{
	uint32_t at = 2 * MAC_BYTES;
	uint16_t type;

	if (length < at + 2)
		return NULL;
	type = read_u16(frame + at);
	for (int tag = 0; tag < TAGS_MAX && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ);
	     tag++) {
		at += VLAN_TAG_BYTES;
		if (length < at + 2)
			return NULL;
		type = read_u16(frame + at);
	}
	frame += at + 2;
	length -= at + 2;
	*family = type == ETHERTYPE_IPV6 ? 6 : 4;
	if (type == ETHERTYPE_IPV4 && length >= 20 && frame[0] >> 4 == 4)
		return frame + 12;
	if (type == ETHERTYPE_IPV6 && length >= 40 && frame[0] >> 4 == 6)
		return frame + 8;
	/* RFC 826, over Ethernet and IPv4: the sender's protocol address. */
	if (type == ETHERTYPE_ARP && length >= 28 && read_u16(frame + 2) == ETHERTYPE_IPV4 &&
	    frame[4] == MAC_BYTES && frame[5] == 4)
		return frame + 14;
	return NULL;
}

static struct learned *learned_entry(struct sides *s, const uint8_t *mac)
{
	uint32_t hash = 2166136261u;

	for (int i = 0; i < MAC_BYTES; i++)
		hash = (hash ^ mac[i]) * 16777619u;
	return &s->macs[hash % MAC_ENTRIES];
}

enum direction sides_direction(struct sides *s, const uint8_t *frame, uint32_t length)
{
	enum direction direction = DOWNSTREAM;
	const uint8_t *mac, *address;
	struct learned *entry;
	unsigned family;

	if (length < 2 * MAC_BYTES)
		return DOWNSTREAM;
	mac = frame + MAC_BYTES;
	entry = learned_entry(s, mac);
	address = source_address(frame, length, &family);
	if (!address) {
		bool known = entry->known && memcmp(entry->mac, mac, MAC_BYTES) == 0;

		return known ? (enum direction)entry->direction : DOWNSTREAM;
	}
	for (size_t i = 0; i < s->count && direction == DOWNSTREAM; i++)
		if (prefix_holds(&s->prefixes[i], family, address))
			direction = UPSTREAM;
	memcpy(entry->mac, mac, MAC_BYTES);
	entry->known = true;
	entry->direction = (uint8_t)direction;
	return direction;
}
