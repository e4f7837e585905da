/* SPDX-License-Identifier: BSD-3-Clause */
/* The results document as a report for people, at most 100 columns wide. Thread: any. */
#ifndef EDGEMARK_LAB_RFC7640_TABLE_H
#define EDGEMARK_LAB_RFC7640_TABLE_H

#include <stdio.h>

#include <jansson.h>

void rfc7640_table(const json_t *document, FILE *out);

/* What each metric means here, and what the suite leaves out. */
void rfc7640_definitions(FILE *out);

#endif
