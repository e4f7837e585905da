/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config_load(): the text is read (source.c), parsed by libconfig, and turned into the
 * model part by part, each part before those that refer to it. Warnings (warnings.c)
 * look at the finished model only.
 */
#include <stdlib.h>
#include <string.h>

#include "loader.h"
#include "reader.h"
#include "report.h"
#include "warnings.h"

static void read_version(struct loader *l, config_setting_t *root)
{
	int64_t version;

	if (require_key(l, root, "version"))
		read_integer(l, root, "version", 1, 1, &version);
}

static void load_root(struct loader *l, config_setting_t *root)
{
	static const struct kind kind = {
		"the configuration",
		{"version", "links", "classes", "acls", "policies", "control", "dpdk"}};

	read_group(l, root, &kind);
	read_version(l, root);
	load_classes(l, root);
	load_acls(l, root);
	load_policies(l, root);
	load_links(l, root);
	load_control(l, root);
	load_dpdk(l, root);
}

/* libconfig names the line where it gave up; what it wanted is for us to say. */
static void syntax_error(struct loader *l, const config_t *parsed)
{
	unsigned line = (unsigned)config_error_line(parsed);
	const char *text = config_error_text(parsed);
	struct config_where where = {l->config->file, 0, line};

	if (line > 0 && line <= l->source->line_count) {
		where.file = l->source->lines[line - 1].file;
		where.line = l->source->lines[line - 1].line;
	}
	if (text && strstr(text, "mismatched"))
		report_error(l->report, where,
			     "the elements of [ … ] differ in type, expected one type, or ( … )");
	else
		report_error(
			l->report, where,
			"syntax error here or just before, expected KEY = VALUE; with { } round a "
			"group, ( ) round a list, and commas only between elements");
}

static void load_source(struct loader *l, const char *text)
{
	struct source source;
	config_t parsed;
	bool read;

	config_init(&parsed);
	l->source = &source;
	read = text ? source_read_text(l, &source, l->config->file, text, strlen(text))
		    : source_read_file(l, &source, l->config->file);
	if (read) {
		if (config_read_string(&parsed, source.text))
			load_root(l, config_root_setting(&parsed));
		else
			syntax_error(l, &parsed);
	}
	config_destroy(&parsed);
	source_clear(&source);
	l->source = NULL;
}

/* text NULL: the file's */
static struct config *load(const char *name, const char *text, enum loader_writers writers,
			   struct config_report *report)
{
	struct loader l = {
		.report = report,
		.config = calloc(1, sizeof(*l.config)),
		.writers = writers,
	};
	struct config_where whole = {name, 0, 0};

	*report = (struct config_report){0};
	if (l.config)
		l.config->file = loader_copy(&l, name);
	if (l.config && l.config->file)
		load_source(&l, text);
	else
		l.out_of_memory = true;
	if (l.out_of_memory)
		report_error(report, whole, "not enough memory to read it");
	if (report->error_count == 0 && writers != WRITERS_REFUSE)
		config_warn(l.config, report);
	report_sort(report);
	if (report->error_count == 0)
		return l.config;
	config_free(l.config);
	return NULL;
}

struct config *config_load(const char *path, struct config_report *report)
{
	return load(path, NULL, WRITERS_ANY, report);
}

struct config *config_load_for_daemon(const char *path, struct config_report *report)
{
	return load(path, NULL, WRITERS_WARN, report);
}

struct config *config_reload(const char *path, struct config_report *report)
{
	return load(path, NULL, WRITERS_REFUSE, report);
}

struct config *config_load_text(const char *name, const char *text, struct config_report *report)
{
	return load(name, text, WRITERS_ANY, report);
}
