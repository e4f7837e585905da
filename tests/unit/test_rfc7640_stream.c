/* SPDX-License-Identifier: BSD-3-Clause */
/* Test frames: what they carry, what they measure, and when they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rfc7640_stream.h"
#include "support/frames.h"

static void a_frame_says_who_it_is(void **state)
{
	static const uint32_t sizes[] = {64, 68, 256, 1518};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct stream s = {.id = 31,
					 .class_index = 5,
					 .tagged = sizes[i] != STREAM_FRAME_MIN,
					 .frame_bytes = sizes[i]};
		uint8_t bytes[STREAM_BUFFER_BYTES];
		uint32_t length = stream_frame(&s, 123456, UINT64_C(9876543210987), bytes);
		uint32_t ip = s.tagged ? 18 : 14;
		struct stream_mark m;

		assert_int_equal(length, sizes[i] - 4);
		assert_int_equal(frame_checksum(bytes + ip, 20), 0);
		bytes[ip + 1] = DSCP_EF << 2 | 1;
		assert_true(stream_read(bytes, length, &m));
		assert_int_equal(m.stream, 31);
		assert_int_equal(m.sequence, 123456);
		assert_true(m.sent_ns == UINT64_C(9876543210987));
		assert_int_equal(m.dscp, DSCP_EF);
		assert_int_equal(m.tagged, s.tagged);
	}
}

static void other_frames_are_not_the_tests(void **state)
{
	const struct stream s = {.frame_bytes = 64};
	uint8_t bytes[STREAM_BUFFER_BYTES];
	struct stream_mark m;
	struct frame_spec arp = frame_arp();
	uint32_t length = stream_frame(&s, 1, 1, bytes);

	(void)state;
	assert_false(stream_read(bytes, length - 1, &m)); /* cut */
	bytes[42] ^= 1;					  /* the magic */
	assert_false(stream_read(bytes, length, &m));
	length = frame_build(&arp, bytes, sizeof(bytes));
	assert_false(stream_read(bytes, length, &m));
}

static void lengths_by_each_accounting(void **state)
{
	const struct stream plain = {.frame_bytes = 64};
	const struct stream tagged = {.frame_bytes = 256, .tagged = true};

	(void)state;
	assert_int_equal(stream_bytes(&plain, ACCOUNT_IP), 46);
	assert_int_equal(stream_bytes(&plain, ACCOUNT_L2), 60);
	assert_int_equal(stream_bytes(&plain, ACCOUNT_WIRE), 84);
	assert_int_equal(stream_bytes(&tagged, ACCOUNT_IP), 234);
	/* RFC 2544: 64-byte frames at 1 Gbit/s, 1488095 a second */
	assert_int_equal(stream_wire_ns(&plain, 1000000000), 672);
	assert_int_equal(stream_wire_ns(&plain, 3000000000), 224);
	assert_int_equal(stream_wire_ns(&plain, 9000000000), 75); /* 74.67 */
}

static void patterns_are_bursts(void **state)
{
	const struct pattern p = {
		.start_ns = 100, .burst_frames = 3, .spacing_ns = 10, .period_ns = 1000};

	(void)state;
	assert_int_equal(pattern_ns(&p, 0), 100);
	assert_int_equal(pattern_ns(&p, 2), 120);
	assert_int_equal(pattern_ns(&p, 3), 1100);
	assert_int_equal(pattern_ns(&p, 7), 2110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_says_who_it_is),
		cmocka_unit_test(other_frames_are_not_the_tests),
		cmocka_unit_test(lengths_by_each_accounting),
		cmocka_unit_test(patterns_are_bursts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
