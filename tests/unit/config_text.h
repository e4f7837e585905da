/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of config/: a configuration from text in sight, through a file of its own. */
#ifndef EDGEMARK_TESTS_CONFIG_TEXT_H
#define EDGEMARK_TESTS_CONFIG_TEXT_H

#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

/* Sections of a configuration, a line each unless the text breaks it: version is line 1,
 * links 2, classes 3, acls 4, policies 5, more 6. */
struct sections {
	const char *version, *links, *classes, *acls, *policies, *more;
};

#define LINKS_LINE                                                                                 \
	"links = ( { name = \"l\"; lan = { device = \"a\"; }; "                                    \
	"wan = { device = \"b\"; rate-kbps = 100000; }; upstream = \"p\"; } );"
#define CLASSES_LINE                                                                               \
	"classes = ( { name = \"voice\"; dscp = \"EF\"; pcp = 5; }, "                              \
	"{ name = \"video\"; dscp = \"AF41\"; pcp = 4; }, { name = \"default\"; dscp = 0; } );"

static inline const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static inline void write_file(const char *path, const char *text, size_t length)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, length, f), length);
	assert_int_equal(fclose(f), 0);
}

/* From a file in memory: a regular file that leaves nothing behind. */
static inline struct config *load_bytes(const char *text, size_t length,
					struct config_report *report)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[32];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct config *c = config_load(path, report);
	close(fd);
	return c;
}

static inline struct config *load_text(const char *text, struct config_report *report)
{
	return load_bytes(text, strlen(text), report);
}

static inline struct config *load_sections(const struct sections *s, struct config_report *report)
{
	char text[16384];

	snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n%s\n%s\n",
		 or_else(s->version, "version = 1;"), or_else(s->links, LINKS_LINE),
		 or_else(s->classes, CLASSES_LINE), or_else(s->acls, ""),
		 or_else(s->policies, "policies = ( { name = \"p\"; } );"), or_else(s->more, ""));
	return load_text(text, report);
}

/* For what must be right; where it is not, says what was reported. */
static inline struct config *load_good(const struct sections *s)
{
	struct config_report report;
	struct config *c = load_sections(s, &report);

	if (!c)
		config_report_print(&report, stderr);
	assert_non_null(c);
	config_report_clear(&report);
	return c;
}

#endif
