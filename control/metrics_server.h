/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Prometheus endpoint: /metrics and /healthz over HTTP, on a thread of libmicrohttpd's
 * own that reads the published figures. It shares control's CPU, not a worker's. Its
 * connections are bounded in number, memory and time, so that no client holds up another
 * for long. Thread: control.
 */
#ifndef EDGEMARK_METRICS_SERVER_H
#define EDGEMARK_METRICS_SERVER_H

enum {
	METRICS_CONNECTIONS_MAX = 64,
	METRICS_TIMEOUT_S = 5, /* a connection on which nothing moves */
	HEALTH_AGE_MAX_S = 10, /* of the figures and of a worker's heartbeat */
};

struct metrics_server;

/* endpoint: "127.0.0.1:9464" or "[::1]:9464". 0 or negative errno. */
int metrics_server_open(const char *endpoint, struct metrics_server **server);
/* NULL is allowed. */
void metrics_server_close(struct metrics_server *s);

#endif
