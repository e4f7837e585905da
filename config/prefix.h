/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefixes and port ranges from text. */
#ifndef EDGEMARK_CONFIG_PREFIX_H
#define EDGEMARK_CONFIG_PREFIX_H

#include "model.h"

enum { PREFIX_TEXT_SIZE = 64 };

/* 0, -EINVAL where it is no prefix, or -EDOM where host bits are set: then *p is the
 * prefix without them. An address alone is a prefix of its full length. */
int prefix_parse(const char *text, struct config_prefix *p);
const char *prefix_format(const struct config_prefix *p, char *buffer, size_t size);

/* Whether every address of inner is in outer; of one family. */
bool prefix_covers(const struct config_prefix *outer, const struct config_prefix *inner);

/* "5061" or "50000-50019": 0, -EINVAL, or -ERANGE where it runs backwards. */
int port_range_parse(const char *text, struct config_port_range *range);

#endif
