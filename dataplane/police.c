/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meter and the dropper: what a class, or several that share a contract, has above
 * its CIR is lost at once (RFC 2475 2.3.3.3; RFC 3246 for EF), or whatever the contract's
 * exceed says. Packets meter in the order in which they came. A shaped contract is not
 * metered here but when its packets leave the queue (schedule.c).
 *
 * Which packets are lost: those that the bucket has no room for (police), a random set
 * (thinner.h), each call's even share (spread.h), or those of calls without a place
 * (protect.h). The bucket is the bound on all of them.
 */
#include "stages.h"

#include "accounting.h"
#include "lane_state.h"
#include "policy_snapshot.h"
#include "spread.h"

static struct protect_view view_of(const struct burst *b, const struct policy *p, struct lane *lane,
				   uint8_t slot)
{
	return (struct protect_view){
		.table = lane->protect,
		.calls = lane_calls(lane),
		.slot = slot,
		.contract = &p->contracts[slot].meter,
		.other = &p->contracts[slot].other,
		.meter = &lane->contract_meters[slot],
		.now_ns = b->now_ns,
	};
}

static void refill_meters(const struct burst *b, const struct policy *p, struct lane *lane)
{
	for (uint32_t left = p->policed; left != 0; left &= left - 1) {
		uint8_t slot = (uint8_t)__builtin_ctz(left);
		const struct contract_profile *c = &p->contracts[slot];

		if (c->exceed == EXCEED_COLOUR) {
			colour_turn(lane, p, slot, b->now_ns);
			continue;
		}
		meter_refill(&lane->contract_meters[slot], &c->meter, b->now_ns);
		if (c->exceed == EXCEED_RANDOM || c->exceed == EXCEED_SPREAD) {
			thinner_turn(&lane->thinners[slot], &c->meter, b->now_ns);
		} else if (c->exceed == EXCEED_PROTECT) {
			const struct protect_view view = view_of(b, p, lane, slot);

			for (uint32_t i = 0; i < b->count; i++)
				protect_prefetch(view.table, b->call[i]);
			protect_turn(&view);
		}
	}
}

static bool admits(struct meter *meter, uint32_t bytes)
{
	if (!meter_has(meter, bytes))
		return false;
	meter_take(meter, bytes);
	return true;
}

static enum drop_reason admit_random(struct thinner *t, struct meter *meter,
				     const struct meter_profile *contract, uint32_t bytes,
				     uint64_t now_ns)
{
	if (thinner_drops(t, meter, contract, bytes))
		return DROP_THINNED;
	if (admits(meter, bytes))
		return DROP_NONE;
	if (!t->thinning)
		thinner_begin(t, contract, now_ns);
	return DROP_CONTRACT;
}

static enum drop_reason admit_spread(struct thinner *t, struct meter *meter,
				     const struct meter_profile *contract, struct call *call,
				     uint32_t bytes, uint64_t now_ns)
{
	if (spread_drops(t, meter, contract, call, bytes))
		return DROP_SPREAD;
	if (admits(meter, bytes))
		return DROP_NONE;
	spread_refused(t, call);
	if (!t->thinning)
		thinner_begin(t, contract, now_ns);
	return DROP_CONTRACT;
}

static enum drop_reason admit_protect(const struct burst *b, uint32_t i, const struct policy *p,
				      struct lane *lane, uint8_t slot, uint32_t bytes)
{
	const struct protect_view view = view_of(b, p, lane, slot);

	if (protect_admits(&view, b->call[i], bytes))
		return DROP_NONE;
	return meter_has(view.meter, bytes) ? DROP_RESERVED : DROP_CONTRACT;
}

static struct call *call_of(const struct burst *b, uint32_t i, const struct lane *lane)
{
	if (lane->calls == NULL || b->call[i] == CALL_NONE)
		return NULL;
	return &lane->calls->entries[b->call[i]];
}

/* DROP_NONE: it conforms, and its tokens are taken. */
static enum drop_reason meter_frame(const struct burst *b, uint32_t i, const struct policy *p,
				    struct lane *lane, uint8_t slot, uint32_t bytes)
{
	const struct contract_profile *c = &p->contracts[slot];
	struct meter *meter = &lane->contract_meters[slot];

	switch (c->exceed) {
	case EXCEED_RANDOM:
		return admit_random(&lane->thinners[slot], meter, &c->meter, bytes, b->now_ns);
	case EXCEED_SPREAD:
		return admit_spread(&lane->thinners[slot], meter, &c->meter, call_of(b, i, lane),
				    bytes, b->now_ns);
	case EXCEED_PROTECT:
		return admit_protect(b, i, p, lane, slot, bytes);
	default:
		return admits(meter, bytes) ? DROP_NONE : DROP_CONTRACT;
	}
}

static void police_frame(struct burst *b, uint32_t i, const struct policy *p, struct lane *lane,
			 uint8_t slot)
{
	const struct contract_profile *c = &p->contracts[slot];
	struct contract_counters *counters = &lane->counters.contracts[slot];
	uint32_t bytes = contract_bytes(c, p, b, i);
	enum drop_reason reason;

	if (c->exceed == EXCEED_COLOUR) {
		colour_frame(b, i, p, lane, slot, bytes);
		return;
	}
	reason = meter_frame(b, i, p, lane, slot, bytes);
	if (reason == DROP_NONE) {
		tally_add(&counters->admitted, bytes);
	} else if (c->exceed == EXCEED_COUNT) {
		tally_add(&counters->exceeded, bytes);
	} else if (c->exceed == EXCEED_REMARK) {
		tally_add(&counters->exceeded, bytes);
		b->class_slot[i] = c->remark_slot;
		b->colour[i] = COLOUR_GREEN; /* that class may have colours */
	} else {
		tally_add(&counters->dropped, bytes);
		b->drop[i] = (uint8_t)reason;
	}
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
