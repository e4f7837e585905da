/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packets of one burst that one contract meters, in the order in which they came, and
 * what the dropper makes of each. All that a dropper needs is here and in its own state, so
 * that it runs over all of them at once.
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_METERED_H
#define EDGEMARK_METERED_H

#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "burst_select.h"
#include "meter.h"

struct metered {
	uint32_t count;
	uint64_t total;		   /* bytes of all */
	uint8_t frame[BURST_MAX];  /* its place in the burst */
	uint8_t drop[BURST_MAX];   /* enum drop_reason; DROP_NONE to begin with */
	uint32_t bytes[BURST_MAX]; /* by the contract's account */
};

/* Of the packets from `first` on, up to `end`. */
static inline uint64_t metered_bytes(const struct metered *p, uint32_t first, uint32_t end)
{
	uint64_t bytes = 0;

	if (first == 0 && end == p->count)
		return p->total;
	for (uint32_t k = first; k < end; k++)
		bytes += p->bytes[k];
	return bytes;
}

/* Value or 0, by a mask: a compiler that sees a choice may make a branch of it. */
static inline int64_t metered_if(bool condition, int64_t value)
{
	return value & -(int64_t)condition;
}

/* Takes the packets from `first` on that conform, up to the first one that does not: its
 * place, or count. */
static inline uint32_t metered_conform(struct meter *m, const struct metered *p, uint32_t first)
{
	uint32_t k = first;

	if (first == 0 && meter_has(m, p->total)) { /* so does each of them in turn */
		meter_take(m, p->total);
		return p->count;
	}
	for (; k < p->count && meter_has(m, p->bytes[k]); k++)
		meter_take(m, p->bytes[k]);
	return k;
}

/* Those that do not conform, packet k as bit k. */
static inline uint64_t metered_over(const struct metered *p)
{
	uint8_t over[BURST_MAX];

	for (uint32_t k = 0; k < BURST_MAX; k++)
		over[k] = p->drop[k] != DROP_NONE ? 0xff : 0;
	return p->count > 0 ? select_bits(over) & UINT64_MAX >> (BURST_MAX - p->count) : 0;
}

/* The plain token bucket. Which packets fail it follows no pattern: no branch asks. */
static inline void metered_police(struct meter *m, struct metered *p)
{
	int64_t tokens_nb;

	if (meter_has(m, p->total)) {
		meter_take(m, p->total);
		return;
	}
	tokens_nb = m->tokens_nb;
	for (uint32_t k = 0; k < p->count; k++) {
		const int64_t need_nb = (int64_t)p->bytes[k] * NANOBITS_PER_BYTE;
		const bool fits = tokens_nb >= need_nb;

		p->drop[k] = (uint8_t)metered_if(!fits, DROP_CONTRACT);
		tokens_nb -= metered_if(fits, need_nb);
	}
	m->tokens_nb = tokens_nb;
}

#endif
