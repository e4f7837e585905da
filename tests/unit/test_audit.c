/* SPDX-License-Identifier: BSD-3-Clause */
/* Marks on arrival that are not their class's: who is counted, and under which name. */
#include "stage_rig.h"

enum { VOICE_PORT = 50000, VIDEO_PORT = 50020, OTHER_PORT = 1 };

static struct frame_spec from(const char *source, uint16_t port, uint8_t dscp)
{
	struct frame_spec s = strchr(source, ':') ? frame_udp6(source, port, "::2", 9)
						  : frame_udp4(source, port, "10.8.0.1", 9);

	s.tos = (uint8_t)(dscp << 2 | 2);
	return s;
}

static void audit_start(struct rig *r)
{
	rig_rule(r, VOICE)->source_port = ports(VOICE_PORT, VOICE_PORT);
	rig_rule(r, VIDEO)->source_port = ports(VIDEO_PORT, VIDEO_PORT);
	rig_rule(r, SLOT_NONE)->source_port = ports(445, 445);
	rig_start(r);
}

static void audit(struct rig *r, struct frame_spec s)
{
	rig_free_burst(r);
	rig_add(r, s);
	rig_classify(r);
	audit_burst(&r->burst, r->policy, r->lane);
}

static void marks_are_held_against_the_class(void **state)
{
	static const struct {
		uint16_t port;
		uint8_t dscp;
		bool mismatch, intruder;
	} cases[] = {
		{VOICE_PORT, DSCP_EF, false, false},   {VOICE_PORT, DSCP_CS0, false, false},
		{VOICE_PORT, DSCP_AF41, true, false},  {VIDEO_PORT, DSCP_EF, true, true},
		{VIDEO_PORT, DSCP_AF41, false, false}, {OTHER_PORT, DSCP_EF, true, true},
		{OTHER_PORT, DSCP_CS0, false, false},  {OTHER_PORT, DSCP_CS6, true, false},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct rig r;

		rig_init(&r);
		audit_start(&r);
		audit(&r, from("10.1.2.3", cases[i].port, cases[i].dscp));
		audit(&r, from("2001:db8::1", cases[i].port, cases[i].dscp));
		assert_int_equal(r.lane->counters.mismatches, cases[i].mismatch ? 2 : 0);
		assert_int_equal(r.lane->counters.intruders, cases[i].intruder ? 2 : 0);
		rig_stop(&r);
	}
}

static void sources_are_named(void **state)
{
	static struct lane_counters seen;
	uint8_t first[16], second[16];
	struct rig r;

	(void)state;
	frame_address("2001:db8::1", first);
	frame_address("10.1.2.3", second);
	rig_init(&r);
	audit_start(&r);
	for (unsigned i = 0; i < 3; i++)
		audit(&r, from("2001:db8::1", OTHER_PORT, DSCP_EF));
	for (unsigned i = 0; i < 2; i++)
		audit(&r, from("10.1.2.3", OTHER_PORT, DSCP_CS6));
	lane_snapshot(r.lane, &seen);
	assert_int_equal(seen.intruder_talkers[0].family, 6);
	assert_memory_equal(seen.intruder_talkers[0].address, first, 16);
	assert_int_equal(seen.intruder_talkers[0].packets, 3);
	assert_int_equal(seen.intruder_talkers[1].family, 0);
	assert_memory_equal(seen.mismatch_talkers[0].address, first, 16);
	assert_int_equal(seen.mismatch_talkers[1].family, 4);
	assert_memory_equal(seen.mismatch_talkers[1].address, second, 16);
	assert_int_equal(seen.mismatch_talkers[1].packets, 2);
	rig_stop(&r);
}

static void what_an_acl_dropped_is_not_audited(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	audit_start(&r);
	audit(&r, from("10.1.2.3", 445, DSCP_EF));
	assert_int_equal(r.lane->counters.mismatches, 0);
	rig_stop(&r);
}

static void what_is_not_ip_has_no_mark(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	audit_start(&r);
	audit(&r, frame_arp());
	audit(&r, frame_lldp());
	audit(&r, frame_pause());
	assert_int_equal(r.lane->counters.mismatches, 0);
	rig_stop(&r);
}

static void transparent_policy_audits_nothing(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.transparent = true;
	audit_start(&r);
	audit(&r, from("10.1.2.3", OTHER_PORT, DSCP_EF));
	assert_int_equal(r.lane->counters.mismatches, 0);
	assert_int_equal(r.lane->counters.intruders, 0);
	rig_stop(&r);
}

/* Over-rate packets wear their marks, too: the pipeline audits ahead of the dropper. */
static void what_a_contract_drops_later_counts(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_contract(&r, BEST_EFFORT, EXCEED_POLICE, 8000, 1);
	audit_start(&r);
	rig_add(&r, from("10.1.2.3", OTHER_PORT, DSCP_EF));
	rig_classify(&r);
	audit_burst(&r.burst, r.policy, r.lane);
	police_burst(&r.burst, r.policy, r.lane);
	assert_int_equal(r.burst.drop[0], DROP_CONTRACT);
	assert_int_equal(r.lane->counters.intruders, 1);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_are_held_against_the_class),
		cmocka_unit_test(sources_are_named),
		cmocka_unit_test(what_an_acl_dropped_is_not_audited),
		cmocka_unit_test(what_is_not_ip_has_no_mark),
		cmocka_unit_test(transparent_policy_audits_nothing),
		cmocka_unit_test(what_a_contract_drops_later_counts),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
