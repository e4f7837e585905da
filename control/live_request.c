/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names are looked up in the generation in force. A class keeps its slot over reloads for as
 * long as its name exists, so that the filter goes on meaning it.
 */
#include "live_request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "replay_output.h"
#include "slots.h"

struct reader {
	const json_t *request;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reader *in, const char *format,
							...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(in->error, in->error_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int pick_lanes(struct live_request *r, const struct site *site, const struct reader *in)
{
	const char *link = json_string_value(json_object_get(in->request, "link"));
	const char *direction = json_string_value(json_object_get(in->request, "direction"));
	bool any_link = false, any_direction = false;

	for (size_t i = 0; i < site->link_count; i++)
		for (int d = 0; d < DIRECTIONS; d++) {
			const bool here = !link || strcmp(link, site->links[i].name) == 0;
			const bool this_way =
				!direction ||
				strcmp(direction, config_direction_name((enum direction)d)) == 0;

			any_link |= here;
			any_direction |= this_way;
			r->wanted[lane_index(i, (enum direction)d)] = here && this_way;
		}
	if (!any_link)
		return refuse(in, "there is no link '%s': see edgemark show links", link);
	if (!any_direction)
		return refuse(in, "'%s' is no direction, expected upstream or downstream",
			      direction);
	return 0;
}

/* A bit for each reason asked for; all of them where none is named. */
static int pick_reasons(uint32_t *reasons, const struct reader *in)
{
	const char *name = json_string_value(json_object_get(in->request, "reason"));

	*reasons = 0;
	if (!json_is_true(json_object_get(in->request, "drops")))
		return 0;
	for (unsigned i = DROP_NONE + 1; i < DROP_REASONS; i++)
		if (!name || strcmp(name, drop_reason_name((enum drop_reason)i)) == 0)
			*reasons |= UINT32_C(1) << i;
	if (*reasons == 0)
		return refuse(in, "'%s' is no reason to drop: see edgemark show drops", name);
	return 0;
}

static size_t find_class(const struct config *c, const char *name)
{
	size_t i = 0;

	while (i < c->class_count && strcmp(name, c->classes[i].name) != 0)
		i++;
	return i;
}

static int pick_classes(struct live_request *r, const struct generation *g, const struct reader *in)
{
	const char *name = json_string_value(json_object_get(in->request, "class"));
	const size_t class = name ? find_class(g->config, name) : 0;
	bool found = !name;

	for (uint32_t i = 0; i < g->set.lane_count; i++) {
		uint32_t slot;

		r->filter[i].classes = UINT32_MAX;
		if (!name)
			continue;
		slot = class < g->slots[i]->class_count ? g->slots[i]->classes[class].slot
							: SLOT_UNUSED;
		r->wanted[i] &= slot != SLOT_UNUSED;
		r->filter[i].classes = slot == SLOT_UNUSED ? 0 : UINT32_C(1) << slot;
		found |= r->wanted[i];
	}
	if (!found)
		return refuse(in, "there is no class '%s' there: see edgemark show classes", name);
	return 0;
}

/* Within bounds, or the default where it is not named. */
static int read_number(double *out, double fallback, double low, double high, const char *key,
		       const struct reader *in)
{
	const json_t *value = json_object_get(in->request, key);

	*out = value ? json_number_value(value) : fallback;
	if (value && (!json_is_number(value) || !(*out >= low) || *out > high))
		return refuse(in, "%s is out of its range", key);
	return 0;
}

int live_request_read(struct live_request *r, const struct site *site, const json_t *request,
		      char *error, size_t error_size)
{
	const struct reader in = {request, error, error_size};
	double count, snap;
	uint32_t reasons;

	memset(r, 0, sizeof(*r));
	if (pick_lanes(r, site, &in) < 0 || pick_reasons(&reasons, &in) < 0 ||
	    pick_classes(r, site->running, &in) < 0 ||
	    read_number(&count, 0, 1, 1e15, "count", &in) < 0 ||
	    read_number(&r->seconds, 0, 0.001, CAPTURE_SECONDS_MAX, "seconds", &in) < 0 ||
	    read_number(&snap, TAP_SNAP_MAX, 14, TAP_SNAP_MAX, "snap", &in) < 0)
		return -EINVAL;
	r->count = (uint64_t)count;
	r->snap = (uint32_t)snap;
	for (unsigned i = 0; i < LANES_MAX; i++) {
		r->filter[i].reasons = reasons;
		r->filter[i].snap = r->snap;
	}
	return 0;
}
