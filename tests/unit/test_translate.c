/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration in memory, its names in slots, and the spec that comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "translate.h"

enum { VOICE, VIDEO, BEST_EFFORT, CLASSES };

static struct config_class classes[CLASSES] = {
	{.name = "voice", .dscp = 46, .pcp = 5, .calls = true},
	{.name = "video", .dscp = 34, .pcp = 4},
	{.name = "default", .dscp = 0, .pcp = 0},
};

static struct config_rule rules[] = {
	{.seq = 10,
	 .acl = "media",
	 .source = {.family = 4, .length = 24, .address = {10, 9}},
	 .source_port = {.named = true, .low = 50000, .high = 50019},
	 .protocol = 17,
	 .vlan = MATCH_ANY,
	 .dscp = 10,
	 .class_index = VOICE},
	{.seq = 20,
	 .acl = "media",
	 .destination = {.family = 6, .length = 32, .address = {0x20, 1}},
	 .destination_port = {.named = true, .low = 445, .high = 446},
	 .protocol = MATCH_ANY,
	 .vlan = 110,
	 .dscp = MATCH_ANY,
	 .drop = true,
	 .class_index = CONFIG_NONE},
};

static struct config_contract contracts[] = {
	{.classes = {VIDEO, VOICE},
	 .class_count = 2,
	 .cir_bps = 3953100,
	 .burst_bytes = 9883,
	 .account = ACCOUNT_L2,
	 .overhead_bytes = -4,
	 .exceed = EXCEED_RANDOM,
	 .max_delay_ns = 7,
	 .remark_class = CONFIG_NONE,
	 .meter = COLOUR_TRTCM,
	 .pir_bps = 4000000,
	 .excess_burst_bytes = 12345,
	 .colour_aware = true,
	 .drop_red = true},
};

static struct config_prefix trusted[] = {{.family = 4, .length = 8, .address = {10}}};

static struct config_policy policies[] = {{
	.name = "to-provider",
	.acl = 0,
	.trust = TRUST_DSCP,
	.trusted = trusted,
	.trusted_count = 1,
	.default_class = BEST_EFFORT,
	.allowed_dscp = 0x1234,
	.tag_pcp = TAG_PCP_ALL,
	.untagged = 77,
	.strip = true,
	.pcp = {6, 4, 0},
	.contracts = contracts,
	.contract_count = 1,
	.schedule =
		{
			{.strict = true, .weight = 1, .queue_ns = 1, .queue_packets = 2},
			{.rate_bps = 3200000,
			 .ceil_bps = 5000000,
			 .weight = 9,
			 .queue_ns = 50000000,
			 .queue_packets = 100,
			 .red = {.enabled = true,
				 .min_packets = 3,
				 .max_packets = 4,
				 .max_probability_inverse = 5,
				 .weight_log2 = 6}},
			{.weight = 20, .queue_ns = 3, .queue_packets = 4},
		},
}};

static struct config_acl acls[] = {{.name = "media", .rules = rules, .rule_count = 2}};

static struct config_link link_ = {
	.name = "mpls",
	.lan = {.device = "lan", .mtu = 9000, .account = ACCOUNT_WIRE},
	.wan = {.device = "wan",
		.rate_bps = 50000000,
		.mtu = 1500,
		.account = ACCOUNT_L2,
		.overhead_bytes = 8},
	.policy = {0, CONFIG_NONE},
};

static struct config config = {
	.links = &link_,
	.link_count = 1,
	.classes = classes,
	.class_count = CLASSES,
	.acls = acls,
	.acl_count = 1,
	.policies = policies,
	.policy_count = 1,
};

struct fixture {
	struct slots *slots;
	struct generation_slots *places;
	struct translation t;
};

static void translate(struct fixture *f, enum direction d)
{
	f->slots = slots_create();
	assert_int_equal(translate_names(&config, &link_, d, f->slots, &f->places), 0);
	slots_commit(f->slots);
	assert_int_equal(translate_direction(&config, &link_, d, f->places, 42, &f->t), 0);
}

static void clear(struct fixture *f)
{
	translation_free(&f->t);
	generation_slots_free(f->places);
	slots_destroy(f->slots);
}

static void classes_carry_policy_and_schedule(void **state)
{
	struct fixture f;
	const struct class_spec *c;

	(void)state;
	translate(&f, UPSTREAM);
	assert_int_equal(f.t.spec.class_count, CLASSES);
	c = &f.t.spec.classes[VOICE];
	assert_int_equal(c->slot, f.places->classes[VOICE].slot);
	assert_int_equal(c->epoch, 1);
	assert_int_equal(c->dscp, 46);
	assert_true(c->calls);
	assert_int_equal(c->pcp, 6); /* the policy's, not the class's 5 */
	assert_true(c->strict);
	c = &f.t.spec.classes[VIDEO];
	assert_int_equal(c->rate_bps, 3200000);
	assert_int_equal(c->ceil_bps, 5000000);
	assert_int_equal(c->weight, 9);
	assert_int_equal(c->queue_ns, 50000000);
	assert_int_equal(c->queue_packets, 100);
	assert_true(c->red.enabled);
	assert_int_equal(c->red.min_packets, 3);
	assert_int_equal(c->red.max_packets, 4);
	assert_int_equal(c->red.max_probability_inverse, 5);
	assert_int_equal(c->red.weight_log2, 6);
	assert_false(c->strict);
	clear(&f);
}

static void rules_keep_order_and_fields(void **state)
{
	struct fixture f;
	const struct rule_spec *r;

	(void)state;
	translate(&f, UPSTREAM);
	assert_int_equal(f.t.spec.rule_count, 2);
	r = &f.t.spec.rules[0];
	assert_int_equal(r->source.family, 4);
	assert_int_equal(r->source.length, 24);
	assert_int_equal(r->source.address[1], 9);
	assert_int_equal(r->destination.family, 0);
	assert_true(r->source_port.named);
	assert_int_equal(r->source_port.low, 50000);
	assert_int_equal(r->source_port.high, 50019);
	assert_false(r->destination_port.named);
	assert_int_equal(r->protocol, 17);
	assert_int_equal(r->vlan, MATCH_ANY);
	assert_int_equal(r->dscp, 10);
	assert_false(r->drop);
	assert_int_equal(r->class_slot, f.places->classes[VOICE].slot);
	r = &f.t.spec.rules[1];
	assert_int_equal(r->destination.family, 6);
	assert_int_equal(r->destination_port.low, 445);
	assert_int_equal(r->vlan, 110);
	assert_true(r->drop);
	assert_int_equal(r->class_slot, SLOT_NONE);
	assert_int_equal(r->slot, f.places->rules[1].slot);
	assert_int_not_equal(r->slot, f.t.spec.rules[0].slot);
	clear(&f);
}

static void contracts_name_their_classes_by_slot(void **state)
{
	struct fixture f;
	const struct contract_spec *c;

	(void)state;
	translate(&f, UPSTREAM);
	assert_int_equal(f.t.spec.contract_count, 1);
	c = &f.t.spec.contracts[0];
	assert_int_equal(c->class_slots,
			 1u << f.places->classes[VOICE].slot | 1u << f.places->classes[VIDEO].slot);
	assert_int_equal(c->cir_bps, 3953100);
	assert_int_equal(c->burst_bytes, 9883);
	assert_int_equal(c->account, ACCOUNT_L2);
	assert_int_equal(c->overhead_bytes, -4);
	assert_int_equal(c->exceed, EXCEED_RANDOM);
	assert_int_equal(c->max_delay_ns, 7);
	assert_int_equal(c->remark_slot, SLOT_NONE);
	assert_int_equal(c->meter, COLOUR_TRTCM);
	assert_int_equal(c->pir_bps, 4000000);
	assert_int_equal(c->excess_burst_bytes, 12345);
	assert_true(c->colour_aware && c->drop_red);
	clear(&f);
}

static void policy_wide_fields(void **state)
{
	struct fixture f;

	(void)state;
	translate(&f, UPSTREAM);
	assert_int_equal(f.t.spec.generation, 42);
	assert_false(f.t.spec.transparent);
	assert_int_equal(f.t.spec.default_slot, f.places->classes[BEST_EFFORT].slot);
	assert_int_equal(f.t.spec.trust, TRUST_DSCP);
	assert_int_equal(f.t.spec.trusted_count, 1);
	assert_int_equal(f.t.spec.trusted[0].length, 8);
	assert_int_equal(f.t.spec.trusted[0].address[0], 10);
	assert_int_equal(f.t.spec.allowed_dscp, 0x1234);
	assert_int_equal(f.t.spec.tag_pcp, TAG_PCP_ALL);
	assert_int_equal(f.t.spec.untagged, 77);
	assert_true(f.t.spec.strip);
	clear(&f);
}

static void each_direction_leaves_by_its_own_port(void **state)
{
	struct fixture f;

	(void)state;
	translate(&f, UPSTREAM);
	assert_int_equal(f.t.spec.egress.rate_bps, 50000000);
	assert_int_equal(f.t.spec.egress.account, ACCOUNT_L2);
	assert_int_equal(f.t.spec.egress.overhead_bytes, 8);
	assert_int_equal(f.t.spec.egress.max_frame_bytes, 1500 + 14 + 8);
	clear(&f);
	translate(&f, DOWNSTREAM);
	assert_int_equal(f.t.spec.egress.rate_bps, 0);
	assert_int_equal(f.t.spec.egress.account, ACCOUNT_WIRE);
	assert_int_equal(f.t.spec.egress.max_frame_bytes, 9000 + 14 + 8);
	clear(&f);
}

static void without_policy_one_class_and_no_hand_on_a_frame(void **state)
{
	struct fixture f;
	const struct policy_spec *spec = &f.t.spec;

	(void)state;
	translate(&f, DOWNSTREAM);
	assert_true(spec->transparent);
	assert_int_equal(spec->class_count, 1);
	assert_int_equal(spec->classes[0].slot, f.places->classes[BEST_EFFORT].slot);
	assert_int_equal(spec->classes[0].weight, 1);
	assert_int_equal(spec->classes[0].queue_ns, 100000000);
	assert_int_equal(spec->classes[0].queue_packets, QUEUE_PACKETS_DEFAULT);
	assert_int_equal(spec->default_slot, spec->classes[0].slot);
	assert_int_equal(spec->rule_count, 0);
	assert_int_equal(spec->contract_count, 0);
	assert_true(spec->allowed_dscp == ~UINT64_C(0));
	assert_int_equal(spec->tag_pcp, TAG_PCP_KEEP);
	assert_int_equal(spec->untagged, UNTAGGED_KEEP);
	assert_false(spec->strip);
	assert_int_equal(f.places->classes[VOICE].slot, SLOT_UNUSED);
	clear(&f);
}

static void contract_is_the_same_in_any_order_of_its_classes(void **state)
{
	struct fixture f;
	struct generation_slots *again;
	uint32_t before;

	(void)state;
	translate(&f, UPSTREAM);
	before = f.places->contracts[0].slot;
	contracts[0].classes[0] = VOICE;
	contracts[0].classes[1] = VIDEO;
	assert_int_equal(translate_names(&config, &link_, UPSTREAM, f.slots, &again), 0);
	slots_commit(f.slots);
	assert_int_equal(again->contracts[0].slot, before);
	generation_slots_free(again);
	contracts[0].class_count = 1;
	assert_int_equal(translate_names(&config, &link_, UPSTREAM, f.slots, &again), 0);
	slots_commit(f.slots);
	assert_int_not_equal(again->contracts[0].slot, before);
	generation_slots_free(again);
	contracts[0] = (struct config_contract){.classes = {VIDEO, VOICE},
						.class_count = 2,
						.cir_bps = 3953100,
						.burst_bytes = 9883,
						.remark_class = CONFIG_NONE};
	clear(&f);
}

static void shared_contract_is_shown_by_all_its_classes(void **state)
{
	char *name = translate_contract_name(&config, &contracts[0]);

	(void)state;
	assert_string_equal(name, "video+voice");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_carry_policy_and_schedule),
		cmocka_unit_test(rules_keep_order_and_fields),
		cmocka_unit_test(contracts_name_their_classes_by_slot),
		cmocka_unit_test(policy_wide_fields),
		cmocka_unit_test(each_direction_leaves_by_its_own_port),
		cmocka_unit_test(without_policy_one_class_and_no_hand_on_a_frame),
		cmocka_unit_test(contract_is_the_same_in_any_order_of_its_classes),
		cmocka_unit_test(shared_contract_is_shown_by_all_its_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
