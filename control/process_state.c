/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/PID/task/TID/stat twice (proc(5)): a worker polls, so that its time always grows. */
#include "process_state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	THREADS_MAX = 64,
	LOOK_NS = 60000000, /* several ticks of the 100 Hz that utime counts */
	PATH_BYTES = 64,
	STAT_BYTES = 512,
};

struct thread_time {
	pid_t tid;
	char state;
	unsigned long ticks;
};

static int read_thread(pid_t pid, pid_t tid, struct thread_time *t)
{
	char path[PATH_BYTES], text[STAT_BYTES];
	unsigned long user, system;
	size_t n;
	FILE *f;
	const char *name_end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	f = fopen(path, "re");
	if (!f)
		return -ESRCH;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	name_end = strrchr(text, ')'); /* which may hold anything itself */
	if (!name_end || sscanf(name_end, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
				&t->state, &user, &system) != 3)
		return -ESRCH;
	t->tid = tid;
	t->ticks = user + system;
	return 0;
}

static unsigned list_threads(pid_t pid, struct thread_time *threads)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && n < THREADS_MAX && (entry = readdir(d))) {
		const pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0 && read_thread(pid, tid, &threads[n]) == 0)
			n++;
	}
	if (d)
		closedir(d);
	return n;
}

int process_look(pid_t pid, struct process_state *out)
{
	static const struct timespec look = {.tv_nsec = LOOK_NS};
	struct thread_time threads[THREADS_MAX], now;
	const unsigned n = pid > 0 ? list_threads(pid, threads) : 0;

	*out = (struct process_state){.stopped = n > 0};
	if (n == 0)
		return -ESRCH;
	nanosleep(&look, NULL);
	for (unsigned i = 0; i < n; i++) {
		if (read_thread(pid, threads[i].tid, &now) < 0)
			continue;
		out->stopped &= now.state == 'T' || now.state == 't';
		if (threads[i].tid != pid && now.ticks > threads[i].ticks)
			out->busy_threads++;
	}
	return 0;
}
