/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lane: one direction of one link, with everything that changes as packets pass:
 * meters, queues, fragment table, counters. It belongs to one worker at a time.
 * It is opaque here; the stages see it through lane_state.h.
 */
#ifndef EDGEMARK_LANE_H
#define EDGEMARK_LANE_H

#include <stdint.h>

#include "calls.h"
#include "counters.h"
#include "policy.h"

struct lane;
struct rte_mbuf;
struct tap;

/* Called by the lane's worker with each dropped frame, before it is freed (the frame as
 * it stood: unmarked if it was dropped before the marker). Not to keep, not to block. */
typedef void (*lane_drop_tap)(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
			      uint8_t class_slot, uint64_t now_ns);

struct lane_config {
	int socket_id;		/* NUMA node, or SOCKET_ID_ANY */
	uint64_t seed;		/* of the random dropper: same seed, same arrivals, same drops */
	lane_drop_tap drop_tap; /* NULL: none */
	void *drop_context;
};

/* control: NULL if memory is exhausted. */
struct lane *lane_create(const struct lane_config *config);

/* control, once no worker runs it: frees what is queued, too. */
void lane_destroy(struct lane *lane);

/* control, before p is published to the lane's worker: allocates queues for the classes
 * of p that have none or a smaller one. 0 or -ENOMEM. */
int lane_prepare(struct lane *lane, const struct policy *p);

/* control, after the worker has adopted p and gone quiescent: frees queues outgrown. */
void lane_reclaim(struct lane *lane);

/* worker, at a burst boundary, once for each policy before its first burst. Tokens are
 * kept up to the new burst; a slot that changed hands starts afresh; a class that
 * vanished drains its queue. */
void lane_adopt(struct lane *lane, const struct policy *p, uint64_t now_ns);

/* worker: frames that were dequeued and that the port did not take (DROP_TX: before the
 * daemon stopped; DROP_TOO_LONG). Counted as dropped instead of sent, and freed. */
void lane_refuse(struct lane *lane, struct rte_mbuf **frames, uint32_t n, enum drop_reason reason,
		 uint64_t now_ns);

/* control: from its next burst on the worker shows t what leaves the lane's queues (what the
 * port then does not take is shown as dropped, too) and what is dropped. NULL: no more; the
 * tap before it is free after a quiescent state of the worker. */
void lane_set_tap(struct lane *lane, struct tap *t);

/* worker: the class slot by which a dequeued frame left. */
uint8_t lane_frame_class(const struct rte_mbuf *frame);

/* worker, at the end: drops all that is queued, as DROP_TX. */
void lane_flush(struct lane *lane, uint64_t now_ns);

/* worker, at a burst boundary (or anyone, while no worker runs the lane). */
void lane_snapshot(const struct lane *lane, struct lane_counters *out);

/* worker, at a burst boundary: the largest delays and jitters begin anew, and those so far are
 * kept beside them (…_earlier): a largest value can't be subtracted later. */
void lane_mark(struct lane *lane);

/* worker, at a burst boundary (or anyone, while no worker runs the lane): copies of at most
 * n calls from entry *from on; *from moves to where the next turn goes on, CALL_ENTRIES at
 * the end. Looks at no more than CALL_SCAN entries, so that a turn stays short. */
enum { CALL_SCAN = 1024 };
uint32_t lane_calls_copy(const struct lane *lane, uint32_t *from, struct call *out, uint32_t n);

/* Any thread: packets that the rule in this slot decided. */
uint64_t lane_rule_hits(const struct lane *lane, uint32_t rule_slot);
/* Any thread: whose they are; another epoch is another rule, which began at 0. */
uint32_t lane_rule_epoch(const struct lane *lane, uint32_t rule_slot);

#endif
