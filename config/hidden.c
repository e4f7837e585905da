/* SPDX-License-Identifier: BSD-3-Clause */
/* Depth first, so that a packet that is left is found soon: most rules can match. */
#include "hidden.h"

/* The first candidate that meets the part, from its next on; candidate_count: none. */
static size_t find_next(struct hidden_search *s, const struct hidden_part *part, uint64_t *tests)
{
	size_t i = part->next;

	while (i < s->candidate_count &&
	       !regions_meet(&part->region, &s->regions[s->candidates[i]]))
		i++;
	*tests += i - part->next + 1;
	return i;
}

/* What is left of the part outside the candidate. False where there is no more room. */
static bool push_rest(struct hidden_search *s, const struct hidden_part *part, size_t candidate,
		      size_t *depth)
{
	struct region parts[REGION_PARTS_MAX], inside;
	const size_t count =
		region_split(&part->region, &s->regions[s->candidates[candidate]], parts, &inside);

	s->used[candidate] |= region_is_possible(&inside);
	for (size_t i = 0; i < count; i++) {
		if (!region_is_possible(&parts[i]))
			continue;
		if (*depth == HIDDEN_PARTS_MAX)
			return false;
		s->parts[(*depth)++] =
			(struct hidden_part){.region = parts[i], .next = candidate + 1};
	}
	return true;
}

bool hidden_by_candidates(struct hidden_search *s, const struct region *rule)
{
	uint64_t tests = 0;
	bool hidden = true;
	size_t depth = 1;

	for (size_t i = 0; i < s->candidate_count; i++)
		s->used[i] = false;
	s->parts[0] = (struct hidden_part){.region = *rule};
	while (depth > 0 && hidden) {
		const struct hidden_part part = s->parts[--depth];
		const size_t found = find_next(s, &part, &tests);

		if (found == s->candidate_count || tests > HIDDEN_TESTS_OF_RULE ||
		    tests > s->tests_left)
			hidden = false;
		else
			hidden = push_rest(s, &part, found, &depth);
	}
	s->tests_left -= tests < s->tests_left ? tests : s->tests_left;
	return hidden;
}
