/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The families of metrics: what each is called, what it means, of what there is one (its
 * scope), and where its samples lie in the published figures.
 */
#ifndef EDGEMARK_METRIC_FAMILIES_H
#define EDGEMARK_METRIC_FAMILIES_H

#include <stddef.h>

enum metric_scope {
	SCOPE_PROCESS,	 /* paths from the published figures */
	SCOPE_WORKER,	 /* from each of heartbeat[] */
	SCOPE_DIRECTION, /* from each direction of each link */
	SCOPE_NAMES,	 /* a sample for each key of the object at the path */
	SCOPE_CLASS,	 /* from each of a direction's classes[] */
	SCOPE_CONTRACT,	 /* from each of a direction's contracts[] */
	SCOPE_CALLS,	 /* from each of call_groups[] */
};

struct metric_sample {
	const char *path;  /* keys, with dots between; a sample that is not there is left out */
	const char *value; /* of the family's label; NULL: the family has none */
};

enum { SAMPLES_MAX = 4 };

struct metric_family {
	const char *name, *type, *help;
	enum metric_scope scope;
	const char *label; /* of the samples; NULL: none */
	double scale;	   /* the sample is the figure times this; 0: as it is */
	struct metric_sample samples[SAMPLES_MAX];
};

extern const struct metric_family metric_families[];
extern const size_t metric_family_count;

#endif
