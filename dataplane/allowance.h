/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the allowances of a contract's places hold, each and together (protect.h). All sums
 * are exact: what a place adds to one is taken out to the bit.
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_ALLOWANCE_H
#define EDGEMARK_ALLOWANCE_H

#include "protect.h"

enum {
	FILL_SHIFT = 12, /* a reserved rate is rounded up by 1/4096: clocks differ */
};

static inline uint64_t fill_bps(uint64_t rate_bps)
{
	return rate_bps + (rate_bps >> FILL_SHIFT);
}

static inline uint64_t nanobits(uint64_t bytes)
{
	return bytes * (uint64_t)NANOBITS_PER_BYTE;
}

static inline struct protect *contract_of(const struct protect_view *v)
{
	return &v->table->contracts[v->slot];
}

static inline void advance(struct protect *c, uint64_t now_ns)
{
	c->level_nb += (unsigned __int128)c->fill_bps * (now_ns - c->since_ns);
	c->since_ns = now_ns;
}

static inline unsigned __int128 growth(const struct place *p, uint64_t now_ns)
{
	return (unsigned __int128)fill_bps(p->rate_bps) * (now_ns - p->since_ns);
}

/* What the place has in its contract's sum now. */
static inline unsigned __int128 counted(const struct place *p, unsigned __int128 grown)
{
	return grown + (p->level_nb > 0 ? (uint64_t)p->level_nb : 0);
}

/* Its allowance as it is now; takes it out of the sum. */
static inline void take_out(struct protect *c, struct place *p, uint64_t now_ns)
{
	const unsigned __int128 grown = growth(p, now_ns);
	const __int128 level = p->level_nb + (__int128)grown;
	const int64_t full = (int64_t)nanobits(p->allowance_bytes);

	c->level_nb -= counted(p, grown);
	p->level_nb = level < full ? (int64_t)level : full;
	p->since_ns = now_ns;
}

static inline void put_back(struct protect *c, const struct place *p)
{
	if (p->level_nb > 0)
		c->level_nb += (uint64_t)p->level_nb;
}

/* At most what they hold when all are full. */
static inline uint64_t kept_nb(const struct protect *c, uint64_t allowance_bytes)
{
	uint64_t full = nanobits(allowance_bytes);

	return c->level_nb < full ? (uint64_t)c->level_nb : full;
}

#endif
