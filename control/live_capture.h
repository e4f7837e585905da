/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A capture of the live path, one at a time: taps on the lanes asked for, and a thread that
 * takes the copies out and streams them as pcapng to the client, which writes the file with
 * its own rights. Whatever the client does or fails to do, the packet path does not wait:
 * what finds no room in a tap is missing from the capture, and counted.
 * Thread: control, which it never blocks, but at the end.
 */
#ifndef EDGEMARK_LIVE_CAPTURE_H
#define EDGEMARK_LIVE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct forwarding;
struct live_capture;

/* A capture has ended: what became of it, {packets, missed, ended}, to be taken over. */
typedef void (*live_capture_answer)(void *context, uint64_t client, json_t *result);

/* NULL without memory or descriptors. */
struct live_capture *live_capture_create(struct forwarding *f, live_capture_answer answer,
					 void *context);

/* Ends a capture under way, answers, frees. After the workers have ended, or so that they
 * still turn. */
void live_capture_destroy(struct live_capture *l);

/* request: {link, direction, class, drops, reason, count, seconds, snap}, all optional.
 * stream: the client's, taken over; it asks for the end by shutting down its side.
 * 0, or negative errno with the reason in error; then the client is still to be told. */
int live_capture_start(struct live_capture *l, uint64_t client, const json_t *request, int stream,
		       char *error, size_t error_size);

/* Readable when a capture has ended: then call live_capture_ended(). */
int live_capture_fd(const struct live_capture *l);
void live_capture_ended(struct live_capture *l);

#endif
