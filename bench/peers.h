/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's own libraries doing a stage's work alone, measured in the same run: rte_acl on
 * the classifier's contexts with the keys already built, rte_meter's srTCM, and rte_sched
 * with one pipe and the same seven classes.
 */
#ifndef EDGEMARK_PEERS_H
#define EDGEMARK_PEERS_H

#include <stdint.h>

#include "frames.h"

struct samples;
struct policy;

/* Cycles a packet go into `out`, one sample a pass. 0 or a negative errno. */
int peer_acl(const struct frames *f, const struct policy *p, uint32_t passes, struct samples *out);
int peer_meter(const struct frames *f, uint32_t passes, struct samples *out);
int peer_sched(const struct frames *f, uint32_t passes, struct samples *out);

#endif
