/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * edgemark reload and edgemark confirm: clients of the running daemon. They start no EAL and
 * need no configuration; -c only tells them where the socket is.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "client.h"
#include "commands.h"
#include "requesters.h"

enum { TIMEOUT_MS = 60000, PATH_BYTES = 256 };

struct options {
	const char *command;
	char socket[PATH_BYTES];
	bool json;
	long confirm_s; /* 0: none */
};

static void print_reload_usage(FILE *out)
{
	fputs("usage: edgemark reload [--confirm SECONDS] [-j] [--socket PATH | -c FILE]\n\n"
	      "Has the daemon load its configuration again, and waits until every worker follows\n"
	      "it. Errors leave the running policy as it is. The same as SIGHUP, with an "
	      "answer.\n\n"
	      "  --confirm S      go back to the policy before it after S seconds, 1 to 86400,\n"
	      "                   unless edgemark confirm comes; until then other reloads are\n"
	      "                   refused\n"
	      "  -j               the answer as JSON\n"
	      "  --socket PATH    the daemon's control socket (" CLIENT_SOCKET_DEFAULT ")\n"
	      "  -c FILE          the configuration that names it\n\n"
	      "The daemon loads only files that belong to root or to its own user and that nobody\n"
	      "else may write. Exit codes: 0 in force, 1 no daemon or not now, 78 bad "
	      "configuration.\n",
	      out);
}

static void print_confirm_usage(FILE *out)
{
	fputs("usage: edgemark confirm [-j] [--socket PATH | -c FILE]\n\n"
	      "Keeps the generation that edgemark reload --confirm has put in force.\n\n"
	      "  -j               the answer as JSON\n"
	      "  --socket PATH    the daemon's control socket (" CLIENT_SOCKET_DEFAULT ")\n"
	      "  -c FILE          the configuration that names it\n",
	      out);
}

static int usage_error(const struct options *o, const char *what)
{
	fprintf(stderr, "edgemark: %s; see edgemark %s --help\n", what, o->command);
	return EXIT_USAGE;
}

static bool parse_confirm(const char *text, long *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtol(text, &end, 10);
	return end != text && *end == '\0' && errno == 0 && *seconds >= 1 &&
	       *seconds <= CONFIRM_S_MAX;
}

static int parse_option(int option, struct options *o)
{
	switch (option) {
	case 's':
		if ((size_t)snprintf(o->socket, PATH_BYTES, "%s", optarg) >= PATH_BYTES)
			return usage_error(o, "the socket's path is too long");
		return EXIT_OK;
	case 'c':
		return client_socket_of_configuration(optarg, o->socket, PATH_BYTES) < 0
			       ? EXIT_CONFIG
			       : EXIT_OK;
	case 'j':
		o->json = true;
		return EXIT_OK;
	case 'w':
		return parse_confirm(optarg, &o->confirm_s)
			       ? EXIT_OK
			       : usage_error(o, "--confirm takes whole seconds, from 1 to 86400");
	case 'h':
		return -1;
	default:
		return usage_error(o, "unknown option, or one without its value");
	}
}

/* EXIT_OK, an exit code, or -1 after --help. */
static int parse_options(int argc, char **argv, bool takes_confirm, struct options *o)
{
	static const struct option all[] = {
		{"confirm", required_argument, NULL, 'w'}, /* reload's alone, so the first */
		{"socket", required_argument, NULL, 's'},
		{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option, ret = EXIT_OK;

	*o = (struct options){.command = argv[0], .socket = CLIENT_SOCKET_DEFAULT};
	opterr = 0;
	optind = 1;
	while (ret == EXIT_OK && (option = getopt_long(argc, argv, "c:jh",
						       all + (takes_confirm ? 0 : 1), NULL)) != -1)
		ret = parse_option(option, o);
	if (ret == EXIT_OK && optind != argc)
		ret = usage_error(o, "it takes no arguments");
	return ret;
}

/* EXIT_OK with the result, or an exit code after the daemon's lines on stderr. */
static int ask(const struct options *o, json_t **result)
{
	char error[4096];
	json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", o->command);
	int ret;

	if (o->confirm_s > 0)
		json_object_set_new(request, "confirm_s", json_integer(o->confirm_s));
	ret = client_ask(o->socket, request, TIMEOUT_MS, result, error, sizeof(error));
	if (ret == 0)
		return EXIT_OK;
	/* The daemon's lines are complete already. */
	fprintf(stderr, "%s%s\n", ret == -EREMOTEIO || ret == -EBUSY ? "" : "edgemark: ", error);
	return ret == -EREMOTEIO ? EXIT_CONFIG : EXIT_RUNTIME;
}

static json_int_t integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_reload(const json_t *r)
{
	printf("generation %" JSON_INTEGER_FORMAT ": %" JSON_INTEGER_FORMAT
	       " rules, built in %.1f ms, in force %.1f ms later\n",
	       integer(r, "generation"), integer(r, "rules"),
	       json_number_value(json_object_get(r, "build_ms")),
	       json_number_value(json_object_get(r, "adopt_ms")));
	if (integer(r, "confirm_s"))
		printf("generation %" JSON_INTEGER_FORMAT " comes back in %" JSON_INTEGER_FORMAT
		       " s unless you say: edgemark confirm\n",
		       integer(r, "previous"), integer(r, "confirm_s"));
}

static void print_confirm(const json_t *r)
{
	printf("generation %" JSON_INTEGER_FORMAT " stays\n", integer(r, "generation"));
}

static int run(const struct options *o, void (*print)(const json_t *result))
{
	json_t *result;
	int ret = ask(o, &result);

	if (ret != EXIT_OK)
		return ret;
	if (o->json) {
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print(result);
	}
	json_decref(result);
	return EXIT_OK;
}

int command_reload(int argc, char **argv)
{
	struct options o;
	const int ret = parse_options(argc, argv, true, &o);

	if (ret == -1)
		print_reload_usage(stdout);
	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	return run(&o, print_reload);
}

int command_confirm(int argc, char **argv)
{
	struct options o;
	const int ret = parse_options(argc, argv, false, &o);

	if (ret == -1)
		print_confirm_usage(stdout);
	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	return run(&o, print_confirm);
}
