/* SPDX-License-Identifier: BSD-3-Clause */
/* A checked configuration from text, for tests that need a whole site. */
#ifndef EDGEMARK_TESTS_SITE_CONFIG_H
#define EDGEMARK_TESTS_SITE_CONFIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

#define SITE_CLASSES                                                                               \
	"classes = ( { name = \"voice\"; dscp = \"EF\"; pcp = 5; },"                               \
	"            { name = \"video\"; dscp = \"AF41\"; pcp = 4; },"                             \
	"            { name = \"default\"; dscp = \"CS0\"; pcp = 0; } );"
#define SITE_RULES                                                                                 \
	"acls = ( { name = \"media\"; rules = ("                                                   \
	"  { seq = 10; protocol = \"udp\"; source-port = \"50000-50019\"; class = \"voice\"; },"   \
	"  { seq = 20; protocol = \"udp\"; source-port = \"50020-50039\"; class = \"video\"; } "   \
	"); "                                                                                      \
	"} );"
#define SITE_LINKS                                                                                 \
	"links = ( { name = \"mpls\"; lan = { device = \"net_null0\"; };"                          \
	"            wan = { device = \"net_null1\"; rate-kbps = 10000; }; upstream = \"up\"; } "  \
	");"
#define SITE_POLICY                                                                                \
	"policies = ( { name = \"up\"; acl = \"media\"; contracts = ("                             \
	"  { class = \"voice\"; cir-kbps = 3953.1; account = \"wire\"; } ); } );"
#define SITE_TEXT "version = 1;" SITE_LINKS SITE_CLASSES SITE_RULES SITE_POLICY

/* NULL with the errors on stderr. */
__attribute__((unused)) static struct config *site_config(const char *text)
{
	char path[] = "/tmp/edgemark-site-XXXXXX";
	struct config_report report = {0};
	struct config *c = NULL;
	int fd = mkstemp(path);

	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text))
		c = config_load(path, &report);
	if (!c)
		config_report_print(&report, stderr);
	config_report_clear(&report);
	close(fd);
	unlink(path);
	return c;
}

/* SITE_TEXT with the first occurrence of from replaced. */
__attribute__((unused)) static struct config *site_config_with(const char *from, const char *to)
{
	char text[4096];
	static const char before[] = SITE_TEXT;
	const char *at = strstr(before, from);

	if (!at)
		return NULL;
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - before), before, to, at + strlen(from));
	return site_config(text);
}

#endif
