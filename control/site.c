/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A generation is compiled lane by lane: names get their slots, the configuration becomes
 * a spec, the spec a policy, and the lane room for its queues. Only when all lanes have
 * theirs are the slots committed; otherwise everything is as before.
 */
#define _GNU_SOURCE /* vasprintf */
#include "control/site.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "slots.h"
#include "translate.h"

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static struct site_direction *site_lane(struct site *site, uint32_t index)
{
	return &site->links[index / DIRECTIONS].direction[index % DIRECTIONS];
}

__attribute__((format(printf, 3, 4))) static int explain(char **why, int err, const char *format,
							 ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(why, format, arguments) < 0)
		*why = NULL;
	va_end(arguments);
	return err;
}

/* --- what a running process can't change ---------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static int refuse(char **why, const char *where, const char *key, const char *from, const char *to)
{
	return explain(why, -ENOTSUP,
		       "%s%s can't change from '%s' to '%s' while edgemark runs: restart it", where,
		       key, from ? from : "", to ? to : "");
}

static int check_port(const char *link, const char *side, const struct config_port *from,
		      const struct config_port *to, char **why)
{
	char where[160], old[16], new[16];

	snprintf(where, sizeof(where), "link '%s': %s.", link, side);
	if (!same_text(from->device, to->device))
		return refuse(why, where, "device", from->device, to->device);
	snprintf(old, sizeof(old), "%u", from->mtu);
	snprintf(new, sizeof(new), "%u", to->mtu);
	return from->mtu == to->mtu ? 0 : refuse(why, where, "mtu", old, new);
}

static int check_links(const struct config *from, const struct config *to, char **why)
{
	int err = 0;

	for (size_t i = 0; i < from->link_count || i < to->link_count; i++) {
		if (i >= to->link_count)
			return explain(why, -ENOTSUP,
				       "link '%s' can't be removed while edgemark runs: restart it",
				       from->links[i].name);
		if (i >= from->link_count)
			return explain(why, -ENOTSUP,
				       "link '%s' can't be added while edgemark runs: restart it",
				       to->links[i].name);
		if (!same_text(from->links[i].name, to->links[i].name))
			return refuse(why, "links: ", "name", from->links[i].name,
				      to->links[i].name);
		err = check_port(to->links[i].name, "lan", &from->links[i].lan, &to->links[i].lan,
				 why);
		if (!err)
			err = check_port(to->links[i].name, "wan", &from->links[i].wan,
					 &to->links[i].wan, why);
		if (err)
			return err;
	}
	return 0;
}

static int check_process(const struct config *from, const struct config *to, char **why)
{
	if (!same_text(from->dpdk.workers, to->dpdk.workers))
		return refuse(why, "dpdk.", "workers", from->dpdk.workers, to->dpdk.workers);
	for (size_t i = 0; i < from->dpdk.eal_arg_count || i < to->dpdk.eal_arg_count; i++) {
		const char *old = i < from->dpdk.eal_arg_count ? from->dpdk.eal_args[i] : NULL;
		const char *new = i < to->dpdk.eal_arg_count ? to->dpdk.eal_args[i] : NULL;

		if (!same_text(old, new))
			return refuse(why, "dpdk.", "eal-args", old, new);
	}
	if (!same_text(from->control.socket, to->control.socket))
		return refuse(why, "control.", "socket", from->control.socket, to->control.socket);
	if (!same_text(from->control.prometheus, to->control.prometheus))
		return refuse(why, "control.", "prometheus", from->control.prometheus,
			      to->control.prometheus);
	return 0;
}

/* --- compiling -------------------------------------------------------------------------- */

static void generation_discard(struct generation *g)
{
	for (uint32_t i = 0; i < g->set.lane_count; i++) {
		policy_free(g->set.policy[i]);
		generation_slots_free(g->slots[i]);
	}
	free(g);
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	config_free(g->config);
	generation_discard(g);
}

static int compile_lane(struct site *site, struct generation *g, uint32_t index, char **why)
{
	const struct config_link *link = &g->config->links[index / DIRECTIONS];
	enum direction d = (enum direction)(index % DIRECTIONS);
	const struct policy *previous = site->running ? site->running->set.policy[index] : NULL;
	struct site_direction *lane = site_lane(site, index);
	struct translation t = {0};
	const char *step = "a slot for every class, contract and rule";
	int err = translate_names(g->config, link, d, lane->slots, &g->slots[index]);

	if (!err) {
		step = "the policy";
		err = translate_direction(g->config, link, d, g->slots[index], g->set.generation,
					  &t);
	}
	if (!err)
		err = policy_build(&t.spec, previous, &g->set.policy[index]);
	if (!err) {
		step = "the queues";
		err = lane_prepare(lane->lane, g->set.policy[index]);
	}
	translation_free(&t);
	if (err == -ENOSPC)
		return explain(why, err,
			       "link '%s' %s: too many new names at once: reload in two steps",
			       link->name, config_direction_name(d));
	if (err)
		return explain(why, err, "link '%s' %s: can't make %s: %s", link->name,
			       config_direction_name(d), step, strerror(-err));
	return 0;
}

static int compile_lanes(struct site *site, struct generation *g, char **why)
{
	uint32_t lanes = g->set.lane_count;
	int err = 0;

	for (uint32_t i = 0; i < lanes && !err; i++)
		err = compile_lane(site, g, i, why);
	for (uint32_t i = 0; i < lanes; i++) {
		if (err)
			slots_rollback(site_lane(site, i)->slots);
		else
			slots_commit(site_lane(site, i)->slots);
	}
	return err;
}

int site_compile(struct site *site, struct config *c, struct generation **built, char **why)
{
	uint64_t started_ns = monotonic_ns();
	struct generation *g;
	int err = 0;

	*built = NULL;
	*why = NULL;
	if (site->running) {
		err = check_links(site->running->config, c, why);
		if (!err)
			err = check_process(site->running->config, c, why);
		if (err)
			return err;
	}
	g = calloc(1, sizeof(*g));
	if (!g) {
		(void)explain(why, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	g->config = c;
	g->set.generation = site->next_generation;
	g->set.lane_count = (uint32_t)(site->link_count * DIRECTIONS);
	err = compile_lanes(site, g, why);
	if (err) {
		generation_discard(g);
		return err;
	}
	site->next_generation++;
	g->built_in_ns = monotonic_ns() - started_ns;
	*built = g;
	return 0;
}

/* --- the site --------------------------------------------------------------------------- */

static int site_open_link(struct site_link *l, const char *name, const struct lane_config *lanes)
{
	l->name = strdup(name);
	if (!l->name)
		return -ENOMEM;
	for (int d = 0; d < DIRECTIONS; d++) {
		struct lane_config lane = *lanes;

		lane.seed = lanes->seed + (uint64_t)d;
		l->direction[d].lane = lane_create(&lane);
		l->direction[d].slots = slots_create();
		if (!l->direction[d].lane || !l->direction[d].slots)
			return -ENOMEM;
	}
	return 0;
}

static int site_open_links(struct site *site, const struct config *c, const struct site_options *o)
{
	int err = 0;

	site->link_count = c->link_count;
	for (size_t i = 0; i < c->link_count && !err; i++) {
		struct lane_config lanes = {
			.socket_id = o->socket_ids ? o->socket_ids[i] : -1, /* any */
			.seed = o->seed + DIRECTIONS * i,
			.drop_tap = o->drop_tap,
			.drop_context = o->drop_context,
		};

		err = site_open_link(&site->links[i], c->links[i].name, &lanes);
	}
	return err;
}

int site_create(struct config *c, const struct site_options *options, struct site **site)
{
	struct site *s = calloc(1, sizeof(*s));
	struct generation *first;
	char *why = NULL;
	int err;

	*site = s;
	if (!s)
		return -ENOMEM;
	s->next_generation = 1;
	err = site_open_links(s, c, options);
	if (!err)
		err = site_compile(s, c, &first, &why);
	if (err) {
		fprintf(stderr, "edgemark: %s: %s\n", c->file, why ? why : strerror(-err));
		free(why);
		site_destroy(s);
		*site = NULL;
		return err;
	}
	(void)site_switch(s, first);
	return 0;
}

void site_destroy(struct site *site)
{
	if (!site)
		return;
	for (size_t i = 0; i < site->link_count; i++) {
		for (int d = 0; d < DIRECTIONS; d++) {
			struct site_direction *lane = &site->links[i].direction[d];

			if (lane->lane)
				lane_destroy(lane->lane);
			slots_destroy(lane->slots);
		}
		free(site->links[i].name);
	}
	generation_free(site->running);
	free(site);
}

struct generation *site_switch(struct site *site, struct generation *built)
{
	struct generation *before = site->running;

	site->running = built;
	for (uint32_t i = 0; i < built->set.lane_count; i++)
		slots_hold(site_lane(site, i)->slots, built->slots[i]);
	return before;
}

void site_reclaim(struct site *site)
{
	for (uint32_t i = 0; i < site->link_count * DIRECTIONS; i++)
		lane_reclaim(site_lane(site, i)->lane);
}
