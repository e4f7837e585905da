/* SPDX-License-Identifier: BSD-3-Clause */
/* The fragment table by itself: what it keeps, for how long, and what gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fragments.h"
#include "policy.h"

static struct fragment_table table;

static int empty_table(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	return 0;
}

static struct fragment_key key_of(uint32_t id)
{
	return (struct fragment_key){.source = {10, 1, 2, 3},
				     .destination = {10, 8, 0, 1},
				     .id = id,
				     .family = 4,
				     .protocol = 17};
}

static void remember(uint32_t id, uint8_t class_slot, uint64_t now_ns)
{
	struct fragment_key key = key_of(id);

	fragments_remember(&table, &key, class_slot, now_ns);
}

static bool recalls(uint32_t id, uint8_t class_slot, uint64_t now_ns)
{
	struct fragment_key key = key_of(id);
	uint8_t got = 0xee;

	return fragments_recall(&table, &key, now_ns, &got) && got == class_slot;
}

static bool known(uint32_t id, uint64_t now_ns)
{
	struct fragment_key key = key_of(id);
	uint8_t got;

	return fragments_recall(&table, &key, now_ns, &got);
}

static void what_was_remembered_is_recalled(void **state)
{
	(void)state;
	remember(1, 7, 100);
	remember(2, SLOT_NONE, 100); /* an ACL dropped the first */
	assert_true(recalls(1, 7, 100));
	assert_true(recalls(2, SLOT_NONE, 200));
}

static void what_was_not_seen_is_not_known(void **state)
{
	(void)state;
	assert_false(known(1, 100));
	remember(1, 7, 100);
	assert_false(known(2, 100));
}

static void every_part_of_the_key_counts(void **state)
{
	struct fragment_entry *entry = (struct fragment_entry *)table.set;

	(void)state;
	remember(1, 7, 100);
	while (entry->key.family == 0)
		entry++;
	for (size_t at = 0; at < sizeof(entry->key); at++) {
		uint8_t *byte = (uint8_t *)&entry->key + at;

		*byte ^= 1; /* another datagram whose hash is the same */
		assert_false(known(1, 100));
		*byte ^= 1;
	}
	assert_true(known(1, 100));
}

static void memory_ends_after_the_timeout(void **state)
{
	(void)state;
	remember(1, 7, 5000);
	assert_true(known(1, 5000 + FRAGMENT_TIMEOUT_NS));
	assert_false(known(1, 5001 + FRAGMENT_TIMEOUT_NS));
}

static void a_new_first_fragment_renews(void **state)
{
	(void)state;
	remember(1, 7, 5000);
	remember(1, 9, 6000);
	assert_true(recalls(1, 9, 6000 + FRAGMENT_TIMEOUT_NS));
}

/* The identification wrapped around: one entry, not two. */
static void the_same_datagram_has_one_entry(void **state)
{
	unsigned entries = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		remember(1, (uint8_t)i, i);
	for (unsigned s = 0; s < FRAGMENT_SETS; s++)
		for (unsigned w = 0; w < FRAGMENT_WAYS; w++)
			entries += table.set[s][w].key.family != 0;
	assert_int_equal(entries, 1);
}

/* Ids that share a set, found by what they fill. */
static unsigned ids_of_one_set(uint32_t *ids, unsigned n)
{
	unsigned found = 0, wanted = FRAGMENT_SETS;

	for (uint32_t id = 1; found < n && id < 200000; id++) {
		unsigned set;

		memset(&table, 0, sizeof(table));
		remember(id, 1, 1);
		for (set = 0; table.set[set][0].key.family == 0; set++)
			;
		if (wanted == FRAGMENT_SETS)
			wanted = set;
		if (set == wanted)
			ids[found++] = id;
	}
	memset(&table, 0, sizeof(table));
	return found;
}

static void the_oldest_of_a_set_gives_way(void **state)
{
	uint32_t ids[FRAGMENT_WAYS + 2];

	(void)state;
	assert_int_equal(ids_of_one_set(ids, FRAGMENT_WAYS + 2), FRAGMENT_WAYS + 2);
	for (unsigned i = 0; i < FRAGMENT_WAYS; i++)
		remember(ids[i], 7, 100 + i);
	remember(ids[0], 7, 200); /* seen again: now ids[1] is the oldest */
	remember(ids[FRAGMENT_WAYS], 7, 300);
	assert_true(known(ids[0], 300));
	assert_false(known(ids[1], 300));
	assert_true(known(ids[2], 300));
	assert_true(known(ids[FRAGMENT_WAYS], 300));
	remember(ids[FRAGMENT_WAYS + 1], 7, 301);
	assert_false(known(ids[2], 301));
	assert_true(known(ids[0], 301));
}

static void a_flood_leaves_the_newest(void **state)
{
	enum { FLOOD = 100000 };

	(void)state;
	for (uint32_t id = 0; id < FLOOD; id++) {
		remember(id, 7, id);
		assert_true(known(id, id));
	}
}

static void a_thousand_datagrams_have_room(void **state)
{
	unsigned kept = 0;

	(void)state;
	for (uint32_t id = 0; id < 1000; id++)
		remember(id, 7, id);
	for (uint32_t id = 0; id < 1000; id++)
		kept += known(id, 1000);
	assert_in_range(kept, 990, 1000); /* a set may overflow now and then */
}

static void forgetting_empties_the_table(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < 100; id++)
		remember(id, 7, 100);
	fragments_forget(&table);
	for (uint32_t id = 0; id < 100; id++)
		assert_false(known(id, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_remembered_is_recalled, empty_table),
		cmocka_unit_test_setup(what_was_not_seen_is_not_known, empty_table),
		cmocka_unit_test_setup(every_part_of_the_key_counts, empty_table),
		cmocka_unit_test_setup(memory_ends_after_the_timeout, empty_table),
		cmocka_unit_test_setup(a_new_first_fragment_renews, empty_table),
		cmocka_unit_test_setup(the_same_datagram_has_one_entry, empty_table),
		cmocka_unit_test_setup(the_oldest_of_a_set_gives_way, empty_table),
		cmocka_unit_test_setup(a_flood_leaves_the_newest, empty_table),
		cmocka_unit_test_setup(a_thousand_datagrams_have_room, empty_table),
		cmocka_unit_test_setup(forgetting_empties_the_table, empty_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
