/* SPDX-License-Identifier: BSD-3-Clause */
/* Item by item; a number that does not end where it should is an error, too. */
#include "background.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum background_kind kind;
	uint32_t ip_bytes;
} kinds[] = {
	{"bulk", BACKGROUND_BULK, 1500},
	{"poisson", BACKGROUND_POISSON, 0},
	{"video", BACKGROUND_VIDEO, 1200},
	{"saturate", BACKGROUND_SATURATE, 1500},
};

/* ":" and a whole number, from low to high. */
static bool read_number(const char **at, uint64_t low, uint64_t high, uint64_t *number)
{
	char *end;

	if (**at != ':' || (*at)[1] < '0' || (*at)[1] > '9')
		return false;
	errno = 0;
	*number = strtoull(*at + 1, &end, 10);
	if (errno || *number < low || *number > high)
		return false;
	*at = end;
	return true;
}

static const char *read_item(const char **at, struct background_item *item)
{
	const size_t length = strcspn(*at, ":,");
	uint64_t number;
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(kinds[0]) &&
	       (strlen(kinds[i].name) != length || strncmp(kinds[i].name, *at, length) != 0))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return "none, bulk:KBPS, poisson:KBPS, video:KBPS or saturate";
	*item = (struct background_item){.kind = kinds[i].kind, .ip_bytes = kinds[i].ip_bytes};
	*at += length;
	if (item->kind != BACKGROUND_SATURATE) {
		if (!read_number(at, 1, BACKGROUND_KBPS_MAX, &number))
			return ":KBPS, a whole number from 1 to 100000000";
		item->bps = number * 1000;
	}
	if (**at == ':') {
		if (!read_number(at, BACKGROUND_BYTES_MIN, BACKGROUND_BYTES_MAX, &number))
			return ":BYTES, a whole number from 40 to 1500";
		item->ip_bytes = (uint32_t)number;
	}
	return **at == ',' || **at == '\0' ? NULL : "a comma or the end";
}

int background_parse(const char *spec, struct background *b, const char **at, const char **expected)
{
	*b = (struct background){0};
	*at = spec;
	if (strcmp(spec, "none") == 0)
		return 0;
	for (;;) {
		if (b->count == BACKGROUND_ITEMS_MAX) {
			*expected = "16 items at most";
			return -EINVAL;
		}
		*expected = read_item(at, &b->items[b->count]);
		if (*expected)
			return -EINVAL;
		b->count++;
		if (**at == '\0')
			return 0;
		++*at;
	}
}
