/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which frames of a burst a stage is about, as bits: frame i is bit i. Whole arrays are
 * compared at once, so that what concerns a few frames costs nothing for the others.
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_BURST_SELECT_H
#define EDGEMARK_BURST_SELECT_H

#include <emmintrin.h>
#include <stdint.h>

#include "burst.h"

/* The bytes that are not 0 must be 0xff. */
static inline uint64_t select_bits(const uint8_t bytes[BURST_MAX])
{
	uint64_t bits = 0;

	for (uint32_t at = 0; at < BURST_MAX; at += sizeof(__m128i)) {
		const __m128i some = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));

		bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(some) << at;
	}
	return bits;
}

/* All that live. Beyond the burst's count its arrays mean nothing. */
static inline uint64_t select_living(const struct burst *b)
{
	uint8_t lives[BURST_MAX];

	for (uint32_t i = 0; i < BURST_MAX; i++)
		lives[i] = b->drop[i] == DROP_NONE ? 0xff : 0;
	return b->count > 0 ? select_bits(lives) & UINT64_MAX >> (BURST_MAX - b->count) : 0;
}

/* classes: bit per class slot. */
static inline uint64_t select_classes(const struct burst *b, uint32_t classes)
{
	uint64_t bits = 0;

	for (; classes != 0; classes &= classes - 1) {
		const uint8_t slot = (uint8_t)__builtin_ctz(classes);
		uint8_t same[BURST_MAX];

		for (uint32_t i = 0; i < BURST_MAX; i++)
			same[i] = b->class_slot[i] == slot ? 0xff : 0;
		bits |= select_bits(same);
	}
	return bits;
}

/* The lowest frame of the bits, which it leaves. */
static inline uint32_t select_next(uint64_t *bits)
{
	const uint32_t i = (uint32_t)__builtin_ctzll(*bits);

	*bits &= *bits - 1;
	return i;
}

#endif
