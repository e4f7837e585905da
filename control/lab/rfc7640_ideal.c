/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens are nanobits in 128 bits: a rate in bit/s times nanoseconds, never rounded. */
#include "rfc7640_ideal.h"

#define NANOBITS_A_BYTE ((__int128)8000000000)

struct tokens {
	__int128 level, most;
	uint64_t rate_bps, at_ns;
};

static struct tokens tokens_full(const struct ideal_bucket *b, uint64_t at_ns)
{
	__int128 most = b->burst_bytes * NANOBITS_A_BYTE + (__int128)b->rate_bps * b->burst_ns;

	return (struct tokens){
		.level = most, .most = most, .rate_bps = b->rate_bps, .at_ns = at_ns};
}

static void tokens_advance(struct tokens *t, uint64_t to_ns)
{
	t->level += (__int128)(to_ns - t->at_ns) * t->rate_bps;
	if (t->level > t->most)
		t->level = t->most;
	t->at_ns = to_ns;
}

/* --- the policer ------------------------------------------------------------------------- */

uint64_t ideal_policed_burst(const struct ideal_bucket *b, uint32_t frame_bytes,
			     uint64_t spacing_ns)
{
	const __int128 frame = frame_bytes * NANOBITS_A_BYTE;
	const __int128 gain = (__int128)b->rate_bps * spacing_ns;
	const __int128 burst = tokens_full(b, 0).most;

	if (burst < frame)
		return 0;
	if (gain >= frame)
		return UINT64_MAX;
	/* Frame n finds burst - (n - 1) * (frame - gain), and needs a frame. */
	return 1 + (uint64_t)((burst - frame) / (frame - gain));
}

int ideal_policer(const struct ideal_bucket *b, uint32_t frame_bytes, const struct pattern *p,
		  struct departures *out)
{
	struct tokens t = tokens_full(b, p->start_ns);
	int err = 0;

	for (uint64_t k = 0; k < p->count && !err; k++) {
		uint64_t ns = pattern_ns(p, k);

		tokens_advance(&t, ns);
		if (t.level < frame_bytes * NANOBITS_A_BYTE)
			continue;
		t.level -= frame_bytes * NANOBITS_A_BYTE;
		err = departures_add(
			out,
			&(struct departure){.sent_ns = ns, .left_ns = ns, .sequence = (uint32_t)k});
	}
	return err;
}

/* --- the shaper -------------------------------------------------------------------------- */

/* When the frame behind all others leaves, if it came at ns. */
static uint64_t serve(struct tokens *t, uint32_t frame_bytes, uint64_t ns)
{
	const __int128 need = frame_bytes * NANOBITS_A_BYTE;

	if (ns > t->at_ns)
		tokens_advance(t, ns);
	if (t->level < need) {
		__int128 wait = (need - t->level + t->rate_bps - 1) / t->rate_bps;

		tokens_advance(t, t->at_ns + (uint64_t)wait);
	}
	t->level -= need;
	return t->at_ns;
}

int ideal_shaper(const struct ideal_bucket *b, const struct ideal_queue *q, uint32_t frame_bytes,
		 const struct pattern *p, struct departures *out)
{
	struct tokens t = tokens_full(b, p->start_ns);
	size_t gone = out->count; /* the first of those that still wait */

	for (uint64_t k = 0; k < p->count; k++) {
		uint64_t ns = pattern_ns(p, k), waiting;
		int err;

		while (gone < out->count && out->at[gone].left_ns <= ns)
			gone++;
		waiting = out->count - gone;
		if (waiting >= q->packets || (waiting + 1) * frame_bytes > q->bytes)
			continue;
		err = departures_add(out, &(struct departure){.sent_ns = ns,
							      .left_ns = serve(&t, frame_bytes, ns),
							      .sequence = (uint32_t)k});
		if (err)
			return err;
	}
	return 0;
}

int ideal_queued_burst(const struct ideal_bucket *b, const struct ideal_queue *q,
		       uint32_t frame_bytes, uint64_t spacing_ns, uint64_t most, uint64_t *frames)
{
	const struct pattern p = {.burst_frames = most, .spacing_ns = spacing_ns, .count = most};
	struct departures d = {0};
	int err = ideal_shaper(b, q, frame_bytes, &p, &d);

	*frames = 0;
	while (*frames < d.count && d.at[*frames].sequence == *frames)
		++*frames;
	departures_clear(&d);
	return err;
}
