/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The figures that were published last: a document that control makes and never changes
 * afterwards. Threads that are not control's (DPDK's telemetry, the Prometheus endpoint)
 * read this, and nothing else of the program. There is one, as a telemetry callback gets
 * no context.
 */
#ifndef EDGEMARK_PUBLISHED_H
#define EDGEMARK_PUBLISHED_H

#include <jansson.h>

/* control. Takes figures over; NULL: there are none any more. */
void published_set(json_t *figures);

/* Any thread. A new reference, to be read only, or NULL: nothing is published. */
json_t *published_get(void);

#endif
