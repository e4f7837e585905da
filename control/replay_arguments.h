/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of `edgemark replay`. */
#ifndef EDGEMARK_REPLAY_ARGUMENTS_H
#define EDGEMARK_REPLAY_ARGUMENTS_H

#include <stdint.h>

struct replay_arguments {
	const char *config, *link, *site, *direction, *seed, *drops,
		*counters; /* NULL: not given */
	const char *in, *out;
	uint64_t seed_number;
	int fixed; /* enum direction, or DIRECTIONS: by site */
};

/* EXIT_OK, or EXIT_USAGE with one line on stderr, or -1 where --help was all. */
int replay_arguments_parse(int argc, char **argv, struct replay_arguments *a);

/* One line on stderr; returns EXIT_USAGE. */
int replay_usage(const char *text, const char *what);

#endif
