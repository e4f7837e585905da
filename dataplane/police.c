/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meter and the dropper: what a class, or several that share a contract, has above
 * its CIR is lost at once (RFC 2475 2.3.3.3; RFC 3246 for EF), or whatever the contract's
 * exceed says. Packets meter in the order in which they came. A shaped contract is not
 * metered here but when its packets leave the queue (schedule.c).
 */
#include "stages.h"

#include "accounting.h"
#include "lane_state.h"
#include "policy_snapshot.h"

static void refill_meters(const struct burst *b, const struct policy *p, struct lane *lane)
{
	for (uint32_t left = p->policed; left != 0; left &= left - 1) {
		uint32_t slot = (uint32_t)__builtin_ctz(left);
		const struct contract_profile *c = &p->contracts[slot];

		meter_refill(&lane->contract_meters[slot], &c->meter, b->now_ns);
		if (c->exceed == EXCEED_RANDOM)
			thinner_turn(&lane->thinners[slot], &c->meter, b->now_ns);
	}
}

/* What becomes of a packet that the bucket has no room for. */
static void exceed(struct burst *b, uint32_t i, const struct contract_profile *c,
		   struct contract_counters *counters, uint32_t bytes)
{
	switch (c->exceed) {
	case EXCEED_COUNT:
		tally_add(&counters->exceeded, bytes);
		break;
	case EXCEED_REMARK:
		tally_add(&counters->exceeded, bytes);
		b->class_slot[i] = c->remark_slot;
		break;
	default:
		tally_add(&counters->dropped, bytes);
		b->drop[i] = DROP_CONTRACT;
		break;
	}
}

static void police_frame(struct burst *b, uint32_t i, const struct policy *p, struct lane *lane,
			 uint32_t slot)
{
	const struct contract_profile *c = &p->contracts[slot];
	struct contract_counters *counters = &lane->counters.contracts[slot];
	struct meter *meter = &lane->contract_meters[slot];
	struct thinner *thinner = &lane->thinners[slot];
	uint32_t bytes = contract_bytes(c, p, b, i);

	if (c->exceed == EXCEED_RANDOM && thinner_drops(thinner, meter, &c->meter, bytes)) {
		tally_add(&counters->dropped, bytes);
		b->drop[i] = DROP_THINNED;
		return;
	}
	if (meter_has(meter, bytes)) {
		meter_take(meter, bytes);
		tally_add(&counters->admitted, bytes);
		return;
	}
	if (c->exceed == EXCEED_RANDOM && !thinner->thinning)
		thinner_begin(thinner, &c->meter, b->now_ns);
	exceed(b, i, c, counters, bytes);
}

void police_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	if (p->policed == 0)
		return;
	refill_meters(b, p, lane);
	for (uint32_t i = 0; i < b->count; i++) {
		uint8_t slot;

		if (b->drop[i] != DROP_NONE || b->kind[i] == FRAME_LINK_CONTROL)
			continue;
		slot = p->classes[b->class_slot[i]].contract;
		if (slot != SLOT_NONE && (p->policed >> slot & 1))
			police_frame(b, i, p, lane, slot);
	}
}
