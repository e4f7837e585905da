/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The places of a contract that protects calls: who holds one, for how much, and how it is
 * freed: because its call is over, its entry changed hands, or the contract shrank. What a
 * call may claim is claims.c's to say, what passes protect.c's.
 * Thread: the lane's worker.
 */
#ifndef EDGEMARK_PLACES_H
#define EDGEMARK_PLACES_H

#include "allowance.h"

/* The call of this place, if its entry has not changed hands. */
struct call *place_call(const struct place *p, struct call *calls, uint16_t index);

/* What control reads of it in the call's entry. call NULL: nothing. */
void place_show(const struct place *p, struct call *call);

/* Whether its call has ended or fallen silent. call: place_call()'s. */
bool place_is_over(const struct place *p, const struct call *call, uint64_t now_ns);

/* Gives the call a place at this rate, if there is room; a new allowance is as full as what
 * the bucket has beyond the others' lets it be. */
bool place_give(const struct protect_view *v, uint16_t index, enum place_state state);

/* The place keeps its age: its rate or its largest packet is another than thought. False:
 * there is no room, and it stays as it was. */
bool place_resize(const struct protect_view *v, struct place *p, uint64_t rate_bps,
		  uint32_t largest);

/* Frees a place, or ends a stand-by. The contract's sum has been advanced to now. */
void place_release(struct protect_table *t, struct call *calls, uint16_t index, uint64_t now_ns);

/* Whoever stands by no longer does. */
void place_end_standby(struct protect_table *t, struct protect *c);

#endif
