/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of the clients of the running daemon: show, top, clear, reload. */
#ifndef EDGEMARK_CLIENT_OPTIONS_H
#define EDGEMARK_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "client.h"

enum { CLIENT_PATH_BYTES = 256, CLIENT_TIMEOUT_MS = 5000 };

struct client_options {
	char socket[CLIENT_PATH_BYTES];
	bool json, watch, since_start;
	size_t worst; /* 0: all calls */
	size_t count; /* 0: until interrupted */
	double watch_seconds;
};

/* EXIT_OK, an exit code after a line on stderr, or -1 where --help is asked for. */
int client_options_parse(int argc, char **argv, const char *command, struct client_options *o);

/* One line, and EXIT_USAGE. */
int client_usage_error(const char *command, const char *what);

void client_wait(double seconds);

#endif
