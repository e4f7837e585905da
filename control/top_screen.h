/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One screen of `edgemark top`, from two documents: what happened between them, by the
 * daemon's own clock. A function of its arguments alone.
 */
#ifndef EDGEMARK_TOP_SCREEN_H
#define EDGEMARK_TOP_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum { TOP_COLUMNS_MIN = 80 };

struct top_view {
	const json_t *before, *now; /* before NULL, or of another daemon: no rates yet */
	const char *problem;	    /* one line in the place of the hint, or NULL */
	int columns, rows;	    /* at least 80 are used; 0 rows: as many as there are */
	bool colour;
};

/* At most `rows` lines of at most `columns`; the last one without an end of line where rows is
 * given, so that a terminal does not scroll. */
void top_screen(const struct top_view *v, FILE *out);

/* Whether two documents are of one daemon, and of one baseline, with time between them. */
bool top_comparable(const json_t *before, const json_t *now);

#endif
