/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One walk over the text before libconfig sees it. libconfig wraps integers at 31 bits,
 * resolves @include against the working directory and stops at the first duplicate key;
 * the walk numbers the literals, splices the files and sets duplicate keys aside.
 */
#define _GNU_SOURCE /* asprintf */
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "loader.h"
#include "report.h"

struct scan { /* of one file */
	struct loader *l;
	struct source *s;
	const struct scan *includer;
	const char *name;
	dev_t device;
	ino_t inode;
	const char *at, *end;
	unsigned line;
	bool line_begins; /* only blanks so far: @include may stand here */
};

static void scan_text(struct scan *sc);

/* Room for one more element of an array that doubles. */
static bool reserve(struct loader *l, void **array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return true;
	size_t wanted = *capacity ? 2 * *capacity : 256;
	void *grown = reallocarray(*array, wanted, size);
	if (!grown) {
		l->out_of_memory = true;
		return false;
	}
	*array = grown;
	*capacity = wanted;
	return true;
}

static void emit(struct scan *sc, const char *text, size_t length)
{
	struct source *s = sc->s;

	while (s->capacity - s->length <= length) {
		void *grown = s->text;
		if (!reserve(sc->l, &grown, s->capacity, &s->capacity, 1))
			return;
		s->text = grown;
	}
	memcpy(s->text + s->length, text, length);
	s->length += length;
	s->text[s->length] = '\0';
}

static void begin_line(struct scan *sc)
{
	struct source *s = sc->s;
	void *lines = s->lines;

	sc->line_begins = true;
	if (!reserve(sc->l, &lines, s->line_count, &s->line_capacity, sizeof(s->lines[0])))
		return;
	s->lines = lines;
	s->lines[s->line_count++] = (struct source_origin){sc->name, sc->line};
}

static struct config_where here(const struct scan *sc)
{
	unsigned order = (unsigned)sc->s->line_count;

	return (struct config_where){sc->name, sc->line,
				     sc->l->profile_order ? sc->l->profile_order : order};
}

/* Passes length characters on as they are. */
static void pass(struct scan *sc, size_t length)
{
	for (; length > 0 && sc->at < sc->end; length--, sc->at++) {
		emit(sc, sc->at, 1);
		if (*sc->at == '\n') {
			sc->line++;
			begin_line(sc);
		}
	}
}

static bool looking_at(const struct scan *sc, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(sc->end - sc->at) >= length && memcmp(sc->at, text, length) == 0;
}

static void pass_line_comment(struct scan *sc)
{
	while (sc->at < sc->end && *sc->at != '\n')
		sc->at++;
}

static void pass_block_comment(struct scan *sc)
{
	struct config_where begin = here(sc);

	for (pass(sc, 2); sc->at < sc->end; pass(sc, 1)) {
		if (looking_at(sc, "*/")) {
			pass(sc, 2);
			return;
		}
	}
	report_error(sc->l->report, begin, "the comment that begins here does not end");
	sc->s->broken = true;
}

static void pass_string(struct scan *sc)
{
	struct config_where begin = here(sc);

	for (pass(sc, 1); sc->at < sc->end; pass(sc, *sc->at == '\\' ? 2 : 1)) {
		if (*sc->at == '"') {
			pass(sc, 1);
			return;
		}
	}
	report_error(sc->l->report, begin, "the string that begins here does not end");
	sc->s->broken = true;
}

static void number_literal(struct scan *sc, size_t length)
{
	struct source *s = sc->s;
	void *numbers = s->numbers;
	char index[32];

	if (!reserve(sc->l, &numbers, s->number_count, &s->number_capacity, sizeof(s->numbers[0])))
		return;
	s->numbers = numbers;
	s->numbers[s->number_count] = (struct number){sc->at, length};
	snprintf(index, sizeof(index), "%zu ", s->number_count++);
	emit(sc, index, strlen(index));
	sc->at += length;
}

/* --- keys ------------------------------------------------------------------------- */

static bool is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '*';
}

static size_t name_length(const char *at, const char *end)
{
	const char *p = at;

	while (p < end && (is_name_start(*p) || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_'))
		p++;
	return (size_t)(p - at);
}

static const struct source_key *find_key(const struct source *s, const char *text, size_t length)
{
	for (size_t i = s->group_keys[s->nesting]; i < s->key_count; i++)
		if (s->keys[i].length == length && memcmp(s->keys[i].text, text, length) == 0)
			return &s->keys[i];
	return NULL;
}

static void add_key(struct scan *sc, size_t length)
{
	struct source *s = sc->s;
	void *keys = s->keys;

	if (!reserve(sc->l, &keys, s->key_count, &s->key_capacity, sizeof(s->keys[0])))
		return;
	s->keys = keys;
	s->keys[s->key_count++] = (struct source_key){sc->at, length, (unsigned)s->line_count};
}

/* libconfig stops at a duplicate; under a name of its own the rest can be read, too. */
static void set_duplicate_aside(struct scan *sc, const struct source_key *first, size_t length)
{
	struct source_origin origin = sc->s->lines[first->line - 1];
	char alias[32];

	report_error(sc->l->report, here(sc),
		     "key '%.*s' again, it was set at %s:%u; expected once", (int)length, sc->at,
		     origin.file, origin.line);
	snprintf(alias, sizeof(alias), "*%zu", sc->s->length);
	emit(sc, alias, strlen(alias));
	sc->at += length;
}

static void name_or_boolean(struct scan *sc)
{
	size_t length = name_length(sc->at, sc->end);
	const struct source_key *first;
	bool boolean = (length == 4 && strncasecmp(sc->at, "true", 4) == 0) ||
		       (length == 5 && strncasecmp(sc->at, "false", 5) == 0);

	if (*sc->at == '*')
		report_error(sc->l->report, here(sc),
			     "key '%.*s', expected one that begins with a letter", (int)length,
			     sc->at);
	first = boolean ? NULL : find_key(sc->s, sc->at, length);
	if (first) {
		set_duplicate_aside(sc, first, length);
		return;
	}
	if (!boolean)
		add_key(sc, length);
	pass(sc, length);
}

static void open_bracket(struct scan *sc)
{
	struct source *s = sc->s;

	if (s->nesting == SOURCE_NESTING_MAX) {
		report_error(sc->l->report, here(sc), "brackets nest deeper than %d",
			     SOURCE_NESTING_MAX);
		s->broken = true;
		sc->at = sc->end;
		return;
	}
	s->group_keys[++s->nesting] = s->key_count;
	pass(sc, 1);
}

static void close_bracket(struct scan *sc)
{
	struct source *s = sc->s;

	if (s->nesting > 0)
		s->key_count = s->group_keys[s->nesting--];
	pass(sc, 1);
}

/* --- @include --------------------------------------------------------------------- */

/* A relative name is relative to the file that includes it. */
static char *included_path(const struct scan *sc, const char *name, size_t length)
{
	const char *slash = strrchr(sc->name, '/');
	int directory = slash && name[0] != '/' ? (int)(slash - sc->name + 1) : 0;
	char *path;

	return asprintf(&path, "%.*s%.*s", directory, sc->name, (int)length, name) < 0 ? NULL
										       : path;
}

/* The file is open and read: what is checked is what is used. */
static void check_writers(struct scan *sc, const struct source_file *file, const char *path)
{
	const struct config_where whole = {path, 0, 0};
	char text[512];

	if (sc->l->writers == WRITERS_ANY || !source_file_is_others(file, path, text, sizeof(text)))
		return;
	if (sc->l->writers == WRITERS_REFUSE)
		report_error(sc->l->report, whole, "%s", text);
	else
		report_warning(sc->l->report, whole, "%s; until then it can't be reloaded", text);
}

static const struct source_file *add_file(struct scan *sc, const char *path, int *error)
{
	struct source *s = sc->s;
	struct source_file file;
	void *files = s->files;

	*error = source_file_read(&file, path, SOURCE_BYTES_MAX - s->bytes);
	if (*error)
		return NULL;
	file.name = loader_file_name(sc->l, path);
	check_writers(sc, &file, path);
	if (!file.name ||
	    !reserve(sc->l, &files, s->file_count, &s->file_capacity, sizeof(s->files[0]))) {
		free(file.text);
		*error = -ENOMEM;
		return NULL;
	}
	s->files = files;
	s->bytes += file.length;
	s->files[s->file_count] = file;
	return &s->files[s->file_count++];
}

/* Also true where the files include each other without end. */
static bool is_loop(const struct scan *sc, const struct source_file *file)
{
	unsigned depth = 0;

	for (const struct scan *up = sc; up; up = up->includer)
		if ((up->device == file->device && up->inode == file->inode) ||
		    ++depth > SOURCE_INCLUDE_DEPTH_MAX)
			return true;
	return false;
}

static void include_error(struct scan *sc, const char *path, const char *text)
{
	report_error(sc->l->report, here(sc), "@include \"%s\": %s", path, text);
	sc->s->broken = true;
}

static void splice_file(struct scan *sc, const char *path)
{
	int error;
	const struct source_file *file = add_file(sc, path, &error);

	if (!file) {
		const char *text = source_file_error(error);
		include_error(sc, path, text ? text : strerror(-error));
		return;
	}
	if (is_loop(sc, file)) {
		include_error(sc, path, "files include each other in a circle, or too deeply");
		return;
	}
	struct scan inner = {.l = sc->l,
			     .s = sc->s,
			     .includer = sc,
			     .name = file->name,
			     .device = file->device,
			     .inode = file->inode,
			     .at = file->text,
			     .end = file->text + file->length,
			     .line = 1};
	emit(sc, "\n", 1);
	begin_line(&inner);
	scan_text(&inner);
	emit(sc, "\n", 1);
	begin_line(sc);
}

static void include(struct scan *sc)
{
	const char *p = sc->at + strlen("@include"), *name;
	char *path;

	while (p < sc->end && (*p == ' ' || *p == '\t'))
		p++;
	name = p < sc->end && *p == '"' ? p + 1 : NULL;
	for (p = name; p && p < sc->end && *p != '"' && *p != '\n';)
		p++;
	if (!name || p == sc->end || *p != '"' || p == name) {
		include_error(sc, "", "expected @include \"FILE\"");
		pass_line_comment(sc);
		return;
	}
	sc->at = p + 1;
	path = included_path(sc, name, (size_t)(p - name));
	if (path)
		splice_file(sc, path);
	else
		sc->l->out_of_memory = true;
	free(path);
}

/* --- the walk --------------------------------------------------------------------- */

static void scan_token(struct scan *sc)
{
	char c = *sc->at;
	size_t length;

	if (c == '#' || looking_at(sc, "//"))
		pass_line_comment(sc);
	else if (looking_at(sc, "/*"))
		pass_block_comment(sc);
	else if (c == '"')
		pass_string(sc);
	else if (c == '@' && sc->line_begins && looking_at(sc, "@include"))
		include(sc);
	else if (is_name_start(c))
		name_or_boolean(sc);
	else if (c == '{' || c == '(' || c == '[')
		open_bracket(sc);
	else if (c == '}' || c == ')' || c == ']')
		close_bracket(sc);
	else if ((length = number_scan(sc->at, (size_t)(sc->end - sc->at))) > 0)
		number_literal(sc, length);
	else
		pass(sc, 1);
}

static void scan_text(struct scan *sc)
{
	while (sc->at < sc->end && !sc->l->out_of_memory) {
		bool blank =
			*sc->at == ' ' || *sc->at == '\t' || *sc->at == '\n' || *sc->at == '\r';
		if (blank) {
			pass(sc, 1);
			continue;
		}
		scan_token(sc);
		sc->line_begins = false;
	}
}

bool source_read_text(struct loader *l, struct source *s, const char *name, const char *text,
		      size_t length)
{
	struct scan sc = {.l = l,
			  .s = s,
			  .name = loader_file_name(l, name),
			  .at = text,
			  .end = text + length,
			  .line = 1};

	*s = (struct source){0};
	emit(&sc, "", 0);
	begin_line(&sc);
	scan_text(&sc);
	return !s->broken && !l->out_of_memory;
}

bool source_read_file(struct loader *l, struct source *s, const char *path)
{
	struct scan sc = {.l = l, .s = s, .name = loader_file_name(l, path), .line = 1};
	struct config_where whole = {sc.name, 0, 0};
	const struct source_file *file;
	int error;

	*s = (struct source){0};
	file = add_file(&sc, path, &error);
	if (!file) {
		const char *text = source_file_error(error);
		if (text)
			report_error(l->report, whole, "%s", text);
		else
			report_error(l->report, whole, "can't be read: %s", strerror(-error));
		return false;
	}
	sc.device = file->device;
	sc.inode = file->inode;
	sc.at = file->text;
	sc.end = file->text + file->length;
	emit(&sc, "", 0);
	begin_line(&sc);
	scan_text(&sc);
	return !s->broken && !l->out_of_memory;
}

void source_clear(struct source *s)
{
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i].text);
	free(s->files);
	free(s->text);
	free(s->lines);
	free(s->numbers);
	free(s->keys);
	*s = (struct source){0};
}
