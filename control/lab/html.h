/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A page of HTML that is well-formed XML, too: elements close in the order in which they
 * opened, and all text and attribute values are escaped, so that nothing in them becomes
 * markup. Text is UTF-8. Errors stick to the stream: ask ferror(out) at the end.
 */
#ifndef EDGEMARK_LAB_HTML_H
#define EDGEMARK_LAB_HTML_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { HTML_DEPTH = 16 };

struct html {
	FILE *out;
	const char *open[HTML_DEPTH]; /* elements, outermost first */
	size_t depth;
};

void html_begin(struct html *h, FILE *out); /* with the doctype */

/* Attributes are pairs of name and value, ended by NULL; names and elements are literals. A
 * pair whose value is NULL is left out. */
__attribute__((sentinel)) void html_open(struct html *h, const char *element, ...);
__attribute__((sentinel)) void html_void(struct html *h, const char *element, ...);
void html_close(struct html *h);

__attribute__((format(printf, 2, 3))) void html_text(struct html *h, const char *format, ...);

/* Opened, its text, closed; class NULL: none. */
__attribute__((format(printf, 4, 5))) void html_element(struct html *h, const char *element,
							const char *class, const char *format, ...);

/* An integer in groups of three digits, with narrow no-break spaces. */
void html_count(struct html *h, int64_t n);

#endif
