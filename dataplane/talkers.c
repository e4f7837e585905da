/* SPDX-License-Identifier: BSD-3-Clause */
/* See talkers.h. */
#include "talkers.h"

#include <stdlib.h>
#include <string.h>

#include <rte_hash_crc.h>

void talkers_count(struct talkers *t, uint8_t family, const uint8_t address[16], uint64_t now_ns)
{
	uint32_t hash = rte_hash_crc(address, 16, family);
	struct talker *ways = t->set[hash % TALKER_SETS];
	struct talker *least = &ways[0];

	for (unsigned w = 0; w < TALKER_WAYS; w++) {
		if (ways[w].family == family && memcmp(ways[w].address, address, 16) == 0) {
			ways[w].packets++;
			ways[w].last_ns = now_ns;
			return;
		}
		if (ways[w].packets < least->packets)
			least = &ways[w];
	}
	least->family = family;
	memcpy(least->address, address, 16);
	least->error = least->packets;
	least->packets++;
	least->last_ns = now_ns;
}

static int by_packets(const void *a, const void *b)
{
	uint64_t x = (*(const struct talker *const *)a)->packets;
	uint64_t y = (*(const struct talker *const *)b)->packets;

	return (x < y) - (x > y);
}

void talkers_top(const struct talkers *t, struct talker *out, size_t n)
{
	const struct talker *sorted[TALKER_SETS * TALKER_WAYS];
	const size_t all = TALKER_SETS * TALKER_WAYS;

	for (size_t i = 0; i < all; i++)
		sorted[i] = &t->set[i / TALKER_WAYS][i % TALKER_WAYS];
	qsort(sorted, all, sizeof(sorted[0]), by_packets);
	for (size_t i = 0; i < n; i++) {
		if (i < all)
			out[i] = *sorted[i];
		else
			memset(&out[i], 0, sizeof(out[i]));
	}
}
