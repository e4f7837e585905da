/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policer against a token bucket in exact arithmetic, arrival by arrival: rates from
 * 64 kbit/s to 10 Gbit/s, frames of 64 to 9,000 bytes, arrivals at random, in heaps, and
 * at the very nanosecond at which the bucket has enough and one before; clocks that jump
 * either way; reloads that change rate and burst under way.
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
#include "oracle/oracle.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/random.h"

enum {
	CONTRACTS = 1100, /* all 10 million arrivals take seconds: there is no smaller share */
	CONTRACTS_FULL = 5000,
	ARRIVALS = 10000, /* a contract */
	FRAME_MIN = 64,
	FRAME_MAX = 9000,
	HEADERS = 34,
	DATA_ROOM = RTE_PKTMBUF_HEADROOM + 9216,
	POOL = 255,
};

static const __int128 unit_per_byte = (__int128)8 * 1000000000;

struct bench {
	struct random random;
	uint64_t seed, now_ns, arrivals, dropped;
	struct policy_spec spec;
	struct class_spec class;
	struct contract_spec contract;
	struct policy *policy;
	struct lane *lane;
	struct oracle_bucket bucket;
	__int128 earned, admitted; /* since the last reload: the bound that none may pass */

	unsigned count;
	uint32_t bytes[BURST_MAX];
	struct rte_mbuf *mbuf[BURST_MAX];
	bool lost[BURST_MAX];
};

static struct amount amount;
static struct rte_mempool *pool;
static uint8_t headers[HEADERS];

static void on_drop(void *context, const struct rte_mbuf *m, enum drop_reason reason,
		    uint8_t class_slot, uint64_t now_ns)
{
	struct bench *b = context;

	(void)class_slot;
	(void)now_ns;
	for (unsigned i = 0; i < b->count; i++) {
		if (b->mbuf[i] == m)
			b->lost[i] = reason == DROP_CONTRACT;
	}
}

static struct rte_mbuf *frame_of(uint32_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *at;

	assert_non_null(m);
	at = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(at, headers, HEADERS);
	at[16] = (uint8_t)((bytes - 14) >> 8);
	at[17] = (uint8_t)(bytes - 14);
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
	return m;
}

/* --- contracts ------------------------------------------------------------------------ */

/* 64 kbit/s to 10 Gbit/s, every magnitude alike; round rates and odd ones. */
static uint64_t random_rate(struct random *r)
{
	static const uint64_t round_rates[] = {64000, 3953100, 100000000, 1000000000, 10000000000};
	uint64_t magnitude = UINT64_C(64000) << random_below(r, 17);
	uint64_t rate = magnitude + random_u64(r) % magnitude;

	if (random_chance(r, 30))
		return round_rates[random_below(r, 5)];
	return rate > 10000000000 ? 10000000000 : rate;
}

static uint64_t random_burst(struct random *r, uint64_t rate)
{
	uint64_t usual = rate / 8 / 50; /* 20 ms */

	switch (random_below(r, 4)) {
	case 0:
		return random_between(r, 1, 20000);
	case 1:
		return random_between(r, FRAME_MAX, 200000000);
	default:
		return usual < 3036 ? 3036 : usual;
	}
}

static void adopt(struct bench *b)
{
	struct policy *built = NULL;

	b->contract.cir_bps = random_rate(&b->random);
	b->contract.burst_bytes = random_burst(&b->random, b->contract.cir_bps);
	assert_int_equal(policy_build(&b->spec, b->policy, &built), 0);
	assert_int_equal(lane_prepare(b->lane, built), 0);
	lane_adopt(b->lane, built, b->now_ns);
	oracle_bucket_set(&b->bucket, b->contract.cir_bps, b->contract.burst_bytes, b->now_ns);
	policy_free(b->policy);
	lane_reclaim(b->lane);
	b->policy = built;
	b->earned = b->bucket.full;
	b->admitted = 0;
}

static void begin(struct bench *b, uint64_t seed)
{
	const struct lane_config config = {
		.socket_id = SOCKET_ID_ANY, .drop_tap = on_drop, .drop_context = b};

	memset(b, 0, sizeof(*b));
	b->seed = seed;
	b->random = random_seeded(seed);
	b->now_ns = 1 + random_u64(&b->random) % 1000000000000;
	b->class = (struct class_spec){.slot = 3,
				       .epoch = 1,
				       .dscp = DSCP_EF,
				       .weight = 1,
				       .queue_ns = 100000000,
				       .queue_packets = BURST_MAX};
	b->contract =
		(struct contract_spec){.slot = 5,
				       .epoch = 1,
				       .class_slots = 1u << 3,
				       .account = (enum account)random_below(&b->random, 3),
				       .overhead_bytes = (int32_t)random_below(&b->random, 41) - 20,
				       .exceed = EXCEED_POLICE};
	b->spec =
		(struct policy_spec){.classes = &b->class,
				     .class_count = 1,
				     .default_slot = 3,
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

	lane_snapshot(b->lane, &c);
	assert_true(c.rx.packets == b->arrivals);
	assert_true(c.rx.packets == c.tx.packets + c.dropped.packets + c.queued.packets);
	assert_true(c.drops[DROP_CONTRACT] == b->dropped);
	assert_true(c.contracts[5].dropped.packets == b->dropped);
	assert_true(c.contracts[5].admitted.packets == b->arrivals - b->dropped);
	lane_destroy(b->lane);
	policy_free(b->policy);
}

/* --- arrivals ------------------------------------------------------------------------- */

static uint64_t counted_bytes(const struct bench *b, uint32_t frame)
{
	int64_t bytes = (int64_t)frame - 14;

	if (b->contract.account == ACCOUNT_L2)
		bytes = frame;
	if (b->contract.account == ACCOUNT_WIRE)
		bytes = (int64_t)frame + 24; /* none is below 60 */
	bytes += b->contract.overhead_bytes;
	return bytes < 0 ? 0 : (uint64_t)bytes;
}

static void advance(struct bench *b, uint64_t ns)
{
	b->now_ns += ns;
	b->earned += (__int128)b->contract.cir_bps * ns;
}

/* The first nanosecond at which the bucket has what the frame needs, or the one before,
 * or the one after. */
static void wait_for_tokens(struct bench *b, uint32_t frame)
{
	__int128 missing = unit_per_byte * counted_bytes(b, frame) - b->bucket.level;
	uint64_t ns = 0;

	if (missing > 0)
		ns = (uint64_t)((missing + b->contract.cir_bps - 1) / b->contract.cir_bps);
	ns += random_below(&b->random, 3);
	advance(b, ns > 0 ? ns - 1 : 0);
}

/* A gap that offers between a tenth and ten times the rate. */
static void wait_at_random(struct bench *b, uint32_t frame)
{
	uint64_t fair = (uint64_t)frame * 8000000000 / b->contract.cir_bps;
	uint64_t most = random_chance(&b->random, 50) ? 2 * fair : fair / 5 + 1;

	if (random_chance(&b->random, 5))
		most = 20 * fair;
	advance(b, random_u64(&b->random) % (most + 1));
}

static void jump(struct bench *b)
{
	uint64_t far = random_u64(&b->random) >> random_between(&b->random, 6, 60);

	if (random_chance(&b->random, 50) && b->now_ns < UINT64_C(1) << 62)
		advance(b, far);
	else
		b->now_ns -= far < b->now_ns ? far : b->now_ns;
}

static void next_burst(struct bench *b)
{
	struct random *r = &b->random;
	uint32_t roll = random_below(r, 1000);
	uint32_t bytes = random_chance(r, 30) ? random_between(r, FRAME_MIN, 300)
					      : random_between(r, FRAME_MIN, FRAME_MAX);

	if (roll < 5)
		jump(b);
	else if (roll < 450)
		wait_for_tokens(b, bytes);
	else
		wait_at_random(b, bytes);
	b->count = random_chance(r, 80) ? random_between(r, 1, 4) : random_between(r, 1, BURST_MAX);
	for (unsigned i = 0; i < b->count; i++) {
		b->bytes[i] = i == 0 || random_chance(r, 50)
				      ? bytes
				      : random_between(r, FRAME_MIN, FRAME_MAX);
		b->mbuf[i] = frame_of(b->bytes[i]);
		b->lost[i] = false;
	}
}

static void check_verdicts(struct bench *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		uint64_t bytes = counted_bytes(b, b->bytes[i]);
		bool admitted = oracle_bucket_admit(&b->bucket, b->now_ns, bytes);

		if (admitted == b->lost[i])
			fail_msg("seed %" PRIu64 ", arrival %" PRIu64 " at %" PRIu64 " ns, %" PRIu64
				 " bytes on %" PRIu64 " bit/s, %" PRIu64 " bytes burst: %s",
				 b->seed, b->arrivals + i, b->now_ns, bytes, b->contract.cir_bps,
				 b->contract.burst_bytes, admitted ? "lost" : "passed");
		b->dropped += !admitted;
		b->admitted += admitted ? unit_per_byte * bytes : 0;
	}
	b->arrivals += b->count;
	assert_true(b->admitted <= b->earned);
}

static void run_burst(struct bench *b)
{
	struct burst burst = {.now_ns = b->now_ns, .count = b->count};
	struct rte_mbuf *out[BURST_MAX];
	uint32_t n;

	memcpy(burst.frame, b->mbuf, sizeof(b->mbuf));
	pipeline_run(b->lane, b->policy, &burst);
	while ((n = schedule_dequeue(b->lane, b->now_ns, out, BURST_MAX)) > 0) {
		for (uint32_t k = 0; k < n; k++)
			rte_pktmbuf_free(out[k]);
	}
	check_verdicts(b);
}

static void equals_exact_arithmetic(void **state)
{
	static struct bench b;
	uint32_t contracts = amount.full ? CONTRACTS_FULL : CONTRACTS;
	uint64_t arrivals = 0, dropped = 0;

	(void)state;
	for (uint64_t i = 0; i < contracts; i++) {
		begin(&b, amount.seed * 1000000 + i);
		while (b.arrivals < ARRIVALS) {
			next_burst(&b);
			run_burst(&b);
			if (random_chance(&b.random, 1) && random_chance(&b.random, 30))
				adopt(&b);
		}
		arrivals += b.arrivals;
		dropped += b.dropped;
		end(&b);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	printf("%" PRIu32 " contracts, %" PRIu64 " arrivals, %" PRIu64 " of them lost\n", contracts,
	       arrivals, dropped);
	assert_true(5 * dropped > arrivals && 5 * dropped < 4 * arrivals);
}

static int make_pool(void **state)
{
	struct frame_spec s = frame_udp4("10.0.0.1", 50000, "10.0.0.2", 3478);
	uint8_t frame[256];

	(void)state;
	pool = rte_pktmbuf_pool_create("frames", POOL, 0, 0, DATA_ROOM, SOCKET_ID_ANY);
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
