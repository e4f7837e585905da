/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking the running daemon over its control socket. No EAL, blocks for a bounded time. */
#ifndef EDGEMARK_CLIENT_H
#define EDGEMARK_CLIENT_H

#include <stddef.h>

#include <jansson.h>

#define CLIENT_SOCKET_DEFAULT "/run/edgemark/control.sock"

/* The result, a new reference. Else negative errno and a line for the user with the
 * remedy in error: -ECONNREFUSED nobody answers there, -EACCES not allowed, -ETIMEDOUT,
 * -EPROTO no answer of ours, -EREMOTEIO the daemon refused, -EBUSY it refused for now. */
int client_request(const char *path, const char *command, unsigned timeout_ms, json_t **result,
		   char *error, size_t error_size);

/* The same of a request that has more than its command; takes request over. */
int client_ask(const char *path, json_t *request, unsigned timeout_ms, json_t **result, char *error,
	       size_t error_size);

/* control.socket of a configuration. 0, or -EINVAL after lines on stderr. */
int client_socket_of_configuration(const char *file, char *path, size_t size);

/* The same in two steps, for an answer that comes at its own time. Sends request, a
 * descriptor of ours beside it, and returns the connection, or negative errno. */
int client_send_fd(const char *path, const json_t *request, int fd, char *error, size_t error_size);

/* Waits for the answer and closes the connection. */
int client_answer(int connection, const char *path, unsigned timeout_ms, json_t **result,
		  char *error, size_t error_size);

#endif
