/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Durations in nanoseconds, counted in bins of bounded relative width: exact below 256 ns,
 * within 0.4 % above. The largest is kept exactly.
 */
#ifndef EDGEMARK_LAB_HISTOGRAM_H
#define EDGEMARK_LAB_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_BITS = 7, /* bins an octave, as a power of two */
	HISTOGRAM_BINS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

struct histogram {
	uint64_t count, max_ns;
	uint64_t bins[HISTOGRAM_BINS];
};

static inline uint32_t histogram_bin(uint64_t ns)
{
	uint32_t shift;

	if (ns < UINT64_C(2) << HISTOGRAM_BITS)
		return (uint32_t)ns;
	shift = 63u - (uint32_t)__builtin_clzll(ns) - HISTOGRAM_BITS;
	return (shift << HISTOGRAM_BITS) + (uint32_t)(ns >> shift);
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	h->bins[histogram_bin(ns)]++;
	h->count++;
	h->max_ns = ns > h->max_ns ? ns : h->max_ns;
}

/* The middle of a bin, but never more than the largest. */
uint64_t histogram_value(const struct histogram *h, uint32_t bin);

/* The value below which the fraction lies; 0 of nothing. */
uint64_t histogram_quantile(const struct histogram *h, double fraction);

#endif
