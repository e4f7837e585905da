/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's environment for the offline commands: plain memory, no devices, nothing shared
 * with other DPDK processes, and the CPUs that the caller may use anyway, since the EAL
 * would otherwise pin itself to the first core, which may be the daemon's.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "control/eal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

/* "0@(0-1,4)": lcore 0 on whatever this process may run on. */
static int lcores_argument(char *out, size_t size)
{
	cpu_set_t set;
	size_t used;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	used = (size_t)snprintf(out, size, "0@(");
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		size_t last = cpu;

		if (!CPU_ISSET(cpu, &set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		used += (size_t)snprintf(out + used, size - used, "%zu-%zu,", cpu, last);
		if (used >= size)
			return -E2BIG;
		cpu = last;
	}
	out[used - 1] = ')';
	return 0;
}

/* Unshared or not, the EAL makes a directory for its files; it stays empty. */
static void remove_runtime_directory(void)
{
	const char *directory = rte_eal_get_runtime_dir();

	if (directory)
		(void)rmdir(directory);
}

int eal_start_offline(size_t megabytes)
{
	char lcores[1024], memory[24], prefix[32];
	char *arguments[] = {
		"edgemark",    "--no-huge",	 "--no-pci",
		"--no-shconf", "--no-telemetry", "--log-level=4", /* RTE_LOG_ERR */
		"--lcores",    lcores,		 "-m",
		memory,	       "--file-prefix",	 prefix,
	};
	int err = lcores_argument(lcores, sizeof(lcores));

	if (err < 0) {
		fprintf(stderr, "edgemark: can't read the CPU affinity: %s\n", strerror(-err));
		return err;
	}
	snprintf(memory, sizeof(memory), "%zu", megabytes);
	snprintf(prefix, sizeof(prefix), "edgemark-%d", (int)getpid());
	rte_log_set_global_level(RTE_LOG_ERR);
	err = rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments);
	if (err < 0) {
		err = rte_errno ? -rte_errno : -EINVAL;
		fprintf(stderr,
			"edgemark: DPDK does not start with %zu MiB of ordinary memory: %s; "
			"see `ulimit -v` and `free -m`\n",
			megabytes, strerror(-err));
		return err;
	}
	remove_runtime_directory();
	return 0;
}
