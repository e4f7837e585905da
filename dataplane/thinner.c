/* SPDX-License-Identifier: BSD-3-Clause */
/* See thinner.h: the part that runs every 20 ms. */
#include "thinner.h"

#include <string.h>

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
