/* SPDX-License-Identifier: BSD-3-Clause */
/* See protect.h: what passes. */
#include "protect.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "claims.h"

/* Whether the bucket has the bytes, and keeps so much. */
static inline bool take_beyond(const struct protect_view *v, uint64_t bytes, uint64_t kept)
{
	if (v->meter->tokens_nb < (int64_t)(nanobits(bytes) + kept))
		return false;
	meter_take(v->meter, bytes);
	return true;
}

/* Its allowance is brought to now, and drawn on. */
static inline bool admits_holder(const struct protect_view *v, struct place *p, uint64_t bytes)
{
	struct protect *c = contract_of(v);
	const int64_t need = (int64_t)nanobits(bytes), early = (int64_t)nanobits(p->largest_bytes);
	bool passes = false;

	take_out(c, p, v->now_ns);
	if (likely(p->level_nb >= need))
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

/* The place was another call's, or of another contract. */
static __rte_noinline void take_over(const struct protect_view *v, uint16_t index)
{
	struct place *p = &v->table->places[index];

	if (p->state != PLACE_NONE) {
		advance(&v->table->contracts[p->contract], v->now_ns);
		place_release(v->table, v->calls, index, v->now_ns);
	}
	claim_begin(v, p, &v->calls[index]);
}

static inline bool admits(const struct protect_view *v, uint16_t index, uint32_t bytes)
{
	struct place *p;
	struct call *call;

	if (unlikely(index == CALL_NONE || v->calls == NULL))
		return admits_other(v, bytes);
	p = &v->table->places[index];
	call = &v->calls[index];
	if (unlikely(p->tag != call->tag || p->contract != v->slot))
		take_over(v, index);
	if (likely(claim_stands(v, p, call, bytes)))
		p->window_bytes += bytes;
	else
		claim(v, index, call, bytes);
	if (likely(p->state >= PLACE_TRIAL))
		return admits_holder(v, p, bytes);
	if (p->state == PLACE_STANDBY)
		return admits_standby(v, p, bytes);
	return take_beyond(v, bytes, nanobits(contract_of(v)->allowance_bytes));
}

void protect_police(const struct protect_view *view, struct metered *m, const uint16_t *call)
{
	const struct protect_view v = *view; /* which no store can reach */

	for (uint32_t k = 0; k < m->count; k++)
		if (call[m->frame[k]] != CALL_NONE)
			__builtin_prefetch(&v.table->places[call[m->frame[k]]], 1);
	protect_turn(&v);
	for (uint32_t k = 0; k < m->count; k++)
		if (!admits(&v, call[m->frame[k]], m->bytes[k]))
			m->drop[k] =
				meter_has(v.meter, m->bytes[k]) ? DROP_RESERVED : DROP_CONTRACT;
}
