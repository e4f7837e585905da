/* SPDX-License-Identifier: BSD-3-Clause */
/* What this host offers in hugepages, as the kernel tells it. Thread: control. */
#ifndef EDGEMARK_HUGEPAGES_H
#define EDGEMARK_HUGEPAGES_H

#include <stdbool.h>
#include <stddef.h>

struct hugepages {
	size_t free_mb; /* of all sizes */
	bool mounted;	/* a hugetlbfs */
};

struct hugepages hugepages_read(void);

#endif
