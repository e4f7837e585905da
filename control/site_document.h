/* SPDX-License-Identifier: BSD-3-Clause */
/* The counters document of a site that no worker runs: offline commands' last word. */
#ifndef EDGEMARK_SITE_DOCUMENT_H
#define EDGEMARK_SITE_DOCUMENT_H

#include <jansson.h>

#include "control/document.h"
#include "control/site.h"

/* Fills counters[], by lane_index(), too. A new reference, or NULL without memory. */
json_t *site_document(const struct site *site, struct lane_counters *counters,
		      uint64_t time_origin_ns);

/* All entries of a lane's call table; the caller frees out->calls. 0 or -ENOMEM. */
int site_calls_copy(const struct lane *lane, struct lane_calls *out);

#endif
