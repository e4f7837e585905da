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

struct lane_calls {
	struct call *calls;
	uint32_t count;
};

struct document_input {
	const struct site *site;
	const struct lane_counters *lanes;     /* by lane_index() */
	const struct port_losses *port_losses; /* of the lane's receiving port; NULL: no ports */
	const struct worker_stats *workers;    /* NULL: no workers */
	size_t worker_count;
	const struct lane_calls *calls; /* by lane_index(); NULL: not asked for */
	uint64_t time_origin_ns;	/* Unix time of the lanes' 0 */
};

/* How every command writes it. */
#define DOCUMENT_FORMAT (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

/* A new reference, or NULL without memory. */
json_t *document_build(const struct document_input *in);

/* received == sent + dropped + queued in every direction, and dropped == its reasons. */
bool document_balances(const json_t *document);

#endif
