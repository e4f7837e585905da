/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options may stand before or after IN and OUT. What contradicts itself is refused here,
 * before any file is opened.
 */
#include "replay_arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#include "commands.h"

static const char help[] =
	"usage: edgemark replay -c FILE [--link NAME]\n"
	"                       (--site PREFIX[,…] | --direction upstream|downstream)\n"
	"                       [--seed N] IN OUT [--drops FILE] [-j FILE]\n"
	"\n"
	"Sends the capture IN (pcap or pcapng, Ethernet) through the pipeline that `run` uses, on\n"
	"a virtual clock that follows the capture's timestamps and never steps back. OUT holds\n"
	"the frames that left, with their departure times in nanoseconds. The same input gives\n"
	"the same output, to the bit.\n"
	"\n"
	"  -c FILE           the configuration\n"
	"  --link NAME       whose policies to follow; needed where FILE has several links\n"
	"  --site PREFIX,…   frames with a source address (of IP or ARP) in PREFIX go upstream,\n"
	"                    others downstream; other frames go where the last such frame from\n"
	"                    their MAC address went, and downstream where there was none\n"
	"  --direction D     all frames go this way\n"
	"  --seed N          of the random dropper, 1 by default\n"
	"  --drops FILE      what was dropped, as pcapng with the reason as comment\n"
	"  -j FILE           the counters as JSON\n"
	"\n"
	"IN may be - for standard input, OUT or -j's FILE - for standard output.\n";

int replay_usage(const char *text, const char *what)
{
	fprintf(stderr, "edgemark: replay: %s%s; see edgemark replay --help\n", text, what);
	return EXIT_USAGE;
}

static int check_arguments(struct replay_arguments *a)
{
	char *end;

	if (!a->config)
		return replay_usage("no configuration, expected -c FILE", "");
	if (!a->site == !a->direction)
		return replay_usage("expected either --site or --direction", "");
	a->fixed = DIRECTIONS;
	for (int d = 0; a->direction && d < DIRECTIONS; d++)
		if (strcmp(a->direction, config_direction_name((enum direction)d)) == 0)
			a->fixed = d;
	if (a->direction && a->fixed == DIRECTIONS)
		return replay_usage("--direction is upstream or downstream, not ", a->direction);
	errno = 0;
	a->seed_number = a->seed ? strtoull(a->seed, &end, 0) : 1;
	if (a->seed && (errno || *end || end == a->seed || strchr(a->seed, '-')))
		return replay_usage("--seed is a number, not ", a->seed);
	if (a->counters && strcmp(a->counters, "-") == 0 && strcmp(a->out, "-") == 0)
		return replay_usage("OUT and -j can't both be standard output", "");
	if (a->drops && strcmp(a->drops, "-") == 0)
		return replay_usage("--drops can't be standard output", "");
	return EXIT_OK;
}

int replay_arguments_parse(int argc, char **argv, struct replay_arguments *a)
{
	enum { LINK = 256, SITE, DIRECTION, SEED, DROPS };
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"link", required_argument, NULL, LINK},
		{"site", required_argument, NULL, SITE},
		{"direction", required_argument, NULL, DIRECTION},
		{"seed", required_argument, NULL, SEED},
		{"drops", required_argument, NULL, DROPS},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hc:j:", options, NULL)) != -1) {
		const char **to = option == 'c'		? &a->config
				  : option == 'j'	? &a->counters
				  : option == LINK	? &a->link
				  : option == SITE	? &a->site
				  : option == DIRECTION ? &a->direction
				  : option == SEED	? &a->seed
				  : option == DROPS	? &a->drops
							: NULL;

		if (option == 'h') {
			fputs(help, stdout);
			return -1;
		}
		if (!to)
			return replay_usage(option == ':' ? "no value for " : "unknown option ",
					    argv[optind - 1]);
		*to = optarg;
	}
	if (argc - optind != 2)
		return replay_usage("expected IN and OUT", "");
	a->in = argv[optind];
	a->out = argv[optind + 1];
	return check_arguments(a);
}
