/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's log, made fit for a program that says one line per failure: while something is
 * being tried its messages are held back, and the first error, which is the one that
 * names the cause, can be put into edgemark's own line. Otherwise they pass to stderr.
 */
#ifndef EDGEMARK_EAL_LOG_H
#define EDGEMARK_EAL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Before rte_eal_init(). 0 or negative errno. */
int eal_log_open(void);

/* From now on messages are held back (true; forgets those held before) or pass. */
void eal_log_hold(bool hold);

/* The first message held, without its end of line; "" if there was none. */
void eal_log_first(char *out, size_t size);

#endif
