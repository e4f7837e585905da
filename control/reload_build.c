/* SPDX-License-Identifier: BSD-3-Clause */
/* See reload_build.h. */
#define _GNU_SOURCE /* asprintf */
#include "reload_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "control/site.h"

static char *report_text(const struct config_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	config_report_print(report, f);
	fclose(f);
	if (text && size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return text;
}

static void load(struct reload_build *b)
{
	struct config_report report = {0};

	b->config = config_reload(b->file, &report);
	if (!b->config)
		b->error = report_text(&report);
	config_report_clear(&report);
}

static void compile(struct reload_build *b)
{
	char *why = NULL;

	if (site_compile(b->site, b->config, &b->built, &why) == 0)
		b->config = NULL; /* the generation's from now on */
	else if (asprintf(&b->error, "edgemark: %s: %s", b->file, why ? why : "out of memory") < 0)
		b->error = NULL;
	free(why);
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void *builder_main(void *build)
{
	struct reload_build *b = build;
	const uint64_t one = 1, started_ns = monotonic_ns();

	if (!b->config)
		load(b);
	if (b->config)
		compile(b);
	b->took_ns = monotonic_ns() - started_ns;
	/* An eventfd takes eight bytes unless its count overflows. */
	if (write(b->event_fd, &one, sizeof(one)) != sizeof(one))
		abort();
	return NULL;
}

int reload_build_start(struct reload_build *b, struct config *config)
{
	b->config = config;
	b->built = NULL;
	b->error = NULL;
	return -pthread_create(&b->thread, NULL, builder_main, b);
}

void reload_build_join(struct reload_build *b)
{
	pthread_join(b->thread, NULL);
}
