/* SPDX-License-Identifier: BSD-3-Clause */
/* The arithmetic of boxes; their words are in region_text.c. */
#include "region.h"

#include <string.h>

#include "names.h"

static const uint16_t field_max[REGION_FIELDS] = {
	[REGION_FAMILY] = 1,
	[REGION_PROTOCOL] = 255,
	[REGION_PORTS_KNOWN] = 1,
	[REGION_SOURCE_PORT] = UINT16_MAX,
	[REGION_DESTINATION_PORT] = UINT16_MAX,
	[REGION_VLAN] = REGION_UNTAGGED,
	[REGION_DSCP] = DSCP_VALUES - 1,
	[REGION_PCP] = PCP_VALUES - 1,
};

static const struct region_addresses any_address = {0, ~(region_address)0};

/* --- making ------------------------------------------------------------------------ */

struct region region_all(void)
{
	struct region r = {.source = any_address, .destination = any_address};

	memcpy(r.high, field_max, sizeof(r.high));
	return r;
}

void region_narrow(struct region *r, enum region_field f, uint16_t low, uint16_t high)
{
	r->low[f] = low;
	r->high[f] = high;
}

static struct region_addresses addresses_of(const struct config_prefix *p)
{
	struct region_addresses a = {0, 0};

	for (size_t i = 0; i < sizeof(p->address); i++)
		a.low = a.low << 8 | p->address[i];
	a.high = a.low | (p->length < 128 ? ~(region_address)0 >> p->length : 0);
	return a;
}

static void narrow_family(struct region *r, const struct config_prefix *p)
{
	region_narrow(r, REGION_FAMILY, p->family == 6, p->family == 6);
}

void region_narrow_source(struct region *r, const struct config_prefix *p)
{
	narrow_family(r, p);
	r->source = addresses_of(p);
}

void region_narrow_destination(struct region *r, const struct config_prefix *p)
{
	narrow_family(r, p);
	r->destination = addresses_of(p);
}

/* A rule that names a port asks for known ones. */
static void narrow_ports(struct region *r, enum region_field f, const struct config_port_range *p)
{
	if (!p->named)
		return;
	region_narrow(r, REGION_PORTS_KNOWN, 1, 1);
	region_narrow(r, f, p->low, p->high);
}

static void narrow_to_value(struct region *r, enum region_field f, int16_t value)
{
	if (value != MATCH_ANY)
		region_narrow(r, f, (uint16_t)value, (uint16_t)value);
}

struct region region_of_rule(const struct config_rule *rule)
{
	struct region r = region_all();

	if (rule->source.family)
		region_narrow_source(&r, &rule->source);
	if (rule->destination.family)
		region_narrow_destination(&r, &rule->destination);
	narrow_ports(&r, REGION_SOURCE_PORT, &rule->source_port);
	narrow_ports(&r, REGION_DESTINATION_PORT, &rule->destination_port);
	narrow_to_value(&r, REGION_PROTOCOL, rule->protocol);
	narrow_to_value(&r, REGION_VLAN, rule->vlan);
	narrow_to_value(&r, REGION_DSCP, rule->dscp);
	return r;
}

/* --- comparing --------------------------------------------------------------------- */

static bool addresses_within(const struct region_addresses *a, const struct region_addresses *b)
{
	return b->low <= a->low && a->high <= b->high;
}

bool region_within(const struct region *inner, const struct region *outer)
{
	for (size_t f = 0; f < REGION_FIELDS; f++)
		if (inner->low[f] < outer->low[f] || inner->high[f] > outer->high[f])
			return false;
	return addresses_within(&inner->source, &outer->source) &&
	       addresses_within(&inner->destination, &outer->destination);
}

static bool has_protocol_with_ports(const struct region *r)
{
	for (int p = r->low[REGION_PROTOCOL]; p <= r->high[REGION_PROTOCOL]; p++)
		if (protocol_has_ports((int16_t)p))
			return true;
	return false;
}

bool region_is_possible(const struct region *r)
{
	if (r->low[REGION_PORTS_KNOWN] == 1 && !has_protocol_with_ports(r))
		return false;
	return r->low[REGION_VLAN] < REGION_UNTAGGED || r->low[REGION_PCP] == 0;
}

/* --- splitting --------------------------------------------------------------------- */

size_t region_split(const struct region *whole, const struct region *cut,
		    struct region parts[REGION_PARTS_MAX], struct region *inside)
{
	struct region_addresses *const in[] = {&inside->source, &inside->destination};
	const struct region_addresses *const out[] = {&cut->source, &cut->destination};
	size_t count = 0;

	*inside = *whole;
	for (size_t f = 0; f < REGION_FIELDS; f++) {
		if (inside->low[f] < cut->low[f]) {
			parts[count] = *inside;
			parts[count++].high[f] = (uint16_t)(cut->low[f] - 1);
			inside->low[f] = cut->low[f];
		}
		if (inside->high[f] > cut->high[f]) {
			parts[count] = *inside;
			parts[count++].low[f] = (uint16_t)(cut->high[f] + 1);
			inside->high[f] = cut->high[f];
		}
	}
	for (size_t k = 0; k < 2; k++) {
		if (in[k]->low < out[k]->low) {
			parts[count] = *inside;
			*(k ? &parts[count].destination : &parts[count].source) =
				(struct region_addresses){in[k]->low, out[k]->low - 1};
			count++;
			in[k]->low = out[k]->low;
		}
		if (in[k]->high > out[k]->high) {
			parts[count] = *inside;
			*(k ? &parts[count].destination : &parts[count].source) =
				(struct region_addresses){out[k]->high + 1, in[k]->high};
			count++;
			in[k]->high = out[k]->high;
		}
	}
	return count;
}

/* --- joining ----------------------------------------------------------------------- */

static bool same_addresses(const struct region_addresses *a, const struct region_addresses *b)
{
	return a->low == b->low && a->high == b->high;
}

/* low is the end of a, high the begin of b, or the other way round. */
static bool addresses_touch(const struct region_addresses *a, const struct region_addresses *b)
{
	return (b->low > 0 && a->high == b->low - 1) || (a->low > 0 && b->high == a->low - 1);
}

static void join_addresses(struct region_addresses *a, const struct region_addresses *b)
{
	a->low = a->low < b->low ? a->low : b->low;
	a->high = a->high > b->high ? a->high : b->high;
}

/* Whether they are alike but for one field, in which they touch: then *a becomes both. */
static bool join(struct region *a, const struct region *b)
{
	const bool sources = same_addresses(&a->source, &b->source);
	const bool destinations = same_addresses(&a->destination, &b->destination);
	size_t differ = (size_t)!sources + (size_t)!destinations, field = REGION_FIELDS;

	for (size_t f = 0; f < REGION_FIELDS && differ < 2; f++) {
		if (a->low[f] == b->low[f] && a->high[f] == b->high[f])
			continue;
		differ++;
		field = f;
	}
	if (differ != 1)
		return false;
	if (field < REGION_FIELDS) {
		if (a->high[field] + 1 != b->low[field] && b->high[field] + 1 != a->low[field])
			return false;
		if (b->low[field] < a->low[field])
			a->low[field] = b->low[field];
		if (b->high[field] > a->high[field])
			a->high[field] = b->high[field];
		return true;
	}
	if (!sources && !addresses_touch(&a->source, &b->source))
		return false;
	if (!destinations && !addresses_touch(&a->destination, &b->destination))
		return false;
	join_addresses(&a->source, &b->source);
	join_addresses(&a->destination, &b->destination);
	return true;
}

size_t regions_join(struct region *regions, size_t count)
{
	bool joined = true;

	while (joined) {
		joined = false;
		for (size_t i = 0; i < count; i++) {
			for (size_t j = i + 1; j < count; j++) {
				if (!join(&regions[i], &regions[j]))
					continue;
				regions[j--] = regions[--count];
				joined = true;
			}
		}
	}
	return count;
}
