/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of a JSON object, short to write. */
#ifndef EDGEMARK_LAB_JSON_SET_H
#define EDGEMARK_LAB_JSON_SET_H

#include <stdint.h>

#include <jansson.h>

static inline void set_number(json_t *object, const char *key, uint64_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t)n));
}

static inline void set_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(value));
}

/* NULL: null */
static inline void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? json_string(text) : json_null());
}

#endif
