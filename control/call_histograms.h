/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls as Prometheus counts them: each call is observed once, when it has ended (it has
 * been silent for CALL_ENDED_S, or its entry went to another), with its loss, MOS and mean
 * jitter; those that go on are counted as they stand. Thread: control.
 */
#ifndef EDGEMARK_CALL_HISTOGRAMS_H
#define EDGEMARK_CALL_HISTOGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum { CALL_ENDED_S = 10 };

struct call_histograms;

/* NULL without memory. */
struct call_histograms *call_histograms_create(void);
void call_histograms_destroy(struct call_histograms *h);

/* calls: of the counters document. now_ns: Unix time. */
void call_histograms_update(struct call_histograms *h, const json_t *calls, uint64_t now_ns);

/* [{link, direction, class, active, hurt, loss_ratio, mos, jitter_seconds}], the last three
 * as {count, sum, buckets: [[le, count], …]}, cumulative. A new reference. */
json_t *call_histograms_document(const struct call_histograms *h);

#endif
