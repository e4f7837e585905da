/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket's server on a socket in a directory of its own, with the test's
 * clock; clients are plain sockets, that behave and misbehave.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"
#include "socket.h"

enum {
	BIG_BYTES = 4 << 20,
	TURNS = 20,
	LINE_BYTES = 512,
};

#define SHOW "{\"version\":1,\"command\":\"echo\"}\n"

struct rig {
	char directory[64], path[96];
	struct socket_server *server;
	uint64_t now_ms;
	unsigned handled;
	uint64_t deferred; /* the client that asked for "later" */
	bool stop;	   /* the test's thread: wo; the serving thread: ro */
};

static void handle(void *rig, uint64_t client, const char *command, const json_t *request)
{
	struct rig *r = rig;
	char *big;

	(void)request;
	r->handled++;
	if (strcmp(command, "later") == 0) {
		r->deferred = client;
	} else if (strcmp(command, "big") == 0) {
		big = malloc(BIG_BYTES + 1);
		memset(big, 'x', BIG_BYTES);
		big[BIG_BYTES] = '\0';
		socket_answer(r->server, client, json_string(big));
		free(big);
	} else if (strcmp(command, "echo") == 0) {
		socket_answer(r->server, client, json_integer(42));
	} else {
		socket_refuse(r->server, client, "there is no such command");
	}
}

static int set_up(void **state)
{
	static struct rig r;

	memset(&r, 0, sizeof(r));
	strcpy(r.directory, "/tmp/edgemark-test-XXXXXX");
	assert_non_null(mkdtemp(r.directory));
	snprintf(r.path, sizeof(r.path), "%s/run/control.sock", r.directory);
	assert_int_equal(socket_open(r.path, handle, &r, &r.server), 0);
	*state = &r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;
	char directory[96];

	socket_close(r->server);
	assert_int_equal(access(r->path, F_OK), -1);
	snprintf(directory, sizeof(directory), "%s/run", r->directory);
	assert_int_equal(rmdir(directory), 0);
	return rmdir(r->directory);
}

static void serve(struct rig *r)
{
	for (int i = 0; i < TURNS; i++)
		socket_serve(r->server, r->now_ms);
}

static int dial(const struct rig *r)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, r->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What the server has sent so far; "" for nothing yet, "closed" if it hung up. */
static const char *hear(int fd)
{
	static char line[LINE_BYTES];
	const ssize_t n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return n == 0 ? "closed" : "";
	line[n] = '\0';
	return line;
}

#define ANSWER	     "{\"version\":1,\"ok\":true,\"result\":42}\n"
#define is(fd, text) assert_string_equal(hear(fd), text)

static void assert_refused(int fd, const char *why)
{
	char expected[LINE_BYTES];

	snprintf(expected, sizeof(expected), "{\"version\":1,\"ok\":false,\"error\":\"%s\"}\n",
		 why);
	is(fd, expected);
}

/* --- the tests ------------------------------------------------------------------------ */

static void a_request_is_answered(void **state)
{
	struct rig *r = *state;
	const int fd = dial(r);

	say(fd, SHOW);
	serve(r);
	is(fd, ANSWER);
	say(fd, SHOW);
	serve(r);
	is(fd, ANSWER);
	close(fd);
}

static void half_a_request_waits_for_the_other_half(void **state)
{
	struct rig *r = *state;
	const int slow = dial(r), other = dial(r);

	say(slow, "{\"version\":1,\"comm");
	say(other, SHOW);
	serve(r);
	is(slow, "");
	is(other, ANSWER);
	say(slow, "and\":\"echo\"}");
	serve(r);
	is(slow, "");
	say(slow, "\n");
	serve(r);
	is(slow, ANSWER);
	close(slow);
	close(other);
}

static void several_requests_at_once_are_answered_in_turn(void **state)
{
	struct rig *r = *state;
	const int fd = dial(r);

	say(fd, SHOW SHOW "{\"version\":1,\"command\":\"nonsense\"}\n");
	serve(r);
	is(fd,
	   ANSWER ANSWER "{\"version\":1,\"ok\":false,\"error\":\"there is no such command\"}\n");
	assert_int_equal(r->handled, 3);
	close(fd);
}

static void garbage_is_refused_and_harms_nobody(void **state)
{
	struct rig *r = *state;
	const int fd = dial(r);

	say(fd, "GET / HTTP/1.1\n");
	serve(r);
	assert_non_null(strstr(hear(fd), "no JSON"));
	assert_int_equal(send(fd, "\0\xff\x80\n", 4, 0), 4);
	serve(r);
	assert_non_null(strstr(hear(fd), "no JSON"));
	say(fd, "[]\n");
	serve(r);
	assert_refused(fd, "version is not 1");
	say(fd, "{\"version\":2,\"command\":\"echo\"}\n");
	serve(r);
	assert_refused(fd, "version is not 1");
	say(fd, "{\"version\":1,\"command\":7}\n");
	serve(r);
	assert_refused(fd, "command is missing");
	assert_int_equal(r->handled, 0);
	say(fd, SHOW);
	serve(r);
	is(fd, ANSWER);
	close(fd);
}

static void a_request_without_end_is_cut_off(void **state)
{
	struct rig *r = *state;
	const int fd = dial(r);
	char chunk[4096];
	ssize_t n = 1;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	memset(chunk, ' ', sizeof(chunk));
	for (int i = 0; i < 100 && n > 0; i++) {
		n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
		serve(r);
	}
	assert_true(n < 0); /* hung up before all 400 KiB were sent */
	assert_refused(fd, "the request is longer than 65536 bytes");
	close(fd);
}

static void a_hundred_clients_are_served(void **state)
{
	struct rig *r = *state;
	int fd[100];

	for (int i = 0; i < 100; i++) {
		fd[i] = dial(r);
		serve(r);
	}
	for (int i = 0; i < 100; i++)
		say(fd[i], SHOW);
	serve(r);
	for (int i = 0; i < 100; i++) {
		is(fd[i], ANSWER);
		close(fd[i]);
	}
	assert_int_equal(r->handled, 100);
}

static void more_clients_than_there_is_room_for_are_turned_away(void **state)
{
	struct rig *r = *state;
	int fd[SOCKET_CLIENTS_MAX], one_more;

	for (int i = 0; i < SOCKET_CLIENTS_MAX; i++) {
		fd[i] = dial(r);
		serve(r);
	}
	one_more = dial(r);
	serve(r);
	assert_non_null(strstr(hear(one_more), "too many clients"));
	is(one_more, "closed");
	close(one_more);
	close(fd[0]);
	serve(r);
	fd[0] = dial(r);
	say(fd[0], SHOW);
	serve(r);
	is(fd[0], ANSWER);
	for (int i = 0; i < SOCKET_CLIENTS_MAX; i++)
		close(fd[i]);
}

static void idle_clients_are_closed(void **state)
{
	struct rig *r = *state;
	const int idle = dial(r), dribbling = dial(r), busy = dial(r);

	serve(r);
	say(dribbling, "{");
	r->now_ms += SOCKET_IDLE_MS - 1;
	socket_tick(r->server, r->now_ms);
	say(busy, SHOW);
	say(dribbling, "\"version\"");
	serve(r);
	is(busy, ANSWER);
	is(idle, "");
	r->now_ms += 1;
	socket_tick(r->server, r->now_ms);
	is(idle, "closed");
	is(dribbling, "closed");
	is(busy, "");
	close(idle);
	close(dribbling);
	close(busy);
}

static void a_slow_reader_holds_up_nobody(void **state)
{
	struct rig *r = *state;
	const int slow = dial(r), other = dial(r);
	char chunk[65536];
	size_t total = 0;
	ssize_t n;

	say(slow, "{\"version\":1,\"command\":\"big\"}\n");
	serve(r);
	say(other, SHOW);
	serve(r);
	is(other, ANSWER);
	for (int i = 0; i < 1000 && total < BIG_BYTES; i++) {
		while ((n = recv(slow, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
			total += (size_t)n;
		serve(r);
	}
	assert_int_equal(total,
			 BIG_BYTES + strlen("{\"version\":1,\"ok\":true,\"result\":\"\"}\n"));
	close(slow);
	close(other);
}

static void a_reader_that_stopped_is_closed(void **state)
{
	struct rig *r = *state;
	const int fd = dial(r);
	char chunk[65536];
	ssize_t n;

	say(fd, "{\"version\":1,\"command\":\"big\"}\n");
	serve(r);
	r->now_ms += SOCKET_IDLE_MS;
	socket_tick(r->server, r->now_ms);
	while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0)
		;
	assert_int_equal(n, 0);
	close(fd);
}

static void one_who_hangs_up_unserved_makes_room(void **state)
{
	struct rig *r = *state;
	int fd[SOCKET_CLIENTS_MAX];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < SOCKET_CLIENTS_MAX; i++) {
			fd[i] = dial(r);
			say(fd[i], "{\"version\":1,\"command\":\"big\"}\n");
			serve(r);
		}
		for (int i = 0; i < SOCKET_CLIENTS_MAX; i++)
			close(fd[i]);
		serve(r);
	}
	assert_int_equal(r->handled, 2 * SOCKET_CLIENTS_MAX);
}

static void an_answer_may_come_later(void **state)
{
	struct rig *r = *state;
	const int fd = dial(r);

	say(fd, "{\"version\":1,\"command\":\"later\"}\n" SHOW);
	serve(r);
	is(fd, "");
	r->now_ms += 10 * SOCKET_IDLE_MS;
	socket_tick(r->server, r->now_ms);
	serve(r);
	is(fd, "");
	assert_int_equal(r->handled, 1); /* the next one waits for its turn */
	socket_answer(r->server, r->deferred, json_integer(42));
	is(fd, ANSWER);
	serve(r);
	is(fd, ANSWER);
	close(fd);
}

static void an_answer_to_one_who_left_goes_nowhere(void **state)
{
	struct rig *r = *state;
	uint64_t gone;
	int fd = dial(r);

	say(fd, "{\"version\":1,\"command\":\"later\"}\n");
	serve(r);
	gone = r->deferred;
	close(fd);
	serve(r);
	fd = dial(r); /* takes the place of the one who left, and waits as well */
	say(fd, "{\"version\":1,\"command\":\"later\"}\n");
	serve(r);
	assert_int_equal(r->handled, 2);
	socket_answer(r->server, gone, json_integer(41));
	serve(r);
	is(fd, "");
	socket_answer(r->server, r->deferred, json_integer(42));
	is(fd, ANSWER);
	close(fd);
}

/* A whole line each time: one answer, whatever the byte became; then a good one. */
static void garbage_at_every_byte_gets_one_answer(void **state)
{
	static const unsigned char values[] = {0, 1, '"', '}', '[', 'x', 0x80, 0xff};
	struct rig *r = *state;
	const int fd = dial(r), other = dial(r);

	for (size_t at = 0; at < strlen(SHOW) - 1; at++)
		for (size_t k = 0; k < sizeof(values); k++) {
			char line[] = SHOW;
			const char *answer;

			line[at] = (char)values[k];
			assert_int_equal(send(fd, line, strlen(SHOW), MSG_NOSIGNAL), strlen(SHOW));
			serve(r);
			answer = hear(fd);
			assert_int_equal(strncmp(answer, "{\"version\":1,\"ok\":", 18), 0);
			assert_ptr_equal(strchr(answer, '\n'), answer + strlen(answer) - 1);
			say(other, SHOW);
			serve(r);
			is(other, ANSWER);
		}
	close(fd);
	close(other);
}

static void a_client_may_leave_at_every_byte(void **state)
{
	struct rig *r = *state;
	const int other = dial(r);
	unsigned handled;

	for (size_t n = 0; n < strlen(SHOW); n++) {
		const int fd = dial(r);

		assert_int_equal(send(fd, SHOW, n, MSG_NOSIGNAL), n);
		serve(r);
		close(fd);
		serve(r);
	}
	handled = r->handled;
	assert_int_equal(handled, 0);
	say(other, SHOW);
	serve(r);
	is(other, ANSWER);
	close(other);
}

/* In the middle of an answer that no socket's buffer holds. */
static void a_client_may_leave_while_it_is_answered(void **state)
{
	struct rig *r = *state;
	const int other = dial(r);
	char chunk[4096];

	for (int chunks = 0; chunks < 100; chunks += 7) {
		const int fd = dial(r);

		say(fd, "{\"version\":1,\"command\":\"big\"}\n");
		serve(r);
		for (int i = 0; i < chunks; i++, serve(r))
			assert_true(recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT) > 0);
		close(fd);
		serve(r);
		say(other, SHOW);
		serve(r);
		is(other, ANSWER);
	}
	close(other);
}

/* As long as a request may be; and as deep as a parser might be made to recurse. */
static void long_and_deep_requests_are_bounded(void **state)
{
	static char line[SOCKET_REQUEST_MAX + 1];
	struct rig *r = *state;
	const int fd = dial(r);
	size_t sent = 0;

	memset(line, ' ', sizeof(line));
	memcpy(line, SHOW, strlen(SHOW) - 1);
	line[SOCKET_REQUEST_MAX - 1] = '\n';
	while (sent < SOCKET_REQUEST_MAX) {
		const ssize_t n = send(fd, line + sent, SOCKET_REQUEST_MAX - sent, MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		serve(r);
	}
	is(fd, ANSWER);
	memset(line, '[', sizeof(line));
	line[SOCKET_REQUEST_MAX - 1] = '\n';
	for (sent = 0; sent < SOCKET_REQUEST_MAX;) {
		const ssize_t n = send(fd, line + sent, SOCKET_REQUEST_MAX - sent, MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		serve(r);
	}
	assert_non_null(strstr(hear(fd), "no JSON"));
	close(fd);
}

static void the_socket_is_for_the_group_only(void **state)
{
	struct rig *r = *state;
	struct stat st;

	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	*strrchr(r->path, '/') = '\0';
	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_mode & 07777 & ~0755u, 0);
	strcat(r->path, "/control.sock");
}

static void a_second_server_is_refused_where_one_answers(void **state)
{
	struct rig *r = *state;
	struct socket_server *second;

	assert_int_equal(socket_open(r->path, handle, r, &second), -EADDRINUSE);
	assert_int_equal(access(r->path, F_OK), 0);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void **state)
{
	struct rig *r = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct socket_server *second;
	char path[128];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path, sizeof(path), "%s/other", r->directory);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(socket_open(path, handle, r, &second), 0);
	socket_close(second);

	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(socket_open(path, handle, r, &second), -EEXIST);
	assert_int_equal(unlink(path), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	struct rig *r = *state;
	struct socket_server *second;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(socket_open(path, handle, r, &second), -ENAMETOOLONG);
}

/* --- with the client of ours ------------------------------------------------------------ */

static void *serve_thread(void *rig)
{
	struct rig *r = rig;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		socket_serve(r->server, 0);
		usleep(1000);
	}
	return NULL;
}

static void the_client_asks_and_understands(void **state)
{
	struct rig *r = *state;
	pthread_t thread;
	char error[256];
	json_t *result;

	assert_int_equal(pthread_create(&thread, NULL, serve_thread, r), 0);
	assert_int_equal(client_request(r->path, "echo", 5000, &result, error, sizeof(error)), 0);
	assert_int_equal(json_integer_value(result), 42);
	json_decref(result);
	assert_int_equal(client_request(r->path, "big", 5000, &result, error, sizeof(error)), 0);
	assert_int_equal(json_string_length(result), BIG_BYTES);
	json_decref(result);
	assert_int_equal(client_request(r->path, "what", 5000, &result, error, sizeof(error)),
			 -EREMOTEIO);
	assert_string_equal(error, "there is no such command");
	assert_null(result);
	assert_int_equal(client_request(r->path, "later", 50, &result, error, sizeof(error)),
			 -ETIMEDOUT);
	__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(
		client_request("/nonexistent/sock", "echo", 50, &result, error, sizeof(error)),
		-ECONNREFUSED);
	assert_non_null(strstr(error, "edgemark run -c FILE"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_answered),
		TEST(garbage_at_every_byte_gets_one_answer),
		TEST(a_client_may_leave_at_every_byte),
		TEST(a_client_may_leave_while_it_is_answered),
		TEST(long_and_deep_requests_are_bounded),
		TEST(half_a_request_waits_for_the_other_half),
		TEST(several_requests_at_once_are_answered_in_turn),
		TEST(garbage_is_refused_and_harms_nobody),
		TEST(a_request_without_end_is_cut_off),
		TEST(a_hundred_clients_are_served),
		TEST(more_clients_than_there_is_room_for_are_turned_away),
		TEST(idle_clients_are_closed),
		TEST(a_slow_reader_holds_up_nobody),
		TEST(a_reader_that_stopped_is_closed),
		TEST(one_who_hangs_up_unserved_makes_room),
		TEST(an_answer_may_come_later),
		TEST(an_answer_to_one_who_left_goes_nowhere),
		TEST(the_socket_is_for_the_group_only),
		TEST(a_second_server_is_refused_where_one_answers),
		TEST(a_stale_socket_is_replaced_and_a_file_is_not),
		TEST(a_path_that_is_too_long_is_refused),
		TEST(the_client_asks_and_understands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
