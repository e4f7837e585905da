/* SPDX-License-Identifier: BSD-3-Clause */
/* The result for a person: what was rehearsed, and the runs side by side, in 100 columns. */
#ifndef EDGEMARK_LAB_OVERRUN_TABLE_H
#define EDGEMARK_LAB_OVERRUN_TABLE_H

#include <stdio.h>

#include <jansson.h>

void overrun_table_print(FILE *out, const json_t *result);

#endif
