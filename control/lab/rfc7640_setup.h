/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device under test as a configuration: one link, and classes 0, 1, … that a stream
 * selects by its UDP source port or its VLAN. Both directions get the same policy, but
 * under its own name. What is not said keeps the product's defaults. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_SETUP_H
#define EDGEMARK_LAB_RFC7640_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/diffserv.h"

struct setup_class {
	/* The contract; without one where cir_bps is 0. */
	uint64_t cir_bps;
	uint64_t burst_bytes;
	enum exceed exceed;
	int remark_class; /* with EXCEED_REMARK */

	/* The schedule. */
	bool strict;
	uint64_t guarantee_bps; /* 0: none, as the rest */
	uint32_t weight;
	uint64_t queue_ns;
	uint32_t queue_packets;
};

struct setup {
	uint64_t link_bps;    /* of both ports; 0: not shaped */
	enum account account; /* of the contracts; the link counts wire bytes */
	bool by_vlan;
	uint32_t class_count; /* 1-CLASSES_MAX; the last one takes what no rule matches */
	struct setup_class classes[CLASSES_MAX];
};

enum { SETUP_MAX_DELAY_MS = 10000 }; /* of a contract that shapes: its queue is the limit */

/* The configuration as text; the caller frees it. NULL without memory. */
char *setup_text(const struct setup *s);

/* "class-3" into a buffer of at least 12. */
void setup_class_name(uint32_t index, char *out);

/* The code point of a class: each has its own. */
uint8_t setup_class_dscp(uint32_t index);

/* The largest frame that a port of the setup sends, in wire bytes. */
uint32_t setup_largest_bytes(void);

#endif
