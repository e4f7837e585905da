/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules that get in each other's way. An ACL may hold thousands of rules: of each, only the
 * earlier ones that share packets with it are looked at closely.
 */
#include "overlaps.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hidden.h"
#include "names.h"
#include "report.h"

/* --- ranges ----------------------------------------------------------------------- */

static bool range_hides(const struct config_port_range *outer,
			const struct config_port_range *inner)
{
	return !outer->named ||
	       (inner->named && outer->low <= inner->low && inner->high <= outer->high);
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

struct overlaps {
	const struct config *config;
	const struct config_acl *acl;
	struct region *regions; /* of the rules */
	uint32_t *candidates;
	struct hidden_search search;
	struct config_report *report;
};

/* The first rule of those that hide the later one, and how many they are. */
static void warn_hidden_together(const struct overlaps *o, const struct config_rule *later)
{
	const struct hidden_search *s = &o->search;
	const struct config_rule *first = NULL, *second = NULL;
	size_t count = 0;

	for (size_t i = 0; i < s->candidate_count; i++) {
		if (!s->used[i])
			continue;
		if (count == 0)
			first = &o->acl->rules[s->candidates[i]];
		else if (count == 1)
			second = &o->acl->rules[s->candidates[i]];
		count++;
	}
	if (count < 2)
		return;
	report_warning(o->report, later->where,
		       "rule %s %" PRIu32 " never matches: %zu earlier rules together take all its "
		       "packets, among them %s %" PRIu32 " at %s:%u and %s %" PRIu32 " at %s:%u",
		       later->acl, later->seq, count, first->acl, first->seq, first->where.file,
		       first->where.line, second->acl, second->seq, second->where.file,
		       second->where.line);
}

/* The rules before the later one; of each kind of trouble the first is told. */
static void warn_of_rule(struct overlaps *o, size_t later)
{
	const struct config_rule *rules = o->acl->rules, *r = &rules[later];
	const struct region *region = &o->regions[later];
	bool told = false;

	o->search.candidate_count = 0;
	for (size_t i = 0; i < later; i++) {
		if (!regions_meet(&o->regions[i], region))
			continue;
		if (region_within(region, &o->regions[i])) {
			warn_hidden(&rules[i], r, o->report);
			return;
		}
		o->candidates[o->search.candidate_count++] = (uint32_t)i;
		if (!told && !same_outcome(&rules[i], r) &&
		    (ranges_cross(&rules[i].source_port, &r->source_port) ||
		     ranges_cross(&rules[i].destination_port, &r->destination_port))) {
			warn_overlap(o->config, &rules[i], r, o->report);
			told = true;
		}
	}
	if (hidden_by_candidates(&o->search, region))
		warn_hidden_together(o, r);
}

void warn_of_overlaps(const struct config *c, const struct config_acl *acl,
		      struct config_report *report)
{
	const size_t count = acl->rule_count + 1;
	struct overlaps o = {
		.config = c,
		.acl = acl,
		.regions = aligned_alloc(_Alignof(struct region), count * sizeof(*o.regions)),
		.candidates = calloc(count, sizeof(*o.candidates)),
		.search.used = calloc(count, sizeof(*o.search.used)),
		.search.parts = aligned_alloc(_Alignof(struct hidden_part),
					      HIDDEN_PARTS_MAX * sizeof(*o.search.parts)),
		.search.tests_left = HIDDEN_TESTS_OF_ACL,
		.report = report,
	};

	o.search.regions = o.regions;
	o.search.candidates = o.candidates;
	if (o.regions && o.candidates && o.search.used && o.search.parts) {
		for (size_t i = 0; i < acl->rule_count; i++)
			o.regions[i] = region_of_rule(&acl->rules[i]);
		for (size_t i = 0; i < acl->rule_count; i++)
			warn_of_rule(&o, i);
	}
	free(o.regions);
	free(o.candidates);
	free(o.search.used);
	free(o.search.parts);
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
	struct region a, b;

	if (!((touches(voice, &voice->source_port) && touches(other, &other->source_port)) ||
	      (touches(voice, &voice->destination_port) &&
	       touches(other, &other->destination_port))) ||
	    is_voice(c, other))
		return false;
	a = region_of_rule(voice);
	b = region_of_rule(other);
	return regions_meet(&a, &b);
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
