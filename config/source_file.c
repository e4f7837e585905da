/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of one file. Only regular files: a FIFO or a device could block for ever. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_kind(int fd, struct source_file *file, size_t limit)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	if ((size_t)st.st_size > limit)
		return -EFBIG;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	file->owner = st.st_uid;
	file->group = st.st_gid;
	file->mode = st.st_mode;
	return 0;
}

/* To the end of the file, whatever fstat said of its size: it may grow meanwhile. */
static int read_all(int fd, struct source_file *file, size_t limit)
{
	size_t capacity = 0;

	for (;;) {
		if (file->length == capacity) {
			capacity = capacity ? 2 * capacity : 64 << 10;
			char *text = realloc(file->text, capacity);
			if (!text)
				return -ENOMEM;
			file->text = text;
		}
		ssize_t n = read(fd, file->text + file->length, capacity - file->length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		file->length += (size_t)n;
		if (file->length > limit)
			return -EFBIG;
	}
}

int source_file_read(struct source_file *file, const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int error;

	*file = (struct source_file){0};
	if (fd < 0)
		return -errno;
	error = check_kind(fd, file, limit);
	if (!error)
		error = read_all(fd, file, limit);
	close(fd);
	if (!error && file->length == 0)
		error = -ENODATA;
	if (!error && memchr(file->text, '\0', file->length))
		error = -EILSEQ;
	if (error) {
		free(file->text);
		file->text = NULL;
	}
	return error;
}

const char *source_file_error(int error)
{
	switch (error) {
	case -EISDIR:
		return "is a directory, expected a file";
	case -ENXIO:
	case -ENOTSUP:
		return "is not a regular file; copy its contents to one";
	case -EFBIG:
		return "is too large, expected at most 8 MiB with all that it includes";
	case -ENODATA:
		return "is empty, expected a configuration";
	case -EILSEQ:
		return "contains a NUL byte, expected text";
	default:
		return NULL;
	}
}

bool source_file_is_others(const struct source_file *file, const char *path, char *text,
			   size_t size)
{
	const mode_t by_others =
		file->group == 0 || file->group == getegid() ? S_IWOTH : S_IWOTH | S_IWGRP;

	if (file->owner != 0 && file->owner != geteuid()) {
		snprintf(text, size,
			 "belongs to uid %u, expected root or the daemon's user: chown %u '%s'",
			 file->owner, geteuid(), path);
		return true;
	}
	if (file->mode & by_others) {
		snprintf(text, size,
			 "others may write it (mode %04o), expected its owner alone: chmod go-w "
			 "'%s'",
			 file->mode & 07777, path);
		return true;
	}
	return false;
}
