/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a contract promises, whatever its exceed says, held against exact arithmetic on
 * random and adversarial arrivals:
 *   (a) over any interval t it admits at most CIR*t + burst,
 *   (b) a trace that conforms to (CIR, burst) from a full bucket loses nothing, and calls
 *       that hold a place lose nothing while they keep to their own rate and burst,
 *   (c) under lasting overload it loses as much as a plain bucket,
 *   (d) packets of a flow leave a queue in the order in which they came.
 * (a) is tested as what it is equal to: a bucket of (CIR, burst) that starts full and pays
 * for all that was admitted is never in debt.
 */
#include <inttypes.h>

#include "dataplane/pipeline.h"
#include "oracle/amount.h"
#include "oracle/oracle.h"
#include "protect.h"
#include "support/random.h"
#include "unit/stage_rig.h"

enum {
	ROUNDS = 1500,
	ROUNDS_FULL = 10000,
	ARRIVALS = 4000, /* a round */
	FLOWS = 64,
	HOLDERS = 24,
};

#define SECOND UINT64_C(1000000000)

static struct amount amount;

/* --- a contract, its arrivals, and its judge ------------------------------------------- */

struct trial {
	struct random random;
	uint64_t seed;
	struct rig rig;
	struct oracle_bucket bound;	 /* pays for what was admitted */
	struct oracle_bucket conforming; /* what a conforming source may still send */
	uint64_t offered, lost;		 /* bytes */
};

static uint64_t random_rate(struct random *r)
{
	uint64_t magnitude = UINT64_C(64000) << random_below(r, 17);

	return magnitude + random_u64(r) % magnitude;
}

static void begin(struct trial *t, uint64_t seed, enum exceed exceed, uint64_t cir_bps,
		  uint64_t burst_bytes)
{
	*t = (struct trial){.random = random_seeded(seed), .seed = seed};
	rig_init(&t->rig);
	t->rig.lane_config.seed = seed;
	rig_contract(&t->rig, VOICE, exceed, cir_bps, burst_bytes)->remark_slot = BULK;
	rig_start(&t->rig);
	oracle_bucket_set(&t->bound, cir_bps, burst_bytes, t->rig.now_ns);
	oracle_bucket_set(&t->conforming, cir_bps, burst_bytes, t->rig.now_ns);
}

static void count_call(struct rig *r, uint16_t index)
{
	struct call *c = &r->lane->calls->entries[index];

	if (c->packets++ == 0) {
		c->first_ns = r->now_ns;
		c->tag = 1u + index;
	}
	c->last_ns = r->now_ns;
	c->rtp.max_seq++;
	c->rtp.rtp_packets++;
}

/* One packet. True: it is of the class still. The bound is checked. */
static bool offer(struct trial *t, uint16_t call, uint32_t bytes)
{
	static struct rte_mbuf frame = {.pkt_len = 1500};
	static struct burst b;
	bool passes;

	b.now_ns = t->rig.now_ns;
	b.count = 1;
	b.frame[0] = &frame;
	b.kind[0] = FRAME_IPV4;
	b.ip_bytes[0] = bytes;
	b.class_slot[0] = VOICE;
	b.drop[0] = DROP_NONE;
	b.call[0] = call;
	if (call != CALL_NONE)
		count_call(&t->rig, call);
	police_burst(&b, t->rig.policy, t->rig.lane);
	passes = b.drop[0] == DROP_NONE && b.class_slot[0] == VOICE;
	t->offered += bytes;
	t->lost += passes ? 0 : bytes;
	if (passes && !oracle_bucket_admit(&t->bound, t->rig.now_ns, bytes))
		fail_msg("seed %" PRIu64 ": more than CIR*t + burst was admitted", t->seed);
	return passes;
}

static uint64_t time_for(uint64_t rate_bps, uint64_t bytes)
{
	return bytes * 8 * SECOND / rate_bps + 1;
}

/* The next arrival: in heaps, at random about the rate, after a pause, or at the very
 * nanosecond at which a bucket has enough, or one before. */
static void let_time_pass(struct trial *t, uint64_t rate_bps, uint32_t bytes)
{
	const uint64_t step = time_for(rate_bps, bytes);
	__int128 missing;

	switch (random_below(&t->random, 16)) {
	case 0:
		t->rig.now_ns += random_u64(&t->random) % (20 * step);
		break;
	case 1:
	case 2:
	case 3:
		t->rig.now_ns += random_u64(&t->random) % (2 * step);
		break;
	case 4:
	case 5:
		oracle_bucket_pass(&t->bound, t->rig.now_ns);
		missing = (__int128)bytes * 8 * SECOND - t->bound.level;
		if (missing > 0)
			t->rig.now_ns += (uint64_t)((missing + rate_bps - 1) / rate_bps) -
					 random_below(&t->random, 2);
		break;
	case 6:
		t->rig.now_ns += random_u64(&t->random) % step;
		break;
	default:
		break;
	}
}

/* --- (a) and (b) ------------------------------------------------------------------------ */

static const enum exceed droppers[] = {EXCEED_POLICE, EXCEED_RANDOM, EXCEED_SPREAD, EXCEED_PROTECT,
				       EXCEED_REMARK};

static uint64_t random_burst(struct random *r, uint64_t rate)
{
	uint64_t usual = rate / 400;

	if (random_chance(r, 30))
		return random_between(r, 1, 20000);
	return usual < 3036 ? 3036 : usual;
}

static void no_interval_admits_more_than_rate_and_burst(void **state)
{
	uint32_t rounds = amount.full ? ROUNDS_FULL : ROUNDS;
	uint64_t offered = 0, lost = 0;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		struct random r = random_seeded(amount.seed + i);
		uint64_t rate = random_rate(&r), burst = random_burst(&r, rate);
		struct trial t;

		begin(&t, amount.seed + i, droppers[i % RTE_DIM(droppers)], rate, burst);
		for (unsigned k = 0; k < ARRIVALS; k++) {
			uint32_t bytes = random_between(&t.random, 20, 1500);
			uint16_t flow = (uint16_t)random_below(&t.random, FLOWS);

			if (random_chance(&t.random, 70))
				bytes = 60 + flow * 4u;
			let_time_pass(&t, rate, bytes);
			offer(&t, flow < 4 ? CALL_NONE : flow, bytes);
		}
		offered += t.offered;
		lost += t.lost;
		rig_stop(&t.rig);
	}
	printf("%" PRIu32 " contracts: %.1f %% of the bytes lost\n", rounds,
	       100.0 * (double)lost / (double)offered);
	assert_true(10 * lost > offered && 10 * lost < 9 * offered);
}

/* Whatever the exact bucket has room for is sent. Without places, protect is one, too. */
static void a_conforming_trace_loses_nothing(void **state)
{
	uint32_t rounds = amount.full ? ROUNDS_FULL : ROUNDS;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		enum exceed exceed = droppers[i % RTE_DIM(droppers)];
		struct random r = random_seeded(amount.seed + i);
		uint64_t rate = random_rate(&r), burst = random_burst(&r, rate), sent = 0;
		struct trial t;

		begin(&t, amount.seed + i, exceed, rate, burst);
		for (unsigned k = 0; k < ARRIVALS; k++) {
			uint32_t bytes = random_between(&t.random, 20, 1500);
			uint16_t flow = (uint16_t)random_below(&t.random, FLOWS);

			let_time_pass(&t, rate, bytes);
			if (!oracle_bucket_admit(&t.conforming, t.rig.now_ns, bytes))
				continue;
			sent++;
			if (!offer(&t, exceed == EXCEED_PROTECT ? CALL_NONE : flow, bytes))
				fail_msg("seed %" PRIu64 ", exceed %d: a conforming packet of %u "
					 "bytes is lost",
					 t.seed, exceed, bytes);
		}
		assert_true(sent > 0 || burst < 1500);
		rig_stop(&t.rig);
	}
}

/* --- (b) for calls that hold a place ------------------------------------------------------ */

struct holder {
	struct oracle_bucket bucket; /* of its reserved rate and its allowance */
	uint32_t largest;
	uint64_t next_ns; /* not to fall silent */
};

/* Each call begins on its own, so that all find room; then all is let fill up. */
static unsigned settle_holders(struct trial *t, struct holder *holders)
{
	struct protect_table *table = t->rig.lane->protect;
	unsigned held = 0;

	for (uint16_t i = 0; i < HOLDERS; i++) {
		holders[i].largest = random_between(&t->random, 60, 300);
		for (unsigned k = 0; k < 3; k++, t->rig.now_ns += 20000000)
			offer(t, i, holders[i].largest);
	}
	t->rig.now_ns += SECOND / 5;
	for (uint16_t i = 0; i < HOLDERS; i++) {
		const struct place *p = &table->places[i];

		if (p->state != PLACE_HELD)
			continue;
		assert_true(p->rate_bps == t->rig.lane->calls->entries[i].reserved_bps);
		oracle_bucket_set(&holders[i].bucket, p->rate_bps, p->allowance_bytes,
				  t->rig.now_ns);
		held++;
	}
	return held;
}

static void send_holder(struct trial *t, struct holder *h, uint16_t i, uint32_t bytes)
{
	if (!h->bucket.started || !oracle_bucket_admit(&h->bucket, t->rig.now_ns, bytes))
		return;
	h->next_ns = t->rig.now_ns + SECOND;
	if (!offer(t, i, bytes))
		fail_msg("seed %" PRIu64 ": holder %u lost a packet of %u bytes within its rate",
			 t->seed, i, bytes);
}

/* Whatever it does: floods of calls without a place, of new ones, of what is no call. */
static void attack(struct trial *t, struct holder *holders)
{
	unsigned n = random_below(&t->random, 40);
	uint16_t greedy = (uint16_t)random_below(&t->random, HOLDERS);

	for (unsigned k = 0; k < n; k++) {
		uint32_t bytes = random_between(&t->random, 40, 1500);

		switch (random_below(&t->random, 4)) {
		case 0:
			offer(t, CALL_NONE, bytes);
			break;
		case 1:
			offer(t, (uint16_t)random_between(&t->random, 1000, 16000), bytes);
			break;
		case 2: /* and a holder that does not keep to its own */
			if (random_chance(&t->random, 5))
				holders[greedy].bucket.started = false;
			if (!holders[greedy].bucket.started)
				offer(t, greedy, bytes);
			break;
		default:
			offer(t, (uint16_t)random_between(&t->random, 100, 120), 200);
			break;
		}
	}
}

static void holders_send(struct trial *t, struct holder *holders)
{
	bool all = random_chance(&t->random, 20);

	for (uint16_t i = 0; i < HOLDERS; i++) {
		struct holder *h = &holders[i];
		bool due = t->rig.now_ns >= h->next_ns;

		while (due || all || random_chance(&t->random, 10)) {
			uint32_t bytes = random_chance(&t->random, 50)
						 ? h->largest
						 : random_between(&t->random, 40, h->largest);

			send_holder(t, h, i, bytes);
			due = false;
			if (all && !random_chance(&t->random, 60))
				break;
		}
	}
}

static void calls_with_a_place_lose_nothing_whatever_others_do(void **state)
{
	uint32_t rounds = amount.full ? ROUNDS_FULL / 10 : ROUNDS / 15;
	unsigned held = 0;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		struct holder holders[HOLDERS] = {0};
		struct random r = random_seeded(amount.seed + i);
		uint64_t rate = random_between(&r, 500000, 4000000);
		struct trial t;

		begin(&t, amount.seed + i, EXCEED_PROTECT, rate,
		      rate / 400 * random_between(&r, 1, 4) + random_below(&r, 2000));
		held += settle_holders(&t, holders);
		for (unsigned k = 0; k < ARRIVALS; k++) {
			t.rig.now_ns += random_u64(&t.random) % 8000000;
			if (random_chance(&t.random, 50))
				attack(&t, holders);
			holders_send(&t, holders);
		}
		rig_stop(&t.rig);
	}
	assert_true(held > 8 * rounds);
}

/* --- (c) ---------------------------------------------------------------------------------- */

struct source {
	uint64_t next_ns, period_ns;
	uint32_t bytes;
};

static uint64_t make_sources(struct trial *t, struct source *s, unsigned n)
{
	static const uint32_t periods_ms[] = {10, 20, 20, 20, 30, 60};
	uint64_t offered_bps = 0;

	for (unsigned i = 0; i < n; i++) {
		s[i].period_ns =
			periods_ms[random_below(&t->random, RTE_DIM(periods_ms))] * SECOND / 1000;
		s[i].next_ns = t->rig.now_ns + random_u64(&t->random) % s[i].period_ns;
		s[i].bytes = random_between(&t->random, 80, 300);
		offered_bps += s[i].bytes * 8 * SECOND / s[i].period_ns;
	}
	return offered_bps;
}

static void overload(struct trial *t, struct source *s, unsigned n, bool jitter)
{
	const uint64_t end_ns = t->rig.now_ns + 12 * SECOND;

	for (;;) {
		unsigned first = 0;

		for (unsigned i = 1; i < n; i++)
			first = s[i].next_ns < s[first].next_ns ? i : first;
		if (s[first].next_ns >= end_ns)
			return;
		t->rig.now_ns = s[first].next_ns;
		offer(t, (uint16_t)first, s[first].bytes);
		oracle_bucket_admit(&t->conforming, t->rig.now_ns, s[first].bytes);
		s[first].next_ns += s[first].period_ns;
		if (jitter)
			s[first].next_ns += random_below(&t->random, 2000001) - UINT64_C(1000000);
	}
}

static double lost_percent(enum exceed exceed, uint64_t seed, uint64_t *plain)
{
	static struct source sources[FLOWS];
	struct random r = random_seeded(seed);
	unsigned n = random_between(&r, 30, FLOWS);
	uint64_t offered_bps, cir;
	struct trial t = {.random = random_seeded(seed), .rig.now_ns = SECOND};

	offered_bps = make_sources(&t, sources, n);
	cir = offered_bps * 100 / random_between(&r, 105, 250);
	begin(&t, seed, exceed, cir,
	      RTE_MAX(cir / 8000 * random_between(&r, 20, 60), UINT64_C(3036)));
	overload(&t, sources, n, random_chance(&r, 50));
	*plain = t.lost;
	rig_stop(&t.rig);
	return 100.0 * (double)t.lost / (double)t.offered;
}

static void lasting_overload_loses_as_much_as_by_a_plain_bucket(void **state)
{
	uint32_t rounds = amount.full ? 1000 : 40;
	double most = 0;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t lost, police;
		double plain = lost_percent(EXCEED_POLICE, amount.seed + i, &police);

		for (unsigned k = 0; k < 2; k++) {
			double here = lost_percent(k ? EXCEED_SPREAD : EXCEED_RANDOM,
						   amount.seed + i, &lost);

			if (here > plain + 0.5 || here < plain - 0.5)
				fail_msg("seed %" PRIu64 ", %s: %.3f %% lost, by a plain bucket "
					 "%.3f %%",
					 amount.seed + i, k ? "spread" : "random", here, plain);
			most = RTE_MAX(most, here - plain);
		}
	}
	printf("%" PRIu32 " overloads: at most %.3f points above a plain bucket\n", rounds, most);
}

/* --- (d), and (a) for what leaves a shaped queue ------------------------------------------ */

struct departures {
	uint32_t next[FLOWS][CLASS_SLOTS]; /* the sequence number must not be below */
	uint32_t count;
};

static void start_pipeline(struct trial *t, uint64_t seed, enum exceed exceed)
{
	*t = (struct trial){.random = random_seeded(seed), .seed = seed};
	rig_init(&t->rig);
	t->rig.lane_config.seed = seed;
	t->rig.spec.egress.rate_bps = 20000000;
	t->rig.classes[1].strict = true;
	rig_rule(&t->rig, VOICE)->source_port = ports(50000, 50000 + FLOWS - 1);
	*rig_contract(&t->rig, VOICE, exceed, 4000000, 12000) = (struct contract_spec){
		.epoch = 1,
		.class_slots = 1u << VOICE,
		.cir_bps = random_between(&t->random, 1000000, 6000000),
		.burst_bytes = random_between(&t->random, 3036, 20000),
		.account = ACCOUNT_IP,
		.exceed = exceed,
		.max_delay_ns = random_between(&t->random, 1, 100) * UINT64_C(1000000),
		.remark_slot = BULK,
	};
	rig_start(&t->rig);
	oracle_bucket_set(&t->bound, t->rig.contracts[0].cir_bps, t->rig.contracts[0].burst_bytes,
			  t->rig.now_ns);
}

static void receive(struct trial *t, uint32_t *sequence)
{
	static struct burst b;
	unsigned n = random_between(&t->random, 1, 8);

	b.now_ns = t->rig.now_ns;
	b.count = 0;
	while (b.count < n) {
		uint16_t flow = (uint16_t)random_below(&t->random, FLOWS);
		struct frame_spec s =
			frame_udp4("10.1.2.3", (uint16_t)(50000 + flow), "10.8.0.1", 3478);
		uint8_t bytes[FRAME_BYTES_MAX];
		uint32_t length;

		s.payload_bytes = (uint16_t)random_between(&t->random, 40, 400);
		length = frame_build(&s, bytes, sizeof(bytes));
		memcpy(bytes + length - 8, &sequence[flow], 4);
		memcpy(bytes + length - 4, &(uint32_t){flow}, 4);
		sequence[flow]++;
		b.frame[b.count++] = mbuf_from(bytes, length);
	}
	pipeline_run(t->rig.lane, t->rig.policy, &b);
}

static void leave(struct trial *t, struct departures *d)
{
	struct rte_mbuf *out[BURST_MAX];
	uint32_t n = schedule_dequeue(t->rig.lane, t->rig.now_ns, out, BURST_MAX);

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *end = rte_pktmbuf_mtod_offset(out[i], uint8_t *, out[i]->pkt_len);
		uint8_t class_slot = lane_frame_class(out[i]);
		uint32_t sequence, flow;

		memcpy(&sequence, end - 8, 4);
		memcpy(&flow, end - 4, 4);
		assert_true(flow < FLOWS);
		if (sequence < d->next[flow][class_slot])
			fail_msg("seed %" PRIu64 ": flow %u left out of order", t->seed, flow);
		d->next[flow][class_slot] = sequence + 1;
		d->count++;
		if (class_slot == VOICE && t->rig.contracts[0].exceed == EXCEED_SHAPE &&
		    !oracle_bucket_admit(&t->bound, t->rig.now_ns,
					 out[i]->pkt_len - ETHERNET_HEADER_BYTES))
			fail_msg("seed %" PRIu64 ": more than CIR*t + burst has left", t->seed);
		rte_pktmbuf_free(out[i]);
	}
}

static void flows_keep_their_order_and_a_shape_its_rate(void **state)
{
	static const enum exceed all[] = {EXCEED_POLICE,  EXCEED_RANDOM, EXCEED_SPREAD,
					  EXCEED_PROTECT, EXCEED_SHAPE,	 EXCEED_REMARK,
					  EXCEED_COUNT,	  EXCEED_SHAPE};
	uint32_t rounds = amount.full ? ROUNDS_FULL / 10 : ROUNDS / 12;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		uint32_t sequence[FLOWS] = {0};
		struct departures d = {0};
		struct trial t;

		start_pipeline(&t, amount.seed + i, all[i % RTE_DIM(all)]);
		for (unsigned k = 0; k < 2000; k++) {
			if (random_chance(&t.random, 50))
				receive(&t, sequence);
			t.rig.now_ns += random_below(&t.random, 1000000);
			leave(&t, &d);
		}
		assert_true(d.count > 500);
		lane_flush(t.rig.lane, t.rig.now_ns);
		rig_stop(&t.rig);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_interval_admits_more_than_rate_and_burst),
		cmocka_unit_test(a_conforming_trace_loses_nothing),
		cmocka_unit_test(calls_with_a_place_lose_nothing_whatever_others_do),
		cmocka_unit_test(lasting_overload_loses_as_much_as_by_a_plain_bucket),
		cmocka_unit_test(flows_keep_their_order_and_a_shape_its_rate),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
