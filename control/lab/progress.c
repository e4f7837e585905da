/* SPDX-License-Identifier: BSD-3-Clause */
/* Drawn over itself four times a second at most. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY = 4096 };
#define DRAW_EVERY_NS UINT64_C(250000000)

uint64_t progress_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, const char *what)
{
	*p = (struct progress){.shown = isatty(STDERR_FILENO) == 1, .what = what};
	p->drawn_ns = progress_now_ns();
}

void progress_at(struct progress *p, uint64_t done, uint64_t all)
{
	uint64_t now_ns;

	if (!p->shown || ++p->skipped < LOOK_EVERY)
		return;
	p->skipped = 0;
	now_ns = progress_now_ns();
	if (now_ns - p->drawn_ns < DRAW_EVERY_NS)
		return;
	p->drawn_ns = now_ns;
	fprintf(stderr, "\r%-8s %3" PRIu64 " %%", p->what, all ? done * 100 / all : 100);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
