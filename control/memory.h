/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory a configuration needs: frames for the ports' descriptors, the queues
 * and what is under way, and what the tables take beside them.
 */
#ifndef EDGEMARK_MEMORY_H
#define EDGEMARK_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "config/model.h"

enum {
	PORT_DESCRIPTORS = 1024, /* each way, if the port allows */
	POOL_CACHE = 256,	 /* frames a worker keeps at hand */
};

struct pool_size {
	uint32_t frames;
	uint16_t data_room; /* headroom included: a frame of the largest MTU in one piece */
};

struct pool_size memory_pool_size(const struct config *c);

/* In MiB, pool included: what ordinary memory has to be reserved without hugepages. */
size_t memory_needed_mb(const struct config *c);

#endif
