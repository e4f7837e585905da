/* SPDX-License-Identifier: BSD-3-Clause */
/* How much memory a link needs on the virtual clock, by its configuration. */
#ifndef EDGEMARK_REPLAY_MEMORY_H
#define EDGEMARK_REPLAY_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* mbufs that all queues of the link together may hold. */
uint64_t replay_mbufs(const struct config *c, size_t link);

/* For eal_start_offline(). Reserved, not used: only what the frames and tables touch becomes
 * real. */
size_t replay_megabytes(const struct config *c, uint64_t mbufs);

#endif
