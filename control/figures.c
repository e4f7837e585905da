/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots and calls are copied, counted from the baseline, and made a document. */
#include "figures.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "activity.h"
#include "baseline.h"
#include "control/document.h"
#include "dataplane/port.h"
#include "effective_json.h"
#include "forwarding.h"

enum {
	SNAPSHOT_TIMEOUT_MS = 100,
	CALLS_TIMEOUT_MS = 500,
};

typedef int (*snapshot_function)(struct worker *w, unsigned lane, struct lane_counters *out,
				 unsigned timeout_ms);

/* Lane i is lane i / n of worker i % n. */
static struct forwarding_worker *worker_of(struct forwarding *f, uint32_t lane, unsigned *at)
{
	*at = lane / f->worker_count;
	return &f->workers[lane % f->worker_count];
}

static uint32_t lane_count(const struct forwarding *f)
{
	return (uint32_t)(f->link_count * DIRECTIONS);
}

/* Unix time of the lanes' 0. */
static uint64_t time_origin_ns(uint64_t now_ns)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec - now_ns;
}

/* Of a worker that does not turn there are none. */
static int copy_calls(struct forwarding *f, uint32_t lane, struct lane_calls *to)
{
	unsigned at;
	struct worker *worker = worker_of(f, lane, &at)->worker;
	int n;

	to->count = 0;
	to->calls = malloc(CALL_ENTRIES * sizeof(*to->calls));
	if (!to->calls)
		return -ENOMEM;
	n = worker_calls(worker, at, to->calls, CALL_ENTRIES, CALLS_TIMEOUT_MS);
	to->count = n > 0 ? (uint32_t)n : 0;
	return n == -ETIMEDOUT ? n : 0;
}

/* What the port lost that the lane receives from. */
static void read_losses(const struct forwarding *f, uint32_t lane, struct port_losses *out)
{
	(void)port_losses(f->ports[lane / DIRECTIONS][lane % DIRECTIONS == UPSTREAM ? LAN : WAN].id,
			  out);
}

/* --- the document --------------------------------------------------------------------- */

struct collected {
	struct lane_counters lanes[LANES_MAX];
	struct port_losses losses[LANES_MAX];
	struct lane_calls calls[LANES_MAX];
	struct worker_stats workers[WORKERS_MAX];
	unsigned lcores[WORKERS_MAX];
};

static void collect_lane(struct forwarding *f, uint32_t i, const struct baseline *b,
			 struct collected *c)
{
	unsigned at;
	struct worker *worker = worker_of(f, i, &at)->worker;

	/* Of a worker that does not turn the last snapshot serves; its time and the worker's
	 * heartbeat in the document tell. */
	(void)worker_snapshot(worker, at, &c->lanes[i], SNAPSHOT_TIMEOUT_MS);
	baseline_since(b, i, &c->lanes[i]);
	read_losses(f, i, &c->losses[i]);
	baseline_losses_since(b, i, &c->losses[i]);
}

static int collect_calls(struct forwarding *f, const struct baseline *b, struct collected *c)
{
	for (uint32_t i = 0; i < lane_count(f); i++) {
		if (copy_calls(f, i, &c->calls[i]) == -ENOMEM)
			return -ENOMEM;
		baseline_calls_since(b, i, &c->calls[i]);
	}
	return 0;
}

static void collect_workers(struct forwarding *f, const struct baseline *b, struct collected *c)
{
	for (unsigned w = 0; w < f->worker_count; w++) {
		worker_stats(f->workers[w].worker, &c->workers[w]);
		baseline_worker_since(b, w, &c->workers[w]);
		c->lcores[w] = f->workers[w].lcore;
	}
}

static json_t *build(struct forwarding *f, const struct baseline *b, const struct collected *c,
		     bool with_calls)
{
	const uint64_t now_ns = clock_now_ns(&f->shared.clock);
	const struct document_input in = {
		.site = f->site,
		.lanes = c->lanes,
		.port_losses = c->losses,
		.workers = c->workers,
		.worker_count = f->worker_count,
		.lcores = c->lcores,
		.calls = with_calls ? c->calls : NULL,
		.time_origin_ns = time_origin_ns(now_ns),
		.now_ns = now_ns,
		.started_ns = f->started_ns,
		.activity = f->activity,
		.baseline = b,
	};

	return document_build(&in);
}

json_t *figures_document(struct forwarding *f, bool with_calls, enum figures_since since)
{
	const struct baseline *b = since == SINCE_CLEAR ? f->baseline : NULL;
	struct collected *c = calloc(1, sizeof(*c));
	json_t *document = NULL;

	if (c && (!with_calls || collect_calls(f, b, c) == 0)) {
		for (uint32_t i = 0; i < lane_count(f); i++)
			collect_lane(f, i, b, c);
		figures_tick(f);
		collect_workers(f, b, c);
		document = build(f, b, c, with_calls);
	}
	for (uint32_t i = 0; c && i < lane_count(f); i++)
		free(c->calls[i].calls);
	free(c);
	return document;
}

void figures_tick(struct forwarding *f)
{
	activity_look(f->activity, f->site, clock_now_ns(&f->shared.clock));
}

/* --- clear ---------------------------------------------------------------------------- */

static void take_rules(const struct lane *lane, struct lane_baseline *b)
{
	for (uint32_t slot = 0; slot < RULE_SLOTS; slot++) {
		b->rule_epochs[slot] = lane_rule_epoch(lane, slot);
		b->rule_hits[slot] = lane_rule_hits(lane, slot);
	}
}

/* Each lane's calls first: what they send until its snapshot counts as sent since. */
static int take_lane(struct forwarding *f, uint32_t i, struct lane_baseline *b, unsigned *lcore)
{
	unsigned at;
	struct forwarding_worker *fw = worker_of(f, i, &at);
	int ret = copy_calls(f, i, &b->calls);

	*lcore = fw->lcore;
	if (ret == 0)
		ret = worker_mark(fw->worker, at, &b->counters, SNAPSHOT_TIMEOUT_MS);
	read_losses(f, i, &b->losses);
	take_rules(f->site->links[i / DIRECTIONS].direction[i % DIRECTIONS].lane, b);
	return ret;
}

int figures_clear(struct forwarding *f, unsigned *lcore)
{
	struct baseline *b = baseline_create(lane_count(f));
	int ret = b ? 0 : -ENOMEM;

	for (uint32_t i = 0; ret == 0 && i < lane_count(f); i++)
		ret = take_lane(f, i, &b->lanes[i], lcore);
	if (ret < 0) {
		baseline_destroy(b);
		return ret;
	}
	for (unsigned w = 0; w < f->worker_count; w++)
		worker_stats(f->workers[w].worker, &b->workers[w]);
	b->at_ns = clock_now_ns(&f->shared.clock);
	baseline_seal(b);
	baseline_destroy(f->baseline);
	f->baseline = b;
	return 0;
}

/* --- the policy ----------------------------------------------------------------------- */

static json_t *classifier_json(const struct policy *p)
{
	struct policy_classifier c;

	policy_classifier(p, &c);
	return json_pack("{s:I, s:I, s:I, s:b, s:b}", "rules", (json_int_t)c.rules,
			 "udp_ports_decided", (json_int_t)c.udp_ports_decided, "protocols_decided",
			 (json_int_t)c.protocols_decided, "ipv4_lookup", c.ipv4_lookup,
			 "ipv6_lookup", c.ipv6_lookup);
}

json_t *figures_policy(const struct forwarding *f)
{
	const struct generation *g = f->site->running;
	const uint64_t now_ns = clock_now_ns(&f->shared.clock);
	json_t *links = effective_links(g->config), *link;
	char *text = effective_text(g->config);
	json_t *result;
	size_t i;

	json_array_foreach(links, i, link) for (int d = 0; d < DIRECTIONS; d++) json_object_set_new(
		json_object_get(link, config_direction_name((enum direction)d)), "classifier",
		classifier_json(g->set.policy[lane_index(i, (enum direction)d)]));
	result = json_pack("{s:s, s:I, s:I, s:f, s:f, s:o, s:s}", "file", g->config->file,
			   "generation", (json_int_t)g->set.generation, "since_ns",
			   (json_int_t)(time_origin_ns(now_ns) + f->published_ns), "age_seconds",
			   (double)(now_ns - f->published_ns) / 1e9, "build_ms",
			   (double)g->built_in_ns / 1e6, "links", links, "text", text ? text : "");
	free(text);
	return result;
}
