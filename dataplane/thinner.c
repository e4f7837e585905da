/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See thinner.h. Every 20 ms the probability is chosen; each burst is judged by it without a
 * branch that would have to guess a random number.
 */
#include "thinner.h"

#include <string.h>

#include <rte_common.h>

enum {
	ONE_Q16 = 1 << 16,
	LOWEST_CORRECTION_Q16 = ONE_Q16 * 6 / 10, /* at an empty bucket; 1.4 at a full one */
	CORRECTION_SPAN_Q16 = ONE_Q16 * 8 / 10,
};

#define HEAVY_Q32 (THINNER_ADMIT_ALL_Q32 * 55 / 100)

void thinner_start(struct thinner *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->random = seed;
	t->admit_q32 = THINNER_ADMIT_ALL_Q32;
}

static uint64_t history_bytes(const struct thinner *t)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < t->filled; i++)
		sum += t->offered[i];
	return sum;
}

/* CIR over the offered rate, 32 fractional bits; both over the same time. */
static uint64_t fitting_share_q32(uint64_t cir_bps, uint64_t offered_bytes, uint64_t elapsed_ns)
{
	unsigned __int128 admitted_nb = (unsigned __int128)cir_bps * elapsed_ns;
	unsigned __int128 offered_nb =
		(unsigned __int128)offered_bytes * (uint64_t)NANOBITS_PER_BYTE;

	if (admitted_nb >= offered_nb)
		return THINNER_ADMIT_ALL_Q32;
	return (uint64_t)((admitted_nb << 32) / offered_nb);
}

static uint64_t mean_level_q16(const struct thinner *t, const struct meter_profile *contract)
{
	uint64_t burst = contract->burst_nb >> LEVEL_SHIFT;

	if (t->level_samples == 0 || burst == 0)
		return 0;
	return (t->level_sum / t->level_samples << 16) / burst;
}

static void choose_probability(struct thinner *t, const struct meter_profile *contract,
			       uint64_t offered_bytes, uint64_t elapsed_ns)
{
	uint64_t share = fitting_share_q32(contract->rate_bps, offered_bytes, elapsed_ns);
	uint64_t correction =
		LOWEST_CORRECTION_Q16 + ((CORRECTION_SPAN_Q16 * mean_level_q16(t, contract)) >> 16);
	uint64_t admit = (share * correction) >> 16;

	t->heavy = share < HEAVY_Q32;
	t->admit_q32 = admit < THINNER_ADMIT_ALL_Q32 ? admit : THINNER_ADMIT_ALL_Q32;
}

static void close_interval(struct thinner *t, const struct meter_profile *contract)
{
	uint64_t bytes, elapsed_ns;

	t->offered[t->next] = t->offered_now;
	t->next = (uint8_t)((t->next + 1) % THINNER_INTERVALS);
	if (t->filled < THINNER_INTERVALS)
		t->filled++;
	bytes = history_bytes(t);
	elapsed_ns = t->filled * THINNER_INTERVAL_NS;
	if (t->thinning) {
		bool under = fitting_share_q32(contract->rate_bps, bytes, elapsed_ns) ==
			     THINNER_ADMIT_ALL_Q32;

		t->under_rate = under ? (uint8_t)(t->under_rate + 1) : 0;
		if (t->under_rate >= THINNER_INTERVALS)
			t->thinning = false;
		else
			choose_probability(t, contract, bytes, elapsed_ns);
	}
	t->offered_now = 0;
	t->level_sum = 0;
	t->level_samples = 0;
}

static void forget(struct thinner *t, uint64_t now_ns)
{
	t->thinning = false;
	t->filled = 0;
	t->next = 0;
	t->offered_now = 0;
	t->interval_start_ns = now_ns;
}

void thinner_turn(struct thinner *t, const struct meter_profile *contract, uint64_t now_ns)
{
	if (now_ns < t->interval_start_ns ||
	    now_ns - t->interval_start_ns > 2 * THINNER_INTERVALS * THINNER_INTERVAL_NS) {
		/* the clock stepped back, or nothing was offered for so long */
		forget(t, now_ns);
		return;
	}
	while (now_ns - t->interval_start_ns >= THINNER_INTERVAL_NS) {
		close_interval(t, contract);
		t->interval_start_ns += THINNER_INTERVAL_NS;
	}
}

void thinner_begin(struct thinner *t, const struct meter_profile *contract, uint64_t now_ns)
{
	uint64_t elapsed_ns = t->filled * THINNER_INTERVAL_NS + (now_ns - t->interval_start_ns);

	t->thinning = true;
	t->under_rate = 0;
	t->level_sum = 0;
	t->level_samples = 0;
	choose_probability(t, contract, history_bytes(t) + t->offered_now, elapsed_ns);
}

/* --- each burst ----------------------------------------------------------------------- */

/* Packets from `first` on, while the contract is thinned; the bucket is not full, and does
 * not fill up within a burst. */
static void thin(struct thinner *t, struct meter *m, struct metered *p, uint32_t first)
{
	uint64_t random[BURST_MAX], offered = 0, levels = 0;
	const uint64_t admit_q32 = t->admit_q32;
	int64_t tokens_nb = m->tokens_nb;

	for (uint32_t k = first; k < p->count; k++)
		random[k] = thinner_draw(t->random + (k - first + 1) * THINNER_GAMMA);
	t->random += (p->count - first) * THINNER_GAMMA;
	for (uint32_t k = first; k < p->count; k++) {
		const int64_t need_nb = (int64_t)p->bytes[k] * NANOBITS_PER_BYTE;
		const bool thinned = random[k] >= admit_q32;
		const bool fits = tokens_nb >= need_nb;
		const int64_t drop = metered_if(thinned, DROP_THINNED) |
				     metered_if(!thinned & !fits, DROP_CONTRACT);

		offered += p->bytes[k];
		levels += (uint64_t)(tokens_nb > 0 ? tokens_nb : 0) >> LEVEL_SHIFT;
		tokens_nb -= metered_if(!thinned & fits, need_nb);
		p->drop[k] = (uint8_t)drop;
	}
	m->tokens_nb = tokens_nb;
	t->offered_now += offered;
	t->level_sum += levels;
	t->level_samples += p->count - first;
}

void thinner_police(struct thinner *t, struct meter *m, const struct meter_profile *contract,
		    struct metered *p, uint64_t now_ns)
{
	uint32_t k = 0;

	while (k < p->count) {
		uint32_t refused;

		if (thinner_goes_on(t, m, contract)) {
			thin(t, m, p, k);
			return;
		}
		refused = metered_conform(m, p, k);
		t->offered_now += metered_bytes(p, k, RTE_MIN(refused + 1, p->count));
		if (refused < p->count) {
			p->drop[refused] = DROP_CONTRACT;
			thinner_begin(t, contract, now_ns);
		}
		k = refused + 1;
	}
}
