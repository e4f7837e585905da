/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a lane: what a policy that is adopted keeps and what starts afresh, and
 * that each snapshot balances, whatever became of the frames.
 */
#include "stage_rig.h"

#include "dataplane/pipeline.h"
#include "support/random.h"

#define MS UINT64_C(1000000)

static struct frame_spec udp(uint16_t source_port)
{
	return frame_udp4("10.1.2.3", source_port, "10.8.0.1", 9); /* 62 bytes, 48 by IP */
}

/* The source port says the class. */
static void class_rules(struct rig *r)
{
	static const uint8_t slots[] = {VOICE, VIDEO, BULK};

	for (size_t i = 0; i < RTE_DIM(slots); i++)
		rig_rule(r, slots[i])->source_port = ports(slots[i], slots[i]);
}

static void run(struct rig *r, uint16_t source_port, unsigned n)
{
	r->burst.count = 0; /* the lane has taken the ones before */
	for (unsigned i = 0; i < n; i++)
		rig_add(r, udp(source_port));
	pipeline_run(r->lane, r->policy, &r->burst);
	r->burst.count = 0;
}

static const struct lane_counters *snapshot(const struct rig *r)
{
	static struct lane_counters c;
	uint64_t drops = 0;

	memset(&c, 0xa5, sizeof(c));
	lane_snapshot(r->lane, &c);
	for (unsigned d = 0; d < DROP_REASONS; d++)
		drops += c.drops[d];
	assert_int_equal(c.rx.packets, c.tx.packets + c.dropped.packets + c.queued.packets);
	assert_int_equal(c.dropped.packets, drops);
	return &c;
}

static unsigned send(struct rig *r, unsigned n)
{
	struct rte_mbuf *out[BURST_MAX];
	uint32_t got = schedule_dequeue(r->lane, r->now_ns, out, n);

	rte_pktmbuf_free_bulk(out, got);
	return got;
}

static int64_t tokens(const struct rig *r, uint8_t slot)
{
	return r->lane->contract_meters[slot].tokens_nb / NANOBITS_PER_BYTE;
}

/* --- adopting --- */

static void a_first_policy_fills_the_buckets(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 1000);
	rig_contract(&r, VIDEO, EXCEED_RANDOM, 8000, 300);
	rig_start(&r);
	assert_int_equal(tokens(&r, 0), 1000);
	assert_int_equal(tokens(&r, 1), 300);
	assert_int_equal(r.lane->contract_meters[0].last_ns, r.now_ns);
	rig_stop(&r);
}

static void tokens_are_kept_up_to_the_new_burst(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 1000);
	rig_start(&r);
	run(&r, VOICE, 10); /* 480 bytes */
	assert_int_equal(tokens(&r, 0), 520);
	r.contracts[0].burst_bytes = 5000;
	rig_adopt(&r);
	assert_int_equal(tokens(&r, 0), 520); /* a larger bucket is not filled */
	r.contracts[0].burst_bytes = 100;
	rig_adopt(&r);
	assert_int_equal(tokens(&r, 0), 100);
	rig_stop(&r);
}

/* A byte a millisecond until now, ten from now on. */
static void what_was_earned_was_earned_at_the_old_rate(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 1000);
	rig_start(&r);
	run(&r, VOICE, 20); /* 960 bytes */
	r.now_ns += 100 * MS;
	r.contracts[0].cir_bps = 80000;
	rig_adopt(&r);
	assert_int_equal(tokens(&r, 0), 140);
	r.now_ns += 10 * MS;
	run(&r, VOICE, 1);
	assert_int_equal(tokens(&r, 0), 140 + 100 - 48);
	rig_stop(&r);
}

static void a_contract_slot_that_changed_hands_starts_afresh(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_contract(&r, VOICE, EXCEED_RANDOM, 8000, 100);
	rig_contract(&r, VIDEO, EXCEED_POLICE, 8000, 100);
	rig_start(&r);
	run(&r, VOICE, 5);
	run(&r, VIDEO, 5);
	assert_true(r.lane->thinners[0].thinning);
	r.contracts[0].epoch++;
	rig_adopt(&r);
	assert_int_equal(tokens(&r, 0), 100);
	assert_false(r.lane->thinners[0].thinning);
	assert_int_equal(snapshot(&r)->contracts[0].admitted.packets, 0);
	assert_int_equal(snapshot(&r)->contracts[0].dropped.packets, 0);
	assert_int_equal(tokens(&r, 1), 4); /* the other keeps what it has */
	assert_int_equal(snapshot(&r)->contracts[1].dropped.packets, 3);
	rig_stop(&r);
}

static void a_contract_that_comes_back_starts_with_a_full_bucket(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 100);
	rig_start(&r);
	run(&r, VOICE, 5);
	r.spec.contract_count = 0;
	rig_adopt(&r);
	run(&r, VOICE, 5);
	r.spec.contract_count = 1;
	rig_adopt(&r);
	assert_int_equal(tokens(&r, 0), 100);
	assert_int_equal(snapshot(&r)->contracts[0].dropped.packets, 3); /* its figures go on */
	rig_stop(&r);
}

static void a_class_slot_that_changed_hands_counts_from_zero(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 3);
	run(&r, VIDEO, 4);
	r.classes[1].epoch++;
	rig_adopt(&r);
	assert_int_equal(snapshot(&r)->classes[VOICE].rx.packets, 0);
	assert_int_equal(snapshot(&r)->classes[VIDEO].rx.packets, 4);
	assert_int_equal(snapshot(&r)->rx.packets, 7); /* the lane's go on */
	rig_stop(&r);
}

static void rule_hits_follow_the_slot_and_its_epoch(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 3);
	run(&r, VIDEO, 4);
	assert_int_equal(lane_rule_hits(r.lane, 0), 3);
	assert_int_equal(lane_rule_hits(r.lane, 1), 4);
	r.rules[3] = r.rules[0]; /* the order changes, the slots stay */
	r.rules[0] = r.rules[1];
	r.rules[1] = r.rules[3];
	rig_adopt(&r);
	assert_int_equal(lane_rule_hits(r.lane, 0), 3);
	run(&r, VOICE, 1);
	assert_int_equal(lane_rule_hits(r.lane, 0), 4);
	r.rules[0].epoch++; /* another rule in the slot of video's */
	rig_adopt(&r);
	assert_int_equal(lane_rule_hits(r.lane, 0), 4);
	assert_int_equal(lane_rule_hits(r.lane, 1), 0);
	rig_stop(&r);
}

/* 1 Mbit/s: what is queued takes a while. */
static void a_class_that_vanished_drains_its_queue(void **state)
{
	unsigned sent = 0;
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	r.spec.egress.rate_bps = 1000000;
	rig_start(&r);
	run(&r, BULK, 10);
	r.spec.class_count = 3; /* no bulk any more */
	r.spec.rule_count = 2;
	rig_adopt(&r);
	assert_int_equal(snapshot(&r)->classes[BULK].queued.packets, 10);
	for (unsigned i = 0; i < 100; i++, r.now_ns += MS)
		sent += send(&r, BURST_MAX);
	assert_int_equal(sent, 10);
	assert_int_equal(snapshot(&r)->classes[BULK].tx.packets, 10);
	rig_stop(&r);
}

/* --- memory of the queues --- */

/* The destination port numbers the frames. */
static void run_numbered(struct rig *r, uint16_t source_port, uint16_t first, unsigned n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct frame_spec s = udp(source_port);

		s.destination_port = (uint16_t)(first + i);
		rig_add(r, s);
	}
	pipeline_run(r->lane, r->policy, &r->burst);
	r->burst.count = 0;
}

static void queues_grow_and_what_waits_stays_in_order(void **state)
{
	struct rte_mbuf *out[BURST_MAX];
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	r.classes[1].queue_packets = 4;
	rig_start(&r);
	run_numbered(&r, VOICE, 0, 6);
	assert_int_equal(snapshot(&r)->queued.packets, 4);
	assert_int_equal(snapshot(&r)->drops[DROP_QUEUE_FULL], 2);
	r.classes[1].queue_packets = 64;
	rig_adopt(&r);
	assert_int_equal(snapshot(&r)->queued.packets, 4);
	run_numbered(&r, VOICE, 4, 20);
	assert_int_equal(snapshot(&r)->queued.packets, 24);
	assert_int_equal(schedule_dequeue(r.lane, r.now_ns, out, BURST_MAX), 24);
	for (unsigned i = 0; i < 24; i++) {
		assert_int_equal(*rte_pktmbuf_mtod_offset(out[i], uint8_t *, 14 + 20 + 3), i);
	}
	rte_pktmbuf_free_bulk(out, 24);
	rig_stop(&r);
}

static void prepare_allocates_only_what_is_missing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	for (unsigned slot = 0; slot < CLASS_SLOTS; slot++) {
		bool present = r.policy->schedule.present >> slot & 1;

		assert_int_equal(queue_capacity(&r.lane->schedule.queues[slot]) > 0, present);
		assert_null(r.lane->storage[slot]);
	}
	assert_int_equal(lane_prepare(r.lane, r.policy), 0);
	for (unsigned slot = 0; slot < CLASS_SLOTS; slot++)
		assert_null(r.lane->storage[slot]);
	rig_stop(&r);
}

/* A policy that was prepared and then refused leaves nothing behind. */
static void reclaim_frees_what_was_not_adopted(void **state)
{
	struct policy *larger;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_start(&r);
	r.classes[1].queue_packets = 2 * QUEUE_PACKETS_DEFAULT;
	assert_int_equal(policy_build(&r.spec, r.policy, &larger), 0);
	assert_int_equal(lane_prepare(r.lane, larger), 0);
	assert_non_null(r.lane->storage[VOICE]);
	lane_reclaim(r.lane);
	assert_null(r.lane->storage[VOICE]);
	policy_free(larger);
	rig_stop(&r);
}

static void a_lane_without_a_policy_is_idle(void **state)
{
	const struct lane_config config = {.socket_id = SOCKET_ID_ANY};
	struct lane *lane = lane_create(&config);
	struct rte_mbuf *out[1];

	(void)state;
	assert_non_null(lane);
	assert_int_equal(schedule_dequeue(lane, 1, out, 1), 0);
	assert_true(schedule_next(lane, 1) == SCHEDULE_IDLE);
	lane_flush(lane, 1);
	lane_destroy(lane);
	lane_destroy(NULL);
}

/* --- the balance --- */

static void figures_follow_a_frame(void **state)
{
	const struct lane_counters *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	r.spec.untagged = 10;
	rig_start(&r);
	run(&r, VOICE, 3);
	c = snapshot(&r);
	assert_int_equal(c->rx.bytes, 3 * 62);
	assert_int_equal(c->classes[VOICE].rx.packets, 3);
	assert_int_equal(c->classes[VOICE].queued.packets, 3);
	assert_int_equal(c->classes[VOICE].queued.bytes, 3 * (66 + WIRE_OVERHEAD_BYTES));
	assert_int_equal(c->queued.bytes, 3 * (66 + WIRE_OVERHEAD_BYTES));
	r.now_ns += 5 * MS;
	assert_int_equal(send(&r, 2), 2);
	c = snapshot(&r);
	assert_int_equal(c->queued.packets, 1);
	assert_int_equal(c->tx.bytes, 2 * 66); /* as they leave */
	assert_int_equal(c->classes[VOICE].tx.packets, 2);
	assert_int_equal(c->classes[VOICE].delay_ns_max, 5 * MS);
	assert_int_equal(c->classes[VOICE].delay_ns_sum, 10 * MS);
	rig_stop(&r);
}

/* Frames that leave in turns of our making: waits of 5, 2, 2, 9 and 0 ms. */
static void jitter_is_the_change_of_the_wait(void **state)
{
	static const unsigned waits_ms[] = {5, 2, 2, 9, 0};
	static const unsigned sums_ms[] = {0, 3, 3, 10, 19}, most_ms[] = {0, 3, 3, 7, 9};
	const struct lane_counters *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	for (unsigned i = 0; i < RTE_DIM(waits_ms); i++) {
		run(&r, VOICE, 1);
		r.now_ns += waits_ms[i] * MS;
		assert_int_equal(send(&r, 1), 1);
		run(&r, VIDEO, 1); /* other classes have their own */
		r.now_ns += 100 * i * MS;
		assert_int_equal(send(&r, 1), 1);
		c = snapshot(&r);
		assert_int_equal(c->classes[VOICE].jitter_ns_sum, sums_ms[i] * MS);
		assert_int_equal(c->classes[VOICE].jitter_ns_max, most_ms[i] * MS);
	}
	assert_int_equal(c->classes[VIDEO].jitter_ns_sum, 400 * MS);
	assert_int_equal(c->classes[VIDEO].jitter_ns_max, 100 * MS);
	rig_stop(&r);
}

static void random_traffic_balances(void **state)
{
	static const uint16_t source_ports[] = {VOICE, VIDEO, BULK, 1, 445};
	struct random random = random_seeded(9);
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_rule(&r, SLOT_NONE)->source_port = ports(445, 445);
	rig_contract(&r, VOICE, EXCEED_RANDOM, 400000, 1000);
	rig_contract(&r, VIDEO, EXCEED_SHAPE, 400000, 1000);
	r.classes[3].queue_packets = 16;
	r.spec.egress.rate_bps = 2000000;
	rig_start(&r);
	for (unsigned k = 0; k < 2000; k++) {
		unsigned n = random_below(&random, BURST_MAX);

		run(&r, source_ports[random_below(&random, RTE_DIM(source_ports))], n);
		send(&r, random_below(&random, BURST_MAX));
		snapshot(&r);
		r.now_ns += random_below(&random, 10 * MS);
		if (k % 500 == 499) {
			r.contracts[0].cir_bps += 8000;
			r.classes[2].epoch++;
			rig_adopt(&r);
		}
	}
	assert_true(snapshot(&r)->drops[DROP_ACL] > 0);
	assert_true(snapshot(&r)->drops[DROP_THINNED] > 0);
	assert_true(snapshot(&r)->drops[DROP_SHAPE_DELAY] > 0);
	assert_true(snapshot(&r)->drops[DROP_QUEUE_FULL] > 0);
	lane_flush(r.lane, r.now_ns);
	assert_int_equal(snapshot(&r)->queued.packets, 0);
	rig_stop(&r);
}

static void refused_frames_are_dropped_instead_of_sent(void **state)
{
	struct rte_mbuf *out[4];
	const struct lane_counters *c;
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 3);
	run(&r, VIDEO, 1);
	assert_int_equal(schedule_dequeue(r.lane, r.now_ns, out, 4), 4);
	assert_int_equal(snapshot(&r)->tx.packets, 4);
	assert_int_equal(lane_frame_class(out[0]), VOICE);
	assert_int_equal(lane_frame_class(out[3]), VIDEO);
	lane_refuse(r.lane, &out[1], 2, DROP_TOO_LONG, r.now_ns);
	lane_refuse(r.lane, &out[3], 1, DROP_TX, r.now_ns);
	rte_pktmbuf_free(out[0]);
	c = snapshot(&r);
	assert_int_equal(c->tx.packets, 1);
	assert_int_equal(c->tx.bytes, 62);
	assert_int_equal(c->drops[DROP_TOO_LONG], 2);
	assert_int_equal(c->drops[DROP_TX], 1);
	assert_int_equal(c->classes[VOICE].tx.packets, 1);
	assert_int_equal(c->classes[VOICE].dropped.packets, 2);
	assert_int_equal(c->classes[VIDEO].tx.packets, 0);
	assert_int_equal(c->classes[VIDEO].tx.bytes, 0);
	rig_stop(&r);
}

/* The worker may hold frames that the port did not take while it adopts a policy. */
static void a_refused_frame_of_a_class_that_went_leaves_no_debt(void **state)
{
	struct rte_mbuf *out[1];
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 1);
	assert_int_equal(schedule_dequeue(r.lane, r.now_ns, out, 1), 1);
	r.classes[1].epoch++;
	rig_adopt(&r);
	lane_refuse(r.lane, out, 1, DROP_TX, r.now_ns);
	assert_int_equal(snapshot(&r)->classes[VOICE].tx.packets, 0);
	assert_int_equal(snapshot(&r)->classes[VOICE].tx.bytes, 0);
	assert_int_equal(snapshot(&r)->tx.packets, 0);
	rig_stop(&r);
}

static void flush_drops_all_that_is_queued(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 3);
	run(&r, BULK, 5);
	lane_flush(r.lane, r.now_ns);
	assert_int_equal(snapshot(&r)->queued.packets, 0);
	assert_int_equal(snapshot(&r)->drops[DROP_TX], 8);
	assert_int_equal(snapshot(&r)->classes[BULK].dropped.packets, 5);
	assert_true(schedule_next(r.lane, r.now_ns) == SCHEDULE_IDLE);
	rig_stop(&r);
}

static void destroy_frees_what_is_queued(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 30);
	assert_int_equal(test_pool_in_use(), 30);
	rig_stop(&r); /* looks at the pool */
}

struct tapped {
	unsigned count;
	enum drop_reason reason;
	uint8_t class_slot, tos;
	uint64_t now_ns;
};

static void tap(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
		uint8_t class_slot, uint64_t now_ns)
{
	struct tapped *t = context;

	t->count++;
	t->reason = reason;
	t->class_slot = class_slot;
	t->tos = *rte_pktmbuf_mtod_offset(frame, const uint8_t *, 15);
	t->now_ns = now_ns;
}

static void the_tap_sees_each_drop(void **state)
{
	struct tapped seen = {0};
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_rule(&r, SLOT_NONE)->source_port = ports(445, 445);
	rig_contract(&r, VOICE, EXCEED_POLICE, 8000, 100);
	r.lane_config.drop_tap = tap;
	r.lane_config.drop_context = &seen;
	rig_start(&r);
	run(&r, VOICE, 3);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.reason, DROP_CONTRACT);
	assert_int_equal(seen.class_slot, VOICE);
	assert_int_equal(seen.tos, 0); /* as it stood: unmarked */
	assert_int_equal(seen.now_ns, r.now_ns);
	run(&r, 445, 1);
	assert_int_equal(seen.reason, DROP_ACL);
	assert_int_equal(seen.class_slot, SLOT_NONE);
	lane_flush(r.lane, r.now_ns);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.reason, DROP_TX);
	assert_int_equal(seen.tos, DSCP_EF << 2);
	rig_stop(&r);
}

static void snapshots_are_copies(void **state)
{
	static struct lane_counters before;
	struct rig r;

	(void)state;
	rig_init(&r);
	class_rules(&r);
	rig_start(&r);
	run(&r, VOICE, 2);
	lane_snapshot(r.lane, &before);
	run(&r, VOICE, 2);
	assert_int_equal(before.rx.packets, 2);
	assert_int_equal(snapshot(&r)->rx.packets, 4);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_policy_fills_the_buckets),
		cmocka_unit_test(tokens_are_kept_up_to_the_new_burst),
		cmocka_unit_test(what_was_earned_was_earned_at_the_old_rate),
		cmocka_unit_test(a_contract_slot_that_changed_hands_starts_afresh),
		cmocka_unit_test(a_contract_that_comes_back_starts_with_a_full_bucket),
		cmocka_unit_test(a_class_slot_that_changed_hands_counts_from_zero),
		cmocka_unit_test(rule_hits_follow_the_slot_and_its_epoch),
		cmocka_unit_test(a_class_that_vanished_drains_its_queue),
		cmocka_unit_test(queues_grow_and_what_waits_stays_in_order),
		cmocka_unit_test(prepare_allocates_only_what_is_missing),
		cmocka_unit_test(reclaim_frees_what_was_not_adopted),
		cmocka_unit_test(a_lane_without_a_policy_is_idle),
		cmocka_unit_test(figures_follow_a_frame),
		cmocka_unit_test(jitter_is_the_change_of_the_wait),
		cmocka_unit_test(random_traffic_balances),
		cmocka_unit_test(refused_frames_are_dropped_instead_of_sent),
		cmocka_unit_test(a_refused_frame_of_a_class_that_went_leaves_no_debt),
		cmocka_unit_test(flush_drops_all_that_is_queued),
		cmocka_unit_test(destroy_frees_what_is_queued),
		cmocka_unit_test(the_tap_sees_each_drop),
		cmocka_unit_test(snapshots_are_copies),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
