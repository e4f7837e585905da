/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An explanation as JSON, which the daemon answers and -j prints, and that JSON as aligned
 * lines for a person, of at most 100 columns.
 */
#ifndef EDGEMARK_EXPLAIN_DOCUMENT_H
#define EDGEMARK_EXPLAIN_DOCUMENT_H

#include <stdio.h>

#include <jansson.h>

#include "explain.h"

/* A new reference, or NULL without memory. */
json_t *explain_document(const struct explanation *x);

/* explain_text.c */
void explain_print(const json_t *document, FILE *out);

#endif
