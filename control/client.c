/* SPDX-License-Identifier: BSD-3-Clause */
/* One connection, one line each way. */
#define _GNU_SOURCE /* struct ucred */
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/config.h"
#include "process_state.h"

enum { READ_BYTES = 65536, SEND_TIMEOUT_MS = 5000 };

static void limit(int fd, unsigned timeout_ms)
{
	const struct timeval timeout = {.tv_sec = timeout_ms / 1000,
					.tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static int connect_to(const char *path, unsigned timeout_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	limit(fd, timeout_ms);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		const int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

static int send_request(int fd, json_t *request)
{
	char *line;
	size_t length;
	int ret = 0;

	json_object_set_new(request, "version", json_integer(1));
	line = json_dumps(request, JSON_COMPACT);
	if (!line)
		return -ENOMEM;
	length = strlen(line);
	line[length++] = '\n'; /* in the place of the terminator */
	/* So short a line is taken whole. A server that turned us away said why already. */
	if (send(fd, line, length, MSG_NOSIGNAL) != (ssize_t)length && errno != EPIPE)
		ret = -errno;
	free(line);
	return ret;
}

/* Up to the end of the line, which is replaced by a terminator. */
static int receive_line(int fd, char **line)
{
	size_t used = 0, size = 0;
	char *text = NULL, *end = NULL;

	while (!end) {
		char *grown = text;
		ssize_t n;

		if (size - used < READ_BYTES)
			grown = realloc(text, size += READ_BYTES + size);
		if (!grown)
			break;
		text = grown;
		n = recv(fd, text + used, size - used, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			const int ret = n == 0 ? -EPROTO : -errno;

			free(text);
			return ret == -EAGAIN ? -ETIMEDOUT : ret;
		}
		end = memchr(text + used, '\n', (size_t)n);
		used += (size_t)n;
	}
	if (!end) {
		free(text);
		return -ENOMEM;
	}
	*end = '\0';
	*line = text;
	return 0;
}

static int read_answer(int fd, json_t **result, char *error, size_t error_size)
{
	const char *refused, *reason;
	json_t *answer;
	char *line = NULL;
	int ret = receive_line(fd, &line);

	if (ret < 0)
		return ret;
	answer = json_loads(line, 0, NULL);
	free(line);
	*result = json_incref(json_object_get(answer, "result"));
	refused = json_string_value(json_object_get(answer, "error"));
	reason = json_string_value(json_object_get(answer, "reason"));
	if (!*result && refused)
		snprintf(error, error_size, "%s", refused);
	if (!*result)
		ret = refused ? -EREMOTEIO : -EPROTO;
	if (!*result && refused && reason && strcmp(reason, "busy") == 0)
		ret = -EBUSY;
	json_decref(answer);
	return ret;
}

static void explain(int err, const char *path, char *error, size_t error_size)
{
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		snprintf(
			error, error_size,
			"no daemon answers on %s: start one with edgemark run -c FILE, or name its "
			"socket with --socket PATH or -c FILE",
			path);
		break;
	case -EACCES:
	case -EPERM:
		snprintf(error, error_size,
			 "%s: permission denied: ask as root or as the daemon's user", path);
		break;
	case -EPROTO:
		snprintf(error, error_size, "%s: no answer of edgemark's: is it another program's?",
			 path);
		break;
	case -EREMOTEIO: /* said by the daemon */
	case -EBUSY:
		break;
	default:
		snprintf(error, error_size, "%s: %s", path, strerror(-err));
	}
}

/* Who listens there; 0: not known. */
static pid_t peer_of(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

/* The workers need the control thread for nothing but a change. */
static void explain_silence(pid_t daemon, const char *path, char *error, size_t error_size)
{
	struct process_state state;

	if (process_look(daemon, &state) < 0)
		snprintf(error, error_size, "%s: the daemon does not answer in time: try again",
			 path);
	else if (state.stopped)
		snprintf(error, error_size,
			 "%s: the daemon, process %d, is stopped and forwards nothing: kill -CONT "
			 "%d",
			 path, (int)daemon, (int)daemon);
	else
		snprintf(error, error_size,
			 "%s: the control thread of process %d does not answer; %u of its threads "
			 "work on%s: try again, or restart it",
			 path, (int)daemon, state.busy_threads,
			 state.busy_threads ? ", so that packets are still forwarded" : "");
}

int client_request(const char *path, const char *command, unsigned timeout_ms, json_t **result,
		   char *error, size_t error_size)
{
	return client_ask(path, json_pack("{s:s}", "command", command), timeout_ms, result, error,
			  error_size);
}

int client_ask(const char *path, json_t *request, unsigned timeout_ms, json_t **result, char *error,
	       size_t error_size)
{
	const int fd = connect_to(path, timeout_ms);
	int ret = fd < 0 ? fd : send_request(fd, request);
	pid_t daemon = 0;

	*result = NULL;
	if (ret == 0)
		ret = read_answer(fd, result, error, error_size);
	json_decref(request);
	if (fd >= 0) {
		daemon = peer_of(fd);
		close(fd);
	}
	if (ret == -ETIMEDOUT)
		explain_silence(daemon, path, error, error_size);
	else if (ret < 0)
		explain(ret, path, error, error_size);
	return ret == -ENOENT ? -ECONNREFUSED : ret;
}

int client_socket_of_configuration(const char *file, char *path, size_t size)
{
	struct config_report report = {0};
	struct config *c = config_load(file, &report);
	int ret = 0;

	if (!c) {
		config_report_print(&report, stderr);
		ret = -EINVAL;
	} else if ((size_t)snprintf(path, size, "%s", c->control.socket) >= size) {
		fprintf(stderr, "edgemark: control.socket is longer than %zu bytes\n", size);
		ret = -EINVAL;
	}
	config_free(c);
	config_report_clear(&report);
	return ret;
}

/* As send_request(): so short a line is taken whole. */
static int send_with_fd(int connection, char *line, int fd)
{
	const size_t length = strlen(line);
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {line, length};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *m = CMSG_FIRSTHDR(&message);

	line[length] = '\n'; /* in the place of the terminator */
	part.iov_len++;
	m->cmsg_level = SOL_SOCKET;
	m->cmsg_type = SCM_RIGHTS;
	m->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(m), &fd, sizeof(fd));
	if (sendmsg(connection, &message, MSG_NOSIGNAL) != (ssize_t)part.iov_len && errno != EPIPE)
		return -errno;
	return 0;
}

int client_send_fd(const char *path, const json_t *request, int fd, char *error, size_t error_size)
{
	char *line = json_dumps(request, JSON_COMPACT);
	const int connection = line ? connect_to(path, SEND_TIMEOUT_MS) : -ENOMEM;
	int ret = connection < 0 ? connection : send_with_fd(connection, line, fd);

	free(line);
	if (ret == 0)
		return connection;
	if (connection >= 0)
		close(connection);
	explain(ret, path, error, error_size);
	return ret;
}

int client_answer(int connection, const char *path, unsigned timeout_ms, json_t **result,
		  char *error, size_t error_size)
{
	int ret;

	*result = NULL;
	limit(connection, timeout_ms);
	ret = read_answer(connection, result, error, error_size);
	close(connection);
	if (ret < 0)
		explain(ret, path, error, error_size);
	return ret;
}
