/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The report of an overrun: one HTML file that needs nothing but itself, for the screen,
 * the telephone and the printer. Plots are drawn by gnuplot, where it is installed.
 */
#ifndef EDGEMARK_LAB_REPORT_H
#define EDGEMARK_LAB_REPORT_H

#include <jansson.h>

/* result: what lab.json holds. Writes directory/report.html, whole or not at all. 0, or
 * negative errno with one line on stderr. */
int lab_report_write(const json_t *result, const char *directory);

#endif
