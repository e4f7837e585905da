/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * edgemark capture: asks the daemon for a capture of the live path, gives it one end of a
 * stream, and writes what comes out of the other into the file, with this user's rights.
 * The daemon's answer comes when the capture has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "client.h"
#include "commands.h"

enum {
	ANSWER_TIMEOUT_MS = 10000,
	COPY_BYTES = 1 << 16,
	SOCKET_PATH_BYTES = 256,
};

struct capture_options {
	const char *file;
	char socket[SOCKET_PATH_BYTES];
	json_t *request;
	bool json;
};

static void print_usage(FILE *out)
{
	fputs("usage: edgemark capture -w FILE [--link LINK] [--direction DIRECTION] [--class "
	      "CLASS]\n"
	      "                        [--drops [REASON]] [--count N] [--seconds S] [--snap "
	      "BYTES]\n"
	      "                        [-j] [--socket PATH | -c FILE]\n\n"
	      "Captures what the running daemon sends, as it leaves, marks and all, or what it "
	      "drops.\n"
	      "It ends by --count, --seconds or Ctrl-C. The packet path does not wait for the "
	      "file:\n"
	      "copies that find no room are missing, and counted.\n\n"
	      "  -w FILE           the capture, pcapng with nanoseconds; -: standard output\n"
	      "  --link LINK       only of this link\n"
	      "  --direction D     only upstream, or only downstream\n"
	      "  --class CLASS     only of this class\n"
	      "  --drops [REASON]  dropped packets instead, with the reason as their comment;\n"
	      "                    only of this reason (edgemark show drops names them)\n"
	      "  --count N         end after N packets\n"
	      "  --seconds S       end after S seconds, at most 2678400\n"
	      "  --snap BYTES      keep so much of each packet, from 14 to 16384 (16384)\n"
	      "  -j                tell what became of it as JSON\n"
	      "  --socket PATH     the daemon's control socket (" CLIENT_SOCKET_DEFAULT ")\n"
	      "  -c FILE           the configuration that names it\n\n"
	      "edgemark capture --drops -w - | tshark -r -     shows drops as they happen\n",
	      out);
}

static int usage_error(const char *what)
{
	fprintf(stderr, "edgemark: %s; see edgemark capture --help\n", what);
	return EXIT_USAGE;
}

/* --- the command line --------------------------------------------------------------------------
 */

static int set_number(json_t *request, const char *key, const char *text, double low, double high)
{
	char *end;
	const double n = strtod(text, &end);

	if (end == text || *end || !(n >= low) || n > high)
		return -EINVAL;
	return json_object_set_new(request, key, json_real(n));
}

/* "--drops red" as well as "--drops=red": nothing else of this command stands alone. */
static void set_drops(json_t *request, int argc, char **argv)
{
	const char *reason = optarg;

	if (!reason && optind < argc && argv[optind][0] != '-')
		reason = argv[optind++];
	json_object_set_new(request, "drops", json_true());
	if (reason)
		json_object_set_new(request, "reason", json_string(reason));
}

static int set_option(struct capture_options *o, int option, int argc, char **argv)
{
	switch (option) {
	case 'w':
		o->file = optarg;
		return EXIT_OK;
	case 'l':
		json_object_set_new(o->request, "link", json_string(optarg));
		return EXIT_OK;
	case 'd':
		if (strcmp(optarg, "upstream") != 0 && strcmp(optarg, "downstream") != 0)
			return usage_error("--direction takes upstream or downstream");
		json_object_set_new(o->request, "direction", json_string(optarg));
		return EXIT_OK;
	case 'k':
		json_object_set_new(o->request, "class", json_string(optarg));
		return EXIT_OK;
	case 'D':
		set_drops(o->request, argc, argv);
		return EXIT_OK;
	case 'n':
		if (strchr(optarg, '.') || set_number(o->request, "count", optarg, 1, 1e15) < 0)
			return usage_error("--count takes a number of packets, from 1");
		return EXIT_OK;
	case 't':
		if (set_number(o->request, "seconds", optarg, 0.001, 2678400) < 0)
			return usage_error("--seconds takes seconds, from 0.001 to 2678400");
		return EXIT_OK;
	case 'S':
		if (set_number(o->request, "snap", optarg, 14, 16384) < 0)
			return usage_error("--snap takes bytes, from 14 to 16384");
		return EXIT_OK;
	case 'j':
		o->json = true;
		return EXIT_OK;
	case 's':
		if ((size_t)snprintf(o->socket, sizeof(o->socket), "%s", optarg) >=
		    sizeof(o->socket))
			return usage_error("the socket's path is too long");
		return EXIT_OK;
	case 'c':
		return client_socket_of_configuration(optarg, o->socket, sizeof(o->socket)) < 0
			       ? EXIT_CONFIG
			       : EXIT_OK;
	case 'h':
		return -1;
	default:
		return usage_error("unknown option, or one without its value");
	}
}

/* EXIT_OK, an exit code, or -1 after --help. */
static int parse_options(int argc, char **argv, struct capture_options *o)
{
	static const struct option long_options[] = {
		{"link", required_argument, NULL, 'l'},
		{"direction", required_argument, NULL, 'd'},
		{"class", required_argument, NULL, 'k'},
		{"drops", optional_argument, NULL, 'D'},
		{"count", required_argument, NULL, 'n'},
		{"seconds", required_argument, NULL, 't'},
		{"snap", required_argument, NULL, 'S'},
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"config", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option, ret = EXIT_OK;

	opterr = 0;
	optind = 1;
	while (ret == EXIT_OK &&
	       (option = getopt_long(argc, argv, "w:c:jh", long_options, NULL)) != -1)
		ret = set_option(o, option, argc, argv);
	if (ret != EXIT_OK)
		return ret;
	if (optind != argc)
		return usage_error("it takes no arguments but options");
	if (!o->file)
		return usage_error("-w FILE is missing");
	if (o->json && strcmp(o->file, "-") == 0)
		return usage_error("-j and -w - both want standard output");
	return EXIT_OK;
}

/* --- the stream --------------------------------------------------------------------------------
 */

static int stream; /* ours of the two ends; for the signal handler */

/* The daemon then ends the capture as it should: a second signal ends us. */
static void end_capture(int number)
{
	(void)number;
	shutdown(stream, SHUT_WR);
}

static void catch_signals(void)
{
	const struct sigaction once = {.sa_handler = end_capture,
				       .sa_flags = (int)SA_RESETHAND | SA_RESTART};

	sigaction(SIGINT, &once, NULL);
	sigaction(SIGTERM, &once, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		const ssize_t written = write(fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

static int open_file(const char *path)
{
	if (strcmp(path, "-") == 0)
		return STDOUT_FILENO;
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

/* From the stream to the file, which is made with the first bytes: a refused capture leaves
 * it as it was. 0 at the stream's end, or negative errno of the file. */
static int copy_stream(const char *path)
{
	static char bytes[COPY_BYTES];
	int fd = -1, ret = 0;
	ssize_t n;

	while (ret == 0) {
		n = read(stream, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (fd < 0)
			fd = open_file(path);
		ret = fd < 0 ? -errno : write_all(fd, bytes, (size_t)n);
	}
	if (fd >= 0 && fd != STDOUT_FILENO && close(fd) != 0 && ret == 0)
		ret = -errno;
	return ret;
}

/* --- the command -------------------------------------------------------------------------------
 */

static void print_result(const struct capture_options *o, const json_t *result)
{
	const json_int_t missed = json_integer_value(json_object_get(result, "missed"));

	if (o->json) {
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	fprintf(stderr,
		"%" JSON_INTEGER_FORMAT " packets captured, %" JSON_INTEGER_FORMAT " missed",
		json_integer_value(json_object_get(result, "packets")), missed);
	fputs(missed > 0 ? ": the file is slower than the link: try --snap or --class\n" : "\n",
	      stderr);
}

static int capture(const struct capture_options *o, int connection)
{
	char error[512];
	json_t *result;
	const int written = copy_stream(o->file);

	close(stream); /* where the file failed the daemon ends the capture now */
	if (written < 0 && written != -EPIPE)
		fprintf(stderr, "edgemark: %s: can't be written: %s\n", o->file,
			strerror(-written));
	if (client_answer(connection, o->socket, ANSWER_TIMEOUT_MS, &result, error, sizeof(error)) <
	    0) {
		fprintf(stderr, "edgemark: %s\n", error);
		return EXIT_RUNTIME;
	}
	print_result(o, result);
	json_decref(result);
	return written < 0 && written != -EPIPE ? EXIT_RUNTIME : EXIT_OK;
}

static int start(const struct capture_options *o)
{
	int ends[2], connection;
	char error[512];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		fprintf(stderr, "edgemark: no descriptors: %s\n", strerror(errno));
		return EXIT_RUNTIME;
	}
	stream = ends[0];
	catch_signals();
	connection = client_send_fd(o->socket, o->request, ends[1], error, sizeof(error));
	close(ends[1]);
	if (connection < 0) {
		fprintf(stderr, "edgemark: %s\n", error);
		return EXIT_RUNTIME;
	}
	return capture(o, connection);
}

int command_capture(int argc, char **argv)
{
	struct capture_options o = {
		.socket = CLIENT_SOCKET_DEFAULT,
		.request = json_pack("{s:i, s:s}", "version", 1, "command", "capture"),
	};
	int ret = o.request ? parse_options(argc, argv, &o) : EXIT_RUNTIME;

	if (ret == EXIT_OK)
		ret = start(&o);
	if (ret == -1) {
		print_usage(stdout);
		ret = EXIT_OK;
	}
	json_decref(o.request);
	return ret;
}
