/* SPDX-License-Identifier: BSD-3-Clause */
/* See bursts.h. */
#include "bursts.h"

#include <inttypes.h>

enum {
	BURST_DEFAULT_US = 20000,
	BURST_DEFAULT_MIN_BYTES = 3036, /* two full frames: an odd long RTCP packet passes */
	BURST_CALLS_MAX = 1000000,
};

/* Rounded up: 20 ms of CIR conform. RATE_BPS_MAX * 10 s in µs fits 64 bits. */
static uint64_t bytes_in(uint64_t bps, uint64_t us)
{
	return (bps * us + 7999999) / 8000000;
}

uint64_t burst_by_default(uint64_t bps)
{
	uint64_t bytes = bytes_in(bps, BURST_DEFAULT_US);

	if (bytes < BURST_DEFAULT_MIN_BYTES)
		return BURST_DEFAULT_MIN_BYTES;
	return bytes > BURST_BYTES_MAX ? BURST_BYTES_MAX : bytes;
}

static void check_single_burst(struct loader *l, config_setting_t *group,
			       const struct burst_keys *keys)
{
	const char *const all[] = {keys->bytes, keys->ms, keys->calls};
	const char *first = NULL;

	for (size_t i = 0; i < 3; i++) {
		if (!read_key(group, all[i]))
			continue;
		if (first)
			loader_error(l, read_key(group, all[i]),
				     "'%s' beside '%s', expected one of them", all[i], first);
		else
			first = all[i];
	}
}

void read_burst(struct loader *l, config_setting_t *group, const struct burst_keys *keys,
		uint64_t bps, uint64_t call_bytes, uint64_t *bytes)
{
	uint64_t us;
	int64_t number;

	check_single_burst(l, group, keys);
	if (read_integer(l, group, keys->bytes, keys->least_bytes, BURST_BYTES_MAX, &number))
		*bytes = (uint64_t)number;
	if (read_integer(l, group, keys->calls, 1, BURST_CALLS_MAX, &number))
		*bytes = (uint64_t)number * call_bytes;
	if (read_scaled(l, group, keys->ms, 3, 1, 10000000, "ms", &us)) {
		*bytes = bytes_in(bps, us);
		if (*bytes > BURST_BYTES_MAX)
			value_error(l, read_key(group, keys->ms),
				    "a burst of at most %" PRIu64 " bytes; it is %" PRIu64,
				    BURST_BYTES_MAX, *bytes);
	}
}
