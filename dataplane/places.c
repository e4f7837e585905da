/* SPDX-License-Identifier: BSD-3-Clause */
/* See places.h. */
#include "places.h"

struct meter_profile protect_other_profile(uint64_t cir_bps, uint64_t burst_bytes)
{
	uint64_t rate = cir_bps / PROTECT_OTHER_SHARE;

	return meter_profile(rate > 0 ? rate : 1,
			     burst_bytes < PROTECT_OTHER_BYTES ? burst_bytes : PROTECT_OTHER_BYTES);
}

/* --- who holds one, by age ------------------------------------------------------------- */

static void link_newest(struct protect_table *t, struct protect *c, uint16_t index)
{
	struct place *p = &t->places[index];

	p->older = c->newest;
	p->newer = CALL_NONE;
	if (c->newest != CALL_NONE)
		t->places[c->newest].newer = index;
	else
		c->oldest = index;
	c->newest = index;
	c->holders++;
}

static void unlink_place(struct protect_table *t, struct protect *c, uint16_t index)
{
	const struct place *p = &t->places[index];

	if (p->older != CALL_NONE)
		t->places[p->older].newer = p->newer;
	else
		c->oldest = p->newer;
	if (p->newer != CALL_NONE)
		t->places[p->newer].older = p->older;
	else
		c->newest = p->older;
	if (c->swept == index)
		c->swept = p->older;
	c->holders--;
}

struct call *place_call(const struct place *p, struct call *calls, uint16_t index)
{
	return calls != NULL && calls[index].tag == p->tag ? &calls[index] : NULL;
}

void place_show(const struct place *p, struct call *call)
{
	if (call == NULL)
		return;
	call->placed = p->state == PLACE_HELD;
	call->reserved_bps = call->placed ? p->rate_bps : 0;
}

/* --- given, resized, ended ------------------------------------------------------------- */

void place_end_standby(struct protect_table *t, struct protect *c)
{
	if (c->standby != CALL_NONE)
		t->places[c->standby].state = PLACE_NONE;
	c->standby = CALL_NONE;
}

void place_release(struct protect_table *t, struct call *calls, uint16_t index, uint64_t now_ns)
{
	struct place *p = &t->places[index];
	struct protect *c = &t->contracts[p->contract];

	if (p->state == PLACE_STANDBY)
		place_end_standby(t, c);
	if (p->state == PLACE_NONE)
		return;
	c->level_nb -= counted(p, growth(p, now_ns));
	c->fill_bps -= fill_bps(p->rate_bps);
	c->rate_bps -= p->rate_bps;
	c->allowance_bytes -= p->allowance_bytes;
	unlink_place(t, c, index);
	p->state = PLACE_NONE;
	place_show(p, place_call(p, calls, index));
}

/* b: the largest packet, and what 10 ms of jitter bring, where the burst has room for that
 * for as many such calls as the rate has room for. */
static uint32_t allowance_bytes(const struct meter_profile *contract, uint64_t rate_bps,
				uint32_t largest)
{
	uint64_t burst = contract->burst_nb / (uint64_t)NANOBITS_PER_BYTE;
	unsigned __int128 early =
		(unsigned __int128)rate_bps * PLACE_JITTER_NS / (uint64_t)NANOBITS_PER_BYTE;
	unsigned __int128 share = 0, wanted = largest + early;

	if (contract->rate_bps > rate_bps && burst > largest)
		share = (unsigned __int128)(burst - largest) * rate_bps /
			(contract->rate_bps - rate_bps);
	if (wanted > share)
		wanted = share;
	if (wanted < largest)
		wanted = largest;
	return wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
}

/* With one more call's rate to spare, and one more packet. */
static bool fits(const struct protect *c, const struct meter_profile *contract, uint64_t rate_bps,
		 uint64_t allowance, uint32_t largest)
{
	return rate_bps <= contract->rate_bps && c->rate_bps + 2 * rate_bps <= contract->rate_bps &&
	       c->fill_bps + fill_bps(rate_bps) <= contract->rate_bps &&
	       nanobits(c->allowance_bytes + allowance + largest) <= contract->burst_nb;
}

bool place_give(const struct protect_view *v, uint16_t index, enum place_state state)
{
	struct place *p = &v->table->places[index];
	struct protect *c = contract_of(v);
	uint32_t allowance = allowance_bytes(v->contract, p->rate_bps, p->largest_bytes);
	int64_t spare;

	if (!fits(c, v->contract, p->rate_bps, allowance, p->largest_bytes))
		return false;
	place_release(v->table, v->calls, index, v->now_ns); /* a stand-by, if anything */
	spare = v->meter->tokens_nb - (int64_t)kept_nb(c, c->allowance_bytes);
	p->allowance_bytes = allowance;
	p->level_nb = (int64_t)nanobits(allowance);
	if (spare < p->level_nb)
		p->level_nb = spare > 0 ? spare : 0;
	p->since_ns = v->now_ns;
	p->state = (uint8_t)state;
	c->rate_bps += p->rate_bps;
	c->fill_bps += fill_bps(p->rate_bps);
	c->allowance_bytes += allowance;
	put_back(c, p);
	link_newest(v->table, c, index);
	return true;
}

bool place_resize(const struct protect_view *v, struct place *p, uint64_t rate_bps,
		  uint32_t largest)
{
	struct protect *c = contract_of(v);
	uint32_t allowance = allowance_bytes(v->contract, rate_bps, largest);
	struct protect others = *c;

	others.rate_bps -= p->rate_bps;
	others.fill_bps -= fill_bps(p->rate_bps);
	others.allowance_bytes -= p->allowance_bytes;
	if (!fits(&others, v->contract, rate_bps, allowance, largest))
		return false;
	take_out(c, p, v->now_ns);
	c->rate_bps = others.rate_bps + rate_bps;
	c->fill_bps = others.fill_bps + fill_bps(rate_bps);
	c->allowance_bytes = others.allowance_bytes + allowance;
	p->rate_bps = rate_bps;
	p->largest_bytes = largest;
	p->allowance_bytes = allowance;
	if (p->level_nb > (int64_t)nanobits(allowance))
		p->level_nb = (int64_t)nanobits(allowance);
	put_back(c, p);
	return true;
}

/* --- each turn, and each policy ---------------------------------------------------------- */

bool place_is_over(const struct place *p, const struct call *call, uint64_t now_ns)
{
	uint64_t silent;

	if (call == NULL)
		return true;
	silent = now_ns > call->last_ns ? now_ns - call->last_ns : 0;
	return silent >= (p->state == PLACE_TRIAL ? (uint64_t)PLACE_TRIAL_NS : CALL_IDLE_NS);
}

/* A clock that stepped back: nobody gains, and all go on from now. */
static void follow_back(struct protect_table *t, struct protect *c, uint64_t now_ns)
{
	c->level_nb = 0;
	for (uint16_t i = c->oldest; i != CALL_NONE; i = t->places[i].newer) {
		t->places[i].since_ns = now_ns;
		t->places[i].window_ns = now_ns;
		t->places[i].window_bytes = 0;
		put_back(c, &t->places[i]);
	}
	place_end_standby(t, c);
	c->since_ns = now_ns;
	c->swept_ns = now_ns;
}

/* The place next in age: freed if its call is over, else its allowance is brought to now. */
static void sweep_one(const struct protect_view *v, struct protect *c)
{
	uint16_t index = c->swept != CALL_NONE ? v->table->places[c->swept].newer : c->oldest;
	struct place *p;

	if (index == CALL_NONE)
		index = c->oldest;
	p = &v->table->places[index];
	if (place_is_over(p, place_call(p, v->calls, index), v->now_ns)) {
		place_release(v->table, v->calls, index, v->now_ns);
		return;
	}
	c->swept = index;
	take_out(c, p, v->now_ns);
	put_back(c, p);
}

void protect_turn(const struct protect_view *v)
{
	struct protect *c = contract_of(v);
	uint64_t each, looks;

	if (v->now_ns < c->since_ns)
		follow_back(v->table, c, v->now_ns);
	advance(c, v->now_ns);
	if (c->holders == 0) {
		c->swept_ns = v->now_ns;
		return;
	}
	each = PROTECT_SWEEP_NS / c->holders;
	looks = (v->now_ns - c->swept_ns) / each;
	if (looks > PROTECT_SWEEP_MAX) {
		looks = PROTECT_SWEEP_MAX;
		c->swept_ns = v->now_ns;
	} else {
		c->swept_ns += looks * each;
	}
	while (looks-- > 0 && c->oldest != CALL_NONE)
		sweep_one(v, c);
}

static bool is_too_much(const struct protect *c, const struct meter_profile *contract,
			const struct place *newest)
{
	return c->rate_bps + newest->rate_bps > contract->rate_bps ||
	       c->fill_bps > contract->rate_bps ||
	       nanobits(c->allowance_bytes + newest->largest_bytes) > contract->burst_nb;
}

void protect_adopt(const struct protect_view *v)
{
	struct protect *c = contract_of(v);

	if (v->now_ns < c->since_ns)
		follow_back(v->table, c, v->now_ns);
	advance(c, v->now_ns);
	meter_adopt(&c->other, v->other);
	while (c->newest != CALL_NONE &&
	       is_too_much(c, v->contract, &v->table->places[c->newest])) {
		struct call *call = place_call(&v->table->places[c->newest], v->calls, c->newest);

		if (call != NULL)
			call->over_contract = true;
		place_release(v->table, v->calls, c->newest, v->now_ns);
	}
}

void protect_start(struct protect_table *t, struct call *calls, uint8_t slot,
		   const struct meter_profile *other, uint64_t now_ns)
{
	struct protect *c = &t->contracts[slot];

	if (c->holders > 0)
		advance(c, now_ns > c->since_ns ? now_ns : c->since_ns);
	while (c->holders > 0)
		place_release(t, calls, c->newest, c->since_ns);
	if (c->started)
		place_end_standby(t, c);
	*c = (struct protect){.started = true,
			      .oldest = CALL_NONE,
			      .newest = CALL_NONE,
			      .swept = CALL_NONE,
			      .standby = CALL_NONE,
			      .since_ns = now_ns,
			      .swept_ns = now_ns};
	meter_fill(&c->other, other, now_ns);
}
