/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * edgemark show: a client of the running daemon. It starts no EAL and needs no
 * configuration; -c only tells it where the socket is.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"
#include "tables.h"

enum {
	SHOW_TIMEOUT_MS = 5000,
	PATH_BYTES = 256,
	WATCH_DEFAULT_S = 1,
};

static const struct view {
	const char *name;
	void (*print)(const json_t *document, FILE *out);
	const char *help;
} views[] = {
	{"links", table_links, "received, sent, dropped and queued, per direction"},
	{"classes", table_classes, "the same per class, with the time spent in its queue"},
	{"acl", table_acl, "packets that each rule decided"},
	{"contract", table_contracts, "what the contracts admitted and dropped"},
	{"drops", table_drops, "what was dropped or odd, by reason"},
	{"calls", table_calls, "each call, the worst first: loss, gaps, jitter, MOS"},
};

enum { VIEWS = sizeof(views) / sizeof(views[0]) };

struct client_options {
	char socket[PATH_BYTES];
	bool json, watch;
	size_t worst; /* 0: all calls */
	double watch_seconds;
};

static const struct option long_options[] = {
	{"socket", required_argument, NULL, 's'},
	{"config", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, 'j'},
	{"watch", optional_argument, NULL, 'w'},
	{"help", no_argument, NULL, 'h'},
	{"worst", required_argument, NULL, 'n'},
	{NULL, 0, NULL, 0},
};

static void print_show_usage(FILE *out)
{
	fputs("usage: edgemark show VIEW [-j] [--socket PATH | -c FILE] [--worst N]\n"
	      "                          [--watch [SECONDS]]\n\n",
	      out);
	for (size_t i = 0; i < VIEWS; i++)
		fprintf(out, "  %-10s %s\n", views[i].name, views[i].help);
	fputs("\n  -j               the whole counters document, as JSON\n"
	      "  --socket PATH    the daemon's control socket (" CLIENT_SOCKET_DEFAULT ")\n"
	      "  -c FILE          the configuration that names it\n"
	      "  --worst N        of the calls only the N worst\n"
	      "  --watch [S]      again every S seconds (1), until interrupted\n",
	      out);
}

static int usage_error(const char *command, const char *what)
{
	fprintf(stderr, "edgemark: %s; see edgemark %s --help\n", what, command);
	return EXIT_USAGE;
}

static int parse_worst(const char *s, size_t *worst)
{
	unsigned long n;
	char *end;

	if (!s)
		return -EINVAL;
	n = strtoul(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end != '\0' || n == 0 || n > 1000000)
		return -EINVAL;
	*worst = n;
	return 0;
}

static int parse_seconds(const char *s, double *seconds)
{
	char *end;

	*seconds = strtod(s, &end);
	return end != s && *end == '\0' && *seconds >= 0.1 && *seconds <= 86400 ? 0 : -EINVAL;
}

/* EXIT_OK, an exit code, or -1 after --help. */
static int parse_options(int argc, char **argv, const char *command, struct client_options *o)
{
	int option;

	*o = (struct client_options){.socket = CLIENT_SOCKET_DEFAULT,
				     .watch_seconds = WATCH_DEFAULT_S};
	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:jh", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			if ((size_t)snprintf(o->socket, PATH_BYTES, "%s", optarg) >= PATH_BYTES)
				return usage_error(command, "the socket's path is too long");
			break;
		case 'c':
			if (client_socket_of_configuration(optarg, o->socket, PATH_BYTES) < 0)
				return EXIT_CONFIG;
			break;
		case 'j':
			o->json = true;
			break;
		case 'w':
			o->watch = true;
			/* "--watch 2" as well as "--watch=2". */
			if (!optarg && optind < argc && argv[optind][0] >= '0' &&
			    argv[optind][0] <= '9')
				optarg = argv[optind++];
			if (optarg && parse_seconds(optarg, &o->watch_seconds) < 0)
				return usage_error(command,
						   "--watch takes seconds, from 0.1 to 86400");
			break;
		case 'n':
			if (parse_worst(optarg, &o->worst) < 0)
				return usage_error(command,
						   "--worst takes a number, from 1 to 1000000");
			break;
		case 'h':
			return -1;
		default:
			return usage_error(command, "unknown option, or one without its value");
		}
	}
	return EXIT_OK;
}

/* They come the worst first. */
static void keep_worst(json_t *document, size_t worst)
{
	json_t *calls = json_object_get(document, "calls");

	while (worst > 0 && json_array_size(calls) > worst)
		json_array_remove(calls, json_array_size(calls) - 1);
}

static int show_once(const struct client_options *o, const struct view *view)
{
	char error[512];
	const bool calls = o->json || view->print == table_calls;
	json_t *document;

	if (client_request(o->socket, calls ? "show-calls" : "show", SHOW_TIMEOUT_MS, &document,
			   error, sizeof(error)) < 0) {
		fprintf(stderr, "edgemark: %s\n", error);
		return EXIT_RUNTIME;
	}
	keep_worst(document, o->worst);
	if (o->watch && !o->json && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	if (o->json) {
		json_dumpf(document, stdout, o->watch ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	} else {
		view->print(document, stdout);
	}
	json_decref(document);
	if (fflush(stdout) == 0)
		return EXIT_OK;
	fprintf(stderr, "edgemark: can't write: %s\n", strerror(errno));
	return EXIT_RUNTIME;
}

static void wait_seconds(double seconds)
{
	const struct timespec t = {.tv_sec = (time_t)seconds,
				   .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}

static const struct view *find_view(const char *name)
{
	for (size_t i = 0; i < VIEWS; i++)
		if (strcmp(name, views[i].name) == 0)
			return &views[i];
	return NULL;
}

int command_show(int argc, char **argv)
{
	struct client_options o;
	const struct view *view;
	int ret = parse_options(argc, argv, "show", &o);

	if (ret == -1)
		print_show_usage(stdout);
	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	if (optind == argc && o.json) /* the document is the same in every view */
		view = &views[0];
	else if (optind + 1 != argc)
		return usage_error("show",
				   "name one of links, classes, acl, contract, drops, calls");
	else
		view = find_view(argv[optind]);
	if (!view)
		return usage_error("show", "there is no such view: name links, classes, acl, "
					   "contract, drops or calls");
	ret = show_once(&o, view);
	while (ret == EXIT_OK && o.watch) {
		wait_seconds(o.watch_seconds);
		ret = show_once(&o, view);
	}
	return ret;
}
