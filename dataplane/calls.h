/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The call table of a lane: one entry per UDP flow of the classes that carry calls, bounded
 * in number. It counts what arrived and what became of it, follows RTP sequence numbers
 * and timestamps (RFC 3550 A.1, A.8), and holds what the fair droppers need to know of a
 * call. RTCP, STUN and other packets that are no media are not calls, also where they
 * share a call's ports (RFC 5761, RFC 7983).
 *
 * A flow's entry is in one of two sets. Where both are full, the entry that has been silent
 * longest is reused, if it has been silent for CALL_IDLE_NS; else the packet goes uncounted
 * here (calls_untracked), but is policed all the same. Cost only for packets of those
 * classes.
 *
 * Thread: the lane's worker. Control gets copies, some entries a turn (lane_calls_copy).
 */
#ifndef EDGEMARK_CALLS_H
#define EDGEMARK_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtp.h"

enum {
	CALL_ENTRIES = 16384,
	CALL_WAYS = 8,
	CALL_SETS = CALL_ENTRIES / CALL_WAYS,
	CALL_NONE = 0xffff, /* a frame of no call, or an untracked one */
};
#define CALL_IDLE_NS UINT64_C(2000000000)

struct call_key {
	union {
		struct {
			/* IPv4 in the first four bytes, the rest zero */
			uint8_t source[16], destination[16];
			uint16_t source_port, destination_port; /* host order */
			uint8_t family;				/* 4 or 6; 0: an unused entry */
			uint8_t zero[3];
		};
		uint64_t words[5]; /* all of it, as it is compared and hashed */
	};
};

/* A call; control sees a copy. By cache lines: who it is and what the fair droppers hold
 * against it, what became of it, its stream, and what is seldom touched. */
struct call {
	struct call_key key;
	uint8_t class_slot;
	bool placed;	      /* protect: holds a place */
	bool over_contract;   /* protect: begun after the contract was full */
	bool spread_begun;    /* spread: its account has begun */
	uint32_t class_epoch; /* of the slot: another one there means another class */
	uint32_t tag;	      /* changes whenever the entry changes hands */
	int32_t spread_q30;   /* spread: what has accumulated towards the next drop */
	bool spread_lost;     /* spread: the last packet was lost */
	uint8_t line_end[7];

	uint64_t last_ns;	 /* of its arrivals, by the lane's clock */
	uint64_t packets, bytes; /* arrived; bytes of IP */
	/* Of the outcome. A shaped packet's is known when it leaves the queue. */
	uint64_t dropped;	 /* by this lane, whatever the reason */
	uint64_t longest_run;	 /* of drops in a row */
	uint64_t longest_gap_ns; /* between two packets that went on, with drops between */
	uint64_t run;		 /* drops in a row, now */
	uint64_t last_passed_ns; /* 0: none went on yet */

	struct call_rtp rtp; /* a line, and what is seldom touched */

	uint64_t first_ns;     /* its first arrival */
	uint64_t reserved_bps; /* protect, where placed */
};

struct call_table {
	/* The hash of each entry's key, 0 where it is unused: a set is found in one line. */
	uint32_t signature[CALL_SETS][CALL_WAYS];
	struct call entries[CALL_ENTRIES] __attribute__((aligned(64)));
	uint32_t next_tag;
	uint64_t begun;	    /* entries made, ever */
	uint64_t untracked; /* packets that found no entry */
};

/* For whom it looks: a key, what its packet is, and (once found) the entry. */
struct call_packet {
	struct call_key key;
	uint32_t hash;
	uint16_t index;
	uint8_t class_slot;
	uint32_t class_epoch, ip_bytes;
	const uint8_t *rtp; /* its header; NULL: it is no RTP */
};

/* The entry's index, made if there was none, or CALL_NONE. The packet is counted. The hash
 * is call_hash()'s; index is call_guess()'s, or CALL_NONE. */
uint16_t calls_count(struct call_table *t, const struct call_packet *packet, uint64_t now_ns);
uint32_t call_hash(const struct call_key *key);

/* The fate of a packet that was counted; a shaped one's in the order of the queue. */
static inline void call_passed(struct call *c, uint64_t now_ns)
{
	if (c->run > 0) {
		if (c->last_passed_ns > 0 && now_ns > c->last_passed_ns &&
		    now_ns - c->last_passed_ns > c->longest_gap_ns)
			c->longest_gap_ns = now_ns - c->last_passed_ns;
		c->run = 0;
	}
	c->last_passed_ns = now_ns;
}

static inline void call_dropped(struct call *c)
{
	c->dropped++;
	if (++c->run > c->longest_run)
		c->longest_run = c->run;
}

/* What a queued frame carries to name its call: the index, and enough of the tag to tell
 * whether the entry is still the same call's. */
static inline uint32_t call_handle(const struct call_table *t, uint16_t index)
{
	if (index == CALL_NONE)
		return UINT32_MAX;
	return (uint32_t)index << 16 | (t->entries[index].tag & 0xffff);
}

/* NULL: of no call, or of one that is gone. */
static inline struct call *call_of_handle(struct call_table *t, uint32_t handle)
{
	const uint32_t index = handle >> 16;

	if (t == NULL || index >= CALL_ENTRIES || t->entries[index].key.family == 0 ||
	    (t->entries[index].tag & 0xffff) != (handle & 0xffff))
		return NULL;
	return &t->entries[index];
}

#endif
