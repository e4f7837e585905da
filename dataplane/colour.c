/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a contract of an AF class does with its packets by their colour (RFC 2597): the marker
 * writes the drop precedence, red is dropped or passes, RED drops the worse colours earlier.
 * All colours of a class share its queue, so that none overtakes another (RFC 2597 2).
 */
#include "colour.h"

#include "burst.h"
#include "lane_state.h"
#include "policy_snapshot.h"

void colour_turn(struct lane *lane, const struct policy *p, uint8_t slot, uint64_t now_ns)
{
	const struct contract_profile *c = &p->contracts[slot];

	colour_refill(&lane->contract_meters[slot], &lane->excess_meters[slot], &c->meter,
		      &c->colour, now_ns);
}

void colour_frame(struct burst *b, uint32_t i, const struct policy *p, struct lane *lane,
		  uint8_t slot, uint32_t bytes)
{
	const struct colour_profile *profile = &p->contracts[slot].colour;
	struct contract_counters *counters = &lane->counters.contracts[slot];
	enum colour colour = COLOUR_GREEN;

	if (profile->aware)
		colour = colour_on_arrival(b->dscp[i], p->classes[b->class_slot[i]].dscp);
	colour = colour_of(profile, &lane->contract_meters[slot], &lane->excess_meters[slot], bytes,
			   colour);
	b->colour[i] = (uint8_t)colour;
	tally_add(&counters->colours[colour], bytes);
	if (colour == COLOUR_GREEN) {
		tally_add(&counters->admitted, bytes);
	} else if (colour == COLOUR_RED && profile->drop_red) {
		tally_add(&counters->dropped, bytes);
		b->drop[i] = DROP_CONTRACT;
	} else {
		tally_add(&counters->exceeded, bytes);
	}
}

void colour_adopt(struct lane *lane, const struct policy *p, bool known, uint8_t slot,
		  uint64_t now_ns)
{
	const struct contract_profile *c = &p->contracts[slot];
	struct meter *excess = &lane->excess_meters[slot];

	if (known && lane->policy->contracts[slot].exceed == EXCEED_COLOUR)
		meter_adopt(excess, &c->colour.excess);
	else
		meter_fill(excess, &c->colour.excess, now_ns);
}
