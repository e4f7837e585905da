/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls of the counters document, with what they mean: rating, and the targets missed. */
#ifndef EDGEMARK_DOCUMENT_CALLS_H
#define EDGEMARK_DOCUMENT_CALLS_H

#include <stdint.h>

#include <jansson.h>

struct document_input;

/* An array, the worst call first: by loss, then by gap. Empty where in->calls is NULL. */
json_t *document_calls(const struct document_input *in);

/* How many of them are outside a target. */
uint64_t document_calls_hurt(const json_t *calls);

#endif
