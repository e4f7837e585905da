/* SPDX-License-Identifier: BSD-3-Clause */
/* See rollback.h. */
#include "rollback.h"

#include <stddef.h>

#include "config/config.h"

enum { US_PER_MS = 1000 };

void rollback_begin(struct rollback *r, uint64_t generation, uint64_t previous,
		    uint64_t deadline_us)
{
	rollback_end(r);
	*r = (struct rollback){
		.pending = true,
		.generation = generation,
		.previous = previous,
		.deadline_us = deadline_us,
	};
}

void rollback_keep(struct rollback *r, struct config **c)
{
	if (!r->pending || r->config)
		return;
	r->config = *c;
	*c = NULL;
}

void rollback_end(struct rollback *r)
{
	config_free(r->config);
	*r = (struct rollback){0};
}

struct config *rollback_due(struct rollback *r, uint64_t now_us)
{
	struct config *c = r->config;

	if (!r->pending || !c || now_us < r->deadline_us)
		return NULL;
	r->config = NULL;
	return c;
}

void rollback_postpone(struct rollback *r, struct config *c, uint64_t deadline_us)
{
	r->config = c;
	r->deadline_us = deadline_us;
}

int64_t rollback_left_ms(const struct rollback *r, uint64_t now_us)
{
	if (!r->pending)
		return -1;
	if (now_us >= r->deadline_us)
		return 0;
	return (int64_t)((r->deadline_us - now_us + US_PER_MS - 1) / US_PER_MS);
}
