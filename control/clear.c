/* SPDX-License-Identifier: BSD-3-Clause */
/* edgemark clear: the daemon remembers where its figures stand, and counts from there. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "client_options.h"
#include "commands.h"

static void print_usage(FILE *out)
{
	fputs("usage: edgemark clear [--socket PATH | -c FILE]\n\n"
	      "From now on show and top count from this moment. Nothing is lost: show "
	      "--since-start\n"
	      "shows all, telemetry and the daemon's last word count from its start. Frames that\n"
	      "wait in a queue now count as received from now on. Largest delays and jitters "
	      "begin\n"
	      "anew; a call's longest run or gap shows as - until it is exceeded.\n",
	      out);
}

int command_clear(int argc, char **argv)
{
	struct client_options o;
	char error[512];
	json_t *result;
	int ret = client_options_parse(argc, argv, "clear", &o);

	if (ret == -1)
		print_usage(stdout);
	if (ret != EXIT_OK)
		return ret == -1 ? EXIT_OK : ret;
	if (optind != argc)
		return client_usage_error("clear", "it takes no arguments");
	ret = client_request(o.socket, "clear", CLIENT_TIMEOUT_MS, &result, error, sizeof(error));
	if (ret < 0) {
		fprintf(stderr, "%s%s\n", ret == -EREMOTEIO ? "" : "edgemark: ", error);
		return EXIT_RUNTIME;
	}
	json_decref(result);
	return EXIT_OK;
}
