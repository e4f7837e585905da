/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * edgemark top: a screen each second, of what happened since the one before. It outlives the
 * daemon: while nobody answers it says so over the last figures. Without a terminal the
 * frames follow one another as text.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client_options.h"
#include "commands.h"
#include "terminal.h"
#include "top_screen.h"

enum { COLUMNS_DEFAULT = 100, CALLS_ASKED = 5, ERROR_BYTES = 512, TIMEOUT_MS = 2000 };

struct top {
	struct client_options options;
	json_t *before, *now;
	char problem[ERROR_BYTES]; /* empty: none */
	bool terminal;
};

static void print_usage(FILE *out)
{
	fputs("usage: edgemark top [--socket PATH | -c FILE] [--watch SECONDS] [--count N]\n\n"
	      "Rates per class, how full the contracts are, what is dropped now and why, the "
	      "worst\n"
	      "calls, and how busy the workers are. q or Ctrl-C quits.\n\n"
	      "  --watch SECONDS  a screen each so many seconds (1)\n"
	      "  --count N        end after N screens; without a terminal they follow one "
	      "another\n",
	      out);
}

/* The figures now take the place of those before. 0, or negative errno with the reason. */
static int ask(struct top *t)
{
	json_t *request = json_pack("{s:i, s:s, s:b, s:i, s:s}", "version", 1, "command", "show",
				    "calls", 1, "worst", CALLS_ASKED, "since", "clear");
	json_t *document;
	const int ret = client_ask(t->options.socket, request, TIMEOUT_MS, &document, t->problem,
				   sizeof(t->problem));

	if (ret < 0)
		return ret;
	t->problem[0] = '\0';
	json_decref(t->before);
	t->before = t->now;
	t->now = document;
	return 0;
}

static int draw(const struct top *t)
{
	struct top_view v = {
		.before = t->before,
		.now = t->now,
		.problem = t->problem[0] ? t->problem : NULL,
		.columns = COLUMNS_DEFAULT,
		.colour = t->terminal,
	};

	if (t->terminal) {
		terminal_size(&v.columns, &v.rows);
		fputs("\033[H", stdout);
	}
	top_screen(&v, stdout);
	if (fflush(stdout) == 0)
		return EXIT_OK;
	fprintf(stderr, "edgemark: can't write: %s\n", strerror(errno));
	return EXIT_RUNTIME;
}

/* True: quit. A key or another size only draws again. */
static bool wait_for_next(const struct top *t)
{
	if (!t->terminal) {
		client_wait(t->options.watch_seconds);
		return false;
	}
	for (;;) {
		switch (terminal_wait(t->options.watch_seconds)) {
		case TERMINAL_QUIT:
			return true;
		case TERMINAL_TIMEOUT:
			return false;
		default:
			if (draw(t) != EXIT_OK)
				return true;
		}
	}
}

static int run(struct top *t)
{
	int ret = EXIT_OK;

	for (size_t shown = 0; ret == EXIT_OK && !wait_for_next(t);) {
		if (ask(t) < 0 && !t->terminal)
			return EXIT_RUNTIME;
		ret = draw(t);
		if (++shown == t->options.count)
			break;
	}
	return ret;
}

int command_top(int argc, char **argv)
{
	struct top t = {0};
	int ret = client_options_parse(argc, argv, "top", &t.options);

	if (ret == -1)
		print_usage(stdout);
	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	if (optind != argc)
		return client_usage_error("top", "it takes no arguments");
	/* Where nobody answers at the start, a line says more than a screen. */
	if (ask(&t) < 0) {
		fprintf(stderr, "edgemark: %s\n", t.problem);
		return EXIT_RUNTIME;
	}
	t.terminal = terminal_open();
	if (t.terminal)
		ret = draw(&t);
	if (ret == EXIT_OK)
		ret = run(&t);
	if (t.terminal)
		terminal_close();
	if (ret == EXIT_RUNTIME && t.problem[0])
		fprintf(stderr, "edgemark: %s\n", t.problem);
	json_decref(t.before);
	json_decref(t.now);
	return ret;
}
