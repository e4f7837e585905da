/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token bucket in exact integers (RFC 2697's committed bucket, without colours).
 * Tokens are nanobits: a rate in bit/s times a time in ns, so that nothing is rounded,
 * ever. Over any interval t it admits at most CIR*t + burst, and a trace that conforms
 * to (CIR, burst) from a full bucket finds every token it needs.
 *
 * rte_meter is not used: it cuts its period to whole cycles (up to 1 % off above
 * 100 Mbit/s), and a clock that steps back fills its bucket.
 *
 * The profile is constant; the meter is the lane's. Thread: the lane's worker.
 */
#ifndef EDGEMARK_METER_H
#define EDGEMARK_METER_H

#include <stdbool.h>
#include <stdint.h>

#define NANOBITS_PER_BYTE INT64_C(8000000000)

struct meter_profile {
	uint64_t rate_bps;
	uint64_t burst_nb; /* nanobits, below INT64_MAX / 2 */
	uint64_t fill_ns;  /* a refill after at least this long fills the bucket from empty */
};

struct meter {
	int64_t tokens_nb; /* negative only where a caller takes more than there is */
	uint64_t last_ns;  /* of the last refill */
};

/* Control. rate_bps 1-RATE_BPS_MAX; a burst above 570 MB is cut to that. */
static inline struct meter_profile meter_profile(uint64_t rate_bps, uint64_t burst_bytes)
{
	const uint64_t most = 570000000; /* two of it, in nanobits, fit an int64_t */
	uint64_t bytes = burst_bytes < most ? burst_bytes : most;
	struct meter_profile p = {.rate_bps = rate_bps,
				  .burst_nb = bytes * (uint64_t)NANOBITS_PER_BYTE};

	p.fill_ns = p.burst_nb / rate_bps + 1;
	return p;
}

static inline void meter_fill(struct meter *m, const struct meter_profile *p, uint64_t now_ns)
{
	m->tokens_nb = (int64_t)p->burst_nb;
	m->last_ns = now_ns;
}

/* A clock that stepped back grants nothing and is followed; one that jumped ahead grants
 * at most what fills the bucket. */
static inline void meter_refill(struct meter *m, const struct meter_profile *p, uint64_t now_ns)
{
	const int64_t burst = (int64_t)p->burst_nb;

	if (now_ns > m->last_ns) {
		uint64_t elapsed = now_ns - m->last_ns;

		if (elapsed < p->fill_ns) {
			/* below burst + rate: no overflow */
			m->tokens_nb += (int64_t)(elapsed * p->rate_bps);
			if (m->tokens_nb > burst)
				m->tokens_nb = burst;
		} else if (m->tokens_nb >= 0) {
			m->tokens_nb = burst;
		} else { /* a debt may take longer than one fill to pay */
			__int128 tokens = (__int128)m->tokens_nb + (__int128)elapsed * p->rate_bps;

			m->tokens_nb = tokens > burst ? burst : (int64_t)tokens;
		}
	}
	m->last_ns = now_ns;
}

static inline bool meter_has(const struct meter *m, uint64_t bytes)
{
	return m->tokens_nb >= (int64_t)bytes * NANOBITS_PER_BYTE;
}

static inline void meter_take(struct meter *m, uint64_t bytes)
{
	m->tokens_nb -= (int64_t)bytes * NANOBITS_PER_BYTE;
}

/* The first nanosecond, last_ns or later, at which `bytes` are there. A need above the
 * burst counts as the burst. */
static inline uint64_t meter_ready_ns(const struct meter *m, const struct meter_profile *p,
				      uint64_t bytes)
{
	int64_t need = (int64_t)bytes * NANOBITS_PER_BYTE;

	if (need > (int64_t)p->burst_nb)
		need = (int64_t)p->burst_nb;
	if (m->tokens_nb >= need)
		return m->last_ns;
	uint64_t missing = (uint64_t)(need - m->tokens_nb);
	return m->last_ns + missing / p->rate_bps + (missing % p->rate_bps != 0);
}

/* A changed profile keeps the tokens, up to the new burst. */
static inline void meter_adopt(struct meter *m, const struct meter_profile *p)
{
	if (m->tokens_nb > (int64_t)p->burst_nb)
		m->tokens_nb = (int64_t)p->burst_nb;
}

#endif
