/* SPDX-License-Identifier: BSD-3-Clause */
/* Every lane's snapshot and calls are copied, then the document is built from them. */
#include "control/site_document.h"

#include <errno.h>
#include <stdlib.h>

int site_calls_copy(const struct lane *lane, struct lane_calls *out)
{
	uint32_t from = 0;

	out->count = 0;
	out->calls = malloc(CALL_ENTRIES * sizeof(*out->calls));
	if (!out->calls)
		return -ENOMEM;
	while (from < CALL_ENTRIES)
		out->count += lane_calls_copy(lane, &from, out->calls + out->count,
					      CALL_ENTRIES - out->count);
	return 0;
}

json_t *site_document(const struct site *site, struct lane_counters *counters,
		      uint64_t time_origin_ns)
{
	struct lane_calls calls[LANES_MAX] = {0};
	const struct document_input in = {
		.site = site,
		.lanes = counters,
		.calls = calls,
		.time_origin_ns = time_origin_ns,
	};
	const uint32_t lanes = (uint32_t)(site->link_count * DIRECTIONS);
	json_t *document = NULL;
	int err = 0;

	for (uint32_t i = 0; i < lanes && !err; i++) {
		const struct lane *lane =
			site->links[i / DIRECTIONS].direction[i % DIRECTIONS].lane;

		lane_snapshot(lane, &counters[i]);
		err = site_calls_copy(lane, &calls[i]);
	}
	if (!err)
		document = document_build(&in);
	for (uint32_t i = 0; i < lanes; i++)
		free(calls[i].calls);
	return document;
}
