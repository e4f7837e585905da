/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random early detection (Floyd and Jacobson, 1993) on rte_red's configuration and
 * state. Two things are not left to rte_red: its random number is one global for all
 * threads, seeded by the TSC, so that a replay would differ from run to run; and its
 * idle time is counted in bytes sent by the port, in steps of four million.
 *
 * Thread: control builds profiles; the state is the lane's worker's.
 */
#ifndef EDGEMARK_RED_H
#define EDGEMARK_RED_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_red.h>

#include "diffserv.h"

struct red_spec;

/* In units of 2^unit_shift packets: rte_red's thresholds end at 1,023. */
struct red_profile {
	struct rte_red_config config[COLOURS]; /* one average; worse colours are dropped earlier */
	bool enabled;
	uint8_t unit_shift;
	uint64_t packet_ns; /* one packet at the class's rate: how fast an idle average decays */
};

/* control: thresholds that the spec leaves at 0 become a quarter and three quarters of
 * the limit. Yellow's are two thirds of green's, red's a third, so that by default red is
 * gone before green is touched (RFC 2597 2). 0, or -EINVAL. */
int red_profile_build(struct red_profile *out, const struct red_spec *spec, uint32_t limit_packets,
		      uint64_t packet_ns);

/* worker: whether to drop the frame that arrives at a queue of this length. */
bool red_drops(struct rte_red *red, const struct red_profile *p, enum colour colour,
	       uint32_t queued, uint64_t now_ns, uint64_t *random);

#endif
