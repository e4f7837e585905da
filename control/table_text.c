/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns are counted in characters; colour is for terminals. */
#include "table_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES = 64 };

#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

const char *const table_directions[DIRECTION_COUNT] = {"upstream", "downstream"};

/* --- reading ------------------------------------------------------------------------------ */

uint64_t json_number_at(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

uint64_t json_packets_at(const json_t *object, const char *key)
{
	return json_number_at(json_object_get(object, key), "packets");
}

uint64_t json_bytes_at(const json_t *object, const char *key)
{
	return json_number_at(json_object_get(object, key), "bytes");
}

double json_real_at(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

const char *json_text_at(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

/* --- printing ----------------------------------------------------------------------------- */

bool table_coloured(FILE *out)
{
	return isatty(fileno(out)) == 1;
}

void table_header(FILE *out, const char *format, ...)
{
	const bool bold = table_coloured(out);
	va_list columns;

	va_start(columns, format);
	fputs(bold ? BOLD : "", out);
	vfprintf(out, format, columns); /* NOLINT(clang-analyzer-valist.*): started above */
	fputs(bold ? PLAIN "\n" : "\n", out);
	va_end(columns);
}

void table_loss(FILE *out, int width, uint64_t value)
{
	const bool red = value > 0 && table_coloured(out);

	fprintf(out, "%s%*" PRIu64 "%s", red ? RED : "", width, value, red ? PLAIN : "");
}

/* Left-aligned and followed by a space; bytes that continue a UTF-8 character take no
 * column. */
void table_name(FILE *out, int width, const char *value)
{
	int columns = 0;
	const char *at = value;

	for (; *at && (columns < width || ((unsigned char)*at & 0xc0) == 0x80); at++)
		if (((unsigned char)*at & 0xc0) != 0x80)
			columns++;
	if (*at) { /* cut: the last column says so */
		do
			at--;
		while (((unsigned char)*at & 0xc0) == 0x80);
		fprintf(out, "%.*s~ ", (int)(at - value), value);
		return;
	}
	fprintf(out, "%s%*s", value, width - columns + 1, "");
}

/* "demo up", "demo down". */
void table_direction(FILE *out, int width, const json_t *link, size_t d)
{
	char value[NAME_BYTES];
	const char *const arrow = d == 0 ? "up" : "down";

	snprintf(value, sizeof(value), "%.*s %s", width - (int)strlen(arrow) - 1,
		 json_text_at(link, "name"), arrow);
	table_name(out, width, value);
}

void table_each_direction(const json_t *document, table_direction_printer print, FILE *out)
{
	const json_t *link;
	size_t i;

	json_array_foreach(json_object_get(document, "links"), i,
			   link) for (size_t d = 0; d < DIRECTION_COUNT; d++)
		print(link, d, json_object_get(link, table_directions[d]), out);
}

/* What is not known is null, and shown as a dash. */
void table_figure(FILE *out, int width, int decimals, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_number(value))
		fprintf(out, "%*.*f", width, decimals, json_number_value(value));
	else
		fprintf(out, "%*s", width, "-");
}

void table_ago(FILE *out, int width, const json_t *object, const char *key, uint64_t now_ns)
{
	const json_t *value = json_object_get(object, key);
	const uint64_t then_ns = (uint64_t)json_integer_value(value);
	const uint64_t seconds = now_ns > then_ns ? (now_ns - then_ns) / 1000000000 : 0;
	char words[32];

	if (!value)
		snprintf(words, sizeof(words), "-");
	else if (!json_is_integer(value))
		snprintf(words, sizeof(words), "never");
	else if (seconds < 120)
		snprintf(words, sizeof(words), "%" PRIu64 " s ago", seconds);
	else if (seconds < 7200)
		snprintf(words, sizeof(words), "%" PRIu64 " min ago", seconds / 60);
	else if (seconds < 172800)
		snprintf(words, sizeof(words), "%" PRIu64 " h ago", seconds / 3600);
	else
		snprintf(words, sizeof(words), "%" PRIu64 " days ago", seconds / 86400);
	fprintf(out, "%*s", width, words);
}
