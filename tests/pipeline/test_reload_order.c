/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reloads are linearizable: each packet is classified and marked by exactly one generation,
 * and never by one older than the caller had been told of when the packet came in.
 *
 *	control: writes generation g's file, reloads, is answered, says so in `acknowledged`
 *	io:      frame(seq, acknowledged) ─► ring ─► worker ─► ring ─► which generation is it of?
 *
 * A generation's number is in every mark: VID g + 1, PCP and DSCP by g; and what is class a by
 * the one is class b by the next, so that a packet classified by one and marked by another
 * carries a mark that no generation gives. Two workers turn all the time, on their own threads.
 * Under the thread sanitizer the rings, whose driver is not built with it, are told to it; the
 * control thread passes nothing by them, so a policy has to be published by itself.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "control/site.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"

#include "forwarding.h"
#include "reload.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define HAND_OVER(what) __tsan_release(what)
#define TAKE_OVER(what) __tsan_acquire(what)
#else
#define HAND_OVER(what) (void)(what)
#define TAKE_OVER(what) (void)(what)
#endif

enum {
	GENERATIONS_DEFAULT = 400,
	GENERATIONS_MAX = 4000, /* each has a VID */
	RING_SIZE = 1024,
	IN_FLIGHT_MAX = 256, /* of a lane; no ring, and no queue, is full at that */
	FRAMES_MAX = 1 << 22,
	DSCPS = 30, /* that take turns: 0-29 for class a, 32-61 for class b */
	CLASS_B_DSCP = 32,
	TAG_BYTES = 4,
	NOTE_OFFSET = 42, /* in the UDP payload of an untagged frame */
	DRAIN_TRIES = 1000000,
};

/* What a frame carries from its entry. */
struct note {
	uint32_t seq;
	uint32_t acknowledged;
};

struct stream { /* one direction; io only */
	struct rte_ring *in, *out;
	uint16_t rx_port, tx_port;
	uint32_t sent, received;
	uint16_t *generation_of; /* by seq */
};

struct rig {
	char file[64];
	uint32_t generations;
	struct forwarding forwarding;
	struct stream streams[DIRECTIONS];
	struct reload *reload;
	pthread_t io, workers[DIRECTIONS];

	/* control: wo; io: ro. Relaxed, lest they order what a reload has to order. */
	uint32_t acknowledged, requested;
	bool stop;
	struct reload_result result; /* control only, as is what follows */
	bool answered;
};

/* --- what generation g says ------------------------------------------------------------------ */

static void write_generation(const struct rig *r, uint32_t g)
{
	const char *even = g % 2 ? "b" : "a", *odd = g % 2 ? "a" : "b";
	char fresh[80];
	FILE *f;

	snprintf(fresh, sizeof(fresh), "%s.new", r->file);
	f = fopen(fresh, "w");
	assert_non_null(f);
	fprintf(f,
		"version = 1;\n"
		"links = ( { name = \"l\"; lan = { device = \"net_null0\"; };\n"
		"  wan = { device = \"net_null1\"; }; upstream = \"p\"; downstream = \"p\"; } );\n"
		"classes = ( { name = \"a\"; dscp = %u; pcp = %u; },\n"
		"  { name = \"b\"; dscp = %u; pcp = %u; },\n"
		"  { name = \"rest\"; dscp = 63; pcp = 0; } );\n"
		"acls = ( { name = \"m\"; rules = (\n"
		"  { seq = 10; protocol = \"udp\"; source-port = \"50000-50019\"; class = \"%s\"; "
		"},\n"
		"  { seq = 20; destination = \"10.8.0.0/16\"; class = \"%s\"; } ); } );\n"
		"policies = ( { name = \"p\"; acl = \"m\"; default-class = \"rest\";\n"
		"  vlan = { untagged = %u; }; } );\n",
		g % DSCPS, g % 8, CLASS_B_DSCP + g % DSCPS, g % 8, even, odd, g + 1);
	fclose(f);
	assert_int_equal(rename(fresh, r->file), 0);
}

/* Of the frames with even seq the port table decides, of the others rte_acl. */
static bool is_class_b(uint32_t g, uint32_t seq)
{
	return (g + seq) % 2 != 0;
}

static struct rte_mbuf *make_frame(uint32_t seq, uint32_t acknowledged)
{
	const struct note note = {seq, acknowledged};
	struct frame_spec s =
		seq % 2 == 0
			? frame_udp4("10.9.0.1", (uint16_t)(50000 + seq / 2 % 20), "10.1.0.1", 3478)
			: frame_udp4("10.9.0.1", 40000, "10.8.0.1", 3478);
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length;

	s.payload_bytes = sizeof(note) + 10;
	length = frame_build(&s, bytes, sizeof(bytes));
	memcpy(bytes + NOTE_OFFSET, &note, sizeof(note));
	return mbuf_from(bytes, length);
}

/* --- the io thread --------------------------------------------------------------------------- */

static uint16_t after_receive(uint16_t port, uint16_t queue, struct rte_mbuf **frames, uint16_t n,
			      uint16_t max, void *ring)
{
	(void)port, (void)queue, (void)frames, (void)max;
	if (n > 0)
		TAKE_OVER(ring);
	return n;
}

static uint16_t before_transmit(uint16_t port, uint16_t queue, struct rte_mbuf **frames, uint16_t n,
				void *ring)
{
	(void)port, (void)queue, (void)frames;
	HAND_OVER(ring);
	return n;
}

static void check_frame(struct rig *r, struct stream *s, const struct rte_mbuf *frame)
{
	const uint8_t *p = rte_pktmbuf_mtod(frame, const uint8_t *);
	const uint32_t tag = (uint32_t)p[14] << 8 | p[15], dscp = p[19] >> 2;
	const uint32_t g = (tag & 0xfff) - 1;
	struct note note;
	uint32_t expected;

	memcpy(&note, p + NOTE_OFFSET + TAG_BYTES, sizeof(note));
	expected = g % DSCPS + (is_class_b(g, note.seq) ? CLASS_B_DSCP : 0);
	if (p[12] != 0x81 || p[13] != 0x00 || tag >> 13 != g % 8 || dscp != expected)
		fail_msg("frame %u is of no one generation: tag %02x%02x %04x, DSCP %u, by the VID "
			 "%u",
			 note.seq, p[12], p[13], tag, dscp, expected);
	if (g < note.acknowledged)
		fail_msg("frame %u was marked by generation %u after %u was acknowledged", note.seq,
			 g, note.acknowledged);
	assert_true(g <= __atomic_load_n(&r->requested, __ATOMIC_RELAXED));
	assert_true(note.seq < s->sent);
	s->generation_of[note.seq] = (uint16_t)g;
}

static void feed(struct rig *r, struct stream *s)
{
	struct rte_mbuf *frame;

	while (s->sent - s->received < IN_FLIGHT_MAX && s->sent < FRAMES_MAX) {
		frame = make_frame(s->sent, __atomic_load_n(&r->acknowledged, __ATOMIC_RELAXED));
		HAND_OVER(s->in);
		assert_int_equal(rte_ring_enqueue(s->in, frame), 0);
		s->sent++;
	}
}

static void collect(struct rig *r, struct stream *s)
{
	struct rte_mbuf *frame;

	while (rte_ring_dequeue(s->out, (void **)&frame) == 0) {
		TAKE_OVER(s->out);
		check_frame(r, s, frame);
		rte_pktmbuf_free(frame);
		s->received++;
	}
}

static void *run_io(void *rig)
{
	struct rig *r = rig;
	uint32_t tries = 0;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		for (int d = 0; d < DIRECTIONS; d++) {
			feed(r, &r->streams[d]);
			collect(r, &r->streams[d]);
		}
		sched_yield();
	}
	while ((r->streams[0].received < r->streams[0].sent ||
		r->streams[1].received < r->streams[1].sent) &&
	       tries++ < DRAIN_TRIES) {
		for (int d = 0; d < DIRECTIONS; d++)
			collect(r, &r->streams[d]);
		sched_yield();
	}
	return NULL;
}

/* --- the rig -----------------------------------------------------------------------------------
 */

static void open_side(struct rte_ring **in, struct rte_ring **out, const char *name, uint16_t *port)
{
	struct port_spec spec = {.mtu = MTU_DEFAULT,
				 .rx_queues = 1,
				 .tx_queues = 1,
				 .rx_descriptors = 512,
				 .tx_descriptors = 512,
				 .pool = test_pool()};
	char ring[32], device[48];

	snprintf(ring, sizeof(ring), "%s-in", name);
	*in = rte_ring_create(ring, RING_SIZE, SOCKET_ID_ANY, 0);
	snprintf(ring, sizeof(ring), "%s-out", name);
	*out = rte_ring_create(ring, RING_SIZE, SOCKET_ID_ANY, 0);
	snprintf(device, sizeof(device), "net_ring_%s", name);
	assert_true(rte_eth_from_rings(name, in, 1, out, 1, 0) >= 0);
	spec.device = device;
	assert_int_equal(port_open(&spec, port), 0);
	assert_int_equal(port_start(*port), 0);
	assert_non_null(rte_eth_add_rx_callback(*port, 0, after_receive, *in));
	assert_non_null(rte_eth_add_tx_callback(*port, 0, before_transmit, *out));
}

static void note_answer(void *rig, uint64_t requester, const struct reload_result *result)
{
	struct rig *r = rig;

	if (requester == REQUESTER_NONE)
		return;
	r->result = *result;
	r->answered = true;
}

static void create_workers(struct rig *r)
{
	struct forwarding *f = &r->forwarding;

	f->shared.current = &f->site->running->set;
	f->shared.qsbr =
		rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(WORKERS_MAX), RTE_CACHE_LINE_SIZE);
	assert_int_equal(rte_rcu_qsbr_init(f->shared.qsbr, WORKERS_MAX), 0);
	assert_int_equal(clock_calibrate(&f->shared.clock, 1), 0);
	for (unsigned d = 0; d < DIRECTIONS; d++) {
		const struct worker_lane at = {
			.index = lane_index(0, (enum direction)d),
			.lane = f->site->links[0].direction[d].lane,
			.rx_port = r->streams[d].rx_port,
			.tx_port = r->streams[d].tx_port,
		};

		f->workers[d] = (struct forwarding_worker){
			.worker = worker_create(&f->shared, d, &at, 1), .lane_count = 1};
		assert_non_null(f->workers[d].worker);
	}
	f->worker_count = DIRECTIONS;
}

static void *run_worker(void *worker)
{
	worker_main(worker);
	return NULL;
}

static void rig_start(struct rig *r)
{
	const struct site_options options = {.seed = 1};
	struct config_report report;
	struct config *c;
	const char *wanted = getenv("EDGEMARK_GENERATIONS");
	struct stream *up = &r->streams[UPSTREAM], *down = &r->streams[DOWNSTREAM];

	*r = (struct rig){.acknowledged = 1, .requested = 1};
	r->generations = wanted ? (uint32_t)atoi(wanted) : GENERATIONS_DEFAULT;
	assert_in_range(r->generations, 2, GENERATIONS_MAX);
	snprintf(r->file, sizeof(r->file), "/tmp/edgemark-order-%d.conf", (int)getpid());
	write_generation(r, 1);
	c = config_load(r->file, &report);
	config_report_print(&report, stderr);
	config_report_clear(&report);
	assert_non_null(c);
	assert_int_equal(site_create(c, &options, &r->forwarding.site), 0);
	open_side(&up->in, &down->out, "lan", &up->rx_port);
	open_side(&down->in, &up->out, "wan", &down->rx_port);
	up->tx_port = down->rx_port;
	down->tx_port = up->rx_port;
	create_workers(r);
	r->reload = reload_create(&r->forwarding, r->file, note_answer, r);
	assert_non_null(r->reload);
	for (int d = 0; d < DIRECTIONS; d++) {
		r->streams[d].generation_of = calloc(FRAMES_MAX, sizeof(uint16_t));
		assert_int_equal(pthread_create(&r->workers[d], NULL, run_worker,
						r->forwarding.workers[d].worker),
				 0);
	}
	/* As the daemon does: only then may the next generation be prepared. */
	while (forwarding_laggard(&r->forwarding, 1) >= 0)
		sched_yield();
	assert_int_equal(pthread_create(&r->io, NULL, run_io, r), 0);
}

static void rig_stop(struct rig *r)
{
	struct forwarding *f = &r->forwarding;

	__atomic_store_n(&r->stop, true, __ATOMIC_RELAXED);
	pthread_join(r->io, NULL);
	for (int d = 0; d < DIRECTIONS; d++)
		worker_stop(f->workers[d].worker, 0);
	for (int d = 0; d < DIRECTIONS; d++) {
		pthread_join(r->workers[d], NULL);
		worker_destroy(f->workers[d].worker);
	}
	reload_destroy(r->reload);
	site_destroy(f->site);
	rte_free(f->shared.qsbr);
	port_close(r->streams[UPSTREAM].rx_port);
	port_close(r->streams[DOWNSTREAM].rx_port);
	unlink(r->file);
	assert_int_equal(test_pool_in_use(), 0);
}

/* --- the test ----------------------------------------------------------------------------------
 */

/* As the daemon's loop does. */
static void await_answer(struct rig *r)
{
	struct pollfd fd = {.fd = reload_fd(r->reload), .events = POLLIN};

	while (!r->answered) {
		const int wait_ms = reload_poll(r->reload);

		if (!r->answered && poll(&fd, 1, wait_ms < 0 ? 1000 : wait_ms) > 0)
			reload_built(r->reload);
	}
}

static void reload_to(struct rig *r, uint32_t g)
{
	const struct reload_request request = {.requester = 1, .who = "the test"};

	write_generation(r, g);
	__atomic_store_n(&r->requested, g, __ATOMIC_RELAXED);
	r->answered = false;
	reload_request(r->reload, &request);
	await_answer(r);
	assert_int_equal(r->result.outcome, RELOAD_DONE);
	assert_int_equal(r->result.generation, g);
	__atomic_store_n(&r->acknowledged, g, __ATOMIC_RELAXED);
}

static void check_balance(struct rig *r)
{
	for (int d = 0; d < DIRECTIONS; d++) {
		struct lane_counters c;

		assert_int_equal(worker_snapshot(r->forwarding.workers[d].worker, 0, &c, 10000), 0);
		assert_int_equal(c.rx.packets, c.tx.packets + c.dropped.packets + c.queued.packets);
		assert_int_equal(c.dropped.packets, 0);
	}
}

/* None lost, and no worker ever went back. Returns how many generations marked a frame. */
static uint32_t check_stream(const struct stream *s, uint32_t generations)
{
	uint32_t seen = 0, last = 0;

	assert_int_equal(s->received, s->sent);
	for (uint32_t i = 0; i < s->sent; i++) {
		const uint32_t g = s->generation_of[i];

		if (g < last)
			fail_msg("frame %u: generation %u after %u", i, g, last);
		seen += g > last;
		last = g;
	}
	assert_true(last <= generations);
	return seen;
}

static void each_packet_is_of_one_generation_and_none_of_an_older_one(void **state)
{
	static struct rig r;
	uint32_t seen;

	(void)state;
	rig_start(&r);
	for (uint32_t g = 2; g <= r.generations; g++) {
		reload_to(&r, g);
		if (g % 16 == 0)
			check_balance(&r);
	}
	rig_stop(&r);
	for (int d = 0; d < DIRECTIONS; d++) {
		seen = check_stream(&r.streams[d], r.generations);
		print_message("direction %d: %u frames, %u of %u generations marked some\n", d,
			      r.streams[d].sent, seen, r.generations);
		assert_true(seen >= r.generations / 4);
		free(r.streams[d].generation_of);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packet_is_of_one_generation_and_none_of_an_older_one),
	};

	if (test_eal_start_with(256, NULL) != 0)
		return 1;
	return cmocka_run_group_tests_name("reload order", tests, NULL, NULL);
}
