/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A generation that waits for its confirmation, and the configuration that comes back
 * without it: the one before, as it was in memory; its file may say something else by now.
 * Thread: control.
 */
#ifndef EDGEMARK_ROLLBACK_H
#define EDGEMARK_ROLLBACK_H

#include <stdbool.h>
#include <stdint.h>

struct config;

struct rollback {
	bool pending;
	uint64_t generation; /* that waits */
	uint64_t previous;   /* whose configuration comes back */
	uint64_t deadline_us;
	struct config *config; /* the previous one's; NULL while that generation lives */
};

void rollback_begin(struct rollback *r, uint64_t generation, uint64_t previous,
		    uint64_t deadline_us);

/* Takes *c over, if it is the one to be kept. */
void rollback_keep(struct rollback *r, struct config **c);

/* Confirmed, or rolled back: nothing waits any more. */
void rollback_end(struct rollback *r);

/* The configuration to go back to, once the time has come; the caller's from then on. NULL:
 * not yet. */
struct config *rollback_due(struct rollback *r, uint64_t now_us);

/* It could not be built: to be tried again at another time. */
void rollback_postpone(struct rollback *r, struct config *c, uint64_t deadline_us);

/* Milliseconds until it is due, rounded up; -1: nothing waits. */
int64_t rollback_left_ms(const struct rollback *r, uint64_t now_us);

#endif
