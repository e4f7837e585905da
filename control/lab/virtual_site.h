/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A site on the virtual clock, for experiments: built from a configuration, fed frame by
 * frame in the order of time, and watched as frames leave or are dropped. Everything is
 * the product's own: the configuration's checks and defaults, the pipeline, the scheduler.
 * Any number of them in a process, one after the other. Thread: the main lcore.
 *
 *	struct virtual_site v;
 *
 *	c = config_load_text("experiment", text, &report);
 *	virtual_site_start_eal(c, 0);			once in the process
 *	virtual_site_open(&v, c, &watch);		takes c over, also where it fails
 *	virtual_site_send(&v, UPSTREAM, ns, bytes, length);
 *	virtual_site_finish(&v);			all queues run empty
 *	document = virtual_site_document(&v);
 *	virtual_site_close(&v);
 */
#ifndef EDGEMARK_LAB_VIRTUAL_SITE_H
#define EDGEMARK_LAB_VIRTUAL_SITE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "config/config.h"
#include "control/frame_pool.h"
#include "control/replay.h"

struct virtual_site;

struct virtual_site_watch {
	size_t link;   /* index in the configuration */
	uint64_t seed; /* of the random dropper */
	/* ns: the start of the frame on the wire, in the time of the arrivals */
	void (*sent)(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame);
	/* the frame as it stood; ns: when it was dropped. Either may be NULL. */
	void (*dropped)(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame,
			enum drop_reason reason, uint8_t class_slot);
	void *context;
};

struct virtual_site {
	struct virtual_site_watch watch;
	struct site *site;
	struct frame_pool pool;
	struct replay replay;
	struct lane_counters *counters; /* by lane_index(), once the document was asked for */
};

/* DPDK, with memory for c and megabytes more; once in a process, before the first site.
 * 0, or negative errno with one line on stderr. */
int virtual_site_start_eal(const struct config *c, size_t megabytes);

/* 0, or negative errno with one line on stderr; then it is closed. */
int virtual_site_open(struct virtual_site *v, struct config *c,
		      const struct virtual_site_watch *watch);

/* The next arrival: a copy of the frame; or an mbuf of virtual_site_frame(), handed over,
 * which spares the copy. 0, -ENOMEM where the queues take more than there is, or -EDEADLK
 * where the scheduler is stuck. */
int virtual_site_send(struct virtual_site *v, enum direction d, uint64_t ns, const uint8_t *bytes,
		      uint32_t length);
struct rte_mbuf *virtual_site_frame(struct virtual_site *v); /* NULL: none left */
int virtual_site_send_mbuf(struct virtual_site *v, enum direction d, uint64_t ns,
			   struct rte_mbuf *frame);
int virtual_site_finish(struct virtual_site *v);

/* The counters document and v->counters; with a defect in *defect where they do not balance
 * or an mbuf is missing (NULL: sound). NULL without memory. After virtual_site_finish(). */
json_t *virtual_site_document(struct virtual_site *v, const char **defect);

void virtual_site_close(struct virtual_site *v);

#endif
