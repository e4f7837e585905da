/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Golden packets of an AF class (RFC 2597): the same frame in again and again, and what it
 * must become by its colour. Video's contract holds two of its datagrams of 32 bytes, its
 * excess burst one more; no time passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/lane.h"
#include "pipeline/golden.h"
#include "support/eal.h"

#define MACS	  "02a1b2c3d4e5 02f6e7d8c9ba "
#define FROM_TO	  " 0a010203 34700001 " /* 10.1.2.3 to 52.112.0.1 */
#define VIDEO_UDP "c364 0d96 000c 0000 01020304"

#define CAME	  "0800 4500 0020 0001 0000 4011 3a58" FROM_TO VIDEO_UDP
#define CAME_AF42 "0800 4590 0020 0001 0000 4011 39c8" FROM_TO VIDEO_UDP
#define CAME_AF43 "0800 4598 0020 0001 0000 4011 39c0" FROM_TO VIDEO_UDP
#define AF41	  "0800 4588 0020 0001 0000 4011 39d0" FROM_TO VIDEO_UDP
#define AF42	  CAME_AF42
#define AF43	  CAME_AF43
#define CAME_CE	  "0800 4503 0020 0001 0000 4011 3a55" FROM_TO VIDEO_UDP
#define AF42_CE	  "0800 4593 0020 0001 0000 4011 39c5" FROM_TO VIDEO_UDP
#define ADDRESSES "20010db8000000000000000000000001 20010db8000000000000000000000002 "

static struct contract_spec contract;

static struct golden *coloured(void **state, bool drop_red)
{
	struct golden *g = *state;

	contract = (struct contract_spec){.epoch = 1,
					  .class_slots = 1u << VIDEO,
					  .cir_bps = 64000,
					  .burst_bytes = 64,
					  .account = ACCOUNT_IP,
					  .exceed = EXCEED_COLOUR,
					  .excess_burst_bytes = 32,
					  .drop_red = drop_red};
	g->spec.contracts = &contract;
	g->spec.contract_count = 1;
	return g;
}

static void green_yellow_and_red_are_af41_af42_and_af43(void **state)
{
	struct golden *g = coloured(state, false);

	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS CAME, MACS AF42);
	leaves_as(g, MACS CAME, MACS AF43);
}

static void red_is_dropped(void **state)
{
	struct golden *g = coloured(state, true);

	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS CAME, MACS AF42);
	is_dropped(g, MACS CAME, DROP_CONTRACT);
}

static void ecn_stays_in_every_colour(void **state)
{
	struct golden *g = coloured(state, true);

	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS CAME_CE, MACS AF42_CE);
}

static void ipv6_too(void **state)
{
	struct golden *g = coloured(state, false);

	contract.account = ACCOUNT_L2; /* 66 bytes: none is green, one is yellow */
	contract.excess_burst_bytes = 66;
	leaves_as(g, MACS "86dd 601abcde 000c 1140 " ADDRESSES VIDEO_UDP,
		  MACS "86dd 691abcde 000c 1140 " ADDRESSES VIDEO_UDP);
	leaves_as(g, MACS "86dd 601abcde 000c 1140 " ADDRESSES VIDEO_UDP,
		  MACS "86dd 699abcde 000c 1140 " ADDRESSES VIDEO_UDP);
}

static void colours_that_came_stay_where_the_meter_is_aware(void **state)
{
	struct golden *g = coloured(state, false);

	contract.colour_aware = true;
	leaves_as(g, MACS CAME_AF43, MACS AF43);
	leaves_as(g, MACS CAME_AF42, MACS AF42);
	leaves_as(g, MACS CAME_AF42, MACS AF43); /* the excess burst is spent */
	leaves_as(g, MACS CAME, MACS AF41);
	leaves_as(g, MACS AF41, MACS AF41);
	leaves_as(g, MACS AF41, MACS AF43);
}

static void the_guard_erases_a_colour_and_the_pcp_stays(void **state)
{
	struct golden *g = coloured(state, false);

	g->spec.allowed_dscp = UINT64_C(1) << DSCP_AF41 | 1;
	g->spec.tag_pcp = TAG_PCP_OUTER;
	leaves_as(g, MACS "8100 0064" CAME, MACS "8100 8064" AF41);
	leaves_as(g, MACS "8100 0064" CAME, MACS "8100 8064" AF41);
	leaves_as(g, MACS "8100 0064" CAME, MACS "8100 8064" CAME);
	assert_true(golden_counters(g)->guarded == 1);
}

int main(void)
{
#define GOLDEN(f) cmocka_unit_test_setup_teardown(f, golden_setup, golden_teardown)
	const struct CMUnitTest tests[] = {
		GOLDEN(green_yellow_and_red_are_af41_af42_and_af43),
		GOLDEN(red_is_dropped),
		GOLDEN(ecn_stays_in_every_colour),
		GOLDEN(ipv6_too),
		GOLDEN(colours_that_came_stay_where_the_meter_is_aware),
		GOLDEN(the_guard_erases_a_colour_and_the_pcp_stays),
	};
#undef GOLDEN

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
