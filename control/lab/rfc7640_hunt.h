/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The burst hunt of RFC 7640 section 5.1.1: the largest single burst that passes without
 * loss, the burst size achieved (BSA), to the frame. Thread: any.
 */
#ifndef EDGEMARK_LAB_RFC7640_HUNT_H
#define EDGEMARK_LAB_RFC7640_HUNT_H

#include <stdbool.h>
#include <stdint.h>

/* Sends one burst into a device at rest. 0 with *lossless, or negative errno. */
typedef int (*hunt_probe)(void *context, uint64_t frames, bool *lossless);

struct hunt {
	uint64_t target_frames; /* what the configuration promises */
	uint64_t step_frames;	/* 1 KB, or a frame where that is longer */
	uint64_t most_frames;	/* where no loss is found up to here, the device has no limit */
};

struct hunt_result {
	uint64_t achieved_frames;
	uint64_t bursts; /* that it took */
	bool limited;	 /* one frame more was lost */
};

/* The target first. If it passes, steps upwards until loss shows that the limit is real;
 * else steps up from one frame. Then frame by frame within the last step. 0, or what the
 * probe failed with. */
int hunt_run(const struct hunt *h, hunt_probe probe, void *context, struct hunt_result *out);

#endif
