/* SPDX-License-Identifier: BSD-3-Clause */
/* The lab's account held against the counters document, to the packet and the byte. */
#ifndef EDGEMARK_LAB_RECONCILE_H
#define EDGEMARK_LAB_RECONCILE_H

#include <jansson.h>

#include "account.h"

/* EXIT_OK, EXIT_RUNTIME with one line on stderr for the first difference, or EXIT_CONFIG
 * where the configuration does not find the calls. */
int reconcile(const struct overrun_plan *p, enum exceed exceed, const struct run_account *a,
	      const json_t *document);

#endif
