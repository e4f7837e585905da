/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new policy while packets pass. A builder thread loads and compiles the configuration
 * aside; control publishes it with one store, waits until every worker has adopted it and
 * gone quiescent, and frees the one before. Errors leave the running policy as it is.
 *
 * At most two generations live: while a stalled worker holds the old one, a request is
 * refused with the worker's name. Requests that come while one is under way are merged
 * into one more. Thread: control; it never blocks.
 */
#ifndef EDGEMARK_RELOAD_H
#define EDGEMARK_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

struct forwarding;
struct reload;

struct reload_result {
	bool ok;
	uint64_t generation; /* now in force */
	double build_ms, adopt_ms;
	const char *error; /* one or more lines, without the last end of line; where !ok */
};

/* Called once for each requester, and once with REQUESTER_NONE for each reload that ends;
 * a refusal without a requester is told so too. */
typedef void (*reload_answer)(void *context, uint64_t requester,
			      const struct reload_result *result);

#define REQUESTER_NONE UINT64_C(0)

/* NULL without memory or descriptors. file: the configuration to load again. */
struct reload *reload_create(struct forwarding *f, const char *file, reload_answer answer,
			     void *context);
/* Waits for a build under way. After the workers have ended. */
void reload_destroy(struct reload *r);

/* Readable when the builder has finished: then call reload_built(). */
int reload_fd(const struct reload *r);
void reload_built(struct reload *r);

/* requester: whom to answer, or REQUESTER_NONE. */
void reload_request(struct reload *r, uint64_t requester);

/* Looks whether the workers have gone on. Returns in how many ms to call again, -1: not
 * until something happens. */
int reload_poll(struct reload *r);

#endif
