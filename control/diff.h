/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration changes: for which traffic, exactly and in words
 * (diff_traffic.c), in which settings (diff_settings.c), and for how much of a capture
 * (diff_capture.c). Each gives JSON; diff_text.c prints it. Thread: the main lcore.
 */
#ifndef EDGEMARK_DIFF_H
#define EDGEMARK_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "config/config.h"

/* One direction of a link in both configurations; a policy is an index or CONFIG_NONE. */
struct diff_pair {
	const struct config *before, *after;
	const struct config_link *link_before, *link_after;
	enum direction direction;
};

/* The packets that another class, or drop, takes: a list of groups with their regions;
 * *complete: false where the bounds on the work did not do. NULL without memory. */
json_t *diff_traffic(const struct diff_pair *d, bool *complete);

/* Lists of {what, key, before, after}. NULL without memory. */
json_t *diff_settings(const struct diff_pair *d);
json_t *diff_link_settings(const struct diff_pair *d); /* its ports */
json_t *diff_process(const struct config *before, const struct config *after);

/* All of it but the capture. A new reference, or NULL without memory. */
json_t *diff_document(const struct config *before, const struct config *after);

struct diff_capture_options {
	const char *path;
	const char *link; /* NULL: the only one */
	const char *site; /* prefixes; NULL: all frames go in one direction */
	enum direction direction;
};

/* Sends every frame of a capture by both, which it takes over. An exit code; the result in
 * *out, with one line on stderr where it fails. */
int diff_capture(struct config *before, struct config *after, const struct diff_capture_options *o,
		 json_t **out);

bool diff_is_empty(const json_t *document);
void diff_print(const json_t *document, FILE *out);

#endif
