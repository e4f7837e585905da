/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On which side of the box a captured frame came in: a source address in the site's
 * prefixes goes upstream, any other downstream. Frames that have no IP source follow the
 * last IP frame from their MAC address. Thread: its owner's.
 */
#ifndef EDGEMARK_SIDES_H
#define EDGEMARK_SIDES_H

#include <stdint.h>

#include "dataplane/diffserv.h"

struct sides;

/* prefixes: "192.168.1.0/24,2001:db8::/32"; an address alone is one host. NULL with the
 * offending part in *wrong (the caller frees), which is NULL without memory. */
struct sides *sides_create(const char *prefixes, char **wrong);
void sides_destroy(struct sides *s);

enum direction sides_direction(struct sides *s, const uint8_t *frame, uint32_t length);

#endif
