/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a call claims of a contract that protects calls: its packets tell its rate, and when
 * there is room for that it gets a place (places.h).
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_CLAIMS_H
#define EDGEMARK_CLAIMS_H

#include "places.h"

enum {
	CLAIM_WINDOW_NS = 1000000000, /* after which a rate is reviewed */
};

/* Another call's packet has come to this place. */
void claim_begin(const struct protect_view *v, struct place *p, struct call *call);

/* What a packet tells of its call; and a place, if it may have one now. */
void claim(const struct protect_view *v, uint16_t index, struct call *call, uint32_t bytes);

/* Whether it tells nothing but its bytes: of a holder that is known, and nothing new. */
static inline bool claim_stands(const struct protect_view *v, const struct place *p,
				const struct call *call, uint32_t bytes)
{
	return p->state >= PLACE_TRIAL && p->packets >= PLACE_PACKETS &&
	       bytes <= p->largest_bytes && call->rtp.rtp_packets != 0 &&
	       v->now_ns - p->window_ns < CLAIM_WINDOW_NS; /* huge where the clock stepped back */
}

#endif
