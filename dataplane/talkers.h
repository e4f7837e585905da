/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who sends the most of what should not be: a space-saving sketch (Metwally et al.,
 * 2005) in small sets, so that a packet costs a hash and a few comparisons. A source's
 * count is at most `error` too high. Thread: the lane's worker.
 */
#ifndef EDGEMARK_TALKERS_H
#define EDGEMARK_TALKERS_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"

enum {
	TALKER_SETS = 64,
	TALKER_WAYS = 4,
};

struct talkers {
	struct talker set[TALKER_SETS][TALKER_WAYS];
};

void talkers_count(struct talkers *t, uint8_t family, const uint8_t address[16], uint64_t now_ns);

/* The n largest, in order; unused places have family 0. */
void talkers_top(const struct talkers *t, struct talker *out, size_t n);

#endif
