/* SPDX-License-Identifier: BSD-3-Clause */
/* The output capture while it is written: a pcap in nanoseconds. Thread: its owner's. */
#ifndef EDGEMARK_LAB_RFC7640_CAPTURE_H
#define EDGEMARK_LAB_RFC7640_CAPTURE_H

#include <stdint.h>

/* Truncates the file. 0, or negative errno with one line on stderr. */
int capture_writer_open(void **writer, const char *path);

/* Errors stick until the end. */
void capture_writer_add(void *writer, uint64_t ns, const uint8_t *bytes, uint32_t length);

/* 0, or -EIO with one line on stderr (none without a path) where not all was written. Sets
 * *writer to NULL; does nothing where it is. */
int capture_writer_close(void **writer, const char *path);

#endif
