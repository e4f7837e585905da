/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one lcore with its lanes, and the loop: read the clock once, receive, run
 * the lane, dequeue, transmit, report quiescence. Dequeuing happens also when nothing
 * came in. Policies reach it through one pointer (struct policy_set), published with a
 * release store and reclaimed after a quiescent state (rte_rcu_qsbr).
 */
#ifndef EDGEMARK_WORKER_H
#define EDGEMARK_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "counters.h"
#include "diffserv.h"

struct call;
struct lane;
struct policy;
struct worker;
struct rte_rcu_qsbr;

enum {
	WORKERS_MAX = 32,
	LANES_MAX = LINKS_MAX * DIRECTIONS,
};

/* One generation: the policy of every lane, by lane index. Immutable once published. */
struct policy_set {
	uint64_t generation;
	uint32_t lane_count;
	struct policy *policy[LANES_MAX];
};

/* Shared by the control thread and all workers. */
struct worker_shared {
	struct clock clock;		  /* written before the workers start */
	struct rte_rcu_qsbr *qsbr;	  /* written before the workers start */
	const struct policy_set *current; /* control: store-release; workers: load-acquire */
};

struct worker_lane {
	uint32_t index; /* in the policy set */
	struct lane *lane;
	uint16_t rx_port, rx_queue, tx_port, tx_queue;
};

/* control. lane_count lanes of one worker; NULL without memory. */
struct worker *worker_create(struct worker_shared *shared, unsigned id,
			     const struct worker_lane *lanes, unsigned lane_count);
void worker_destroy(struct worker *w); /* once its thread has ended */

/* worker: runs until worker_stop(); then drains the queues for at most drain_ns, drops
 * what is left with a reason, and returns 0. The signature is lcore_function_t's. */
int worker_main(void *worker);

/* worker: one turn of the loop at a time of the caller's; returns frames moved.
 * For tests that bring their own clock; worker_main() calls the same. */
unsigned worker_turn(struct worker *w, uint64_t now_ns);

/* control: asks for the end. */
void worker_stop(struct worker *w, uint64_t drain_ns);

/* control: a snapshot of one lane, taken by the worker at its next burst boundary.
 * -ETIMEDOUT after timeout_ms where the worker does not turn (the last one is given). */
int worker_snapshot(struct worker *w, unsigned lane, struct lane_counters *out,
		    unsigned timeout_ms);
/* control: the same, and lane_mark() right behind it. */
int worker_mark(struct worker *w, unsigned lane, struct lane_counters *out, unsigned timeout_ms);

/* control: copies of the lane's calls, at most max (CALL_ENTRIES is all there can be), some
 * a turn: each is whole, all of them are not of one instant. How many, or -ETIMEDOUT. */
int worker_calls(struct worker *w, unsigned lane, struct call *out, uint32_t max,
		 unsigned timeout_ms);

struct worker_stats { /* any thread may read a copy */
	uint64_t turns;
	uint64_t busy_turns; /* that moved a frame */
	uint64_t rx_bursts;  /* receptions that were not empty */
	uint64_t rx_frames;  /* in them */
	uint64_t busy_ns;    /* of busy turns, each until the next one began */
	uint64_t first_turn_ns;
	uint64_t last_turn_ns; /* heartbeat */
	uint64_t generation;   /* adopted */
};
void worker_stats(const struct worker *w, struct worker_stats *out);

#endif
