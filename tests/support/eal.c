/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* CPU_SET(3) */
#include "support/eal.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

enum { ARGUMENTS_MAX = 64 };

/* The first CPU that this process may use: the EAL would pin to CPU 0, allowed or not. */
static unsigned first_allowed_cpu(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 0;
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed))
			return cpu;
	}
	return 0;
}

int test_eal_start_with(unsigned megabytes, const char *const *arguments)
{
	static bool started;
	static char memory[16], lcores[32];
	static char *argv[ARGUMENTS_MAX] = {"test",	   "--no-huge",	     "--no-pci",
					    "--no-shconf", "--no-telemetry", "--log-level=error",
					    "-m",	   memory,	     "--lcores",
					    lcores};
	int argc = 10;
	cpu_set_t allowed;

	if (started)
		return 0;
	snprintf(memory, sizeof(memory), "%u", megabytes);
	snprintf(lcores, sizeof(lcores), "0@%u", first_allowed_cpu());
	while (arguments && *arguments && argc < ARGUMENTS_MAX - 1)
		memcpy(&argv[argc++], arguments++, sizeof(argv[0])); /* const is lost */
	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "test: the EAL did not start: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
	started = true;
	return 0;
}

int test_eal_start(void)
{
	return test_eal_start_with(128, NULL);
}
