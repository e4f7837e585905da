/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binding is ours, so that a failure has its errno; the rest is libmicrohttpd's. Answers
 * are made whole in memory, and a slow reader only holds its own.
 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "metrics_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "metrics.h"
#include "published.h"

enum {
	CONNECTION_MEMORY = 16384,
	BACKLOG = 64,
};

struct metrics_server {
	struct MHD_Daemon *daemon;
};

/* --- answers ----------------------------------------------------------------------------- */

/* Takes text over. */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
			      char *text, size_t size)
{
	struct MHD_Response *r =
		text ? MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE) : NULL;
	enum MHD_Result result;

	if (!r) {
		free(text);
		return MHD_NO; /* no memory: hang up */
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *line)
{
	return answer(c, status, "text/plain; charset=utf-8", strdup(line), strlen(line));
}

static enum MHD_Result answer_metrics(struct MHD_Connection *c)
{
	json_t *figures = published_get();
	size_t size = 0;
	char *text;

	if (!figures)
		return say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "no figures yet\n");
	text = metrics_text(figures, &size);
	json_decref(figures);
	return answer(c, MHD_HTTP_OK, METRICS_CONTENT_TYPE, text, size);
}

static double unix_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Why the daemon is ill, or NULL. */
static const char *illness(const json_t *figures)
{
	const double now = unix_seconds();
	const json_t *worker;
	size_t i;

	if (!figures)
		return "no figures yet\n";
	if (now - json_real_value(json_object_get(figures, "time")) > HEALTH_AGE_MAX_S)
		return "the control thread has made no figures for 10 s\n";
	json_array_foreach(json_object_get(figures, "heartbeat"), i, worker)
	{
		if (now - json_real_value(json_object_get(worker, "last_turn")) > HEALTH_AGE_MAX_S)
			return "a worker has not turned for 10 s\n";
	}
	return NULL;
}

static enum MHD_Result answer_health(struct MHD_Connection *c)
{
	json_t *figures = published_get();
	const char *why = illness(figures);

	json_decref(figures);
	return why ? say(c, MHD_HTTP_SERVICE_UNAVAILABLE, why) : say(c, MHD_HTTP_OK, "ok\n");
}

/* Called first with the headers, then without a body once more: *seen tells which. */
static enum MHD_Result handle(void *context, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **seen)
{
	(void)context;
	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return *seen || *upload_size ? MHD_NO
					     : say(c, MHD_HTTP_METHOD_NOT_ALLOWED,
						   "only GET and HEAD are answered\n");
	if (!*seen) {
		*seen = c;
		return MHD_YES;
	}
	if (*upload_size)
		return MHD_NO;
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(c);
	if (strcmp(url, "/healthz") == 0)
		return answer_health(c);
	if (strcmp(url, "/") == 0)
		return say(c, MHD_HTTP_OK, "edgemark: see /metrics and /healthz\n");
	return say(c, MHD_HTTP_NOT_FOUND, "there are /metrics and /healthz\n");
}

/* --- start ---------------------------------------------------------------------------------- */

static int parse_endpoint(const char *endpoint, struct sockaddr_storage *address, socklen_t *size)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	const char *colon = strrchr(endpoint, ':');
	const int brackets = endpoint[0] == '[';
	char host[64];
	uint16_t port;

	if (!colon)
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - endpoint) - 2 * brackets,
		 endpoint + brackets);
	port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	memset(address, 0, sizeof(*address));
	*size = brackets ? sizeof(*six) : sizeof(*four);
	if (brackets) {
		six->sin6_family = AF_INET6;
		six->sin6_port = port;
		return inet_pton(AF_INET6, host, &six->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	four->sin_family = AF_INET;
	four->sin_port = port;
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 ? 0 : -EINVAL;
}

static int listen_at(const char *endpoint)
{
	struct sockaddr_storage address;
	const int on = 1;
	socklen_t size;
	int fd, ret = parse_endpoint(endpoint, &address, &size);

	if (ret < 0)
		return ret;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, size) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/* libmicrohttpd's own words, of peers that hang up, are of no use to anybody. */
static void say_nothing(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

int metrics_server_open(const char *endpoint, struct metrics_server **server)
{
	struct metrics_server *s = calloc(1, sizeof(*s));
	int fd;

	if (!s)
		return -ENOMEM;
	fd = listen_at(endpoint);
	if (fd < 0) {
		free(s);
		return fd;
	}
	s->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, NULL,
		MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)METRICS_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
	if (!s->daemon) {
		close(fd);
		free(s);
		return -EMFILE;
	}
	*server = s;
	return 0;
}

void metrics_server_close(struct metrics_server *s)
{
	if (!s)
		return;
	MHD_stop_daemon(s->daemon);
	free(s);
}
