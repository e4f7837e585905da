/* SPDX-License-Identifier: BSD-3-Clause */
/* What counts as the length of a frame, and what tags do to it. */
#include "stage_rig.h"

#include "accounting.h"

/* 160 bytes of G.711 (20 ms) + RTP 12 + UDP 8 + IP 20 = 200; 50 packets a second. */
static struct frame_spec g711(void)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 50007, "52.112.0.1", 3478);

	s.payload_bytes = 172;
	return s;
}

static void lengths_by_what_counts(void **state)
{
	static const struct {
		enum account account;
		int32_t overhead;
		uint32_t ip, frame, want;
	} cases[] = {
		{ACCOUNT_IP, 0, 200, 214, 200},	      {ACCOUNT_L2, 0, 200, 214, 214},
		{ACCOUNT_WIRE, 0, 200, 214, 238},     {ACCOUNT_IP, 18, 200, 214, 218},
		{ACCOUNT_L2, -14, 200, 214, 200},     {ACCOUNT_WIRE, -24, 200, 214, 214},
		{ACCOUNT_WIRE, 0, 28, 42, 84}, /* padded to 64 with its FCS */
		{ACCOUNT_WIRE, 0, 46, 60, 84},	      {ACCOUNT_WIRE, 0, 47, 61, 85},
		{ACCOUNT_L2, 0, 28, 42, 42},	      {ACCOUNT_IP, -200, 200, 214, 0},
		{ACCOUNT_IP, -201, 200, 214, 0}, /* never below 0 */
		{ACCOUNT_IP, INT32_MIN, 200, 214, 0},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		assert_int_equal(accounted_bytes(cases[i].account, cases[i].overhead, cases[i].ip,
						 cases[i].frame),
				 cases[i].want);
}

static uint32_t contract_length(struct frame_spec s, enum account account, int32_t overhead,
				int16_t untagged, bool strip)
{
	struct contract_spec *c;
	struct rig r;
	uint32_t bytes;

	rig_init(&r);
	r.spec.untagged = untagged;
	r.spec.strip = strip;
	c = rig_contract(&r, BEST_EFFORT, EXCEED_COUNT, 8000, 3000);
	c->account = account;
	c->overhead_bytes = overhead;
	rig_start(&r);
	rig_add(&r, s);
	rig_classify(&r);
	bytes = contract_bytes(&r.policy->contracts[c->slot], r.policy, &r.burst, 0);
	rig_stop(&r);
	return bytes;
}

static uint32_t kbps_tenths(uint32_t bytes)
{
	return bytes * 8 * 50 / 100;
}

static void a_g711_call_is_80_kbps_by_ip_and_95_2_on_the_wire(void **state)
{
	(void)state;
	assert_int_equal(kbps_tenths(contract_length(g711(), ACCOUNT_IP, 0, -1, false)), 800);
	assert_int_equal(kbps_tenths(contract_length(g711(), ACCOUNT_WIRE, 0, -1, false)), 952);
	assert_int_equal(kbps_tenths(contract_length(g711(), ACCOUNT_WIRE, 0, 10, false)), 968);
}

static void the_frame_counts_as_it_will_leave(void **state)
{
	struct frame_spec untagged = g711(), tagged = g711(), qinq = g711();

	(void)state;
	tagged.tag_count = 1;
	tagged.tags[0] = (struct frame_tag){TPID_VLAN, 10};
	qinq.tag_count = 2;
	qinq.tags[0] = (struct frame_tag){TPID_QINQ, 10};
	qinq.tags[1] = (struct frame_tag){TPID_VLAN, 11};

	const struct {
		const struct frame_spec *spec;
		int16_t untagged;
		bool strip;
		uint32_t l2;
	} cases[] = {
		{&untagged, UNTAGGED_KEEP, false, 214},
		{&untagged, UNTAGGED_PRIORITY_TAG, false, 218},
		{&untagged, 10, false, 218},
		{&untagged, UNTAGGED_KEEP, true, 214},
		{&tagged, UNTAGGED_KEEP, false, 218},
		{&tagged, 10, false, 218},
		{&tagged, UNTAGGED_KEEP, true, 214},
		{&qinq, UNTAGGED_KEEP, false, 222},
		{&qinq, UNTAGGED_KEEP, true, 218},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		assert_int_equal(contract_length(*cases[i].spec, ACCOUNT_L2, 0, cases[i].untagged,
						 cases[i].strip),
				 cases[i].l2);
		assert_int_equal(contract_length(*cases[i].spec, ACCOUNT_WIRE, 3, cases[i].untagged,
						 cases[i].strip),
				 cases[i].l2 + 27);
		assert_int_equal(contract_length(*cases[i].spec, ACCOUNT_IP, 0, cases[i].untagged,
						 cases[i].strip),
				 200);
	}
}

static void ip_length_leaves_ethernet_padding_out(void **state)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 1, "10.1.2.4", 2);

	(void)state;
	s.payload_bytes = 0;
	s.trailer_bytes = 18;
	assert_int_equal(contract_length(s, ACCOUNT_IP, 0, -1, false), 28);
	assert_int_equal(contract_length(s, ACCOUNT_L2, 0, -1, false), 60);
}

/* Link control keeps its tags, runts have no place for one. */
static void tags_that_are_not_ours_change_no_length(void **state)
{
	struct frame_spec lldp = frame_lldp();
	struct rig r;

	(void)state;
	rig_init(&r);
	r.spec.untagged = 10;
	r.spec.strip = true;
	rig_start(&r);
	rig_add(&r, lldp);
	lldp.tag_count = 1;
	lldp.tags[0] = (struct frame_tag){TPID_VLAN, 1};
	rig_add(&r, lldp);
	rig_add_mbuf(&r, mbuf_from((const uint8_t[13]){0}, 13));
	rig_add(&r, frame_arp()); /* ARP is no link-local frame */
	rig_classify(&r);
	assert_int_equal(egress_bytes(r.policy, &r.burst, 0), 60);
	assert_int_equal(egress_bytes(r.policy, &r.burst, 1), 64);
	assert_int_equal(egress_bytes(r.policy, &r.burst, 2), 13);
	assert_int_equal(egress_bytes(r.policy, &r.burst, 3), 64);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_by_what_counts),
		cmocka_unit_test(a_g711_call_is_80_kbps_by_ip_and_95_2_on_the_wire),
		cmocka_unit_test(the_frame_counts_as_it_will_leave),
		cmocka_unit_test(ip_length_leaves_ethernet_padding_out),
		cmocka_unit_test(tags_that_are_not_ours_change_no_length),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
