/* SPDX-License-Identifier: BSD-3-Clause */
/* From libconfig's settings to checked values; each refusal says what was expected. */
#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "names.h"
#include "report.h"

enum { NAME_LENGTH_MAX = 63, FOUND_SIZE = 80, EXPECTED_SIZE = 400 };

/* --- what was found --------------------------------------------------------------- */

/* libconfig holds the index of a number, its text is in the source. */
static struct number literal(const struct loader *l, const config_setting_t *s)
{
	size_t index = (size_t)config_setting_get_int(s);

	if (index < l->source->number_count)
		return l->source->numbers[index];
	return (struct number){"0", 1};
}

bool value_is_number(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_INT;
}

static const char *describe(const struct loader *l, const config_setting_t *s, char *buffer)
{
	struct number n;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return "a list";
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(s) ? "true" : "false";
	case CONFIG_TYPE_STRING:
		snprintf(buffer, FOUND_SIZE, "\"%.48s\"", config_setting_get_string(s));
		return buffer;
	default:
		n = literal(l, s);
		snprintf(buffer, FOUND_SIZE, "%.*s", n.length < 48 ? (int)n.length : 48, n.text);
		return buffer;
	}
}

/* The key of a setting; of an element, the key of its list. */
static const char *key_of(const config_setting_t *s)
{
	while (s && !config_setting_name(s))
		s = config_setting_parent(s);
	return s ? config_setting_name(s) : "";
}

void value_error(struct loader *l, const config_setting_t *s, const char *expected, ...)
{
	char found[FOUND_SIZE], text[EXPECTED_SIZE];
	va_list arguments;

	va_start(arguments, expected);
	/* clang-tidy misses va_start in all but the first file of a run */
	vsnprintf(text, sizeof(text), expected, arguments); /* NOLINT(clang-analyzer-valist.*) */
	va_end(arguments);
	loader_error(l, s, "'%s' is %s, expected %s", key_of(s), describe(l, s, found), text);
}

/* --- groups and lists ------------------------------------------------------------- */

static bool is_known(const struct kind *kind, const char *key)
{
	for (const char *const *k = kind->keys; *k; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

static void unknown_key(struct loader *l, const config_setting_t *s, const struct kind *kind)
{
	char all[EXPECTED_SIZE] = "";
	struct guess guess;

	guess_begin(&guess, config_setting_name(s));
	for (const char *const *k = kind->keys; *k; k++) {
		size_t used = strlen(all);

		guess_try(&guess, *k);
		snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "", *k);
	}
	if (guess.best)
		loader_error(l, s, "unknown key '%s' in %s, expected '%s'?", config_setting_name(s),
			     kind->name, guess.best);
	else
		loader_error(l, s, "unknown key '%s' in %s, expected one of %s",
			     config_setting_name(s), kind->name, all);
}

bool read_group(struct loader *l, config_setting_t *s, const struct kind *kind)
{
	int count = config_setting_length(s);

	if (!config_setting_is_group(s)) {
		value_error(l, s, "{ … }: %s", kind->name);
		return false;
	}
	for (int i = 0; i < count; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const char *key = config_setting_name(member);

		if (key[0] != '*' && !is_known(kind, key)) /* '*': set aside, reported */
			unknown_key(l, member, kind);
	}
	return true;
}

config_setting_t *read_key(config_setting_t *group, const char *key)
{
	return config_setting_get_member(group, key);
}

config_setting_t *require_key(struct loader *l, config_setting_t *group, const char *key)
{
	config_setting_t *s = config_setting_get_member(group, key);

	if (!s)
		loader_error(l, group, "key '%s' is missing", key);
	return s;
}

config_setting_t *read_list(struct loader *l, config_setting_t *group, const char *key, size_t max,
			    const char *expected)
{
	config_setting_t *s = read_key(group, key);

	if (!s)
		return NULL;
	if (!config_setting_is_list(s) && !config_setting_is_array(s)) {
		value_error(l, s, "a list of %s", expected);
		return NULL;
	}
	if ((size_t)config_setting_length(s) > max) {
		loader_error(l, s, "'%s' has %d entries, expected at most %zu", key,
			     config_setting_length(s), max);
		return NULL;
	}
	return s;
}

unsigned list_length(const config_setting_t *list)
{
	return list ? (unsigned)config_setting_length(list) : 0;
}

/* --- values ----------------------------------------------------------------------- */

bool value_string(struct loader *l, const config_setting_t *s, const char **value)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		value_error(l, s, "a string in quotes");
		return false;
	}
	*value = config_setting_get_string(s);
	if (**value == '\0') {
		value_error(l, s, "a string that is not empty");
		return false;
	}
	return true;
}

bool read_string(struct loader *l, config_setting_t *group, const char *key, const char **value)
{
	config_setting_t *s = read_key(group, key);

	return s && value_string(l, s, value);
}

bool read_boolean(struct loader *l, config_setting_t *group, const char *key, bool *value)
{
	config_setting_t *s = read_key(group, key);

	if (!s)
		return false;
	if (config_setting_type(s) != CONFIG_TYPE_BOOL) {
		value_error(l, s, "true or false");
		return false;
	}
	*value = config_setting_get_bool(s);
	return true;
}

bool value_integer(struct loader *l, const config_setting_t *s, int64_t low, int64_t high,
		   const char *expected, int64_t *value)
{
	if (value_is_number(s) && number_to_integer(literal(l, s), value) == 0 && *value >= low &&
	    *value <= high)
		return true;
	if (low == high)
		value_error(l, s, "%s%" PRId64, expected, low);
	else
		value_error(l, s, "%s%" PRId64 "-%" PRId64, expected, low, high);
	return false;
}

bool read_integer(struct loader *l, config_setting_t *group, const char *key, int64_t low,
		  int64_t high, int64_t *value)
{
	config_setting_t *s = read_key(group, key);

	return s && value_integer(l, s, low, high, "an integer ", value);
}

bool read_scaled(struct loader *l, config_setting_t *group, const char *key, unsigned decimals,
		 uint64_t low, uint64_t high, const char *unit, uint64_t *value)
{
	config_setting_t *s = read_key(group, key);
	char from[48], to[48], step[48];
	int error;

	if (!s)
		return false;
	error = value_is_number(s) ? number_to_scaled(literal(l, s), decimals, value) : -EINVAL;
	if (!error && *value >= low && *value <= high)
		return true;
	number_format(low, decimals, from, sizeof(from));
	number_format(high, decimals, to, sizeof(to));
	if (error == -EDOM)
		value_error(l, s, "%s-%s %s in steps of %s", from, to, unit,
			    number_format(1, decimals, step, sizeof(step)));
	else
		value_error(l, s, "a number %s-%s %s", from, to, unit);
	return false;
}

bool read_rate(struct loader *l, config_setting_t *group, const char *key, uint64_t *bps)
{
	return read_scaled(l, group, key, 3, 1, RATE_BPS_MAX, "kbit/s", bps);
}

bool read_choice(struct loader *l, config_setting_t *group, const char *key,
		 const struct choice *choices, int *value)
{
	config_setting_t *s = read_key(group, key);
	char all[EXPECTED_SIZE] = "";

	if (!s)
		return false;
	for (const struct choice *c = choices; c->name; c++) {
		size_t used = strlen(all);

		if (config_setting_type(s) == CONFIG_TYPE_STRING &&
		    strcmp(config_setting_get_string(s), c->name) == 0) {
			*value = c->value;
			return true;
		}
		snprintf(all + used, sizeof(all) - used, "%s\"%s\"", used ? ", " : "", c->name);
	}
	value_error(l, s, "one of %s", all);
	return false;
}

bool value_dscp(struct loader *l, const config_setting_t *s, uint8_t *dscp)
{
	int64_t number;

	if (config_setting_type(s) == CONFIG_TYPE_STRING &&
	    dscp_by_name(config_setting_get_string(s), dscp))
		return true;
	if (!value_is_number(s) || number_to_integer(literal(l, s), &number) != 0 || number < 0 ||
	    number >= DSCP_VALUES) {
		value_error(l, s, "a DSCP: a name such as \"EF\", \"AF41\", \"CS0\", or 0-63");
		return false;
	}
	*dscp = (uint8_t)number;
	return true;
}

bool read_dscp(struct loader *l, config_setting_t *group, const char *key, uint8_t *dscp)
{
	config_setting_t *s = read_key(group, key);

	return s && value_dscp(l, s, dscp);
}

int find_named(struct loader *l, const config_setting_t *s, const char *name, const char *what,
	       const void *objects, size_t count, size_t size)
{
	struct guess guess;

	guess_begin(&guess, name);
	for (size_t i = 0; i < count; i++) {
		const char *candidate = *(char *const *)((const char *)objects + i * size);

		if (candidate && strcmp(candidate, name) == 0)
			return (int)i;
		guess_try(&guess, candidate);
	}
	if (guess.best)
		loader_error(l, s, "there is no %s '%s', expected '%s'?", what, name, guess.best);
	else
		loader_error(l, s, "there is no %s '%s', expected the name of one", what, name);
	return CONFIG_NONE;
}

bool read_class(struct loader *l, config_setting_t *group, const char *key, int *index)
{
	const char *name;

	if (!read_string(l, group, key, &name))
		return false;
	*index = find_class(l, read_key(group, key), name);
	return *index != CONFIG_NONE;
}

static bool is_name(const char *text)
{
	size_t length = 0;

	for (; text[length]; length++)
		if (text[length] <= ' ' || text[length] > '~' || strchr("\"\\,'", text[length]))
			return false;
	return length > 0 && length <= NAME_LENGTH_MAX;
}

char *read_name(struct loader *l, config_setting_t *group)
{
	config_setting_t *s = require_key(l, group, "name");
	const char *name;

	if (!s || !value_string(l, s, &name))
		return NULL;
	if (!is_name(name)) {
		value_error(l, s, "1-%d characters without blanks, quotes and commas",
			    NAME_LENGTH_MAX);
		return NULL;
	}
	return loader_copy(l, name);
}
