/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a rule can ever match: exactly, since earlier rules may hide it together where
 * none does alone. Regions are subtracted until a packet is found that no earlier rule
 * takes, or nothing is left. The work is bounded by a budget: a rule whose proof would cost
 * more counts as one that can match.
 */
#ifndef EDGEMARK_CONFIG_HIDDEN_H
#define EDGEMARK_CONFIG_HIDDEN_H

#include "region.h"

enum {
	HIDDEN_TESTS_OF_RULE = 1 << 18, /* comparisons of regions, at most */
	HIDDEN_TESTS_OF_ACL = 1 << 25,
	HIDDEN_PARTS_MAX = 1 << 14, /* regions left to look at, at once */
};

struct hidden_search {
	const struct region *regions; /* of the rules, in order */
	const uint32_t *candidates;   /* earlier rules that meet the one in question, in order */
	size_t candidate_count;
	bool *used;	     /* by candidate: it took a part; written where the rule is hidden */
	uint64_t tests_left; /* of the whole ACL's budget */
	struct hidden_part *parts; /* HIDDEN_PARTS_MAX */
};

struct hidden_part {
	struct region region;
	size_t next; /* candidate that has not been asked */
};

/* False also where the budget did not do. */
bool hidden_by_candidates(struct hidden_search *s, const struct region *rule);

#endif
