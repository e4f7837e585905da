/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a recorded capture, pcap or pcapng, in nanoseconds. Thread: its owner's.
 */
#ifndef EDGEMARK_CAPTURE_H
#define EDGEMARK_CAPTURE_H

#include <stdint.h>
#include <stdio.h>

struct capture {
	void *handle; /* libpcap's */
	const char *path;
	uint64_t frames;
	uint64_t cut; /* recorded shorter than they were, by a snap length */
};

struct captured_frame {
	uint64_t ns;	      /* since 1970 */
	const uint8_t *bytes; /* until the next frame is read */
	uint32_t length;
};

/* Opens path, or standard input for "-". Ethernet only. 0, or negative errno with one line
 * on stderr. */
int capture_open(struct capture *c, const char *path);
void capture_close(struct capture *c);

/* 1 with a frame, 0 at the end, or -EIO where the rest can't be read, with one line on
 * stderr: a file cut short gives all its whole frames first. */
int capture_next(struct capture *c, struct captured_frame *frame);

/* What it reads from, to compare with what is to be written. */
FILE *capture_stream(const struct capture *c);

#endif
