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
#include "burst_select.h"
#include "lane_state.h"
#include "metered.h"
#include "policy_snapshot.h"
#include "spread.h"

/* --- which packets -------------------------------------------------------------------- */

/* A class has one contract at most, link control none. */
static inline uint64_t select_metered(const struct burst *b, uint32_t classes, uint64_t living)
{
	uint8_t data[BURST_MAX];

	for (uint32_t i = 0; i < BURST_MAX; i++)
		data[i] = b->kind[i] != FRAME_LINK_CONTROL ? 0xff : 0;
	return living & select_classes(b, classes) & select_bits(data);
}

static inline void gather(struct metered *m, const struct burst *b, const struct policy *p,
			  const struct contract_profile *c, uint64_t frames)
{
	uint64_t total = 0;
	uint32_t n = 0;

	for (; frames != 0; n++) {
		const uint32_t i = select_next(&frames);
		uint32_t bytes = b->ip_bytes[i];

		if (c->account != ACCOUNT_IP || c->overhead_bytes != 0)
			bytes = contract_bytes(c, p, b, i);
		m->frame[n] = (uint8_t)i;
		m->drop[n] = DROP_NONE;
		m->bytes[n] = bytes;
		total += bytes;
	}
	m->count = n;
	m->total = total;
}

/* --- which of them conform ------------------------------------------------------------ */

static void police_spread(const struct burst *b, struct lane *lane, uint8_t slot,
			  const struct meter_profile *contract, struct metered *m)
{
	struct call *const entries = lane_calls(lane);
	struct call *calls[BURST_MAX];

	for (uint32_t k = 0; k < m->count; k++) {
		const uint16_t index = b->call[m->frame[k]];

		calls[k] = entries == NULL || index == CALL_NONE ? NULL : &entries[index];
	}
	spread_police(&lane->thinners[slot], &lane->contract_meters[slot], contract, m, calls,
		      b->now_ns);
}

static void police_protect(const struct burst *b, const struct policy *p, struct lane *lane,
			   uint8_t slot, struct metered *m)
{
	const struct protect_view view = {
		.table = lane->protect,
		.calls = lane_calls(lane),
		.slot = slot,
		.contract = &p->contracts[slot].meter,
		.other = &p->contracts[slot].other,
		.meter = &lane->contract_meters[slot],
		.now_ns = b->now_ns,
	};

	protect_police(&view, m, b->call);
}

static inline void meter_packets(const struct burst *b, const struct policy *p, struct lane *lane,
				 uint8_t slot, struct metered *m)
{
	const struct contract_profile *c = &p->contracts[slot];
	struct meter *meter = &lane->contract_meters[slot];

	switch (c->exceed) {
	case EXCEED_RANDOM:
		thinner_turn(&lane->thinners[slot], &c->meter, b->now_ns);
		thinner_police(&lane->thinners[slot], meter, &c->meter, m, b->now_ns);
		break;
	case EXCEED_SPREAD:
		thinner_turn(&lane->thinners[slot], &c->meter, b->now_ns);
		police_spread(b, lane, slot, &c->meter, m);
		break;
	case EXCEED_PROTECT:
		police_protect(b, p, lane, slot, m);
		break;
	default:
		metered_police(meter, m);
		break;
	}
}

/* --- and what becomes of the others ---------------------------------------------------- */

/* over: bits of m's packets that do not conform. */
static void treat_excess(struct burst *b, const struct contract_profile *c, const struct metered *m,
			 uint64_t over)
{
	while (over != 0) {
		const uint32_t k = select_next(&over);

		const uint32_t i = m->frame[k];

		if (c->exceed != EXCEED_REMARK) {
			b->drop[i] = m->drop[k];
			continue;
		}
		b->class_slot[i] = c->remark_slot;
		b->colour[i] = COLOUR_GREEN; /* that class may have colours */
	}
}

/* taken_nb: what the packets that conform have cost. */
static inline void settle(struct burst *b, const struct contract_profile *c,
			  struct contract_counters *counters, const struct metered *m,
			  uint64_t taken_nb)
{
	const uint64_t over = metered_over(m);
	const uint64_t packets = (uint64_t)__builtin_popcountll(over);
	const uint64_t bytes = m->total - taken_nb / (uint64_t)NANOBITS_PER_BYTE;

	tally_more(&counters->admitted, m->count - packets, m->total - bytes);
	if (over == 0)
		return;
	if (c->exceed == EXCEED_COUNT || c->exceed == EXCEED_REMARK)
		tally_more(&counters->exceeded, packets, bytes);
	else
		tally_more(&counters->dropped, packets, bytes);
	if (c->exceed != EXCEED_COUNT)
		treat_excess(b, c, m, over);
}

/* Its packets get a colour each, and go on by that. */
static void colour_packets(struct burst *b, const struct policy *p, struct lane *lane, uint8_t slot,
			   const struct metered *m)
{
	colour_turn(lane, p, slot, b->now_ns);
	for (uint32_t k = 0; k < m->count; k++)
		colour_frame(b, m->frame[k], p, lane, slot, m->bytes[k]);
}

void police_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	const uint64_t living = p->policed ? select_living(b) : 0;
	uint64_t frames[CONTRACT_SLOTS];

	/* all before the first is metered, which may move packets to another's class */
	for (uint32_t left = p->policed; left != 0; left &= left - 1) {
		const uint32_t slot = (uint32_t)__builtin_ctz(left);

		frames[slot] = select_metered(b, p->contracts[slot].class_slots, living);
	}
	for (uint32_t left = p->policed; left != 0; left &= left - 1) {
		const uint8_t slot = (uint8_t)__builtin_ctz(left);
		const struct contract_profile *c = &p->contracts[slot];
		const struct meter *meter = &lane->contract_meters[slot];
		struct metered m;
		int64_t before_nb;

		gather(&m, b, p, c, frames[slot]);
		if (c->exceed == EXCEED_COLOUR) {
			colour_packets(b, p, lane, slot, &m);
			continue;
		}
		meter_refill(&lane->contract_meters[slot], &c->meter, b->now_ns);
		before_nb = meter->tokens_nb;
		meter_packets(b, p, lane, slot, &m);
		settle(b, c, &lane->counters.contracts[slot], &m,
		       (uint64_t)(before_nb - meter->tokens_nb));
	}
}
