/* SPDX-License-Identifier: BSD-3-Clause */
/* What a replay did, as a table for a person. */
#ifndef EDGEMARK_REPLAY_SUMMARY_H
#define EDGEMARK_REPLAY_SUMMARY_H

#include <stdio.h>

#include "control/site.h"

#include "replay_output.h"

/* lanes by lane_index(). */
void replay_summary_print(FILE *stream, const struct site *site, size_t link,
			  const struct lane_counters *lanes, const struct replay_output *output);

#endif
