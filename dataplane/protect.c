/* SPDX-License-Identifier: BSD-3-Clause */
/* See protect.h. All sums are exact: what a place adds to one is taken out to the bit. */
#include "protect.h"

#include <stddef.h>
#include <string.h>

enum {
	FILL_SHIFT = 12, /* a reserved rate is rounded up by 1/4096: clocks differ */
	WINDOW_NS = 1000000000,
	INTERVAL_MIN_NS = 1000000,
	GROWS_SHIFT = 3, /* a place grows for rates an eighth above it */
};

struct meter_profile protect_other_profile(uint64_t cir_bps, uint64_t burst_bytes)
{
	uint64_t rate = cir_bps / PROTECT_OTHER_SHARE;

	return meter_profile(rate > 0 ? rate : 1,
			     burst_bytes < PROTECT_OTHER_BYTES ? burst_bytes : PROTECT_OTHER_BYTES);
}

static uint64_t fill_bps(uint64_t rate_bps)
{
	return rate_bps + (rate_bps >> FILL_SHIFT);
}

static uint64_t nanobits(uint64_t bytes)
{
	return bytes * (uint64_t)NANOBITS_PER_BYTE;
}

static struct protect *contract_of(const struct protect_view *v)
{
	return &v->table->contracts[v->slot];
}

/* --- what allowances hold ------------------------------------------------------------- */

static void advance(struct protect *c, uint64_t now_ns)
{
	c->level_nb += (unsigned __int128)c->fill_bps * (now_ns - c->since_ns);
	c->since_ns = now_ns;
}

static unsigned __int128 growth(const struct place *p, uint64_t now_ns)
{
	return (unsigned __int128)fill_bps(p->rate_bps) * (now_ns - p->since_ns);
}

/* What the place has in its contract's sum now. */
static unsigned __int128 counted(const struct place *p, unsigned __int128 grown)
{
	return grown + (p->level_nb > 0 ? (uint64_t)p->level_nb : 0);
}

/* Its allowance as it is now; takes it out of the sum. */
static void take_out(struct protect *c, struct place *p, uint64_t now_ns)
{
	const unsigned __int128 grown = growth(p, now_ns);
	const __int128 level = p->level_nb + (__int128)grown;
	const int64_t full = (int64_t)nanobits(p->allowance_bytes);

	c->level_nb -= counted(p, grown);
	p->level_nb = level < full ? (int64_t)level : full;
	p->since_ns = now_ns;
}

static void put_back(struct protect *c, const struct place *p)
{
	if (p->level_nb > 0)
		c->level_nb += (uint64_t)p->level_nb;
}

/* At most what they hold when all are full. */
static uint64_t kept_nb(const struct protect *c, uint64_t allowance_bytes)
{
	uint64_t full = nanobits(allowance_bytes);

	return c->level_nb < full ? (uint64_t)c->level_nb : full;
}

static void end_standby(struct protect_table *t, struct protect *c)
{
	if (c->standby != CALL_NONE)
		t->places[c->standby].state = PLACE_NONE;
	c->standby = CALL_NONE;
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
	end_standby(t, c);
	c->since_ns = now_ns;
	c->swept_ns = now_ns;
}

/* --- places --------------------------------------------------------------------------- */

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

/* The call of this place, if its entry has not changed hands. */
static struct call *call_of(const struct place *p, struct call *calls, uint16_t index)
{
	return calls != NULL && calls[index].tag == p->tag ? &calls[index] : NULL;
}

static void show(const struct place *p, struct call *call)
{
	if (call == NULL)
		return;
	call->placed = p->state == PLACE_HELD;
	call->reserved_bps = call->placed ? p->rate_bps : 0;
}

/* The contract's sum has been advanced to now. */
static void release(struct protect_table *t, struct call *calls, uint16_t index, uint64_t now_ns)
{
	struct place *p = &t->places[index];
	struct protect *c = &t->contracts[p->contract];

	if (p->state == PLACE_STANDBY)
		end_standby(t, c);
	if (p->state == PLACE_NONE)
		return;
	c->level_nb -= counted(p, growth(p, now_ns));
	c->fill_bps -= fill_bps(p->rate_bps);
	c->rate_bps -= p->rate_bps;
	c->allowance_bytes -= p->allowance_bytes;
	unlink_place(t, c, index);
	p->state = PLACE_NONE;
	show(p, call_of(p, calls, index));
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

/* Gives the call a place at this rate, if there is room; a new allowance is as full as what
 * the bucket has beyond the others' lets it be. */
static bool give_place(const struct protect_view *v, uint16_t index, enum place_state state)
{
	struct place *p = &v->table->places[index];
	struct protect *c = contract_of(v);
	uint32_t allowance = allowance_bytes(v->contract, p->rate_bps, p->largest_bytes);
	int64_t spare;

	if (!fits(c, v->contract, p->rate_bps, allowance, p->largest_bytes))
		return false;
	release(v->table, v->calls, index, v->now_ns); /* a stand-by, if anything */
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

/* The place keeps its age: its rate or its largest packet is another than thought. False:
 * there is no room, and it stays as it was. */
static bool resize(const struct protect_view *v, struct place *p, uint64_t rate_bps,
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

/* --- how much a call needs ------------------------------------------------------------- */

/* Between two packets, from their arrivals: what senders do, if it is near. */
static uint64_t usual_interval_ns(uint64_t ns)
{
	static const uint64_t usual_ns[] = {5000000,  10000000, 20000000,  30000000, 40000000,
					    60000000, 80000000, 100000000, 120000000};

	for (size_t i = 0; i < sizeof(usual_ns) / sizeof(usual_ns[0]); i++) {
		uint64_t apart = ns > usual_ns[i] ? ns - usual_ns[i] : usual_ns[i] - ns;

		if (apart <= usual_ns[i] / 4)
			return usual_ns[i];
	}
	return ns;
}

/* By the sender's clock where it is known, which no jitter disturbs. */
static uint64_t interval_ns(const struct place *p, const struct call *call, uint64_t now_ns)
{
	uint32_t ticks = call->rtp.timestamp - p->first_timestamp;
	uint32_t sequence = call->rtp.cycles + call->rtp.max_seq - p->first_sequence;
	uint64_t ns = 0;

	if (sequence == 0 || sequence > 1000)
		sequence = PLACE_PACKETS - 1;
	else if (call->rtp.clock_hz > 0 && ticks < 1u << 24)
		ns = (uint64_t)ticks * 1000000000 / call->rtp.clock_hz / sequence;
	if (ns == 0)
		ns = usual_interval_ns((now_ns - p->window_ns) / sequence);
	return ns > INTERVAL_MIN_NS ? ns : INTERVAL_MIN_NS;
}

static uint64_t rate_of(uint64_t bytes, uint64_t ns)
{
	unsigned __int128 rate = ((unsigned __int128)nanobits(bytes) + ns - 1) / ns;

	return rate < RATE_BPS_MAX ? (uint64_t)rate : RATE_BPS_MAX;
}

static void begin_window(struct place *p, const struct call *call, uint64_t now_ns)
{
	p->packets = 0;
	p->window_bytes = 0;
	p->window_ns = now_ns;
	p->first_timestamp = call->rtp.timestamp;
	p->first_sequence = call->rtp.cycles + call->rtp.max_seq;
}

static void begin_place(const struct protect_view *v, struct place *p, struct call *call)
{
	*p = (struct place){.tag = call->tag, .contract = v->slot};
	show(p, call);
}

/* The third packet: the guess gives way to what it tells. */
static void settle(const struct protect_view *v, uint16_t index, struct call *call)
{
	struct place *p = &v->table->places[index];
	uint64_t rate = rate_of(p->largest_bytes, interval_ns(p, call, v->now_ns));

	if (p->state == PLACE_TRIAL && resize(v, p, rate, p->largest_bytes)) {
		p->state = PLACE_HELD;
	} else {
		release(v->table, v->calls, index, v->now_ns);
		p->rate_bps = rate;
		give_place(v, index, PLACE_HELD);
	}
	call->over_contract = p->state != PLACE_HELD;
	show(p, call);
}

/* Once a second: a call that sends more than it seemed to at first. */
static void review(const struct protect_view *v, struct place *p, struct call *call)
{
	uint64_t rate = rate_of(p->window_bytes, v->now_ns - p->window_ns);

	if (p->state < PLACE_TRIAL)
		p->rate_bps = rate;
	else if (rate > p->rate_bps + (p->rate_bps >> GROWS_SHIFT))
		resize(v, p, rate, p->largest_bytes);
	show(p, call);
	begin_window(p, call, v->now_ns);
	p->packets = PLACE_PACKETS; /* it is known */
}

static bool is_known(const struct place *p)
{
	return p->packets >= PLACE_PACKETS;
}

/* The first packets. Without a sequence of them there is no place for long. */
static void measure(const struct protect_view *v, uint16_t index, struct call *call, uint32_t bytes)
{
	struct place *p = &v->table->places[index];

	if (p->packets++ == 0) {
		p->rate_bps = rate_of(bytes, PLACE_INTERVAL_GUESS_NS);
		give_place(v, index, PLACE_TRIAL);
	} else if (is_known(p) && call->rtp.rtp_packets >= PLACE_PACKETS) {
		settle(v, index, call);
	} else if (is_known(p)) {
		p->packets = PLACE_PACKETS - 1;
		if (v->now_ns - p->window_ns > PLACE_TRIAL_NS)
			release(v->table, v->calls, index, v->now_ns);
	}
}

static bool is_over(const struct place *p, const struct call *call, uint64_t now_ns)
{
	uint64_t silent;

	if (call == NULL)
		return true;
	silent = now_ns > call->last_ns ? now_ns - call->last_ns : 0;
	return silent >= (p->state == PLACE_TRIAL ? (uint64_t)PLACE_TRIAL_NS : CALL_IDLE_NS);
}

/* Whether the stand-by is another call's that began earlier and goes on. */
static bool is_taken(const struct protect_view *v, const struct protect *c, const struct call *call)
{
	const struct place *p = &v->table->places[c->standby];
	const struct call *other = call_of(p, v->calls, c->standby);

	return !is_over(p, other, v->now_ns) && other->first_ns <= call->first_ns;
}

/* The eldest of the calls that found no place, if the CIR has room for it without any to
 * spare. */
static void stand_by(const struct protect_view *v, uint16_t index, const struct call *call)
{
	struct protect *c = contract_of(v);
	struct place *p = &v->table->places[index];

	if (c->standby != CALL_NONE && is_taken(v, c, call))
		return;
	end_standby(v->table, c);
	if (c->rate_bps + p->rate_bps > v->contract->rate_bps)
		return;
	c->standby = index;
	p->state = PLACE_STANDBY;
	p->level_nb = 2 * (int64_t)nanobits(p->largest_bytes);
	p->since_ns = v->now_ns;
}

/* What the packet tells of its call; and a place, if it may have one now. */
static void learn(const struct protect_view *v, uint16_t index, struct call *call, uint32_t bytes)
{
	struct place *p = &v->table->places[index];

	if (call->rtp.rtp_packets == 0)
		return;
	if (p->packets == 0)
		begin_window(p, call, v->now_ns);
	if (v->now_ns < p->window_ns)
		p->window_ns = v->now_ns;
	if (bytes > p->largest_bytes &&
	    (p->state < PLACE_TRIAL || resize(v, p, p->rate_bps, bytes)))
		p->largest_bytes = bytes;
	p->window_bytes += bytes;
	if (!is_known(p)) {
		measure(v, index, call, bytes);
		return;
	}
	if (v->now_ns - p->window_ns >= WINDOW_NS)
		review(v, p, call);
	if (p->state < PLACE_TRIAL && give_place(v, index, PLACE_HELD))
		show(p, call);
	if (p->state == PLACE_NONE)
		stand_by(v, index, call);
}

/* --- each packet ---------------------------------------------------------------------- */

/* Whether the bucket has the bytes, and keeps so much. */
static bool take_beyond(const struct protect_view *v, uint64_t bytes, uint64_t kept)
{
	if (v->meter->tokens_nb < (int64_t)(nanobits(bytes) + kept))
		return false;
	meter_take(v->meter, bytes);
	return true;
}

static bool admits_holder(const struct protect_view *v, struct place *p, uint64_t bytes)
{
	struct protect *c = contract_of(v);
	const int64_t need = (int64_t)nanobits(bytes), early = (int64_t)nanobits(p->largest_bytes);
	bool passes = false;

	take_out(c, p, v->now_ns);
	if (p->level_nb >= need)
		passes = take_beyond(v, bytes, 0);
	else if (p->level_nb + early >= need)
		passes = take_beyond(v, bytes, kept_nb(c, c->allowance_bytes - p->allowance_bytes));
	if (passes)
		p->level_nb -= need;
	put_back(c, p);
	return passes || take_beyond(v, bytes, nanobits(c->allowance_bytes));
}

/* Within its own rate, two packets at most at once. */
static bool admits_standby(const struct protect_view *v, struct place *p, uint64_t bytes)
{
	struct protect *c = contract_of(v);
	const int64_t full = 2 * (int64_t)nanobits(p->largest_bytes);
	const __int128 level = p->level_nb + (__int128)growth(p, v->now_ns);

	p->level_nb = level < full ? (int64_t)level : full;
	p->since_ns = v->now_ns;
	if (p->level_nb >= (int64_t)nanobits(bytes) &&
	    take_beyond(v, bytes, kept_nb(c, c->allowance_bytes))) {
		p->level_nb -= (int64_t)nanobits(bytes);
		return true;
	}
	return take_beyond(v, bytes, nanobits(c->allowance_bytes));
}

static bool admits_other(const struct protect_view *v, uint64_t bytes)
{
	struct protect *c = contract_of(v);

	meter_refill(&c->other, v->other, v->now_ns);
	if (meter_has(&c->other, bytes) && take_beyond(v, bytes, kept_nb(c, c->allowance_bytes))) {
		meter_take(&c->other, bytes);
		return true;
	}
	return take_beyond(v, bytes, nanobits(c->allowance_bytes));
}

bool protect_admits(const struct protect_view *v, uint16_t index, uint64_t bytes)
{
	struct protect *c = contract_of(v);
	struct place *p;
	struct call *call;

	if (index == CALL_NONE || v->calls == NULL)
		return admits_other(v, bytes);
	p = &v->table->places[index];
	call = &v->calls[index];
	if (p->tag != call->tag || p->contract != v->slot) {
		if (p->state != PLACE_NONE) {
			advance(&v->table->contracts[p->contract], v->now_ns);
			release(v->table, v->calls, index, v->now_ns);
		}
		begin_place(v, p, call);
	}
	learn(v, index, call, (uint32_t)bytes);
	if (p->state >= PLACE_TRIAL)
		return admits_holder(v, p, bytes);
	if (p->state == PLACE_STANDBY)
		return admits_standby(v, p, bytes);
	return take_beyond(v, bytes, nanobits(c->allowance_bytes));
}

/* --- each turn, and each policy ---------------------------------------------------------- */

/* The place next in age: freed if its call is over, else its allowance is brought to now. */
static void sweep_one(const struct protect_view *v, struct protect *c)
{
	uint16_t index = c->swept != CALL_NONE ? v->table->places[c->swept].newer : c->oldest;
	struct place *p;

	if (index == CALL_NONE)
		index = c->oldest;
	p = &v->table->places[index];
	if (is_over(p, call_of(p, v->calls, index), v->now_ns)) {
		release(v->table, v->calls, index, v->now_ns);
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
		struct call *call = call_of(&v->table->places[c->newest], v->calls, c->newest);

		if (call != NULL)
			call->over_contract = true;
		release(v->table, v->calls, c->newest, v->now_ns);
	}
}

void protect_start(struct protect_table *t, struct call *calls, uint8_t slot,
		   const struct meter_profile *other, uint64_t now_ns)
{
	struct protect *c = &t->contracts[slot];

	if (c->holders > 0)
		advance(c, now_ns > c->since_ns ? now_ns : c->since_ns);
	while (c->holders > 0)
		release(t, calls, c->newest, c->since_ns);
	if (c->started)
		end_standby(t, c);
	*c = (struct protect){.started = true,
			      .oldest = CALL_NONE,
			      .newest = CALL_NONE,
			      .swept = CALL_NONE,
			      .standby = CALL_NONE,
			      .since_ns = now_ns,
			      .swept_ns = now_ns};
	meter_fill(&c->other, other, now_ns);
}
