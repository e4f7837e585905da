/* SPDX-License-Identifier: BSD-3-Clause */
/* The call table: who gets an entry, and what is in it. */
#include "calls_rig.h"

/* --- who gets an entry ------------------------------------------------------------------ */

static void calls_are_known_by_all_of_their_key(void **state)
{
	const uint8_t rtp[12] = {0x80};
	struct frame_spec s[] = {
		frame_udp4("10.0.0.1", 50007, "52.112.0.1", 3478),
		frame_udp4("10.0.0.2", 50007, "52.112.0.1", 3478),
		frame_udp4("10.0.0.1", 50008, "52.112.0.1", 3478),
		frame_udp4("10.0.0.1", 50007, "52.112.0.2", 3478),
		frame_udp4("10.0.0.1", 50007, "52.112.0.1", 3479),
		frame_udp6("2001:db8::1", 50007, "2001:db8::2", 3478),
		frame_udp6("2001:db8::1", 50007, "2001:db8::1:2", 3478),
		frame_udp6("2001:db8:0:1::1", 50007, "2001:db8::2", 3478),
	};
	struct rig r;
	struct call calls[16];

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	for (size_t i = 0; i < RTE_DIM(s); i++) {
		uint16_t index = call_of(&r, &s[i], rtp, sizeof(rtp));

		assert_int_equal(entry(&r, index)->packets, 1);
		assert_int_equal(call_of(&r, &s[i], rtp, sizeof(rtp)), index);
		assert_int_equal(entry(&r, index)->packets, 2);
		assert_memory_equal(entry(&r, index)->key.source, s[i].source, 16);
		assert_memory_equal(entry(&r, index)->key.destination, s[i].destination, 16);
		assert_int_equal(entry(&r, index)->key.source_port, s[i].source_port);
		assert_int_equal(entry(&r, index)->key.destination_port, s[i].destination_port);
		assert_int_equal(entry(&r, index)->key.family, s[i].family);
	}
	assert_int_equal(copy_all(&r, calls, 16), RTE_DIM(s));
	rig_stop(&r);
}

static void only_udp_of_classes_with_calls(void **state)
{
	const uint8_t rtp[12] = {0x80};
	struct frame_spec voice = voice_of("10.0.0.1"), tcp, data, later, first;
	struct rig r;

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	tcp = frame_tcp4("10.0.0.1", 50007, "52.112.0.1", 3478);
	data = frame_udp4("10.0.0.1", 40000, "52.112.0.1", 3478);
	first = later = voice;
	first.more_fragments = true;
	later.fragment_offset = 100;
	assert_int_equal(call_of(&r, &tcp, rtp, 0), CALL_NONE);
	assert_int_equal(call_of(&r, &data, rtp, 12), CALL_NONE);
	assert_int_not_equal(call_of(&r, &first, rtp, 12), CALL_NONE);
	assert_int_equal(call_of(&r, &later, rtp, 0), CALL_NONE);
	assert_int_equal(r.burst.class_slot[0], VOICE);
	assert_int_equal(r.lane->calls->begun, 1);
	rig_stop(&r);
}

static void without_such_a_class_there_is_no_table(void **state)
{
	struct frame_spec voice = voice_of("10.0.0.1");
	uint32_t from = 0;
	struct rig r;

	(void)state;
	voice_rig(&r);
	r.classes[1].calls = false;
	rig_start(&r);
	assert_null(r.lane->calls);
	assert_int_equal(call_of(&r, &voice, NULL, 0), CALL_NONE);
	assert_int_equal(lane_calls_copy(r.lane, &from, NULL, 0), 0);
	assert_int_equal(from, CALL_ENTRIES);
	r.classes[1].calls = true; /* by a reload */
	rig_adopt(&r);
	assert_int_not_equal(call_of(&r, &voice, NULL, 0), CALL_NONE);
	rig_stop(&r);
}

static void what_is_no_media_is_no_call(void **state)
{
	static const uint8_t rtcp[] = {0x80, 200, 0, 6}, dtls[] = {22, 254, 253},
			     stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42},
			     channel_rtcp[] = {0x40, 0, 0, 8, 0x81, 201},
			     channel_rtp[16] = {0x40, 0, 0, 12, 0x80, 0, 0, 5}, other[] = {0xff};
	struct frame_spec s = voice_of("10.0.0.1"), empty = s;
	struct rig r;

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	empty.payload_bytes = 0;
	assert_int_equal(call_of(&r, &s, rtcp, sizeof(rtcp)), CALL_NONE);
	assert_int_equal(call_of(&r, &s, dtls, sizeof(dtls)), CALL_NONE);
	assert_int_equal(call_of(&r, &s, stun, sizeof(stun)), CALL_NONE);
	assert_int_equal(call_of(&r, &s, channel_rtcp, sizeof(channel_rtcp)), CALL_NONE);
	assert_int_equal(call_of(&r, &empty, NULL, 0), CALL_NONE);
	assert_int_equal(r.lane->calls->begun, 0);
	assert_int_equal(entry(&r, call_of(&r, &s, other, 1))->rtp.rtp_packets, 0);
	assert_int_equal(entry(&r, call_of(&r, &s, channel_rtp, 16))->rtp.rtp_packets, 1);
	assert_int_equal(r.lane->calls->begun, 1);
	rig_stop(&r);
}

/* The RTP header is found behind options, tags and extension headers, also in pieces. */
static void headers_of_any_length(void **state)
{
	struct frame_spec specs[4] = {voice_of("10.0.0.1"), voice_of("10.0.0.2"),
				      frame_udp6("2001:db8::1", 50007, "2001:db8::2", 3478),
				      frame_udp6("2001:db8::3", 50007, "2001:db8::2", 3478)};
	struct rig r;

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	specs[1].ipv4_option_bytes = 40;
	specs[1].tag_count = 2;
	specs[1].tags[0] = (struct frame_tag){TPID_QINQ, 10};
	specs[1].tags[1] = (struct frame_tag){TPID_VLAN, 11};
	specs[3].extension_count = 3;
	specs[3].extensions[0] = (struct frame_extension){EXTENSION_HOP_BY_HOP, 264};
	specs[3].extensions[1] = (struct frame_extension){EXTENSION_DESTINATION, 16};
	specs[3].extensions[2] = (struct frame_extension){EXTENSION_AH, 28};
	for (unsigned i = 0; i < 4; i++) {
		uint8_t bytes[FRAME_BYTES_MAX], header[12];
		uint32_t cuts[TEST_SEGMENTS_MAX], length, cut;

		specs[i].payload_bytes = 20;
		put_rtp(header, 77, 160);
		assert_int_equal(entry(&r, call_of(&r, &specs[i], header, 12))->rtp.max_seq, 77);
		put_rtp(header, 78, 320);
		rig_free_burst(&r);
		length = frame_build(&specs[i], bytes, sizeof(bytes));
		memcpy(bytes + frame_transport_offset(&specs[i]) + 8, header, 12);
		for (cut = 0; cut < TEST_SEGMENTS_MAX && cut + 1 < length; cut++)
			cuts[cut] = cut + 1;
		rig_add_mbuf(&r, mbuf_exact(bytes, length, cuts, cut, 0));
		rig_classify(&r);
		calls_burst(&r.burst, r.policy, r.lane);
		assert_int_equal(entry(&r, r.burst.call[0])->rtp.max_seq, 78);
		assert_int_equal(entry(&r, r.burst.call[0])->packets, 2);
	}
	rig_stop(&r);
}

/* --- what is in it ----------------------------------------------------------------------- */

static void arrivals_are_counted(void **state)
{
	struct frame_spec s = voice_of("10.0.0.1");
	struct call c;
	struct rig r;

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	for (uint16_t seq = 0; seq < 100; seq++, r.now_ns += 20 * MS) {
		if (seq % 10 != 5)
			add_rtp(&r, &s, seq);
		run(&r);
	}
	assert_int_equal(copy_all(&r, &c, 1), 1);
	assert_int_equal(c.packets, 90);
	assert_int_equal(c.bytes, 90 * FRAME_IP_BYTES);
	assert_int_equal(c.first_ns, 1000 * MS);
	assert_int_equal(c.last_ns, 1000 * MS + 99 * 20 * MS);
	assert_int_equal(rtp_lost(&c.rtp), 10);
	assert_int_equal(c.dropped, 0);
	assert_int_equal(c.longest_gap_ns, 0); /* no drop of ours */
	assert_int_equal(c.class_slot, VOICE);
	assert_int_equal(c.class_epoch, 1);
	assert_false(c.placed);
	rig_stop(&r);
}

/* A bucket of one packet, filled in 50 ms, for one each 20. */
static void drops_runs_and_gaps(void **state)
{
	struct frame_spec s = voice_of("10.0.0.1");
	uint64_t dropped = 0, run_now = 0, longest = 0, passed_ns = 0, gap_ns = 0;
	struct lane_counters before, after;
	struct rig r;
	struct call c;

	(void)state;
	voice_rig(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, 32000, FRAME_IP_BYTES);
	rig_start(&r);
	for (uint16_t seq = 0; seq < 500; seq++, r.now_ns += 20 * MS) {
		lane_snapshot(r.lane, &before);
		add_rtp(&r, &s, seq);
		run(&r);
		lane_snapshot(r.lane, &after);
		if (after.dropped.packets > before.dropped.packets) {
			dropped++;
			run_now++;
			longest = RTE_MAX(longest, run_now);
			continue;
		}
		if (run_now > 0)
			gap_ns = RTE_MAX(gap_ns, r.now_ns - passed_ns);
		run_now = 0;
		passed_ns = r.now_ns;
	}
	assert_int_equal(copy_all(&r, &c, 1), 1);
	assert_int_equal(dropped, 333); /* a bucket of one packet saves nothing for the next */
	assert_int_equal(longest, 2);
	assert_int_equal(c.dropped, dropped);
	assert_int_equal(c.longest_run, longest);
	assert_int_equal(c.longest_gap_ns, gap_ns);
	assert_int_equal(c.packets, 500);
	rig_stop(&r);
}

static void drops_by_the_queue_count(void **state)
{
	struct frame_spec s = voice_of("10.0.0.1");
	struct rig r;
	struct call c;

	(void)state;
	voice_rig(&r);
	r.classes[1].queue_packets = 4;
	rig_start(&r);
	for (uint16_t seq = 0; seq < 10; seq++)
		add_rtp(&r, &s, seq);
	pipeline_run(r.lane, r.policy, &r.burst);
	r.burst.count = 0;
	assert_int_equal(copy_all(&r, &c, 1), 1);
	assert_int_equal(c.packets, 10);
	assert_int_equal(c.dropped, 6);
	assert_int_equal(c.longest_run, 6);
	rig_stop(&r);
}

/* What a shaped queue does is known when the packet leaves it, and is then the call's: the
 * second one waits too long, the first does not. */
static void shaped_packets_tell_when_they_leave(void **state)
{
	struct frame_spec a = voice_of("10.0.0.1"), b = voice_of("10.0.0.2");
	struct contract_spec *k;
	struct call calls[2];
	struct rig r;

	(void)state;
	voice_rig(&r);
	k = rig_contract(&r, VOICE, EXCEED_SHAPE, 80000, FRAME_IP_BYTES); /* one each 20 ms */
	k->max_delay_ns = 50 * MS;
	rig_start(&r);
	for (uint16_t seq = 0; seq < 3; seq++)
		add_rtp(&r, &a, seq);
	add_rtp(&r, &b, 0);
	add_rtp(&r, &b, 1);
	run(&r); /* leaves: a0 */
	assert_int_equal(copy_all(&r, calls, 2), 2);
	assert_int_equal(calls[0].dropped + calls[1].dropped, 0);
	for (int i = 0; i < 10; i++) { /* a1 at 20 ms, a2 at 40; the others are late */
		r.now_ns += 10 * MS;
		run(&r);
	}
	add_rtp(&r, &a, 3);
	run(&r);
	assert_int_equal(copy_all(&r, calls, 2), 2);
	if (calls[0].key.source[3] != 1) {
		struct call swap = calls[0];

		calls[0] = calls[1];
		calls[1] = swap;
	}
	assert_int_equal(calls[0].dropped, 0);
	assert_int_equal(calls[0].last_passed_ns, r.now_ns);
	assert_int_equal(calls[1].dropped, 2);
	assert_int_equal(calls[1].longest_run, 2);
	assert_int_equal(calls[1].last_passed_ns, 0);
	rig_stop(&r);
}

/* An entry that changed hands while a frame of its former call waited. */
static void a_handle_outlives_no_entry(void **state)
{
	struct call_table *t = table();
	uint32_t handle;

	(void)state;
	t->entries[5].key.family = 4;
	t->entries[5].tag = 7;
	handle = call_handle(t, 5);
	assert_ptr_equal(call_of_handle(t, handle), &t->entries[5]);
	t->entries[5].tag++;
	assert_null(call_of_handle(t, handle));
	assert_null(call_of_handle(t, call_handle(t, CALL_NONE)));
	assert_null(call_of_handle(NULL, handle));
	assert_null(call_of_handle(t, UINT32_C(20000) << 16)); /* of another make */
	assert_null(call_of_handle(t, UINT32_C(6) << 16));     /* unused */
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_known_by_all_of_their_key),
		cmocka_unit_test(only_udp_of_classes_with_calls),
		cmocka_unit_test(without_such_a_class_there_is_no_table),
		cmocka_unit_test(what_is_no_media_is_no_call),
		cmocka_unit_test(headers_of_any_length),
		cmocka_unit_test(arrivals_are_counted),
		cmocka_unit_test(drops_runs_and_gaps),
		cmocka_unit_test(drops_by_the_queue_count),
		cmocka_unit_test(shaped_packets_tell_when_they_leave),
		cmocka_unit_test(a_handle_outlives_no_entry),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
