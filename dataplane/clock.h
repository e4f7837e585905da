/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's clock: the TSC, converted to nanoseconds by a rate that was measured
 * against CLOCK_MONOTONIC_RAW. rte_get_tsc_hz() is not used: where the TSC's frequency
 * is guessed from CPUID it can be wrong by 0.15 %, and so would every contract.
 */
#ifndef EDGEMARK_CLOCK_H
#define EDGEMARK_CLOCK_H

#include <stdint.h>

struct clock {
	uint64_t tsc_start;
	uint64_t ns_per_tsc_q32; /* nanoseconds a tick, 32.32 fixed point (rounded down) */
	double hz;
};

/* control: measures for sample_ms (50 gives about 1 ppm), then starts at 1 ns. 0 or -EIO
 * where the TSC does not advance with the reference. */
int clock_calibrate(struct clock *c, unsigned sample_ms);

/* any thread: nanoseconds since calibration; reads the TSC, no system call. */
uint64_t clock_now_ns(const struct clock *c);

#endif
