/* SPDX-License-Identifier: BSD-3-Clause */
/* The heap is small and its top is replaced in place: one sift down a packet. */
#include "departures.h"

#include <stdlib.h>

static void sift_down(struct departures *d, size_t i)
{
	struct flow *moving = d->heap[i];
	uint64_t due = flow_due(moving);

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= d->count)
			break;
		if (child + 1 < d->count && flow_due(d->heap[child + 1]) < flow_due(d->heap[child]))
			child++;
		if (flow_due(d->heap[child]) >= due)
			break;
		d->heap[i] = d->heap[child];
		i = child;
	}
	d->heap[i] = moving;
}

bool departures_init(struct departures *d, struct mix *m)
{
	d->count = m->count;
	d->heap = calloc(m->count + 1, sizeof(struct flow *));
	if (d->heap == NULL)
		return false;
	for (size_t i = 0; i < m->count; i++)
		d->heap[i] = &m->flows[i];
	for (size_t i = m->count / 2; i-- > 0;)
		sift_down(d, i);
	return true;
}

void departures_free(struct departures *d)
{
	free(d->heap);
}

struct flow *departures_first(const struct departures *d)
{
	if (d->count == 0 || flow_due(d->heap[0]) == UINT64_MAX)
		return NULL;
	return d->heap[0];
}

void departures_update_first(struct departures *d)
{
	sift_down(d, 0);
}
