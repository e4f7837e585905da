/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sets of packets as boxes: a closed interval in each field that a rule or trust may look
 * at. A rule is one box; what is left of a box outside another is a few boxes. So what a
 * list of rules does can be compared exactly, without trying packets.
 *
 * The fields are those that the parser gives: an IPv4 address stands in the upper 32 bits
 * of its field, a frame without a tag has VLAN REGION_UNTAGGED.
 */
#ifndef EDGEMARK_CONFIG_REGION_H
#define EDGEMARK_CONFIG_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model.h"

enum region_field {
	REGION_FAMILY, /* 0: IPv4, 1: IPv6 */
	REGION_PROTOCOL,
	REGION_PORTS_KNOWN, /* 0: a later fragment, or a protocol without ports; 1 */
	REGION_SOURCE_PORT,
	REGION_DESTINATION_PORT,
	REGION_VLAN,
	REGION_DSCP,
	REGION_PCP, /* of the outermost tag; 0 where there is none */
	REGION_FIELDS,
};

enum {
	REGION_UNTAGGED = 4096,
	REGION_PARTS_MAX = 2 * (REGION_FIELDS + 2),
	REGION_TEXT_SIZE = 320,
};

typedef unsigned __int128 region_address;

struct region_addresses {
	region_address low, high;
};

struct region {
	uint16_t low[REGION_FIELDS], high[REGION_FIELDS];
	struct region_addresses source, destination;
};

/* Every packet of IP. */
struct region region_all(void);
struct region region_of_rule(const struct config_rule *r);

/* Narrows r to sources (or destinations) within p, and to p's family. */
void region_narrow_source(struct region *r, const struct config_prefix *p);
void region_narrow_destination(struct region *r, const struct config_prefix *p);

/* Narrows one field to [low, high]. */
void region_narrow(struct region *r, enum region_field f, uint16_t low, uint16_t high);

static inline bool addresses_meet(const struct region_addresses *a,
				  const struct region_addresses *b)
{
	return a->low <= b->high && b->low <= a->high;
}

/* All fields at once: many regions are compared with many. */
static inline bool regions_meet(const struct region *a, const struct region *b)
{
	typedef uint16_t fields __attribute__((vector_size(REGION_FIELDS * sizeof(uint16_t))));
	typedef uint64_t halves __attribute__((vector_size(REGION_FIELDS * sizeof(uint16_t))));
	fields a_low, a_high, b_low, b_high;
	halves apart;

	memcpy(&a_low, a->low, sizeof(a_low));
	memcpy(&a_high, a->high, sizeof(a_high));
	memcpy(&b_low, b->low, sizeof(b_low));
	memcpy(&b_high, b->high, sizeof(b_high));
	apart = (halves)((a_low > b_high) | (b_low > a_high));
	return (apart[0] | apart[1]) == 0 && addresses_meet(&a->source, &b->source) &&
	       addresses_meet(&a->destination, &b->destination);
}

bool region_within(const struct region *inner, const struct region *outer);

/* Whether some packet can be in it: only UDP, TCP and SCTP have ports, only a tag a PCP. */
bool region_is_possible(const struct region *r);

/* Of regions that meet: the parts of whole outside cut, disjoint, into parts (their number is
 * returned), and the part inside into *inside. */
size_t region_split(const struct region *whole, const struct region *cut,
		    struct region parts[REGION_PARTS_MAX], struct region *inside);

/* Joins regions that together are a box, in place; returns how many are left. */
size_t regions_join(struct region *regions, size_t count);

/* "udp source port 50020-50039, from 10.1.0.0/16"; "any packet". */
const char *region_describe(const struct region *r, char *buffer, size_t size);

#endif
