/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the result of an overrun, and what the report concludes from its calls. Nothing is
 * trusted to be there: what is missing or null is NAN, and shown as a dash.
 */
#ifndef EDGEMARK_LAB_REPORT_FIGURES_H
#define EDGEMARK_LAB_REPORT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* path: keys, or indices of arrays, joined by dots: "admitted.packets". */
const json_t *figure_at(const json_t *object, const char *path);
double figure(const json_t *object, const char *path);
const char *figure_text(const json_t *object, const char *path); /* "-": no string there */

bool call_lost_packets(const json_t *call);
bool call_jitter_mean_outside(const json_t *call);
bool call_jitter_max_outside(const json_t *call);

/* Over the calls of one run; extremes are NAN where no call has the figure. */
struct run_summary {
	size_t calls, whole; /* whole: lost nothing */
	size_t halved;	     /* lost half of their packets or more */
	size_t loss_outside, jitter_mean_outside, jitter_max_outside, jitter_outside;
	size_t over_contract;	   /* begun after the contract was full (protect) */
	double loss_min, loss_max; /* loss_min: of the calls that lost something */
	double gap_max, mos_min, mos_max;
	double jitter_mean_max, jitter_max, delay_max;
};

struct run_summary summarize_run(const json_t *run);

/* The calls of a run, worst first: by loss, then gap, then number. To be freed. */
const json_t **calls_worst_first(const json_t *run, size_t *count);

#endif
