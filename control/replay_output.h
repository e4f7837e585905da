/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a replay leaves behind: the capture of all that was sent, and the one of all that
 * was dropped with the reasons. Also counts drops by direction, class and reason, which
 * the counters keep only by one or the other. Thread: the main lcore.
 */
#ifndef EDGEMARK_REPLAY_OUTPUT_H
#define EDGEMARK_REPLAY_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include "control/replay.h"

#include "pcapng.h"

struct replay_output {
	const struct replay *replay;
	const char *sent_path, *drops_path; /* drops_path NULL: not kept */
	void *format, *dumper;		    /* libpcap's */
	FILE *sent_stream;
	struct pcapng drops;
	uint8_t *flat; /* a segmented frame in one piece */
	int error;     /* of sent_path */
	uint64_t sent_frames;
	uint64_t dropped[DIRECTIONS][CLASS_SLOTS][DROP_REASONS];
};

/* Truncates the files. 0, or negative errno with one line on stderr. */
int replay_output_open(struct replay_output *o, const struct replay *r, const char *sent_path,
		       const char *drops_path, const char *link);

/* A replay_sent and a lane_drop_tap; context is the replay_output. */
void replay_output_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame);
void replay_output_dropped(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
			   uint8_t class_slot, uint64_t now_ns);

/* The first write error so far, or 0. */
int replay_output_error(const struct replay_output *o);

/* Closes what is open. 0, or negative errno with one line on stderr for a file that could
 * not be written whole. */
int replay_output_close(struct replay_output *o);

const char *drop_reason_name(enum drop_reason reason);

#endif
