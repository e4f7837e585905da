/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See claims.h. A call's rate is told by its packets: a guess for the first, measured with
 * the third, reviewed each second.
 */
#include "claims.h"

#include <stddef.h>

enum {
	INTERVAL_MIN_NS = 1000000,
	GROWS_SHIFT = 3, /* a place grows for rates an eighth above it */
};

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

void claim_begin(const struct protect_view *v, struct place *p, struct call *call)
{
	*p = (struct place){.tag = call->tag, .contract = v->slot};
	place_show(p, call);
}

/* The third packet: the guess gives way to what it tells. */
static void settle(const struct protect_view *v, uint16_t index, struct call *call)
{
	struct place *p = &v->table->places[index];
	uint64_t rate = rate_of(p->largest_bytes, interval_ns(p, call, v->now_ns));

	if (p->state == PLACE_TRIAL && place_resize(v, p, rate, p->largest_bytes)) {
		p->state = PLACE_HELD;
	} else {
		place_release(v->table, v->calls, index, v->now_ns);
		p->rate_bps = rate;
		place_give(v, index, PLACE_HELD);
	}
	call->over_contract = p->state != PLACE_HELD;
	place_show(p, call);
}

/* Once a second: a call that sends more than it seemed to at first. */
static void review(const struct protect_view *v, struct place *p, struct call *call)
{
	uint64_t rate = rate_of(p->window_bytes, v->now_ns - p->window_ns);

	if (p->state < PLACE_TRIAL)
		p->rate_bps = rate;
	else if (rate > p->rate_bps + (p->rate_bps >> GROWS_SHIFT))
		place_resize(v, p, rate, p->largest_bytes);
	place_show(p, call);
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
		place_give(v, index, PLACE_TRIAL);
	} else if (is_known(p) && call->rtp.rtp_packets >= PLACE_PACKETS) {
		settle(v, index, call);
	} else if (is_known(p)) {
		p->packets = PLACE_PACKETS - 1;
		if (v->now_ns - p->window_ns > PLACE_TRIAL_NS)
			place_release(v->table, v->calls, index, v->now_ns);
	}
}

/* Whether the stand-by is another call's that began earlier and goes on. */
static bool is_taken(const struct protect_view *v, const struct protect *c, const struct call *call)
{
	const struct place *p = &v->table->places[c->standby];
	const struct call *other = place_call(p, v->calls, c->standby);

	return !place_is_over(p, other, v->now_ns) && other->first_ns <= call->first_ns;
}

/* The eldest of the calls that found no place, if the CIR has room for it without any to
 * spare. */
static void stand_by(const struct protect_view *v, uint16_t index, const struct call *call)
{
	struct protect *c = contract_of(v);
	struct place *p = &v->table->places[index];

	if (c->standby != CALL_NONE && is_taken(v, c, call))
		return;
	place_end_standby(v->table, c);
	if (c->rate_bps + p->rate_bps > v->contract->rate_bps)
		return;
	c->standby = index;
	p->state = PLACE_STANDBY;
	p->level_nb = 2 * (int64_t)nanobits(p->largest_bytes);
	p->since_ns = v->now_ns;
}

void claim(const struct protect_view *v, uint16_t index, struct call *call, uint32_t bytes)
{
	struct place *p = &v->table->places[index];

	if (call->rtp.rtp_packets == 0)
		return;
	if (p->packets == 0)
		begin_window(p, call, v->now_ns);
	if (v->now_ns < p->window_ns)
		p->window_ns = v->now_ns;
	if (bytes > p->largest_bytes &&
	    (p->state < PLACE_TRIAL || place_resize(v, p, p->rate_bps, bytes)))
		p->largest_bytes = bytes;
	p->window_bytes += bytes;
	if (!is_known(p)) {
		measure(v, index, call, bytes);
		return;
	}
	if (v->now_ns - p->window_ns >= CLAIM_WINDOW_NS)
		review(v, p, call);
	if (p->state < PLACE_TRIAL && place_give(v, index, PLACE_HELD))
		place_show(p, call);
	if (p->state == PLACE_NONE)
		stand_by(v, index, call);
}
