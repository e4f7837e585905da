/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tap: copies of frames of one lane, for whoever captures them. A bounded ring of bytes
 * between two threads: the lane's worker puts copies in, the reader takes them out. Where
 * it is full the copy is given up and counted; the frame itself never waits.
 */
#ifndef EDGEMARK_TAP_H
#define EDGEMARK_TAP_H

#include <stdint.h>

#include "drop_reason.h"

struct rte_mbuf;
struct tap;

struct tap_filter {
	uint32_t classes; /* bit per class slot; ~0: all, and frames of no class */
	uint32_t reasons; /* bit per drop reason; 0: frames that leave, not dropped ones */
	uint32_t snap;	  /* bytes kept of a frame, at most TAP_SNAP_MAX */
};

enum {
	TAP_SNAP_MAX = 16384,
	TAP_BYTES_MIN = 65536, /* of the ring */
};

/* In the ring before each copy. */
struct tap_record {
	uint32_t size;	   /* of the record with its bytes, padded */
	uint32_t captured; /* bytes that follow */
	uint64_t ns;	   /* of the lane's clock */
	uint32_t frame_bytes;
	uint8_t class_slot; /* SLOT_NONE: none */
	uint8_t reason;	    /* DROP_NONE: it left */
	uint16_t unused;
	uint8_t bytes[];
};

struct tap_counts {
	uint64_t taken;	 /* copied */
	uint64_t missed; /* not copied, for want of room */
};

/* control. bytes: of the ring, a power of two from TAP_BYTES_MIN on; touched here, so that
 * the worker meets no page fault. NULL without memory. */
struct tap *tap_create(const struct tap_filter *filter, uint32_t bytes);

/* control, once no worker has it: after lane_set_tap(lane, NULL) and a quiescent state. */
void tap_destroy(struct tap *t);

/* worker: frames about to leave; a frame dropped. As they stand. */
void tap_sent(struct tap *t, struct rte_mbuf *const *frames, uint32_t n, uint64_t now_ns);
void tap_dropped(struct tap *t, const struct rte_mbuf *frame, enum drop_reason reason,
		 uint8_t class_slot, uint64_t now_ns);

/* reader: the oldest copy, or NULL; and done with it. */
const struct tap_record *tap_peek(struct tap *t);
void tap_pop(struct tap *t);

/* any thread */
struct tap_counts tap_counts(const struct tap *t);

#endif
