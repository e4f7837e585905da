/* SPDX-License-Identifier: BSD-3-Clause */
/* edgemark show: views of the running daemon's counters document and of its policies. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client_options.h"
#include "commands.h"
#include "tables.h"

static const struct view {
	const char *name;
	void (*print)(const json_t *document, FILE *out);
	const char *help;
} views[] = {
	{"links", table_links, "received, sent, dropped and queued, per direction"},
	{"classes", table_classes, "the same per class, with the time spent in its queue"},
	{"acl", table_acl, "packets that each rule decided, and when it last did"},
	{"contract", table_contracts, "what the contracts admitted and dropped"},
	{"drops", table_drops, "what was dropped or odd, by reason"},
	{"calls", table_calls, "each call, the worst first: loss, gaps, jitter, MOS"},
	{"talkers", table_talkers, "who sends what does not wear its class's mark"},
	{"policy", table_policy, "what is in force, since when, and what its numbers amount to"},
	{"workers", table_workers, "how busy each worker is, and when it last turned"},
};

#define VIEW_NAMES "links, classes, acl, contract, drops, calls, talkers, policy or workers"

enum { VIEWS = sizeof(views) / sizeof(views[0]) };

static void print_usage(FILE *out)
{
	fputs("usage: edgemark show VIEW [-j] [--socket PATH | -c FILE] [--worst N]\n"
	      "                          [--watch [SECONDS]] [--since-start]\n\n",
	      out);
	for (size_t i = 0; i < VIEWS; i++)
		fprintf(out, "  %-10s %s\n", views[i].name, views[i].help);
	fputs("\n  -j               the whole counters document (policy: the policies), as JSON\n"
	      "  --socket PATH    the daemon's control socket (" CLIENT_SOCKET_DEFAULT ")\n"
	      "  -c FILE          the configuration that names it\n"
	      "  --worst N        of the calls only the N worst\n"
	      "  --watch [S]      again every S seconds (1), until interrupted or --count N times\n"
	      "  --since-start    count from the daemon's start, whatever was cleared since\n",
	      out);
}

static json_t *request_of(const struct client_options *o, const struct view *view)
{
	json_t *request;

	if (view->print == table_policy)
		return json_pack("{s:i, s:s}", "version", 1, "command", "policy");
	request = json_pack("{s:i, s:s, s:b, s:s}", "version", 1, "command", "show", "calls",
			    o->json || view->print == table_calls, "since",
			    o->since_start ? "start" : "clear");
	if (o->worst)
		json_object_set_new(request, "worst", json_integer((json_int_t)o->worst));
	return request;
}

static int show_once(const struct client_options *o, const struct view *view)
{
	char error[512];
	json_t *document;

	if (client_ask(o->socket, request_of(o, view), CLIENT_TIMEOUT_MS, &document, error,
		       sizeof(error)) < 0) {
		fprintf(stderr, "edgemark: %s\n", error);
		return EXIT_RUNTIME;
	}
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
	int ret = client_options_parse(argc, argv, "show", &o);

	if (ret == -1)
		print_usage(stdout);
	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	if (optind == argc && o.json) /* the document is the same in all but one */
		view = &views[0];
	else if (optind + 1 != argc)
		return client_usage_error("show", "name one of " VIEW_NAMES);
	else
		view = find_view(argv[optind]);
	if (!view)
		return client_usage_error("show", "there is no such view: name " VIEW_NAMES);
	ret = show_once(&o, view);
	for (size_t n = 1; ret == EXIT_OK && o.watch && n != o.count; n++) {
		client_wait(o.watch_seconds);
		ret = show_once(&o, view);
	}
	return ret;
}
