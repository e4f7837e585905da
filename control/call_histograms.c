/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call is known by its lane, its ends and its first packet. `open` holds the calls that
 * go on, as they were last seen, so that one whose entry was taken over is not lost;
 * `done` those that were observed and are still in the table.
 */
#include "call_histograms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MAX = 10 };

#define NS_PER_SECOND UINT64_C(1000000000)

struct scale {
	const char *name;
	size_t count;
	double le[BUCKETS_MAX];
};

enum { LOSS, MOS, JITTER, SCALES };

/* The bounds of JITTER are the targets' (voice_targets.h), of MOS those of ITU-T G.107
 * Annex B's classes: 3.10 many users dissatisfied, 3.60 some, 4.03 satisfied, 4.34 very. */
static const struct scale scales[SCALES] = {
	[LOSS] = {"loss_ratio", 9, {0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}},
	[MOS] = {"mos", 8, {1.5, 2, 2.58, 3.1, 3.6, 4.03, 4.34, 4.5}},
	[JITTER] = {"jitter_seconds", 8, {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.1}},
};

struct histogram {
	uint64_t count, in[BUCKETS_MAX]; /* at most le, and above the one before */
	double sum;
};

struct call_group { /* the calls of one class in one direction of one link */
	char *link, *direction, *class;
	uint64_t active, hurt;
	struct histogram histogram[SCALES];
};

struct call_histograms {
	struct call_group *groups;
	size_t count;
	json_t *open, *done;
};

static const char *text(const json_t *call, const char *key)
{
	const char *value = json_string_value(json_object_get(call, key));

	return value ? value : "";
}

static void free_group(struct call_group *g)
{
	free(g->link);
	free(g->direction);
	free(g->class);
}

/* NULL without memory: then the call goes uncounted. */
static struct call_group *add_group(struct call_histograms *h, const json_t *call)
{
	struct call_group *groups = realloc(h->groups, (h->count + 1) * sizeof(*groups));
	struct call_group g = {.link = strdup(text(call, "link")),
			       .direction = strdup(text(call, "direction")),
			       .class = strdup(text(call, "class"))};

	if (groups)
		h->groups = groups;
	if (!groups || !g.link || !g.direction || !g.class) {
		free_group(&g);
		return NULL;
	}
	groups[h->count] = g;
	return &groups[h->count++];
}

static struct call_group *find_group(struct call_histograms *h, const json_t *call)
{
	for (size_t i = 0; i < h->count; i++) {
		struct call_group *g = &h->groups[i];

		if (strcmp(g->link, text(call, "link")) == 0 &&
		    strcmp(g->direction, text(call, "direction")) == 0 &&
		    strcmp(g->class, text(call, "class")) == 0)
			return g;
	}
	return add_group(h, call);
}

static void add(struct call_group *g, int which, double value)
{
	const struct scale *s = &scales[which];
	struct histogram *h = &g->histogram[which];
	size_t i = 0;

	while (i < s->count && value > s->le[i])
		i++;
	if (i < s->count)
		h->in[i]++;
	h->count++;
	h->sum += value;
}

/* What is not known of a call (null) is not observed. */
static void observe(struct call_histograms *h, const json_t *call)
{
	const json_t *mos = json_object_get(call, "mos");
	const json_t *jitter = json_object_get(call, "jitter_ms_mean");
	struct call_group *g = find_group(h, call);

	if (!g)
		return;
	add(g, LOSS, json_number_value(json_object_get(call, "loss_percent")) / 100);
	if (json_is_number(mos))
		add(g, MOS, json_number_value(mos));
	if (json_is_number(jitter))
		add(g, JITTER, json_number_value(jitter) / 1e3);
}

static void count_active(struct call_histograms *h, const json_t *call)
{
	struct call_group *g = find_group(h, call);

	if (!g)
		return;
	g->active++;
	g->hurt += json_array_size(json_object_get(call, "flags")) > 0;
}

static void name_call(const json_t *call, char *name, size_t size)
{
	snprintf(name, size, "%s %s %s %d %s %d %" PRIu64, text(call, "link"),
		 text(call, "direction"), text(call, "source"),
		 (int)json_integer_value(json_object_get(call, "source_port")),
		 text(call, "destination"),
		 (int)json_integer_value(json_object_get(call, "destination_port")),
		 (uint64_t)json_integer_value(json_object_get(call, "first_ns")));
}

static bool has_ended(const json_t *call, uint64_t now_ns)
{
	const uint64_t last_ns = (uint64_t)json_integer_value(json_object_get(call, "last_ns"));

	return now_ns > last_ns && now_ns - last_ns >= CALL_ENDED_S * NS_PER_SECOND;
}

/* Those that were open and are no longer in the table. */
static void observe_gone(struct call_histograms *h, const json_t *open, const json_t *done)
{
	const char *name;
	json_t *call;

	json_object_foreach(h->open, name, call)
	{
		if (!json_object_get(open, name) && !json_object_get(done, name))
			observe(h, call);
	}
}

void call_histograms_update(struct call_histograms *h, const json_t *calls, uint64_t now_ns)
{
	json_t *open = json_object(), *done = json_object(), *call;
	size_t i;

	for (size_t k = 0; k < h->count; k++)
		h->groups[k].active = h->groups[k].hurt = 0;
	json_array_foreach(calls, i, call)
	{
		char name[512];

		name_call(call, name, sizeof(name));
		if (!has_ended(call, now_ns)) {
			count_active(h, call);
			if (!json_object_get(h->done, name))
				json_object_set(open, name, call);
			else
				json_object_set_new(done, name, json_true());
			continue;
		}
		if (!json_object_get(h->done, name))
			observe(h, call);
		json_object_set_new(done, name, json_true());
	}
	observe_gone(h, open, done);
	json_decref(h->open);
	json_decref(h->done);
	h->open = open;
	h->done = done;
}

static json_t *histogram_document(const struct call_group *g, int which)
{
	const struct histogram *h = &g->histogram[which];
	json_t *buckets = json_array();
	uint64_t below = 0;

	for (size_t i = 0; i < scales[which].count; i++) {
		below += h->in[i];
		json_array_append_new(buckets,
				      json_pack("[f, I]", scales[which].le[i], (json_int_t)below));
	}
	return json_pack("{s:I, s:f, s:o}", "count", (json_int_t)h->count, "sum", h->sum, "buckets",
			 buckets);
}

json_t *call_histograms_document(const struct call_histograms *h)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < h->count; i++) {
		const struct call_group *g = &h->groups[i];
		json_t *group = json_pack("{s:s, s:s, s:s, s:I, s:I}", "link", g->link, "direction",
					  g->direction, "class", g->class, "active",
					  (json_int_t)g->active, "hurt", (json_int_t)g->hurt);

		for (int k = 0; k < SCALES; k++)
			json_object_set_new(group, scales[k].name, histogram_document(g, k));
		json_array_append_new(groups, group);
	}
	return groups;
}

struct call_histograms *call_histograms_create(void)
{
	struct call_histograms *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->open = json_object();
	h->done = json_object();
	return h;
}

void call_histograms_destroy(struct call_histograms *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		free_group(&h->groups[i]);
	free(h->groups);
	json_decref(h->open);
	json_decref(h->done);
	free(h);
}
