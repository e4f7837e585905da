/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantile k/4 lies at place k/4 * (count - 1) of the sorted values. */
#include "statistics.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct quartiles quartiles_of(double *values, size_t count)
{
	struct quartiles q = {{0}};

	if (count == 0)
		return q;
	qsort(values, count, sizeof(values[0]), by_value);
	for (size_t k = 0; k < 5; k++) {
		const double place = (double)(k * (count - 1)) / 4;
		const size_t below = k * (count - 1) / 4;
		const size_t above = below + 1 < count ? below + 1 : below;

		q.of[k] = values[below] + (place - (double)below) * (values[above] - values[below]);
	}
	return q;
}
