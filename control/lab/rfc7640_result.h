/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The results document of the suite: tests[] by RFC section, each with rows[] of section
 * 4.1's metrics and checks[] of a measured figure against the predicted one. The table is
 * printed from it. Units: those that RFC 7640 section 4.1 asks for. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_RESULT_H
#define EDGEMARK_LAB_RFC7640_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "rfc7640_metrics.h"
#include "rfc7640_trial.h"

struct results {
	json_t *document;
	json_t *test; /* the one that is being filled; the document's */
	json_t *row;  /* its last */
	uint64_t checks, failed;
};

/* An empty document; false without memory. */
bool results_open(struct results *r);
void results_close(struct results *r);

/* Begins a test: the RFC's section, what it is, and the device's configuration in words. */
void result_test(struct results *r, const char *section, const char *title,
		 const char *configuration);

/* Begins a row of the test. */
void result_row(struct results *r, const struct stream *s, const char *traffic,
		const struct metrics *m);

/* The contract of the row's class: CIR and CBS, or SR and Bc. */
void result_contract(struct results *r, uint64_t cir_bps, uint64_t burst_bytes);

/* SR, SBB and SBI of the row. bytes: of a frame by the shaper's accounting. */
void result_emission(struct results *r, const struct emission *e, uint32_t bytes);

/* What a check compares, and in which unit it shows. */
enum figure {
	FIGURE_BSA,	    /* B */
	FIGURE_LOST,	    /* packets */
	FIGURE_SEQUENCE,    /* OOS, packets */
	FIGURE_PASSED,	    /* packets that left in their class */
	FIGURE_REMARKED,    /* packets that left in another */
	FIGURE_RATE,	    /* bit/s */
	FIGURE_DELAY,	    /* the largest PD, s */
	FIGURE_VARIATION,   /* PDV, s */
	FIGURE_SHAPER_RATE, /* SR, bit/s */
	FIGURE_BURST_BYTES, /* SBB of the longest train, B */
	FIGURE_INTERVAL,    /* SBI, mean, s */
	FIGURES,
};

/* Of the row. measured has to be predicted, predicted give or take the tolerance, or no more
 * than predicted. */
void result_exact(struct results *r, enum figure f, double measured, double predicted);
void result_within(struct results *r, enum figure f, double measured, double predicted,
		   double tolerance);
void result_at_most(struct results *r, enum figure f, double measured, double predicted);

/* Of the test: a trial's capture against its counters. A difference is a failed check. */
void result_reconciled(struct results *r, const struct trial *t);

/* The 0.01 % that rates are held to, or one frame (or what else is the grain) of bytes over
 * ns, where that is more. */
double rate_tolerance(double rate_bps, double grain_bytes, uint64_t ns);

#endif
