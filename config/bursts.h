/* SPDX-License-Identifier: BSD-3-Clause */
/* A burst, in bytes, in ms of its rate, or in packets of G.711 calls: one of the three. */
#ifndef EDGEMARK_CONFIG_BURSTS_H
#define EDGEMARK_CONFIG_BURSTS_H

#include "reader.h"

struct burst_keys {
	const char *bytes, *ms, *calls;
	int64_t least_bytes;
};

/* 20 ms of the rate, but two full frames at least. */
uint64_t burst_by_default(uint64_t bps);

/* Sets *bytes where one of the keys is there. call_bytes: a call's packet as the contract
 * counts it. */
void read_burst(struct loader *l, config_setting_t *group, const struct burst_keys *keys,
		uint64_t bps, uint64_t call_bytes, uint64_t *bytes);

#endif
