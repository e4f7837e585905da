/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One trial: streams through the whole pipeline of a configuration on the virtual clock,
 * everything that leaves into a capture; then the capture is read back, which is what the
 * metrics are measured from, and compared with the counters document to the packet (RFC
 * 7640 section 6: the device's own statistics against the measured ones).
 * Thread: the main lcore.
 *
 *	trial_open(&t, "policer-64", setup, &where, streams, n);
 *	trial_run(&t);				every stream's pattern, or
 *	trial_burst(&t, &pattern, &lossless);	bursts of the first stream, by hand
 *	trial_conclude(&t);			t.departures[], t.reconciled
 *	trial_close(&t);
 */
#ifndef EDGEMARK_LAB_RFC7640_TRIAL_H
#define EDGEMARK_LAB_RFC7640_TRIAL_H

#include <jansson.h>

#include "rfc7640_metrics.h"
#include "rfc7640_setup.h"
#include "rfc7640_stream.h"
#include "virtual_site.h"

enum { TRIAL_STREAMS_MAX = 2 * CLASSES_MAX };

struct trial_where {
	uint64_t seed;	       /* of the random dropper */
	const char *directory; /* of the captures; NULL: none is kept */
};

/* Frames that the capture holds, and whether all of it agrees with the counters. */
struct reconciliation {
	uint64_t frames;
	uint64_t figures;     /* that were compared */
	uint64_t differences; /* of which so many differ; each has a line on stderr */
};

struct trial {
	const char *name;
	const struct setup *setup;
	const struct stream *streams;
	uint32_t stream_count;
	char *path;   /* of the capture */
	bool keep;    /* it stays */
	bool open;    /* the site is */
	void *writer; /* of the capture */
	struct virtual_site site;
	json_t *document;

	uint64_t sent[TRIAL_STREAMS_MAX];
	uint64_t left[TRIAL_STREAMS_MAX];     /* seen by the sent callback */
	uint64_t in_class[TRIAL_STREAMS_MAX]; /* of those with their class's own code point */
	struct departures departures[TRIAL_STREAMS_MAX]; /* from the capture */
	struct reconciliation reconciled;
};

/* All below: 0, or negative errno with one line on stderr. */
int trial_open(struct trial *t, const char *name, const struct setup *setup,
	       const struct trial_where *where, const struct stream *streams, uint32_t count);
int trial_run(struct trial *t);

/* A burst of the first stream (the pattern's, not its own), until all has left. *passed: it
 * left whole and in its own class. */
int trial_burst(struct trial *t, const struct pattern *p, bool *passed);

int trial_conclude(struct trial *t);
void trial_close(struct trial *t);

/* DPDK, which the first trial started; after the last. */
void trial_end_eal(void);

#endif
