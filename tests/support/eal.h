/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's environment for a test: ordinary memory, no hugepages, no PCI, no files, no
 * telemetry, any number of tests at once. The EAL can start only once in a process:
 * call test_eal_start() first thing in main() or in a group's setup; calls after the
 * first do nothing.
 */
#ifndef EDGEMARK_TESTS_EAL_H
#define EDGEMARK_TESTS_EAL_H

/* 0, or -1 with a line on stderr. The caller's CPU affinity is kept. */
int test_eal_start(void);

/* The same with more memory than 128 MiB, and EAL arguments of the caller's (vdevs),
 * as a NULL-terminated list or NULL. */
int test_eal_start_with(unsigned megabytes, const char *const *arguments);

#endif
