/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any text as a configuration: refused with errors or loaded, never anything else. On
 * demand, for as long as you like, from the fuzz preset's build directory:
 *   ./fuzz_config -dict=../../tests/fuzz/config.dict found tests/fuzz/seeds-config
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets a string that a syntax error follows. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig\n";
}

static FILE *sink; /* what is printed must only be printable */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config_report report;
	struct config *c;
	char path[32];

	if (!sink)
		sink = fopen("/dev/null", "w");
	if (fd < 0 || !sink || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	c = config_load(path, &report);
	close(fd);
	if (!c != (report.error_count > 0))
		abort(); /* exactly one of a configuration and an error */
	config_report_print(&report, sink);
	if (c)
		config_print_effective(c, sink);
	config_free(c);
	config_report_clear(&report);
	return 0;
}
