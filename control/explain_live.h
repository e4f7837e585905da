/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of `explain --live`. The request names link, direction and the packet's words;
 * the daemon answers from its running generation, in a scratch lane of the control thread:
 * no worker, lane or counter takes part. Thread: control.
 */
#ifndef EDGEMARK_EXPLAIN_LIVE_H
#define EDGEMARK_EXPLAIN_LIVE_H

#include <stddef.h>

#include <jansson.h>

#include "config/model.h"
#include "control/site.h"

struct rte_mempool;

/* {command, link, direction, packet[]}; link: NULL where there is one. */
json_t *explain_request(const char *link, enum direction d, const char *const *words, size_t count);

/* The explanation, or NULL with what to answer instead in error. Frames are lent by pool. */
json_t *explain_answer(const struct generation *g, struct rte_mempool *pool, const json_t *request,
		       char *error, size_t error_size);

#endif
