/* SPDX-License-Identifier: BSD-3-Clause */
/* What a replay did, as a table for a person. */
#ifndef EDGEMARK_REPLAY_SUMMARY_H
#define EDGEMARK_REPLAY_SUMMARY_H

#include <stdio.h>

#include <jansson.h>

#include "control/site.h"

#include "replay_output.h"

/* lanes by lane_index(). */
void replay_summary_print(FILE *stream, const struct site *site, size_t link,
			  const struct lane_counters *lanes, const struct replay_output *output);

/* How many calls were hurt, and the worst of them; nothing where there were none. */
void replay_summary_calls(FILE *stream, const json_t *document);

#endif
