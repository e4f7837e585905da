/* SPDX-License-Identifier: BSD-3-Clause */
/* Minimum, quartiles and maximum, with linear interpolation between neighbours. */
#ifndef EDGEMARK_LAB_STATISTICS_H
#define EDGEMARK_LAB_STATISTICS_H

#include <stddef.h>

struct quartiles {
	double of[5]; /* min, q1, median, q3, max */
};

/* Sorts values. Zeros of nothing. */
struct quartiles quartiles_of(double *values, size_t count);

#endif
