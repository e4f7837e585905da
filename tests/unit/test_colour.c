/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meters that colour, and what becomes of a packet by its colour: the DSCP that it
 * leaves with, the egress guard, RED, the counters. The contracts here hold 1,000 bytes and
 * refill at 8 kbit/s (a byte takes a millisecond); the frames are datagrams of 200 bytes.
 */
#include "stage_rig.h"

#include "colour.h"
#include "red.h"
#include "support/random.h"

enum {
	DATAGRAM = 200,
	BURST_BYTES = 1000,
};
#define MS UINT64_C(1000000)

/* --- the meters alone ----------------------------------------------------------------- */

/* RFC 2697 3, to the letter: CIR times a second a token into one of two buckets. Here a
 * second has a million of them. */
struct letter {
	uint64_t tc, te, cbs, ebs;
};

static void letter_second_passes(struct letter *l, uint64_t tokens)
{
	for (; tokens > 0; tokens--) {
		if (l->tc < l->cbs)
			l->tc++;
		else if (l->te < l->ebs)
			l->te++;
	}
}

static enum colour letter_colour(struct letter *l, uint64_t bytes, enum colour came)
{
	if (came == COLOUR_GREEN && l->tc >= bytes) {
		l->tc -= bytes;
		return COLOUR_GREEN;
	}
	if (came <= COLOUR_YELLOW && l->te >= bytes) {
		l->te -= bytes;
		return COLOUR_YELLOW;
	}
	return COLOUR_RED;
}

static void srtcm_is_rfc_2697_to_the_letter(void **state)
{
	const uint64_t bytes_per_second = 1000000; /* a token a microsecond */
	unsigned seen[COLOURS] = {0};
	struct random random = random_seeded(1);

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct letter l = {.cbs = random_between(&random, 1, 3000),
				   .ebs = random_between(&random, 0, 3000)};
		struct meter_profile contract = meter_profile(8 * bytes_per_second, l.cbs);
		struct colour_profile p = {.meter = COLOUR_SRTCM,
					   .excess = meter_profile(8 * bytes_per_second, l.ebs)};
		struct meter committed, excess;
		uint64_t now_us = 1;

		l.tc = l.cbs;
		l.te = l.ebs;
		meter_fill(&committed, &contract, now_us * 1000);
		meter_fill(&excess, &p.excess, now_us * 1000);
		for (unsigned i = 0; i < 500; i++) {
			uint64_t us = random_below(&random, 3000);
			uint64_t bytes = random_between(&random, 1, 1500);
			enum colour came = (enum colour)random_below(&random, COLOURS), want;

			now_us += us;
			letter_second_passes(&l, us);
			colour_refill(&committed, &excess, &contract, &p, now_us * 1000);
			want = letter_colour(&l, bytes, came);
			assert_int_equal(colour_of(&p, &committed, &excess, bytes, came), want);
			seen[want]++;
		}
	}
	for (unsigned colour = 0; colour < COLOURS; colour++)
		assert_true(seen[colour] > 1000);
}

/* --- the stage ------------------------------------------------------------------------ */

static struct frame_spec video(uint8_t dscp)
{
	struct frame_spec s = frame_udp4("10.1.2.3", VIDEO, "10.8.0.1", 9);

	s.payload_bytes = DATAGRAM - 28;
	s.tos = (uint8_t)(dscp << 2);
	return s;
}

static struct contract_spec *colours(struct rig *r, enum colour_meter meter, uint64_t excess_bytes)
{
	struct contract_spec *c = rig_contract(r, VIDEO, EXCEED_COLOUR, 8000, BURST_BYTES);

	c->meter = meter;
	c->pir_bps = meter == COLOUR_TRTCM ? 16000 : 0;
	c->excess_burst_bytes = excess_bytes;
	c->drop_red = true;
	return c;
}

static void start(struct rig *r)
{
	rig_rule(r, VIDEO)->source_port = ports(VIDEO, VIDEO);
	rig_rule(r, BULK)->source_port = ports(BULK, BULK);
	rig_start(r);
}

static void send(struct rig *r, unsigned n, uint8_t dscp)
{
	rig_free_burst(r);
	for (unsigned i = 0; i < n; i++)
		rig_add(r, video(dscp));
	rig_classify(r);
	audit_burst(&r->burst, r->policy, r->lane);
	police_burst(&r->burst, r->policy, r->lane);
	mark_burst(&r->burst, r->policy, r->lane);
}

static unsigned left_with(const struct rig *r, uint8_t dscp)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->burst.count; i++)
		n += r->burst.drop[i] == DROP_NONE &&
		     rte_pktmbuf_mtod(r->burst.frame[i], uint8_t *)[15] >> 2 == dscp;
	return n;
}

static unsigned dropped(const struct rig *r)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->burst.count; i++)
		n += r->burst.drop[i] == DROP_CONTRACT;
	return n;
}

static const struct contract_counters *counters(const struct rig *r)
{
	return &r->lane->counters.contracts[0];
}

static void one_rate_two_bursts(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	colours(&r, COLOUR_SRTCM, 600);
	start(&r);
	send(&r, 10, 0);
	assert_int_equal(left_with(&r, DSCP_AF41), 5);
	assert_int_equal(left_with(&r, DSCP_AF42), 3);
	assert_int_equal(dropped(&r), 2);
	r.now_ns += 1000 * MS; /* the committed bucket is full again, the other still empty */
	send(&r, 6, 0);
	assert_int_equal(left_with(&r, DSCP_AF41), 5);
	assert_int_equal(dropped(&r), 1);
	r.now_ns += 1199 * MS; /* and now 199 of the other, too */
	send(&r, 6, 0);
	assert_int_equal(dropped(&r), 1);
	r.now_ns += 1001 * MS;
	send(&r, 6, 0);
	assert_int_equal(left_with(&r, DSCP_AF42), 1);
	rig_stop(&r);
}

static void two_rates(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	colours(&r, COLOUR_TRTCM, 1600);
	start(&r);
	send(&r, 10, 0);
	assert_int_equal(left_with(&r, DSCP_AF41), 5);
	assert_int_equal(left_with(&r, DSCP_AF42), 3);
	assert_int_equal(dropped(&r), 2);
	for (unsigned i = 0; i < 100; i++) { /* three times the CIR, one and a half the PIR */
		r.now_ns += 200 * MS;
		send(&r, 3, 0);
		assert_int_equal(left_with(&r, DSCP_AF41), 1);
		assert_int_equal(left_with(&r, DSCP_AF42), 1);
		assert_int_equal(dropped(&r), 1);
	}
	rig_stop(&r);
}

static void each_colour_is_counted(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	colours(&r, COLOUR_SRTCM, 600);
	start(&r);
	send(&r, 10, 0);
	assert_int_equal(counters(&r)->colours[COLOUR_GREEN].packets, 5);
	assert_int_equal(counters(&r)->colours[COLOUR_YELLOW].bytes, 600);
	assert_int_equal(counters(&r)->colours[COLOUR_RED].bytes, 400);
	assert_int_equal(counters(&r)->admitted.bytes, 1000);
	assert_int_equal(counters(&r)->exceeded.packets, 3);
	assert_int_equal(counters(&r)->dropped.packets, 2);
	rig_stop(&r);
}

static void red_may_pass(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	colours(&r, COLOUR_SRTCM, 600)->drop_red = false;
	start(&r);
	send(&r, 10, 0);
	assert_int_equal(left_with(&r, DSCP_AF43), 2);
	assert_int_equal(dropped(&r), 0);
	assert_int_equal(counters(&r)->exceeded.packets, 5);
	assert_int_equal(counters(&r)->colours[COLOUR_RED].packets, 2);
	rig_stop(&r);
}

static void an_aware_meter_makes_nothing_better(void **state)
{
	static const struct {
		uint8_t came, leaves;
	} cases[] = {{DSCP_AF41, DSCP_AF41}, {DSCP_AF42, DSCP_AF42}, {DSCP_AF43, DSCP_AF43},
		     {0, DSCP_AF41},	     {DSCP_EF, DSCP_AF41},   {DSCP_AF33, DSCP_AF41}};

	(void)state;
	for (int meter = COLOUR_SRTCM; meter <= COLOUR_TRTCM; meter++) {
		struct contract_spec *c;
		struct rig r;

		rig_init(&r);
		c = colours(&r, (enum colour_meter)meter, 5000);
		c->burst_bytes = 5000;
		c->colour_aware = true;
		c->drop_red = false;
		start(&r);
		for (size_t i = 0; i < RTE_DIM(cases); i++) {
			send(&r, 1, cases[i].came);
			assert_int_equal(left_with(&r, cases[i].leaves), 1);
		}
		rig_adopt(&r);
		c->colour_aware = false;
		rig_adopt(&r);
		send(&r, 1, DSCP_AF43);
		assert_int_equal(left_with(&r, DSCP_AF41), 1);
		rig_stop(&r);
	}
}

/* The provider may take AF41 and neither AF42 nor AF43. */
static void the_guard_knows_each_colour(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.allowed_dscp = UINT64_C(1) << DSCP_AF41 | 1;
	colours(&r, COLOUR_SRTCM, 600)->drop_red = false;
	start(&r);
	send(&r, 10, 0);
	assert_int_equal(left_with(&r, DSCP_AF41), 5);
	assert_int_equal(left_with(&r, 0), 5);
	assert_int_equal(r.lane->counters.guarded, 5);
	rig_stop(&r);
}

static void its_own_marks_are_no_mismatch(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	colours(&r, COLOUR_SRTCM, 600);
	start(&r);
	send(&r, 1, DSCP_AF42);
	send(&r, 1, DSCP_AF43);
	assert_int_equal(r.lane->counters.mismatches, 0);
	send(&r, 1, DSCP_AF32);
	send(&r, 1, DSCP_EF);
	assert_int_equal(r.lane->counters.mismatches, 2);
	assert_int_equal(r.lane->counters.intruders, 1);
	rig_stop(&r);
}

static void trusted_marks_of_all_colours_stand_for_the_class(void **state)
{
	struct frame_spec s = video(DSCP_AF43);
	struct rig r;

	(void)state;
	s.source_port = 5;
	rig_init(&r);
	r.spec.trust = TRUST_DSCP;
	colours(&r, COLOUR_SRTCM, 600);
	start(&r);
	assert_int_equal(rig_class_of(&r, s), VIDEO);
	r.classes[3].dscp = DSCP_AF43; /* unless another class wears it */
	rig_adopt(&r);
	assert_int_equal(rig_class_of(&r, s), BULK);
	rig_stop(&r);
}

/* What another contract re-marks into the class has not met its meter. */
static void remarked_into_a_coloured_class_is_green(void **state)
{
	struct frame_spec bulk = video(0);
	struct rig r;

	(void)state;
	bulk.source_port = BULK;
	rig_init(&r);
	colours(&r, COLOUR_SRTCM, 600);
	rig_contract(&r, BULK, EXCEED_REMARK, 8000, 1)->remark_slot = VIDEO;
	start(&r);
	send(&r, 8, 0); /* the sixth to eighth are yellow */
	rig_free_burst(&r);
	for (unsigned i = 0; i < 8; i++)
		rig_add(&r, bulk);
	rig_classify(&r);
	police_burst(&r.burst, r.policy, r.lane);
	mark_burst(&r.burst, r.policy, r.lane);
	assert_int_equal(left_with(&r, DSCP_AF41), 8);
	rig_stop(&r);
}

/* --- clocks and reloads --------------------------------------------------------------- */

static void clocks_that_jump_grant_no_more_than_the_bursts(void **state)
{
	(void)state;
	for (int meter = COLOUR_SRTCM; meter <= COLOUR_TRTCM; meter++) {
		struct rig r;

		rig_init(&r);
		colours(&r, (enum colour_meter)meter, 1600);
		start(&r);
		send(&r, 20, 0);
		r.now_ns -= 999 * MS;
		send(&r, 1, 0);
		assert_int_equal(dropped(&r), 1);
		r.now_ns += 199 * MS; /* followed: from here on it earns again */
		send(&r, 2, 0);
		assert_int_equal(left_with(&r, DSCP_AF41), 0);
		r.now_ns += UINT64_C(3600000) * MS;
		send(&r, 20, 0);
		assert_int_equal(left_with(&r, DSCP_AF41), 5);
		assert_int_equal(left_with(&r, DSCP_AF42), meter == COLOUR_SRTCM ? 8 : 3);
		r.now_ns += UINT64_C(1) << 62;
		send(&r, 20, 0);
		assert_int_equal(left_with(&r, DSCP_AF41), 5);
		assert_int_equal(left_with(&r, DSCP_AF42), meter == COLOUR_SRTCM ? 8 : 3);
		rig_stop(&r);
	}
}

static void a_reload_keeps_both_buckets(void **state)
{
	struct contract_spec *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	c = colours(&r, COLOUR_SRTCM, 600);
	start(&r);
	send(&r, 10, 0);
	r.now_ns += 200 * MS;
	c->cir_bps = 80000; /* what was earned until now was earned at the old rate */
	rig_adopt(&r);
	send(&r, 3, 0);
	assert_int_equal(left_with(&r, DSCP_AF41), 1);
	assert_int_equal(dropped(&r), 2);
	c->exceed = EXCEED_POLICE;
	rig_adopt(&r);
	c->exceed = EXCEED_COLOUR; /* another bucket than it was: full */
	rig_adopt(&r);
	send(&r, 5, 0);
	assert_int_equal(left_with(&r, DSCP_AF42), 3);
	c->excess_burst_bytes = 200; /* a smaller one cuts */
	r.now_ns += 10000 * MS;
	rig_adopt(&r);
	send(&r, 10, 0);
	assert_int_equal(left_with(&r, DSCP_AF42), 1);
	rig_stop(&r);
}

/* A debt of a shaped contract is paid before anything spills. */
static void a_debt_is_paid_first(void **state)
{
	struct meter_profile contract = meter_profile(8000, 1000);
	struct colour_profile p = {.meter = COLOUR_SRTCM, .excess = meter_profile(8000, 600)};
	struct meter committed = {.tokens_nb = -300 * NANOBITS_PER_BYTE}, excess = {0};

	(void)state;
	colour_refill(&committed, &excess, &contract, &p, 1400 * MS);
	assert_int_equal(committed.tokens_nb, 1000 * NANOBITS_PER_BYTE);
	assert_int_equal(excess.tokens_nb, 100 * NANOBITS_PER_BYTE);
}

/* --- RED ------------------------------------------------------------------------------ */

static unsigned red_losses(const struct red_profile *p, enum colour colour, uint32_t queued)
{
	struct rte_red red;
	uint64_t random = 1;
	unsigned lost = 0;

	rte_red_rt_data_init(&red);
	for (unsigned i = 0; i < 200; i++) /* until the average is there */
		red_drops(&red, p, COLOUR_GREEN, queued, 0, &random);
	for (unsigned i = 0; i < 10000; i++)
		lost += red_drops(&red, p, colour, queued, 0, &random);
	return lost;
}

static void red_drops_the_worse_colours_earlier(void **state)
{
	const struct red_spec spec = {
		.enabled = true, .max_probability_inverse = 10, .weight_log2 = 2};
	struct red_profile p;
	unsigned yellow;

	(void)state;
	assert_int_equal(red_profile_build(&p, &spec, 400, 1000), 0); /* green 100-300 */
	assert_int_equal(red_losses(&p, COLOUR_RED, 30), 0);	      /* red 33-100 */
	assert_int_equal(red_losses(&p, COLOUR_RED, 101), 10000);
	assert_int_equal(red_losses(&p, COLOUR_YELLOW, 60), 0); /* yellow 66-200 */
	yellow = red_losses(&p, COLOUR_YELLOW, 99);
	assert_in_range(yellow, 100, 500);
	assert_int_equal(red_losses(&p, COLOUR_GREEN, 99), 0);
	assert_int_equal(red_losses(&p, COLOUR_YELLOW, 201), 10000);
	assert_in_range(red_losses(&p, COLOUR_GREEN, 201), 300, 800);
}

/* Of 64 packets at once, as many green ones, and the rest yellow: what the queue's RED
 * (green 30-60 packets, yellow 20-40) drops. */
static uint64_t queue_losses(unsigned green)
{
	struct lane_counters c;
	struct rig r;

	rig_init(&r);
	r.spec.egress.rate_bps = 1000; /* nothing leaves */
	r.classes[2].red = (struct red_spec){.enabled = true,
					     .min_packets = 30,
					     .max_packets = 60,
					     .max_probability_inverse = 1,
					     .weight_log2 = 1};
	r.classes[2].queue_ns = UINT64_C(1000000000000);
	colours(&r, COLOUR_SRTCM, 64 * DATAGRAM)->burst_bytes = green * DATAGRAM;
	start(&r);
	for (unsigned k = 0; k < 64; k++)
		rig_add(&r, video(0));
	rig_classify(&r);
	police_burst(&r.burst, r.policy, r.lane);
	mark_burst(&r.burst, r.policy, r.lane);
	schedule_enqueue(&r.burst, r.policy, r.lane);
	r.burst.count = 0;
	lane_snapshot(r.lane, &c);
	assert_int_equal(c.contracts[0].colours[COLOUR_GREEN].packets, green);
	assert_int_equal(c.contracts[0].colours[COLOUR_YELLOW].packets, 64 - green);
	assert_int_equal(c.classes[VIDEO].queued.packets + c.drops[DROP_RED], 64);
	rig_stop(&r);
	return c.drops[DROP_RED];
}

static void the_queue_drops_by_colour(void **state)
{
	uint64_t all_green, half;

	(void)state;
	all_green = queue_losses(64);
	half = queue_losses(20);
	assert_true(all_green > 0);
	assert_true(half > all_green + 5);
	assert_true(64 - half >= 20); /* no green one is lost at 20 in the queue */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(srtcm_is_rfc_2697_to_the_letter),
		cmocka_unit_test(one_rate_two_bursts),
		cmocka_unit_test(two_rates),
		cmocka_unit_test(each_colour_is_counted),
		cmocka_unit_test(red_may_pass),
		cmocka_unit_test(an_aware_meter_makes_nothing_better),
		cmocka_unit_test(the_guard_knows_each_colour),
		cmocka_unit_test(its_own_marks_are_no_mismatch),
		cmocka_unit_test(trusted_marks_of_all_colours_stand_for_the_class),
		cmocka_unit_test(remarked_into_a_coloured_class_is_green),
		cmocka_unit_test(clocks_that_jump_grant_no_more_than_the_bursts),
		cmocka_unit_test(a_reload_keeps_both_buckets),
		cmocka_unit_test(a_debt_is_paid_first),
		cmocka_unit_test(red_drops_the_worse_colours_earlier),
		cmocka_unit_test(the_queue_drops_by_colour),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
