/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The meter and dropper stage: what becomes of the excess, by each way that a contract
 * may say it. The contracts here hold 1,000 bytes and refill at 8 kbit/s (a byte takes a
 * millisecond); the frames are datagrams of 200 bytes. How fair the random dropper is,
 * test_thinner.c asks.
 */
#include "stage_rig.h"

enum {
	DATAGRAM = 200,
	BURST_BYTES = 1000,
};
#define MS UINT64_C(1000000)

static struct frame_spec datagram(uint8_t class_slot)
{
	struct frame_spec s = frame_udp4("10.1.2.3", class_slot, "10.8.0.1", 9);

	s.payload_bytes = DATAGRAM - 28;
	return s;
}

/* The source port says the class. */
static void police_start(struct rig *r)
{
	static const uint8_t slots[] = {VOICE, VIDEO, BULK};

	for (size_t i = 0; i < RTE_DIM(slots); i++)
		rig_rule(r, slots[i])->source_port = ports(slots[i], slots[i]);
	rig_start(r);
}

static void police(struct rig *r)
{
	rig_classify(r);
	police_burst(&r->burst, r->policy, r->lane);
}

static void police_n(struct rig *r, uint8_t class_slot, unsigned n)
{
	rig_free_burst(r);
	for (unsigned i = 0; i < n; i++)
		rig_add(r, datagram(class_slot));
	police(r);
}

static unsigned survivors(const struct rig *r)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->burst.count; i++)
		n += r->burst.drop[i] == DROP_NONE;
	return n;
}

static const struct contract_counters *counters(const struct rig *r, uint8_t slot)
{
	return &r->lane->counters.contracts[slot];
}

static void police_drops_the_excess_at_once(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, BURST_BYTES);
	police_start(&r);
	police_n(&r, VOICE, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(r.burst.drop[i], i < 5 ? DROP_NONE : DROP_CONTRACT);
	assert_int_equal(counters(&r, 0)->admitted.packets, 5);
	assert_int_equal(counters(&r, 0)->admitted.bytes, 1000);
	assert_int_equal(counters(&r, 0)->dropped.packets, 3);
	assert_int_equal(counters(&r, 0)->dropped.bytes, 600);
	assert_int_equal(counters(&r, 0)->exceeded.packets, 0);
	r.now_ns += 199 * MS;
	police_n(&r, VOICE, 1);
	assert_int_equal(survivors(&r), 0);
	r.now_ns += 1 * MS;
	police_n(&r, VOICE, 2);
	assert_int_equal(survivors(&r), 1);
	rig_stop(&r);
}

/* A smaller packet behind one that failed still fits: packets meter one by one. */
static void what_fits_passes_behind_what_did_not(void **state)
{
	struct frame_spec large = datagram(VOICE), small = datagram(VOICE);
	struct rig r;

	(void)state;
	large.payload_bytes = 1001 - 28;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, BURST_BYTES);
	police_start(&r);
	rig_add(&r, large);
	rig_add(&r, small);
	police(&r);
	assert_int_equal(r.burst.drop[0], DROP_CONTRACT);
	assert_int_equal(r.burst.drop[1], DROP_NONE);
	rig_stop(&r);
}

static void random_thins_once_the_bucket_has_failed(void **state)
{
	unsigned thinned = 0, refused = 0;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_RANDOM, 8000, BURST_BYTES);
	police_start(&r);
	police_n(&r, VOICE, 6);
	assert_int_equal(r.burst.drop[4], DROP_NONE);
	assert_int_equal(r.burst.drop[5], DROP_CONTRACT);
	for (unsigned k = 0; k < 400; k++) { /* twice the rate */
		r.now_ns += 100 * MS;
		police_n(&r, VOICE, 1);
		thinned += r.burst.drop[0] == DROP_THINNED;
		refused += r.burst.drop[0] == DROP_CONTRACT;
	}
	assert_true(thinned > 50);
	assert_in_range(thinned + refused, 195, 206);
	assert_int_equal(counters(&r, 0)->dropped.packets, thinned + refused + 1);
	assert_int_equal(counters(&r, 0)->admitted.packets, 405 - thinned - refused);
	rig_stop(&r);
}

static void count_passes_the_excess_and_counts_it(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_COUNT, 8000, BURST_BYTES);
	police_start(&r);
	police_n(&r, VOICE, 8);
	assert_int_equal(survivors(&r), 8);
	assert_int_equal(r.burst.class_slot[7], VOICE);
	assert_int_equal(counters(&r, 0)->admitted.packets, 5);
	assert_int_equal(counters(&r, 0)->exceeded.packets, 3);
	assert_int_equal(counters(&r, 0)->exceeded.bytes, 600);
	assert_int_equal(counters(&r, 0)->dropped.packets, 0);
	rig_stop(&r);
}

static void remark_moves_the_excess_to_another_class(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VIDEO, EXCEED_REMARK, 8000, BURST_BYTES)->remark_slot = BULK;
	police_start(&r);
	police_n(&r, VIDEO, 7);
	assert_int_equal(survivors(&r), 7);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(r.burst.class_slot[i], i < 5 ? VIDEO : BULK);
	assert_int_equal(counters(&r, 0)->exceeded.packets, 2);
	assert_int_equal(counters(&r, 0)->dropped.packets, 0);
	rig_stop(&r);
}

/* The excess is not metered again by the contract of the class it leaves by. */
static void remarked_packets_pay_one_contract(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VIDEO, EXCEED_REMARK, 8000, BURST_BYTES)->remark_slot = BULK;
	rig_contract(&r, BULK, EXCEED_POLICE, 8000, 200);
	police_start(&r);
	police_n(&r, VIDEO, 9);
	assert_int_equal(survivors(&r), 9);
	assert_int_equal(counters(&r, 1)->admitted.packets, 0);
	rig_stop(&r);
}

static void shape_is_not_metered_here(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_SHAPE, 8000, BURST_BYTES);
	rig_contract(&r, VIDEO, EXCEED_POLICE, 8000, BURST_BYTES);
	police_start(&r);
	police_n(&r, VOICE, 20);
	assert_int_equal(survivors(&r), 20);
	assert_int_equal(counters(&r, 0)->admitted.packets, 0);
	assert_int_equal(r.lane->contract_meters[0].tokens_nb, BURST_BYTES * NANOBITS_PER_BYTE);
	rig_stop(&r);
}

static void classes_may_share_a_contract(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, BURST_BYTES)->class_slots |= 1u << VIDEO;
	police_start(&r);
	for (unsigned i = 0; i < 8; i++)
		rig_add(&r, datagram(i % 2 ? VIDEO : VOICE));
	police(&r);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(r.burst.drop[i], i < 5 ? DROP_NONE : DROP_CONTRACT);
	rig_stop(&r);
}

static void contracts_do_not_borrow(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 400);
	rig_contract(&r, VIDEO, EXCEED_POLICE, 8000, 800);
	police_start(&r);
	for (unsigned i = 0; i < 10; i++)
		rig_add(&r, datagram(i % 2 ? VIDEO : VOICE));
	police(&r);
	assert_int_equal(counters(&r, 0)->admitted.packets, 2);
	assert_int_equal(counters(&r, 1)->admitted.packets, 4);
	rig_stop(&r);
}

static void class_without_a_contract_passes(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 100);
	police_start(&r);
	police_n(&r, BULK, 30);
	assert_int_equal(survivors(&r), 30);
	rig_stop(&r);
}

/* 1,000 bytes of burst admit five datagrams of 200, four frames of 214 or of 238. */
static void length_is_what_the_contract_says(void **state)
{
	static const struct {
		enum account account;
		int32_t overhead;
		int16_t untagged;
		uint32_t packet_bytes;
	} cases[] = {
		{ACCOUNT_IP, 0, UNTAGGED_KEEP, 200},
		{ACCOUNT_L2, 0, UNTAGGED_KEEP, 214},
		{ACCOUNT_L2, 0, 10, 218},
		{ACCOUNT_WIRE, 0, UNTAGGED_KEEP, 238},
		{ACCOUNT_WIRE, 0, 10, 242},
		{ACCOUNT_IP, 50, 10, 250},
		{ACCOUNT_WIRE, -38, 10, 204},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		unsigned fit = BURST_BYTES / cases[i].packet_bytes;
		struct contract_spec *c;
		struct rig r;

		rig_init(&r);
		r.spec.untagged = cases[i].untagged;
		c = rig_contract(&r, VOICE, EXCEED_POLICE, 8000, BURST_BYTES);
		c->account = cases[i].account;
		c->overhead_bytes = cases[i].overhead;
		police_start(&r);
		police_n(&r, VOICE, 8);
		assert_int_equal(survivors(&r), fit);
		assert_int_equal(counters(&r, 0)->admitted.bytes, fit * cases[i].packet_bytes);
		rig_stop(&r);
	}
}

/* 80 calls of 95.2 kbit/s fit a contract of 7,616 kbit/s on the wire, to the packet. */
static void a_contract_in_calls_admits_just_so_many(void **state)
{
	static const struct {
		enum account account;
		int16_t untagged;
		uint64_t call_bps;
	} cases[] = {
		{ACCOUNT_IP, UNTAGGED_KEEP, 80000},
		{ACCOUNT_WIRE, UNTAGGED_KEEP, 95200},
		{ACCOUNT_WIRE, 10, 96800},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		uint64_t cir_bps = 10 * cases[i].call_bps, dropped;
		struct rig r;

		rig_init(&r);
		r.spec.untagged = cases[i].untagged;
		rig_contract(&r, VOICE, EXCEED_POLICE, cir_bps, cir_bps / 400)->account =
			cases[i].account; /* 20 ms: a packet of each call */
		police_start(&r);
		for (unsigned k = 0; k < 100; k++, r.now_ns += 20 * MS)
			police_n(&r, VOICE, 10);
		assert_int_equal(counters(&r, 0)->dropped.packets, 0);
		for (unsigned k = 0; k < 100; k++, r.now_ns += 20 * MS)
			police_n(&r, VOICE, 11);
		dropped = counters(&r, 0)->dropped.packets;
		assert_int_equal(dropped, 100);
		rig_stop(&r);
	}
}

static void dropped_frames_are_not_metered(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, BEST_EFFORT, EXCEED_POLICE, 8000, 100);
	rig_rule(&r, SLOT_NONE)->protocol = PROTOCOL_TCP;
	rig_start(&r);
	rig_add(&r, frame_tcp4("10.1.2.3", 1, "10.8.0.1", 2));
	rig_add(&r, frame_pause());
	police(&r);
	assert_int_equal(r.burst.drop[0], DROP_ACL);
	assert_int_equal(r.burst.drop[1], DROP_PAUSE);
	assert_int_equal(counters(&r, 0)->admitted.packets + counters(&r, 0)->dropped.packets, 0);
	rig_stop(&r);
}

/* Not even beyond its cap, where it travels in the default class. */
static void link_control_is_never_policed(void **state)
{
	unsigned in_default = 0;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.egress.rate_bps = 1000000;
	rig_contract(&r, BEST_EFFORT, EXCEED_POLICE, 8000, 100);
	rig_start(&r);
	for (unsigned i = 0; i < BURST_MAX; i++)
		rig_add(&r, i % 2 ? frame_arp() : frame_lldp());
	police(&r);
	for (unsigned i = 0; i < BURST_MAX; i++)
		in_default += r.burst.class_slot[i] == BEST_EFFORT;
	assert_true(in_default > 0);
	assert_int_equal(survivors(&r), BURST_MAX);
	assert_int_equal(counters(&r, 0)->admitted.packets + counters(&r, 0)->dropped.packets, 0);
	rig_stop(&r);
}

static void frames_that_are_not_ip_pay_for_their_class(void **state)
{
	struct frame_spec s = {.ether_type = 0x8864, .payload_bytes = 100};
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, BEST_EFFORT, EXCEED_POLICE, 8000, 250);
	rig_start(&r);
	for (unsigned i = 0; i < 3; i++)
		rig_add(&r, s);
	police(&r);
	assert_int_equal(survivors(&r), 2);
	assert_int_equal(counters(&r, 0)->admitted.bytes, 200);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(police_drops_the_excess_at_once),
		cmocka_unit_test(what_fits_passes_behind_what_did_not),
		cmocka_unit_test(random_thins_once_the_bucket_has_failed),
		cmocka_unit_test(count_passes_the_excess_and_counts_it),
		cmocka_unit_test(remark_moves_the_excess_to_another_class),
		cmocka_unit_test(remarked_packets_pay_one_contract),
		cmocka_unit_test(shape_is_not_metered_here),
		cmocka_unit_test(classes_may_share_a_contract),
		cmocka_unit_test(contracts_do_not_borrow),
		cmocka_unit_test(class_without_a_contract_passes),
		cmocka_unit_test(length_is_what_the_contract_says),
		cmocka_unit_test(a_contract_in_calls_admits_just_so_many),
		cmocka_unit_test(dropped_frames_are_not_metered),
		cmocka_unit_test(link_control_is_never_policed),
		cmocka_unit_test(frames_that_are_not_ip_pay_for_their_class),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
