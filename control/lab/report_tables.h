/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of an overrun's report. Their cells are the figures of the result, rounded to
 * what a column says; a dash is not known, a figure outside its target is flagged.
 */
#ifndef EDGEMARK_LAB_REPORT_TABLES_H
#define EDGEMARK_LAB_REPORT_TABLES_H

#include <jansson.h>

#include "html.h"

/* A row a figure, a column a personality. */
void table_side_by_side(struct html *h, const json_t *result);

/* The calls of one run, worst first: some, and all of them to be folded out. */
void table_of_calls(struct html *h, const json_t *run);

/* Every interval: offered, and per personality admitted and dropped; to be folded out. */
void table_of_rates(struct html *h, const json_t *result);

/* What was run, in two columns. */
void table_of_parameters(struct html *h, const json_t *result);

#endif
