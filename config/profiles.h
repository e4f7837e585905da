/* SPDX-License-Identifier: BSD-3-Clause */
/* The shipped profiles, embedded by the build from config/profiles/. */
#ifndef EDGEMARK_CONFIG_PROFILES_H
#define EDGEMARK_CONFIG_PROFILES_H

#include <stddef.h>

struct profile_text {
	const char *name;
	const char *text;
	size_t length;
};

extern const struct profile_text profile_texts[];
extern const size_t profile_text_count;

#endif
