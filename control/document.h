/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counters document: the one JSON shape that replay -j, show -j and the live tables
 * use. generation, links[]{name, upstream{}, downstream{}}, calls[]; see README.
 */
#ifndef EDGEMARK_DOCUMENT_H
#define EDGEMARK_DOCUMENT_H

#include <stdbool.h>

#include <jansson.h>

#include "control/site.h"
#include "dataplane/calls.h"
#include "dataplane/port.h"

/* A call's longest run or gap, or largest jitter, that is not known: see baseline.h. */
#define CALL_UNKNOWN	    UINT64_MAX
#define CALL_JITTER_UNKNOWN UINT32_MAX

struct lane_calls {
	struct call *calls;
	uint32_t count;
};

struct activity;
struct baseline;

struct document_input {
	const struct site *site;
	const struct lane_counters *lanes;     /* by lane_index() */
	const struct port_losses *port_losses; /* of the lane's receiving port; NULL: no ports */
	const struct worker_stats *workers;    /* NULL: no workers */
	size_t worker_count;
	const unsigned *lcores;		 /* of the workers; lane i is worker i % worker_count's */
	const struct lane_calls *calls;	 /* by lane_index(); NULL: not asked for */
	uint64_t time_origin_ns;	 /* Unix time of the lanes' 0 */
	uint64_t now_ns;		 /* by the lanes' clock; 0: none runs */
	uint64_t started_ns;		 /* Unix time of the daemon's start */
	const struct activity *activity; /* NULL: no rule was watched */
	/* What lanes, losses, workers and calls count from; NULL: from the start. Rules are
	 * subtracted here. */
	const struct baseline *baseline;
};

/* How every command writes it. */
#define DOCUMENT_FORMAT (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

/* A new reference, or NULL without memory. */
json_t *document_build(const struct document_input *in);

/* received == sent + dropped + queued in every direction, and dropped == its reasons. */
bool document_balances(const json_t *document);

#endif
