/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All frames that arrive, one after the other in the order of time: nothing is stored but
 * where each source stands. The same plan and seed give the same frames, to the byte.
 *
 * Calls are numbered in the order in which they begin. Call n (from 0) is the client
 * 10.1.(n / 250).(1 + n mod 250), the n-th even source port of the voice range; background item k
 * comes from 10.200.k.1. The payload of each RTP packet begins with a stamp: when it arrived (8
 * bytes, ns from the start of the run) and which packet of its call it is (4 bytes, from 0), in
 * network order, so that whoever sees it leave, or reads a capture, knows its delay.
 */
#ifndef EDGEMARK_LAB_ARRIVALS_H
#define EDGEMARK_LAB_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "overrun_plan.h"

enum arrival_kind { ARRIVAL_RTP, ARRIVAL_RTCP, ARRIVAL_BACKGROUND };

enum {
	ARRIVAL_HEAD_BYTES = 96,    /* of a background frame, what is written */
	ARRIVAL_FRAME_BYTES = 1514, /* the longest */
	ARRIVAL_STAMP_BYTES = 12,
	ARRIVAL_CLIENT_HOSTS = 250,
	CALL_DESTINATION_PORT = 3479,
};

struct arrival {
	uint64_t ns; /* from the start of the run */
	enum arrival_kind kind;
	uint32_t source; /* the call, from 0; the background item */
	uint32_t length; /* of the frame, without FCS */
};

struct arrivals;

/* NULL without memory. The plan must outlive it. */
struct arrivals *arrivals_create(const struct overrun_plan *p);
void arrivals_destroy(struct arrivals *a);

/* The next one; false: there are no more. frame (of ARRIVAL_FRAME_BYTES) gets its bytes, of
 * background the first ARRIVAL_HEAD_BYTES. */
bool arrivals_next(struct arrivals *a, struct arrival *out, uint8_t *frame);

/* When a call begins, ns from the start of the run, but for its jitter. */
uint64_t arrivals_begin_ns(const struct arrivals *a, uint32_t call);

/* The call's ends, for people and documents. */
uint16_t arrivals_source_port(const struct overrun_plan *p, uint32_t call);
void arrivals_source(uint32_t call, char *text, uint32_t size);
extern const char arrivals_destination[];

/* The call of a client's address, in network order or as text; false: of none. */
bool arrivals_call_of(const uint8_t address[4], uint32_t *call);
bool arrivals_call_named(const char *address, uint32_t *call);

/* Who sent a frame, by its bytes from the IP header on (at least 48 of them). */
enum arrival_kind arrivals_identify(const uint8_t *ip, uint32_t *source);

struct arrival_stamp {
	uint64_t ns;
	uint32_t index, timestamp; /* of RTP */
};
struct arrival_stamp arrivals_stamp(const uint8_t *ip); /* of ARRIVAL_RTP */

#endif
