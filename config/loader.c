/* SPDX-License-Identifier: BSD-3-Clause */
/* See loader.h: what the parts share. */
#include "loader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

struct config_where loader_where(const struct loader *l, const config_setting_t *s)
{
	unsigned line = config_setting_source_line(s);
	struct source_origin origin = {l->config->file, 0};

	if (line > 0 && line <= l->source->line_count)
		origin = l->source->lines[line - 1];
	return (struct config_where){origin.file, origin.line,
				     l->profile_order ? l->profile_order : line};
}

void loader_error(struct loader *l, const config_setting_t *s, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (report_add(l->report, CONFIG_ERROR, loader_where(l, s), format, arguments) != 0)
		l->out_of_memory = true;
	va_end(arguments);
}

void *loader_allocate(struct loader *l, size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		l->out_of_memory = true;
	return memory;
}

char *loader_copy(struct loader *l, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		l->out_of_memory = true;
	return copy;
}

const char *loader_file_name(struct loader *l, const char *name)
{
	struct config *c = l->config;
	char **files;

	for (size_t i = 0; i < c->file_count; i++)
		if (strcmp(c->files[i], name) == 0)
			return c->files[i];
	files = reallocarray(c->files, c->file_count + 1, sizeof(files[0]));
	if (!files) {
		l->out_of_memory = true;
		return NULL;
	}
	c->files = files;
	c->files[c->file_count] = loader_copy(l, name);
	return c->files[c->file_count] ? c->files[c->file_count++] : NULL;
}
