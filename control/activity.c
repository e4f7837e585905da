/* SPDX-License-Identifier: BSD-3-Clause */
/* What was seen, by lane and rule slot; a slot of another epoch is another rule's. */
#include "activity.h"

#include <stdlib.h>

#include "slots.h"

struct seen {
	uint64_t hits, last_ns;
	uint32_t epoch;
};

struct activity {
	struct seen *lanes[LANES_MAX]; /* RULE_SLOTS each; made at the first look */
};

struct activity *activity_create(void)
{
	return calloc(1, sizeof(struct activity));
}

void activity_destroy(struct activity *a)
{
	for (uint32_t i = 0; a && i < LANES_MAX; i++)
		free(a->lanes[i]);
	free(a);
}

static void look_at_rule(struct seen *s, const struct lane *lane, const struct slot_place *place,
			 uint64_t now_ns)
{
	const uint64_t hits = lane_rule_hits(lane, place->slot);

	if (lane_rule_epoch(lane, place->slot) != place->epoch)
		return; /* the worker has not adopted it yet */
	if (s->epoch != place->epoch)
		*s = (struct seen){.epoch = place->epoch};
	if (hits != s->hits)
		s->last_ns = now_ns;
	s->hits = hits;
}

void activity_look(struct activity *a, const struct site *site, uint64_t now_ns)
{
	const uint32_t lanes = (uint32_t)(site->link_count * DIRECTIONS);

	for (uint32_t i = 0; i < lanes; i++) {
		const struct generation_slots *slots = site->running->slots[i];
		const struct lane *lane =
			site->links[i / DIRECTIONS].direction[i % DIRECTIONS].lane;

		if (!a->lanes[i] && slots->rule_count > 0)
			a->lanes[i] = calloc(RULE_SLOTS, sizeof(*a->lanes[i]));
		for (size_t k = 0; a->lanes[i] && k < slots->rule_count; k++)
			look_at_rule(&a->lanes[i][slots->rules[k].slot], lane, &slots->rules[k],
				     now_ns);
	}
}

uint64_t activity_last_ns(const struct activity *a, uint32_t lane, uint32_t rule_slot)
{
	return a && a->lanes[lane] ? a->lanes[lane][rule_slot].last_ns : 0;
}
