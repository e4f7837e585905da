/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One link's two lanes on a virtual clock: frames go in with the times of a capture, and
 * come out with the times at which the link would have sent them. The clock follows the
 * arrivals and never steps back; between two arrivals it stops at every departure. The
 * same input gives the same output, to the bit. Thread: the main lcore.
 */
#ifndef EDGEMARK_REPLAY_H
#define EDGEMARK_REPLAY_H

#include <stdint.h>

#include "control/site.h"
#include "dataplane/burst.h"

struct frame_pool;

/* A frame that leaves, at the start of its first byte. Not to keep. */
typedef void (*replay_sent)(void *context, enum direction d, uint64_t ns,
			    const struct rte_mbuf *frame);

struct replay {
	struct lane *lanes[DIRECTIONS];
	const struct policy *policies[DIRECTIONS];
	struct frame_pool *pool;
	replay_sent sent;
	void *context;

	/* To the lanes, the first arrival is at 1 ns. */
	uint64_t origin_ns;	      /* the caller's time of the lanes' 0 */
	uint64_t now_ns;	      /* the lanes' */
	uint64_t next_ns[DIRECTIONS]; /* of the next departure */
	bool started;

	enum direction burst_direction;
	struct burst burst;
	enum direction active; /* whose lane runs, for whoever taps its drops */

	uint64_t frames;
	uint64_t clamped; /* came with a time before the clock's */
	uint32_t idle_turns;
};

/* The link's lanes follow the running generation from now on. */
void replay_start(struct replay *r, const struct site *site, size_t link, struct frame_pool *pool,
		  replay_sent sent, void *context);

/* The next arrival. 0, -ENOMEM where the pool is exhausted, -EDEADLK where a lane promises a
 * departure and gives none. */
int replay_frame(struct replay *r, enum direction d, uint64_t ns, const uint8_t *bytes,
		 uint32_t length);

/* The same of an mbuf, which the replay takes over in any case. 0 or -EDEADLK. */
int replay_mbuf(struct replay *r, enum direction d, uint64_t ns, struct rte_mbuf *frame);

/* After the last one: runs the clock on until no queue holds a frame. */
int replay_finish(struct replay *r);

/* A lane's time in the caller's. */
static inline uint64_t replay_time(const struct replay *r, uint64_t lane_ns)
{
	return r->origin_ns + lane_ns;
}

#endif
