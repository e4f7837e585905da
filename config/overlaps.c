/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that get in each other's way, pair by pair. An ACL may hold thousands of rules,
 * so each is first packed into words of value and mask: two rules that differ where both
 * care are disjoint, and most pairs end there.
 */
#include "overlaps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "prefix.h"
#include "report.h"

enum { WORD_SOURCE, WORD_DESTINATION, WORD_FIELDS, WORDS };

struct match { /* a rule, packed */
	uint64_t value[WORDS], mask[WORDS];
	uint16_t source_low, source_high, destination_low, destination_high;
};

/* --- packing ---------------------------------------------------------------------- */

/* The first 64 bits of the address; what lies beyond is compared apart. */
static void pack_prefix(const struct config_prefix *p, uint64_t *value, uint64_t *mask)
{
	unsigned length = p->length < 64 ? p->length : 64;

	*value = 0;
	for (size_t i = 0; i < 8; i++)
		*value = *value << 8 | p->address[i];
	*mask = length ? UINT64_MAX << (64 - length) : 0;
	*value &= *mask;
}

static void pack_field(struct match *m, unsigned shift, unsigned bits, int value)
{
	if (value == MATCH_ANY)
		return;
	m->value[WORD_FIELDS] |= (uint64_t)(unsigned)value << shift;
	m->mask[WORD_FIELDS] |= ((UINT64_C(1) << bits) - 1) << shift;
}

static void pack(struct match *m, const struct config_rule *r)
{
	int family = r->source.family ? r->source.family : r->destination.family;

	*m = (struct match){.source_high = UINT16_MAX, .destination_high = UINT16_MAX};
	pack_prefix(&r->source, &m->value[WORD_SOURCE], &m->mask[WORD_SOURCE]);
	pack_prefix(&r->destination, &m->value[WORD_DESTINATION], &m->mask[WORD_DESTINATION]);
	pack_field(m, 0, 8, r->protocol);
	pack_field(m, 8, 8, r->dscp);
	pack_field(m, 16, 16, r->vlan);
	pack_field(m, 32, 8, family ? family : MATCH_ANY);
	if (r->source_port.named) {
		m->source_low = r->source_port.low;
		m->source_high = r->source_port.high;
	}
	if (r->destination_port.named) {
		m->destination_low = r->destination_port.low;
		m->destination_high = r->destination_port.high;
	}
}

/* --- pairs ------------------------------------------------------------------------ */

/* Whether no packet matches both, by all but the far end of IPv6 addresses. */
static bool is_disjoint(const struct match *a, const struct match *b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < WORDS; i++)
		differ |= (a->value[i] ^ b->value[i]) & a->mask[i] & b->mask[i];
	return differ || a->source_low > b->source_high || b->source_low > a->source_high ||
	       a->destination_low > b->destination_high || b->destination_low > a->destination_high;
}

static bool prefixes_meet(const struct config_prefix *a, const struct config_prefix *b)
{
	return !a->family || !b->family || prefix_covers(a, b) || prefix_covers(b, a);
}

static bool rules_meet(const struct config_rule *a, const struct config_rule *b)
{
	return prefixes_meet(&a->source, &b->source) &&
	       prefixes_meet(&a->destination, &b->destination);
}

/* A prefix of length 0 is covered by the comparison of families. */
static bool prefix_hides(const struct config_prefix *outer, const struct config_prefix *inner)
{
	return outer->length == 0 || prefix_covers(outer, inner);
}

static bool range_hides(const struct config_port_range *outer,
			const struct config_port_range *inner)
{
	return !outer->named ||
	       (inner->named && outer->low <= inner->low && inner->high <= outer->high);
}

/* Whether each packet that matches the later rule matches the earlier. */
static bool hides(const struct config_rule *earlier, const struct match *e,
		  const struct config_rule *later, const struct match *m)
{
	for (size_t i = 0; i < WORDS; i++)
		if ((e->mask[i] & ~m->mask[i]) || ((e->value[i] ^ m->value[i]) & e->mask[i]))
			return false;
	return range_hides(&earlier->source_port, &later->source_port) &&
	       range_hides(&earlier->destination_port, &later->destination_port) &&
	       prefix_hides(&earlier->source, &later->source) &&
	       prefix_hides(&earlier->destination, &later->destination);
}

static bool ranges_cross(const struct config_port_range *a, const struct config_port_range *b)
{
	return a->named && b->named && a->low <= b->high && b->low <= a->high &&
	       !range_hides(a, b) && !range_hides(b, a);
}

static bool same_outcome(const struct config_rule *a, const struct config_rule *b)
{
	return a->drop == b->drop && (a->drop || a->class_index == b->class_index);
}

/* --- what is said ----------------------------------------------------------------- */

static const char *outcome(const struct config *c, const struct config_rule *r)
{
	return r->drop ? "drop" : c->classes[r->class_index].name;
}

static void warn_hidden(const struct config_rule *earlier, const struct config_rule *later,
			struct config_report *report)
{
	report_warning(report, later->where,
		       "rule %s %" PRIu32 " never matches: rule %s %" PRIu32
		       " at %s:%u takes all its packets",
		       later->acl, later->seq, earlier->acl, earlier->seq, earlier->where.file,
		       earlier->where.line);
}

static void warn_overlap(const struct config *c, const struct config_rule *earlier,
			 const struct config_rule *later, struct config_report *report)
{
	bool source = ranges_cross(&earlier->source_port, &later->source_port);
	const struct config_port_range *a =
		source ? &earlier->source_port : &earlier->destination_port;
	const struct config_port_range *b = source ? &later->source_port : &later->destination_port;

	report_warning(report, later->where,
		       "%s ports %u-%u (%s) overlap %u-%u (%s) of rule %s %" PRIu32
		       " at %s:%u, which comes first",
		       source ? "source" : "destination", b->low, b->high, outcome(c, later),
		       a->low, a->high, outcome(c, earlier), earlier->acl, earlier->seq,
		       earlier->where.file, earlier->where.line);
}

/* The rules before the later one; of each kind of trouble the first is told. */
static void warn_of_rule(const struct config *c, const struct config_acl *acl,
			 const struct match *matches, size_t later, struct config_report *report)
{
	const struct config_rule *rules = acl->rules, *r = &rules[later];
	bool told = false;

	for (size_t i = 0; i < later; i++) {
		if (is_disjoint(&matches[i], &matches[later]) || !rules_meet(&rules[i], r))
			continue;
		if (hides(&rules[i], &matches[i], r, &matches[later])) {
			warn_hidden(&rules[i], r, report);
			return;
		}
		if (!told && !same_outcome(&rules[i], r) &&
		    (ranges_cross(&rules[i].source_port, &r->source_port) ||
		     ranges_cross(&rules[i].destination_port, &r->destination_port))) {
			warn_overlap(c, &rules[i], r, report);
			told = true;
		}
	}
}

void warn_of_overlaps(const struct config *c, const struct config_acl *acl,
		      struct config_report *report)
{
	struct match *matches = calloc(acl->rule_count + 1, sizeof(*matches));

	if (!matches)
		return;
	for (size_t i = 0; i < acl->rule_count; i++)
		pack(&matches[i], &acl->rules[i]);
	for (size_t i = 0; i < acl->rule_count; i++)
		warn_of_rule(c, acl, matches, i, report);
	free(matches);
}

/* --- Lync and Teams --------------------------------------------------------------- */

/* Lync's audio is Teams' video. */
static const struct config_port_range collision = {true, 50020, 50039};

static bool touches(const struct config_rule *r, const struct config_port_range *range)
{
	int16_t udp = MATCH_ANY;

	protocol_by_name("udp", &udp);
	return !r->drop && (r->protocol == udp || r->protocol == MATCH_ANY) && range->named &&
	       range->low <= collision.high && collision.low <= range->high;
}

static bool is_voice(const struct config *c, const struct config_rule *r)
{
	return c->classes[r->class_index].dscp == DSCP_EF;
}

/* Whether the other rule gives the ports of this one, which gives EF, another class. */
static bool collides(const struct config *c, const struct config_rule *voice,
		     const struct config_rule *other)
{
	struct match a, b;

	if (!((touches(voice, &voice->source_port) && touches(other, &other->source_port)) ||
	      (touches(voice, &voice->destination_port) &&
	       touches(other, &other->destination_port))) ||
	    is_voice(c, other))
		return false;
	pack(&a, voice);
	pack(&b, other);
	return !is_disjoint(&a, &b) && rules_meet(voice, other);
}

static const struct config_rule *find_collision(const struct config *c,
						const struct config_rule *voice)
{
	for (size_t i = 0; i < c->acl_count; i++)
		for (size_t j = 0; j < c->acls[i].rule_count; j++)
			if (collides(c, voice, &c->acls[i].rules[j]))
				return &c->acls[i].rules[j];
	return NULL;
}

void warn_of_collision(const struct config *c, struct config_report *report)
{
	for (size_t i = 0; i < c->acl_count; i++) {
		for (size_t j = 0; j < c->acls[i].rule_count; j++) {
			const struct config_rule *r = &c->acls[i].rules[j], *other;

			if (!touches(r, &r->source_port) && !touches(r, &r->destination_port))
				continue;
			other = is_voice(c, r) ? find_collision(c, r) : NULL;
			if (other)
				report_warning(
					report, r->where,
					"rule %s %" PRIu32
					" gives EF to ports that rule %s %" PRIu32
					" at %s:%u gives to '%s': Lync's audio ports "
					"50020-50039 are Teams' video ports; tell the estates "
					"apart by prefix",
					r->acl, r->seq, other->acl, other->seq, other->where.file,
					other->where.line, outcome(c, other));
		}
	}
}
