/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* vasprintf */
#include "html.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"
#define NARROW_NO_BREAK_SPACE "\xe2\x80\xaf"

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			/* XML has no other control characters, however they are written */
			if (((unsigned char)*text < 0x20 && !strchr("\t\n\r", *text)) ||
			    *text == 0x7f)
				fputs(REPLACEMENT_CHARACTER, out);
			else
				fputc(*text, out);
		}
	}
}

static void start_tag(struct html *h, const char *element, va_list attributes, const char *end)
{
	const char *name;

	fprintf(h->out, "<%s", element);
	/* NOLINTNEXTLINE(clang-analyzer-valist.*): the caller has started them */
	while ((name = va_arg(attributes, const char *)) != NULL) {
		const char *value = va_arg(attributes, const char *);

		if (!value)
			continue;
		fprintf(h->out, " %s=\"", name);
		escape(h->out, value);
		fputc('"', h->out);
	}
	fputs(end, h->out);
}

static void push(struct html *h, const char *element)
{
	assert(h->depth < HTML_DEPTH);
	h->open[h->depth++] = element;
}

void html_begin(struct html *h, FILE *out)
{
	*h = (struct html){.out = out};
	fputs("<!DOCTYPE html>\n", out);
}

void html_open(struct html *h, const char *element, ...)
{
	va_list attributes;

	va_start(attributes, element);
	start_tag(h, element, attributes, ">");
	va_end(attributes);
	push(h, element);
}

void html_void(struct html *h, const char *element, ...)
{
	va_list attributes;

	va_start(attributes, element);
	start_tag(h, element, attributes, "/>");
	va_end(attributes);
}

void html_close(struct html *h)
{
	const char *element;

	assert(h->depth > 0);
	element = h->open[--h->depth];
	fprintf(h->out, "</%s>", element);
	/* a line per row or paragraph, so that pages can be compared */
	if (strcmp(element, "td") != 0 && strcmp(element, "th") != 0)
		fputc('\n', h->out);
}

static void text(struct html *h, const char *format, va_list values)
{
	char *plain = NULL;

	if (vasprintf(&plain, format, values) < 0)
		return;
	escape(h->out, plain);
	free(plain);
}

void html_text(struct html *h, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	text(h, format, values);
	va_end(values);
}

void html_element(struct html *h, const char *element, const char *class, const char *format, ...)
{
	va_list values;

	html_open(h, element, "class", class, (const char *)NULL);
	va_start(values, format);
	text(h, format, values);
	va_end(values);
	html_close(h);
}

void html_count(struct html *h, int64_t n)
{
	char digits[24];
	const char *at = digits;

	snprintf(digits, sizeof(digits), "%" PRId64, n);
	if (*at == '-')
		fputc(*at++, h->out);
	for (; *at; at++) {
		fputc(*at, h->out);
		if (at[1] && strlen(at + 1) % 3 == 0)
			fputs(NARROW_NO_BREAK_SPACE, h->out);
	}
}
