/* SPDX-License-Identifier: BSD-3-Clause */
/* Names keep their slots; slots change hands late, and never behind the back of the
 * generation in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

/* One generation of classes, by a space-separated list of names, put in force. */
static int assign(struct slots *s, const char *list, struct generation_slots *g)
{
	struct slot_name names[CLASSES_MAX];
	char *text = strdup(list), *rest = text, *name;
	int err;

	memset(g, 0, sizeof(*g));
	while ((name = strsep(&rest, " ")) != NULL)
		names[g->class_count++].text = name;
	for (size_t i = 0; i < g->class_count; i++)
		names[i].number = 0;
	err = slots_assign(s, SLOT_CLASS, names, g->class_count, g->classes);
	free(text);
	return err;
}

static void run(struct slots *s, const char *list, struct generation_slots *g)
{
	assert_int_equal(assign(s, list, g), 0);
	slots_commit(s);
	slots_hold(s, g);
}

static void reordering_moves_no_slot(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a, b;

	(void)state;
	run(s, "voice video data", &a);
	run(s, "data voice video", &b);
	assert_int_equal(b.classes[0].slot, a.classes[2].slot);
	assert_int_equal(b.classes[1].slot, a.classes[0].slot);
	assert_int_equal(b.classes[2].slot, a.classes[1].slot);
	for (int i = 0; i < 3; i++)
		assert_int_equal(b.classes[i].epoch, 1);
	slots_destroy(s);
}

static void vanished_name_finds_its_slot_again(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a, b, c;

	(void)state;
	run(s, "voice video", &a);
	run(s, "voice", &b);
	run(s, "voice data", &b); /* a fresh slot, not video's */
	assert_int_not_equal(b.classes[1].slot, a.classes[1].slot);
	run(s, "video voice", &c);
	assert_int_equal(c.classes[0].slot, a.classes[1].slot);
	assert_int_equal(c.classes[0].epoch, 1);
	slots_destroy(s);
}

/* count names "PREFIX0 PREFIX1 …" */
static const char *many(char *out, const char *prefix, int count)
{
	char *end = out;

	for (int i = 0; i < count; i++)
		end += sprintf(end, "%s%s%d", i ? " " : "", prefix, i);
	return out;
}

static void reuse_takes_the_longest_vanished_with_a_new_epoch(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a, b, c;
	char list[256];

	(void)state;
	run(s, many(list, "a", 16), &a); /* 16 of 31 */
	run(s, many(list, "b", 15), &b); /* the rest */
	run(s, "b0", &c);
	run(s, "b0 c0", &c);
	assert_int_equal(c.classes[1].slot, a.classes[0].slot); /* a vanished before b */
	assert_int_equal(c.classes[1].epoch, 2);
	run(s, many(list, "b", 15), &c);
	assert_int_equal(c.classes[14].slot, b.classes[14].slot);
	assert_int_equal(c.classes[14].epoch, 1);
	slots_destroy(s);
}

static void slots_in_force_are_never_given_away(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a, b, c;
	char list[256];

	(void)state;
	run(s, many(list, "a", 16), &a);
	assert_int_equal(assign(s, many(list, "b", 16), &b), -ENOSPC); /* 16 + 16 > 31 */
	slots_rollback(s);
	assert_int_equal(assign(s, many(list, "b", 15), &b), 0);
	for (size_t i = 0; i < b.class_count; i++)
		for (size_t k = 0; k < a.class_count; k++)
			assert_int_not_equal(b.classes[i].slot, a.classes[k].slot);
	slots_commit(s); /* compiled, never put in force */
	assert_int_equal(assign(s, many(list, "c", 15), &c), 0);
	for (size_t i = 0; i < c.class_count; i++)
		for (size_t k = 0; k < a.class_count; k++)
			assert_int_not_equal(c.classes[i].slot, a.classes[k].slot);
	slots_rollback(s);
	slots_destroy(s);
}

static void rollback_restores_owners_and_epochs(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a, b, c, after;
	char list[256];

	(void)state;
	run(s, many(list, "a", 16), &a);
	run(s, many(list, "b", 15), &b);
	assert_int_equal(assign(s, many(list, "c", 16), &c), 0); /* takes all of a's */
	assert_int_equal(c.classes[3].epoch, 2);
	slots_rollback(s);
	run(s, many(list, "a", 16), &after);
	assert_memory_equal(after.classes, a.classes, sizeof(a.classes));
	slots_destroy(s);
}

static void returning_name_is_found_before_new_ones_are_served(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a, b, c;
	char list[256], wanted[512];

	(void)state;
	run(s, many(list, "a", 16), &a);
	run(s, many(list, "b", 15), &b);
	/* a0 is the first candidate for reuse, and comes back behind a new name. */
	snprintf(wanted, sizeof(wanted), "new a0");
	run(s, wanted, &c);
	assert_int_equal(c.classes[1].slot, a.classes[0].slot);
	assert_int_equal(c.classes[1].epoch, 1);
	assert_int_equal(c.classes[0].slot, a.classes[1].slot);
	slots_destroy(s);
}

static void name_listed_twice_has_one_slot(void **state)
{
	struct slots *s = slots_create();
	struct generation_slots a;

	(void)state;
	run(s, "x y x", &a);
	assert_int_equal(a.classes[0].slot, a.classes[2].slot);
	assert_int_not_equal(a.classes[0].slot, a.classes[1].slot);
	slots_destroy(s);
}

static void kinds_do_not_share_names(void **state)
{
	const struct slot_name rules[] = {{"voice", 10}, {"voice", 20}, {"other", 10}};
	struct slot_place places[3];
	struct slots *s = slots_create();
	struct generation_slots a;

	(void)state;
	run(s, "voice", &a);
	assert_int_equal(slots_assign(s, SLOT_RULE, rules, 3, places), 0);
	slots_commit(s);
	assert_int_equal(places[0].slot, 0);
	assert_int_equal(places[1].slot, 1);
	assert_int_equal(places[2].slot, 2);
	slots_destroy(s);
}

/* The most that two generations may hold, with not a name in common. */
static void all_rules_change_at_once(void **state)
{
	struct slot_name *names = calloc(RULES_MAX, sizeof(*names));
	struct generation_slots g = {.rules = calloc(RULES_MAX, sizeof(struct slot_place)),
				     .rule_count = RULES_MAX};
	struct slot_place *other = calloc(RULES_MAX, sizeof(*other));
	uint8_t *used = calloc(RULE_SLOTS, 1);
	struct slots *s = slots_create();

	(void)state;
	for (uint32_t i = 0; i < RULES_MAX; i++)
		names[i] = (struct slot_name){"first", i * 2654435761u};
	assert_int_equal(slots_assign(s, SLOT_RULE, names, RULES_MAX, g.rules), 0);
	slots_commit(s);
	slots_hold(s, &g);
	for (uint32_t i = 0; i < RULES_MAX; i++)
		names[i].text = "second";
	assert_int_equal(slots_assign(s, SLOT_RULE, names, RULES_MAX, other), 0);
	for (uint32_t i = 0; i < RULES_MAX; i++) {
		assert_int_equal(used[g.rules[i].slot]++, 0);
		assert_int_equal(used[other[i].slot]++, 0);
	}
	slots_rollback(s);
	slots_destroy(s);
	free(used);
	free(other);
	free(g.rules);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reordering_moves_no_slot),
		cmocka_unit_test(vanished_name_finds_its_slot_again),
		cmocka_unit_test(reuse_takes_the_longest_vanished_with_a_new_epoch),
		cmocka_unit_test(slots_in_force_are_never_given_away),
		cmocka_unit_test(rollback_restores_owners_and_epochs),
		cmocka_unit_test(returning_name_is_found_before_new_ones_are_served),
		cmocka_unit_test(name_listed_twice_has_one_slot),
		cmocka_unit_test(kinds_do_not_share_names),
		cmocka_unit_test(all_rules_change_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
