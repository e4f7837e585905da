/* SPDX-License-Identifier: BSD-3-Clause */
/* What a configuration's numbers amount to, as check -j and show policy write it. */
#ifndef EDGEMARK_EFFECTIVE_JSON_H
#define EDGEMARK_EFFECTIVE_JSON_H

#include <jansson.h>

#include "config/config.h"

/* An array; empty where c is NULL. */
json_t *effective_links(const struct config *c);

/* The words that check prints. NULL without memory; the caller frees. */
char *effective_text(const struct config *c);

#endif
