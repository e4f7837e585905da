/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rules were near: each field of a rule against the packet's. It explains a decision
 * that was made elsewhere, and makes none. */
#include <string.h>

#include "explain.h"

enum { FAILED_MAX = 2 }; /* fields: a rule that fails in more is not near */

static bool prefix_fails(const struct config_prefix *p, uint8_t family, const uint8_t *address)
{
	const unsigned whole = p->length / 8, bits = p->length % 8;

	if (p->family == 0)
		return false;
	if (p->family != family || memcmp(p->address, address, whole) != 0)
		return true;
	return bits && (p->address[whole] ^ address[whole]) >> (8 - bits) != 0;
}

static bool range_fails(const struct config_port_range *r, uint16_t port)
{
	return r->named && (port < r->low || port > r->high);
}

static bool value_fails(int16_t wanted, unsigned found)
{
	return wanted != MATCH_ANY && (unsigned)wanted != found;
}

static unsigned fails(const struct config_rule *r, const struct explain_fields *f)
{
	const bool asks_ports = r->source_port.named || r->destination_port.named;
	unsigned failed = 0;

	failed |= (unsigned)prefix_fails(&r->source, f->family, f->source) << FIELD_SOURCE;
	failed |= (unsigned)prefix_fails(&r->destination, f->family, f->destination)
		  << FIELD_DESTINATION;
	failed |= (unsigned)value_fails(r->protocol, f->protocol) << FIELD_PROTOCOL;
	failed |= (unsigned)value_fails(r->vlan, f->vlan) << FIELD_VLAN;
	failed |= (unsigned)value_fails(r->dscp, f->dscp) << FIELD_DSCP;
	if (asks_ports && !f->ports_known)
		return failed | 1u << FIELD_PORTS;
	failed |= (unsigned)range_fails(&r->source_port, f->source_port) << FIELD_SOURCE_PORT;
	failed |= (unsigned)range_fails(&r->destination_port, f->destination_port)
		  << FIELD_DESTINATION_PORT;
	return failed;
}

/* Fields that a rule names and that hold: without any it is not near, only different. */
static unsigned holds(const struct config_rule *r, unsigned failed)
{
	const unsigned named = (unsigned)(r->source.family != 0) + (r->destination.family != 0) +
			       (r->protocol != MATCH_ANY) + (r->vlan != MATCH_ANY) +
			       (r->dscp != MATCH_ANY) + r->source_port.named +
			       r->destination_port.named;

	return named - (unsigned)__builtin_popcount(failed & ~(1u << FIELD_PORTS));
}

static void insert(struct explanation *x, struct explain_miss miss)
{
	size_t at = x->miss_count < EXPLAIN_MISSES ? x->miss_count++ : EXPLAIN_MISSES;

	while (at > 0 &&
	       __builtin_popcount(x->misses[at - 1].failed) >= __builtin_popcount(miss.failed)) {
		if (at < EXPLAIN_MISSES)
			x->misses[at] = x->misses[at - 1];
		at--;
	}
	if (at < EXPLAIN_MISSES)
		x->misses[at] = miss;
}

void explain_find_misses(struct explanation *x, const struct config_acl *acl, size_t end)
{
	x->miss_count = 0;
	for (size_t i = 0; i < end; i++) {
		const unsigned failed = fails(&acl->rules[i], &x->in);

		if (__builtin_popcount(failed) <= FAILED_MAX && holds(&acl->rules[i], failed) > 0)
			insert(x, (struct explain_miss){i, failed});
	}
}
