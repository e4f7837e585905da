/* SPDX-License-Identifier: BSD-3-Clause */
/* One table of options for all clients; a command that has no use for one ignores it. */
#include "client_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"

static const struct option long_options[] = {
	{"socket", required_argument, NULL, 's'},
	{"config", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, 'j'},
	{"watch", optional_argument, NULL, 'w'},
	{"help", no_argument, NULL, 'h'},
	{"worst", required_argument, NULL, 'n'},
	{"since-start", no_argument, NULL, 'S'},
	{"count", required_argument, NULL, 'C'},
	{NULL, 0, NULL, 0},
};

int client_usage_error(const char *command, const char *what)
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

int client_options_parse(int argc, char **argv, const char *command, struct client_options *o)
{
	int option;

	*o = (struct client_options){.socket = CLIENT_SOCKET_DEFAULT, .watch_seconds = 1};
	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:jh", long_options, NULL)) != -1) {
		switch (option) {
		case 's':
			if ((size_t)snprintf(o->socket, CLIENT_PATH_BYTES, "%s", optarg) >=
			    CLIENT_PATH_BYTES)
				return client_usage_error(command, "the socket's path is too long");
			break;
		case 'c':
			if (client_socket_of_configuration(optarg, o->socket, CLIENT_PATH_BYTES) <
			    0)
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
				return client_usage_error(
					command, "--watch takes seconds, from 0.1 to 86400");
			break;
		case 'n':
			if (parse_worst(optarg, &o->worst) < 0)
				return client_usage_error(
					command, "--worst takes a number, from 1 to 1000000");
			break;
		case 'S':
			o->since_start = true;
			break;
		case 'C':
			if (parse_worst(optarg, &o->count) < 0)
				return client_usage_error(
					command, "--count takes a number, from 1 to 1000000");
			break;
		case 'h':
			return -1;
		default:
			return client_usage_error(command,
						  "unknown option, or one without its value");
		}
	}
	return EXIT_OK;
}

void client_wait(double seconds)
{
	const struct timespec t = {.tv_sec = (time_t)seconds,
				   .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&t, NULL);
}
