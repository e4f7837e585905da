/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rungs that both ladders have, in the same order, change nothing. So each packet that
 * fares differently takes one of the others, in one ladder or in both, and only their
 * regions are looked at: less the rungs above, then cut by the other ladder's.
 */
#include "ladder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 64 }; /* rungs that a common one may have moved on by */

/* --- making ------------------------------------------------------------------------ */

struct maker {
	const struct config *config;
	const struct config_policy *policy;
	struct ladder *ladder;
	size_t room;
};

static void add(struct maker *m, struct rung rung)
{
	if (rung.class_index != CONFIG_NONE)
		rung.class_name = m->config->classes[rung.class_index].name;
	else
		rung.class_name = "";
	if (m->ladder->count < m->room)
		m->ladder->rungs[m->ladder->count++] = rung;
}

static void add_trusted(struct maker *m, struct region region, size_t class_index)
{
	struct rung rung = {.region = region, .trusted = true, .class_index = (int)class_index};

	for (size_t i = 0; i < m->policy->trusted_count; i++) {
		region_narrow_source(&rung.region, &m->policy->trusted[i]);
		add(m, rung);
	}
	if (m->policy->trusted_count == 0)
		add(m, rung);
}

/* The first class that wears the DSCP. */
static int class_of_dscp(const struct config *c, unsigned dscp)
{
	for (size_t i = 0; i < c->class_count; i++)
		if (c->classes[i].dscp == dscp)
			return (int)i;
	return CONFIG_NONE;
}

static bool is_coloured(const struct maker *m, int class_index)
{
	for (size_t i = 0; i < m->policy->contract_count; i++)
		for (size_t k = 0; k < m->policy->contracts[i].class_count; k++)
			if (m->policy->contracts[i].exceed == EXCEED_COLOUR &&
			    m->policy->contracts[i].classes[k] == class_index)
				return true;
	return false;
}

/* The marks of a coloured AF class stand for it, but those that another class wears. */
static int class_of_colour(const struct maker *m, unsigned dscp)
{
	for (size_t i = 0; i < m->config->class_count; i++) {
		const uint8_t af1 = m->config->classes[i].dscp;

		for (int colour = COLOUR_YELLOW; colour < COLOURS; colour++)
			if (dscp_is_af1(af1) && is_coloured(m, (int)i) &&
			    dscp_of_colour(af1, (enum colour)colour) == dscp)
				return class_of_dscp(m->config, af1);
	}
	return CONFIG_NONE;
}

static void add_dscps(struct maker *m)
{
	for (uint16_t dscp = 0; dscp < DSCP_VALUES; dscp++) {
		struct region region = region_all();
		int class_index = class_of_dscp(m->config, dscp);

		if (class_index == CONFIG_NONE)
			class_index = class_of_colour(m, dscp);
		region_narrow(&region, REGION_DSCP, dscp, dscp);
		if (class_index != CONFIG_NONE)
			add_trusted(m, region, (size_t)class_index);
	}
}

static void add_pcps(struct maker *m)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < m->config->class_count; i++) {
		const uint8_t pcp = m->policy->pcp[i];
		struct region region = region_all();

		if (seen >> pcp & 1)
			continue;
		seen = (uint8_t)(seen | 1u << pcp);
		region_narrow(&region, REGION_PCP, pcp, pcp);
		region_narrow(&region, REGION_VLAN, 0, REGION_UNTAGGED - 1);
		add_trusted(m, region, i);
	}
}

int ladder_create(const struct config *c, int policy, struct ladder *out)
{
	const struct config_policy *p = policy == CONFIG_NONE ? NULL : &c->policies[policy];
	const struct config_acl *acl = p && p->acl != CONFIG_NONE ? &c->acls[p->acl] : NULL;
	const size_t rules = acl ? acl->rule_count : 0;
	struct maker m = {c, p, out, rules + 1};

	if (p && p->trust != TRUST_NONE)
		m.room += DSCP_VALUES * (p->trusted_count + 1);
	out->count = 0;
	out->rungs = aligned_alloc(_Alignof(struct rung), m.room * sizeof(*out->rungs));
	if (!out->rungs)
		return -ENOMEM;
	for (size_t i = 0; i < rules; i++)
		add(&m, (struct rung){.region = region_of_rule(&acl->rules[i]),
				      .rule = &acl->rules[i],
				      .drop = acl->rules[i].drop,
				      .class_index = acl->rules[i].class_index});
	if (p && p->trust == TRUST_DSCP)
		add_dscps(&m);
	if (p && p->trust == TRUST_PCP)
		add_pcps(&m);
	add(&m, (struct rung){.region = region_all(),
			      .class_index = p ? p->default_class : CONFIG_NONE});
	return 0;
}

void ladder_free(struct ladder *l)
{
	free(l->rungs);
	*l = (struct ladder){0};
}

/* --- what both have ---------------------------------------------------------------- */

static bool same_outcome(const struct rung *a, const struct rung *b)
{
	return a->drop == b->drop && strcmp(a->class_name, b->class_name) == 0;
}

static bool same_rung(const struct rung *a, const struct rung *b)
{
	return memcmp(&a->region, &b->region, sizeof(a->region)) == 0 && same_outcome(a, b);
}

/* Which rungs are in one ladder only, or have moved. */
static void find_changed(const struct ladder *before, const struct ladder *after,
			 bool *changed_before, bool *changed_after)
{
	size_t tail = 0, next = 0;

	while (tail < before->count && tail < after->count &&
	       same_rung(&before->rungs[before->count - 1 - tail],
			 &after->rungs[after->count - 1 - tail]))
		tail++;
	for (size_t i = 0; i < before->count; i++)
		changed_before[i] = i < before->count - tail;
	for (size_t i = 0; i < after->count; i++)
		changed_after[i] = i < after->count - tail;
	for (size_t i = 0; i < before->count - tail; i++) {
		size_t j = next;

		while (j < after->count - tail && j < next + WINDOW &&
		       !same_rung(&before->rungs[i], &after->rungs[j]))
			j++;
		if (j == after->count - tail || j == next + WINDOW)
			continue;
		changed_before[i] = changed_after[j] = false;
		next = j + 1;
	}
}

/* --- who takes what ---------------------------------------------------------------- */

struct part {
	struct region region;
	size_t next; /* rung to ask */
	bool second; /* of the other ladder: no rung above takes it in its own */
};

struct comparison {
	const struct ladder *own, *other; /* the rung's, and the one it is held against */
	bool swapped;			  /* own is the later one */
	const bool *told;		  /* rungs of other whose packets were told already */
	ladder_difference found;
	void *context;
	struct part *parts;
	size_t depth;
	uint64_t tests;
	bool complete;
};

static void push(struct comparison *c, const struct region *region, size_t next, bool second)
{
	if (!region_is_possible(region))
		return;
	if (c->depth == LADDER_PARTS_MAX)
		c->complete = false;
	else
		c->parts[c->depth++] =
			(struct part){.region = *region, .next = next, .second = second};
}

static size_t find_next(struct comparison *c, const struct ladder *l, const struct part *p,
			size_t end)
{
	size_t i = p->next;

	while (i < end && !regions_meet(&p->region, &l->rungs[i].region))
		i++;
	c->tests += i - p->next + 1;
	return i;
}

static void tell(struct comparison *c, const struct region *region, size_t own, size_t other)
{
	const struct rung *a = &c->own->rungs[own], *b = &c->other->rungs[other];

	if ((c->told && c->told[other]) || same_outcome(a, b) || !region_is_possible(region))
		return;
	c->found(c->context, region, c->swapped ? b : a, c->swapped ? a : b);
}

static void follow(struct comparison *c, size_t own)
{
	const struct part p = c->parts[--c->depth];
	const struct ladder *l = p.second ? c->other : c->own;
	const size_t end = p.second ? l->count : own;
	const size_t i = find_next(c, l, &p, end);
	struct region rest[REGION_PARTS_MAX], inside;
	size_t count;

	if (i == end) { /* the last rung of the other takes all: only here it can be */
		push(c, &p.region, 0, true);
		return;
	}
	count = region_split(&p.region, &l->rungs[i].region, rest, &inside);
	if (p.second)
		tell(c, &inside, own, i);
	for (size_t k = 0; k < count; k++)
		push(c, &rest[k], i + 1, p.second);
}

static void compare_rungs(struct comparison *c, const bool *changed)
{
	for (size_t i = 0; i < c->own->count && c->complete; i++) {
		if (!changed[i])
			continue;
		c->depth = 0;
		push(c, &c->own->rungs[i].region, 0, false);
		while (c->depth > 0 && c->complete) {
			follow(c, i);
			c->complete = c->complete && c->tests < LADDER_TESTS_MAX;
		}
	}
}

int ladders_compare(const struct ladder *before, const struct ladder *after,
		    ladder_difference found, void *context, bool *complete)
{
	bool *changed_before = calloc(before->count, sizeof(bool));
	bool *changed_after = calloc(after->count, sizeof(bool));
	struct comparison c = {
		.own = before,
		.other = after,
		.found = found,
		.context = context,
		.parts = aligned_alloc(_Alignof(struct part),
				       LADDER_PARTS_MAX * sizeof(struct part)),
		.complete = true,
	};
	int err = changed_before && changed_after && c.parts ? 0 : -ENOMEM;

	if (!err) {
		find_changed(before, after, changed_before, changed_after);
		compare_rungs(&c, changed_before);
		c.own = after;
		c.other = before;
		c.swapped = true;
		c.told = changed_before;
		compare_rungs(&c, changed_after);
	}
	*complete = c.complete;
	free(changed_before);
	free(changed_after);
	free(c.parts);
	return err;
}
