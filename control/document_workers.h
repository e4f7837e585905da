/* SPDX-License-Identifier: BSD-3-Clause */
/* The workers of the counters document: how busy each is, and when it last turned. */
#ifndef EDGEMARK_DOCUMENT_WORKERS_H
#define EDGEMARK_DOCUMENT_WORKERS_H

#include <jansson.h>

struct document_input;

/* An array; empty where in->workers is NULL. */
json_t *document_workers(const struct document_input *in);

#endif
