/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A seeded generator for tests (splitmix64): the same seed gives the same run on every
 * machine, so that a failure's seed is its reproduction.
 */
#ifndef EDGEMARK_TESTS_RANDOM_H
#define EDGEMARK_TESTS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline struct random random_seeded(uint64_t seed)
{
	return (struct random){.state = seed};
}

static inline uint64_t random_u64(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 … bound - 1; 0 where bound is 0. The bias is below 2^-32 for the bounds of tests. */
static inline uint32_t random_below(struct random *r, uint32_t bound)
{
	return (uint32_t)(((random_u64(r) >> 32) * bound) >> 32);
}

/* low … high, both included. */
static inline uint32_t random_between(struct random *r, uint32_t low, uint32_t high)
{
	return low + random_below(r, high - low + 1);
}

/* True with a chance of percent in a hundred. */
static inline bool random_chance(struct random *r, uint32_t percent)
{
	return random_below(r, 100) < percent;
}

static inline void random_bytes(struct random *r, uint8_t *out, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = (uint8_t)random_u64(r);
}

#endif
