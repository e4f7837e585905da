/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of one link, from a received frame to a queue, and from the queues
 * to the frames that may leave now. I/O is outside: the worker loop, replay, the
 * tests and the bench all call these. Thread: the lane's worker.
 *
 * Time is nanoseconds of a monotonic clock of the caller's, passed in: the TSC, a
 * capture's timestamps, or a test's own. A clock that steps back grants nothing.
 */
#ifndef EDGEMARK_PIPELINE_H
#define EDGEMARK_PIPELINE_H

#include <stdint.h>

#include "burst.h"

struct lane;
struct policy;

#define SCHEDULE_IDLE UINT64_MAX

/* Takes every frame of the burst: each is queued or dropped with a reason. */
void pipeline_run(struct lane *lane, const struct policy *p, struct burst *b);

/* Moves at most n frames that may leave at now_ns into out, in the order in which they
 * leave, and returns how many. They count as sent. */
uint32_t schedule_dequeue(struct lane *lane, uint64_t now_ns, struct rte_mbuf **out, uint32_t n);

/* When the next frame may leave: now_ns if one may at once, a later time where the
 * link's or a class's rate holds it, SCHEDULE_IDLE where nothing waits. The time is
 * exact: no frame may leave a nanosecond earlier. */
uint64_t schedule_next(struct lane *lane, uint64_t now_ns);

#endif
