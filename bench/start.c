/* SPDX-License-Identifier: BSD-3-Clause */
/* See start.h. */
#include "start.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

enum { MEGABYTES = 640 };

static bool hugepages_are_free(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	long pages = 0;
	bool enough = f && fscanf(f, "%ld", &pages) == 1 && pages * 2 >= MEGABYTES;

	if (f)
		fclose(f);
	return enough;
}

int bench_start(char *name, bool *huge)
{
	char memory[16], prefix[32], lcores[32];
	char *arguments[] = {
		name,	    "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=4",
		"--lcores", lcores,	"--file-prefix",  prefix,	 "-m",
		memory,	    NULL,
	};
	const int count = sizeof(arguments) / sizeof(arguments[0]);

	*huge = hugepages_are_free();
	arguments[count - 1] = *huge ? "--in-memory" : "--no-huge";
	snprintf(memory, sizeof(memory), "%d", MEGABYTES);
	snprintf(prefix, sizeof(prefix), "bench-%d", (int)getpid());
	snprintf(lcores, sizeof(lcores), "0@0-%ld", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	rte_log_set_global_level(RTE_LOG_ERR);
	if (rte_eal_init(count, arguments) >= 0)
		return 0;
	fprintf(stderr, "edgemark: DPDK does not start with %s MiB of %s: %s\n", memory,
		*huge ? "hugepages" : "ordinary memory", rte_strerror(rte_errno));
	return -EIO;
}

void bench_stop(void)
{
	(void)rmdir(rte_eal_get_runtime_dir()); /* empty: nothing is shared */
	rte_eal_cleanup();
}
