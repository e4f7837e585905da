/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contracts that colour, against RFC 2697 and RFC 2698 in exact arithmetic, arrival by
 * arrival through the whole pipeline: each packet leaves with its colour's DSCP or is
 * dropped, and in the order of arrival, whatever its colour (RFC 2597 2). Both meters, blind
 * and aware; rates from 64 kbit/s to 10 Gbit/s, packets of 64 to 1,500 bytes; arrivals at
 * random, in heaps, and at the very nanosecond at which a bucket has enough and one before;
 * clocks that jump either way; reloads that change it all under way.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "oracle/amount.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/random.h"

enum {
	CONTRACTS = 1000, /* ten million arrivals take seconds */
	CONTRACTS_FULL = 5000,
	ARRIVALS = 10000, /* a contract */
	IP_MIN = 64,
	IP_MAX = 1500,
	HEADERS = 34,
	TOS = 15,
	POOL = 255,
	CLASS = 3,
	CONTRACT = 5,
	DROPPED = 0xff,
};

static const __int128 unit_per_byte = (__int128)8 * 1000000000;

/* Levels in bits x 10^9, so that a rate's units come in every nanosecond. */
struct oracle {
	bool two_rates, aware, drop_red, started;
	uint64_t cir_bps, pir_bps, seen_ns;
	__int128 committed, committed_full, excess, excess_full;
};

struct bench {
	struct random random;
	uint64_t seed, now_ns, arrivals, colours[COLOURS];
	struct policy_spec spec;
	struct class_spec class;
	struct contract_spec contract;
	struct policy *policy;
	struct lane *lane;
	struct oracle oracle;

	unsigned count;
	uint32_t bytes[BURST_MAX];
	uint8_t came[BURST_MAX], want[BURST_MAX]; /* DSCPs */
	struct rte_mbuf *mbuf[BURST_MAX];
};

static struct amount amount;
static struct rte_mempool *pool;
static uint8_t headers[HEADERS];

/* --- the oracle ----------------------------------------------------------------------- */

static __int128 least(__int128 a, __int128 b)
{
	return a < b ? a : b;
}

static void pass_time(struct oracle *o, uint64_t now_ns)
{
	if (now_ns > o->seen_ns) {
		uint64_t ns = now_ns - o->seen_ns;

		o->committed += (__int128)o->cir_bps * ns;
		if (o->two_rates) /* RFC 2698 3 */
			o->excess += (__int128)o->pir_bps * ns;
		else if (o->committed > o->committed_full) /* RFC 2697 3 */
			o->excess += o->committed - o->committed_full;
		o->committed = least(o->committed, o->committed_full);
		o->excess = least(o->excess, o->excess_full);
	}
	o->seen_ns = now_ns;
}

static enum colour srtcm(struct oracle *o, __int128 need, enum colour came)
{
	if (came == COLOUR_GREEN && o->committed >= need) {
		o->committed -= need;
		return COLOUR_GREEN;
	}
	if (came != COLOUR_RED && o->excess >= need) {
		o->excess -= need;
		return COLOUR_YELLOW;
	}
	return COLOUR_RED;
}

static enum colour trtcm(struct oracle *o, __int128 need, enum colour came)
{
	enum colour colour = COLOUR_RED;

	if (came != COLOUR_RED && o->excess >= need) {
		o->excess -= need;
		colour = COLOUR_YELLOW;
		if (came == COLOUR_GREEN && o->committed >= need) {
			o->committed -= need;
			colour = COLOUR_GREEN;
		}
	}
	return colour;
}

/* The DSCP that the packet leaves with, or DROPPED. */
static uint8_t judge(struct bench *b, uint64_t bytes, uint8_t dscp)
{
	static const uint8_t marks[COLOURS] = {DSCP_AF31, DSCP_AF32, DSCP_AF33};
	struct oracle *o = &b->oracle;
	enum colour colour = COLOUR_GREEN;

	if (o->aware && dscp == DSCP_AF32)
		colour = COLOUR_YELLOW;
	if (o->aware && dscp == DSCP_AF33)
		colour = COLOUR_RED;
	colour = o->two_rates ? trtcm(o, unit_per_byte * bytes, colour)
			      : srtcm(o, unit_per_byte * bytes, colour);
	b->colours[colour]++;
	return colour == COLOUR_RED && o->drop_red ? DROPPED : marks[colour];
}

/* Tokens are kept up to the new bursts; of another meter's second bucket, too. */
static void oracle_follow(struct oracle *o, const struct contract_spec *c, uint64_t now_ns)
{
	if (o->started)
		pass_time(o, now_ns);
	o->two_rates = c->meter == COLOUR_TRTCM;
	o->aware = c->colour_aware;
	o->drop_red = c->drop_red;
	o->cir_bps = c->cir_bps;
	o->pir_bps = c->pir_bps;
	o->committed_full = unit_per_byte * c->burst_bytes;
	o->excess_full = unit_per_byte * c->excess_burst_bytes;
	o->committed = o->started ? least(o->committed, o->committed_full) : o->committed_full;
	o->excess = o->started ? least(o->excess, o->excess_full) : o->excess_full;
	o->seen_ns = now_ns;
	o->started = true;
}

/* --- contracts ------------------------------------------------------------------------ */

static uint64_t random_rate(struct random *r)
{
	uint64_t magnitude = UINT64_C(64000) << random_below(r, 17);

	return magnitude + random_u64(r) % magnitude;
}

static uint64_t random_burst(struct random *r, uint64_t rate)
{
	switch (random_below(r, 3)) {
	case 0:
		return random_between(r, 1, 5000);
	case 1:
		return random_between(r, IP_MAX, 50000);
	default:
		return rate / 8 / 50 + 1; /* 20 ms */
	}
}

static void adopt(struct bench *b)
{
	struct contract_spec *c = &b->contract;
	struct random *r = &b->random;
	struct policy *built = NULL;

	c->meter = random_chance(r, 50) ? COLOUR_SRTCM : COLOUR_TRTCM;
	c->cir_bps = random_rate(r);
	c->burst_bytes = random_burst(r, c->cir_bps);
	c->pir_bps = c->cir_bps + random_u64(r) % (2 * c->cir_bps);
	c->excess_burst_bytes = random_chance(r, 10) ? 0 : random_burst(r, c->pir_bps);
	c->colour_aware = random_chance(r, 50);
	c->drop_red = random_chance(r, 50);
	assert_int_equal(policy_build(&b->spec, b->policy, &built), 0);
	assert_int_equal(lane_prepare(b->lane, built), 0);
	lane_adopt(b->lane, built, b->now_ns);
	oracle_follow(&b->oracle, c, b->now_ns);
	policy_free(b->policy);
	lane_reclaim(b->lane);
	b->policy = built;
}

static void begin(struct bench *b, uint64_t seed)
{
	const struct lane_config config = {.socket_id = SOCKET_ID_ANY};

	memset(b, 0, sizeof(*b));
	b->seed = seed;
	b->random = random_seeded(seed);
	b->now_ns = 1 + random_u64(&b->random) % 1000000000000;
	b->class = (struct class_spec){.slot = CLASS,
				       .epoch = 1,
				       .dscp = DSCP_AF31,
				       .weight = 1,
				       .queue_ns = 100000000,
				       .queue_packets = BURST_MAX};
	b->contract = (struct contract_spec){.slot = CONTRACT,
					     .epoch = 1,
					     .class_slots = 1u << CLASS,
					     .account = ACCOUNT_IP,
					     .exceed = EXCEED_COLOUR};
	b->spec =
		(struct policy_spec){.classes = &b->class,
				     .class_count = 1,
				     .default_slot = CLASS,
				     .contracts = &b->contract,
				     .contract_count = 1,
				     .allowed_dscp = ~UINT64_C(0),
				     .untagged = UNTAGGED_KEEP,
				     .egress = {.account = ACCOUNT_WIRE, .max_frame_bytes = 10000}};
	b->lane = lane_create(&config);
	assert_non_null(b->lane);
	adopt(b);
}

static void end(struct bench *b)
{
	static struct lane_counters c;
	const struct contract_counters *k = &c.contracts[CONTRACT];

	lane_snapshot(b->lane, &c);
	assert_true(c.rx.packets == b->arrivals && c.queued.packets == 0);
	assert_true(c.rx.packets == c.tx.packets + c.dropped.packets);
	assert_true(c.drops[DROP_CONTRACT] == c.dropped.packets);
	for (unsigned colour = 0; colour < COLOURS; colour++)
		assert_true(k->colours[colour].packets == b->colours[colour]);
	assert_true(k->admitted.packets == b->colours[COLOUR_GREEN]);
	assert_true(k->dropped.packets == c.dropped.packets);
	assert_true(k->admitted.packets + k->exceeded.packets == c.tx.packets);
	lane_destroy(b->lane);
	policy_free(b->policy);
}

/* --- arrivals ------------------------------------------------------------------------- */

static void arrive(struct bench *b, unsigned i)
{
	static const uint8_t marks[] = {0,	   DSCP_AF31, DSCP_AF31, DSCP_AF32,
					DSCP_AF33, DSCP_EF,   DSCP_AF43};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint32_t bytes = random_between(&b->random, IP_MIN, IP_MAX);
	uint8_t *at;

	assert_non_null(m);
	b->mbuf[i] = m;
	b->bytes[i] = bytes;
	b->came[i] = marks[random_below(&b->random, sizeof(marks))];
	at = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(bytes + 14));
	memcpy(at, headers, HEADERS);
	at[TOS] = (uint8_t)(b->came[i] << 2);
	at[16] = (uint8_t)(bytes >> 8);
	at[17] = (uint8_t)bytes;
}

/* The nanosecond at which one of the buckets has what a packet needs, or one beside it. */
static void wait_for_tokens(struct bench *b, uint32_t bytes)
{
	const struct oracle *o = &b->oracle;
	const bool second = random_chance(&b->random, 50);
	const uint64_t rate = second && o->two_rates ? o->pir_bps : o->cir_bps;
	__int128 missing = unit_per_byte * bytes - (second ? o->excess : o->committed);
	uint64_t ns = missing > 0 ? (uint64_t)((missing + rate - 1) / rate) : 0;

	ns += random_below(&b->random, 3);
	b->now_ns += ns > 0 ? ns - 1 : 0;
}

static void next_burst(struct bench *b)
{
	struct random *r = &b->random;
	uint32_t roll = random_below(r, 1000);
	uint64_t fair = UINT64_C(8000000000) * IP_MAX / b->contract.cir_bps;
	uint64_t far = random_u64(r) >> random_between(r, 6, 60);

	b->count = random_chance(r, 80) ? random_between(r, 1, 4) : random_between(r, 1, BURST_MAX);
	for (unsigned i = 0; i < b->count; i++)
		arrive(b, i);
	if (roll < 3 && b->now_ns < UINT64_C(1) << 62)
		b->now_ns += far;
	else if (roll < 6)
		b->now_ns -= far < b->now_ns ? far : b->now_ns;
	else if (roll < 500)
		wait_for_tokens(b, b->bytes[0]);
	else
		b->now_ns += random_u64(r) % ((random_chance(r, 5) ? 10 : 1) * b->count * fair);
}

static void wrong(const struct bench *b, unsigned i, unsigned left)
{
	fail_msg("seed %" PRIu64 ", arrival %" PRIu64 " at %" PRIu64 " ns, %" PRIu32
		 " bytes with DSCP %u: left with %u, expected %u (255: dropped)",
		 b->seed, b->arrivals + i, b->now_ns, b->bytes[i], b->came[i], left, b->want[i]);
}

/* What leaves, leaves in order: the next that was not to be dropped. */
static void run_burst(struct bench *b)
{
	struct burst burst = {.now_ns = b->now_ns, .count = b->count};
	struct rte_mbuf *out[BURST_MAX];
	unsigned next = 0;
	uint32_t n;

	memcpy(burst.frame, b->mbuf, sizeof(b->mbuf));
	memset(burst.colour, 0xff, sizeof(burst.colour)); /* as another burst may leave it */
	pass_time(&b->oracle, b->now_ns);
	for (unsigned i = 0; i < b->count; i++)
		b->want[i] = judge(b, b->bytes[i], b->came[i]);
	pipeline_run(b->lane, b->policy, &burst);
	n = schedule_dequeue(b->lane, b->now_ns, out, BURST_MAX);
	for (unsigned i = 0; i < b->count; i++) {
		uint8_t left = DROPPED;

		if (next < n && out[next] == b->mbuf[i]) {
			left = rte_pktmbuf_mtod(out[next], uint8_t *)[TOS] >> 2;
			next++;
		}
		if (left != b->want[i])
			wrong(b, i, left);
	}
	assert_int_equal(next, n);
	for (uint32_t k = 0; k < n; k++)
		rte_pktmbuf_free(out[k]);
	b->arrivals += b->count;
}

static void equals_exact_arithmetic(void **state)
{
	static struct bench b;
	uint32_t contracts = amount.full ? CONTRACTS_FULL : CONTRACTS;
	uint64_t arrivals = 0, colours[COLOURS] = {0};

	(void)state;
	for (uint64_t i = 0; i < contracts; i++) {
		begin(&b, amount.seed * 1000000 + i);
		while (b.arrivals < ARRIVALS) {
			next_burst(&b);
			run_burst(&b);
			if (random_chance(&b.random, 1))
				adopt(&b);
		}
		arrivals += b.arrivals;
		for (unsigned colour = 0; colour < COLOURS; colour++)
			colours[colour] += b.colours[colour];
		end(&b);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	printf("%" PRIu32 " contracts, %" PRIu64 " arrivals: %" PRIu64 " green, %" PRIu64
	       " yellow, %" PRIu64 " red\n",
	       contracts, arrivals, colours[0], colours[1], colours[2]);
	for (unsigned colour = 0; colour < COLOURS; colour++)
		assert_true(8 * colours[colour] > arrivals);
}

static int make_pool(void **state)
{
	struct frame_spec s = frame_udp4("10.0.0.1", 50000, "10.0.0.2", 3478);
	uint8_t frame[256];

	(void)state;
	pool = rte_pktmbuf_pool_create("frames", POOL, 0, 0, RTE_PKTMBUF_HEADROOM + 2048,
				       SOCKET_ID_ANY);
	if (!pool || frame_build(&s, frame, sizeof(frame)) < HEADERS)
		return -1;
	memcpy(headers, frame, HEADERS);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_exact_arithmetic),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, make_pool, NULL);
}
