/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `clear` leaves behind: the figures at that moment, which are subtracted from those
 * shown later. Nothing in the data plane is zeroed, so that the figures since the start
 * stay what they are, and every difference balances: frames that waited in a queue at that
 * moment count as received after it. What can't be subtracted:
 *   largest delays, jitters   begin anew with the mark (lane_mark)
 *   gauges                    (queued, places, heartbeats) are what they are
 *   talkers                   only those that spoke since; bounds are widened where the
 *                             sketch had to share a place
 *   calls                     only those that sent since; a longest run or gap that was not
 *                             exceeded since is not known
 * Thread: control.
 */
#ifndef EDGEMARK_BASELINE_H
#define EDGEMARK_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "control/document.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"

struct lane_baseline {
	struct lane_counters counters;
	struct port_losses losses;
	uint64_t rule_hits[RULE_SLOTS];
	uint32_t rule_epochs[RULE_SLOTS];
	struct lane_calls calls; /* sorted by baseline_seal() */
};

struct baseline {
	uint64_t at_ns; /* by the lanes' clock */
	struct worker_stats workers[WORKERS_MAX];
	uint32_t lane_count;
	struct lane_baseline lanes[];
};

struct baseline *baseline_create(uint32_t lane_count); /* NULL without memory */
void baseline_destroy(struct baseline *b);
/* Once it is filled. */
void baseline_seal(struct baseline *b);

/* A snapshot of the lane turned into what has been since; b NULL: since the start. */
void baseline_since(const struct baseline *b, uint32_t lane, struct lane_counters *c);
void baseline_losses_since(const struct baseline *b, uint32_t lane, struct port_losses *losses);
void baseline_worker_since(const struct baseline *b, unsigned worker, struct worker_stats *s);
uint64_t baseline_rule_hits(const struct baseline *b, uint32_t lane, uint32_t rule_slot,
			    uint32_t epoch, uint64_t hits);

/* Copies of a lane's calls turned into what each has been since; those that have not sent
 * since are left out. A largest value that was not exceeded since becomes CALL_UNKNOWN. */
void baseline_calls_since(const struct baseline *b, uint32_t lane, struct lane_calls *calls);

#endif
