/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's worker on ring ports and replay treat the same million frames identically:
 * the same bytes leave, in the same order, at the same nanosecond, and the counters agree.
 *
 *	arrivals ──┬── replay_frame() ──────────────────────────────► digest per direction
 *	           └── ring ─► worker_turn(now) ─► pipeline ─► ring ─► digest per direction
 *
 * The link is too slow for what comes, so that contracts drop, queues fill and RED works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "control/replay.h"
#include "control/site.h"
#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"
#include "support/random.h"
#include "unit/site_config.h"

#include "frame_pool.h"

enum {
	FRAMES = 1000000,
	BURST = 32,
	RING_SIZE = 1024,
	LAN = 0,
	WAN = 1,
	SIDES,
};

static const char site_text[] =
	"version = 1;"
	"links = ( { name = \"l\"; lan = { device = \"net_null0\"; };"
	"            wan = { device = \"net_null1\"; rate-kbps = 40000; };"
	"            upstream = \"up\"; downstream = \"down\"; } );"
	"classes = ( { name = \"voice\"; dscp = \"EF\"; pcp = 5; },"
	"            { name = \"video\"; dscp = \"AF41\"; pcp = 4; },"
	"            { name = \"sharing\"; dscp = \"AF21\"; pcp = 2; },"
	"            { name = \"default\"; dscp = \"CS0\"; pcp = 0; } );"
	"acls = ( { name = \"media\"; rules = ("
	"  { seq = 10; protocol = \"udp\"; source-port = \"50000-50019\"; class = \"voice\"; },"
	"  { seq = 20; protocol = \"udp\"; source-port = \"50020-50039\"; class = \"video\"; },"
	"  { seq = 30; source = \"10.9.0.0/24\"; class = \"sharing\"; },"
	"  { seq = 40; protocol = \"tcp\"; destination-port = \"445\"; action = \"drop\"; } ); } );"
	"policies = ( { name = \"up\"; acl = \"media\"; vlan = { untagged = 110; };"
	"    allowed-dscp = [ \"EF\", \"AF41\", \"CS0\" ];"
	"    contracts = ( { class = \"voice\"; cir-kbps = 6400; },"
	"                  { class = \"video\"; cir-kbps = 8000; exceed = \"shape\";"
	"                    max-delay-ms = 10; account = \"wire\"; } );"
	"    schedule = ( { class = \"sharing\"; rate-kbps = 5000; red = true;"
	"                   queue-packets = 200; },"
	"                 { class = \"video\"; queue-packets = 200; },"
	"                 { class = \"default\"; weight = 20; queue-packets = 300; } ); },"
	"  { name = \"down\"; acl = \"media\"; trust = \"dscp\"; vlan = { strip = true; };"
	"    contracts = ( { class = \"voice\"; cir-kbps = 5000; exceed = \"police\"; } ); } );";

struct digest {
	uint64_t hash, frames;
};

/* FNV-1a over the time, the length and the bytes. */
static void digest_bytes(struct digest *d, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		d->hash = (d->hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void digest_frame(struct digest *d, uint64_t now_ns, const struct rte_mbuf *frame)
{
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length = mbuf_bytes(frame, bytes, sizeof(bytes));

	digest_bytes(d, &now_ns, sizeof(now_ns));
	digest_bytes(d, &length, sizeof(length));
	digest_bytes(d, bytes, length);
	d->frames++;
}

/* --- what arrives -------------------------------------------------------------------- */

struct arrivals {
	struct random random;
	uint64_t ns;
	enum direction direction;
	uint32_t left_at_this_time;
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length;
};

static void vary(struct frame_spec *s, struct random *r)
{
	s->tos = (uint8_t)random_below(r, 256);
	s->payload_bytes = random_chance(r, 70) ? 172 : random_below(r, 1400);
	if (random_chance(r, 30)) {
		s->tag_count = (uint8_t)random_between(r, 1, 2);
		s->tags[0] = (struct frame_tag){TPID_VLAN, (uint16_t)random_below(r, 65536)};
		s->tags[1] = s->tags[0];
	}
	if (s->family == 4 && random_chance(r, 5)) {
		s->fragment_id = random_below(r, 8);
		s->more_fragments = random_chance(r, 50);
		s->fragment_offset = (uint16_t)random_below(r, 2);
	}
	s->wrong_checksum = random_chance(r, 2);
}

static struct frame_spec any_frame(struct random *r)
{
	uint16_t port = (uint16_t)random_between(r, 49995, 50045);
	uint32_t kind = random_below(r, 100);
	char source[16];

	snprintf(source, sizeof(source), "10.9.%u.%u", random_below(r, 2), random_below(r, 250));
	if (kind < 70)
		return frame_udp4(source, port, "10.8.0.1", 3478);
	if (kind < 80)
		return frame_udp6("2001:db8::1", port, "2001:db8::2", 3478);
	if (kind < 95)
		return frame_tcp4(source, port, "10.8.0.1", random_chance(r, 20) ? 445 : 443);
	return kind < 98 ? frame_arp() : frame_lldp();
}

/* Some 50 Mbit/s upstream and as much downstream, in clumps of up to a burst. */
static void next_arrival(struct arrivals *a)
{
	struct frame_spec s = any_frame(&a->random);

	if (a->left_at_this_time == 0) {
		a->ns += random_between(&a->random, 1, 80000);
		a->direction = random_chance(&a->random, 50) ? UPSTREAM : DOWNSTREAM;
		a->left_at_this_time =
			random_chance(&a->random, 90) ? 1 : random_between(&a->random, 2, BURST);
	}
	a->left_at_this_time--;
	if (s.family != 0)
		vary(&s, &a->random);
	a->length = frame_build(&s, a->bytes, sizeof(a->bytes));
	if (random_chance(&a->random, 1) && a->length > 20) /* cut short */
		a->length = random_between(&a->random, 14, a->length - 1);
}

static struct arrivals arrivals_start(void)
{
	return (struct arrivals){.random = random_seeded(7), .ns = 1000};
}

/* --- by replay ----------------------------------------------------------------------- */

struct outcome {
	struct digest digests[DIRECTIONS];
	struct lane_counters counters[DIRECTIONS];
};

static struct site *make_site(void)
{
	const struct site_options options = {.seed = 42};
	struct config *c = site_config(site_text);
	struct site *site = NULL;

	assert_non_null(c);
	assert_int_equal(site_create(c, &options, &site), 0);
	return site;
}

static void snapshot(const struct site *site, struct outcome *o)
{
	for (int d = 0; d < DIRECTIONS; d++)
		lane_snapshot(site->links[0].direction[d].lane, &o->counters[d]);
}

static void digest_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	struct outcome *o = context;

	digest_frame(&o->digests[d], ns, frame);
}

static void run_replay(struct outcome *o)
{
	struct site *site = make_site();
	struct arrivals a = arrivals_start();
	struct frame_pool pool;
	struct replay r;

	assert_int_equal(frame_pool_create(&pool, 8191), 0);
	replay_start(&r, site, 0, &pool, digest_sent, o);
	for (uint32_t i = 0; i < FRAMES; i++) {
		next_arrival(&a);
		assert_int_equal(replay_frame(&r, a.direction, a.ns, a.bytes, a.length), 0);
	}
	assert_int_equal(replay_finish(&r), 0);
	snapshot(site, o);
	site_destroy(site);
	assert_int_equal(frame_pool_missing(&pool), 0);
	frame_pool_destroy(&pool);
}

/* --- by the daemon's worker ---------------------------------------------------------- */

struct rig {
	struct site *site;
	struct worker_shared shared;
	struct worker *worker;
	uint16_t ports[SIDES];
	struct rte_ring *in[SIDES], *out[SIDES];
	uint64_t origin_ns; /* replay's first arrival is at its lanes' 1 ns; so is the worker's */
	struct outcome *outcome;
};

static void open_side(struct rig *r, unsigned side, const char *name)
{
	struct port_spec spec = {.mtu = MTU_DEFAULT,
				 .rx_queues = 1,
				 .tx_queues = 1,
				 .rx_descriptors = 512,
				 .tx_descriptors = 512,
				 .pool = test_pool()};
	char in[32], out[32], device[48];

	snprintf(in, sizeof(in), "%s-in", name);
	snprintf(out, sizeof(out), "%s-out", name);
	snprintf(device, sizeof(device), "net_ring_%s", name);
	r->in[side] = rte_ring_create(in, RING_SIZE, 0, 0);
	r->out[side] = rte_ring_create(out, RING_SIZE, 0, 0);
	assert_true(rte_eth_from_rings(name, &r->in[side], 1, &r->out[side], 1, 0) >= 0);
	spec.device = device;
	assert_int_equal(port_open(&spec, &r->ports[side]), 0);
	assert_int_equal(port_start(r->ports[side]), 0);
}

static void rig_start(struct rig *r, struct outcome *o)
{
	struct worker_lane lanes[DIRECTIONS];

	memset(r, 0, sizeof(*r));
	r->outcome = o;
	r->site = make_site();
	open_side(r, LAN, "lan");
	open_side(r, WAN, "wan");
	for (uint32_t d = 0; d < DIRECTIONS; d++)
		lanes[d] = (struct worker_lane){
			.index = lane_index(0, (enum direction)d),
			.lane = r->site->links[0].direction[d].lane,
			.rx_port = r->ports[d == UPSTREAM ? LAN : WAN],
			.tx_port = r->ports[d == UPSTREAM ? WAN : LAN],
		};
	r->shared.current = &r->site->running->set;
	r->shared.qsbr =
		rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(WORKERS_MAX), RTE_CACHE_LINE_SIZE);
	assert_int_equal(rte_rcu_qsbr_init(r->shared.qsbr, WORKERS_MAX), 0);
	r->worker = worker_create(&r->shared, 0, lanes, DIRECTIONS);
	assert_non_null(r->worker);
	worker_turn(r->worker, 1); /* adopts the policy, as replay does at its start */
}

static void collect(struct rig *r, enum direction d, uint64_t now_ns)
{
	struct rte_mbuf *frame;

	while (rte_ring_dequeue(r->out[d == UPSTREAM ? WAN : LAN], (void **)&frame) == 0) {
		digest_frame(&r->outcome->digests[d], now_ns + r->origin_ns, frame);
		rte_pktmbuf_free(frame);
	}
}

static uint64_t next_departure(const struct rig *r, uint64_t now_ns)
{
	uint64_t up = schedule_next(r->site->links[0].direction[UPSTREAM].lane, now_ns);
	uint64_t down = schedule_next(r->site->links[0].direction[DOWNSTREAM].lane, now_ns);

	return up < down ? up : down;
}

static void turn(struct rig *r, uint64_t now_ns)
{
	worker_turn(r->worker, now_ns);
	collect(r, UPSTREAM, now_ns);
	collect(r, DOWNSTREAM, now_ns);
}

/* Turns at every departure up to and at until_ns; a poll-mode worker turns all the time,
 * and at the others nothing happens. */
static void turn_until(struct rig *r, uint64_t from_ns, uint64_t until_ns)
{
	uint64_t at_ns;

	while ((at_ns = next_departure(r, from_ns)) <= until_ns && at_ns != SCHEDULE_IDLE) {
		turn(r, at_ns);
		from_ns = at_ns;
	}
}

static void run_worker(struct rig *r)
{
	struct arrivals a = arrivals_start();
	uint64_t last_ns = 1;

	for (uint32_t i = 0; i < FRAMES;) {
		uint64_t now_ns;
		uint32_t n = 0;

		do { /* all that arrives at one time */
			next_arrival(&a);
			if (i == 0)
				r->origin_ns = a.ns - 1;
			now_ns = a.ns - r->origin_ns;
			if (n++ == 0)
				turn_until(r, last_ns, now_ns);
			assert_int_equal(
				rte_ring_enqueue(r->in[a.direction == UPSTREAM ? LAN : WAN],
						 mbuf_from(a.bytes, a.length)),
				0);
			i++;
		} while (a.left_at_this_time > 0 && i < FRAMES);
		turn(r, now_ns);
		last_ns = now_ns;
	}
	turn_until(r, last_ns, SCHEDULE_IDLE - 1);
	snapshot(r->site, r->outcome);
}

static void rig_stop(struct rig *r)
{
	worker_destroy(r->worker);
	site_destroy(r->site);
	rte_free(r->shared.qsbr);
	port_close(r->ports[LAN]);
	port_close(r->ports[WAN]);
	assert_int_equal(test_pool_in_use(), 0);
}

/* --- side by side -------------------------------------------------------------------- */

static void assert_same_direction(const struct outcome *a, const struct outcome *b, int d)
{
	const struct lane_counters *c = &a->counters[d];

	print_message("direction %d: %lu received, %lu sent, %lu dropped (acl %lu, contract %lu, "
		      "random %lu, shape %lu, full %lu, red %lu)\n",
		      d, c->rx.packets, c->tx.packets, c->dropped.packets, c->drops[DROP_ACL],
		      c->drops[DROP_CONTRACT], c->drops[DROP_THINNED], c->drops[DROP_SHAPE_DELAY],
		      c->drops[DROP_QUEUE_FULL], c->drops[DROP_RED]);
	assert_int_equal(c->rx.packets, c->tx.packets + c->dropped.packets);
	assert_int_equal(a->digests[d].frames, c->tx.packets);
	assert_int_equal(a->digests[d].frames, b->digests[d].frames);
	assert_true(a->digests[d].hash == b->digests[d].hash);
	assert_memory_equal(c, &b->counters[d], sizeof(*c));
}

static void test_worker_and_replay_treat_the_same_frames_identically(void **state)
{
	static struct outcome by_replay, by_worker;
	struct rig r;

	(void)state;
	run_replay(&by_replay);
	rig_start(&r, &by_worker);
	run_worker(&r);
	rig_stop(&r);

	assert_same_direction(&by_replay, &by_worker, UPSTREAM);
	assert_same_direction(&by_replay, &by_worker, DOWNSTREAM);
	assert_int_equal(by_replay.counters[UPSTREAM].rx.packets +
				 by_replay.counters[DOWNSTREAM].rx.packets,
			 FRAMES);
	/* The scenario exercises what it says. */
	assert_true(by_replay.counters[UPSTREAM].drops[DROP_THINNED] > 1000);
	assert_true(by_replay.counters[UPSTREAM].drops[DROP_SHAPE_DELAY] > 1000);
	assert_true(by_replay.counters[UPSTREAM].drops[DROP_QUEUE_FULL] > 1000);
	assert_true(by_replay.counters[UPSTREAM].drops[DROP_RED] > 100);
	assert_true(by_replay.counters[DOWNSTREAM].drops[DROP_CONTRACT] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker_and_replay_treat_the_same_frames_identically),
	};

	if (test_eal_start_with(256, NULL) != 0)
		return 1;
	return cmocka_run_group_tests_name("same frames", tests, NULL, NULL);
}
