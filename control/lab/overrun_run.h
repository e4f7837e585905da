/* SPDX-License-Identifier: BSD-3-Clause */
/* One run: all arrivals through the pipeline under one exceed, and the account of it. */
#ifndef EDGEMARK_LAB_OVERRUN_RUN_H
#define EDGEMARK_LAB_OVERRUN_RUN_H

#include <jansson.h>

#include "account.h"

struct overrun_run {
	enum exceed exceed;
	struct run_account account;
	json_t *document;	/* the counters document */
	uint8_t *over_contract; /* by call: begun after the contract was full (protect) */
	uint64_t wall_ns;
	bool captured;
};

/* EXIT_OK, or an exit code with one line on stderr: also where the account and the counters
 * differ. first: the capture of what arrived is written, too. */
int overrun_run(const struct overrun_plan *p, enum exceed exceed, bool first,
		struct overrun_run *run);
void overrun_run_clear(struct overrun_run *run);

#endif
