/* SPDX-License-Identifier: BSD-3-Clause */
/* What each benchmark needs of DPDK before it begins: memory, and no more. */
#ifndef EDGEMARK_BENCH_START_H
#define EDGEMARK_BENCH_START_H

#include <stdbool.h>

/* In hugepages where enough of them are free: *huge. 0, or -EIO after a line on stderr. */
int bench_start(char *name, bool *huge);
void bench_stop(void);

#endif
