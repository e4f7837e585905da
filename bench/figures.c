/* SPDX-License-Identifier: BSD-3-Clause */
/* See figures.h. */
#include "figures.h"

#include <stdlib.h>

#include <rte_common.h>

void samples_add(struct samples *s, double value)
{
	if (s->count < RUNS_MAX)
		s->value[s->count++] = value;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct figure samples_figure(struct samples *s)
{
	struct figure f = {0};

	if (s->count == 0)
		return f;
	qsort(s->value, s->count, sizeof(s->value[0]), ascending);
	f.least = s->value[0];
	f.median = s->value[s->count / 2];
	f.p90 = s->value[(uint64_t)s->count * 9 / 10];
	return f;
}

uint64_t stamp_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 10000; i++) {
		uint64_t start = stamp();

		least = RTE_MIN(least, stamp() - start);
	}
	return least;
}
