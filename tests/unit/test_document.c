/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots in, the counters document out: the names of its fields are a contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/document.h"
#include "control/eal.h"
#include "site_config.h"
#include "slots.h"

static struct site *site;
static struct lane_counters lanes[DIRECTIONS];

static struct class_counters *class_of(enum direction d, size_t index)
{
	return &lanes[d].classes[site->running->slots[d]->classes[index].slot];
}

static void fill_upstream(struct lane_counters *c)
{
	*c = (struct lane_counters){
		.rx = {100, 20000},
		.tx = {60, 12000},
		.dropped = {30, 6000},
		.queued = {10, 2000},
		.drops = {[DROP_CONTRACT] = 10, [DROP_THINNED] = 15, [DROP_QUEUE_FULL] = 5},
		.anomalies = {[ANOMALY_IP_LENGTH] = 3},
		.intruders = 11,
		.mismatches = 12,
		.guarded = 13,
		.fragments = 14,
		.orphans = 15,
		.decided_by_port = 16,
		.no_rule = 17,
		.calls_begun = 18,
		.calls_untracked = 19,
		.intruder_talkers =
			{{.family = 4, .address = {192, 0, 2, 7}, .packets = 9, .error = 2}},
		.mismatch_talkers = {{.family = 6,
				      .address = {0x20, 1, 0xd, 0xb8, [15] = 1},
				      .packets = 4}},
	};
	c->contracts[site->running->slots[UPSTREAM]->contracts[0].slot] =
		(struct contract_counters){
			.admitted = {50, 11900}, .dropped = {25, 5950}, .exceeded = {1, 238}};
	c->classes[SLOT_LINK_CONTROL].rx = (struct tally){2, 120};
	*class_of(UPSTREAM, 0) = (struct class_counters){
		.rx = {90, 18000},
		.tx = {50, 10000},
		.dropped = {30, 6000},
		.queued = {10, 2000},
		.delay_ns_max = 1234567,
		.delay_ns_sum = UINT64_C(50) * 250000,
		.jitter_ns_max = 98765,
		.jitter_ns_sum = UINT64_C(49) * 1250,
	};
}

static int setup(void **state)
{
	const struct site_options options = {.seed = 1};

	(void)state;
	if (eal_start_offline(512) < 0 || site_create(site_config(SITE_TEXT), &options, &site) < 0)
		return -1;
	fill_upstream(&lanes[UPSTREAM]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	site_destroy(site);
	return 0;
}

static json_t *build(void)
{
	const struct document_input in = {.site = site, .lanes = lanes};
	json_t *document = document_build(&in);

	assert_non_null(document);
	return document;
}

static const json_t *direction(const json_t *document, const char *name)
{
	const json_t *links = json_object_get(document, "links");

	assert_int_equal(json_array_size(links), 1);
	return json_object_get(json_array_get(links, 0), name);
}

/* The integer at keys[0].keys[1]…; fails where it is missing. */
static json_int_t at(const json_t *object, const char *first, const char *second)
{
	object = json_object_get(object, first);
	if (second)
		object = json_object_get(object, second);
	if (!json_is_integer(object))
		fail_msg("no number at %s.%s", first, second ? second : "");
	return json_integer_value(object);
}

static void assert_text(const json_t *object, const char *key, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void assert_real(const json_t *object, const char *key, double expected)
{
	double difference = json_real_value(json_object_get(object, key)) - expected;

	assert_true(json_is_real(json_object_get(object, key)));
	assert_true(difference < 1e-6 && difference > -1e-6);
}

static void totals_and_reasons(void **state)
{
	json_t *document = build();
	const json_t *up = direction(document, "upstream");

	(void)state;
	assert_int_equal(at(document, "generation", NULL), 1);
	assert_text(json_array_get(json_object_get(document, "links"), 0), "name", "mpls");
	assert_int_equal(at(up, "rx", "packets"), 100);
	assert_int_equal(at(up, "rx", "bytes"), 20000);
	assert_int_equal(at(up, "tx", "packets"), 60);
	assert_int_equal(at(up, "dropped", "packets"), 30);
	assert_int_equal(at(up, "queued", "packets"), 10);
	assert_int_equal(at(up, "drops", "contract"), 10);
	assert_int_equal(at(up, "drops", "contract-random"), 15);
	assert_int_equal(at(up, "drops", "queue-full"), 5);
	assert_int_equal(at(up, "drops", "red"), 0);
	assert_int_equal(json_object_size(json_object_get(up, "drops")), DROP_REASONS - 1);
	assert_int_equal(at(up, "anomalies", "ip-length"), 3);
	assert_int_equal(json_object_size(json_object_get(up, "anomalies")), ANOMALIES - 1);
	assert_true(json_is_array(json_object_get(document, "calls")));
	json_decref(document);
}

static void single_figures_and_talkers(void **state)
{
	json_t *document = build();
	const json_t *up = direction(document, "upstream"), *talkers, *talker;

	(void)state;
	assert_int_equal(at(up, "intruders", NULL), 11);
	assert_int_equal(at(up, "mismatches", NULL), 12);
	assert_int_equal(at(up, "guarded", NULL), 13);
	assert_int_equal(at(up, "fragments", NULL), 14);
	assert_int_equal(at(up, "orphans", NULL), 15);
	assert_int_equal(at(up, "decided_by_port", NULL), 16);
	assert_int_equal(at(up, "no_rule", NULL), 17);
	assert_int_equal(at(up, "calls_begun", NULL), 18);
	assert_int_equal(at(up, "calls_untracked", NULL), 19);
	talkers = json_object_get(up, "talkers");
	assert_int_equal(json_array_size(json_object_get(talkers, "intruders")), 1);
	talker = json_array_get(json_object_get(talkers, "intruders"), 0);
	assert_text(talker, "source", "192.0.2.7");
	assert_int_equal(at(talker, "packets", NULL), 9);
	assert_int_equal(at(talker, "error", NULL), 2);
	talker = json_array_get(json_object_get(talkers, "mismatches"), 0);
	assert_text(talker, "source", "2001:db8::1");
	json_decref(document);
}

static void classes_with_their_queues(void **state)
{
	json_t *document = build();
	const json_t *up = direction(document, "upstream");
	const json_t *classes = json_object_get(up, "classes"), *voice, *queue;

	(void)state;
	assert_int_equal(json_array_size(classes), 3); /* link control is not among them */
	voice = json_array_get(classes, 0);
	assert_text(voice, "name", "voice");
	assert_int_equal(at(voice, "rx", "packets"), 90);
	assert_int_equal(at(voice, "tx", "packets"), 50);
	assert_int_equal(at(voice, "dropped", "packets"), 30);
	queue = json_object_get(voice, "queue");
	assert_int_equal(at(queue, "packets", NULL), 10);
	assert_int_equal(at(queue, "bytes", NULL), 2000);
	assert_real(queue, "delay_us_max", 1234.567);
	assert_real(queue, "delay_us_mean", 250);
	assert_real(queue, "jitter_us_max", 98.765);
	assert_real(queue, "jitter_us_mean", 1.25);
	assert_int_equal(at(json_object_get(up, "link_control"), "rx", "packets"), 2);
	json_decref(document);
}

static void contracts_in_calls(void **state)
{
	json_t *document = build();
	const json_t *contracts = json_object_get(direction(document, "upstream"), "contracts");
	const json_t *voice = json_array_get(contracts, 0);

	(void)state;
	assert_int_equal(json_array_size(contracts), 1);
	assert_text(voice, "class", "voice");
	assert_text(voice, "exceed", "random");
	assert_text(json_object_get(voice, "classes") ? voice : NULL, "account", "wire");
	assert_real(voice, "cir_kbps", 3953.1);
	assert_int_equal(at(voice, "burst_bytes", NULL), 9883);
	/* less 3953.1 kbit/s for the 3.72 ms that 1,546 + 3,036 bytes, and what the link's bucket
	 * holds besides (20 us of 10 Mbit/s: 25 bytes, and one), take at 9.9 Mbit/s */
	assert_int_equal(at(voice, "metered_burst_bytes", NULL), 9883 - 1840);
	assert_null(json_object_get(voice, "colours"));
	assert_null(json_object_get(voice, "places"));
	assert_int_equal(at(voice, "admitted", "packets"), 50);
	assert_int_equal(at(voice, "admitted", "bytes"), 11900);
	assert_int_equal(at(voice, "dropped", "packets"), 25);
	assert_int_equal(at(voice, "exceeded", "packets"), 1);
	/* 3953.1 kbit/s in calls of 238 bytes on the wire, 50 times a second: 41.5 */
	assert_int_equal(at(voice, "calls", NULL), 41);
	json_decref(document);
}

static void contracts_by_colour_and_by_place(void **state)
{
	struct config_contract *k = &site->running->config->policies[0].contracts[0];
	struct contract_counters *c =
		&lanes[UPSTREAM].contracts[site->running->slots[UPSTREAM]->contracts[0].slot];
	const json_t *voice;
	json_t *document;

	(void)state;
	k->exceed = EXCEED_COLOUR;
	c->colours[COLOUR_GREEN] = (struct tally){50, 11900};
	c->colours[COLOUR_YELLOW] = (struct tally){1, 238};
	c->colours[COLOUR_RED] = (struct tally){25, 5950};
	document = build();
	voice = json_array_get(json_object_get(direction(document, "upstream"), "contracts"), 0);
	assert_text(voice, "exceed", "colour");
	assert_int_equal(at(json_object_get(voice, "colours"), "green", "packets"), 50);
	assert_int_equal(at(json_object_get(voice, "colours"), "yellow", "bytes"), 238);
	assert_int_equal(at(json_object_get(voice, "colours"), "red", "packets"), 25);
	json_decref(document);
	k->exceed = EXCEED_PROTECT;
	c->places = 7;
	c->reserved_bps = 560000;
	c->reserved_burst_bytes = 2800;
	document = build();
	voice = json_array_get(json_object_get(direction(document, "upstream"), "contracts"), 0);
	assert_int_equal(at(voice, "places", "taken"), 7);
	assert_real(json_object_get(voice, "places"), "reserved_kbps", 560);
	assert_int_equal(at(voice, "places", "reserved_burst_bytes"), 2800);
	json_decref(document);
	k->exceed = EXCEED_RANDOM;
}

static void rules_by_acl_and_seq(void **state)
{
	json_t *document = build();
	const json_t *rules = json_object_get(direction(document, "upstream"), "rules");

	(void)state;
	assert_int_equal(json_array_size(rules), 2);
	assert_text(json_array_get(rules, 1), "acl", "media");
	assert_int_equal(at(json_array_get(rules, 1), "seq", NULL), 20);
	assert_int_equal(at(json_array_get(rules, 1), "packets", NULL), 0);
	json_decref(document);
}

static void direction_without_policy_has_its_one_class(void **state)
{
	json_t *document = build();
	const json_t *down = direction(document, "downstream");
	const json_t *classes = json_object_get(down, "classes");

	(void)state;
	assert_true(json_is_null(json_object_get(down, "policy")));
	assert_int_equal(json_array_size(classes), 1);
	assert_text(json_array_get(classes, 0), "name", "default");
	assert_int_equal(json_array_size(json_object_get(down, "contracts")), 0);
	json_decref(document);
}

static void ports_and_workers_where_there_are_any(void **state)
{
	const struct port_losses losses[DIRECTIONS] = {{.missed = 5, .rx_errors = 6, .no_mbuf = 7}};
	const struct worker_stats worker = {.turns = 100,
					    .busy_turns = 50,
					    .generation = 1,
					    .rx_bursts = 8,
					    .rx_frames = 100,
					    .busy_ns = 250,
					    .first_turn_ns = 1000,
					    .last_turn_ns = 2000};
	const struct document_input in = {
		.site = site,
		.lanes = lanes,
		.port_losses = losses,
		.workers = &worker,
		.worker_count = 1,
	};
	json_t *document = document_build(&in), *plain = build();
	const json_t *workers = json_object_get(document, "workers");

	(void)state;
	assert_int_equal(
		at(json_object_get(direction(document, "upstream"), "port"), "missed", NULL), 5);
	assert_int_equal(
		at(json_object_get(direction(document, "upstream"), "port"), "no_mbuf", NULL), 7);
	assert_int_equal(json_array_size(workers), 1);
	assert_real(json_array_get(workers, 0), "busy_ratio", 0.25);
	assert_null(json_object_get(direction(plain, "upstream"), "port"));
	assert_int_equal(json_array_size(json_object_get(plain, "workers")), 0);
	json_decref(document);
	json_decref(plain);
}

/* --- calls ---------------------------------------------------------------------------- */

static struct call call_from(uint8_t last_byte, uint64_t packets, uint64_t dropped)
{
	const struct slot_place *voice = &site->running->slots[UPSTREAM]->classes[0];

	return (struct call){
		.key = {.source = {10, 1, 2, last_byte},
			.destination = {52, 112, 0, 1},
			.source_port = 50007,
			.destination_port = 3478,
			.family = 4},
		.class_slot = (uint8_t)voice->slot,
		.class_epoch = voice->epoch,
		.first_ns = 5,
		.last_ns = 20000000005,
		.packets = packets,
		.bytes = packets * 200,
		.dropped = dropped,
		.longest_run = dropped ? 3 : 0,
		.longest_gap_ns = dropped ? 80500000 : 0,
		.rtp = {.rtp_packets = (uint32_t)packets,
			.base_seq = 1,
			.max_seq = (uint16_t)packets,
			.clock_hz = 8000,
			.jitter_ns_max = 2000000,
			.jitter_ns_sum = 1000000 * (packets - 1),
			.jitter_samples = (uint32_t)packets - 1},
	};
}

static json_t *build_with(struct call *calls, uint32_t count)
{
	const struct lane_calls by_lane[DIRECTIONS] = {{calls, count}};
	const struct document_input in = {.site = site,
					  .lanes = lanes,
					  .calls = by_lane,
					  .time_origin_ns = UINT64_C(1700000000000000000)};
	json_t *document = document_build(&in);

	assert_non_null(document);
	return document;
}

static const json_t *call_at(const json_t *document, size_t i)
{
	return json_array_get(json_object_get(document, "calls"), i);
}

static bool flagged(const json_t *call, const char *flag)
{
	const json_t *flags = json_object_get(call, "flags");
	json_t *f;
	size_t i;

	json_array_foreach(flags, i, f) if (strcmp(json_string_value(f), flag) == 0) return true;
	return false;
}

static void calls_with_all_their_figures(void **state)
{
	struct call c = call_from(1, 1000, 9);
	const json_t *call;
	json_t *document;

	(void)state;
	c.rtp.max_seq = 1003; /* three never came */
	c.rtp.reordered = 4;
	c.placed = true;
	document = build_with(&c, 1);
	call = call_at(document, 0);
	assert_text(call, "link", "mpls");
	assert_text(call, "direction", "upstream");
	assert_text(call, "source", "10.1.2.1");
	assert_text(call, "destination", "52.112.0.1");
	assert_text(call, "class", "voice");
	assert_text(call, "codec", "G.711 with concealment");
	assert_int_equal(at(call, "source_port", NULL), 50007);
	assert_int_equal(at(call, "destination_port", NULL), 3478);
	assert_int_equal(at(call, "packets", NULL), 1000);
	assert_int_equal(at(call, "bytes", NULL), 200000);
	assert_int_equal(at(call, "dropped", NULL), 9);
	assert_int_equal(at(call, "rtp_lost", NULL), 3);
	assert_int_equal(at(call, "reordered", NULL), 4);
	assert_int_equal(at(call, "longest_drop_run", NULL), 3);
	assert_true(at(call, "first_ns", NULL) == 1700000000000000005);
	assert_true(at(call, "last_ns", NULL) == 1700000020000000005);
	assert_real(call, "longest_gap_ms", 80.5);
	assert_real(call, "loss_percent", 1200 / 1003.0);
	assert_real(call, "jitter_ms_mean", 1);
	assert_real(call, "jitter_ms_max", 2);
	assert_true(json_is_true(json_object_get(call, "placed")));
	assert_true(json_number_value(json_object_get(call, "r_factor")) > 86.1 &&
		    json_number_value(json_object_get(call, "r_factor")) < 86.5);
	assert_true(json_number_value(json_object_get(call, "mos")) > 4.2 &&
		    json_number_value(json_object_get(call, "mos")) < 4.25);
	assert_non_null(
		strstr(json_string_value(json_object_get(document, "call_assumptions")), "G.107"));
	json_decref(document);
}

static void worst_call_first(void **state)
{
	struct call calls[] = {call_from(1, 1000, 0), call_from(2, 1000, 9), call_from(3, 100, 50),
			       call_from(4, 1000, 9)};
	static const char *const order[] = {"10.1.2.3", "10.1.2.4", "10.1.2.2", "10.1.2.1"};
	json_t *document;

	(void)state;
	calls[3].longest_gap_ns++;
	document = build_with(calls, 4);
	for (size_t i = 0; i < 4; i++)
		assert_text(call_at(document, i), "source", order[i]);
	assert_int_equal(at(document, "calls_total", NULL), 4);
	assert_int_equal(at(document, "calls_hurt", NULL), 3);
	json_decref(document);
}

static void calls_outside_a_target_are_flagged(void **state)
{
	struct call calls[4];
	json_t *document;

	(void)state;
	for (uint8_t i = 0; i < 4; i++) {
		calls[i] = call_from(i, 1000, 0);
		calls[i].longest_gap_ns = 4u - i; /* for their order */
	}
	calls[0].rtp.jitter_ns_sum = UINT64_C(5000000) * 999;
	calls[0].rtp.jitter_ns_max = 40000000; /* at the targets, not outside */
	calls[1].rtp.jitter_ns_sum = calls[0].rtp.jitter_ns_sum + 999;
	calls[2].rtp.jitter_ns_max = 40000001;
	calls[3].rtp.max_seq++;
	document = build_with(calls, 4);
	assert_true(flagged(call_at(document, 0), "loss")); /* it is the worst */
	assert_int_equal(json_array_size(json_object_get(call_at(document, 1), "flags")), 0);
	assert_true(flagged(call_at(document, 2), "jitter-mean"));
	assert_false(flagged(call_at(document, 2), "jitter-max"));
	assert_true(flagged(call_at(document, 3), "jitter-max"));
	assert_int_equal(at(document, "calls_hurt", NULL), 3);
	json_decref(document);
}

static void what_is_not_known_is_null(void **state)
{
	struct call c = call_from(1, 1000, 10);
	const json_t *call;
	json_t *document;

	(void)state;
	c.rtp = (struct call_rtp){0};
	c.class_epoch++; /* another class has the slot now */
	c.key.family = 6;
	document = build_with(&c, 1);
	call = call_at(document, 0);
	assert_true(json_is_null(json_object_get(call, "mos")));
	assert_true(json_is_null(json_object_get(call, "r_factor")));
	assert_true(json_is_null(json_object_get(call, "jitter_ms_mean")));
	assert_true(json_is_null(json_object_get(call, "class")));
	assert_text(call, "source", "a01:201::");
	assert_real(call, "loss_percent", 1);
	json_decref(document);
}

/* The end of a call whose last packets were all dropped. */
static void a_gap_that_nothing_ended(void **state)
{
	struct call c = call_from(1, 1000, 9);
	json_t *document;

	(void)state;
	c.run = 5;
	c.last_passed_ns = c.last_ns - 100000000;
	document = build_with(&c, 1);
	assert_real(call_at(document, 0), "longest_gap_ms", 100);
	json_decref(document);
}

static bool balances(void)
{
	json_t *document = build();
	bool balanced = document_balances(document);

	json_decref(document);
	return balanced;
}

static void balance_is_checked_in_both_directions(void **state)
{
	(void)state;
	assert_true(balances());
	lanes[UPSTREAM].queued.packets--;
	assert_false(balances());
	lanes[UPSTREAM].queued.packets++;
	lanes[DOWNSTREAM].rx.packets++;
	assert_false(balances());
	lanes[DOWNSTREAM].rx.packets--;
	lanes[UPSTREAM].drops[DROP_RED]++; /* a reason too many */
	assert_false(balances());
	lanes[UPSTREAM].drops[DROP_RED]--;
	assert_true(balances());
	assert_false(document_balances(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_and_reasons),
		cmocka_unit_test(single_figures_and_talkers),
		cmocka_unit_test(classes_with_their_queues),
		cmocka_unit_test(contracts_in_calls),
		cmocka_unit_test(contracts_by_colour_and_by_place),
		cmocka_unit_test(rules_by_acl_and_seq),
		cmocka_unit_test(direction_without_policy_has_its_one_class),
		cmocka_unit_test(ports_and_workers_where_there_are_any),
		cmocka_unit_test(calls_with_all_their_figures),
		cmocka_unit_test(worst_call_first),
		cmocka_unit_test(calls_outside_a_target_are_flagged),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(a_gap_that_nothing_ended),
		cmocka_unit_test(balance_is_checked_in_both_directions),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
