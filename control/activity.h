/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When each rule last decided a packet, to the interval at which control looks: it compares
 * the rules' counters with those it saw before, so that the packet path keeps no time for
 * them. Thread: control.
 */
#ifndef EDGEMARK_ACTIVITY_H
#define EDGEMARK_ACTIVITY_H

#include <stdint.h>

#include "control/site.h"

struct activity;

struct activity *activity_create(void); /* NULL without memory */
void activity_destroy(struct activity *a);

/* To be called about once a second, and before what is known is shown. now_ns: by the lanes'
 * clock. Looks at each rule of the generation in force. */
void activity_look(struct activity *a, const struct site *site, uint64_t now_ns);

/* When a look last found that the rule had decided a packet, at most one interval after it
 * did; 0: not while it was looked at. */
uint64_t activity_last_ns(const struct activity *a, uint32_t lane, uint32_t rule_slot);

#endif
