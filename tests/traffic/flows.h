/* SPDX-License-Identifier: BSD-3-Clause */
/* What arrived, flow by flow: counts, RTP sequence, gaps and the DSCPs seen. */
#ifndef CALLGEN_FLOWS_H
#define CALLGEN_FLOWS_H

#include <stdio.h>

#include "mix.h"

struct arrival {
	struct endpoint source, destination;
	uint64_t time_ns;
	uint8_t dscp;
	uint16_t sequence;
	uint32_t bytes; /* of the IP datagram */
};

struct flow_table;

struct flow_table *flow_table_create(void);
void flow_table_free(struct flow_table *t);

/* False when the table is full. */
bool flow_table_count(struct flow_table *t, const struct arrival *a);

void flow_table_print(const struct flow_table *t, FILE *stream);

#endif
