/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of a class: order, room, bytes, and storage that grows under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue.h"
#include "support/eal.h"

static bool put(struct queue *q, uintptr_t frame, uint32_t bytes)
{
	const struct queue_entry e = {.frame = (struct rte_mbuf *)frame, .link_bytes = bytes};

	return queue_put(q, &e);
}

static uintptr_t take(struct queue *q)
{
	return (uintptr_t)queue_take(q).frame;
}

static struct queue queue_of(uint32_t packets)
{
	struct queue q = {0};
	struct queue_storage *storage = queue_storage_alloc(packets, -1);

	assert_non_null(storage);
	assert_null(queue_adopt(&q, storage));
	return q;
}

static void without_storage_there_is_no_room(void **state)
{
	struct queue q = {0};

	(void)state;
	assert_int_equal(queue_capacity(&q), 0);
	assert_false(put(&q, 1, 100));
	assert_int_equal(queue_count(&q), 0);
}

static void capacity_is_the_next_power_of_two(void **state)
{
	static const uint32_t cases[][2] = {{1, 1}, {2, 2}, {3, 4}, {1000, 1024}, {4096, 4096}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct queue q = queue_of(cases[i][0]);

		assert_int_equal(queue_capacity(&q), cases[i][1]);
		queue_storage_free(q.storage);
	}
}

static void frames_leave_in_order_past_the_ring_end(void **state)
{
	struct queue q = queue_of(4);
	uintptr_t in = 1, out = 1;

	(void)state;
	assert_true(put(&q, in++, 10));
	for (int round = 0; round < 20; round++) { /* never empty: head and tail run around */
		assert_true(put(&q, in++, 10));
		assert_true(put(&q, in++, 10));
		assert_int_equal(take(&q), out++);
		assert_int_equal(take(&q), out++);
	}
	assert_int_equal(queue_count(&q), 1);
	assert_int_equal(q.link_bytes, 10);
	queue_storage_free(q.storage);
}

static void full_queue_refuses_and_keeps_what_it_has(void **state)
{
	struct queue q = queue_of(4);

	(void)state;
	for (uintptr_t i = 1; i <= 4; i++)
		assert_true(put(&q, i, 100));
	assert_false(put(&q, 5, 100));
	assert_int_equal(queue_count(&q), 4);
	assert_int_equal(q.link_bytes, 400);
	for (uintptr_t i = 1; i <= 4; i++) {
		assert_int_equal((uintptr_t)queue_at(&q, (uint32_t)(4 - i))->frame, 4);
		assert_int_equal(take(&q), i);
	}
	queue_storage_free(q.storage);
}

static void empty_queue_starts_at_the_first_entry(void **state)
{
	struct queue q = queue_of(64);

	(void)state;
	for (uintptr_t i = 1; i <= 10; i++)
		put(&q, i, 1);
	for (uintptr_t i = 1; i <= 10; i++)
		take(&q);
	assert_int_equal(q.tail, 0);
	put(&q, 11, 1);
	assert_ptr_equal(queue_head(&q), &q.storage->entries[0]);
	queue_storage_free(q.storage);
}

static void counters_may_wrap(void **state)
{
	struct queue q = queue_of(4);

	(void)state;
	q.head = q.tail = UINT32_MAX - 1;
	for (uintptr_t i = 1; i <= 4; i++)
		assert_true(put(&q, i, 1));
	assert_false(put(&q, 5, 1));
	for (uintptr_t i = 1; i <= 4; i++)
		assert_int_equal(take(&q), i);
	assert_int_equal(queue_count(&q), 0);
	queue_storage_free(q.storage);
}

static void growth_keeps_order_and_bytes(void **state)
{
	struct queue q = queue_of(4);
	struct queue_storage *small = q.storage, *large = queue_storage_alloc(16, -1);

	(void)state;
	for (uintptr_t i = 1; i <= 3; i++)
		put(&q, i, 100);
	take(&q);
	put(&q, 4, 100);
	put(&q, 5, 50); /* wrapped: 5 lies before 2 */
	assert_ptr_equal(queue_adopt(&q, large), small);
	queue_storage_free(small);
	assert_int_equal(queue_count(&q), 4);
	assert_int_equal(q.link_bytes, 350);
	for (uintptr_t i = 6; i <= 17; i++)
		assert_true(put(&q, i, 1));
	assert_false(put(&q, 18, 1));
	for (uintptr_t i = 2; i <= 17; i++)
		assert_int_equal(take(&q), i);
	queue_storage_free(q.storage);
}

static void storage_too_small_for_what_waits_is_returned(void **state)
{
	struct queue q = queue_of(8);
	struct queue_storage *before = q.storage, *small = queue_storage_alloc(2, -1);

	(void)state;
	for (uintptr_t i = 1; i <= 3; i++)
		put(&q, i, 1);
	assert_ptr_equal(queue_adopt(&q, small), small);
	assert_ptr_equal(q.storage, before);
	take(&q);
	assert_ptr_equal(queue_adopt(&q, small), before);
	assert_int_equal(take(&q), 2);
	assert_int_equal(take(&q), 3);
	queue_storage_free(before);
	queue_storage_free(small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_storage_there_is_no_room),
		cmocka_unit_test(capacity_is_the_next_power_of_two),
		cmocka_unit_test(frames_leave_in_order_past_the_ring_end),
		cmocka_unit_test(full_queue_refuses_and_keeps_what_it_has),
		cmocka_unit_test(empty_queue_starts_at_the_first_entry),
		cmocka_unit_test(counters_may_wrap),
		cmocka_unit_test(growth_keeps_order_and_bytes),
		cmocka_unit_test(storage_too_small_for_what_waits_is_returned),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
