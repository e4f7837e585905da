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

#include "calls.h"
#include "thinner.h"

#define SPREAD_ONE (INT64_C(1) << 30)

static inline void spread_add(struct call *c, int64_t q30)
{
	int64_t owed = c->spread_q30 + q30;

	if (owed > 2 * SPREAD_ONE - 1)
		owed = 2 * SPREAD_ONE - 1;
	if (owed < -2 * SPREAD_ONE)
		owed = -2 * SPREAD_ONE;
	c->spread_q30 = (int32_t)owed;
}

static inline void spread_begin(struct thinner *t, struct call *c)
{
	if (c->spread_begun)
		return;
	c->spread_begun = true;
	c->spread_q30 = (int32_t)(thinner_random(t) >> 2);
}

/* Each packet, before it asks the bucket. True: it is thinned out. call NULL: of none. */
static inline bool spread_drops(struct thinner *t, const struct meter *m,
				const struct meter_profile *contract, struct call *call,
				uint64_t bytes)
{
	bool after_a_loss;

	if (call == NULL)
		return thinner_drops(t, m, contract, bytes);
	after_a_loss = call->spread_lost;
	call->spread_lost = false;
	if (!thinner_offered(t, m, contract, bytes))
		return false;
	spread_begin(t, call);
	spread_add(call, (int64_t)((THINNER_ADMIT_ALL_Q32 - t->admit_q32) >> 2));
	if (call->spread_q30 < SPREAD_ONE || (after_a_loss && !t->heavy))
		return false;
	spread_add(call, -SPREAD_ONE);
	call->spread_lost = true;
	return true;
}

/* The bucket had no room for the packet. */
static inline void spread_refused(struct thinner *t, struct call *call)
{
	if (call == NULL)
		return;
	spread_begin(t, call);
	spread_add(call, -SPREAD_ONE);
	call->spread_lost = true;
}

#endif
