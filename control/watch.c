/* SPDX-License-Identifier: BSD-3-Clause */
/* See watch.h. */
#include "watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

enum {
	FILES_MAX = 64,
	LINKS_MAX_DEEP = 16, /* symbolic links in a row */
};

#define EVENTS                                                                                     \
	(IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM |        \
	 IN_DELETE | IN_ONLYDIR)
#define ABSENT UINT64_C(0) /* the configuration can't be read now */

struct watch {
	int fd;
	char *files[FILES_MAX]; /* the configuration itself is the first */
	unsigned file_count;
	bool on;
	uint64_t known;	    /* look of the files when they were last loaded */
	uint64_t candidate; /* another look, not yet still for long enough */
	uint64_t since_ms;
};

/* --- the look of the files ------------------------------------------------------------------ */

static void mix(uint64_t *hash, uint64_t value)
{
	*hash = (*hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	*hash ^= *hash >> 29;
}

static uint64_t look(const struct watch *w)
{
	uint64_t hash = 1;

	for (unsigned i = 0; i < w->file_count; i++) {
		struct stat st;

		if (stat(w->files[i], &st) != 0) {
			if (i == 0)
				return ABSENT;
			memset(&st, 0, sizeof(st));
		}
		mix(&hash, st.st_dev);
		mix(&hash, st.st_ino);
		mix(&hash, (uint64_t)st.st_size);
		mix(&hash, (uint64_t)st.st_mtim.tv_sec);
		mix(&hash, (uint64_t)st.st_mtim.tv_nsec);
		mix(&hash, (uint64_t)st.st_ctim.tv_sec);
		mix(&hash, (uint64_t)st.st_ctim.tv_nsec);
	}
	return hash == ABSENT ? 1 : hash;
}

/* --- directories ---------------------------------------------------------------------------- */

/* Cuts the name off; a name alone is in ".". */
static void to_directory(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(path, ".");
	else
		slash[slash == path] = '\0';
}

/* What a link at path points to, from where it lies. */
static bool follow_link(char *path)
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	const ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length <= 0)
		return false;
	target[length] = '\0';
	if (target[0] == '/') {
		strcpy(path, target);
		return true;
	}
	to_directory(path);
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", path, target) >= PATH_MAX)
		return false;
	strcpy(path, joined);
	return true;
}

/* The directory of the file, and of each link on the way to it. One that is watched already
 * stays so. */
static void watch_directories(const struct watch *w, const char *file)
{
	char path[PATH_MAX], directory[PATH_MAX];

	if (strlen(file) >= sizeof(path))
		return;
	strcpy(path, file);
	for (unsigned i = 0; i < LINKS_MAX_DEEP; i++) {
		strcpy(directory, path);
		to_directory(directory);
		(void)inotify_add_watch(w->fd, directory, EVENTS);
		if (!follow_link(path))
			return;
	}
}

/* Which ones these are changes as links are set anew. */
static void watch_all(const struct watch *w)
{
	for (unsigned i = 0; i < w->file_count; i++)
		watch_directories(w, w->files[i]);
}

static void discard_events(const struct watch *w)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(w->fd, events, sizeof(events)) > 0)
		;
}

/* --- the interface ---------------------------------------------------------------------------- */

static void forget_included(struct watch *w)
{
	while (w->file_count > 1)
		free(w->files[--w->file_count]);
}

void watch_follow(struct watch *w, const struct config *c)
{
	const bool was_on = w->on;
	const uint64_t before = look(w);

	w->on = c->control.watch;
	forget_included(w);
	for (size_t i = 0; i < c->file_count && w->file_count < FILES_MAX; i++) {
		if (strcmp(c->files[i], w->files[0]) == 0)
			continue;
		w->files[w->file_count] = strdup(c->files[i]);
		if (!w->files[w->file_count])
			break;
		w->file_count++;
	}
	if (!w->on)
		return;
	watch_all(w);
	/* Known stays known, though other files may be looked at from now on; and a change since
	 * they were read stays one. */
	if (!was_on || before == w->known)
		watch_note_load(w);
}

void watch_note_load(struct watch *w)
{
	w->known = w->candidate = look(w);
}

bool watch_poll(struct watch *w, uint64_t now_ms, int *again_ms)
{
	uint64_t seen;

	*again_ms = -1;
	discard_events(w);
	if (!w->on)
		return false;
	watch_all(w);
	seen = look(w);
	if (seen != w->candidate) {
		w->candidate = seen;
		w->since_ms = now_ms;
	}
	if (seen == w->known || seen == ABSENT)
		return false;
	if (now_ms - w->since_ms < WATCH_SETTLE_MS) {
		*again_ms = (int)(WATCH_SETTLE_MS - (now_ms - w->since_ms));
		return false;
	}
	watch_note_load(w);
	return true;
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

struct watch *watch_create(const char *file)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->files[0] = strdup(file);
	w->file_count = 1;
	if (w->fd >= 0 && w->files[0])
		return w;
	watch_destroy(w);
	return NULL;
}

void watch_destroy(struct watch *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < w->file_count; i++)
		free(w->files[i]);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
