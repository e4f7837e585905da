/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's telemetry commands below /edgemark/, for dpdk-telemetry.py and whoever else asks
 * its socket. They read the published figures, on DPDK's threads. Thread: control.
 */
#ifndef EDGEMARK_TELEMETRY_H
#define EDGEMARK_TELEMETRY_H

/* After the EAL's start. 0 or negative errno. */
int telemetry_register(void);

#endif
