/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a daemon that does not answer is stopped, and whether its workers still turn. */
#ifndef EDGEMARK_PROCESS_STATE_H
#define EDGEMARK_PROCESS_STATE_H

#include <stdbool.h>
#include <sys/types.h>

struct process_state {
	bool stopped;	       /* by a signal or a debugger */
	unsigned busy_threads; /* besides the main one, that used CPU time while it looked */
};

/* Looks for some 50 ms into /proc. 0, or -ESRCH where there is nothing to see. */
int process_look(pid_t pid, struct process_state *out);

#endif
