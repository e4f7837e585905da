/* SPDX-License-Identifier: BSD-3-Clause */
/* `edgemark diff`: what another configuration would change, before it is loaded. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "config/config.h"
#include "control/document.h"

#include "diff.h"

static const char help[] =
	"usage: edgemark diff OLD NEW [--pcap FILE [--link NAME]\n"
	"                     [--site PREFIX[,…] | --direction upstream|downstream]]\n"
	"                     [--exit-code] [-j]\n"
	"\n"
	"Names the traffic that NEW treats otherwise than OLD, exactly: by what differs in rules,\n"
	"trust and default together, whatever the files look like. Then the settings that differ:\n"
	"marks, guard, tags, schedule, contracts, ports.\n"
	"\n"
	"  --pcap FILE      also count the frames of a capture that fare differently, through the\n"
	"                   forwarding code of both: class, DSCP, PCP, tags, drops of rules. "
	"Rates\n"
	"                   play no part: every packet counts as within its contract\n"
	"  --link NAME      whose policies the capture follows; needed where there are several\n"
	"  --site PREFIX,…  frames with a source address in PREFIX go upstream, others downstream\n"
	"  --direction D    all frames go this way; upstream by default\n"
	"  --exit-code      exit with 1 where something differs\n"
	"  -j               as JSON\n"
	"\n"
	"The comparison of rules is bounded; where two ACLs are too entangled for it, that is\n"
	"said, and traffic_complete is false.\n";

struct arguments {
	const char *before, *after;
	struct diff_capture_options capture;
	const char *direction;
	bool json, exit_code, help;
};

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "edgemark: diff: %s%s; see edgemark diff --help\n", text, what);
	return EXIT_USAGE;
}

static int check_arguments(struct arguments *a)
{
	bool known = !a->direction;

	if (!a->capture.path && (a->capture.link || a->capture.site || a->direction))
		return usage("--link, --site and --direction say how a capture goes, expected "
			     "--pcap",
			     "");
	if (a->capture.site && a->direction)
		return usage("expected either --site or --direction", "");
	for (int d = 0; !known && d < DIRECTIONS; d++) {
		a->capture.direction = (enum direction)d;
		known = strcmp(a->direction, config_direction_name(a->capture.direction)) == 0;
	}
	return known ? EXIT_OK : usage("--direction is upstream or downstream, not ", a->direction);
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
	enum { PCAP = 256, LINK, SITE, DIRECTION, EXIT_CODE };
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"pcap", required_argument, NULL, PCAP},
		{"link", required_argument, NULL, LINK},
		{"site", required_argument, NULL, SITE},
		{"direction", required_argument, NULL, DIRECTION},
		{"exit-code", no_argument, NULL, EXIT_CODE},
		{NULL, 0, NULL, 0},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hj", options, NULL)) != -1) {
		const char **to = option == PCAP	? &a->capture.path
				  : option == LINK	? &a->capture.link
				  : option == SITE	? &a->capture.site
				  : option == DIRECTION ? &a->direction
							: NULL;

		a->help |= option == 'h';
		a->json |= option == 'j';
		a->exit_code |= option == EXIT_CODE;
		if (to)
			*to = optarg;
		else if (option == ':' || option == '?')
			return usage(option == ':' ? "no value for " : "unknown option ",
				     argv[optind - 1]);
	}
	if (a->help)
		return EXIT_OK;
	if (argc - optind != 2)
		return usage("expected OLD and NEW", "");
	a->before = argv[optind];
	a->after = argv[optind + 1];
	return check_arguments(a);
}

static struct config *load(const char *file)
{
	struct config_report report = {0};
	struct config *c = config_load(file, &report);

	if (!c)
		config_report_print(&report, stderr);
	config_report_clear(&report);
	return c;
}

static int print(const struct arguments *a, const json_t *document)
{
	bool sound = true;

	if (a->json)
		sound = json_dumpf(document, stdout, DOCUMENT_FORMAT) == 0 && putchar('\n') != EOF;
	else
		diff_print(document, stdout);
	if (sound && fflush(stdout) == 0)
		return a->exit_code && !diff_is_empty(document) ? EXIT_RUNTIME : EXIT_OK;
	fprintf(stderr, "edgemark: the differences can't be written: %s\n", strerror(errno));
	return EXIT_RUNTIME;
}

int command_diff(int argc, char **argv)
{
	struct arguments a = {.capture.direction = UPSTREAM};
	struct config *before, *after;
	json_t *document = NULL, *capture = NULL;
	int code = read_arguments(argc, argv, &a);

	if (a.help)
		fputs(help, stdout);
	if (code != EXIT_OK || a.help)
		return code;
	before = load(a.before);
	after = load(a.after);
	if (before && after) {
		document = diff_document(before, after);
		if (!document)
			fprintf(stderr, "edgemark: out of memory\n");
		code = document ? EXIT_OK : EXIT_RUNTIME;
	} else {
		code = EXIT_CONFIG;
	}
	if (code == EXIT_OK && a.capture.path) {
		code = diff_capture(before, after, &a.capture, &capture);
		before = after = NULL;
		if (capture)
			json_object_set_new(document, "capture", capture);
	}
	config_free(before);
	config_free(after);
	if (code == EXIT_OK)
		code = print(&a, document);
	json_decref(document);
	return code;
}
