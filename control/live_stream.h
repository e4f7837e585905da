/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's end of a stream socket as a FILE to write to. Writing waits for the client, in
 * turns, between which the owner has a look at what else is going on.
 */
#ifndef EDGEMARK_LIVE_STREAM_H
#define EDGEMARK_LIVE_STREAM_H

#include <stdbool.h>
#include <stdio.h>

struct live_stream {
	int fd;
	/* While a write waits: false gives it up, and the stream with it. */
	bool (*waiting)(void *context);
	void *context;
};

/* Takes fd over, also where it fails; the rest of *s must outlive the FILE. NULL: errno. */
FILE *live_stream_open(struct live_stream *s);

/* Whether the client has shut down its side, or is gone; waits for that up to timeout_ms. */
bool live_stream_ended(const struct live_stream *s, int timeout_ms);

#endif
