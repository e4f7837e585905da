/* SPDX-License-Identifier: BSD-3-Clause */
/* The report: what config_load() found, in the order in which the text was read. */
#define _GNU_SOURCE /* vasprintf */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct config_message *grow(struct config_report *report)
{
	/* Capacity is the next power of two, so it needs no field of its own. */
	if ((report->count & (report->count - 1)) == 0) {
		size_t capacity = report->count ? 2 * report->count : 1;
		void *messages =
			reallocarray(report->messages, capacity, sizeof(report->messages[0]));
		if (!messages)
			return NULL;
		report->messages = messages;
	}
	return &report->messages[report->count];
}

int report_add(struct config_report *report, enum config_severity severity,
	       struct config_where where, const char *format, va_list arguments)
{
	if (severity == CONFIG_ERROR)
		report->error_count++;
	else
		report->warning_count++;
	struct config_message *m = grow(report);
	if (!m)
		return -ENOMEM;
	*m = (struct config_message){
		.severity = severity, .line = where.line, .order = where.order};
	m->file = strdup(where.file ? where.file : "");
	if (!m->file)
		return -ENOMEM;
	if (vasprintf(&m->text, format, arguments) < 0) {
		free(m->file);
		return -ENOMEM;
	}
	report->count++;
	return 0;
}

void report_error(struct config_report *report, struct config_where where, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_add(report, CONFIG_ERROR, where, format, arguments);
	va_end(arguments);
}

void report_warning(struct config_report *report, struct config_where where, const char *format,
		    ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_add(report, CONFIG_WARNING, where, format, arguments);
	va_end(arguments);
}

/* The index at which a message was found breaks ties: qsort is not stable. */
struct placed_message {
	struct config_message message;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	const struct placed_message *x = a, *y = b;

	if (x->message.order != y->message.order)
		return x->message.order < y->message.order ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

void report_sort(struct config_report *report)
{
	struct placed_message *placed = calloc(report->count + 1, sizeof(*placed));

	if (!placed)
		return;
	for (size_t i = 0; i < report->count; i++)
		placed[i] = (struct placed_message){report->messages[i], i};
	qsort(placed, report->count, sizeof(*placed), compare_places);
	for (size_t i = 0; i < report->count; i++)
		report->messages[i] = placed[i].message;
	free(placed);
}

void config_report_clear(struct config_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->messages[i].file);
		free(report->messages[i].text);
	}
	free(report->messages);
	*report = (struct config_report){0};
}

void config_report_print(const struct config_report *report, FILE *stream)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct config_message *m = &report->messages[i];

		fprintf(stream, "edgemark: %s:", m->file);
		if (m->line)
			fprintf(stream, "%u:", m->line);
		fprintf(stream, " %s%s\n", m->severity == CONFIG_WARNING ? "warning: " : "",
			m->text);
	}
}
