/* SPDX-License-Identifier: BSD-3-Clause */
/* What was measured, as a table for people and a document for programs. */
#ifndef EDGEMARK_REPORT_H
#define EDGEMARK_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "figures.h"

enum { RESULTS_MAX = 256 };

struct result {
	const char *group; /* a heading: rules and contract, or peers */
	const char *what;
	uint32_t frame_bytes, frames; /* 0: of no matter */
	struct figure cycles;	      /* a packet */
};

struct report {
	uint32_t count;
	struct result results[RESULTS_MAX];
};

void report_add(struct report *r, const struct result *result);

/* To stdout. huge: whether the frames are in hugepages. */
void report_print(const struct report *r, bool huge);

/* 0, or a negative errno after a line on stderr. */
int report_write(const struct report *r, bool huge, const char *path);

#endif
