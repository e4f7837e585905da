/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plots of an overrun's report, drawn by gnuplot. A personality has its colour and its
 * line style in all of them. Each is a figure with a caption; without gnuplot nothing.
 */
#ifndef EDGEMARK_LAB_REPORT_PLOTS_H
#define EDGEMARK_LAB_REPORT_PLOTS_H

#include <stdbool.h>

#include <jansson.h>

#include "html.h"

struct report_plots {
	bool available;	  /* there is a gnuplot */
	char version[64]; /* as it names itself */
	unsigned drawn, failed;
};

void report_plots_begin(struct report_plots *p);

/* Offered, admitted and dropped over time: a plot per personality, on one scale. */
void plot_rates(struct report_plots *p, struct html *h, const json_t *result);

/* The loss of each call: sorted, all together; and by number, a plot per personality. */
void plot_loss_sorted(struct report_plots *p, struct html *h, const json_t *result);
void plot_loss_by_call(struct report_plots *p, struct html *h, const json_t *result);

/* All personalities together. */
void plot_gaps(struct report_plots *p, struct html *h, const json_t *result);
void plot_jitter(struct report_plots *p, struct html *h, const json_t *result);
void plot_mos(struct report_plots *p, struct html *h, const json_t *result);

#endif
