/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client is in one of three moods: it may be read (no answer is owed), it waits for its
 * answer (nothing is read), or it is being written to (nothing is read until all is gone).
 * So each has at most one request and one answer here, and a slow one holds up nobody.
 */
#define _GNU_SOURCE /* accept4, struct ucred */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 32,
	BACKLOG = 64,
	SLOT_BITS = 8,
	GROUPS_MAX = 256,
	INPUT_START = 4096,
};

_Static_assert(SOCKET_CLIENTS_MAX <= 1 << SLOT_BITS, "a client's slot is in its id");

struct client {
	int fd;	       /* -1: free */
	int passed_fd; /* came with the request at hand; -1: none */
	uint64_t id;
	uint64_t active_ms; /* last request, or progress of the answer */
	char *input;
	size_t input_size, input_used;
	char *output; /* NULL: nothing to write */
	size_t output_size, output_sent;
	bool waits; /* for socket_answer() */
	bool ends;  /* sends no more: close after the answer */
};

struct socket_server {
	int epoll_fd, listen_fd;
	bool listening; /* false: out of descriptors until the next tick */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	socket_command command;
	void *context;
	uint64_t serial, now_ms;
	struct client clients[SOCKET_CLIENTS_MAX];
};

#define LISTENER UINT64_MAX

/* --- clients --------------------------------------------------------------------------- */

static void close_passed(struct client *c)
{
	if (c->passed_fd >= 0)
		close(c->passed_fd);
	c->passed_fd = -1;
}

static void drop_client(struct client *c)
{
	close(c->fd);
	close_passed(c);
	free(c->input);
	free(c->output);
	*c = (struct client){.fd = -1, .passed_fd = -1};
}

static struct client *find_client(struct socket_server *s, uint64_t id)
{
	const uint64_t slot = id & ((1 << SLOT_BITS) - 1);
	struct client *c;

	if (slot >= SOCKET_CLIENTS_MAX)
		return NULL;
	c = &s->clients[slot];
	return c->fd >= 0 && c->id == id ? c : NULL;
}

static bool has_line(const struct client *c)
{
	return c->input_used > 0 && memchr(c->input, '\n', c->input_used);
}

/* A request that is at hand already will not make the socket readable; that it can be
 * written to brings the client's turn as well. */
static void watch(const struct socket_server *s, const struct client *c)
{
	struct epoll_event e = {.data.u64 = c->id};

	if (c->output || (!c->waits && has_line(c)))
		e.events = EPOLLOUT;
	else if (!c->waits)
		e.events = EPOLLIN;
	epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* --- answers ---------------------------------------------------------------------------- */

static void flush_output(struct socket_server *s, struct client *c)
{
	while (c->output_sent < c->output_size) {
		const ssize_t n = send(c->fd, c->output + c->output_sent,
				       c->output_size - c->output_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			drop_client(c);
		if (n < 0)
			return;
		c->output_sent += (size_t)n;
		c->active_ms = s->now_ms;
	}
	free(c->output);
	c->output = NULL;
}

/* Takes answer over. */
static void send_answer(struct socket_server *s, struct client *c, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	size_t length;

	json_decref(answer);
	c->waits = false;
	if (!text) {
		drop_client(c);
		return;
	}
	length = strlen(text);
	text[length] = '\n'; /* in the place of the terminator */
	c->output = text;
	c->output_size = length + 1;
	c->output_sent = 0;
	c->active_ms = s->now_ms;
	flush_output(s, c);
}

static json_t *refusal(const char *error)
{
	return json_pack("{s:i, s:b, s:s}", "version", SOCKET_VERSION, "ok", 0, "error", error);
}

/* --- requests --------------------------------------------------------------------------- */

static void handle_request(struct socket_server *s, struct client *c, const char *line, size_t size)
{
	json_error_t where;
	json_t *request = json_loadb(line, size, 0, &where);
	const char *command;
	char error[256];

	if (!request) {
		snprintf(error, sizeof(error), "no JSON: %s", where.text);
		send_answer(s, c, refusal(error));
		return;
	}
	command = json_string_value(json_object_get(request, "command"));
	if (json_integer_value(json_object_get(request, "version")) != SOCKET_VERSION)
		send_answer(s, c, refusal("version is not 1"));
	else if (!command)
		send_answer(s, c, refusal("command is missing"));
	else {
		c->waits = true;
		s->command(s->context, c->id, command, request);
	}
	json_decref(request);
}

/* The next request, if there is one and no answer is owed. The client may be gone then. */
static void handle_input(struct socket_server *s, struct client *c)
{
	const char *end;
	char *line;
	size_t size;

	if (c->waits || c->output || !has_line(c))
		return;
	end = memchr(c->input, '\n', c->input_used);
	size = (size_t)(end - c->input);
	line = malloc(size + 1);
	if (!line) {
		drop_client(c);
		return;
	}
	memcpy(line, c->input, size);
	c->input_used -= size + 1;
	memmove(c->input, end + 1, c->input_used);
	c->active_ms = s->now_ms;
	handle_request(s, c, line, size);
	close_passed(c);
	free(line);
}

static bool make_room(struct client *c)
{
	const size_t size = c->input_size ? 2 * c->input_size : INPUT_START;
	char *input;

	if (c->input_used < c->input_size)
		return true;
	input = realloc(c->input, size);
	if (!input)
		return false;
	c->input = input;
	c->input_size = size;
	return true;
}

/* Of several descriptors the first counts; the kernel closes what finds no room here. */
static void keep_passed(struct client *c, struct msghdr *message)
{
	const struct cmsghdr *m = CMSG_FIRSTHDR(message);

	if (!m || m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
		return;
	close_passed(c);
	memcpy(&c->passed_fd, CMSG_DATA(m), sizeof(c->passed_fd));
}

static ssize_t receive(struct client *c)
{
	/* Where alignment leaves room for two, a second one would be ours to close. */
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_LEN(sizeof(int))];
	} control;
	struct iovec at = {c->input + c->input_used, c->input_size - c->input_used};
	struct msghdr message = {
		.msg_iov = &at,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	const ssize_t n = recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC);

	if (n > 0)
		keep_passed(c, &message);
	return n;
}

static void read_input(struct socket_server *s, struct client *c)
{
	ssize_t n;

	if (!make_room(c)) {
		drop_client(c);
		return;
	}
	n = receive(c);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop_client(c);
		return;
	}
	c->input_used += (size_t)n;
	if (c->input_used >= SOCKET_REQUEST_MAX && !memchr(c->input, '\n', c->input_used)) {
		c->ends = true;
		send_answer(s, c, refusal("the request is longer than 65536 bytes"));
	}
}

static void serve_client(struct socket_server *s, struct client *c, uint32_t events)
{
	const uint64_t id = c->id;

	if (c->output)
		flush_output(s, c);
	else if (events & EPOLLIN)
		read_input(s, c);
	else if (events & (EPOLLHUP | EPOLLERR))
		drop_client(c);
	if (!find_client(s, id))
		return;
	if (!c->ends)
		handle_input(s, c);
	if (!find_client(s, id))
		return;
	if (c->ends && !c->output) {
		drop_client(c);
		return;
	}
	watch(s, c);
}

static void answer_client(struct socket_server *s, uint64_t id, json_t *answer)
{
	struct client *c = find_client(s, id);

	if (!c || !c->waits) {
		json_decref(answer);
		return;
	}
	send_answer(s, c, answer);
	if (find_client(s, id))
		watch(s, c);
}

void socket_answer(struct socket_server *s, uint64_t client, json_t *result)
{
	answer_client(
		s, client,
		json_pack("{s:i, s:b, s:o}", "version", SOCKET_VERSION, "ok", 1, "result", result));
}

void socket_refuse(struct socket_server *s, uint64_t client, const char *error)
{
	answer_client(s, client, refusal(error));
}

void socket_refuse_for(struct socket_server *s, uint64_t client, const char *reason,
		       const char *error)
{
	json_t *answer = refusal(error);

	json_object_set_new(answer, "reason", json_string(reason));
	answer_client(s, client, answer);
}

bool socket_peer(struct socket_server *s, uint64_t client, uint32_t *uid, int32_t *pid)
{
	const struct client *c = find_client(s, client);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!c || getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	*uid = peer.uid;
	*pid = peer.pid;
	return true;
}

int socket_take_fd(struct socket_server *s, uint64_t client)
{
	struct client *c = find_client(s, client);
	int fd = -1;

	if (c) {
		fd = c->passed_fd;
		c->passed_fd = -1;
	}
	return fd;
}

/* --- accepting ---------------------------------------------------------------------------- */

static bool in_own_group(int fd, const struct ucred *peer)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (peer->gid == getegid())
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
		return false;
	for (size_t i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == getegid())
			return true;
	return false;
}

static bool allowed(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || in_own_group(fd, &peer);
}

static struct client *free_client(struct socket_server *s)
{
	for (size_t i = 0; i < SOCKET_CLIENTS_MAX; i++)
		if (s->clients[i].fd < 0)
			return &s->clients[i];
	return NULL;
}

/* Says why, if the peer reads it, and hangs up. */
static void turn_away(int fd, const char *error)
{
	json_t *answer = refusal(error);
	char *text = json_dumps(answer, JSON_COMPACT);

	json_decref(answer);
	if (text && send(fd, text, strlen(text), MSG_NOSIGNAL) > 0)
		(void)send(fd, "\n", 1, MSG_NOSIGNAL);
	free(text);
	close(fd);
}

static void add_client(struct socket_server *s, int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	struct client *c = free_client(s);

	if (!allowed(fd)) {
		turn_away(fd, "only root, the daemon's user and its group may ask");
		return;
	}
	if (!c) {
		turn_away(fd, "too many clients");
		return;
	}
	c->id = (++s->serial << SLOT_BITS) | (uint64_t)(c - s->clients);
	e.data.u64 = c->id;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) != 0) {
		close(fd);
		return;
	}
	c->fd = fd;
	c->active_ms = s->now_ms;
}

static int listen_events(struct socket_server *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u64 = LISTENER};

	s->listening = events != 0;
	return epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &e);
}

static void accept_clients(struct socket_server *s)
{
	for (;;) {
		const int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			add_client(s, fd);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			listen_events(s, 0); /* until the next tick, lest the loop spins */
		if (fd < 0)
			return;
	}
}

/* --- the server ------------------------------------------------------------------------- */

void socket_serve(struct socket_server *s, uint64_t now_ms)
{
	struct epoll_event events[EVENTS_MAX];
	const int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, 0);

	s->now_ms = now_ms;
	for (int i = 0; i < n; i++) {
		struct client *c = find_client(s, events[i].data.u64);

		if (events[i].data.u64 == LISTENER)
			accept_clients(s);
		else if (c)
			serve_client(s, c, events[i].events);
	}
}

void socket_tick(struct socket_server *s, uint64_t now_ms)
{
	s->now_ms = now_ms;
	for (size_t i = 0; i < SOCKET_CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd >= 0 && !c->waits && now_ms - c->active_ms >= SOCKET_IDLE_MS)
			drop_client(c);
	}
	if (!s->listening)
		listen_events(s, EPOLLIN);
}

int socket_fd(const struct socket_server *s)
{
	return s->epoll_fd;
}

static int make_directories(const char *path)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s", path);
	for (char *slash = strchr(directory + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(directory, 0755) != 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* A socket that nobody answers is left from a process that was killed. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, ret;

	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	if (ret == 0 || errno == EAGAIN)
		ret = -EADDRINUSE;
	else
		ret = errno == ECONNREFUSED ? 0 : -errno;
	close(fd);
	if (ret == 0 && unlink(address->sun_path) != 0)
		ret = -errno;
	return ret;
}

/* The mode is set before anybody can connect. */
static int bind_and_listen(int fd, const struct sockaddr_un *address)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		return -errno;
	if (chmod(address->sun_path, 0660) == 0 && listen(fd, BACKLOG) == 0)
		return 0;

	const int ret = -errno;

	unlink(address->sun_path);
	return ret;
}

static int open_listener(struct socket_server *s)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = LISTENER};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int ret = make_directories(s->path);

	memcpy(address.sun_path, s->path, sizeof(s->path));
	if (ret == 0)
		ret = remove_stale(&address);
	if (ret < 0)
		return ret;
	s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->listen_fd < 0 || s->epoll_fd < 0)
		return -errno;
	ret = bind_and_listen(s->listen_fd, &address);
	if (ret < 0)
		return ret;
	s->listening = true;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &e) == 0)
		return 0;
	ret = -errno;
	unlink(s->path);
	return ret;
}

static void close_descriptors(struct socket_server *s)
{
	for (size_t i = 0; i < SOCKET_CLIENTS_MAX; i++)
		if (s->clients[i].fd >= 0)
			drop_client(&s->clients[i]);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
}

int socket_open(const char *path, socket_command command, void *context,
		struct socket_server **server)
{
	struct socket_server *s;
	int ret;

	if (strlen(path) >= sizeof(s->path))
		return -ENAMETOOLONG;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	strcpy(s->path, path);
	s->command = command;
	s->context = context;
	s->listen_fd = s->epoll_fd = -1;
	for (size_t i = 0; i < SOCKET_CLIENTS_MAX; i++)
		s->clients[i].fd = s->clients[i].passed_fd = -1;
	ret = open_listener(s);
	if (ret < 0) {
		close_descriptors(s);
		free(s);
		return ret;
	}
	*server = s;
	return 0;
}

void socket_close(struct socket_server *s)
{
	if (!s)
		return;
	unlink(s->path);
	close_descriptors(s);
	free(s);
}
