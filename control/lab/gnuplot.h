/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gnuplot as a child, without a shell: a script in, an SVG out, ready to stand in a page of
 * HTML. Script and picture pass through memory; no file is left or made. A script holds
 * only numbers and words of our own (gnuplot_label()), as gnuplot has a system().
 */
#ifndef EDGEMARK_LAB_GNUPLOT_H
#define EDGEMARK_LAB_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

/* The line of `gnuplot --version`. 0, -ENOENT where there is no gnuplot, or another error. */
int gnuplot_version(char *line, size_t bytes);

/* script: a stream that gnuplot reads from its start, for `set terminal svg`. *svg: as
 * gnuplot wrote it, to be freed. 0, or negative errno; -EIO: gnuplot refused the script. */
FILE *gnuplot_script(void); /* an empty one; NULL without memory */
int gnuplot_run(FILE *script, char **svg);

/* The picture alone: without prolog and unused definitions, its ids beginning with prefix,
 * label for who can't see it. */
void gnuplot_inline(FILE *out, const char *svg, const char *prefix, const char *label);

/* text with all but letters, digits, space, '.', '-' and '_' replaced by '?'. */
void gnuplot_label(char *label, size_t bytes, const char *text);

#endif
