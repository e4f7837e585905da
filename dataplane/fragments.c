/* SPDX-License-Identifier: BSD-3-Clause */
/* See fragments.h. */
#include "fragments.h"

#include <string.h>

#include <rte_hash_crc.h>

static uint32_t set_of(const struct fragment_key *key)
{
	return rte_hash_crc(key, sizeof(*key), 0) % FRAGMENT_SETS;
}

static bool same_key(const struct fragment_key *a, const struct fragment_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void fragments_remember(struct fragment_table *t, const struct fragment_key *key,
			uint8_t class_slot, uint64_t now_ns)
{
	struct fragment_entry *ways = t->set[set_of(key)];
	struct fragment_entry *oldest = &ways[0];

	for (unsigned w = 0; w < FRAGMENT_WAYS; w++) {
		if (same_key(&ways[w].key, key)) {
			oldest = &ways[w];
			break;
		}
		if (ways[w].seen_ns < oldest->seen_ns)
			oldest = &ways[w];
	}
	oldest->key = *key;
	oldest->class_slot = class_slot;
	oldest->seen_ns = now_ns;
}

bool fragments_recall(const struct fragment_table *t, const struct fragment_key *key,
		      uint64_t now_ns, uint8_t *class_slot)
{
	const struct fragment_entry *ways = t->set[set_of(key)];

	for (unsigned w = 0; w < FRAGMENT_WAYS; w++) {
		if (!same_key(&ways[w].key, key))
			continue;
		*class_slot = ways[w].class_slot;
		return now_ns <= ways[w].seen_ns + FRAGMENT_TIMEOUT_NS;
	}
	return false;
}

void fragments_forget(struct fragment_table *t)
{
	memset(t, 0, sizeof(*t));
}
