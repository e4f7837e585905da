/* SPDX-License-Identifier: BSD-3-Clause */
/* edgemark doctor: what this host lacks, and the command that mends it. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "commands.h"
#include "doctor_checks.h"

static void print_usage(FILE *out)
{
	fputs("usage: edgemark doctor [-c FILE] [-j]\n\n"
	      "Looks at what this host offers edgemark: hugepages, CPU and clock, the workers' "
	      "cores,\n"
	      "drivers and offloads of the ports; says what is wanting and what mends it. Changes\n"
	      "nothing. Exit code 1 where a check failed; a warning is something that costs speed\n"
	      "or exactness.\n\n"
	      "  -c FILE  the configuration, for its ports and workers (without: worker on CPU 1)\n"
	      "  -j       as JSON\n",
	      out);
}

static int usage_error(const char *what)
{
	fprintf(stderr, "edgemark: %s; see edgemark doctor --help\n", what);
	return EXIT_USAGE;
}

static void print_text(const struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct doctor_finding *f = &d->findings[i];

		printf("%-4s  %-14s %s\n", doctor_verdict_name(f->verdict), f->check, f->found);
		if (f->remedy[0])
			printf("      %-14s %s\n", "", f->remedy);
	}
}

static void print_json(const struct doctor *d)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < d->count; i++) {
		const struct doctor_finding *f = &d->findings[i];

		json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:s*}", "check", f->check,
							"verdict", doctor_verdict_name(f->verdict),
							"found", f->found, "remedy",
							f->remedy[0] ? f->remedy : NULL));
	}
	json_dumpf(checks, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(checks);
}

static int examine(const struct config *c, bool json)
{
	const struct doctor_host host = {.root = "", .offloads = host_offloads};
	struct doctor *d = calloc(1, sizeof(*d));
	int ret = EXIT_OK;

	if (!d) {
		fputs("edgemark: out of memory\n", stderr);
		return EXIT_RUNTIME;
	}
	d->host = &host;
	d->config = c;
	doctor_check(d);
	if (json)
		print_json(d);
	else
		print_text(d);
	for (size_t i = 0; i < d->count; i++)
		if (d->findings[i].verdict == DOCTOR_FAIL)
			ret = EXIT_RUNTIME;
	free(d);
	return ret;
}

int command_doctor(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct config_report report = {0};
	struct config *c = NULL;
	const char *file = NULL;
	bool json = false;
	int option, ret;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, "c:jh", long_options, NULL)) != -1) {
		if (option == 'c')
			file = optarg;
		else if (option == 'j')
			json = true;
		else if (option == 'h')
			return print_usage(stdout), EXIT_OK;
		else
			return usage_error("unknown option, or one without its value");
	}
	if (optind != argc)
		return usage_error("it takes no arguments but options");
	if (file) {
		c = config_load(file, &report);
		if (!c)
			config_report_print(&report, stderr);
		config_report_clear(&report);
		if (!c)
			return EXIT_CONFIG;
	}
	ret = examine(c, json);
	config_free(c);
	return ret;
}
