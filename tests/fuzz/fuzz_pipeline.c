/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole lane on any sequence of frames, bursts, waits and reloads: nothing crashes,
 * nothing is read beyond a frame (each segment is a heap buffer of its own that ends with
 * it), received = sent + dropped + queued after every burst, and every mbuf comes back.
 *
 *	fuzz_pipeline FOUND tests/fuzz/seeds/pipeline     (for as long as you like)
 *
 * Input: a byte for the policy to start with, then records. Type 0-2: a frame (length in
 * two bytes, how it is cut, its headroom, its bytes). 3: the burst is run, time passes
 * (two bytes), some leave, and maybe another policy comes in force (one byte).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/burst.h"
#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "oracle/random_policy.h"
#include "support/eal.h"
#include "support/mbufs.h"

enum { POLICIES = 16, FRAME_MAX = 2048, CUTS_MAX = 4 };

struct input {
	const uint8_t *at;
	size_t left;
};

struct machine {
	struct lane *lane;
	const struct policy *policy;
	struct burst burst;
	uint64_t now_ns, tapped;
};

static struct policy *policies[POLICIES];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- policies ------------------------------------------------------------------------- */

/* Of the classes whose contract colours: an AF class's. */
static void give_colours(struct random_policy *p)
{
	static const uint8_t af1[] = {DSCP_AF11, DSCP_AF21, DSCP_AF31, DSCP_AF41};

	for (size_t i = 0; i < p->spec.contract_count; i++)
		for (size_t k = 0; k < p->spec.class_count; k++)
			if (p->contracts[i].exceed == EXCEED_COLOUR &&
			    p->contracts[i].class_slots >> p->classes[k].slot & 1)
				p->classes[k].dscp = af1[k % 4];
}

/* What the oracle can't foresee belongs here: thinning, shaping, re-marking, RED, rates. */
static void make_lively(struct random_policy *p, struct random *r)
{
	static const enum exceed exceeds[] = {EXCEED_POLICE, EXCEED_RANDOM, EXCEED_SHAPE,
					      EXCEED_COUNT, EXCEED_COLOUR};

	for (size_t i = 0; i < p->spec.contract_count; i++) {
		struct contract_spec *c = &p->contracts[i];

		c->exceed = exceeds[random_below(r, 5)];
		c->max_delay_ns = random_below(r, 100000000);
		c->meter = (enum colour_meter)random_below(r, 2);
		c->pir_bps = c->cir_bps;
		c->excess_burst_bytes = random_below(r, 5000);
		c->colour_aware = random_chance(r, 50);
		c->drop_red = random_chance(r, 50);
	}
	give_colours(p);
	for (size_t i = 0; i < p->spec.class_count; i++) {
		struct class_spec *c = &p->classes[i];

		c->weight = random_between(r, 1, 20);
		c->calls = random_chance(r, 50);
		c->queue_packets = random_between(r, 1, 64);
		c->rate_bps = random_chance(r, 30) ? random_between(r, 1000, 1000000) : 0;
		c->ceil_bps = random_chance(r, 30) ? random_between(r, 100000, 1000000) : 0;
		c->strict = c->ceil_bps && random_chance(r, 30);
		c->red = (struct red_spec){.enabled = random_chance(r, 20) && c->queue_packets > 8,
					   .max_probability_inverse = 10,
					   .weight_log2 = 2};
	}
	p->spec.egress.rate_bps = random_chance(r, 70) ? random_between(r, 100000, 10000000) : 0;
	p->spec.egress.account = (enum account)random_below(r, 3);
	p->spec.egress.max_frame_bytes = 1518;
}

static struct policy *make_policy(uint64_t seed)
{
	static struct random_policy p;
	struct random r = random_seeded(seed);
	struct random_policy_options options = {.rules = (enum random_rules)(seed % RANDOM_RULES),
						.rule_count = random_below(&r, 30),
						.marks = true,
						.contracts = true};
	struct policy *built = NULL;
	int error;

	random_policy_make(&p, &r, &options);
	make_lively(&p, &r);
	error = policy_build(&p.spec, NULL, &built);
	if (error != 0) {
		fprintf(stderr, "fuzz_pipeline: policy %u: error %d\n", (unsigned)seed, error);
		exit(1);
	}
	return built;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (test_eal_start_with(256, NULL) != 0)
		exit(1);
	for (unsigned i = 0; i < POLICIES; i++)
		policies[i] = make_policy(i);
	return 0;
}

/* --- input ---------------------------------------------------------------------------- */

static uint32_t take(struct input *in, unsigned bytes)
{
	uint32_t value = 0;

	for (; bytes > 0 && in->left > 0; bytes--, in->left--)
		value = value << 8 | *in->at++;
	return value;
}

static struct rte_mbuf *take_frame(struct input *in)
{
	uint32_t length = take(in, 2), how = take(in, 1), headroom = take(in, 1);
	uint32_t cuts[CUTS_MAX];
	unsigned count = how % (CUTS_MAX + 1);
	struct rte_mbuf *m;

	if (length > FRAME_MAX)
		length %= FRAME_MAX;
	if (length > in->left)
		length = (uint32_t)in->left;
	for (unsigned i = 0; i < count; i++) {
		uint32_t at = (i ? cuts[i - 1] : 0) + (how * (i + 7) >> 2) % 40;

		cuts[i] = at < length ? at : length;
	}
	m = mbuf_exact(in->at, length, cuts, count, headroom);
	in->at += length;
	in->left -= length;
	return m;
}

/* --- running -------------------------------------------------------------------------- */

static void count_drop(void *context, const struct rte_mbuf *m, enum drop_reason reason,
		       uint8_t class_slot, uint64_t now_ns)
{
	struct machine *x = context;

	(void)m;
	(void)class_slot;
	(void)now_ns;
	x->tapped++;
	if (reason == DROP_NONE || reason >= DROP_REASONS)
		abort();
}

static void check_balance(const struct machine *x)
{
	static struct lane_counters c;
	uint64_t by_reason = 0;

	lane_snapshot(x->lane, &c);
	for (unsigned i = 0; i < DROP_REASONS; i++)
		by_reason += c.drops[i];
	if (c.rx.packets != c.tx.packets + c.dropped.packets + c.queued.packets ||
	    c.dropped.packets != by_reason || c.dropped.packets != x->tapped) {
		fprintf(stderr, "the lane does not balance\n");
		abort();
	}
}

static void adopt(struct machine *x, const struct policy *p)
{
	if (lane_prepare(x->lane, p) != 0)
		exit(1);
	lane_adopt(x->lane, p, x->now_ns);
	lane_reclaim(x->lane);
	x->policy = p;
}

static void run_burst(struct machine *x)
{
	x->burst.now_ns = x->now_ns;
	if (x->burst.count > 0)
		pipeline_run(x->lane, x->policy, &x->burst);
	x->burst.count = 0;
	check_balance(x);
}

static void leave(struct machine *x, uint32_t most)
{
	static uint8_t bytes[FRAME_MAX + 16];
	struct rte_mbuf *out[BURST_MAX];
	uint64_t next_ns = schedule_next(x->lane, x->now_ns);
	uint32_t n = schedule_dequeue(x->lane, x->now_ns, out, most % BURST_MAX + 1);

	if (n > 0 && next_ns > x->now_ns)
		abort(); /* left before its time */
	for (uint32_t i = 0; i < n; i++) {
		if (mbuf_bytes(out[i], bytes, sizeof(bytes)) != out[i]->pkt_len)
			abort();
	}
	if (n > 1 && most & 0x80) { /* the port took all but the last */
		n--;
		lane_refuse(x->lane, &out[n], 1, DROP_TX, x->now_ns);
	}
	rte_pktmbuf_free_bulk(out, n);
	check_balance(x);
}

static void take_turn(struct machine *x, struct input *in)
{
	uint32_t wait, most, next;

	run_burst(x);
	wait = take(in, 2);
	x->now_ns += wait & 0x8000 ? (uint64_t)(wait & 0x7fff) << 20 : wait;
	if (wait == 0x7fff)
		x->now_ns -= 1000000;
	most = take(in, 1);
	leave(x, most);
	next = take(in, 1);
	if (next & 0x80)
		adopt(x, policies[next % POLICIES]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine x;
	struct input in = {data, size};
	const struct lane_config config = {
		.socket_id = SOCKET_ID_ANY, .seed = 1, .drop_tap = count_drop, .drop_context = &x};

	memset(&x, 0, sizeof(x));
	x.now_ns = 1000000000;
	x.lane = lane_create(&config);
	if (!x.lane)
		exit(1);
	adopt(&x, policies[take(&in, 1) % POLICIES]);
	while (in.left > 0) {
		if (take(&in, 1) % 4 == 3)
			take_turn(&x, &in);
		else
			x.burst.frame[x.burst.count++] = take_frame(&in);
		if (x.burst.count == BURST_MAX)
			run_burst(&x);
	}
	run_burst(&x);
	leave(&x, 63);
	lane_flush(x.lane, x.now_ns);
	check_balance(&x);
	lane_destroy(x.lane);
	if (test_pool_in_use() != 0)
		abort();
	return 0;
}
