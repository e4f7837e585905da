/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who asks for a reload, and what becomes of requests that come while one is under way:
 * they are merged into the next. A confirmation that one of them asked for then holds for
 * all, the shortest time of them. Thread: control.
 */
#ifndef EDGEMARK_REQUESTERS_H
#define EDGEMARK_REQUESTERS_H

#include <stddef.h>
#include <stdint.h>

#define REQUESTER_NONE UINT64_C(0)

enum { REQUESTERS_MAX = 128, WHO_BYTES = 64, CONFIRM_S_MAX = 86400 };

struct reload_request {
	uint64_t requester;  /* whom to answer, or REQUESTER_NONE */
	uint32_t confirm_s;  /* seconds after which it is rolled back; 0: it stays */
	char who[WHO_BYTES]; /* for the log: "SIGHUP from pid 1 (uid 0)" */
};

struct requesters {
	uint64_t id[REQUESTERS_MAX]; /* to be answered */
	unsigned count;
	unsigned asked; /* all that asked, also those that want no answer */
	uint32_t confirm_s;
	char who[WHO_BYTES]; /* the first */
};

void requesters_add(struct requesters *list, const struct reload_request *request);

/* Moves those of more to the end of list; of their wishes nothing is left. */
void requesters_take(struct requesters *list, struct requesters *more);

/* The first by name, and how many more: "…, and 3 more". */
void requesters_name(const struct requesters *list, char *out, size_t size);

#endif
