/* SPDX-License-Identifier: BSD-3-Clause */
/* `edgemark lab`: finds the experiment. */
#include <stdio.h>
#include <string.h>

#include "control/commands.h"

#include "lab.h"

static const struct {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} experiments[] = {
#define X(function, name, help) {name, help, function},
	LAB_LIST(X)
#undef X
};

enum { EXPERIMENTS = sizeof(experiments) / sizeof(experiments[0]) };

static void print_usage(FILE *stream)
{
	fputs("usage: edgemark lab EXPERIMENT [ARGUMENT…]\n\n"
	      "Rehearsals on a virtual clock, through the pipeline that `run` uses: no ports, no\n"
	      "privileges, and the same result each time.\n\n",
	      stream);
	for (size_t i = 0; i < EXPERIMENTS; i++)
		fprintf(stream, "  %-10s %s\n", experiments[i].name, experiments[i].help);
	fputs("\n`edgemark lab EXPERIMENT --help` describes an experiment.\n", stream);
}

int command_lab(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; i < EXPERIMENTS; i++)
		if (strcmp(argv[1], experiments[i].name) == 0)
			return experiments[i].run(argc - 1, argv + 1);
	fprintf(stderr, "edgemark: lab: '%s' is no experiment; see edgemark lab --help\n", argv[1]);
	return EXIT_USAGE;
}
