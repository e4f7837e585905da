/* SPDX-License-Identifier: BSD-3-Clause */
/* What a payload is, and an RTP stream followed: as it should be, and as it should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rtp.h"
#include "rtp_stream.h"
#include "support/random.h"

#define MS UINT64_C(1000000)

enum { TICKS = 160, OPUS = 111 };

struct sender {			       /* one packet each 20 ms, arriving as it is sent */
	struct call_rtp rtp, followed; /* as a whole, and by the short way where it is one */
	uint64_t now_ns;
	uint32_t ssrc, timestamp;
	uint16_t seq;
	uint8_t type;
};

static struct sender sender_of(uint8_t type)
{
	return (struct sender){
		.now_ns = 1000 * MS, .ssrc = 7, .timestamp = 1000, .seq = 100, .type = type};
}

static void header_of(uint8_t *h, const struct sender *s)
{
	const uint8_t bytes[] = {0x80,
				 s->type,
				 (uint8_t)(s->seq >> 8),
				 (uint8_t)s->seq,
				 (uint8_t)(s->timestamp >> 24),
				 (uint8_t)(s->timestamp >> 16),
				 (uint8_t)(s->timestamp >> 8),
				 (uint8_t)s->timestamp,
				 (uint8_t)(s->ssrc >> 24),
				 (uint8_t)(s->ssrc >> 16),
				 (uint8_t)(s->ssrc >> 8),
				 (uint8_t)s->ssrc};

	memcpy(h, bytes, sizeof(bytes));
}

/* Both ways are the same to every test below. */
static void arrive(struct sender *s)
{
	uint8_t header[RTP_HEADER_BYTES];

	header_of(header, s);
	rtp_arrived(&s->rtp, header, s->now_ns);
	rtp_follow(&s->followed, header, s->now_ns);
	assert_memory_equal(&s->rtp, &s->followed, sizeof(s->rtp));
}

static void arrive_as(struct sender *s, uint16_t seq)
{
	uint16_t own = s->seq;

	s->seq = seq;
	arrive(s);
	s->seq = own;
}

static void pass_time(struct sender *s, uint32_t ticks)
{
	s->seq++;
	s->timestamp += ticks;
	s->now_ns += 20 * MS;
}

static void talk(struct sender *s, unsigned packets, uint32_t ticks)
{
	while (packets-- > 0) {
		arrive(s);
		pass_time(s, ticks);
	}
}

/* --- what it is ----------------------------------------------------------------------- */

static enum media media(const uint8_t *bytes, uint32_t n)
{
	const uint8_t *rtp;

	return media_of(bytes, n, &rtp);
}

static void first_byte(void **state)
{
	uint8_t p[32] = {0};

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		enum media expected = MEDIA_OTHER;

		p[0] = (uint8_t)first;
		if (first >= 128 && first <= 191)
			expected = MEDIA_RTP;
		/* ZRTP, DTLS, and a channel's data of no bytes */
		if (first >= 16 && first <= 79)
			expected = MEDIA_NONE;
		assert_int_equal(media(p, sizeof(p)), expected);
	}
}

static void rtcp_shares_the_ports(void **state)
{
	uint8_t p[32] = {0x80};

	(void)state;
	for (unsigned second = 0; second < 256; second++) {
		p[1] = (uint8_t)second;
		assert_int_equal(media(p, sizeof(p)),
				 second >= 192 && second <= 223 ? MEDIA_NONE : MEDIA_RTP);
	}
}

static void what_is_plain_is_what_is_rtp(void **state)
{
	uint8_t payload[MEDIA_SPAN] = {0};
	const uint8_t *rtp;

	(void)state;
	for (uint32_t start = 0; start < 0x10000; start++) {
		payload[0] = (uint8_t)(start >> 8);
		payload[1] = (uint8_t)start;
		assert_int_equal(rtp_is_plain(payload),
				 media_of(payload, RTP_HEADER_BYTES, &rtp) == MEDIA_RTP);
	}
}

static void stun_has_its_cookie(void **state)
{
	uint8_t p[32] = {0x00, 0x01, 0, 12, 0x21, 0x12, 0xa4, 0x42};

	(void)state;
	assert_int_equal(media(p, 20), MEDIA_NONE);
	assert_int_equal(media(p, 19), MEDIA_OTHER);
	p[7]++;
	assert_int_equal(media(p, 20), MEDIA_OTHER);
}

static void short_ones(void **state)
{
	const uint8_t p[16] = {0x80, 0};

	(void)state;
	assert_int_equal(media(p, 0), MEDIA_NONE);
	assert_int_equal(media(p, 1), MEDIA_OTHER);
	assert_int_equal(media(p, 11), MEDIA_OTHER);
	assert_int_equal(media(p, 12), MEDIA_RTP);
}

static void channel_data_is_looked_into(void **state)
{
	uint8_t p[40] = {0x40, 0x01, 0, 12, 0x80, 0};
	const uint8_t *rtp;

	(void)state;
	assert_int_equal(media_of(p, 16, &rtp), MEDIA_RTP);
	assert_ptr_equal(rtp, p + 4);
	assert_int_equal(media(p, 19), MEDIA_RTP);   /* padded to four bytes */
	assert_int_equal(media(p, 15), MEDIA_OTHER); /* it claims more than there is */
	p[3] = 11;
	assert_int_equal(media(p, 16), MEDIA_OTHER);
	p[3] = 12;
	p[5] = 200; /* RTCP */
	assert_int_equal(media(p, 16), MEDIA_NONE);
	p[4] = 0x40; /* a channel in a channel */
	assert_int_equal(media(p, 16), MEDIA_OTHER);
	p[3] = 0;
	assert_int_equal(media(p, 4), MEDIA_NONE);
	assert_int_equal(media(p, 3), MEDIA_OTHER);
}

/* --- the sequence --------------------------------------------------------------------- */

static void in_order_nothing_is_lost(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 1000, TICKS);
	assert_int_equal(s.rtp.rtp_packets, 1000);
	assert_int_equal(rtp_lost(&s.rtp), 0);
	assert_int_equal(s.rtp.reordered, 0);
	assert_int_equal(s.rtp.repeated, 0);
	assert_int_equal(s.rtp.restarts, 0);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
	assert_int_equal(s.rtp.jitter_samples, 999);
}

static void gaps_are_loss(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 10, TICKS);
	for (int i = 0; i < 7; i++)
		pass_time(&s, TICKS);
	talk(&s, 10, TICKS);
	assert_int_equal(rtp_lost(&s.rtp), 7);
	assert_int_equal(s.rtp.restarts, 0);
	assert_int_equal(s.rtp.jitter_ns_max, 0); /* the timestamps went on as well */
}

static void sequence_wraps(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	s.seq = 65000;
	talk(&s, 200000, TICKS);
	assert_int_equal(rtp_lost(&s.rtp), 0);
	assert_int_equal(s.rtp.restarts, 0);
	assert_int_equal(s.rtp.cycles, 4 * 65536u);
	s.seq += 2;
	talk(&s, 1, TICKS);
	assert_int_equal(rtp_lost(&s.rtp), 2);
}

static void loss_across_the_wrap(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	s.seq = 65530;
	talk(&s, 1, TICKS);
	s.seq = 5;
	talk(&s, 1, TICKS);
	assert_int_equal(rtp_lost(&s.rtp), 10);
}

static void late_packets_make_good(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 10, TICKS);
	pass_time(&s, TICKS);
	talk(&s, 1, TICKS);
	assert_int_equal(rtp_lost(&s.rtp), 1);
	arrive_as(&s, (uint16_t)(s.seq - 2));
	assert_int_equal(rtp_lost(&s.rtp), 0);
	assert_int_equal(s.rtp.reordered, 1);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
}

static void repeats_hide_no_loss(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 10, TICKS);
	s.seq += 3;
	talk(&s, 1, TICKS);
	for (int i = 0; i < 50; i++)
		arrive_as(&s, (uint16_t)(s.seq - 1));
	assert_int_equal(rtp_lost(&s.rtp), 3);
	assert_int_equal(s.rtp.repeated, 50);
}

static void packets_of_before_the_first_are_no_gain(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	arrive(&s);
	for (uint16_t back = 1; back < 50; back++)
		arrive_as(&s, (uint16_t)(s.seq - back));
	assert_int_equal(rtp_lost(&s.rtp), 0);
}

static void one_astray_is_ignored(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 10, TICKS);
	arrive_as(&s, (uint16_t)(s.seq + 20000));
	talk(&s, 10, TICKS);
	arrive_as(&s, (uint16_t)(s.seq + 20000));
	talk(&s, 10, TICKS);
	assert_int_equal(s.rtp.rtp_packets, 30);
	assert_int_equal(rtp_lost(&s.rtp), 0);
	assert_int_equal(s.rtp.restarts, 0);
}

static void edges_of_a_jump(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 1, TICKS); /* 100 */
	arrive_as(&s, 100 + RTP_MAX_DROPOUT - 1);
	assert_int_equal(rtp_lost(&s.rtp), RTP_MAX_DROPOUT - 2);
	arrive_as(&s, (uint16_t)(100 + 2 * RTP_MAX_DROPOUT - 1));
	assert_int_equal(s.rtp.rtp_packets, 2); /* a jump */
	arrive_as(&s, 100 + RTP_MAX_DROPOUT - 1 - RTP_MAX_MISORDER);
	assert_int_equal(s.rtp.rtp_packets, 2); /* one as well */
	arrive_as(&s, 100 + RTP_MAX_DROPOUT - RTP_MAX_MISORDER);
	assert_int_equal(s.rtp.rtp_packets, 3);
	assert_int_equal(s.rtp.reordered, 1);
}

static void two_in_sequence_are_a_restart(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 10, TICKS);
	s.seq++; /* one lost before */
	talk(&s, 1, TICKS);
	s.seq = (uint16_t)(s.seq + 20000);
	s.timestamp += 123456789;
	talk(&s, 100, TICKS);
	assert_int_equal(s.rtp.restarts, 1);
	assert_int_equal(rtp_lost(&s.rtp), 1);
	assert_int_equal(s.rtp.rtp_packets, 99); /* the first of them was in doubt */
	assert_int_equal(s.rtp.jitter_ns_max, 0);
}

static void a_new_source_is_a_restart(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 10, TICKS);
	s.seq += 4;
	talk(&s, 10, TICKS);
	s.ssrc++;
	s.seq = 3;
	s.timestamp += 800; /* near enough to pass for 100 ms of jitter */
	talk(&s, 10, TICKS);
	assert_int_equal(s.rtp.restarts, 1);
	assert_int_equal(rtp_lost(&s.rtp), 4);
	assert_int_equal(s.rtp.lost_before, 4);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
}

/* --- jitter ----------------------------------------------------------------------------- */

/* Every other packet 16 ms late: |D| is always 16 ms, and J comes to it by a sixteenth. */
static void jitter_by_the_standard(void **state)
{
	struct sender s = sender_of(0);
	double j = 0, sum = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		s.now_ns += i % 2 ? 16 * MS : 0;
		arrive(&s);
		s.now_ns -= i % 2 ? 16 * MS : 0;
		pass_time(&s, TICKS);
		if (i > 0) {
			j += (16e6 - j) / 16;
			sum += j;
		}
	}
	assert_in_range(s.rtp.jitter_ns, (uint64_t)j - 20, (uint64_t)j + 20);
	assert_in_range(s.rtp.jitter_ns_sum / 199, (uint64_t)(sum / 199) - 20,
			(uint64_t)(sum / 199) + 20);
	assert_int_equal(s.rtp.jitter_samples, 199);
	assert_int_equal(s.rtp.jitter_ns_max, s.rtp.jitter_ns);
}

/* One late packet: up by a sixteenth of 16 ms, twice, then it fades. */
static void one_late_packet(void **state)
{
	struct sender s = sender_of(8);

	(void)state;
	talk(&s, 50, TICKS);
	s.now_ns += 16 * MS;
	arrive(&s);
	s.now_ns -= 16 * MS;
	pass_time(&s, TICKS);
	talk(&s, 200, TICKS);
	assert_in_range(s.rtp.jitter_ns_max, 1937480, 1937500); /* 1 + (16 - 1) / 16 */
	assert_in_range(s.rtp.jitter_ns, 0, 1000);
}

static void silence_is_no_jitter(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 50, TICKS);
	s.now_ns += 5000 * MS; /* nothing was said: timestamps go on, the sequence stays */
	s.timestamp += 5 * 8000;
	talk(&s, 50, TICKS);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
}

static void same_timestamp_is_no_sample(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 50, TICKS);
	for (int i = 0; i < 10; i++) { /* a digit, held */
		s.type = 101;
		arrive(&s);
		s.seq++;
		s.now_ns += 20 * MS;
	}
	s.timestamp += 10 * TICKS;
	s.type = 0;
	talk(&s, 50, TICKS);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
	assert_int_equal(s.rtp.payload_type, 0);
	assert_int_equal(rtp_lost(&s.rtp), 0);
}

/* The packets of a video frame, one after the other. */
static void a_frame_in_pieces_is_one_sample(void **state)
{
	struct sender s = sender_of(34);

	(void)state;
	for (int frame = 0; frame < 50; frame++) {
		for (unsigned piece = 0; piece < 4; piece++, s.seq++) {
			s.now_ns += piece * 3 * MS;
			arrive(&s);
			s.now_ns -= piece * 3 * MS;
		}
		pass_time(&s, 1800);
		s.seq--;
	}
	assert_int_equal(s.rtp.jitter_ns_max, 0);
	assert_int_equal(s.rtp.jitter_samples, 49);
	assert_int_equal(rtp_lost(&s.rtp), 0);
}

static void timestamps_that_jump_are_no_jitter(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 50, TICKS);
	s.timestamp += 0x70000000;
	talk(&s, 50, TICKS);
	s.timestamp -= 0x60000000;
	talk(&s, 50, TICKS);
	s.now_ns -= 900 * MS; /* nor a clock that steps back */
	talk(&s, 50, TICKS);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
}

/* --- the clock --------------------------------------------------------------------------- */

static void static_types_name_their_clock(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t hz;
	} types[] = {{0, 8000},	  {8, 8000},   {9, 8000},   {18, 8000}, {6, 16000}, {11, 44100},
		     {14, 90000}, {34, 90000}, {16, 11025}, {1, 0},	{111, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct sender s = sender_of(types[i].type);

		arrive(&s);
		assert_int_equal(s.rtp.clock_hz, types[i].hz);
	}
}

static void dynamic_types_are_timed(void **state)
{
	static const uint32_t clocks[] = {8000, 16000, 24000, 32000, 44100, 48000, 90000};

	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct sender s = sender_of(OPUS);
		struct random r = random_seeded(i);

		for (int n = 0; n < 200; n++) {
			uint64_t late_ns = random_below(&r, 8000000);

			s.now_ns += late_ns;
			arrive(&s);
			s.now_ns -= late_ns;
			pass_time(&s, clocks[i] / 50);
			if (n == RTP_CLOCK_PACKETS - 2)
				assert_int_equal(s.rtp.clock_hz, 0);
		}
		assert_int_equal(s.rtp.clock_hz, clocks[i]);
		assert_in_range(s.rtp.jitter_ns_max, 500000, 8000000);
	}
}

static void odd_clocks_stay_unknown(void **state)
{
	struct sender s = sender_of(OPUS);

	(void)state;
	talk(&s, 500, 400); /* 20 kHz */
	assert_int_equal(s.rtp.clock_hz, 0);
	assert_int_equal(s.rtp.jitter_samples, 0);
	talk(&s, 1, 400);
	s.ssrc++; /* another source is estimated anew */
	talk(&s, 200, 960);
	assert_int_equal(s.rtp.clock_hz, 48000);
}

static void the_codec_changes_in_mid_call(void **state)
{
	struct sender s = sender_of(0);

	(void)state;
	talk(&s, 100, TICKS);
	s.type = 13; /* comfort noise is none */
	talk(&s, 100, TICKS);
	assert_int_equal(s.rtp.payload_type, 0);
	s.type = OPUS;
	talk(&s, 500, 960);
	assert_int_equal(s.rtp.payload_type, OPUS);
	assert_int_equal(s.rtp.clock_hz, 48000);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
	s.type = 8;
	talk(&s, 500, TICKS);
	assert_int_equal(s.rtp.clock_hz, 8000);
	assert_int_equal(s.rtp.jitter_ns_max, 0);
	assert_int_equal(rtp_lost(&s.rtp), 0);
}

/* --- anything ------------------------------------------------------------------------------ */

static void nothing_breaks_it(void **state)
{
	struct random r = random_seeded(3550);

	(void)state;
	for (int run = 0; run < 200; run++) {
		struct sender s = sender_of((uint8_t)random_below(&r, 128));
		uint64_t arrived = 0;

		for (int i = 0; i < 5000; i++, arrived++) {
			if (random_chance(&r, 10))
				s.seq = (uint16_t)random_u64(&r);
			if (random_chance(&r, 10))
				s.timestamp = (uint32_t)random_u64(&r);
			if (random_chance(&r, 2))
				s.ssrc = random_below(&r, 3);
			if (random_chance(&r, 5))
				s.type = (uint8_t)random_below(&r, 128);
			if (random_chance(&r, 2))
				s.now_ns = random_u64(&r) >> random_below(&r, 40);
			arrive(&s);
			pass_time(&s, TICKS);
			assert_true(s.rtp.rtp_packets <= arrived + 1);
			assert_true(s.rtp.jitter_ns <= 4000000000);
			assert_true(s.rtp.jitter_samples <= arrived);
			assert_true(s.rtp.restarts <= arrived);
			/* no packet stands for more than the largest gap that is no jump */
			assert_true(rtp_lost(&s.rtp) <= (arrived + 1) * RTP_MAX_DROPOUT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_byte),
		cmocka_unit_test(rtcp_shares_the_ports),
		cmocka_unit_test(what_is_plain_is_what_is_rtp),
		cmocka_unit_test(stun_has_its_cookie),
		cmocka_unit_test(short_ones),
		cmocka_unit_test(channel_data_is_looked_into),
		cmocka_unit_test(in_order_nothing_is_lost),
		cmocka_unit_test(gaps_are_loss),
		cmocka_unit_test(sequence_wraps),
		cmocka_unit_test(loss_across_the_wrap),
		cmocka_unit_test(late_packets_make_good),
		cmocka_unit_test(repeats_hide_no_loss),
		cmocka_unit_test(packets_of_before_the_first_are_no_gain),
		cmocka_unit_test(one_astray_is_ignored),
		cmocka_unit_test(edges_of_a_jump),
		cmocka_unit_test(two_in_sequence_are_a_restart),
		cmocka_unit_test(a_new_source_is_a_restart),
		cmocka_unit_test(jitter_by_the_standard),
		cmocka_unit_test(one_late_packet),
		cmocka_unit_test(silence_is_no_jitter),
		cmocka_unit_test(same_timestamp_is_no_sample),
		cmocka_unit_test(a_frame_in_pieces_is_one_sample),
		cmocka_unit_test(timestamps_that_jump_are_no_jitter),
		cmocka_unit_test(static_types_name_their_clock),
		cmocka_unit_test(dynamic_types_are_timed),
		cmocka_unit_test(odd_clocks_stay_unknown),
		cmocka_unit_test(the_codec_changes_in_mid_call),
		cmocka_unit_test(nothing_breaks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
