/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idle → building → adopting → idle, and adopting → held where a worker stalls. The
 * builder thread owns `build` while it runs; joining it hands the result to control.
 */
#define _GNU_SOURCE /* asprintf */
#include "reload.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "config/config.h"
#include "control/site.h"
#include "forwarding.h"

enum {
	REQUESTERS_MAX = 128,
	POLL_MS = 1,
	HELD_POLL_MS = 100,
	ADOPT_TIMEOUT_MS = 1000,
};

enum reload_state { RELOAD_IDLE, RELOAD_BUILDING, RELOAD_ADOPTING, RELOAD_HELD };

struct requesters {
	uint64_t id[REQUESTERS_MAX];
	unsigned count;
	bool any; /* asked at all, be it by a signal */
};

struct reload {
	struct forwarding *forwarding;
	const char *file;
	reload_answer answer;
	void *context;
	int event_fd;

	enum reload_state state;
	struct requesters now, next; /* of the reload under way; of the one after it */

	pthread_t builder;
	struct { /* builder: wo while it runs; control: ro after joining it */
		struct generation *built;
		char *error;
	} build;

	struct generation *old; /* while adopting or held */
	uint64_t token;		/* of the grace period */
	uint64_t published_us, built_ns;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- the builder thread ------------------------------------------------------------------- */

static char *report_text(const struct config_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	config_report_print(report, f);
	fclose(f);
	if (text && size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return text;
}

static void build(struct reload *r)
{
	struct config_report report = {0};
	struct config *c = config_load(r->file, &report);
	char *why = NULL;

	if (!c) {
		r->build.error = report_text(&report);
	} else if (site_compile(r->forwarding->site, c, &r->build.built, &why) < 0) {
		if (asprintf(&r->build.error, "edgemark: %s: %s", r->file,
			     why ? why : "out of memory") < 0)
			r->build.error = NULL;
		config_free(c);
	}
	free(why);
	config_report_clear(&report);
}

static void *builder_main(void *reload)
{
	struct reload *r = reload;
	const uint64_t one = 1;

	build(r);
	/* An eventfd takes eight bytes unless its count overflows. */
	if (write(r->event_fd, &one, sizeof(one)) != sizeof(one))
		abort();
	return NULL;
}

/* --- answers ------------------------------------------------------------------------------- */

static void answer(const struct reload *r, uint64_t requester, const char *error, double adopt_ms)
{
	const struct reload_result result = {
		.ok = !error,
		.generation = r->forwarding->site->running->set.generation,
		.build_ms = (double)r->built_ns / 1e6,
		.adopt_ms = adopt_ms,
		.error = error,
	};

	r->answer(r->context, requester, &result);
}

static void answer_all(struct reload *r, const char *error, double adopt_ms)
{
	answer(r, REQUESTER_NONE, error, adopt_ms);
	for (unsigned i = 0; i < r->now.count; i++)
		answer(r, r->now.id[i], error, adopt_ms);
	r->now = (struct requesters){0};
}

static void add_requester(struct requesters *list, uint64_t requester)
{
	list->any = true;
	if (requester != REQUESTER_NONE && list->count < REQUESTERS_MAX)
		list->id[list->count++] = requester;
}

static void add_requesters(struct requesters *list, struct requesters *more)
{
	for (unsigned i = 0; i < more->count; i++)
		add_requester(list, more->id[i]);
	*more = (struct requesters){0};
}

/* --- the states ------------------------------------------------------------------------------ */

static void start_build(struct reload *r)
{
	r->now = r->next;
	r->next = (struct requesters){0};
	r->build.built = NULL;
	r->build.error = NULL;
	r->built_ns = 0;
	r->state = RELOAD_BUILDING;
	if (pthread_create(&r->builder, NULL, builder_main, r) == 0)
		return;
	r->state = RELOAD_IDLE;
	answer_all(r, "edgemark: no thread for the build: raise the limit of processes", 0);
}

static void go_idle(struct reload *r)
{
	r->state = RELOAD_IDLE;
	if (r->next.any)
		start_build(r);
}

static void publish(struct reload *r)
{
	struct forwarding *f = r->forwarding;
	struct generation *g = r->build.built;

	r->built_ns = g->built_in_ns;
	r->old = site_switch(f->site, g);
	forwarding_publish(f, g);
	r->token = rte_rcu_qsbr_start(f->shared.qsbr);
	r->published_us = now_us();
	r->state = RELOAD_ADOPTING;
}

/* A lane points at the policy that it adopted last, so that a quiescent state alone does
 * not release the old one: the worker must have adopted the new one, too. */
static bool adopted(const struct reload *r)
{
	const struct forwarding *f = r->forwarding;

	return forwarding_laggard(f, f->site->running->set.generation) < 0 &&
	       rte_rcu_qsbr_check(f->shared.qsbr, r->token, false) == 1;
}

static void free_old(struct reload *r)
{
	generation_free(r->old);
	r->old = NULL;
	site_reclaim(r->forwarding->site);
}

static char *held_text(const struct reload *r)
{
	const uint64_t running = r->forwarding->site->running->set.generation;
	char *text;

	if (asprintf(&text,
		     "edgemark: the worker on lcore %d still holds generation %" PRIu64
		     ": nothing can be reloaded until it goes on; if it does not, restart edgemark",
		     forwarding_laggard(r->forwarding, running), r->old->set.generation) < 0)
		return NULL;
	return text;
}

int reload_poll(struct reload *r)
{
	const uint64_t waited_us = now_us() - r->published_us;
	char *text;

	if (r->state != RELOAD_ADOPTING && r->state != RELOAD_HELD)
		return -1;
	if (adopted(r)) {
		free_old(r);
		answer_all(r, NULL, (double)waited_us / 1e3);
		go_idle(r);
		return -1;
	}
	if (r->state == RELOAD_ADOPTING && waited_us / 1000 >= ADOPT_TIMEOUT_MS) {
		r->state = RELOAD_HELD;
		text = held_text(r);
		add_requesters(&r->now, &r->next);
		answer_all(r, text ? text : "edgemark: a worker stalls", 0);
		free(text);
	}
	return r->state == RELOAD_HELD ? HELD_POLL_MS : POLL_MS;
}

void reload_built(struct reload *r)
{
	uint64_t count;

	if (read(r->event_fd, &count, sizeof(count)) != sizeof(count))
		return;
	pthread_join(r->builder, NULL);
	if (r->build.built) {
		publish(r);
		return;
	}
	answer_all(r, r->build.error ? r->build.error : "edgemark: out of memory", 0);
	free(r->build.error);
	r->build.error = NULL;
	go_idle(r);
}

void reload_request(struct reload *r, uint64_t requester)
{
	char *text;

	if (r->state == RELOAD_HELD) {
		text = held_text(r);
		answer(r, requester, text ? text : "edgemark: a worker stalls", 0);
		free(text);
		return;
	}
	add_requester(&r->next, requester);
	if (r->state == RELOAD_IDLE)
		start_build(r);
}

struct reload *reload_create(struct forwarding *f, const char *file, reload_answer function,
			     void *context)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->event_fd < 0) {
		free(r);
		return NULL;
	}
	r->forwarding = f;
	r->file = file;
	r->answer = function;
	r->context = context;
	return r;
}

int reload_fd(const struct reload *r)
{
	return r->event_fd;
}

void reload_destroy(struct reload *r)
{
	if (!r)
		return;
	if (r->state == RELOAD_BUILDING) {
		pthread_join(r->builder, NULL);
		generation_free(r->build.built);
		free(r->build.error);
	}
	generation_free(r->old);
	close(r->event_fd);
	free(r);
}
