/* SPDX-License-Identifier: BSD-3-Clause */
/* One line on standard error that says how far a run is, where that is a terminal. */
#ifndef EDGEMARK_LAB_PROGRESS_H
#define EDGEMARK_LAB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shown;
	const char *what;
	uint32_t skipped; /* calls of progress_at() since the last look at the clock */
	uint64_t drawn_ns;
};

void progress_begin(struct progress *p, const char *what);

/* Cheap: looks at the clock now and then. done and all in any unit. */
void progress_at(struct progress *p, uint64_t done, uint64_t all);
void progress_end(struct progress *p); /* the line vanishes */

/* Wall time. */
uint64_t progress_now_ns(void);

#endif
