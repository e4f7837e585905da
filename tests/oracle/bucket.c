/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle's token bucket. A bit is 10^9 units, so that cir_bps units come in every
 * nanosecond: nothing is ever rounded. */
#include "oracle/oracle.h"

static const __int128 unit_per_byte = (__int128)8 * 1000000000;

void oracle_bucket_pass(struct oracle_bucket *b, uint64_t now_ns)
{
	if (now_ns > b->seen_ns)
		b->level += (__int128)b->cir_bps * (now_ns - b->seen_ns);
	if (b->level > b->full)
		b->level = b->full;
	b->seen_ns = now_ns; /* a clock that stepped back grants nothing, and is followed */
}

void oracle_bucket_set(struct oracle_bucket *b, uint64_t cir_bps, uint64_t burst_bytes,
		       uint64_t now_ns)
{
	if (b->started)
		oracle_bucket_pass(b, now_ns); /* at the old rate, up to the change */
	b->cir_bps = cir_bps;
	b->full = unit_per_byte * burst_bytes;
	if (!b->started || b->level > b->full)
		b->level = b->full;
	if (!b->started)
		b->seen_ns = now_ns;
	b->started = true;
}

bool oracle_bucket_admit(struct oracle_bucket *b, uint64_t now_ns, uint64_t bytes)
{
	oracle_bucket_pass(b, now_ns);
	if (b->level < unit_per_byte * bytes)
		return false;
	b->level -= unit_per_byte * bytes;
	return true;
}
