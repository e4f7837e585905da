/* SPDX-License-Identifier: BSD-3-Clause */
/* Regions of the same pair of rungs belong together: they are joined and told as one group. */
#include <stdlib.h>

#include "config/ladder.h"
#include "config/region.h"

#include "diff.h"

enum { JOINED_MAX = 2048 }; /* regions: joining costs the square of their number */

struct difference {
	struct region region;
	const struct rung *before, *after;
	size_t order; /* in which it was found */
};

struct differences {
	struct difference *list;
	size_t count, room;
	bool out_of_memory;
};

static void add(void *context, const struct region *region, const struct rung *before,
		const struct rung *after)
{
	struct differences *d = context;

	if (d->count == d->room) {
		const size_t room = d->room ? 2 * d->room : 64;
		struct difference *list = reallocarray(d->list, room, sizeof(*list));

		if (!list) {
			d->out_of_memory = true;
			return;
		}
		d->list = list;
		d->room = room;
	}
	d->list[d->count] = (struct difference){*region, before, after, d->count};
	d->count++;
}

/* By the rungs' places: the order of the rules, the earlier configuration's first. */
static int compare(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;

	if (x->before != y->before)
		return x->before < y->before ? -1 : 1;
	if (x->after != y->after)
		return x->after < y->after ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* --- in words ---------------------------------------------------------------------------- */

static json_t *fate_json(const struct config *c, int policy, const struct rung *r)
{
	const struct config_policy *p = policy == CONFIG_NONE ? NULL : &c->policies[policy];
	json_t *fate = json_object();
	char dscp[8];

	if (r->rule)
		json_object_update_new(
			fate, json_pack("{s:s, s:s, s:I, s:s, s:i}", "by", "rule", "acl",
					r->rule->acl, "seq", (json_int_t)r->rule->seq, "file",
					r->rule->where.file, "line", (int)r->rule->where.line));
	else
		json_object_set_new(fate, "by",
				    json_string(!p	     ? "no-policy"
						: r->trusted ? "trust"
							     : "default"));
	if (r->drop) {
		json_object_set_new(fate, "action", json_string("drop"));
	} else if (!p) {
		json_object_set_new(fate, "action", json_string("unmodified"));
	} else {
		const uint8_t own = c->classes[r->class_index].dscp;
		const uint8_t written = p->allowed_dscp >> own & 1 ? own : 0;

		json_object_update_new(fate,
				       json_pack("{s:s, s:s, s:s, s:i}", "action", "class", "class",
						 r->class_name, "dscp",
						 config_dscp_name(written, dscp, sizeof(dscp)),
						 "pcp", (int)p->pcp[r->class_index]));
	}
	return fate;
}

/* Joined, the exact packets of a group. */
static json_t *packets_json(struct differences *all, size_t first, size_t end)
{
	struct region *regions =
		aligned_alloc(_Alignof(struct region), (end - first) * sizeof(*regions));
	json_t *packets = json_array();
	size_t count = end - first;
	char text[REGION_TEXT_SIZE];

	if (!regions) {
		all->out_of_memory = true;
		return packets;
	}
	for (size_t i = 0; i < count; i++)
		regions[i] = all->list[first + i].region;
	if (count <= JOINED_MAX)
		count = regions_join(regions, count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			packets, json_string(region_describe(&regions[i], text, sizeof(text))));
	free(regions);
	return packets;
}

/* The differences from first up to end, which share their rungs: what both rungs match,
 * but for what the rungs above them take. */
static json_t *group_json(const struct diff_pair *d, struct differences *all, size_t first,
			  size_t end)
{
	const struct rung *before = all->list[first].before, *after = all->list[first].after;
	struct region rest[REGION_PARTS_MAX], shared;
	char match[REGION_TEXT_SIZE];
	json_t *packets;

	(void)region_split(&before->region, &after->region, rest, &shared);
	packets = packets_json(all, first, end);
	return json_pack("{s:s, s:o, s:o, s:o}", "match",
			 region_describe(&shared, match, sizeof(match)), "packets", packets,
			 "before",
			 fate_json(d->before, d->link_before->policy[d->direction], before),
			 "after", fate_json(d->after, d->link_after->policy[d->direction], after));
}

static json_t *groups_json(const struct diff_pair *d, struct differences *all)
{
	json_t *groups = json_array();
	size_t first = 0;

	if (all->count > 1)
		qsort(all->list, all->count, sizeof(*all->list), compare);
	for (size_t i = 1; i <= all->count; i++) {
		if (i < all->count && all->list[i].before == all->list[first].before &&
		    all->list[i].after == all->list[first].after)
			continue;
		json_array_append_new(groups, group_json(d, all, first, i));
		first = i;
	}
	return groups;
}

json_t *diff_traffic(const struct diff_pair *d, bool *complete)
{
	struct ladder before = {0}, after = {0};
	struct differences all = {0};
	json_t *groups = NULL;
	int err = ladder_create(d->before, d->link_before->policy[d->direction], &before);

	if (!err)
		err = ladder_create(d->after, d->link_after->policy[d->direction], &after);
	if (!err)
		err = ladders_compare(&before, &after, add, &all, complete);
	if (!err && !all.out_of_memory)
		groups = groups_json(d, &all);
	if (all.out_of_memory) {
		json_decref(groups);
		groups = NULL;
	}
	free(all.list);
	ladder_free(&before);
	ladder_free(&after);
	return groups;
}

/* --- all links --------------------------------------------------------------------------- */

static const struct config_link *find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->link_count; i++)
		if (strcmp(c->links[i].name, name) == 0)
			return &c->links[i];
	return NULL;
}

static const char *policy_name(const struct config *c, const struct config_link *l,
			       enum direction d)
{
	return l->policy[d] == CONFIG_NONE ? NULL : c->policies[l->policy[d]].name;
}

static json_t *direction_json(struct diff_pair pair, enum direction direction)
{
	bool complete = true;
	json_t *traffic;

	pair.direction = direction;
	traffic = diff_traffic(&pair, &complete);
	if (!traffic)
		return NULL;
	return json_pack("{s:s?, s:s?, s:o, s:b, s:o}", "policy_before",
			 policy_name(pair.before, pair.link_before, direction), "policy_after",
			 policy_name(pair.after, pair.link_after, direction), "traffic", traffic,
			 "traffic_complete", complete, "settings", diff_settings(&pair));
}

json_t *diff_document(const struct config *before, const struct config *after)
{
	json_t *links = json_array();

	for (size_t i = 0; i < before->link_count; i++) {
		const struct diff_pair pair = {
			.before = before,
			.after = after,
			.link_before = &before->links[i],
			.link_after = find(after, before->links[i].name),
		};
		json_t *link = json_pack("{s:s, s:s}", "name", before->links[i].name, "change",
					 pair.link_after ? "kept" : "removed");

		json_array_append_new(links, link);
		if (!pair.link_after)
			continue;
		json_object_set_new(link, "settings", diff_link_settings(&pair));
		for (int d = 0; d < DIRECTIONS; d++)
			json_object_set_new(link, config_direction_name((enum direction)d),
					    direction_json(pair, (enum direction)d));
	}
	for (size_t i = 0; i < after->link_count; i++)
		if (!find(before, after->links[i].name))
			json_array_append_new(links,
					      json_pack("{s:s, s:s}", "name", after->links[i].name,
							"change", "added"));
	return json_pack("{s:s, s:s, s:o, s:o}", "before", before->file, "after", after->file,
			 "links", links, "process", diff_process(before, after));
}
