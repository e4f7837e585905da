/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two bracketed readings, some milliseconds apart: TSC, reference, TSC. Of several tries
 * the one with the narrowest bracket is kept, so that an interrupt or a slow system call
 * between the readings costs a try and not the rate's precision.
 */
#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include <rte_cycles.h>

enum {
	READING_TRIES = 64,
	NS_PER_MS = 1000000,
	FIRST_NS = 1, /* 0 means "never" to whoever keeps a time */
};

#define NS_PER_SECOND UINT64_C(1000000000)

struct reading {
	uint64_t tsc;
	uint64_t reference_ns;
};

static uint64_t reference_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec;
}

static struct reading read_both(void)
{
	struct reading best = {0, 0};
	uint64_t narrowest = UINT64_MAX;

	for (unsigned i = 0; i < READING_TRIES; i++) {
		const uint64_t before = rte_rdtsc_precise();
		const uint64_t reference = reference_now_ns();
		const uint64_t after = rte_rdtsc_precise();

		if (after - before < narrowest) {
			narrowest = after - before;
			best.tsc = before + (after - before) / 2;
			best.reference_ns = reference;
		}
	}
	return best;
}

static void sleep_ms(unsigned ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * NS_PER_MS};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

int clock_calibrate(struct clock *c, unsigned sample_ms)
{
	const struct reading first = read_both();

	sleep_ms(sample_ms);

	const struct reading last = read_both();

	if (last.tsc <= first.tsc || last.reference_ns <= first.reference_ns)
		return -EIO;

	const uint64_t ticks = last.tsc - first.tsc;
	const uint64_t elapsed_ns = last.reference_ns - first.reference_ns;

	c->ns_per_tsc_q32 = (uint64_t)(((unsigned __int128)elapsed_ns << 32) / ticks);
	if (c->ns_per_tsc_q32 == 0)
		return -EIO;
	c->hz = (double)ticks * (double)NS_PER_SECOND / (double)elapsed_ns;
	c->tsc_start = rte_rdtsc_precise();
	return 0;
}

uint64_t clock_now_ns(const struct clock *c)
{
	const int64_t ticks = (int64_t)(rte_rdtsc() - c->tsc_start);

	/* A core whose TSC lags some ticks behind the one that calibrated. */
	if (ticks < 0)
		return FIRST_NS;
	/* The product would outgrow 64 bits after four seconds. */
	return FIRST_NS +
	       (uint64_t)(((unsigned __int128)(uint64_t)ticks * c->ns_per_tsc_q32) >> 32);
}
