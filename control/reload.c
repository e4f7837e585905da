/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idle → building → adopting → idle, and adopting → held where a worker stalls. A roll-back
 * goes the same way, with the configuration that was kept instead of the file's.
 */
#define _GNU_SOURCE /* asprintf */
#include "reload.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "config/config.h"
#include "control/site.h"
#include "forwarding.h"
#include "reload_build.h"
#include "rollback.h"

enum {
	POLL_MS = 1,
	HELD_POLL_MS = 100,
	ADOPT_TIMEOUT_MS = 1000,
	ROLLBACK_AGAIN_MS = 5000, /* after one that failed */
};

#define US_PER_MS     UINT64_C(1000)
#define US_PER_SECOND UINT64_C(1000000)

enum reload_state { RELOAD_IDLE, RELOAD_BUILDING, RELOAD_ADOPTING, RELOAD_HELD };

struct reload {
	struct forwarding *forwarding;
	reload_answer answer;
	void *context;

	enum reload_state state;
	struct requesters now, next; /* of the reload under way; of the one after it */
	struct reload_build build;

	struct generation *old; /* while adopting or held */
	uint64_t token;		/* of the grace period */
	uint64_t published_us, built_ns;

	struct rollback rollback;
	bool rolling; /* the reload under way is the roll-back */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * US_PER_SECOND + (uint64_t)t.tv_nsec / 1000;
}

/* --- answers ------------------------------------------------------------------------------- */

static uint64_t count_rules(const struct config *c)
{
	uint64_t rules = 0;

	for (size_t i = 0; i < c->acl_count; i++)
		rules += c->acls[i].rule_count;
	return rules;
}

static struct reload_result result_of(const struct reload *r, enum reload_outcome outcome,
				      const char *error)
{
	const struct generation *running = r->forwarding->site->running;
	const bool done = outcome == RELOAD_DONE;

	return (struct reload_result){
		.outcome = outcome,
		.generation = running->set.generation,
		.rules = count_rules(running->config),
		.build_ms = (double)r->built_ns / 1e6,
		.confirm_s = done && r->rollback.pending && !r->rolling ? r->now.confirm_s : 0,
		.rolled_back = done && r->rolling ? r->rollback.generation : 0,
		.previous = done ? r->rollback.previous : 0,
		.error = error,
	};
}

/* Tells the log, and all who wait for the reload under way. */
static void answer_all(struct reload *r, struct reload_result result)
{
	char who[2 * WHO_BYTES];

	requesters_name(&r->now, who, sizeof(who));
	result.who = who;
	r->answer(r->context, REQUESTER_NONE, &result);
	for (unsigned i = 0; i < r->now.count; i++)
		r->answer(r->context, r->now.id[i], &result);
	r->now = (struct requesters){0};
}

static void fail(struct reload *r, const char *error)
{
	answer_all(r, result_of(r, RELOAD_FAILED, error ? error : "edgemark: out of memory"));
}

/* Takes reason over; NULL: there is no memory for it. */
static void refuse_all(struct reload *r, char *reason)
{
	answer_all(r, result_of(r, RELOAD_REFUSED,
				reason ? reason : "edgemark: it can't be reloaded now"));
	free(reason);
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

static char *pending_text(const struct reload *r)
{
	char *text;

	if (asprintf(&text,
		     "edgemark: generation %" PRIu64 " waits to be confirmed: say edgemark "
		     "confirm, or wait %.0f s until generation %" PRIu64 " is back; then reload",
		     r->rollback.generation, reload_pending(r).seconds_left,
		     r->rollback.previous) < 0)
		return NULL;
	return text;
}

/* --- the states ------------------------------------------------------------------------------ */

/* config NULL: what the file says now. */
static void start_build(struct reload *r, struct config *config)
{
	r->built_ns = 0;
	r->state = RELOAD_BUILDING;
	if (reload_build_start(&r->build, config) == 0)
		return;
	r->state = RELOAD_IDLE;
	if (r->rolling)
		rollback_postpone(&r->rollback, config, now_us() + ROLLBACK_AGAIN_MS * US_PER_MS);
	r->rolling = false;
	fail(r, "edgemark: no thread for the build: raise the limit of processes");
}

static void go_on(struct reload *r)
{
	r->state = RELOAD_IDLE;
	if (r->next.asked == 0)
		return;
	r->now = r->next;
	r->next = (struct requesters){0};
	if (reload_pending(r).generation)
		refuse_all(r, pending_text(r));
	else
		start_build(r, NULL);
}

static void roll_back_if_due(struct reload *r)
{
	const struct reload_request request = {.who = "the roll-back"};
	struct config *config = rollback_due(&r->rollback, now_us());

	if (!config)
		return;
	r->rolling = true;
	requesters_add(&r->now, &request);
	start_build(r, config);
}

static void publish(struct reload *r)
{
	struct forwarding *f = r->forwarding;
	struct generation *g = r->build.built;

	r->built_ns = r->build.took_ns;
	r->old = site_switch(f->site, g);
	forwarding_publish(f, g);
	r->token = rte_rcu_qsbr_start(f->shared.qsbr);
	r->published_us = now_us();
	r->state = RELOAD_ADOPTING;
	if (r->now.confirm_s > 0)
		rollback_begin(&r->rollback, g->set.generation, r->old->set.generation,
			       r->published_us + r->now.confirm_s * US_PER_SECOND);
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
	rollback_keep(&r->rollback, &r->old->config);
	generation_free(r->old);
	r->old = NULL;
	site_reclaim(r->forwarding->site);
}

static void finish(struct reload *r, uint64_t waited_us)
{
	struct reload_result result = result_of(r, RELOAD_DONE, NULL);

	result.adopt_ms = (double)waited_us / 1e3;
	if (r->rolling)
		rollback_end(&r->rollback);
	r->rolling = false;
	free_old(r);
	answer_all(r, result);
	go_on(r);
}

static void hold(struct reload *r)
{
	struct requesters told;

	r->state = RELOAD_HELD;
	requesters_take(&r->now, &r->next);
	told = r->now;
	refuse_all(r, held_text(r));
	/* They have their answer; the log will have another one once the worker goes on. */
	told.count = 0;
	r->now = told;
}

int reload_poll(struct reload *r)
{
	const uint64_t waited_us = now_us() - r->published_us;
	int64_t left_ms;

	if (r->state == RELOAD_IDLE)
		roll_back_if_due(r);
	if (r->state == RELOAD_IDLE) {
		left_ms = rollback_left_ms(&r->rollback, now_us());
		return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
	}
	if (r->state == RELOAD_BUILDING)
		return -1;
	if (adopted(r)) {
		finish(r, waited_us);
		return 0;
	}
	if (r->state == RELOAD_ADOPTING && waited_us / US_PER_MS >= ADOPT_TIMEOUT_MS)
		hold(r);
	return r->state == RELOAD_HELD ? HELD_POLL_MS : POLL_MS;
}

void reload_built(struct reload *r)
{
	uint64_t count;

	if (read(r->build.event_fd, &count, sizeof(count)) != sizeof(count))
		return;
	reload_build_join(&r->build);
	if (r->build.built) {
		publish(r);
		return;
	}
	if (r->rolling)
		rollback_postpone(&r->rollback, r->build.config,
				  now_us() + ROLLBACK_AGAIN_MS * US_PER_MS);
	else
		config_free(r->build.config);
	r->rolling = false;
	fail(r, r->build.error);
	free(r->build.error);
	go_on(r);
}

/* --- requests -------------------------------------------------------------------------------- */

/* One that came while another reload has to be settled first. */
static void refuse_one(struct reload *r, const struct reload_request *request, char *reason)
{
	struct reload_result result =
		result_of(r, RELOAD_REFUSED, reason ? reason : "edgemark: not now");

	result.who = request->who;
	r->answer(r->context, REQUESTER_NONE, &result);
	if (request->requester != REQUESTER_NONE)
		r->answer(r->context, request->requester, &result);
	free(reason);
}

bool reload_accepts(const struct reload *r)
{
	return r->state != RELOAD_HELD && reload_pending(r).generation == 0;
}

void reload_request(struct reload *r, const struct reload_request *request)
{
	if (r->state == RELOAD_HELD) {
		refuse_one(r, request, held_text(r));
		return;
	}
	if (r->state == RELOAD_IDLE && reload_pending(r).generation) {
		refuse_one(r, request, pending_text(r));
		return;
	}
	requesters_add(&r->next, request);
	if (r->state == RELOAD_IDLE)
		go_on(r);
}

uint64_t reload_confirm(struct reload *r)
{
	const uint64_t generation = reload_pending(r).generation;

	if (generation)
		rollback_end(&r->rollback);
	return generation;
}

/* A roll-back under way can't be stopped by a confirmation any more. */
struct reload_pending reload_pending(const struct reload *r)
{
	const int64_t left_ms = rollback_left_ms(&r->rollback, now_us());

	if (left_ms < 0 || r->rolling)
		return (struct reload_pending){0};
	return (struct reload_pending){
		.generation = r->rollback.generation,
		.previous = r->rollback.previous,
		.seconds_left = (double)left_ms / 1e3,
	};
}

/* --- the whole ------------------------------------------------------------------------------- */

struct reload *reload_create(struct forwarding *f, const char *file, reload_answer function,
			     void *context)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->build = (struct reload_build){
		.site = f->site,
		.file = file,
		.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	if (r->build.event_fd < 0) {
		free(r);
		return NULL;
	}
	r->forwarding = f;
	r->answer = function;
	r->context = context;
	return r;
}

int reload_fd(const struct reload *r)
{
	return r->build.event_fd;
}

void reload_destroy(struct reload *r)
{
	if (!r)
		return;
	if (r->state == RELOAD_BUILDING) {
		reload_build_join(&r->build);
		generation_free(r->build.built);
		config_free(r->build.config);
		free(r->build.error);
	}
	generation_free(r->old);
	rollback_end(&r->rollback);
	close(r->build.event_fd);
	free(r);
}
