/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The call-preserving dropper. A contract of 81 calls (one call's rate to spare) and
 * 20 ms of burst, unless a test says otherwise: the first 80 calls hold the places.
 */
#include "support/overrun.h"

#include "protect.h"

enum {
	PLACES = 80,
	CALLS = 81, /* in the contract */
	SEEDS = 5,
};
#define MS UINT64_C(1000000)

static struct overrun offer(unsigned calls, uint64_t seed)
{
	return (struct overrun){.calls = calls,
				.cir_bps = CALLS * OVERRUN_CALL_BPS,
				.burst_bytes = CALLS * OVERRUN_PACKET,
				.exceed = EXCEED_PROTECT,
				.seconds = 20,
				.media_clock = seed % 2,
				.seed = seed};
}

/* How many calls sent their first packet before this one. */
static unsigned rank_of(const struct overrun_outcome *out, unsigned calls, unsigned call)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < calls; i++)
		rank += out->calls[i].first_ns < out->calls[call].first_ns ||
			(out->calls[i].first_ns == out->calls[call].first_ns && i < call);
	return rank;
}

static void assert_first_protected(const char *what, const struct overrun *o)
{
	struct overrun_outcome out = overrun_run(o);

	for (unsigned i = 0; i < o->calls; i++) {
		const struct overrun_call *c = &out.calls[i];
		bool first = rank_of(&out, o->calls, i) < PLACES;

		if (c->placed != first || c->over_contract == first || (first && c->lost > 0))
			fail_msg("%s, seed %u: call %u, number %u to begin: lost %u of %u, %s "
				 "place, %s",
				 what, (unsigned)o->seed, i, rank_of(&out, o->calls, i), c->lost,
				 c->sent, c->placed ? "a" : "no",
				 c->over_contract ? "named" : "not named");
	}
}

static void the_first_calls_lose_nothing_and_later_ones_are_named(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct overrun o = offer(100, seed);

		assert_first_protected("random phases", &o);
		o.clock_ppm = 50;
		assert_first_protected("clocks 50 ppm apart", &o);
		o.clock_ppm = 0;
		o.jitter_ns = 10000000;
		assert_first_protected("10 ms of jitter", &o);
		o.apart_ns = 50 * MS;
		assert_first_protected("one by one, with jitter", &o);
		o = offer(250, seed);
		assert_first_protected("three times the contract", &o);
		o = offer(100, seed);
		o.together = true;
		assert_first_protected("one instant", &o);
	}
}

/* Just what a plain bucket admits: here it is the CIR that has nothing to spare. */
static void calls_that_fit_exactly_lose_next_to_nothing(void **state)
{
	struct overrun o = offer(CALLS, 1);
	struct overrun_outcome out = overrun_run(&o);

	(void)state;
	assert_in_range(out.lost, 0, PLACE_PACKETS);
}

static void what_is_left_over_is_used(void **state)
{
	struct overrun o = offer(100, 1);
	struct overrun_outcome out;

	(void)state;
	out = overrun_run(&o);
	assert_true(out.loss_mean < 19.1); /* a plain bucket's: 18.97 */
}

/* --- call by call --------------------------------------------------------------------- */

static bool send_as(struct rig *r, uint16_t index, uint32_t bytes, bool rtp)
{
	static struct rte_mbuf frame = {.pkt_len = 1500};
	static struct burst b;

	b.now_ns = r->now_ns;
	b.count = 1;
	b.frame[0] = &frame;
	b.kind[0] = FRAME_IPV4;
	b.ip_bytes[0] = bytes;
	b.class_slot[0] = VOICE;
	b.drop[0] = DROP_NONE;
	b.call[0] = index;
	if (index != CALL_NONE) {
		struct call *c = &r->lane->calls->entries[index];

		if (c->packets++ == 0) {
			c->first_ns = r->now_ns;
			c->tag = 1;
		}
		c->last_ns = r->now_ns;
		c->rtp.max_seq++;
		c->rtp.rtp_packets += rtp;
	}
	police_burst(&b, r->policy, r->lane);
	return b.drop[0] == DROP_NONE;
}

static bool send(struct rig *r, uint16_t call)
{
	return send_as(r, call, OVERRUN_PACKET, true);
}

/* A contract for so many calls and one to spare. */
static void start(struct rig *r, unsigned calls)
{
	rig_init(r);
	rig_contract(r, VOICE, EXCEED_PROTECT, (calls + 1) * OVERRUN_CALL_BPS,
		     (calls + 1) * OVERRUN_PACKET);
	rig_start(r);
}

static const struct call *entry(const struct rig *r, uint16_t call)
{
	return &r->lane->calls->entries[call];
}

/* Each of the calls every 20 ms. What they lost. */
static unsigned talk(struct rig *r, uint16_t first, uint16_t calls, unsigned rounds)
{
	unsigned lost = 0;

	for (unsigned k = 0; k < rounds; k++) {
		for (uint16_t c = first; c < first + calls; c++) {
			lost += !send(r, c);
			r->now_ns += OVERRUN_PERIOD_NS / calls;
		}
	}
	return lost;
}

static void places_are_limited_by_rate_and_by_burst(void **state)
{
	static const struct {
		unsigned rate_calls, burst_packets, places;
	} cases[] = {
		/* rates in halves */
		{10, 5, 4},  {11, 100, 4}, {12, 100, 5}, {40, 5, 4},
		{4, 100, 1}, {2, 100, 0},  {40, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct rig r;

		rig_init(&r);
		rig_contract(&r, VOICE, EXCEED_PROTECT, cases[i].rate_calls * OVERRUN_CALL_BPS / 2,
			     cases[i].burst_packets * OVERRUN_PACKET);
		rig_start(&r);
		talk(&r, 1, 10, 20);
		for (uint16_t c = 1; c <= 10; c++)
			assert_int_equal(entry(&r, c)->placed, c <= cases[i].places);
		rig_stop(&r);
	}
}

static void a_place_reserves_the_calls_own_rate(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	for (unsigned i = 0; i < 2; i++, r.now_ns += 30 * MS) {
		send_as(&r, 1, 300, true);
		assert_false(entry(&r, 1)->placed);
	}
	r.now_ns += 2 * MS; /* what arrivals tell is taken for what senders do */
	send_as(&r, 1, 300, true);
	assert_true(entry(&r, 1)->placed);
	assert_int_equal(entry(&r, 1)->reserved_bps, 80000);
	rig_stop(&r);
}

static void by_the_senders_clock_where_it_is_known(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 10);
	for (unsigned i = 0; i < 3; i++, r.now_ns += 41 * MS) {
		r.lane->calls->entries[1].rtp.clock_hz = 48000;
		r.lane->calls->entries[1].rtp.timestamp += 1200; /* 25 ms */
		send(&r, 1);
	}
	assert_int_equal(entry(&r, 1)->reserved_bps, 64000);
	rig_stop(&r);
}

static void a_call_that_falls_silent_frees_its_place(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	talk(&r, 1, 4, 5);
	talk(&r, 9, 1, 5);
	assert_false(entry(&r, 9)->placed);
	assert_true(entry(&r, 9)->over_contract);
	talk(&r, 2, 3, 92); /* call 1 has been silent for 1.96 s */
	send(&r, 9);
	assert_false(entry(&r, 9)->placed);
	talk(&r, 2, 3, 20);
	assert_false(entry(&r, 1)->placed);
	send(&r, 9);
	assert_true(entry(&r, 9)->placed);
	assert_true(entry(&r, 9)->over_contract); /* it did begin when it was full */
	rig_stop(&r);
}

/* As the call table does it when the entry is another flow's. */
static void an_entry_that_changes_hands_frees_its_place(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 2);
	talk(&r, 1, 2, 5);
	assert_int_equal(r.lane->protect->contracts[0].holders, 2);
	r.lane->calls->entries[1] = (struct call){.tag = 77, .packets = 1};
	send_as(&r, 1, 100, false);
	assert_int_equal(r.lane->protect->contracts[0].holders, 1);
	assert_int_equal(r.lane->protect->contracts[0].rate_bps, OVERRUN_CALL_BPS);
	talk(&r, 5, 1, 5);
	assert_true(entry(&r, 5)->placed);
	rig_stop(&r);
}

static void what_is_not_rtp_takes_no_place(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	for (unsigned i = 0; i < 20; i++, r.now_ns += 20 * MS) {
		send_as(&r, CALL_NONE, 100, false);
		send_as(&r, 3, 100, false);
	}
	assert_int_equal(r.lane->protect->contracts[0].holders, 0);
	assert_false(entry(&r, 3)->placed);
	rig_stop(&r);
}

/* Its header looks like RTP, but nothing follows in sequence. */
static void a_provisional_place_lasts_a_moment(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	for (unsigned i = 0; i < 30; i++, r.now_ns += 20 * MS) {
		r.lane->calls->entries[3].rtp.rtp_packets = 0;
		send(&r, 3);
		assert_int_equal(r.lane->protect->contracts[0].holders, i <= 12);
	}
	send(&r, 4); /* a single packet */
	assert_int_equal(r.lane->protect->contracts[0].holders, 1);
	for (unsigned i = 0; i < 30; i++, r.now_ns += 10 * MS)
		send_as(&r, CALL_NONE, 100, false);
	assert_int_equal(r.lane->protect->contracts[0].holders, 0);
	rig_stop(&r);
}

/* A flow for each packet, each as if it began a call. */
static void a_flood_of_new_flows_takes_nothing_from_holders(void **state)
{
	unsigned lost = 0;
	struct rig r;

	(void)state;
	start(&r, 40);
	talk(&r, 1, 40, 5);
	for (unsigned k = 0; k < 8000; k++) {
		if (k % 20 == 0)
			lost += !send(&r, (uint16_t)(1 + k / 20 % 40));
		send(&r, (uint16_t)(100 + k));
		r.now_ns += 25000;
	}
	assert_int_equal(lost, 0);
	rig_stop(&r);
}

/* What a holder sends beyond its rate is nobody's but its own loss. */
static void a_holder_that_exceeds_its_rate_hurts_no_other(void **state)
{
	unsigned lost = 0, greedy_lost = 0;
	struct rig r;

	(void)state;
	start(&r, 40);
	talk(&r, 1, 40, 5);
	for (unsigned k = 0; k < 40 * 200; k++) {
		uint16_t call = (uint16_t)(1 + k % 40);
		bool passes = send(&r, call);

		lost += call != 1 && !passes;
		for (unsigned more = 0; more < 4; more++)
			greedy_lost += !send(&r, 1);
		r.now_ns += 500000;
	}
	assert_int_equal(lost, 0);
	assert_true(greedy_lost > 1000);
	rig_stop(&r);
}

static void a_small_share_of_other_packets_passes(void **state)
{
	unsigned passed = 0, flood = 0;
	struct rig r;

	(void)state;
	start(&r, PLACES);
	talk(&r, 1, PLACES, 5);
	for (unsigned i = 0; i < 500; i++) { /* 80 bytes a round: 32 kbit/s */
		passed += send_as(&r, CALL_NONE, 80, false);
		assert_int_equal(talk(&r, 1, PLACES, 1), 0);
	}
	assert_int_equal(passed, 500);
	for (unsigned i = 0; i < 500; i++) {
		for (unsigned k = 0; k < 50; k++)
			flood += send_as(&r, CALL_NONE, 1000, false);
		assert_int_equal(talk(&r, 1, PLACES, 1), 0);
	}
	assert_true(flood < 200); /* of 25,000: what CIR and burst leave */
	rig_stop(&r);
}

/* --- reload and clock ------------------------------------------------------------------ */

static void a_smaller_contract_takes_the_youngest_places(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 8);
	talk(&r, 1, 8, 5);
	assert_int_equal(r.lane->protect->contracts[0].holders, 8);
	r.contracts[0].cir_bps = 6 * OVERRUN_CALL_BPS;
	rig_adopt(&r);
	for (uint16_t c = 1; c <= 8; c++) {
		assert_int_equal(entry(&r, c)->placed, c <= 5);
		assert_int_equal(entry(&r, c)->over_contract, c > 5);
	}
	r.contracts[0].burst_bytes = 4 * OVERRUN_PACKET;
	rig_adopt(&r);
	assert_int_equal(r.lane->protect->contracts[0].holders, 3);
	rig_stop(&r);
}

static void the_same_contract_keeps_its_places(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	talk(&r, 1, 4, 5);
	r.spec.generation++;
	rig_adopt(&r);
	assert_int_equal(r.lane->protect->contracts[0].holders, 4);
	r.contracts[0].overhead_bytes = 20; /* what is reserved counts otherwise now */
	rig_adopt(&r);
	assert_int_equal(r.lane->protect->contracts[0].holders, 0);
	assert_false(entry(&r, 1)->placed);
	rig_stop(&r);
}

static void a_slot_that_changes_hands_starts_without_places(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	talk(&r, 1, 4, 5);
	r.contracts[0].epoch++;
	rig_adopt(&r);
	assert_int_equal(r.lane->protect->contracts[0].holders, 0);
	r.contracts[0].exceed = EXCEED_POLICE;
	talk(&r, 1, 4, 5);
	assert_true(entry(&r, 1)->placed);
	rig_adopt(&r);
	assert_false(entry(&r, 1)->placed);
	r.contracts[0].exceed = EXCEED_PROTECT;
	rig_adopt(&r);
	assert_int_equal(talk(&r, 1, 4, 20), 0);
	assert_true(entry(&r, 4)->placed);
	rig_stop(&r);
}

/* What each place has in the contract's sum adds up to it, to the bit. */
static void assert_sum_is_exact(const struct rig *r)
{
	const struct protect_table *t = r->lane->protect;
	const struct protect *c = &t->contracts[0];
	unsigned __int128 sum = 0;

	for (uint16_t i = c->oldest; i != CALL_NONE; i = t->places[i].newer) {
		const struct place *p = &t->places[i];

		assert_true(p->since_ns <= c->since_ns);
		sum += p->level_nb > 0 ? (uint64_t)p->level_nb : 0;
		sum += (unsigned __int128)(p->rate_bps + (p->rate_bps >> 12)) *
		       (c->since_ns - p->since_ns);
	}
	assert_true(sum == c->level_nb);
}

static void a_clock_that_steps_is_followed(void **state)
{
	struct rig r;

	(void)state;
	start(&r, 4);
	talk(&r, 1, 4, 50);
	assert_sum_is_exact(&r);
	r.now_ns -= 500 * MS;
	assert_int_equal(talk(&r, 1, 1, 1), 0);
	assert_sum_is_exact(&r);
	assert_int_equal(talk(&r, 1, 4, 50), 0);
	assert_int_equal(r.lane->protect->contracts[0].holders, 4);
	r.now_ns += 3600 * OVERRUN_SECOND;
	assert_int_equal(talk(&r, 1, 4, 50), 0);
	assert_sum_is_exact(&r);
	assert_int_equal(r.lane->protect->contracts[0].holders, 4);
	rig_stop(&r);
}

static void the_snapshot_tells_how_many_hold_a_place(void **state)
{
	struct lane_counters c;
	struct rig r;

	(void)state;
	start(&r, 10);
	lane_snapshot(r.lane, &c);
	assert_int_equal(c.contracts[0].places, 0);
	assert_int_equal(talk(&r, 0, 4, 50), 0);
	lane_snapshot(r.lane, &c);
	assert_int_equal(c.contracts[0].places, 4);
	assert_int_equal(c.contracts[0].reserved_bps, 4 * OVERRUN_CALL_BPS);
	assert_true(c.contracts[0].reserved_burst_bytes >= 4 * OVERRUN_PACKET);
	assert_true(c.contracts[0].reserved_burst_bytes <= 11 * OVERRUN_PACKET);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_calls_lose_nothing_and_later_ones_are_named),
		cmocka_unit_test(calls_that_fit_exactly_lose_next_to_nothing),
		cmocka_unit_test(what_is_left_over_is_used),
		cmocka_unit_test(the_snapshot_tells_how_many_hold_a_place),
		cmocka_unit_test(places_are_limited_by_rate_and_by_burst),
		cmocka_unit_test(a_place_reserves_the_calls_own_rate),
		cmocka_unit_test(by_the_senders_clock_where_it_is_known),
		cmocka_unit_test(a_call_that_falls_silent_frees_its_place),
		cmocka_unit_test(an_entry_that_changes_hands_frees_its_place),
		cmocka_unit_test(what_is_not_rtp_takes_no_place),
		cmocka_unit_test(a_provisional_place_lasts_a_moment),
		cmocka_unit_test(a_flood_of_new_flows_takes_nothing_from_holders),
		cmocka_unit_test(a_holder_that_exceeds_its_rate_hurts_no_other),
		cmocka_unit_test(a_small_share_of_other_packets_passes),
		cmocka_unit_test(a_smaller_contract_takes_the_youngest_places),
		cmocka_unit_test(the_same_contract_keeps_its_places),
		cmocka_unit_test(a_slot_that_changes_hands_starts_without_places),
		cmocka_unit_test(a_clock_that_steps_is_followed),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
