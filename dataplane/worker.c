/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's loop. What passes between it and the control thread:
 *   current    control -> worker, one release store; taken up at the next turn
 *   stop       control -> worker: receive no more, drain, end
 *   snapshots  control asks by a sequence number, the worker answers between two bursts
 *              into the buffer that control does not read
 *   calls      the same way, some entries of the lane's call table at a time
 *   stats      worker -> anyone
 * A port that takes fewer frames than it is given is never waited for: the rest stays at
 * hand, the lane's dequeuing pauses, and the next turn tries again.
 */
#include "worker.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_rcu_qsbr.h>

#include "lane.h"
#include "pipeline.h"
#include "policy.h"

enum {
	RX_BURST = 32,
	TX_BATCH = 64,
	/* Turns in which a port may refuse a frame that it can't send, before it is dropped. */
	REFUSALS_MAX = 1000,
	POLL_NS = 20000,  /* control's wait for a snapshot */
	CALLS_CHUNK = 64, /* copied in one turn */
	NS_PER_MS = 1000000,
};

#define NS_PER_SECOND UINT64_C(1000000000)

/* Control asks for the calls from one entry on; the worker answers in the same place. */
struct calls_request {
	uint32_t wanted; /* control: rw, release; worker: ro, acquire */
	uint32_t given;	 /* worker: rw, release; control: ro, acquire */
	/* The worker's while `wanted` is ahead of `given`, else control's. */
	uint32_t from;
	uint32_t count;
	struct call calls[CALLS_CHUNK];
};

struct served_lane {
	struct worker_lane at;
	const struct policy *policy; /* adopted; worker only */

	/* Dequeued and not yet taken by the port, in order. Worker only. */
	struct rte_mbuf *unsent[TX_BATCH];
	uint32_t unsent_first, unsent_count;
	uint32_t refusals;	  /* in a row */
	uint32_t max_frame_bytes; /* that the port can send */

	uint32_t wanted;       /* control: rw, release; worker: ro, acquire */
	uint32_t given;	       /* worker: rw, release; control: ro, acquire */
	uint32_t marks_wanted; /* control: rw, before wanted; worker: ro, after it */
	uint32_t marks_made;   /* worker only */
	/* worker: writes the one that `given` does not name; control: reads the other */
	struct lane_counters snapshot[2];
	struct calls_request calls;
};

struct worker {
	struct worker_shared *shared;
	unsigned id;
	unsigned lane_count;

	bool stop;	   /* control: wo, release; worker: ro, acquire */
	uint64_t drain_ns; /* control: wo, before stop; worker: ro, after it */
	bool ended;	   /* worker: wo, release; control: ro, acquire */
	bool left;	   /* the same, and the loop's last access to all this */

	/* Worker only. */
	const struct policy_set *set __rte_cache_aligned;
	bool draining;
	bool was_busy; /* in the last turn */
	uint64_t drain_until_ns;
	struct burst burst;

	struct worker_stats stats __rte_cache_aligned; /* worker: wo; any thread: ro */
	struct served_lane lanes[];
};

static uint32_t max_frame_bytes(uint16_t port)
{
	uint16_t mtu;

	if (rte_eth_dev_get_mtu(port, &mtu) != 0)
		return UINT32_MAX;
	return (uint32_t)mtu + ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES;
}

struct worker *worker_create(struct worker_shared *shared, unsigned id,
			     const struct worker_lane *lanes, unsigned lane_count)
{
	struct worker *w;

	if (lane_count == 0 || lane_count > LANES_MAX)
		return NULL;
	w = rte_zmalloc("worker", sizeof(*w) + lane_count * sizeof(w->lanes[0]),
			RTE_CACHE_LINE_SIZE);
	if (!w)
		return NULL;
	w->shared = shared;
	w->id = id;
	w->lane_count = lane_count;
	for (unsigned i = 0; i < lane_count; i++) {
		w->lanes[i].at = lanes[i];
		w->lanes[i].max_frame_bytes = max_frame_bytes(lanes[i].tx_port);
	}
	/* Online from now on: a policy published before the first turn waits for it. */
	if (rte_rcu_qsbr_thread_register(shared->qsbr, id) != 0) {
		rte_free(w);
		return NULL;
	}
	rte_rcu_qsbr_thread_online(shared->qsbr, id);
	return w;
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	(void)__atomic_load_n(&w->left, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < w->lane_count; i++) {
		struct served_lane *l = &w->lanes[i];

		rte_pktmbuf_free_bulk(&l->unsent[l->unsent_first], l->unsent_count);
	}
	rte_rcu_qsbr_thread_offline(w->shared->qsbr, w->id);
	rte_rcu_qsbr_thread_unregister(w->shared->qsbr, w->id);
	rte_free(w);
}

static void adopt_policies(struct worker *w, uint64_t now_ns)
{
	const struct policy_set *set = __atomic_load_n(&w->shared->current, __ATOMIC_ACQUIRE);

	if (set == w->set)
		return;
	w->set = set;
	for (unsigned i = 0; i < w->lane_count; i++) {
		struct served_lane *l = &w->lanes[i];
		const struct policy *p = set->policy[l->at.index];

		if (p == l->policy)
			continue;
		lane_adopt(l->at.lane, p, now_ns);
		l->policy = p;
	}
	__atomic_store_n(&w->stats.generation, set->generation, __ATOMIC_RELEASE);
}

/* One writer, whose readers see whole values. */
static inline void stat_add(uint64_t *stat, uint64_t n)
{
	__atomic_store_n(stat, *stat + n, __ATOMIC_RELAXED);
}

static unsigned receive(struct worker *w, struct served_lane *l, uint64_t now_ns)
{
	struct burst *b = &w->burst;
	const uint16_t n = rte_eth_rx_burst(l->at.rx_port, l->at.rx_queue, b->frame, RX_BURST);

	if (n == 0)
		return 0;
	stat_add(&w->stats.rx_bursts, 1);
	stat_add(&w->stats.rx_frames, n);
	b->now_ns = now_ns;
	b->count = n;
	pipeline_run(l->at.lane, l->policy, b);
	return n;
}

/* A frame that is longer than the port can send must not hold up the lane for ever. */
static void count_refusal(struct served_lane *l, uint64_t now_ns)
{
	struct rte_mbuf **head = &l->unsent[l->unsent_first];

	if (++l->refusals < REFUSALS_MAX)
		return;
	l->refusals = 0;
	if ((*head)->pkt_len <= l->max_frame_bytes)
		return;
	lane_refuse(l->at.lane, head, 1, DROP_TOO_LONG, now_ns);
	l->unsent_first++;
	l->unsent_count--;
}

static unsigned transmit(struct served_lane *l, uint64_t now_ns)
{
	uint16_t sent;

	if (l->unsent_count == 0) {
		l->unsent_first = 0;
		l->unsent_count = schedule_dequeue(l->at.lane, now_ns, l->unsent, TX_BATCH);
		if (l->unsent_count == 0)
			return 0;
	}
	sent = rte_eth_tx_burst(l->at.tx_port, l->at.tx_queue, &l->unsent[l->unsent_first],
				(uint16_t)l->unsent_count);
	l->unsent_first += sent;
	l->unsent_count -= sent;
	if (sent > 0)
		l->refusals = 0;
	else
		count_refusal(l, now_ns);
	return sent;
}

/* The lane counted its dequeued frames as sent; those at hand still wait. */
static void move_back(struct tally *from, struct tally *to, uint64_t bytes)
{
	from->packets--;
	from->bytes -= bytes;
	to->packets++;
	to->bytes += bytes;
}

static void take_snapshot(const struct served_lane *l, struct lane_counters *out, uint64_t now_ns)
{
	lane_snapshot(l->at.lane, out);
	out->taken_ns = now_ns;
	for (uint32_t i = 0; i < l->unsent_count; i++) {
		const struct rte_mbuf *frame = l->unsent[l->unsent_first + i];

		struct class_counters *class = &out->classes[lane_frame_class(frame)];

		move_back(&out->tx, &out->queued, frame->pkt_len);
		move_back(&class->tx, &class->queued, frame->pkt_len);
	}
}

static void answer_snapshot(struct served_lane *l, uint64_t now_ns)
{
	const uint32_t wanted = __atomic_load_n(&l->wanted, __ATOMIC_ACQUIRE);

	if (wanted == l->given)
		return;

	const uint32_t marks = __atomic_load_n(&l->marks_wanted, __ATOMIC_RELAXED);

	take_snapshot(l, &l->snapshot[wanted & 1], now_ns);
	if (marks != l->marks_made) {
		lane_mark(l->at.lane);
		l->marks_made = marks;
	}
	__atomic_store_n(&l->given, wanted, __ATOMIC_RELEASE);
}

static void answer_calls(struct served_lane *l)
{
	struct calls_request *r = &l->calls;
	const uint32_t wanted = __atomic_load_n(&r->wanted, __ATOMIC_ACQUIRE);

	if (wanted == r->given)
		return;
	r->count = lane_calls_copy(l->at.lane, &r->from, r->calls, CALLS_CHUNK);
	__atomic_store_n(&r->given, wanted, __ATOMIC_RELEASE);
}

static bool drained(const struct worker *w, uint64_t now_ns)
{
	if (now_ns >= w->drain_until_ns)
		return true;
	for (unsigned i = 0; i < w->lane_count; i++)
		if (w->lanes[i].unsent_count > 0 ||
		    schedule_next(w->lanes[i].at.lane, now_ns) != SCHEDULE_IDLE)
			return false;
	return true;
}

static void end(struct worker *w, uint64_t now_ns)
{
	for (unsigned i = 0; i < w->lane_count; i++) {
		struct served_lane *l = &w->lanes[i];

		lane_refuse(l->at.lane, &l->unsent[l->unsent_first], l->unsent_count, DROP_TX,
			    now_ns);
		l->unsent_count = 0;
		lane_flush(l->at.lane, now_ns);
		answer_snapshot(l, now_ns);
		answer_calls(l);
	}
	__atomic_store_n(&w->ended, true, __ATOMIC_RELEASE);
}

static bool stopping(struct worker *w, uint64_t now_ns)
{
	if (w->draining)
		return true;
	if (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE))
		return false;
	w->draining = true;
	w->drain_until_ns = now_ns + w->drain_ns;
	return true;
}

/* A turn's length is known when the next one begins: no clock is read for it. */
static void count_turn(struct worker *w, uint64_t now_ns, bool busy)
{
	struct worker_stats *s = &w->stats;

	if (s->turns == 0)
		__atomic_store_n(&s->first_turn_ns, now_ns, __ATOMIC_RELAXED);
	if (w->was_busy)
		stat_add(&s->busy_ns, now_ns - s->last_turn_ns);
	w->was_busy = busy;
	stat_add(&s->turns, 1);
	if (busy)
		stat_add(&s->busy_turns, 1);
	__atomic_store_n(&s->last_turn_ns, now_ns, __ATOMIC_RELAXED);
}

unsigned worker_turn(struct worker *w, uint64_t now_ns)
{
	unsigned moved = 0;

	if (w->ended)
		return 0;

	const bool stop = stopping(w, now_ns);

	adopt_policies(w, now_ns);
	for (unsigned i = 0; i < w->lane_count; i++) {
		struct served_lane *l = &w->lanes[i];

		if (!stop)
			moved += receive(w, l, now_ns);
		moved += transmit(l, now_ns);
		answer_snapshot(l, now_ns);
		answer_calls(l);
	}
	if (stop && drained(w, now_ns))
		end(w, now_ns);
	count_turn(w, now_ns, moved > 0);
	rte_rcu_qsbr_quiescent(w->shared->qsbr, w->id);
	return moved;
}

int worker_main(void *worker)
{
	struct worker *w = worker;

	while (!w->ended)
		if (worker_turn(w, clock_now_ns(&w->shared->clock)) == 0)
			rte_pause();
	rte_rcu_qsbr_thread_offline(w->shared->qsbr, w->id);
	__atomic_store_n(&w->left, true, __ATOMIC_RELEASE);
	return 0;
}

void worker_stop(struct worker *w, uint64_t drain_ns)
{
	w->drain_ns = drain_ns;
	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
}

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

int worker_snapshot(struct worker *w, unsigned lane, struct lane_counters *out, unsigned timeout_ms)
{
	static const struct timespec poll = {.tv_nsec = POLL_NS};
	const uint64_t deadline_ns = wall_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	struct served_lane *l = &w->lanes[lane];
	uint32_t given = __atomic_load_n(&l->given, __ATOMIC_ACQUIRE);

	/* After the end the lane is control's. */
	if (__atomic_load_n(&w->ended, __ATOMIC_ACQUIRE)) {
		take_snapshot(l, out, w->stats.last_turn_ns);
		return 0;
	}
	/* At most one is asked for at a time, so that the worker writes into the buffer that
	 * is not read here. */
	if (given == l->wanted)
		__atomic_store_n(&l->wanted, l->wanted + 1, __ATOMIC_RELEASE);
	while ((given = __atomic_load_n(&l->given, __ATOMIC_ACQUIRE)) != l->wanted &&
	       wall_ns() < deadline_ns)
		nanosleep(&poll, NULL);
	memcpy(out, &l->snapshot[given & 1], sizeof(*out));
	return given == l->wanted ? 0 : -ETIMEDOUT;
}

int worker_mark(struct worker *w, unsigned lane, struct lane_counters *out, unsigned timeout_ms)
{
	struct served_lane *l = &w->lanes[lane];

	__atomic_store_n(&l->marks_wanted, l->marks_wanted + 1, __ATOMIC_RELAXED);
	return worker_snapshot(w, lane, out, timeout_ms);
}

/* Until the worker has answered; false at the deadline. */
static bool await_calls(const struct calls_request *r, uint64_t deadline_ns)
{
	static const struct timespec poll = {.tv_nsec = POLL_NS};

	while (__atomic_load_n(&r->given, __ATOMIC_ACQUIRE) != r->wanted) {
		if (wall_ns() >= deadline_ns)
			return false;
		nanosleep(&poll, NULL);
	}
	return true;
}

static int ask_calls(struct calls_request *r, uint32_t from, uint64_t deadline_ns)
{
	if (!await_calls(r, deadline_ns)) /* an earlier question that control gave up */
		return -ETIMEDOUT;
	r->from = from;
	__atomic_store_n(&r->wanted, r->wanted + 1, __ATOMIC_RELEASE);
	return await_calls(r, deadline_ns) ? 0 : -ETIMEDOUT;
}

int worker_calls(struct worker *w, unsigned lane, struct call *out, uint32_t max,
		 unsigned timeout_ms)
{
	const uint64_t deadline_ns = wall_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	struct served_lane *l = &w->lanes[lane];
	uint32_t from = 0, count = 0;

	while (from < CALL_ENTRIES && count < max) {
		uint32_t n;

		/* After the end the lane is control's. */
		if (__atomic_load_n(&w->ended, __ATOMIC_ACQUIRE)) {
			count += lane_calls_copy(l->at.lane, &from, out + count, max - count);
			continue;
		}
		if (ask_calls(&l->calls, from, deadline_ns) < 0)
			return -ETIMEDOUT;
		n = RTE_MIN(l->calls.count, max - count);
		memcpy(out + count, l->calls.calls, n * sizeof(*out));
		count += n;
		from = l->calls.from;
	}
	return (int)count;
}

void worker_stats(const struct worker *w, struct worker_stats *out)
{
	out->turns = __atomic_load_n(&w->stats.turns, __ATOMIC_RELAXED);
	out->busy_turns = __atomic_load_n(&w->stats.busy_turns, __ATOMIC_RELAXED);
	out->rx_bursts = __atomic_load_n(&w->stats.rx_bursts, __ATOMIC_RELAXED);
	out->rx_frames = __atomic_load_n(&w->stats.rx_frames, __ATOMIC_RELAXED);
	out->busy_ns = __atomic_load_n(&w->stats.busy_ns, __ATOMIC_RELAXED);
	out->first_turn_ns = __atomic_load_n(&w->stats.first_turn_ns, __ATOMIC_RELAXED);
	out->last_turn_ns = __atomic_load_n(&w->stats.last_turn_ns, __ATOMIC_RELAXED);
	out->generation = __atomic_load_n(&w->stats.generation, __ATOMIC_ACQUIRE);
}
