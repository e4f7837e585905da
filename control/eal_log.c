/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream of our own under rte_log(). DPDK's threads may log at any time: the stream's
 * lock, which stdio takes around each write, guards the state here as well.
 */
#define _GNU_SOURCE /* fopencookie */
#include "eal_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

enum { LINE_BYTES = 256 };

static struct {
	FILE *stream;
	bool hold;
	char first[LINE_BYTES];
} eal_log;

static ssize_t write_lines(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	if (!eal_log.hold) {
		fprintf(stderr, "edgemark: dpdk: %.*s", (int)size, text);
		return (ssize_t)size;
	}
	if (eal_log.first[0] == '\0') {
		size_t length = strcspn(text, "\n");

		if (length > size)
			length = size;
		if (length >= sizeof(eal_log.first))
			length = sizeof(eal_log.first) - 1;
		memcpy(eal_log.first, text, length);
		eal_log.first[length] = '\0';
	}
	return (ssize_t)size;
}

int eal_log_open(void)
{
	static const cookie_io_functions_t functions = {.write = write_lines};

	eal_log.stream = fopencookie(NULL, "w", functions);
	if (!eal_log.stream)
		return -errno;
	setvbuf(eal_log.stream, NULL, _IOLBF, BUFSIZ);
	return rte_openlog_stream(eal_log.stream) == 0 ? 0 : -EIO;
}

void eal_log_hold(bool hold)
{
	if (!eal_log.stream)
		return;
	flockfile(eal_log.stream);
	eal_log.hold = hold;
	eal_log.first[0] = '\0';
	funlockfile(eal_log.stream);
}

void eal_log_first(char *out, size_t size)
{
	out[0] = '\0';
	if (!eal_log.stream)
		return;
	flockfile(eal_log.stream);
	snprintf(out, size, "%s", eal_log.first);
	funlockfile(eal_log.stream);
}
