/* SPDX-License-Identifier: BSD-3-Clause */
/* edgemark: one program with subcommands; this file only finds the command. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} commands[] = {
#define X(function, name, help) {name, help, function},
	COMMAND_LIST(X)
#undef X
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *stream)
{
	fputs("edgemark: a customer-edge QoS marker\n\n"
	      "usage: edgemark COMMAND [ARGUMENT…]\n\n",
	      stream);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n`edgemark COMMAND --help` describes a command. Exit codes: 0 ok, 1 failed,\n"
	      "2 wrong usage, 78 bad configuration.\n",
	      stream);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("edgemark " EDGEMARK_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "edgemark: '%s' is no command; see edgemark --help\n", argv[1]);
	return EXIT_USAGE;
}
