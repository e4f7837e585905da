/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counters document, and beside it what only control knows: reloads, the workers'
 * heartbeats as Unix time, how busy they were since the last publication, ended calls.
 */
#include "publisher.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <rte_common.h>
#include <rte_version.h>

#include "call_histograms.h"
#include "figures.h"
#include "forwarding.h"
#include "published.h"
#include "reload.h"

enum {
	PERIOD_MS = 1000,
	PERIOD_MAX_MS = 5000,
	SHARE = 20, /* of control's time: at most 1/SHARE, up to the longest period */
	STALLED_MS = 1000,
};

#define NS_PER_SECOND UINT64_C(1000000000)

struct publisher {
	struct forwarding *forwarding;
	struct call_histograms *calls;
	struct worker_stats last[WORKERS_MAX]; /* at the last publication */
	uint64_t next_ms;
	double started;
	struct {
		uint64_t succeeded, failed, refused;
		bool last_ok;
		double last_success, build_seconds, adopt_seconds;
	} reload;
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

static double unix_seconds(void)
{
	return (double)clock_ns(CLOCK_REALTIME) / 1e9;
}

static json_t *reload_figures(const struct publisher *p)
{
	return json_pack("{s:I, s:I, s:I, s:b, s:f, s:f, s:f}", "succeeded",
			 (json_int_t)p->reload.succeeded, "failed", (json_int_t)p->reload.failed,
			 "refused", (json_int_t)p->reload.refused, "last_ok", p->reload.last_ok,
			 "last_success", p->reload.last_success, "build_seconds",
			 p->reload.build_seconds, "adopt_seconds", p->reload.adopt_seconds);
}

static double busy_since(const struct worker_stats *now, const struct worker_stats *last)
{
	const uint64_t turns = now->turns - last->turns;

	return turns ? (double)(now->busy_turns - last->busy_turns) / (double)turns : 0;
}

/* *stalled: one does not turn, so that its lanes' figures are old ones. */
static json_t *heartbeats(struct publisher *p, bool *stalled)
{
	const struct forwarding *f = p->forwarding;
	const uint64_t now_ns = clock_now_ns(&f->shared.clock);
	const double now = unix_seconds();
	json_t *array = json_array();

	*stalled = false;
	for (unsigned w = 0; w < f->worker_count; w++) {
		struct worker_stats stats;
		double age = 0;

		worker_stats(f->workers[w].worker, &stats);
		if (now_ns > stats.last_turn_ns)
			age = (double)(now_ns - stats.last_turn_ns) / 1e9;
		*stalled |= age * 1e3 >= STALLED_MS;
		json_array_append_new(
			array,
			json_pack("{s:i, s:i, s:I, s:I, s:I, s:f, s:f}", "worker", (int)w, "lcore",
				  (int)f->workers[w].lcore, "turns", (json_int_t)stats.turns,
				  "busy_turns", (json_int_t)stats.busy_turns, "generation",
				  (json_int_t)stats.generation, "busy_ratio",
				  busy_since(&stats, &p->last[w]), "last_turn", now - age));
		p->last[w] = stats;
	}
	return array;
}

static json_t *figures(struct publisher *p)
{
	bool stalled;
	json_t *beats = heartbeats(p, &stalled);
	json_t *document = figures_document(p->forwarding, true, SINCE_START);

	/* The calls of a stalled worker can't be had: they have not ended. */
	if (document && !stalled)
		call_histograms_update(p->calls, json_object_get(document, "calls"),
				       clock_ns(CLOCK_REALTIME));
	return json_pack("{s:f, s:s, s:s, s:f, s:o, s:o, s:o, s:o}", "time", unix_seconds(),
			 "version", EDGEMARK_VERSION, "dpdk", rte_version(), "started", p->started,
			 "reload", reload_figures(p), "heartbeat", beats, "call_groups",
			 call_histograms_document(p->calls), "document", document);
}

void publisher_tick(struct publisher *p, uint64_t now_ms)
{
	uint64_t begun_ns, took_ms;
	json_t *made;

	if (now_ms < p->next_ms)
		return;
	begun_ns = clock_ns(CLOCK_MONOTONIC);
	made = figures(p);
	if (made) /* else the last ones stay, and tell their age */
		published_set(made);
	took_ms = (clock_ns(CLOCK_MONOTONIC) - begun_ns) / 1000000;
	p->next_ms = now_ms + RTE_MIN(RTE_MAX(took_ms * SHARE, (uint64_t)PERIOD_MS),
				      (uint64_t)PERIOD_MAX_MS);
}

void publisher_reloaded(struct publisher *p, const struct reload_result *r)
{
	if (r->outcome == RELOAD_REFUSED) {
		p->reload.refused++;
		return;
	}
	p->reload.last_ok = r->outcome == RELOAD_DONE;
	if (!p->reload.last_ok) {
		p->reload.failed++;
		return;
	}
	p->reload.succeeded++;
	p->reload.last_success = unix_seconds();
	p->reload.build_seconds = r->build_ms / 1e3;
	p->reload.adopt_seconds = r->adopt_ms / 1e3;
}

struct publisher *publisher_create(struct forwarding *f)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->calls = call_histograms_create();
	if (!p->calls) {
		free(p);
		return NULL;
	}
	p->forwarding = f;
	p->started = p->reload.last_success = unix_seconds();
	p->reload.last_ok = true;
	return p;
}

void publisher_destroy(struct publisher *p)
{
	if (!p)
		return;
	published_set(NULL);
	call_histograms_destroy(p->calls);
	free(p);
}
