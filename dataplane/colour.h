/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meters that colour a packet green, yellow or red, on two exact token buckets
 * (meter.h):
 *   srTCM (RFC 2697)  one rate, two bursts: what the committed bucket can't hold fills the
 *                     excess bucket;
 *   trTCM (RFC 2698)  two rates: the committed one, and the peak rate above which all is red.
 * Colour-aware, a packet never leaves better than it came. No packet is delayed or overtaken.
 *
 * The profile is constant; the meters are the lane's. Thread: the lane's worker.
 */
#ifndef EDGEMARK_COLOUR_H
#define EDGEMARK_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "diffserv.h"
#include "meter.h"

struct burst;
struct lane;
struct policy;

struct colour_profile {
	enum colour_meter meter;
	struct meter_profile excess; /* srTCM: EBS, filled at CIR; trTCM: PIR, PBS */
	bool aware;
	bool drop_red;
};

/* Both buckets to now_ns. A clock that stepped back grants nothing and is followed; one
 * that jumped ahead fills what there is. */
static inline void colour_refill(struct meter *committed, struct meter *excess,
				 const struct meter_profile *contract,
				 const struct colour_profile *colour, uint64_t now_ns)
{
	const uint64_t last_ns = committed->last_ns;
	const int64_t room_nb = (int64_t)contract->burst_nb - committed->tokens_nb;

	meter_refill(committed, contract, now_ns);
	if (colour->meter == COLOUR_TRTCM) {
		meter_refill(excess, &colour->excess, now_ns);
		return;
	}
	excess->last_ns = now_ns;
	if (now_ns > last_ns) {
		__int128 spilt = (__int128)(now_ns - last_ns) * contract->rate_bps - room_nb;

		if (spilt > (__int128)colour->excess.burst_nb - excess->tokens_nb)
			excess->tokens_nb = (int64_t)colour->excess.burst_nb;
		else if (spilt > 0)
			excess->tokens_nb += (int64_t)spilt;
	}
}

/* RFC 2697 4. came: the colour it came with; green where the meter is colour-blind. */
static inline enum colour colour_by_srtcm(struct meter *committed, struct meter *excess,
					  uint64_t bytes, enum colour came)
{
	if (came == COLOUR_GREEN && meter_has(committed, bytes)) {
		meter_take(committed, bytes);
		return COLOUR_GREEN;
	}
	if (came != COLOUR_RED && meter_has(excess, bytes)) {
		meter_take(excess, bytes);
		return COLOUR_YELLOW;
	}
	return COLOUR_RED;
}

/* RFC 2698 4. */
static inline enum colour colour_by_trtcm(struct meter *committed, struct meter *peak,
					  uint64_t bytes, enum colour came)
{
	if (came == COLOUR_RED || !meter_has(peak, bytes))
		return COLOUR_RED;
	meter_take(peak, bytes);
	if (came == COLOUR_YELLOW || !meter_has(committed, bytes))
		return COLOUR_YELLOW;
	meter_take(committed, bytes);
	return COLOUR_GREEN;
}

static inline enum colour colour_of(const struct colour_profile *colour, struct meter *committed,
				    struct meter *excess, uint64_t bytes, enum colour came)
{
	return colour->meter == COLOUR_SRTCM ? colour_by_srtcm(committed, excess, bytes, came)
					     : colour_by_trtcm(committed, excess, bytes, came);
}

/* The colour that an incoming DSCP stands for in the AF class of af1. What wears no mark of
 * the class is green: nobody gains by a mark. */
static inline enum colour colour_on_arrival(uint8_t dscp, uint8_t af1)
{
	if (dscp == dscp_of_colour(af1, COLOUR_YELLOW))
		return COLOUR_YELLOW;
	return dscp == dscp_of_colour(af1, COLOUR_RED) ? COLOUR_RED : COLOUR_GREEN;
}

/* The stage's part (colour.c), for a contract whose exceed is colour. Once a burst; then
 * each packet of its classes, which counts `bytes`. */
void colour_turn(struct lane *lane, const struct policy *p, uint8_t slot, uint64_t now_ns);
void colour_frame(struct burst *b, uint32_t i, const struct policy *p, struct lane *lane,
		  uint8_t slot, uint32_t bytes);

/* The excess bucket under p, at a burst boundary and after the committed one: kept up to the
 * new burst where the contract (known: the same as before) coloured already, else full. */
void colour_adopt(struct lane *lane, const struct policy *p, bool known, uint8_t slot,
		  uint64_t now_ns);

#endif
