/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: a Unix stream, one JSON request per line, one JSON answer per line.
 *   {"version":1,"command":"show"}
 *   {"version":1,"ok":true,"result":{…}}   or   {"version":1,"ok":false,"error":"…"}
 * Peers are checked by their credentials. Nothing a client does, or fails to do, holds up
 * the caller: sizes, numbers and idle times are bounded. Thread: control; never blocks.
 */
#ifndef EDGEMARK_SOCKET_H
#define EDGEMARK_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

enum {
	SOCKET_VERSION = 1,
	SOCKET_CLIENTS_MAX = 128,
	SOCKET_REQUEST_MAX = 65536, /* bytes, end of line included */
	SOCKET_IDLE_MS = 30000,	    /* without a request, or without taking its answer */
};

struct socket_server;

/* Handles a command by socket_answer(), now or later, once for each call. */
typedef void (*socket_command)(void *context, uint64_t client, const char *command,
			       const json_t *request);

/* Makes the directory (0755) and the socket (0660). A stale file is replaced if nobody
 * answers there. 0, or -EADDRINUSE: another process answers; -ENAMETOOLONG; -EEXIST: the
 * path is no socket; another negative errno. */
int socket_open(const char *path, socket_command command, void *context,
		struct socket_server **server);
/* Removes the file. NULL is allowed. */
void socket_close(struct socket_server *s);

/* Readable when socket_serve() has something to do. */
int socket_fd(const struct socket_server *s);
void socket_serve(struct socket_server *s, uint64_t now_ms);

/* To be called about once a second: closes idle clients. */
void socket_tick(struct socket_server *s, uint64_t now_ms);

/* Takes result over. A client that has gone is passed over. */
void socket_answer(struct socket_server *s, uint64_t client, json_t *result);
void socket_refuse(struct socket_server *s, uint64_t client, const char *error);
/* The same with a word for programs, as "reason" beside "error". */
void socket_refuse_for(struct socket_server *s, uint64_t client, const char *reason,
		       const char *error);

/* Who asks, by its credentials at the time it connected. False: it has gone. */
bool socket_peer(struct socket_server *s, uint64_t client, uint32_t *uid, int32_t *pid);

/* In a socket_command: the descriptor that came with the request (SCM_RIGHTS), or -1. It is
 * the caller's from now on; one that nobody takes is closed. */
int socket_take_fd(struct socket_server *s, uint64_t client);

#endif
