/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tables share: values of the document, 0 or "-" where they are missing, and cells
 * of a fixed width. A name that is too long for its column is cut, with a mark.
 */
#ifndef EDGEMARK_TABLE_TEXT_H
#define EDGEMARK_TABLE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

enum { DIRECTION_COUNT = 2 };
extern const char *const table_directions[DIRECTION_COUNT];

uint64_t json_number_at(const json_t *object, const char *key);
uint64_t json_packets_at(const json_t *object, const char *key);
uint64_t json_bytes_at(const json_t *object, const char *key);
double json_real_at(const json_t *object, const char *key);
const char *json_text_at(const json_t *object, const char *key);

bool table_coloured(FILE *out);
/* A line in bold. */
__attribute__((format(printf, 2, 3))) void table_header(FILE *out, const char *format, ...);
/* Red where it is not 0. */
void table_loss(FILE *out, int width, uint64_t value);
/* Left-aligned, and followed by a space. */
void table_name(FILE *out, int width, const char *value);
/* "demo up", "demo down". */
void table_direction(FILE *out, int width, const json_t *link, size_t d);
/* What is not known is null, and shown as a dash. */
void table_figure(FILE *out, int width, int decimals, const json_t *object, const char *key);
/* How long before now_ns, "3 s ago"; "never" for null, "-" where it is missing. Right-aligned. */
void table_ago(FILE *out, int width, const json_t *object, const char *key, uint64_t now_ns);

typedef void (*table_direction_printer)(const json_t *link, size_t d, const json_t *direction,
					FILE *out);
void table_each_direction(const json_t *document, table_direction_printer print, FILE *out);

#endif
