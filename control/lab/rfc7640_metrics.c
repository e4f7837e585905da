/* SPDX-License-Identifier: BSD-3-Clause */
/* A pass over the departures each; only the percentile needs them sorted. */
#include "rfc7640_metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 1024, PERCENTILE = 99 };

int departures_add(struct departures *d, const struct departure *one)
{
	if (d->count == d->room) {
		size_t room = d->room ? d->room * 2 : ROOM_MIN;
		struct departure *at = realloc(d->at, room * sizeof(*at));

		if (!at)
			return -ENOMEM;
		d->at = at;
		d->room = room;
	}
	d->at[d->count++] = *one;
	return 0;
}

void departures_clear(struct departures *d)
{
	free(d->at);
	*d = (struct departures){0};
}

static uint64_t delay_of(const struct departure *d)
{
	return d->left_ns - d->sent_ns;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest delay that is not below 99 % of all. */
static int percentile(const struct departures *d, uint64_t *out)
{
	size_t rank = (d->count * PERCENTILE + 99) / 100;
	uint64_t *delays = malloc(d->count * sizeof(*delays));

	if (!delays)
		return -ENOMEM;
	for (size_t i = 0; i < d->count; i++)
		delays[i] = delay_of(&d->at[i]);
	qsort(delays, d->count, sizeof(*delays), ascending);
	*out = delays[rank - 1];
	free(delays);
	return 0;
}

static void count_sequence(const struct departures *d, struct metrics *out)
{
	uint64_t next = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (d->at[i].sequence < next)
			out->out_of_sequence++;
		else
			next = (uint64_t)d->at[i].sequence + 1;
	}
}

int metrics_compute(uint64_t sent, const struct departures *d, struct metrics *out)
{
	unsigned __int128 sum = 0;
	uint64_t high = 0;
	int err = 0;

	*out = (struct metrics){.sent = sent, .received = d->count, .lost = sent - d->count};
	if (d->count == 0)
		return 0;
	out->delay_min_ns = UINT64_MAX;
	for (size_t i = 0; i < d->count; i++) {
		uint64_t delay = delay_of(&d->at[i]);

		sum += delay;
		if (delay < out->delay_min_ns)
			out->delay_min_ns = delay;
		if (delay > out->delay_max_ns)
			out->delay_max_ns = delay;
	}
	out->delay_mean_ns = (double)sum / (double)d->count;
	count_sequence(d, out);
	if (out->delay_max_ns > out->delay_min_ns) {
		err = percentile(d, &high);
		out->variation_ns = high - out->delay_min_ns;
	}
	return err;
}

/* --- a shaper's output ------------------------------------------------------------------- */

static void end_train(struct emission *e, uint64_t frames)
{
	e->trains++;
	if (frames > e->burst_frames_max)
		e->burst_frames_max = frames;
}

static void count_interval(struct emission *e, uint64_t ns)
{
	if (e->interval_min_ns == 0 || ns < e->interval_min_ns)
		e->interval_min_ns = ns;
	if (ns > e->interval_max_ns)
		e->interval_max_ns = ns;
}

/* While frames wait, what leaves is the shaper's own rate. */
static double held_rate(const struct departures *d, uint32_t frame_bytes)
{
	size_t first = 0, last = d->count - 1;

	while (first < last && delay_of(&d->at[first]) == 0)
		first++;
	if (d->at[last].left_ns <= d->at[first].left_ns)
		return 0;
	return (double)(last - first) * frame_bytes * 8 * 1e9 /
	       (double)(d->at[last].left_ns - d->at[first].left_ns);
}

struct emission emission_compute(const struct departures *d, uint32_t frame_bytes, uint64_t wire_ns)
{
	struct emission e = {0};
	uint64_t start_ns, end_ns, frames = 0;

	if (d->count == 0)
		return e;
	start_ns = end_ns = d->at[0].left_ns;
	for (size_t i = 0; i < d->count; i++) {
		uint64_t left_ns = d->at[i].left_ns;

		if (left_ns > end_ns) { /* the port fell silent before it */
			end_train(&e, frames);
			count_interval(&e, left_ns - start_ns);
			start_ns = end_ns = left_ns;
			frames = 0;
		}
		end_ns += wire_ns;
		frames++;
	}
	end_train(&e, frames);
	e.burst_frames_mean = (double)d->count / (double)e.trains;
	if (e.trains > 1)
		e.interval_mean_ns = (double)(start_ns - d->at[0].left_ns) / (double)(e.trains - 1);
	e.rate_bps = held_rate(d, frame_bytes);
	return e;
}

uint64_t departures_within(const struct departures *d, uint64_t from_ns, uint64_t until_ns)
{
	uint64_t count = 0;

	for (size_t i = 0; i < d->count; i++)
		count += d->at[i].left_ns >= from_ns && d->at[i].left_ns < until_ns;
	return count;
}
