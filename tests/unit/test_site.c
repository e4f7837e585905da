/* SPDX-License-Identifier: BSD-3-Clause */
/* Generations: compiled aside, switched, refused where a running process can't follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "control/eal.h"
#include "control/site.h"
#include "site_config.h"
#include "slots.h"

static struct site *open_site(void)
{
	const struct site_options options = {.seed = 1};
	struct site *site;

	assert_int_equal(site_create(site_config(SITE_TEXT), &options, &site), 0);
	return site;
}

/* Compiles c and puts it in force. */
static void advance(struct site *site, struct config *c)
{
	struct generation *built;
	char *why;

	assert_non_null(c);
	assert_int_equal(site_compile(site, c, &built, &why), 0);
	assert_null(why);
	generation_free(site_switch(site, built));
	site_reclaim(site);
}

static void first_generation_runs(void **state)
{
	struct site *site = open_site();
	const struct generation *g = site->running;

	(void)state;
	assert_int_equal(site->link_count, 1);
	assert_string_equal(site->links[0].name, "mpls");
	assert_int_equal(g->set.generation, 1);
	assert_int_equal(g->set.lane_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(policy_generation(g->set.policy[i]), 1);
		assert_non_null(site->links[0].direction[i].lane);
	}
	assert_int_equal(g->slots[UPSTREAM]->rule_count, 2);
	assert_int_equal(g->slots[DOWNSTREAM]->rule_count, 0);
	site_destroy(site);
}

static void changed_contract_rebuilds_no_classifier(void **state)
{
	struct site *site = open_site();
	struct generation *built, *before;
	char *why;

	(void)state;
	assert_int_equal(site_compile(site, site_config_with("3953.1", "4000"), &built, &why), 0);
	assert_int_equal(site->running->set.generation, 1); /* aside */
	assert_true(policy_shares_classifier(site->running->set.policy[UPSTREAM],
					     built->set.policy[UPSTREAM]));
	before = site_switch(site, built);
	assert_int_equal(before->set.generation, 1);
	assert_int_equal(site->running->set.generation, 2);
	generation_free(before);
	site_reclaim(site);
	site_destroy(site);
}

static void slots_follow_names_over_a_reload(void **state)
{
	struct site *site = open_site();
	const struct generation_slots *slots = site->running->slots[UPSTREAM];
	struct slot_place voice = slots->classes[0], rule = slots->rules[1];

	(void)state;
	advance(site, site_config_with("{ name = \"voice\"; dscp",
				       "{ name = \"control\"; dscp = \"CS6\"; pcp = 6; },"
				       "{ name = \"voice\"; dscp"));
	slots = site->running->slots[UPSTREAM];
	assert_memory_equal(&slots->classes[1], &voice, sizeof(voice));
	assert_memory_equal(&slots->rules[1], &rule, sizeof(rule));
	assert_int_not_equal(slots->classes[0].slot, voice.slot);
	site_destroy(site);
}

static void abandoned_generation_leaves_the_running_one(void **state)
{
	struct site *site = open_site();
	const struct slot_place rest = site->running->slots[UPSTREAM]->classes[2];
	struct generation *built;
	char *why;

	(void)state;
	for (int i = 0; i < 40; i++) { /* more names than there are slots */
		char class[64];

		snprintf(class, sizeof(class), "{ name = \"rest%d\";", i);
		assert_int_equal(site_compile(site,
					      site_config_with("{ name = \"default\";", class),
					      &built, &why),
				 0);
		assert_int_not_equal(built->slots[UPSTREAM]->classes[2].slot, rest.slot);
		generation_free(built);
	}
	assert_int_equal(site->running->set.generation, 1);
	advance(site, site_config(SITE_TEXT));
	assert_memory_equal(&site->running->slots[UPSTREAM]->classes[2], &rest, sizeof(rest));
	site_destroy(site);
}

static void refused(const char *from, const char *to, const char *said)
{
	struct site *site = open_site();
	struct config *c = site_config_with(from, to);
	struct generation *built;
	char *why;

	assert_non_null(c);
	assert_int_equal(site_compile(site, c, &built, &why), -ENOTSUP);
	assert_null(built);
	assert_non_null(why);
	if (!strstr(why, said))
		fail_msg("'%s' does not say '%s'", why, said);
	assert_int_equal(site->running->set.generation, 1);
	assert_int_equal(site->next_generation, 2);
	free(why);
	config_free(c);
	site_destroy(site);
}

static void what_can_not_change_is_named(void **state)
{
	static const char second[] =
		"links = ( { name = \"dsl\"; lan = { device = \"net_null2\"; };"
		"            wan = { device = \"net_null3\"; }; }, { name";

	(void)state;
	refused("\"net_null0\"", "\"net_null9\"", "link 'mpls': lan.device");
	refused("\"net_null1\"", "\"net_null9\"", "link 'mpls': wan.device");
	refused("\"net_null1\";", "\"net_null1\"; mtu = 9000;", "wan.mtu can't change from '1500'");
	refused("\"mpls\"", "\"other\"", "'mpls' to 'other'");
	refused("links = ( { name", second, "'mpls' to 'dsl'");
	refused("upstream = \"up\"; } )",
		"upstream = \"up\"; }, { name = \"dsl\"; lan = { device = \"net_null2\"; };"
		" wan = { device = \"net_null3\"; }; } )",
		"link 'dsl' can't be added");
	refused("version = 1;", "version = 1; dpdk = { workers = \"3\"; };", "dpdk.workers");
	refused("version = 1;", "version = 1; dpdk = { eal-args = [ \"-v\" ]; };", "dpdk.eal-args");
	refused("version = 1;", "version = 1; control = { socket = \"/run/x.sock\"; };",
		"control.socket");
}

static void rate_of_a_link_may_change(void **state)
{
	struct site *site = open_site();

	(void)state;
	advance(site, site_config_with("rate-kbps = 10000", "rate-kbps = 20000"));
	assert_int_equal(site->running->set.generation, 2);
	site_destroy(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_generation_runs),
		cmocka_unit_test(changed_contract_rebuilds_no_classifier),
		cmocka_unit_test(slots_follow_names_over_a_reload),
		cmocka_unit_test(abandoned_generation_leaves_the_running_one),
		cmocka_unit_test(what_can_not_change_is_named),
		cmocka_unit_test(rate_of_a_link_may_change),
	};

	if (eal_start_offline(512) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
