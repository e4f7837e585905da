/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading one group: each function looks for a key, checks its type and range, reports
 * what is wrong, and returns whether it set its value.
 */
#ifndef EDGEMARK_CONFIG_READER_H
#define EDGEMARK_CONFIG_READER_H

#include "loader.h"

struct choice {
	const char *name;
	int value;
};

/* The keys that a kind of object has; the last is NULL. */
struct kind {
	const char *name; /* "a rule" */
	const char *keys[24];
};

/* Whether s is a group; each key that kind has not is reported. */
bool read_group(struct loader *l, config_setting_t *s, const struct kind *kind);

/* The key, or NULL, reported if it is required. */
config_setting_t *read_key(config_setting_t *group, const char *key);
config_setting_t *require_key(struct loader *l, config_setting_t *group, const char *key);

/* A list (or array) of at most max elements, or NULL. */
config_setting_t *read_list(struct loader *l, config_setting_t *group, const char *key, size_t max,
			    const char *expected);
/* Its length; 0 for NULL. */
unsigned list_length(const config_setting_t *list);

bool read_string(struct loader *l, config_setting_t *group, const char *key, const char **value);
bool read_boolean(struct loader *l, config_setting_t *group, const char *key, bool *value);
bool read_integer(struct loader *l, config_setting_t *group, const char *key, int64_t low,
		  int64_t high, int64_t *value);
/* value = number * 10^decimals, from low to high (in value's unit) */
bool read_scaled(struct loader *l, config_setting_t *group, const char *key, unsigned decimals,
		 uint64_t low, uint64_t high, const char *unit, uint64_t *value);
bool read_rate(struct loader *l, config_setting_t *group, const char *key, uint64_t *bps);
bool read_choice(struct loader *l, config_setting_t *group, const char *key,
		 const struct choice *choices, int *value);
bool read_dscp(struct loader *l, config_setting_t *group, const char *key, uint8_t *dscp);
bool read_class(struct loader *l, config_setting_t *group, const char *key, int *index);

/* A name for an object: 1-63 characters without blanks. A copy, or NULL. */
char *read_name(struct loader *l, config_setting_t *group);

/* Index of the object of that name; each object begins with its name, NULL where it has
 * none. CONFIG_NONE, reported with a guess at what was meant. */
int find_named(struct loader *l, const config_setting_t *s, const char *name, const char *what,
	       const void *objects, size_t count, size_t size);

/* account and overhead-bytes, of a contract or a port */
void read_account(struct loader *l, config_setting_t *group, enum account *account,
		  int32_t *overhead_bytes);

/* The same of a setting at hand, for elements of lists. */
bool value_string(struct loader *l, const config_setting_t *s, const char **value);
bool value_dscp(struct loader *l, const config_setting_t *s, uint8_t *dscp);
bool value_integer(struct loader *l, const config_setting_t *s, int64_t low, int64_t high,
		   const char *expected, int64_t *value);
bool value_is_number(const config_setting_t *s);

/* "'key' is FOUND, expected EXPECTED" */
__attribute__((format(printf, 3, 4))) void value_error(struct loader *l, const config_setting_t *s,
						       const char *expected, ...);

#endif
