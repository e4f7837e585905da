/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy as a ladder: rules, then what trust says, then the default; a packet takes the
 * first rung whose region holds it. Two ladders are compared exactly: each set of packets
 * that fares differently is told once, as disjoint regions.
 */
#ifndef EDGEMARK_CONFIG_LADDER_H
#define EDGEMARK_CONFIG_LADDER_H

#include "config.h"
#include "region.h"

struct rung {
	struct region region;
	const struct config_rule *rule; /* NULL: trust or the default */
	bool trusted;
	bool drop;
	int class_index;	/* CONFIG_NONE where drop, and without a policy */
	const char *class_name; /* "" likewise */
};

struct ladder {
	struct rung *rungs; /* the last one takes every packet */
	size_t count;
};

/* policy: index, or CONFIG_NONE. 0 or -ENOMEM; ladder_free() either way. */
int ladder_create(const struct config *c, int policy, struct ladder *out);
void ladder_free(struct ladder *l);

enum {
	LADDER_TESTS_MAX = 1 << 26, /* comparisons of regions, at most */
	LADDER_PARTS_MAX = 1 << 16, /* regions left to look at, at once */
};

/* before, after: the rungs that take the packets of region. */
typedef void (*ladder_difference)(void *context, const struct region *region,
				  const struct rung *before, const struct rung *after);

/* Whether all was found: else the bounds on the work did not do. -ENOMEM without memory. */
int ladders_compare(const struct ladder *before, const struct ladder *after,
		    ladder_difference found, void *context, bool *complete);

#endif
