/* SPDX-License-Identifier: BSD-3-Clause */
/* What callgen does; each prints its errors and returns the exit code. */
#ifndef CALLGEN_H
#define CALLGEN_H

#include <stdio.h>

#include "mix.h"

struct receive_options {
	const char *ports; /* "3478-3481,9000" */
	double seconds;	   /* 0: until SIGTERM or SIGINT */
};

int send_mix(struct mix *m, FILE *report);
int write_capture(struct mix *m, const char *path, FILE *report);
int receive_flows(const struct receive_options *options, FILE *report);

/* The sender's side of the account: {"late_us_max": …, "flows": […]}. */
void mix_print(const struct mix *m, uint64_t late_ns_max, FILE *report);

#endif
