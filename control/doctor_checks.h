/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host should have for edgemark: each check with what was found and, where it is
 * wanting, what mends it. */
#ifndef EDGEMARK_DOCTOR_CHECKS_H
#define EDGEMARK_DOCTOR_CHECKS_H

#include "config/config.h"
#include "doctor_host.h"

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
	const char *check;
	enum doctor_verdict verdict;
	char found[256];
	char remedy[256]; /* "": none is needed */
};

enum { DOCTOR_FINDINGS_MAX = 256 };

struct doctor {
	const struct doctor_host *host;
	const struct config *config; /* NULL: of the host only */
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	size_t count;
};

void doctor_check(struct doctor *d);

/* "ok", "warn", "fail" */
const char *doctor_verdict_name(enum doctor_verdict v);

#endif
