/* SPDX-License-Identifier: BSD-3-Clause */
/* What the control socket is asked about figures: show, show-calls, policy, clear. */
#ifndef EDGEMARK_ANSWERS_H
#define EDGEMARK_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct forwarding;
struct socket_server;

/* pending: what reload --confirm waits for, of the document; taken over. False: the command is none
 * of these, and nobody has been answered. Thread: control. */
bool answer_figures(struct forwarding *f, struct socket_server *s, uint64_t client,
		    const char *command, const json_t *request, json_t *pending);

#endif
