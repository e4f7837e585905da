/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The result of an overrun as JSON: what was asked, what arrived, and for each run what became
 * of it. Rates are kbit/s as the contract counts, times seconds from the start of the run
 * unless the unit is in the name, null what is not known.
 */
#ifndef EDGEMARK_LAB_OVERRUN_RESULT_H
#define EDGEMARK_LAB_OVERRUN_RESULT_H

#include <jansson.h>

#include "overrun_run.h"

/* The document without its runs; the account of any run gives what arrived. NULL without
 * memory. */
json_t *overrun_result_begin(const struct overrun_plan *p, const struct run_account *a);

/* Appends a run. 0 or -ENOMEM. */
int overrun_result_add(json_t *result, const struct overrun_plan *p, const struct overrun_run *run);

#endif
