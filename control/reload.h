/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new policy while packets pass. A builder thread loads and compiles the configuration
 * aside; control publishes it with one store, waits until every worker has adopted it and
 * gone quiescent, and frees the one before. Errors leave the running policy as it is.
 *
 * At most two generations live: while a stalled worker holds the old one, a request is
 * refused with the worker's name. Requests that come while one is under way are merged
 * into one more. A reload may ask for a confirmation; without it, what was in force before
 * comes back as a new generation, and until then other requests are refused.
 * Thread: control; it never blocks.
 */
#ifndef EDGEMARK_RELOAD_H
#define EDGEMARK_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "requesters.h"

struct forwarding;
struct reload;

enum reload_outcome {
	RELOAD_DONE,
	RELOAD_FAILED,	/* what was asked for can't be had: the file, or memory */
	RELOAD_REFUSED, /* not now; nothing was tried */
};

struct reload_result {
	enum reload_outcome outcome;
	uint64_t generation; /* now in force */
	uint64_t rules;	     /* of all its ACLs */
	double build_ms, adopt_ms;
	uint32_t confirm_s;   /* within which it is to be confirmed; 0: it stays */
	uint64_t rolled_back; /* a roll-back: the generation that nobody confirmed; else 0 */
	uint64_t previous;    /* with one of these two: whose policy comes or came back */
	const char *who;      /* asked */
	const char *error;    /* one or more lines, without the last end of line; else NULL */
};

/* Called once for each requester, and once with REQUESTER_NONE for each reload that ends;
 * a refusal without a requester is told so too. */
typedef void (*reload_answer)(void *context, uint64_t requester,
			      const struct reload_result *result);

/* NULL without memory or descriptors. file: the configuration to load again. */
struct reload *reload_create(struct forwarding *f, const char *file, reload_answer answer,
			     void *context);
/* Waits for a build under way. After the workers have ended. */
void reload_destroy(struct reload *r);

/* Readable when the builder has finished: then call reload_built(). */
int reload_fd(const struct reload *r);
void reload_built(struct reload *r);

void reload_request(struct reload *r, const struct reload_request *request);

/* Whether a request would be taken up now, not refused. */
bool reload_accepts(const struct reload *r);

/* The generation in force stays: its number, or 0 where none waits to be confirmed. */
uint64_t reload_confirm(struct reload *r);

struct reload_pending {
	uint64_t generation; /* that waits; 0: none */
	uint64_t previous;   /* whose policy comes back */
	double seconds_left;
};
struct reload_pending reload_pending(const struct reload *r);

/* Looks whether the workers have gone on, and whether a confirmation is overdue. Returns in
 * how many ms to call again, -1: not until something happens. */
int reload_poll(struct reload *r);

#endif
