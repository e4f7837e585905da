/* SPDX-License-Identifier: BSD-3-Clause */
/* From a spec to a snapshot: what is refused, what is derived, what is shared. */
#include "stage_rig.h"

#include <errno.h>

static int build(const struct rig *r)
{
	struct policy *p = NULL;
	int rc = policy_build(&r->spec, NULL, &p);

	assert_int_equal(rc == 0, p != NULL);
	policy_free(p);
	return rc;
}

/* Each breaks a right spec in one place; the rig has a rule and a contract. */
static void no_classes(struct rig *r)
{
	r->spec.class_count = 0;
}

static void too_many_classes(struct rig *r)
{
	static struct class_spec classes[CLASSES_MAX + 1];

	for (uint8_t slot = 0; slot <= CLASSES_MAX; slot++)
		classes[slot] = rig_class(slot, 0, 0);
	r->spec.classes = classes;
	r->spec.class_count = CLASSES_MAX + 1;
}

static void a_class_in_link_controls_slot(struct rig *r)
{
	r->classes[3].slot = SLOT_LINK_CONTROL;
}

static void two_classes_in_one_slot(struct rig *r)
{
	r->classes[3].slot = VOICE;
}

static void a_dscp_of_7_bits(struct rig *r)
{
	r->classes[3].dscp = 64;
}

static void a_pcp_of_4_bits(struct rig *r)
{
	r->classes[3].pcp = 8;
}

static void a_default_class_that_is_missing(struct rig *r)
{
	r->spec.default_slot = 1;
}

static void a_default_slot_out_of_range(struct rig *r)
{
	r->spec.default_slot = CLASS_SLOTS;
}

static void a_class_without_weight(struct rig *r)
{
	r->classes[3].weight = 0;
}

static void a_class_without_a_queue(struct rig *r)
{
	r->classes[3].queue_packets = 0;
}

static void a_rule_for_a_missing_class(struct rig *r)
{
	r->rules[0].class_slot = 1;
}

static void a_rule_slot_out_of_range(struct rig *r)
{
	r->rules[0].slot = RULE_SLOTS;
}

static void too_many_rules(struct rig *r)
{
	r->spec.rule_count = RULES_MAX + 1;
}

static void a_contract_slot_out_of_range(struct rig *r)
{
	r->contracts[0].slot = CONTRACT_SLOTS;
}

static void a_contract_without_a_rate(struct rig *r)
{
	r->contracts[0].cir_bps = 0;
}

static void a_contract_above_400_gbps(struct rig *r)
{
	r->contracts[0].cir_bps = RATE_BPS_MAX + 1;
}

static void a_contract_without_a_burst(struct rig *r)
{
	r->contracts[0].burst_bytes = 0;
}

static void a_burst_above_500_mb(struct rig *r)
{
	r->contracts[0].burst_bytes = BURST_BYTES_MAX + 1;
}

static void a_contract_for_a_missing_class(struct rig *r)
{
	r->contracts[0].class_slots = 1;
}

static void a_contract_for_link_control(struct rig *r)
{
	r->contracts[0].class_slots = UINT32_C(1) << SLOT_LINK_CONTROL;
}

static void a_remark_to_a_missing_class(struct rig *r)
{
	r->contracts[0].exceed = EXCEED_REMARK;
	r->contracts[0].remark_slot = 1;
}

static void colour_it(struct rig *r)
{
	r->contracts[0].class_slots = 1u << VIDEO;
	r->contracts[0].exceed = EXCEED_COLOUR;
	r->contracts[0].meter = COLOUR_TRTCM;
	r->contracts[0].pir_bps = r->contracts[0].cir_bps;
	assert_int_equal(build(r), 0);
}

static void colours_of_a_class_that_has_none(struct rig *r)
{
	colour_it(r);
	r->contracts[0].class_slots = 1u << VOICE;
}

static void a_peak_rate_below_the_committed_one(struct rig *r)
{
	colour_it(r);
	r->contracts[0].pir_bps--;
}

static void a_peak_rate_above_400_gbps(struct rig *r)
{
	colour_it(r);
	r->contracts[0].pir_bps = RATE_BPS_MAX + 1;
}

static void an_excess_burst_above_500_mb(struct rig *r)
{
	colour_it(r);
	r->contracts[0].excess_burst_bytes = BURST_BYTES_MAX + 1;
}

static void an_unknown_meter(struct rig *r)
{
	colour_it(r);
	r->contracts[0].meter = (enum colour_meter)(COLOUR_TRTCM + 1);
}

static void a_class_under_two_contracts(struct rig *r)
{
	rig_contract(r, VOICE, EXCEED_POLICE, 8000, 100);
}

static void two_contracts_in_one_slot(struct rig *r)
{
	rig_contract(r, VIDEO, EXCEED_POLICE, 8000, 100)->slot = 0;
}

static void a_vid_above_4094(struct rig *r)
{
	r->spec.untagged = 4095;
}

static void an_untagged_below_keep(struct rig *r)
{
	r->spec.untagged = -2;
}

static void too_many_trusted_prefixes(struct rig *r)
{
	r->spec.trusted_count = TRUSTED_PREFIXES_MAX + 1;
}

static void small_spec(struct rig *r)
{
	rig_init(r);
	rig_rule(r, VOICE)->source_port = ports(1, 2);
	rig_contract(r, VOICE, EXCEED_RANDOM, 3953100, 9882);
}

static void contradictions_are_refused(void **state)
{
#define CASE(f)                                                                                    \
	{                                                                                          \
#f, f                                                                              \
	}
	static const struct {
		const char *name;
		void (*break_it)(struct rig *r);
	} cases[] = {
		CASE(no_classes),
		CASE(too_many_classes),
		CASE(a_class_in_link_controls_slot),
		CASE(two_classes_in_one_slot),
		CASE(a_dscp_of_7_bits),
		CASE(a_pcp_of_4_bits),
		CASE(a_default_class_that_is_missing),
		CASE(a_default_slot_out_of_range),
		CASE(a_class_without_weight),
		CASE(a_class_without_a_queue),
		CASE(a_rule_for_a_missing_class),
		CASE(a_rule_slot_out_of_range),
		CASE(too_many_rules),
		CASE(a_contract_slot_out_of_range),
		CASE(a_contract_without_a_rate),
		CASE(a_contract_above_400_gbps),
		CASE(a_contract_without_a_burst),
		CASE(a_burst_above_500_mb),
		CASE(a_contract_for_a_missing_class),
		CASE(a_contract_for_link_control),
		CASE(a_remark_to_a_missing_class),
		CASE(colours_of_a_class_that_has_none),
		CASE(a_peak_rate_below_the_committed_one),
		CASE(a_peak_rate_above_400_gbps),
		CASE(an_excess_burst_above_500_mb),
		CASE(an_unknown_meter),
		CASE(a_class_under_two_contracts),
		CASE(two_contracts_in_one_slot),
		CASE(a_vid_above_4094),
		CASE(an_untagged_below_keep),
		CASE(too_many_trusted_prefixes),
	};
#undef CASE

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct rig r;

		small_spec(&r);
		assert_int_equal(build(&r), 0);
		cases[i].break_it(&r);
		if (build(&r) != -EINVAL)
			fail_msg("%s is not refused", cases[i].name);
	}
}

static void every_exceed_is_known_and_no_other(void **state)
{
	struct rig r;

	(void)state;
	for (int exceed = EXCEED_POLICE; exceed <= EXCEED_COLOUR + 1; exceed++) {
		small_spec(&r);
		r.contracts[0].exceed = (enum exceed)exceed;
		r.contracts[0].remark_slot = BULK;
		r.contracts[0].class_slots = 1u << VIDEO;
		assert_int_equal(build(&r), exceed > EXCEED_COLOUR ? -EINVAL : 0);
	}
}

static void the_ends_of_the_ranges_are_allowed(void **state)
{
	struct rig r;

	(void)state;
	small_spec(&r);
	r.contracts[0].cir_bps = RATE_BPS_MAX;
	r.contracts[0].burst_bytes = BURST_BYTES_MAX;
	r.spec.untagged = VLAN_VID_MAX;
	r.spec.trusted_count = TRUSTED_PREFIXES_MAX;
	r.rules[0].slot = RULE_SLOTS - 1;
	r.classes[3].slot = SLOT_LINK_CONTROL - 1;
	r.classes[3].dscp = 63;
	r.classes[3].pcp = 7;
	assert_int_equal(build(&r), 0);
	r.contracts[0].cir_bps = r.contracts[0].burst_bytes = 1;
	r.spec.untagged = UNTAGGED_KEEP;
	assert_int_equal(build(&r), 0);
}

static void marks_and_contracts_lie_by_class(void **state)
{
	struct policy *p;
	struct rig r;

	(void)state;
	small_spec(&r);
	r.contracts[0].class_slots |= 1u << VIDEO;
	r.spec.allowed_dscp = UINT64_C(1) << DSCP_EF | 1;
	rig_contract(&r, BULK, EXCEED_SHAPE, 8000, 100);
	assert_int_equal(policy_build(&r.spec, NULL, &p), 0);
	assert_int_equal(p->classes[VOICE].dscp_written[COLOUR_GREEN], DSCP_EF);
	assert_int_equal(p->classes[VIDEO].dscp, DSCP_AF41);
	assert_int_equal(p->classes[VIDEO].dscp_written[COLOUR_GREEN], 0); /* the guard */
	assert_int_equal(p->classes[VIDEO].pcp, 4);
	assert_int_equal(p->classes[VOICE].contract, 0);
	assert_int_equal(p->classes[VIDEO].contract, 0);
	assert_int_equal(p->classes[BULK].contract, 1);
	assert_int_equal(p->classes[BEST_EFFORT].contract, SLOT_NONE);
	assert_int_equal(p->policed, 1); /* a shape is not policed */
	policy_free(p);
}

/* Of classes that wear the same mark the first one stands for it. */
static void incoming_marks_stand_for_the_first_class_that_wears_them(void **state)
{
	struct policy *p;
	struct rig r;

	(void)state;
	small_spec(&r);
	r.classes[3].dscp = DSCP_EF;
	r.classes[3].pcp = 5;
	r.spec.default_slot = VIDEO;
	assert_int_equal(policy_build(&r.spec, NULL, &p), 0);
	assert_int_equal(p->by_dscp[DSCP_EF], VOICE);
	assert_int_equal(p->by_pcp[5], VOICE);
	assert_int_equal(p->by_dscp[0], BEST_EFFORT);
	assert_int_equal(p->by_dscp[DSCP_CS6], VIDEO); /* nobody's: the default */
	assert_int_equal(p->by_pcp[7], VIDEO);
	policy_free(p);
}

static void equal_rules_share_the_classifier(void **state)
{
	struct policy *first, *second, *third;
	struct rig r;

	(void)state;
	small_spec(&r);
	assert_int_equal(policy_build(&r.spec, NULL, &first), 0);
	r.contracts[0].cir_bps *= 2;
	r.spec.generation = 2;
	assert_int_equal(policy_build(&r.spec, first, &second), 0);
	assert_true(policy_shares_classifier(first, second));
	assert_int_equal(policy_generation(second), 2);
	r.rules[0].source_port.high++;
	assert_int_equal(policy_build(&r.spec, second, &third), 0);
	assert_false(policy_shares_classifier(second, third));
	policy_free(first); /* the second still holds it */
	assert_int_equal(second->classifier->references, 1);
	assert_int_equal(second->classifier->by_source_port[1], 0);
	policy_free(second);
	policy_free(third);
}

/* A refused spec with the same rules takes no reference with it. */
static void a_refused_policy_leaves_the_classifier_alone(void **state)
{
	struct policy *first, *second = NULL;
	struct rig r;

	(void)state;
	small_spec(&r);
	assert_int_equal(policy_build(&r.spec, NULL, &first), 0);
	r.contracts[0].cir_bps = 0;
	assert_int_equal(policy_build(&r.spec, first, &second), -EINVAL);
	assert_null(second);
	assert_int_equal(first->classifier->references, 1);
	policy_free(first);
	policy_free(NULL);
}

static void queue_limits_are_shown(void **state)
{
	struct policy *p;
	struct rig r;

	(void)state;
	small_spec(&r);
	r.classes[1].queue_packets = 77;
	r.classes[1].rate_bps = 800000;
	r.classes[1].queue_ns = 100000000; /* 10,000 bytes */
	r.spec.egress.rate_bps = 8000000;
	assert_int_equal(policy_build(&r.spec, NULL, &p), 0);
	assert_int_equal(policy_queue_limit_packets(p, VOICE), 77);
	assert_int_equal(policy_queue_limit_bytes(p, VOICE), 10000);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(every_exceed_is_known_and_no_other),
		cmocka_unit_test(the_ends_of_the_ranges_are_allowed),
		cmocka_unit_test(marks_and_contracts_lie_by_class),
		cmocka_unit_test(incoming_marks_stand_for_the_first_class_that_wears_them),
		cmocka_unit_test(equal_rules_share_the_classifier),
		cmocka_unit_test(a_refused_policy_leaves_the_classifier_alone),
		cmocka_unit_test(queue_limits_are_shown),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
