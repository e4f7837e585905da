/* SPDX-License-Identifier: BSD-3-Clause */
/* A pcap file in nanoseconds, frames cut at 96 bytes with their length kept. */
#ifndef EDGEMARK_LAB_CAPTURE_FILE_H
#define EDGEMARK_LAB_CAPTURE_FILE_H

#include <stdint.h>
#include <stdio.h>

struct capture_file {
	void *format, *dumper; /* libpcap's */
	FILE *stream;
	char *path;
	int error; /* sticks */
};

enum { CAPTURE_SNAP_BYTES = 96 };

/* DIRECTORY/NAME.pcap. 0, or negative errno with one line on stderr. */
int capture_file_open(struct capture_file *f, const char *directory, const char *name);
void capture_file_write(struct capture_file *f, uint64_t ns, const uint8_t *bytes, uint32_t length);

/* 0, or negative errno with one line on stderr where it could not be written whole. */
int capture_file_close(struct capture_file *f);

#endif
