/* SPDX-License-Identifier: BSD-3-Clause */
/* Which link of a configuration is meant by --link. */
#ifndef EDGEMARK_FIND_LINK_H
#define EDGEMARK_FIND_LINK_H

#include "config/config.h"

/* name: NULL where not given, which is enough where there is one link. EXIT_OK with *link,
 * or EXIT_USAGE after one line on stderr that names the links of file. */
int find_link(const struct config *c, const char *file, const char *name, size_t *link);

#endif
