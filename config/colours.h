/* SPDX-License-Identifier: BSD-3-Clause */
/* What a contract that colours says besides: exceed = "colour". */
#ifndef EDGEMARK_CONFIG_COLOURS_H
#define EDGEMARK_CONFIG_COLOURS_H

#include "reader.h"

#define COLOUR_KEYS                                                                                \
	"meter", "pir-kbps", "excess-burst-bytes", "excess-burst-ms", "excess-burst-calls",        \
		"peak-burst-bytes", "peak-burst-ms", "peak-burst-calls", "aware", "red"

/* After the contract's classes, rate, burst, account and exceed. */
void read_colour(struct loader *l, config_setting_t *group, const struct config_policy *p,
		 struct config_contract *k);

#endif
