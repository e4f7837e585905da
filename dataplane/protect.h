/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The call-preserving dropper of a contract (exceed = "protect"): calls that hold a place
 * lose nothing while they keep to their rate; all others use what is left over.
 *
 * A place reserves a rate r and a burst allowance b. A holder's packets draw on an
 * allowance of its own, which fills at r up to b. Two sums are kept within the contract:
 * of the r within the CIR, less one call's, of the b within the burst. And the contract's bucket
 * always holds at least what the allowances hold together: a packet that is not covered by one is
 * admitted only where enough is left for them. As the bucket fills faster than they do, a covered
 * packet always finds its tokens, whatever the others send (network calculus: the holders' arrivals
 * stay within sum r*t + sum b).
 *
 * What allowances hold together is not summed up for each packet. An upper bound is kept
 * in which each grows from where its last packet left it, past b; the packet that comes
 * takes that excess out again, and a slow sweep does so for the silent ones.
 *
 * Who goes first:
 *   1. packets that their holder's allowance covers;
 *   2. packets early by no more than a packet (jitter), the one call more that the CIR
 *      itself has room for, and a small share of what is no call (RTCP): as long as the
 *      allowances stay covered;
 *   3. the rest, calls without a place among them: as long as all b stay covered, full.
 *
 * A call has a place provisionally from its first RTP packet on, so that the one that
 * began first is served first; its third packet tells the rate. A place ends when the
 * call falls silent or its entry changes hands; a contract that shrinks takes the
 * youngest.
 *
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_PROTECT_H
#define EDGEMARK_PROTECT_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "metered.h"
#include "policy.h"

enum {
	PLACE_PACKETS = 3, /* after which a call's rate is known */
	PLACE_JITTER_NS = 10000000,
	PLACE_INTERVAL_GUESS_NS = 20000000, /* between a call's packets, until it is known */
	PLACE_TRIAL_NS = 250000000,	    /* a provisional place lasts so long without a packet */
	PROTECT_OTHER_SHARE = 32,	    /* one part in so many of the CIR for what is no call */
	PROTECT_OTHER_BYTES = 3036,
	PROTECT_SWEEP_NS = 250000000, /* in which all places are looked at, … */
	PROTECT_SWEEP_MAX = 128,      /* … but no more than so many at a turn */
};

enum place_state {
	PLACE_NONE,
	PLACE_STANDBY, /* none, but it may use what the CIR has to spare beyond the places */
	PLACE_TRIAL,   /* provisional: its rate is a guess */
	PLACE_HELD,
};

/* Of the call whose entry has the same index: one cache line. */
struct place {
	uint32_t tag; /* the call's; another one: the place was another call's */
	uint8_t contract;
	uint8_t state;	       /* enum place_state */
	uint16_t older, newer; /* holders of the contract, by age of their places */
	uint16_t packets;      /* since the measuring began */
	uint32_t largest_bytes;
	uint32_t allowance_bytes; /* b */
	uint32_t first_timestamp; /* of RTP, where the measuring began */
	uint32_t window_bytes;
	uint32_t first_sequence;
	int64_t level_nb;  /* of the allowance at since_ns; negative: packets came early */
	uint64_t rate_bps; /* the call's own: r before it is rounded up */
	uint64_t since_ns;
	uint64_t window_ns; /* when the measuring began */
};

struct protect { /* of one contract */
	bool started;
	uint16_t oldest, newest; /* CALL_NONE: no holder */
	uint16_t swept;		 /* the sweep goes on behind it */
	uint16_t standby;	 /* the one call that is, or CALL_NONE */
	uint32_t holders;
	uint64_t rate_bps;	    /* the holders' own rates, together */
	uint64_t fill_bps;	    /* r, together */
	uint64_t allowance_bytes;   /* b, together */
	unsigned __int128 level_nb; /* upper bound of what allowances hold together, at since_ns */
	uint64_t since_ns;
	uint64_t swept_ns;
	struct meter other;
};

struct protect_table {
	struct place places[CALL_ENTRIES] __attribute__((aligned(64)));
	struct protect contracts[CONTRACT_SLOTS];
};

/* What protect needs to know of the lane at a packet. */
struct protect_view {
	struct protect_table *table;
	struct call *calls; /* the entries; NULL: the lane has none */
	uint8_t slot;	    /* of the contract */
	const struct meter_profile *contract, *other;
	struct meter *meter; /* of the contract, refilled */
	uint64_t now_ns;
};

/* control: the meter for what is no call. */
struct meter_profile protect_other_profile(uint64_t cir_bps, uint64_t burst_bytes);

/* A contract of this slot begins, or another one takes the slot over. */
void protect_start(struct protect_table *t, struct call *calls, uint8_t slot,
		   const struct meter_profile *other, uint64_t now_ns);

/* It goes on under another profile: the youngest places that it has no room for end. */
void protect_adopt(const struct protect_view *v);

/* Once a burst, after the meter's refill and before its packets: brings the sums to now, and
 * frees the places of calls that fell silent. */
void protect_turn(const struct protect_view *v);

/* The packets of a burst. call: of each frame of the burst, the index or CALL_NONE. Those
 * that pass take their tokens. */
void protect_police(const struct protect_view *v, struct metered *m, const uint16_t *call);

#endif
