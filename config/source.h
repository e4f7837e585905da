/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of a configuration, made ready for libconfig: included files are in place,
 * every number is replaced by its index in a table of literals, and every line knows
 * the file and line that it came from.
 */
#ifndef EDGEMARK_CONFIG_SOURCE_H
#define EDGEMARK_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "number.h"

struct loader;

enum {
	SOURCE_BYTES_MAX = 8 << 20, /* of all files together */
	SOURCE_INCLUDE_DEPTH_MAX = 16,
	SOURCE_NESTING_MAX = 32,
};

struct source_file {
	const char *name;
	char *text;
	size_t length;
	dev_t device; /* of a file that is being read, so that loops are found */
	ino_t inode;
	uid_t owner;
	gid_t group;
	mode_t mode;
};

struct source_origin {
	const char *file;
	unsigned line;
};

struct source_key { /* of a group that is still open */
	const char *text;
	size_t length;
	unsigned line; /* in the text */
};

struct source {
	char *text;
	size_t length, capacity;
	struct source_origin *lines; /* of line i + 1 of the text */
	size_t line_count, line_capacity;
	struct number *numbers;
	size_t number_count, number_capacity;

	struct source_file *files; /* their text, which numbers and keys point into */
	size_t file_count, file_capacity;
	size_t bytes; /* of all files */

	struct source_key *keys;
	size_t key_count, key_capacity;
	size_t group_keys[SOURCE_NESTING_MAX + 1]; /* where each open bracket's keys begin */
	unsigned nesting;
	bool broken; /* what follows an unended string or a missing file means nothing */
};

/* Reads a file and what it includes, or a text that is at hand. Errors are in the
 * report; false: there is nothing to parse. */
bool source_read_file(struct loader *l, struct source *s, const char *path);
bool source_read_text(struct loader *l, struct source *s, const char *name, const char *text,
		      size_t length);
void source_clear(struct source *s);

/* source_file.c: the text of one regular file. Does not block on a FIFO. 0 or negative errno:
 * -EISDIR, -ENOTSUP not a regular file, -EFBIG, -ENODATA empty, -EILSEQ a NUL byte. */
int source_file_read(struct source_file *file, const char *path, size_t limit);
const char *source_file_error(int error);

/* Whether others than root, this process's user and their groups could have written the file;
 * then why, and the remedy, in text. */
bool source_file_is_others(const struct source_file *file, const char *path, char *text,
			   size_t size);

#endif
