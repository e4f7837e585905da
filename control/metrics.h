/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The published figures as Prometheus reads them: text exposition format 0.0.4. Names by
 * its conventions: base units (seconds, bytes, ratio), _total for what only grows.
 * Thread: any.
 */
#ifndef EDGEMARK_METRICS_H
#define EDGEMARK_METRICS_H

#include <stddef.h>

#include <jansson.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* figures: published_get()'s. Its length in *size. The caller frees; NULL without memory. */
char *metrics_text(const json_t *figures, size_t *size);

#endif
