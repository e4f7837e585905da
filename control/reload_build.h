/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One build: the builder thread loads a configuration, or takes the one to roll back to,
 * and compiles it aside, while control goes on. Joining it hands the result over.
 */
#ifndef EDGEMARK_RELOAD_BUILD_H
#define EDGEMARK_RELOAD_BUILD_H

#include <pthread.h>
#include <stdint.h>

struct config;
struct generation;
struct site;

struct reload_build {
	struct site *site;
	const char *file;
	int event_fd; /* made readable at the end */

	/* The builder's from start to join, else control's. */
	struct config *config;	  /* to compile instead of the file; stays here if that fails */
	struct generation *built; /* NULL: failed */
	char *error;		  /* where it failed; NULL: out of memory */
	uint64_t took_ns;	  /* to load and to compile */

	pthread_t thread;
};

/* 0 or negative errno. */
int reload_build_start(struct reload_build *b, struct config *config);
void reload_build_join(struct reload_build *b);

#endif
