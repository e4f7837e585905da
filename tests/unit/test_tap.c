/* SPDX-License-Identifier: BSD-3-Clause */
/* A tap's ring: whole records in order, round its end, full, snapped, and between threads. */
#define _GNU_SOURCE /* pthread_tryjoin_np */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "dataplane/policy.h"
#include "dataplane/tap.h"

enum { DATA_BYTES = 2000, THREAD_FRAMES = 200000 };

static uint8_t data[DATA_BYTES];

static struct rte_mbuf frame_of(uint32_t bytes)
{
	return (struct rte_mbuf){
		.buf_addr = data,
		.data_len = (uint16_t)bytes,
		.pkt_len = bytes,
		.nb_segs = 1,
	};
}

static struct tap *make(uint32_t classes, uint32_t reasons, uint32_t snap)
{
	const struct tap_filter filter = {.classes = classes, .reasons = reasons, .snap = snap};
	struct tap *t = tap_create(&filter, TAP_BYTES_MIN);

	assert_non_null(t);
	for (unsigned i = 0; i < DATA_BYTES; i++)
		data[i] = (uint8_t)(i * 7);
	return t;
}

static void send_one(struct tap *t, uint32_t bytes, uint8_t slot, uint64_t ns)
{
	struct rte_mbuf frame = frame_of(bytes), *one = &frame;

	rte_mbuf_sched_traffic_class_set(one, slot);
	tap_sent(t, &one, 1, ns);
}

static void expect_one(struct tap *t, uint32_t captured, uint32_t bytes, uint64_t ns)
{
	const struct tap_record *r = tap_peek(t);

	assert_non_null(r);
	assert_int_equal(r->captured, captured);
	assert_int_equal(r->frame_bytes, bytes);
	assert_int_equal(r->ns, ns);
	assert_memory_equal(r->bytes, data, captured);
	tap_pop(t);
}

static void test_copies_are_whole_and_in_order(void **state)
{
	struct tap *t = make(UINT32_MAX, 0, TAP_SNAP_MAX);

	(void)state;
	assert_null(tap_peek(t));
	/* Some 40 times round the ring, by sizes that leave each remainder at its end. */
	for (uint32_t i = 0; i < 3000; i++) {
		send_one(t, 60 + i % 1500, 1, i);
		send_one(t, 61, 2, i);
		expect_one(t, 60 + i % 1500, 60 + i % 1500, i);
		expect_one(t, 61, 61, i);
		assert_null(tap_peek(t));
	}
	assert_int_equal(tap_counts(t).taken, 6000);
	assert_int_equal(tap_counts(t).missed, 0);
	tap_destroy(t);
}

/* A full ring keeps what it has, gives up what comes, and takes more once there is room. */
static void test_full_ring_misses(void **state)
{
	struct tap *t = make(UINT32_MAX, 0, TAP_SNAP_MAX);
	const uint64_t room = TAP_BYTES_MIN / (1000 + sizeof(struct tap_record));
	uint64_t kept = 0;

	(void)state;
	for (uint64_t i = 0; i < 2 * room; i++)
		send_one(t, 1000, 1, i);
	assert_in_range(tap_counts(t).taken, room - 1, room);
	assert_int_equal(tap_counts(t).taken + tap_counts(t).missed, 2 * room);
	expect_one(t, 1000, 1000, kept++);
	expect_one(t, 1000, 1000, kept++);
	send_one(t, 1000, 1, 12345);
	while (kept < tap_counts(t).taken - 1) {
		expect_one(t, 1000, 1000, kept);
		kept++;
	}
	expect_one(t, 1000, 1000, 12345);
	assert_null(tap_peek(t));
	tap_destroy(t);
}

static void test_segments_and_snap(void **state)
{
	struct tap *t = make(UINT32_MAX, 0, 100);
	struct rte_mbuf head = frame_of(70), tail = frame_of(500), *one = &head;

	(void)state;
	tail.buf_addr = data + 70;
	head.next = &tail;
	head.nb_segs = 2;
	head.pkt_len = 570;
	tap_sent(t, &one, 1, 5);
	send_one(t, 64, 1, 6);
	expect_one(t, 100, 570, 5);
	expect_one(t, 64, 64, 6);
	tap_destroy(t);
}

static void test_filters(void **state)
{
	struct tap *voice = make(1 << 3, 0, TAP_SNAP_MAX);
	struct tap *red = make(UINT32_MAX, 1 << DROP_RED, TAP_SNAP_MAX);
	struct tap *red_voice = make(1 << 3, 1 << DROP_RED, TAP_SNAP_MAX);
	struct tap *const all[] = {voice, red, red_voice};
	const struct rte_mbuf frame = frame_of(64);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		send_one(all[i], 64, 3, 1);
		send_one(all[i], 64, 4, 2);
		tap_dropped(all[i], &frame, DROP_RED, 3, 3);
		tap_dropped(all[i], &frame, DROP_RED, SLOT_NONE, 4);
		tap_dropped(all[i], &frame, DROP_ACL, 3, 5);
	}
	expect_one(voice, 64, 64, 1);
	assert_null(tap_peek(voice));
	assert_int_equal(tap_peek(red)->reason, DROP_RED);
	expect_one(red, 64, 64, 3);
	expect_one(red, 64, 64, 4);
	assert_null(tap_peek(red));
	expect_one(red_voice, 64, 64, 3);
	assert_null(tap_peek(red_voice));
	for (unsigned i = 0; i < 3; i++)
		tap_destroy(all[i]);
}

static void *put_many(void *tap)
{
	for (uint32_t i = 0; i < THREAD_FRAMES; i++)
		send_one(tap, 60 + i % 1400, 1, i + 1);
	send_one(tap, 14, 1, UINT64_MAX); /* may be missed, too */
	return NULL;
}

/* Each record read is whole and later than the one before; none is lost but those counted. */
static void test_between_threads(void **state)
{
	struct tap *t = make(UINT32_MAX, 0, TAP_SNAP_MAX);
	uint64_t last = 0, got = 0;
	pthread_t thread;
	bool joined = false;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, put_many, t), 0);
	for (;;) {
		const struct tap_record *r = tap_peek(t);

		if (!r && joined)
			break;
		if (!r) {
			joined = pthread_tryjoin_np(thread, NULL) == 0;
			continue;
		}
		assert_true(r->ns > last);
		if (r->ns != UINT64_MAX)
			assert_int_equal(r->captured, 60 + (r->ns - 1) % 1400);
		assert_memory_equal(r->bytes, data, r->captured);
		last = r->ns;
		got++;
		tap_pop(t);
	}
	assert_int_equal(got, tap_counts(t).taken);
	assert_int_equal(got + tap_counts(t).missed, THREAD_FRAMES + 1);
	assert_true(got > 0);
	tap_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_are_whole_and_in_order),
		cmocka_unit_test(test_full_ring_misses),
		cmocka_unit_test(test_segments_and_snap),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
