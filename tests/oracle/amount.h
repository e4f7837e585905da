/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much an oracle test does: a seeded share that every test run can afford, or all of
 * it with --full or EDGEMARK_FULL=1. --seed N tries other cases than the usual ones.
 */
#ifndef EDGEMARK_TESTS_AMOUNT_H
#define EDGEMARK_TESTS_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct amount {
	bool full;
	uint64_t seed;
};

static inline struct amount amount_asked(int argc, char **argv)
{
	const char *environment = getenv("EDGEMARK_FULL");
	struct amount a = {.full = environment && strcmp(environment, "1") == 0, .seed = 1};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			a.full = true;
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			a.seed = strtoull(argv[++i], NULL, 10);
	}
	return a;
}

#endif
