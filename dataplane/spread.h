/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The even dropper of a contract (exceed = "spread"): what is over the rate is lost at
 * once, each call losing its equal share, evenly spaced.
 *
 * How much is to be lost says the thinner (thinner.h). Which packets, an account for each
 * call: every packet adds the present probability of a drop, and a whole one is paid with
 * the packet that completes it. Accounts begin at a random point, so that calls that
 * began together don't lose together, and what the bucket itself takes from a call is
 * paid from its account, too. Where less than 45 % is to be lost, the packet behind a lost
 * one is never thinned: its debt waits for the next. Only an empty bucket takes two in a row.
 * Packets of no call are thinned at random.
 *
 * Thread: the lane's worker. Integers only, so that a replay is bit-exact.
 */
#ifndef EDGEMARK_SPREAD_H
#define EDGEMARK_SPREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "calls.h"
#include "thinner.h"

#define SPREAD_ONE (INT64_C(1) << 30)

static inline int32_t spread_within(int64_t q30)
{
	if (q30 > 2 * SPREAD_ONE - 1)
		q30 = 2 * SPREAD_ONE - 1;
	if (q30 < -2 * SPREAD_ONE)
		q30 = -2 * SPREAD_ONE;
	return (int32_t)q30;
}

static inline void spread_begin(struct thinner *t, struct call *c)
{
	if (likely(c->spread_begun))
		return;
	c->spread_begun = true;
	c->spread_q30 = (int32_t)(thinner_random(t) >> 2);
}

/* A packet of a call whose account has begun, while the contract is thinned. has_room:
 * whether the bucket has room for it. */
static inline enum drop_reason spread_judge(const struct thinner *t, struct call *c, bool has_room)
{
	const int64_t more_q30 = (int64_t)((THINNER_ADMIT_ALL_Q32 - t->admit_q32) >> 2);
	const int32_t owed_q30 = spread_within(c->spread_q30 + more_q30);
	const bool due = (owed_q30 >= SPREAD_ONE) & (!c->spread_lost | t->heavy);
	const bool passes = !due & has_room;

	c->spread_q30 = spread_within(owed_q30 - metered_if(!passes, SPREAD_ONE));
	c->spread_lost = !passes;
	return (enum drop_reason)(metered_if(due, DROP_SPREAD) |
				  metered_if(!due & !has_room, DROP_CONTRACT));
}

/* The bucket had no room for the packet, and nothing is thinned yet. call NULL: of none. */
static inline void spread_refused(struct thinner *t, struct call *call)
{
	if (call == NULL)
		return;
	spread_begin(t, call);
	call->spread_q30 = spread_within(call->spread_q30 - SPREAD_ONE);
	call->spread_lost = true;
}

/* The packets of a burst, after thinner_turn(). calls: of each, or NULL. */
void spread_police(struct thinner *t, struct meter *m, const struct meter_profile *contract,
		   struct metered *p, struct call *const *calls, uint64_t now_ns);

#endif
