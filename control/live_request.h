/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client asks of a live capture: from JSON to lanes and a filter for each. */
#ifndef EDGEMARK_LIVE_REQUEST_H
#define EDGEMARK_LIVE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "control/site.h"
#include "dataplane/tap.h"

enum { CAPTURE_SECONDS_MAX = 31 * 86400 };

struct live_request {
	bool wanted[LANES_MAX]; /* by lane index */
	struct tap_filter filter[LANES_MAX];
	uint64_t count; /* packets; 0: no limit */
	double seconds; /* 0: no limit */
	uint32_t snap;
};

/* 0, or -EINVAL with what is wrong in error. */
int live_request_read(struct live_request *r, const struct site *site, const json_t *request,
		      char *error, size_t error_size);

#endif
