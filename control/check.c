/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `edgemark check`: all that `run` would refuse, found without ports. The configuration
 * is read, its policies are built as for the daemon, and its effective values shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "commands.h"
#include "config/config.h"
#include "control/eal.h"
#include "control/site.h"
#include "effective_json.h"

struct check_arguments {
	const char *file;
	bool strict, json, help;
};

static void print_help(FILE *stream)
{
	fputs("usage: edgemark check FILE [--strict] [-j]\n\n"
	      "Checks a configuration as run would, ACL build included, without ports. Errors and\n"
	      "warnings go to stderr, the effective values with their assumptions to stdout.\n\n"
	      "  --strict  fail on warnings, too\n"
	      "  -j        messages and effective values as JSON, on stdout\n\n"
	      "A rule is said never to match only where that is proven, be it by several earlier\n"
	      "rules together; the work for it is bounded.\n\n"
	      "Exit codes: 0 ok, 1 warnings with --strict, 2 wrong usage, 78 errors.\n",
	      stream);
}

static int usage_error(const char *what, const char *argument)
{
	fprintf(stderr, "edgemark: check: %s%s; see edgemark check --help\n", what, argument);
	return EXIT_USAGE;
}

static int read_arguments(struct check_arguments *a, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--strict") == 0)
			a->strict = true;
		else if (strcmp(argv[i], "-j") == 0)
			a->json = true;
		else if (strcmp(argv[i], "--help") == 0)
			a->help = true;
		else if (argv[i][0] == '-' && argv[i][1])
			return usage_error("unknown option ", argv[i]);
		else if (a->file)
			return usage_error("one FILE only, and another: ", argv[i]);
		else
			a->file = argv[i];
	}
	return a->file || a->help ? EXIT_OK : usage_error("which FILE?", "");
}

/* --- building --------------------------------------------------------------------- */

/* Memory is reserved, and becomes real where the build touches it. */
static size_t megabytes_wanted(const struct config *c)
{
	enum { BASE = 384, MOST = 4096, RULE_KIB = 32 };
	size_t rules = 0;

	for (size_t i = 0; i < c->link_count; i++)
		for (int d = 0; d < DIRECTIONS; d++)
			if (c->links[i].policy[d] != CONFIG_NONE &&
			    c->policies[c->links[i].policy[d]].acl != CONFIG_NONE)
				rules += c->acls[c->policies[c->links[i].policy[d]].acl].rule_count;
	rules = BASE + rules * RULE_KIB / 1024;
	return rules < MOST ? rules : MOST;
}

/* Builds every policy, as run would; takes c over. An exit code: what the EAL or the data
 * plane refuses has been said on stderr. */
static int build(struct config *c)
{
	const struct site_options options = {0};
	struct site *site = NULL;
	int err;

	if (eal_start_offline(megabytes_wanted(c)) < 0) {
		config_free(c);
		return EXIT_RUNTIME;
	}
	err = site_create(c, &options, &site);
	if (err < 0) {
		config_free(c);
		return err == -ENOMEM ? EXIT_RUNTIME : EXIT_CONFIG;
	}
	site_destroy(site);
	return EXIT_OK;
}

/* --- JSON ------------------------------------------------------------------------- */

static json_t *messages_json(const struct config_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->count; i++) {
		const struct config_message *m = &report->messages[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:i, s:s}", "severity",
					m->severity == CONFIG_ERROR ? "error" : "warning", "file",
					m->file, "line", (int)m->line, "text", m->text));
	}
	return list;
}

static void print_json(const char *file, const struct config_report *report, json_t *links, bool ok)
{
	json_t *document = json_pack("{s:s, s:b, s:I, s:I, s:o, s:o}", "file", file, "ok", ok,
				     "errors", (json_int_t)report->error_count, "warnings",
				     (json_int_t)report->warning_count, "messages",
				     messages_json(report), "links", links);

	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}

/* --- the command ------------------------------------------------------------------ */

static int check(const struct check_arguments *a, struct config *c,
		 const struct config_report *report)
{
	json_t *links = a->json ? effective_links(c) : NULL;
	int code = EXIT_CONFIG;

	config_report_print(report, stderr);
	if (c && !a->json)
		config_print_effective(c, stdout);
	if (c)
		code = build(c);
	if (code == EXIT_OK && a->strict && report->warning_count > 0)
		code = EXIT_RUNTIME;
	if (a->json)
		print_json(a->file, report, links, code == EXIT_OK);
	return code;
}

int command_check(int argc, char **argv)
{
	struct check_arguments arguments = {0};
	struct config_report report;
	int code = read_arguments(&arguments, argc, argv);

	if (code != EXIT_OK)
		return code;
	if (arguments.help) {
		print_help(stdout);
		return EXIT_OK;
	}
	struct config *c = config_load(arguments.file, &report);
	code = check(&arguments, c, &report);
	config_report_clear(&report);
	return code;
}
