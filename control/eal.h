/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting DPDK's environment, in the two ways edgemark needs it. Both print one line
 * with the remedy when it can't be, and return 0 or negative errno.
 */
#ifndef EDGEMARK_EAL_H
#define EDGEMARK_EAL_H

#include <stddef.h>

#include "config/model.h"

/* For offline commands: ordinary user, no hugepages, no PCI, no shared configuration,
 * several at once, with the caller's own CPU affinity. */
int eal_start_offline(size_t megabytes);

/* For the daemon: dpdk.eal-args, dpdk.workers and the EAL arguments of the command line.
 * Without hugepages it falls back to ordinary memory where every port is virtual. */
int eal_start_daemon(const struct config *c, int argc, char **argv);

/* Ends the daemon's, and removes the files that DPDK leaves in its run-time directory. */
void eal_stop_daemon(void);

#endif
