/* SPDX-License-Identifier: BSD-3-Clause */
/* Which flow sends next: a binary heap over the flows' due times. */
#ifndef CALLGEN_DEPARTURES_H
#define CALLGEN_DEPARTURES_H

#include "mix.h"

struct departures {
	struct flow **heap; /* heap[0] is due first */
	size_t count;
};

bool departures_init(struct departures *d, struct mix *m);
void departures_free(struct departures *d);

/* The flow whose packet is due first, or NULL when all have ended. */
struct flow *departures_first(const struct departures *d);

/* To be called when the first flow's packet count has changed. */
void departures_update_first(struct departures *d);

#endif
