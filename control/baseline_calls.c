/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls against their copies of then, which are found by key and beginning. */
#include <stdlib.h>
#include <string.h>

#include "baseline.h"

static int by_key(const void *a, const void *b)
{
	const struct call *x = a, *y = b;
	const int order = memcmp(&x->key, &y->key, sizeof(x->key));

	if (order != 0)
		return order;
	return (x->first_ns > y->first_ns) - (x->first_ns < y->first_ns);
}

void baseline_seal(struct baseline *b)
{
	for (uint32_t i = 0; i < b->lane_count; i++) {
		struct lane_calls *l = &b->lanes[i].calls;

		if (l->count > 0)
			qsort(l->calls, l->count, sizeof(l->calls[0]), by_key);
	}
}

static const struct call *find_call(const struct lane_calls *l, const struct call *now)
{
	return l->count ? bsearch(now, l->calls, l->count, sizeof(l->calls[0]), by_key) : NULL;
}

/* A packet that was late takes back a loss that then counted: never below none. */
static void rtp_since(struct call_rtp *r, const struct call_rtp *then)
{
	const uint64_t lost = rtp_lost(r), lost_then = rtp_lost(then);

	/* lost_before may wrap: rtp_lost() adds to it what was lost later. */
	r->lost_before -= lost < lost_then ? lost : lost_then;
	r->reordered -= then->reordered;
	r->repeated -= then->repeated;
	r->restarts -= then->restarts;
	r->jitter_ns_sum -= then->jitter_ns_sum;
	r->jitter_samples -= then->jitter_samples;
	if (r->jitter_ns_max <= then->jitter_ns_max)
		r->jitter_ns_max = CALL_JITTER_UNKNOWN;
}

static void call_since(struct call *c, const struct call *then)
{
	c->packets -= then->packets;
	c->bytes -= then->bytes;
	c->dropped -= then->dropped;
	if (c->dropped == 0)
		c->longest_run = c->longest_gap_ns = c->run = 0;
	else if (c->longest_run <= then->longest_run)
		c->longest_run = CALL_UNKNOWN;
	if (c->dropped > 0 && c->longest_gap_ns <= then->longest_gap_ns)
		c->longest_gap_ns = CALL_UNKNOWN;
	rtp_since(&c->rtp, &then->rtp);
}

void baseline_calls_since(const struct baseline *b, uint32_t lane, struct lane_calls *calls)
{
	uint32_t n = 0;

	if (!b)
		return;
	for (uint32_t i = 0; i < calls->count; i++) {
		struct call c = calls->calls[i];
		const struct call *then = find_call(&b->lanes[lane].calls, &c);

		if (then && then->packets == c.packets)
			continue;
		if (then)
			call_since(&c, then);
		else if (c.first_ns <= b->at_ns && c.last_ns <= b->at_ns)
			continue; /* it ended before, and was not copied */
		calls->calls[n++] = c;
	}
	calls->count = n;
}
