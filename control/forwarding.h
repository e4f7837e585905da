/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The running data plane of one process: the pool, the ports, the site's lanes and the
 * workers that carry them. Started and stopped as a whole, in one visible order.
 * Thread: control.
 */
#ifndef EDGEMARK_FORWARDING_H
#define EDGEMARK_FORWARDING_H

#include <stdbool.h>

#include "control/site.h"
#include "dataplane/worker.h"

struct activity;
struct baseline;
struct rte_mempool;

enum { LAN, WAN, SIDES };

struct forwarding_port {
	uint16_t id;
	bool open;
};

struct forwarding_worker {
	struct worker *worker;
	unsigned lcore;
	unsigned lane_count;
};

struct forwarding {
	struct rte_mempool *pool;
	struct forwarding_port ports[LINKS_MAX][SIDES];
	size_t link_count;
	struct site *site;
	struct worker_shared shared;
	struct forwarding_worker workers[WORKERS_MAX];
	unsigned worker_count;
	bool launched;
	uint64_t started_ns;	   /* Unix time */
	uint64_t published_ns;	   /* when the generation in force was, by the lanes' clock */
	struct activity *activity; /* of the rules */
	struct baseline *baseline; /* NULL: nothing was cleared */
};

/* Takes c over, whatever comes of it. 0, or negative errno after one line on stderr; then
 * nothing is left open. */
int forwarding_start(struct forwarding *f, struct config *c);

/* Stops receiving, drains for at most drain_ns, ends the workers. -ETIMEDOUT where one
 * does not end: then nothing may be freed. */
int forwarding_drain(struct forwarding *f, uint64_t drain_ns);

/* After forwarding_drain(). Closes the ports and frees everything. -EUCLEAN after a line on
 * stderr where a frame has not come back to the pool. */
int forwarding_close(struct forwarding *f);

/* Publishes g to the workers: it is complete, and the one before is still whole. */
void forwarding_publish(struct forwarding *f, const struct generation *g);

/* The lcore of a worker that has not adopted this generation yet, or -1. */
int forwarding_laggard(const struct forwarding *f, uint64_t generation);

#endif
