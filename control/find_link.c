/* SPDX-License-Identifier: BSD-3-Clause */
/* By name, or the only one. */
#include "find_link.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"

int find_link(const struct config *c, const char *file, const char *name, size_t *link)
{
	*link = 0;
	if (!name && c->link_count == 1)
		return EXIT_OK;
	for (size_t i = 0; name && i < c->link_count; i++) {
		*link = i;
		if (strcmp(c->links[i].name, name) == 0)
			return EXIT_OK;
	}
	fprintf(stderr, "edgemark: %s: ", file);
	if (name)
		fprintf(stderr, "no link '%s', expected", name);
	else
		fprintf(stderr, "several links, expected --link");
	for (size_t i = 0; i < c->link_count; i++)
		fprintf(stderr, "%s%s", i ? " or " : " ", c->links[i].name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}
