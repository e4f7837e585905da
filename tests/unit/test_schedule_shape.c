/* SPDX-License-Identifier: BSD-3-Clause */
/* Shape contracts: packets wait for their contract in the queue, up to a limit. */
#include "schedule_rig.h"

#include "support/eal.h"

enum {
	VOICE = 1,
	VIDEO = 2,
	DATA = 3,
};

#define BITS(slot) (UINT32_C(1) << (slot))

/* 8 Mbit/s, a burst of 3,000 bytes, 10 ms of patience; no link rate. */
static struct contract_spec *shaped_rig(struct rig *r, uint32_t class_slots)
{
	struct contract_spec *c;

	rig_init(r, 0);
	rig_class(r, VOICE)->strict = true;
	r->classes[0].queue_ns = 1000 * SECOND; /* it is the delay that limits */
	rig_class(r, VIDEO);
	rig_class(r, DATA);
	c = rig_shape(r, 0, class_slots);
	c->cir_bps = 8 * MBPS;
	c->burst_bytes = 3000;
	c->max_delay_ns = 10 * MS;
	return c;
}

static void metered_as_they_leave(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE));
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, VOICE, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 2);
	for (uintptr_t i = 3; i <= 4; i++) {
		assert_int_equal(rig_next(&r), 0);
		assert_int_equal(rig_when(&r), r.now_ns + 1500 * US);
		r.now_ns += 1500 * US - 1;
		assert_int_equal(rig_next(&r), 0);
		r.now_ns++;
		assert_int_equal(rig_next(&r), i);
	}
	assert_int_equal(r.expired, 0);
	rig_stop(&r);
}

static void counts_by_its_own_accounting(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE));
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++) /* 1,500 on the link, 1,000 in the contract */
		schedule_offer(&r.state, &r.profile, VOICE, COLOUR_GREEN, (struct rte_mbuf *)i,
			       1500, 1000, r.now_ns);
	for (uintptr_t i = 1; i <= 3; i++)
		assert_int_equal(rig_next(&r), i);
	assert_int_equal(rig_when(&r), r.now_ns + 1000 * US);
	rig_stop(&r);
}

static void others_pass_meanwhile(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE));
	rig_start(&r);
	for (uintptr_t i = 1; i <= 3; i++)
		rig_offer(&r, VOICE, i, 1500);
	rig_offer(&r, DATA, 4, 1500);
	for (uintptr_t i = 1; i <= 2; i++)
		assert_int_equal(rig_next(&r), i);
	assert_int_equal(rig_next(&r), 4);
	assert_int_equal(rig_next(&r), 0);
	rig_stop(&r);
}

static void classes_share_one_contract(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE) | BITS(VIDEO));
	rig_start(&r);
	rig_offer(&r, VIDEO, 1, 1500);
	rig_offer(&r, VOICE, 2, 1500);
	rig_offer(&r, VOICE, 3, 1500);
	rig_offer(&r, VIDEO, 4, 1500);
	assert_int_equal(rig_next(&r), 2);
	assert_int_equal(rig_next(&r), 3);
	assert_int_equal(rig_next(&r), 0);
	r.now_ns += 1500 * US;
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 0);
	r.now_ns += 1500 * US;
	assert_int_equal(rig_next(&r), 4);
	rig_stop(&r);
}

static void expires_just_after_the_longest_delay(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE))->cir_bps = 8000; /* a byte a millisecond */
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, VOICE, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 2);
	assert_int_equal(rig_when(&r), r.now_ns + 10 * MS + 1);
	r.now_ns += 10 * MS;
	assert_int_equal(rig_next(&r), 0);
	assert_int_equal(r.expired, 0);
	r.now_ns++;
	assert_int_equal(rig_when(&r), r.now_ns);
	assert_int_equal(rig_next(&r), 0);
	assert_int_equal(r.expired, 2);
	assert_int_equal(r.expired_frame[0], 3);
	assert_int_equal(r.expired_frame[1], 4);
	assert_true(rig_when(&r) == UINT64_MAX);
	rig_stop(&r);
}

static void leaves_at_the_last_moment_with_tokens(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE))->max_delay_ns = 1500 * US;
	rig_start(&r);
	for (uintptr_t i = 1; i <= 4; i++)
		rig_offer(&r, VOICE, i, 1500);
	assert_int_equal(rig_next(&r), 1);
	assert_int_equal(rig_next(&r), 2);
	r.now_ns += 1500 * US;
	assert_int_equal(rig_next(&r), 3);
	r.now_ns++;
	assert_int_equal(rig_next(&r), 0);
	assert_int_equal(r.expired, 1);
	assert_int_equal(r.expired_frame[0], 4);
	rig_stop(&r);
}

static void expiry_needs_no_room_in_the_output(void **state)
{
	struct rig r;

	(void)state;
	shaped_rig(&r, BITS(VOICE));
	rig_start(&r);
	rig_offer(&r, VOICE, 1, 1500);
	r.now_ns += 10 * MS + 1;
	assert_int_equal(rig_take(&r, NULL, 0), 0);
	assert_int_equal(r.expired, 1);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metered_as_they_leave),
		cmocka_unit_test(counts_by_its_own_accounting),
		cmocka_unit_test(others_pass_meanwhile),
		cmocka_unit_test(classes_share_one_contract),
		cmocka_unit_test(expires_just_after_the_longest_delay),
		cmocka_unit_test(leaves_at_the_last_moment_with_tokens),
		cmocka_unit_test(expiry_needs_no_room_in_the_output),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
