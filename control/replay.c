/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Before an arrival at t, every departure up to t takes place, both lanes merged by time
 * (upstream first where they tie). Frames that arrive together in one direction pass the
 * pipeline as one burst, as a worker would have received them.
 */
#include "control/replay.h"

#include <errno.h>
#include <string.h>

#include "dataplane/pipeline.h"

#include "frame_pool.h"

enum {
	REPLAY_BURST = 32,
	/* A lane may drop at dequeue and give nothing; this often at one instant it is stuck. */
	IDLE_TURNS_MAX = 1 << 20,
};

void replay_start(struct replay *r, const struct site *site, size_t link, struct frame_pool *pool,
		  replay_sent sent, void *context)
{
	memset(r, 0, sizeof(*r));
	r->pool = pool;
	r->sent = sent;
	r->context = context;
	r->now_ns = 1;
	for (int d = 0; d < DIRECTIONS; d++) {
		r->lanes[d] = site->links[link].direction[d].lane;
		r->policies[d] = site->running->set.policy[lane_index(link, (enum direction)d)];
		r->next_ns[d] = SCHEDULE_IDLE;
		r->active = (enum direction)d;
		lane_adopt(r->lanes[d], r->policies[d], r->now_ns);
	}
}

static int replay_depart(struct replay *r, enum direction d, uint64_t at_ns)
{
	struct rte_mbuf *frames[REPLAY_BURST];
	uint32_t n;

	r->active = d;
	n = schedule_dequeue(r->lanes[d], at_ns, frames, REPLAY_BURST);
	for (uint32_t i = 0; i < n; i++)
		r->sent(r->context, d, replay_time(r, at_ns), frames[i]);
	rte_pktmbuf_free_bulk(frames, n);
	r->next_ns[d] = schedule_next(r->lanes[d], at_ns);
	if (n > 0 || r->next_ns[d] > at_ns)
		r->idle_turns = 0;
	else if (++r->idle_turns > IDLE_TURNS_MAX)
		return -EDEADLK;
	return 0;
}

/* All departures up to and at until_ns. */
static int replay_drain(struct replay *r, uint64_t until_ns)
{
	int err = 0;

	while (!err) {
		enum direction d =
			r->next_ns[UPSTREAM] <= r->next_ns[DOWNSTREAM] ? UPSTREAM : DOWNSTREAM;
		uint64_t at_ns = r->next_ns[d];

		if (at_ns == SCHEDULE_IDLE || at_ns > until_ns)
			break;
		err = replay_depart(r, d, at_ns);
	}
	return err;
}

static int replay_flush(struct replay *r)
{
	struct burst *b = &r->burst;
	enum direction d = r->burst_direction;
	int err;

	if (b->count == 0)
		return 0;
	err = replay_drain(r, b->now_ns);
	r->active = d;
	pipeline_run(r->lanes[d], r->policies[d], b);
	b->count = 0;
	r->next_ns[d] = schedule_next(r->lanes[d], b->now_ns);
	return err;
}

int replay_mbuf(struct replay *r, enum direction d, uint64_t ns, struct rte_mbuf *frame)
{
	struct burst *b = &r->burst;
	int err = 0;

	if (!r->started)
		r->origin_ns = ns - r->now_ns;
	r->started = true;
	r->frames++;
	if (ns < replay_time(r, r->now_ns))
		r->clamped++;
	else
		r->now_ns = ns - r->origin_ns;
	if (b->count == REPLAY_BURST || r->now_ns != b->now_ns || d != r->burst_direction)
		err = replay_flush(r);
	if (err) {
		rte_pktmbuf_free(frame);
		return err;
	}
	b->now_ns = r->now_ns;
	b->frame[b->count++] = frame;
	r->burst_direction = d;
	return 0;
}

int replay_frame(struct replay *r, enum direction d, uint64_t ns, const uint8_t *bytes,
		 uint32_t length)
{
	struct rte_mbuf *frame = frame_pool_copy(r->pool, bytes, length);

	/* what is on its way may be what the pool lacks */
	if (!frame && replay_flush(r) == 0)
		frame = frame_pool_copy(r->pool, bytes, length);
	if (frame)
		return replay_mbuf(r, d, ns, frame);
	r->frames++;
	return -ENOMEM;
}

int replay_finish(struct replay *r)
{
	int err = replay_flush(r);

	return err ? err : replay_drain(r, SCHEDULE_IDLE - 1);
}
