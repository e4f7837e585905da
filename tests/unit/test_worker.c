/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker with one lane between two ring ports, on the test's own clock. What is sent to
 * a ring port comes back from it: the test puts frames into the first for the worker to
 * receive, and takes from the second what the worker sent.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/calls.h"
#include "dataplane/lane.h"
#include "dataplane/policy.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"

enum {
	RING_ROOM = 1023, /* of the ring driver's rings */
	SLOT = 3,
	MARK = 0x5a, /* the first byte of a frame that fills a ring */
	TOS_OFFSET = 15,
	TURNS_MAX = 100000,
};

#define MS UINT64_C(1000000)

struct rig {
	uint16_t in, out;
	uint64_t now_ns;
	struct class_spec class;
	struct policy_spec spec;
	struct policy_set set[2];
	struct lane *lane;
	struct worker_shared shared;
	struct worker *worker;
	uint16_t serial; /* of the next frame sent: its source port */
};

/* Each a device of its own: a closed one's name stays taken. */
static uint16_t open_ring(void)
{
	static unsigned count;
	char name[32];
	const struct port_spec s = {
		.device = name,
		.mtu = MTU_DEFAULT,
		.rx_queues = 1,
		.tx_queues = 1,
		.rx_descriptors = 512,
		.tx_descriptors = 512,
		.pool = test_pool(),
	};
	uint16_t port;

	snprintf(name, sizeof(name), "net_ring_%u", count++);
	assert_int_equal(port_open(&s, &port), 0);
	assert_int_equal(port_start(port), 0);
	return port;
}

/* The next generation, as the spec says now, built and published. */
static void publish(struct rig *r, unsigned index)
{
	struct policy_set *set = &r->set[index];

	set->generation = index + 1;
	set->lane_count = 1;
	r->spec.generation = set->generation;
	assert_int_equal(policy_build(&r->spec, NULL, &set->policy[0]), 0);
	assert_int_equal(lane_prepare(r->lane, set->policy[0]), 0);
	__atomic_store_n(&r->shared.current, set, __ATOMIC_RELEASE);
}

static void rig_start(struct rig *r, uint64_t rate_bps)
{
	const struct lane_config lane = {.socket_id = SOCKET_ID_ANY, .seed = 1};
	struct worker_lane at;

	memset(r, 0, sizeof(*r));
	r->now_ns = 1000 * MS;
	r->in = open_ring();
	r->out = open_ring();
	r->class = (struct class_spec){
		.slot = SLOT,
		.epoch = 1,
		.dscp = DSCP_AF21,
		.calls = true,
		.weight = 1,
		.queue_ns = 10000 * MS,
		.queue_packets = QUEUE_PACKETS_DEFAULT,
	};
	r->spec = (struct policy_spec){
		.classes = &r->class,
		.class_count = 1,
		.default_slot = SLOT,
		.allowed_dscp = ~UINT64_C(0),
		.untagged = UNTAGGED_KEEP,
		/* Of a shaped link the first 24 frames find tokens. */
		.egress = {.rate_bps = rate_bps,
			   .account = ACCOUNT_L2,
			   .max_frame_bytes = rate_bps ? 1518 : 9000},
	};
	r->lane = lane_create(&lane);
	assert_non_null(r->lane);
	publish(r, 0);
	r->shared.qsbr =
		rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(WORKERS_MAX), RTE_CACHE_LINE_SIZE);
	assert_int_equal(rte_rcu_qsbr_init(r->shared.qsbr, WORKERS_MAX), 0);
	at = (struct worker_lane){.lane = r->lane, .rx_port = r->in, .tx_port = r->out};
	r->worker = worker_create(&r->shared, 0, &at, 1);
	assert_non_null(r->worker);
}

static void rig_stop(struct rig *r)
{
	worker_destroy(r->worker);
	lane_destroy(r->lane);
	policy_free(r->set[0].policy[0]);
	policy_free(r->set[1].policy[0]);
	rte_free(r->shared.qsbr);
	port_close(r->in);
	port_close(r->out);
	assert_int_equal(test_pool_in_use(), 0);
}

static struct rte_mbuf *numbered_frame(uint16_t serial, uint32_t payload_bytes)
{
	struct frame_spec s = frame_udp4("10.0.0.1", serial, "10.1.0.1", 3478);
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length;

	s.payload_bytes = payload_bytes;
	length = frame_build(&s, bytes, sizeof(bytes));
	assert_int_not_equal(length, 0);
	return mbuf_from(bytes, length);
}

static void put(struct rig *r, unsigned n)
{
	while (n-- > 0) {
		struct rte_mbuf *m = numbered_frame(r->serial++, 20);

		assert_int_equal(rte_eth_tx_burst(r->in, 0, &m, 1), 1);
	}
}

static struct rte_mbuf *take(struct rig *r)
{
	struct rte_mbuf *m;

	return rte_eth_rx_burst(r->out, 0, &m, 1) == 1 ? m : NULL;
}

static uint16_t serial_of(const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, 34);

	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Takes what was sent, which must be the frames from `first` on in their order. */
static unsigned take_in_order(struct rig *r, unsigned first)
{
	unsigned n = 0;
	struct rte_mbuf *m;

	while ((m = take(r))) {
		assert_int_equal(serial_of(m), first + n);
		rte_pktmbuf_free(m);
		n++;
	}
	return n;
}

static void turn(struct rig *r, unsigned turns)
{
	while (turns-- > 0)
		worker_turn(r->worker, r->now_ns += 1000);
}

/* Asked and answered within this thread. */
static struct lane_counters snapshot(struct rig *r)
{
	struct lane_counters c;

	(void)worker_snapshot(r->worker, 0, &c, 0);
	turn(r, 1);
	(void)worker_snapshot(r->worker, 0, &c, 0);
	assert_int_equal(c.rx.packets, c.tx.packets + c.dropped.packets + c.queued.packets);
	assert_int_equal(c.classes[SLOT].rx.packets, c.classes[SLOT].tx.packets +
							     c.classes[SLOT].dropped.packets +
							     c.classes[SLOT].queued.packets);
	turn(r, 1); /* the second request is answered, too */
	return c;
}

/* Leaves the second port room for so many frames. */
static void fill_out_ring(struct rig *r, unsigned room)
{
	for (unsigned i = 0; i < RING_ROOM - room; i++) {
		struct rte_mbuf *m = numbered_frame(0, 20);

		rte_pktmbuf_mtod(m, uint8_t *)[0] = MARK;
		assert_int_equal(rte_eth_tx_burst(r->out, 0, &m, 1), 1);
	}
}

static void empty_filled_ring(struct rig *r, unsigned room)
{
	for (unsigned i = 0; i < RING_ROOM - room; i++) {
		struct rte_mbuf *m = take(r);

		assert_non_null(m);
		assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[0], MARK);
		rte_pktmbuf_free(m);
	}
}

/* --- the tests ------------------------------------------------------------------------ */

static void what_comes_in_goes_out_in_order_and_marked(void **state)
{
	struct lane_counters c;
	struct rte_mbuf *m;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	put(&r, 1);
	turn(&r, 1);
	m = take(&r);
	assert_non_null(m);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[TOS_OFFSET], DSCP_AF21 << 2);
	rte_pktmbuf_free(m);
	put(&r, 999);
	turn(&r, 100);
	assert_int_equal(take_in_order(&r, 1), 999);
	c = snapshot(&r);
	assert_int_equal(c.rx.packets, 1000);
	assert_int_equal(c.tx.packets, 1000);
	rig_stop(&r);
}

/* 80 kbit/s: a frame of 62 bytes leaves every 6.2 ms, though nothing comes in. */
static void queues_empty_though_nothing_comes_in(void **state)
{
	struct rig r;
	unsigned sent = 0;

	(void)state;
	rig_start(&r, 80000);
	put(&r, 200);
	turn(&r, 10);
	sent = take_in_order(&r, 0);
	assert_in_range(sent, 1, 199);
	for (int ms = 0; ms < 2000; ms++) {
		r.now_ns += MS;
		turn(&r, 1);
	}
	assert_int_equal(take_in_order(&r, sent), 200 - sent);
	rig_stop(&r);
}

static void what_the_port_does_not_take_waits_and_counts_as_queued(void **state)
{
	struct lane_counters c;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	fill_out_ring(&r, 10);
	put(&r, 300);
	turn(&r, 50);
	c = snapshot(&r);
	assert_int_equal(c.rx.packets, 300);
	assert_int_equal(c.tx.packets, 10);
	assert_int_equal(c.queued.packets, 290);
	assert_int_equal(c.classes[SLOT].queued.packets, 290);
	assert_int_equal(c.tx.bytes, 10 * 62);
	assert_int_equal(c.queued.bytes, 290 * 62);

	empty_filled_ring(&r, 10);
	turn(&r, 50);
	assert_int_equal(take_in_order(&r, 0), 300);
	assert_int_equal(snapshot(&r).tx.packets, 300);
	rig_stop(&r);
}

/* The ring port's MTU is 1500 and it would take any frame: full, it stands for a driver
 * that refuses this one for ever. */
static void a_frame_too_long_for_the_port_does_not_block_the_lane(void **state)
{
	struct rte_mbuf *m = numbered_frame(0, 1600);
	struct lane_counters c;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	fill_out_ring(&r, 0);
	assert_int_equal(rte_eth_tx_burst(r.in, 0, &m, 1), 1);
	r.serial = 1;
	put(&r, 5);
	turn(&r, 10);
	assert_int_equal(snapshot(&r).queued.packets, 6);
	turn(&r, 5000);
	c = snapshot(&r);
	assert_int_equal(c.drops[DROP_TOO_LONG], 1);
	assert_int_equal(c.queued.packets, 5); /* that the port could take are not dropped */
	empty_filled_ring(&r, 0);
	turn(&r, 10);
	assert_int_equal(take_in_order(&r, 1), 5);
	rig_stop(&r);
}

static void a_published_policy_is_adopted_at_the_next_turn(void **state)
{
	struct worker_stats stats;
	uint64_t token;
	struct rte_mbuf *m;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	turn(&r, 1);
	worker_stats(r.worker, &stats);
	assert_int_equal(stats.generation, 1);

	r.class.dscp = DSCP_AF11;
	publish(&r, 1);
	token = rte_rcu_qsbr_start(r.shared.qsbr);
	assert_int_equal(rte_rcu_qsbr_check(r.shared.qsbr, token, false), 0);
	put(&r, 1);
	turn(&r, 1);
	assert_int_equal(rte_rcu_qsbr_check(r.shared.qsbr, token, false), 1);
	worker_stats(r.worker, &stats);
	assert_int_equal(stats.generation, 2);
	m = take(&r);
	assert_non_null(m);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[TOS_OFFSET], DSCP_AF11 << 2);
	rte_pktmbuf_free(m);
	rig_stop(&r);
}

/* Counters, and what is queued, outlive the switch. */
static void a_switch_loses_nothing_that_is_queued(void **state)
{
	struct rig r;
	unsigned sent;

	(void)state;
	rig_start(&r, 80000);
	put(&r, 100);
	turn(&r, 10);
	sent = take_in_order(&r, 0);
	assert_in_range(sent, 1, 99);
	r.spec.egress.rate_bps = 0;
	publish(&r, 1);
	turn(&r, 10);
	assert_int_equal(sent + take_in_order(&r, sent), 100);
	assert_int_equal(snapshot(&r).tx.packets, 100);
	rig_stop(&r);
}

static void a_stop_sends_what_is_queued_and_receives_no_more(void **state)
{
	struct lane_counters c;
	struct rig r;
	unsigned sent;

	(void)state;
	rig_start(&r, 80000);
	put(&r, 50);
	turn(&r, 10);
	sent = take_in_order(&r, 0);
	assert_in_range(sent, 1, 49);
	worker_stop(r.worker, 2000 * MS);
	put(&r, 7); /* too late */
	for (int ms = 0; ms < 1000; ms++) {
		r.now_ns += MS;
		turn(&r, 1);
	}
	assert_int_equal(sent + take_in_order(&r, sent), 50);
	assert_int_equal(worker_snapshot(r.worker, 0, &c, 0), 0);
	assert_int_equal(c.rx.packets, 50);
	assert_int_equal(c.tx.packets, 50);
	assert_int_equal(c.queued.packets, 0);
	rig_stop(&r);
}

static void what_the_drain_leaves_is_dropped_by_name(void **state)
{
	struct lane_counters c;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	fill_out_ring(&r, 0);
	put(&r, 200);
	turn(&r, 20);
	worker_stop(r.worker, 10 * MS);
	turn(&r, 1);
	r.now_ns += 20 * MS;
	turn(&r, 1);
	assert_int_equal(worker_snapshot(r.worker, 0, &c, 0), 0);
	assert_int_equal(c.rx.packets, 200);
	assert_int_equal(c.tx.packets, 0);
	assert_int_equal(c.tx.bytes, 0);
	assert_int_equal(c.drops[DROP_TX], 200);
	assert_int_equal(c.dropped.packets, 200);
	assert_int_equal(c.queued.packets, 0);
	assert_int_equal(worker_turn(r.worker, r.now_ns + MS), 0);
	rig_stop(&r);
}

static void a_worker_that_does_not_turn_gives_its_last_snapshot(void **state)
{
	struct lane_counters c;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	put(&r, 3);
	turn(&r, 1);
	(void)snapshot(&r);
	assert_int_equal(worker_snapshot(r.worker, 0, &c, 5), -ETIMEDOUT);
	assert_int_equal(c.rx.packets, 3);
	rig_stop(&r);
}

/* Each numbered frame is a call of its own. */
static void assert_calls(struct rig *r, uint32_t count)
{
	static struct call calls[CALL_ENTRIES];
	static bool seen[UINT16_MAX];

	memset(seen, 0, sizeof(seen));
	assert_int_equal(worker_calls(r->worker, 0, calls, CALL_ENTRIES, 10000), count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(calls[i].packets, 1);
		assert_true(calls[i].key.source_port < count);
		assert_false(seen[calls[i].key.source_port]);
		seen[calls[i].key.source_port] = true;
	}
}

static void a_worker_that_does_not_turn_gives_no_calls(void **state)
{
	static struct call calls[2];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	put(&r, 3);
	turn(&r, 1);
	assert_int_equal(worker_calls(r.worker, 0, calls, 2, 5), -ETIMEDOUT);
	assert_int_equal(worker_calls(r.worker, 0, calls, 2, 5), -ETIMEDOUT);
	turn(&r, 1); /* that answers the first question, which nobody waits for */
	assert_int_equal(worker_calls(r.worker, 0, calls, 2, 5), -ETIMEDOUT);
	worker_stop(r.worker, 0);
	turn(&r, 2);
	assert_int_equal(worker_calls(r.worker, 0, calls, 2, 0), 2); /* no more than fit */
	assert_calls(&r, 3);
	assert_int_equal(take_in_order(&r, 0), 3);
	rig_stop(&r);
}

static void *run_worker(void *worker)
{
	worker_main(worker);
	return NULL;
}

/* The loop itself, on its own thread and the TSC. */
static void the_loop_forwards_answers_and_ends(void **state)
{
	struct lane_counters c = {0};
	struct worker_stats stats;
	pthread_t thread;
	struct rig r;
	int tries = 0;

	(void)state;
	rig_start(&r, 0);
	assert_int_equal(clock_calibrate(&r.shared.clock, 1), 0);
	put(&r, 500);
	assert_int_equal(pthread_create(&thread, NULL, run_worker, r.worker), 0);
	while (c.tx.packets < 500 && tries++ < TURNS_MAX) {
		assert_int_equal(worker_snapshot(r.worker, 0, &c, 10000), 0);
		assert_int_equal(c.rx.packets, c.tx.packets + c.dropped.packets + c.queued.packets);
	}
	assert_int_equal(c.tx.packets, 500);
	assert_calls(&r, 500);
	worker_stop(r.worker, 1000 * MS);
	pthread_join(thread, NULL);
	assert_calls(&r, 500);
	worker_stats(r.worker, &stats);
	assert_true(stats.turns >= stats.busy_turns && stats.busy_turns > 0);
	assert_int_equal(stats.generation, 1);
	assert_int_equal(take_in_order(&r, 0), 500);
	/* Offline: a policy published now waits for nobody. */
	assert_int_equal(
		rte_rcu_qsbr_check(r.shared.qsbr, rte_rcu_qsbr_start(r.shared.qsbr), false), 1);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_in_goes_out_in_order_and_marked),
		cmocka_unit_test(queues_empty_though_nothing_comes_in),
		cmocka_unit_test(what_the_port_does_not_take_waits_and_counts_as_queued),
		cmocka_unit_test(a_frame_too_long_for_the_port_does_not_block_the_lane),
		cmocka_unit_test(a_published_policy_is_adopted_at_the_next_turn),
		cmocka_unit_test(a_switch_loses_nothing_that_is_queued),
		cmocka_unit_test(a_stop_sends_what_is_queued_and_receives_no_more),
		cmocka_unit_test(what_the_drain_leaves_is_dropped_by_name),
		cmocka_unit_test(a_worker_that_does_not_turn_gives_its_last_snapshot),
		cmocka_unit_test(a_worker_that_does_not_turn_gives_no_calls),
		cmocka_unit_test(the_loop_forwards_answers_and_ends),
	};

	return test_eal_start() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
