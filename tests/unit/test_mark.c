/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The marker: what it changes in a frame, and that it changes nothing else. The frame
 * that should leave is described beside the one that came, and compared byte by byte.
 */
#include "stage_rig.h"

static struct frame_spec udp4(void)
{
	return frame_udp4("10.1.2.3", 50007, "10.8.0.1", 3478);
}

static struct frame_spec udp6(void)
{
	return frame_udp6("2001:db8::1", 50007, "2001:db8::2", 3478);
}

static struct frame_spec tos(struct frame_spec s, uint8_t dscp, uint8_t ecn)
{
	s.tos = (uint8_t)(dscp << 2 | ecn);
	return s;
}

/* The new tag is the innermost. */
static struct frame_spec tag(struct frame_spec s, uint16_t tpid, uint16_t tci)
{
	s.tags[s.tag_count++] = (struct frame_tag){tpid, tci};
	return s;
}

/* Voice is all that is classified; EF, PCP 5. */
static void mark_init(struct rig *r)
{
	rig_init(r);
	rig_rule(r, VOICE)->source_port = ports(50007, 50007);
}

static void mark(struct rig *r)
{
	rig_classify(r);
	mark_burst(&r->burst, r->policy, r->lane);
}

static void assert_bytes(const struct rig *r, uint32_t i, const uint8_t *want, uint32_t length)
{
	uint8_t got[FRAME_BYTES_MAX];

	assert_int_equal(r->burst.drop[i], DROP_NONE);
	assert_int_equal(r->burst.frame[i]->pkt_len, length);
	assert_int_equal(mbuf_bytes(r->burst.frame[i], got, sizeof(got)), length);
	assert_memory_equal(got, want, length);
}

/* In one segment, and cut into three at every pair of places near the header's start. */
static void assert_leaves(struct rig *r, struct frame_spec in, struct frame_spec out)
{
	uint8_t came[FRAME_BYTES_MAX], leaves[FRAME_BYTES_MAX];
	uint32_t came_bytes = frame_build(&in, came, sizeof(came));
	uint32_t leaves_bytes = frame_build(&out, leaves, sizeof(leaves));

	rig_free_burst(r);
	rig_add_mbuf(r, mbuf_exact(came, came_bytes, NULL, 0, 4));
	for (uint32_t cut = 4; cut < 34 && cut + 3 < came_bytes; cut++) {
		const uint32_t cuts[] = {cut, cut + 3};

		rig_add_mbuf(r, mbuf_exact(came, came_bytes, cuts, 2, 4));
	}
	mark(r);
	for (uint32_t i = 0; i < r->burst.count; i++)
		assert_bytes(r, i, leaves, leaves_bytes);
}

/* --- DSCP --- */

static void dscp_is_the_classs_and_ecn_stays(void **state)
{
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		for (unsigned dscp = 0; dscp < DSCP_VALUES; dscp += 9) {
			assert_leaves(&r, tos(udp4(), (uint8_t)dscp, ecn),
				      tos(udp4(), DSCP_EF, ecn));
			assert_leaves(&r, tos(udp6(), (uint8_t)dscp, ecn),
				      tos(udp6(), DSCP_EF, ecn));
		}
	}
	assert_int_equal(r.lane->counters.guarded, 0);
	rig_stop(&r);
}

static void a_class_of_dscp_0_bleaches(void **state)
{
	struct frame_spec in = udp4();
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	in.source_port = 1;
	assert_leaves(&r, tos(in, DSCP_EF, 2), tos(in, 0, 2));
	in = udp6();
	in.source_port = 1;
	assert_leaves(&r, tos(in, 63, 2), tos(in, 0, 2));
	rig_stop(&r);
}

static void options_and_tags_move_the_mark(void **state)
{
	struct frame_spec s = tag(tag(udp4(), TPID_QINQ, 5 << 13 | 1), TPID_VLAN, 2);
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	s.ipv4_option_bytes = 12;
	assert_leaves(&r, tos(s, DSCP_CS1, 1), tos(s, DSCP_EF, 1));
	rig_stop(&r);
}

/* The mark of one datagram must leave its checksum right; true where it is now 0x0000. */
static bool marked_checksum_is_zero(struct rig *r, struct frame_spec in)
{
	uint8_t bytes[128], *header = bytes + 14;
	uint32_t length = frame_build(&in, bytes, sizeof(bytes)), i;

	rig_free_burst(r);
	i = rig_add_mbuf(r, mbuf_from(bytes, length));
	mark(r);
	mbuf_bytes(r->burst.frame[i], bytes, sizeof(bytes));
	assert_int_equal(header[1] >> 2, DSCP_EF);
	assert_int_equal(frame_checksum(header, 20), 0);
	assert_false(header[10] == 0xff && header[11] == 0xff); /* RFC 1624 3 */
	return header[10] == 0 && header[11] == 0;
}

/* Every identification, so that the checksum takes every value before and after. */
static void a_right_checksum_stays_right(void **state)
{
	static const uint8_t dscps[] = {0, DSCP_CS7, 63};
	struct frame_spec in = udp4();
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	for (size_t d = 0; d < RTE_DIM(dscps); d++) {
		unsigned zeros = 0;

		in.tos = (uint8_t)(dscps[d] << 2);
		for (uint32_t id = 0; id < 65536; id++) {
			in.fragment_id = id;
			zeros += marked_checksum_is_zero(&r, in);
		}
		assert_true(zeros > 0);
	}
	rig_stop(&r);
}

/* 0xffff is the other zero of ones' complement: some senders write it. */
static void a_checksum_of_ffff_stays_right(void **state)
{
	struct frame_spec in = udp4();
	unsigned met = 0;
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	for (uint32_t id = 0; id < 65536; id++) {
		uint8_t bytes[128], *header = bytes + 14;
		uint32_t length, i;

		in.fragment_id = id;
		length = frame_build(&in, bytes, sizeof(bytes));
		if (header[10] != 0 || header[11] != 0)
			continue;
		memset(header + 10, 0xff, 2);
		assert_int_equal(frame_checksum(header, 20), 0);
		rig_free_burst(&r);
		i = rig_add_mbuf(&r, mbuf_from(bytes, length));
		mark(&r);
		mbuf_bytes(r.burst.frame[i], bytes, sizeof(bytes));
		assert_int_equal(header[1] >> 2, DSCP_EF);
		assert_int_equal(frame_checksum(header, 20), 0);
		met++;
	}
	assert_true(met > 0);
	rig_stop(&r);
}

/* Not repaired, and off by as much as before. */
static void a_wrong_checksum_stays_as_wrong(void **state)
{
	struct frame_spec in = udp4();
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	in.wrong_checksum = true;
	for (uint32_t id = 1; id < 65536; id += 997) {
		uint8_t bytes[128], *header = bytes + 14;
		uint32_t length, i;
		uint16_t off;

		in.fragment_id = id;
		length = frame_build(&in, bytes, sizeof(bytes));
		off = frame_checksum(header, 20);
		assert_int_not_equal(off, 0);
		rig_free_burst(&r);
		i = rig_add_mbuf(&r, mbuf_from(bytes, length));
		mark(&r);
		mbuf_bytes(r.burst.frame[i], bytes, sizeof(bytes));
		assert_int_equal(header[1] >> 2, DSCP_EF);
		assert_int_equal(frame_checksum(header, 20), off);
	}
	rig_stop(&r);
}

static void a_right_mark_is_left_alone(void **state)
{
	struct frame_spec s = tos(udp4(), DSCP_EF, 1);
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	s.wrong_checksum = true;
	assert_leaves(&r, s, s);
	rig_stop(&r);
}

/* Not even from the one zero of ones' complement to the other. */
static void a_right_mark_keeps_a_checksum_of_ffff(void **state)
{
	struct frame_spec in = tos(udp4(), DSCP_EF, 0);
	uint8_t bytes[128];
	uint32_t length;
	struct rig r;

	(void)state;
	mark_init(&r);
	rig_start(&r);
	do {
		in.fragment_id++;
		length = frame_build(&in, bytes, sizeof(bytes));
	} while (bytes[24] != 0 || bytes[25] != 0);
	bytes[24] = bytes[25] = 0xff;
	rig_add_mbuf(&r, mbuf_from(bytes, length));
	mark(&r);
	assert_bytes(&r, 0, bytes, length);
	rig_stop(&r);
}

static void the_guard_erases_what_the_provider_does_not_take(void **state)
{
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.allowed_dscp = ~(UINT64_C(1) << DSCP_EF);
	rig_start(&r);
	assert_leaves(&r, tag(tos(udp4(), DSCP_EF, 2), TPID_VLAN, 9),
		      tag(tos(udp4(), 0, 2), TPID_VLAN, 5 << 13 | 9)); /* the PCP stays */
	assert_int_equal(r.burst.class_slot[0], VOICE);
	assert_int_equal(r.lane->counters.guarded, r.burst.count);
	rig_stop(&r);
}

/* --- PCP --- */

static void pcp_goes_into_the_tags_that_the_policy_names(void **state)
{
	static const struct {
		enum tag_pcp which;
		uint16_t outer, inner; /* PCP 1 and 2, DEI set in both, came in */
	} cases[] = {
		{TAG_PCP_OUTER, 5 << 13 | 1 << 12 | 20, 2 << 13 | 1 << 12 | 30},
		{TAG_PCP_ALL, 5 << 13 | 1 << 12 | 20, 5 << 13 | 1 << 12 | 30},
		{TAG_PCP_KEEP, 1 << 13 | 1 << 12 | 20, 2 << 13 | 1 << 12 | 30},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct frame_spec out = tos(udp4(), DSCP_EF, 0);
		struct rig r;

		mark_init(&r);
		r.spec.tag_pcp = cases[i].which;
		rig_start(&r);
		assert_leaves(&r,
			      tag(tag(udp4(), TPID_QINQ, 1 << 13 | 1 << 12 | 20), TPID_VLAN,
				  2 << 13 | 1 << 12 | 30),
			      tag(tag(out, TPID_QINQ, cases[i].outer), TPID_VLAN, cases[i].inner));
		assert_leaves(&r, tag(udp4(), TPID_VLAN, 1 << 13 | 1 << 12 | 20),
			      tag(out, TPID_VLAN, cases[i].outer));
		rig_stop(&r);
	}
}

static void frames_that_are_not_ip_keep_their_tags(void **state)
{
	struct frame_spec pppoe = {.ether_type = 0x8864, .payload_bytes = 46};
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.tag_pcp = TAG_PCP_ALL;
	r.classes[0].pcp = 3;
	rig_start(&r);
	assert_leaves(&r, tag(pppoe, TPID_VLAN, 7 << 13 | 1), tag(pppoe, TPID_VLAN, 7 << 13 | 1));
	assert_leaves(&r, tag(frame_arp(), TPID_VLAN, 7 << 13 | 1),
		      tag(frame_arp(), TPID_VLAN, 7 << 13 | 1));
	rig_stop(&r);
}

/* --- tags --- */

static void untagged_frames_get_a_tag(void **state)
{
	static const int16_t vids[] = {UNTAGGED_PRIORITY_TAG, 1, 4094};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(vids); i++) {
		struct frame_spec v6 = tos(udp6(), DSCP_EF, 3), other = udp4();
		struct rig r;

		mark_init(&r);
		r.spec.untagged = vids[i];
		r.classes[0].pcp = 2;
		other.source_port = 1;
		rig_start(&r);
		assert_leaves(
			&r, udp4(),
			tag(tos(udp4(), DSCP_EF, 0), TPID_VLAN, (uint16_t)(5 << 13 | vids[i])));
		assert_leaves(&r, tos(udp6(), 1, 3),
			      tag(v6, TPID_VLAN, (uint16_t)(5 << 13 | vids[i])));
		assert_leaves(&r, other, tag(other, TPID_VLAN, (uint16_t)(2 << 13 | vids[i])));
		rig_stop(&r);
	}
}

/* Whatever the PCP's rule for tags that were there. */
static void an_inserted_tag_has_the_pcp_of_its_class(void **state)
{
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	r.spec.tag_pcp = TAG_PCP_KEEP;
	rig_start(&r);
	assert_leaves(&r, udp4(), tag(tos(udp4(), DSCP_EF, 0), TPID_VLAN, 5 << 13 | 10));
	rig_stop(&r);
}

static void tagged_frames_get_no_second_tag(void **state)
{
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	rig_start(&r);
	assert_leaves(&r, tag(udp4(), TPID_VLAN, 0),
		      tag(tos(udp4(), DSCP_EF, 0), TPID_VLAN, 5 << 13));
	rig_stop(&r);
}

static void inserted_tags_of_other_frames_have_the_default_pcp(void **state)
{
	struct frame_spec pppoe = {.ether_type = 0x8864, .payload_bytes = 46};
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	r.classes[0].pcp = 3;
	rig_start(&r);
	assert_leaves(&r, pppoe, tag(pppoe, TPID_VLAN, 3 << 13 | 10));
	assert_leaves(&r, frame_arp(), tag(frame_arp(), TPID_VLAN, 3 << 13 | 10));
	rig_stop(&r);
}

static void strip_removes_the_outermost_tag(void **state)
{
	struct frame_spec pppoe = {.ether_type = 0x8864, .payload_bytes = 46};
	struct frame_spec marked = tos(udp4(), DSCP_EF, 0);
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.strip = true;
	rig_start(&r);
	assert_leaves(&r, tag(udp4(), TPID_VLAN, 1 << 13 | 20), marked);
	assert_leaves(&r, tag(tag(udp4(), TPID_QINQ, 20), TPID_VLAN, 1 << 13 | 30),
		      tag(marked, TPID_VLAN, 5 << 13 | 30)); /* the inner is the outer now */
	assert_leaves(&r, udp4(), marked);
	assert_leaves(&r, tag(pppoe, TPID_VLAN, 1), pppoe);
	rig_stop(&r);
}

static void strip_with_pcp_of_all_tags(void **state)
{
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.strip = true;
	r.spec.tag_pcp = TAG_PCP_ALL;
	rig_start(&r);
	assert_leaves(&r, tag(tag(udp4(), TPID_QINQ, 20), TPID_VLAN, 30),
		      tag(tos(udp4(), DSCP_EF, 0), TPID_VLAN, 5 << 13 | 30));
	rig_stop(&r);
}

static void link_local_frames_are_never_touched(void **state)
{
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	r.spec.strip = true;
	rig_start(&r);
	assert_leaves(&r, frame_lldp(), frame_lldp());
	assert_leaves(&r, tag(frame_lldp(), TPID_VLAN, 9), tag(frame_lldp(), TPID_VLAN, 9));
	rig_stop(&r);
}

static void a_runt_gets_no_tag(void **state)
{
	static const uint8_t runt[13] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x08};
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	rig_start(&r);
	rig_add_mbuf(&r, mbuf_exact(runt, sizeof(runt), NULL, 0, 4));
	mark(&r);
	assert_bytes(&r, 0, runt, sizeof(runt));
	rig_stop(&r);
}

/* A frame whose tag is cut is untagged: it gets a whole one ahead. */
static void a_cut_tag_is_none(void **state)
{
	static const uint8_t in[16] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0x20, 1};
	static const uint8_t out[20] = {2, 0, 0,    0, 0, 2,  2,    0, 0,    0,
					0, 1, 0x81, 0, 0, 10, 0x81, 0, 0x20, 1};
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	rig_start(&r);
	rig_add_mbuf(&r, mbuf_exact(in, sizeof(in), NULL, 0, 4));
	mark(&r);
	assert_bytes(&r, 0, out, sizeof(out));
	rig_stop(&r);
}

static void without_headroom_the_frame_is_dropped(void **state)
{
	struct frame_spec s = udp4();
	uint8_t bytes[128];
	uint32_t length = frame_build(&s, bytes, sizeof(bytes));
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	rig_start(&r);
	for (uint32_t headroom = 0; headroom <= 4; headroom++)
		rig_add_mbuf(&r, mbuf_exact(bytes, length, NULL, 0, headroom));
	mark(&r);
	for (uint32_t i = 0; i <= 4; i++)
		assert_int_equal(r.burst.drop[i], i < 4 ? DROP_NO_ROOM : DROP_NONE);
	rig_stop(&r);
}

static void dropped_frames_are_not_marked(void **state)
{
	struct frame_spec s = udp4();
	uint8_t bytes[128];
	uint32_t length = frame_build(&s, bytes, sizeof(bytes));
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.untagged = 10;
	rig_start(&r);
	rig_add_mbuf(&r, mbuf_from(bytes, length));
	rig_classify(&r);
	r.burst.drop[0] = DROP_CONTRACT;
	mark_burst(&r.burst, r.policy, r.lane);
	assert_int_equal(r.burst.drop[0], DROP_CONTRACT);
	r.burst.drop[0] = DROP_NONE;
	assert_bytes(&r, 0, bytes, length);
	rig_stop(&r);
}

static void transparent_policy_changes_nothing(void **state)
{
	struct frame_spec s = tos(udp4(), DSCP_AF11, 1), t = tag(s, TPID_VLAN, 7 << 13 | 3);
	struct rig r;

	(void)state;
	mark_init(&r);
	r.spec.transparent = true;
	r.spec.untagged = 10;
	r.spec.strip = true;
	r.spec.allowed_dscp = 1;
	rig_start(&r);
	assert_leaves(&r, s, s);
	assert_leaves(&r, t, t);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dscp_is_the_classs_and_ecn_stays),
		cmocka_unit_test(a_class_of_dscp_0_bleaches),
		cmocka_unit_test(options_and_tags_move_the_mark),
		cmocka_unit_test(a_right_checksum_stays_right),
		cmocka_unit_test(a_checksum_of_ffff_stays_right),
		cmocka_unit_test(a_wrong_checksum_stays_as_wrong),
		cmocka_unit_test(a_right_mark_is_left_alone),
		cmocka_unit_test(a_right_mark_keeps_a_checksum_of_ffff),
		cmocka_unit_test(the_guard_erases_what_the_provider_does_not_take),
		cmocka_unit_test(pcp_goes_into_the_tags_that_the_policy_names),
		cmocka_unit_test(frames_that_are_not_ip_keep_their_tags),
		cmocka_unit_test(untagged_frames_get_a_tag),
		cmocka_unit_test(an_inserted_tag_has_the_pcp_of_its_class),
		cmocka_unit_test(tagged_frames_get_no_second_tag),
		cmocka_unit_test(inserted_tags_of_other_frames_have_the_default_pcp),
		cmocka_unit_test(strip_removes_the_outermost_tag),
		cmocka_unit_test(strip_with_pcp_of_all_tags),
		cmocka_unit_test(link_local_frames_are_never_touched),
		cmocka_unit_test(a_runt_gets_no_tag),
		cmocka_unit_test(a_cut_tag_is_none),
		cmocka_unit_test(without_headroom_the_frame_is_dropped),
		cmocka_unit_test(dropped_frames_are_not_marked),
		cmocka_unit_test(transparent_policy_changes_nothing),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
