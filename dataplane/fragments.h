/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fragment table: later fragments carry no ports, so they take the class of their
 * datagram's first fragment. Bounded, with a timeout; the oldest of a set gives way.
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_FRAGMENTS_H
#define EDGEMARK_FRAGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"

enum {
	FRAGMENT_ENTRIES = 4096,
	FRAGMENT_WAYS = 4,
	FRAGMENT_SETS = FRAGMENT_ENTRIES / FRAGMENT_WAYS,
};
#define FRAGMENT_TIMEOUT_NS UINT64_C(2000000000)

struct fragment_entry {
	struct fragment_key key; /* family 0: unused */
	uint8_t class_slot;	 /* SLOT_NONE: an ACL dropped the first */
	uint64_t seen_ns;
};

struct fragment_table {
	struct fragment_entry set[FRAGMENT_SETS][FRAGMENT_WAYS];
};

void fragments_remember(struct fragment_table *t, const struct fragment_key *key,
			uint8_t class_slot, uint64_t now_ns);

/* False where the first fragment was not seen, or too long ago. */
bool fragments_recall(const struct fragment_table *t, const struct fragment_key *key,
		      uint64_t now_ns, uint8_t *class_slot);

/* A class slot changed hands: what was remembered means nothing any more. */
void fragments_forget(struct fragment_table *t);

#endif
