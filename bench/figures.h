/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From many short runs to one figure: the median, with the least and the 90th percentile
 * beside it as the spread. On a machine that others use, the median of runs of well under
 * a millisecond is what the code costs when it is left alone.
 */
#ifndef EDGEMARK_FIGURES_H
#define EDGEMARK_FIGURES_H

#include <stdint.h>

#include <rte_cycles.h>

enum { RUNS_MAX = 1024 };

struct samples {
	uint32_t count;
	double value[RUNS_MAX];
};

struct figure {
	double median, least, p90;
};

void samples_add(struct samples *s, double value);
struct figure samples_figure(struct samples *s); /* sorts them */

/* A stamp that waits for what was started before it, and what reading one costs. */
static inline uint64_t stamp(void)
{
	__builtin_ia32_lfence();
	return rte_rdtsc();
}
uint64_t stamp_cost(void);

#endif
