/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The random dropper of a contract (exceed = "random"): what is over the rate is lost at
 * once, by a random set over all calls in progress.
 *
 * A plain token bucket phase-locks with periodic calls: the same calls always find it
 * empty. So once a packet has truly failed the bucket, packets are thinned at random
 * ahead of it, with the probability that makes the offered rate fit the contract. That
 * probability is recomputed every 20 ms from the offered rate of the last 200 ms and the
 * mean level of the bucket over the interval (a correction of up to 40 %), and is
 * constant in between: following the momentary level would favour a phase. Thinning ends
 * when the bucket is full again, or when the offered rate has been under the CIR for
 * 200 ms. The bucket stays the bound: what it can't admit is dropped, thinned or not.
 *
 * Thread: the lane's worker. Integers only, so that a replay is bit-exact.
 */
#ifndef EDGEMARK_THINNER_H
#define EDGEMARK_THINNER_H

#include <stdbool.h>
#include <stdint.h>

#include "metered.h"

enum {
	THINNER_INTERVALS = 10, /* of the moving average */
};
#define THINNER_INTERVAL_NS UINT64_C(20000000)

struct thinner {
	bool thinning;
	bool heavy;	    /* so much is to be lost that two in a row can't be avoided */
	uint8_t under_rate; /* intervals in a row with the average under the CIR */
	uint8_t filled;	    /* intervals of history */
	uint8_t next;	    /* place of the current one */
	uint64_t interval_start_ns;
	uint64_t offered[THINNER_INTERVALS]; /* bytes */
	uint64_t offered_now;		     /* bytes in the current interval */
	uint64_t level_sum; /* of the bucket before each packet, in LEVEL_UNIT nanobits */
	uint64_t level_samples;
	uint64_t admit_q32; /* probability to pass on to the bucket, 32 fractional bits */
	uint64_t random;    /* state of the generator */
};

enum { LEVEL_SHIFT = 24 };

#define THINNER_ADMIT_ALL_Q32 (UINT64_C(1) << 32)

void thinner_start(struct thinner *t, uint64_t seed);

/* Once a burst, after the meter's refill and before the first packet: closes intervals
 * that have ended. */
void thinner_turn(struct thinner *t, const struct meter_profile *contract, uint64_t now_ns);

/* A packet has failed the bucket. */
void thinner_begin(struct thinner *t, const struct meter_profile *contract, uint64_t now_ns);

/* SplitMix64 (Steele, Lea and Flood, 2014): one addition and a mix a number. */
#define THINNER_GAMMA UINT64_C(0x9e3779b97f4a7c15)

static inline uint32_t thinner_draw(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static inline uint32_t thinner_random(struct thinner *t)
{
	return thinner_draw(t->random += THINNER_GAMMA);
}

/* Whether packets are to be thinned now: not once the bucket is full. */
static inline bool thinner_goes_on(struct thinner *t, const struct meter *m,
				   const struct meter_profile *contract)
{
	t->thinning = t->thinning && m->tokens_nb < (int64_t)contract->burst_nb;
	return t->thinning;
}

/* The level of the bucket that a packet finds while they are. */
static inline void thinner_look(struct thinner *t, int64_t tokens_nb)
{
	t->level_sum += (uint64_t)(tokens_nb > 0 ? tokens_nb : 0) >> LEVEL_SHIFT;
	t->level_samples++;
}

/* The packets of a burst, after thinner_turn(). */
void thinner_police(struct thinner *t, struct meter *m, const struct meter_profile *contract,
		    struct metered *p, uint64_t now_ns);

#endif
