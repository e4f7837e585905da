/* SPDX-License-Identifier: BSD-3-Clause */
/* Differences, field by field; a slot whose epoch is another's has nothing to subtract. */
#include "baseline.h"

#include <stdlib.h>
#include <string.h>

struct baseline *baseline_create(uint32_t lane_count)
{
	struct baseline *b = calloc(1, sizeof(*b) + lane_count * sizeof(b->lanes[0]));

	if (b)
		b->lane_count = lane_count;
	return b;
}

void baseline_destroy(struct baseline *b)
{
	for (uint32_t i = 0; b && i < b->lane_count; i++)
		free(b->lanes[i].calls.calls);
	free(b);
}

/* --- counters ------------------------------------------------------------------------- */

static void subtract(struct tally *t, const struct tally *then)
{
	t->packets -= then->packets;
	t->bytes -= then->bytes;
}

/* What waited then was received since, as far as the balance goes. */
static void subtract_received(struct tally *t, const struct tally *then,
			      const struct tally *waiting)
{
	subtract(t, then);
	t->packets += waiting->packets;
	t->bytes += waiting->bytes;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void class_since(struct class_counters *c, const struct class_counters *then)
{
	subtract_received(&c->rx, &then->rx, &then->queued);
	subtract(&c->tx, &then->tx);
	subtract(&c->dropped, &then->dropped);
	c->delay_ns_sum -= then->delay_ns_sum;
	c->jitter_ns_sum -= then->jitter_ns_sum;
}

static void class_whole(struct class_counters *c)
{
	c->delay_ns_max = larger(c->delay_ns_max, c->delay_ns_max_earlier);
	c->jitter_ns_max = larger(c->jitter_ns_max, c->jitter_ns_max_earlier);
}

static void contract_since(struct contract_counters *c, const struct contract_counters *then)
{
	subtract(&c->admitted, &then->admitted);
	subtract(&c->dropped, &then->dropped);
	subtract(&c->exceeded, &then->exceeded);
	for (unsigned i = 0; i < COLOURS; i++)
		subtract(&c->colours[i], &then->colours[i]);
}

static void slots_since(struct lane_counters *c, const struct lane_counters *then)
{
	for (uint32_t s = 0; s < CLASS_SLOTS; s++) {
		if (c->class_epochs[s] == then->class_epochs[s])
			class_since(&c->classes[s], &then->classes[s]);
	}
	for (uint32_t s = 0; s < CONTRACT_SLOTS; s++) {
		if (c->contract_epochs[s] == then->contract_epochs[s])
			contract_since(&c->contracts[s], &then->contracts[s]);
	}
}

static void totals_since(struct lane_counters *c, const struct lane_counters *then)
{
	subtract_received(&c->rx, &then->rx, &then->queued);
	subtract(&c->tx, &then->tx);
	subtract(&c->dropped, &then->dropped);
	for (unsigned i = 0; i < DROP_REASONS; i++)
		c->drops[i] -= then->drops[i];
	for (unsigned i = 0; i < ANOMALIES; i++)
		c->anomalies[i] -= then->anomalies[i];
	c->intruders -= then->intruders;
	c->mismatches -= then->mismatches;
	c->guarded -= then->guarded;
	c->fragments -= then->fragments;
	c->orphans -= then->orphans;
	c->decided_by_port -= then->decided_by_port;
	c->decided_by_acl -= then->decided_by_acl;
	c->no_rule -= then->no_rule;
	c->calls_begun -= then->calls_begun;
	c->calls_untracked -= then->calls_untracked;
}

/* --- talkers -------------------------------------------------------------------------- */

static const struct talker *find_talker(const struct talker *list, const struct talker *t)
{
	for (size_t i = 0; i < TALKERS_SHOWN; i++)
		if (list[i].family == t->family &&
		    memcmp(list[i].address, t->address, sizeof(t->address)) == 0)
			return &list[i];
	return NULL;
}

/* A source had sent between packets - error and packets, then and now. A place that it has
 * held ever since has the same error, and its growth is exact. */
static void talker_since(struct talker *t, const struct talker *then, uint64_t unseen)
{
	if (then && then->error == t->error) {
		t->packets -= then->packets;
		t->error = 0;
	} else if (then) {
		t->packets -= then->packets - then->error;
		t->error += then->error;
	} else { /* it may have been below those that were shown */
		t->error += unseen;
	}
	if (t->error > t->packets)
		t->error = t->packets;
}

static int by_packets(const void *a, const void *b)
{
	const uint64_t x = ((const struct talker *)a)->packets;
	const uint64_t y = ((const struct talker *)b)->packets;

	return (x < y) - (x > y);
}

static void talkers_since(struct talker *list, const struct talker *then, uint64_t at_ns)
{
	/* Of a source that was not shown then: at most so many. */
	const struct talker *last = &then[TALKERS_SHOWN - 1];
	const uint64_t unseen = last->family ? last->packets : 0;
	size_t n = 0;

	for (size_t i = 0; i < TALKERS_SHOWN; i++) {
		struct talker t = list[i];

		if (t.family == 0 || t.last_ns <= at_ns)
			continue;
		talker_since(&t, find_talker(then, &t), unseen);
		list[n++] = t;
	}
	memset(&list[n], 0, (TALKERS_SHOWN - n) * sizeof(list[0]));
	qsort(list, n, sizeof(list[0]), by_packets);
}

void baseline_since(const struct baseline *b, uint32_t lane, struct lane_counters *c)
{
	const struct lane_counters *then;

	if (!b) {
		for (uint32_t s = 0; s < CLASS_SLOTS; s++)
			class_whole(&c->classes[s]);
		return;
	}
	then = &b->lanes[lane].counters;
	totals_since(c, then);
	slots_since(c, then);
	talkers_since(c->intruder_talkers, then->intruder_talkers, then->taken_ns);
	talkers_since(c->mismatch_talkers, then->mismatch_talkers, then->taken_ns);
}

/* --- the rest ------------------------------------------------------------------------- */

void baseline_losses_since(const struct baseline *b, uint32_t lane, struct port_losses *losses)
{
	const struct port_losses *then;

	if (!b)
		return;
	then = &b->lanes[lane].losses;
	losses->missed -= then->missed;
	losses->rx_errors -= then->rx_errors;
	losses->no_mbuf -= then->no_mbuf;
	losses->tx_errors -= then->tx_errors;
}

void baseline_worker_since(const struct baseline *b, unsigned worker, struct worker_stats *s)
{
	const struct worker_stats *then;

	if (!b)
		return;
	then = &b->workers[worker];
	s->turns -= then->turns;
	s->busy_turns -= then->busy_turns;
	s->rx_bursts -= then->rx_bursts;
	s->rx_frames -= then->rx_frames;
	s->busy_ns -= then->busy_ns;
	s->first_turn_ns = then->last_turn_ns;
}

uint64_t baseline_rule_hits(const struct baseline *b, uint32_t lane, uint32_t rule_slot,
			    uint32_t epoch, uint64_t hits)
{
	if (!b || b->lanes[lane].rule_epochs[rule_slot] != epoch)
		return hits;
	return hits - b->lanes[lane].rule_hits[rule_slot];
}
