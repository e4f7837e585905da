/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The site: every link's two lanes, the names that own their slots, and the generation
 * in force. Here configuration meets data plane: a checked configuration is translated
 * into policy specs and built into a policy set, aside from the one that runs. The
 * daemon and replay both stand on it. Thread: control (or the only one).
 */
#ifndef EDGEMARK_SITE_H
#define EDGEMARK_SITE_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "dataplane/lane.h"
#include "dataplane/worker.h"

struct slots; /* names of classes, contracts and rules → slots and epochs (slots.h) */

struct site_direction {
	struct lane *lane;
	struct slots *slots;
};

struct site_link {
	char *name;
	struct site_direction direction[DIRECTIONS];
};

/* One generation: the configuration and what was built from it. Immutable. */
struct generation {
	struct config *config;
	struct policy_set set;
	uint64_t built_in_ns; /* how long the build took */
	/* for each lane: the slot of each class, contract and rule, by index in the config */
	struct generation_slots *slots[LANES_MAX];
};

struct site {
	struct site_link links[LINKS_MAX];
	size_t link_count;
	uint64_t next_generation; /* 1 for the first */
	struct generation *running;
};

struct site_options {
	uint64_t seed;
	lane_drop_tap drop_tap;
	void *drop_context;
	const int *socket_ids; /* per link; NULL: any */
};

/* Creates lanes for the links of c, compiles c (which it takes over) and makes it the
 * running generation; the caller adopts or publishes it. 0, or negative errno with one line
 * on stderr, and c is still the caller's. */
int site_create(struct config *c, const struct site_options *options, struct site **site);
void site_destroy(struct site *site);

static inline uint32_t lane_index(size_t link, enum direction d)
{
	return (uint32_t)(link * DIRECTIONS + (size_t)d);
}

/* Compiles c aside (taking it over on success), allocates the queues it needs. Slow.
 * 0, -ENOTSUP where it asks what a running process can't change (links, their devices),
 * with the reason in *why (the caller frees), or another negative errno, likewise. */
int site_compile(struct site *site, struct config *c, struct generation **built, char **why);

/* Makes built the running generation and returns the one before, which the caller frees
 * with generation_free() after all workers have gone quiescent; then site_reclaim(). */
struct generation *site_switch(struct site *site, struct generation *built);
void site_reclaim(struct site *site);
void generation_free(struct generation *g);

#endif
