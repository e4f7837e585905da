/* SPDX-License-Identifier: BSD-3-Clause */
/* The lab's dice: SplitMix64 (Steele, Lea and Flood, 2014). The same seed gives the same run
 * on every machine. */
#ifndef EDGEMARK_LAB_RANDOM_H
#define EDGEMARK_LAB_RANDOM_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_u64(struct dice *d)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A die of its own for each source, so that what one draws moves no other. */
static inline struct dice dice_of(uint64_t seed, uint64_t source)
{
	struct dice d = {.state = seed};
	uint64_t first = dice_u64(&d);

	d.state = first ^ (source + 1) * UINT64_C(0xd1342543de82ef95);
	return d;
}

/* 0 … bound - 1; 0 where bound is 0. The bias is below bound / 2^64. */
static inline uint64_t dice_below(struct dice *d, uint64_t bound)
{
	return (uint64_t)(((unsigned __int128)dice_u64(d) * bound) >> 64);
}

/* 0 ≤ x < 1 */
static inline double dice_fraction(struct dice *d)
{
	return (double)(dice_u64(d) >> 11) * 0x1p-53;
}

#endif
