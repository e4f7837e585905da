/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel tells of this host, below a root directory, so that tests bring their own. */
#ifndef EDGEMARK_DOCTOR_HOST_H
#define EDGEMARK_DOCTOR_HOST_H

#include <stdbool.h>
#include <stddef.h>

enum { HOST_TEXT = 32768, HOST_CPUS = 1024 };

struct doctor_host {
	const char *root; /* "" is the host itself */
	/* Which offloads an interface has on, "tx tso gro"; "" none. false: not to be had. */
	bool (*offloads)(const char *interface, char *out, size_t size);
};

/* The beginning of a file, without the last end of line. false, and "" in out: not there. */
bool host_read(const struct doctor_host *h, char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool host_exists(const struct doctor_host *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The last part of what a link names. */
bool host_link(const struct doctor_host *h, char *out, size_t size, const char *path);
bool host_has_entries(const struct doctor_host *h, const char *directory);
bool host_has_program(const struct doctor_host *h, const char *name);

/* A list as the kernel and DPDK write it, "1-3,5": whether cpu is in it. */
bool host_list_has(const char *list, unsigned cpu);

/* By the kernel's ethtool interface, for struct doctor_host. */
bool host_offloads(const char *interface, char *out, size_t size);

#endif
