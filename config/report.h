/* SPDX-License-Identifier: BSD-3-Clause */
/* Adding to a report: each message keeps its place in reading order. */
#ifndef EDGEMARK_CONFIG_REPORT_H
#define EDGEMARK_CONFIG_REPORT_H

#include <stdarg.h>

#include "config.h"

/* Returns 0, or -ENOMEM with the message counted but lost. */
int report_add(struct config_report *report, enum config_severity severity,
	       struct config_where where, const char *format, va_list arguments);

__attribute__((format(printf, 3, 4))) void
report_error(struct config_report *report, struct config_where where, const char *format, ...);
__attribute__((format(printf, 3, 4))) void
report_warning(struct config_report *report, struct config_where where, const char *format, ...);

/* Into reading order; messages of one line stay in the order they were found. */
void report_sort(struct config_report *report);

#endif
