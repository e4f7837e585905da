/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of `edgemark lab overrun`, checked as far as it can be by itself. */
#ifndef EDGEMARK_LAB_OVERRUN_ARGUMENTS_H
#define EDGEMARK_LAB_OVERRUN_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/diffserv.h"

#include "background.h"
#include "codec.h"

enum {
	OVERRUN_CALLS_MAX = 10000,
	OVERRUN_SECONDS_MAX = 86400,
	OVERRUN_POINTS_MAX = 100000, /* of the report's curves */
	OVERRUN_RUNS_MAX = 7,	     /* every value of exceed */
};

struct overrun_arguments {
	/* texts as given; NULL: not given */
	const char *contract, *cir_kbps, *burst_ms, *burst_bytes, *account, *link_kbps;
	const char *config, *link, *report, *json, *background_spec;

	uint32_t calls, contract_calls; /* contract_calls 0: not given */
	const struct codec *codec;
	uint32_t ptime_ms;
	bool sync;
	uint32_t ppm_thousandths; /* clocks are off by up to so much */
	uint64_t jitter_ns, ramp_ns, duration_ns, interval_ns;
	uint64_t rtcp_ns; /* mean time between reports of a call; 0: none */
	struct background background;
	enum exceed exceed[OVERRUN_RUNS_MAX];
	size_t exceed_count; /* 0: as the configuration file says */
	uint64_t seed;
	bool captures;
	char *command; /* repeats the run; the caller frees */
};

/* EXIT_OK, or EXIT_USAGE with one line on stderr, or -1 where --help was all. */
int overrun_arguments_parse(int argc, char **argv, struct overrun_arguments *a);
void overrun_arguments_clear(struct overrun_arguments *a);

/* One line on stderr; returns EXIT_USAGE. */
__attribute__((format(printf, 1, 2))) int overrun_usage(const char *format, ...);

#endif
