/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a running data plane has done: the counters document of now, since the start or
 * since the last `clear`. Thread: control; waits for the workers' snapshots, for a bounded
 * time.
 */
#ifndef EDGEMARK_FIGURES_H
#define EDGEMARK_FIGURES_H

#include <stdbool.h>

#include <jansson.h>

struct forwarding;

enum figures_since { SINCE_START, SINCE_CLEAR };

/* Its calls are many, and copied only where asked for. NULL without memory. */
json_t *figures_document(struct forwarding *f, bool with_calls, enum figures_since since);

/* Moves the baseline of SINCE_CLEAR to now. 0; -ETIMEDOUT where a worker does not turn, with
 * its lcore; -ENOMEM. Else the baseline stays where it was. */
int figures_clear(struct forwarding *f, unsigned *lcore);

/* To be called about once a second, so that each rule's last hit is known to the second. */
void figures_tick(struct forwarding *f);

/* The policies in force: file, age, effective values, and how their classifiers find a rule.
 * NULL without memory. */
json_t *figures_policy(const struct forwarding *f);

#endif
