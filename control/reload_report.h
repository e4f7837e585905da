/* SPDX-License-Identifier: BSD-3-Clause */
/* What came of a reload, in words: a line for the log, an answer for who asked. */
#ifndef EDGEMARK_RELOAD_REPORT_H
#define EDGEMARK_RELOAD_REPORT_H

#include <stdio.h>

#include <jansson.h>

struct reload_pending;
struct reload_result;

/* One line to out for a reload: generation, rules, times, who asked. Where there was none: the
 * errors, and one line of what stays in force, to err. file: the configuration's. */
void reload_log(const struct reload_result *r, const char *file, FILE *out, FILE *err);

/* generation, rules, build_ms, adopt_ms, confirm_s, previous. A new reference. */
json_t *reload_json(const struct reload_result *r);

/* generation, previous, seconds_left; a JSON null where nothing waits. A new reference. */
json_t *reload_pending_json(const struct reload_pending *p);

#endif
