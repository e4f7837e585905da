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

static double kbps(uint64_t bps)
{
	return (double)bps / 1000;
}

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

static json_t *calls_json(const struct config_contract_effect *e)
{
	if (!e->is_voice)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:b, s:s}", "admitted", (json_int_t)e->calls,
			 "by_ip_length", (json_int_t)e->calls_ip, "on_the_wire",
			 (json_int_t)e->calls_wire, "tagged", e->tagged, "assuming",
			 "G.711, 20 ms, IPv4, unencrypted");
}

static json_t *colour_json(const struct config_contract *k)
{
	if (k->exceed != EXCEED_COLOUR)
		return json_null();
	return json_pack("{s:s, s:f, s:I, s:b, s:s}", "meter", config_meter_name(k->meter),
			 "pir_kbps", kbps(k->pir_bps), "excess_burst_bytes",
			 (json_int_t)k->excess_burst_bytes, "aware", k->colour_aware, "red",
			 k->drop_red ? "drop" : "pass");
}

static json_t *contract_json(const struct config *c, const struct config_policy *p,
			     const struct config_port *port, const struct config_contract *k)
{
	struct config_contract_effect e = config_contract_effect(c, p, k);
	struct config_metering m = config_metering(p, port, k);
	json_t *classes = json_array();

	for (size_t i = 0; i < k->class_count; i++)
		json_array_append_new(classes, json_string(c->classes[k->classes[i]].name));
	return json_pack("{s:o, s:f, s:I, s:I, s:f, s:s, s:i, s:s, s:o, s:o}", "classes", classes,
			 "cir_kbps", kbps(k->cir_bps), "burst_bytes", (json_int_t)k->burst_bytes,
			 "metered_burst_bytes", (json_int_t)m.burst_bytes, "burst_ms",
			 (double)e.burst_ns / 1e6, "account", config_account_name(k->account),
			 "overhead_bytes", (int)k->overhead_bytes, "exceed",
			 config_exceed_name(k->exceed), "colour", colour_json(k), "calls",
			 calls_json(&e));
}

static json_t *class_json(const struct config *c, const struct config_policy *p, size_t i)
{
	const struct config_schedule *s = &p->schedule[i];
	char dscp[8];

	return json_pack(
		"{s:s, s:s, s:i, s:b, s:f, s:f, s:i, s:f, s:i, s:b}", "name", c->classes[i].name,
		"dscp", config_dscp_name(c->classes[i].dscp, dscp, sizeof(dscp)), "pcp", p->pcp[i],
		"strict", s->strict, "rate_kbps", kbps(s->rate_bps), "ceil_kbps", kbps(s->ceil_bps),
		"weight", (int)s->weight, "queue_ms", (double)s->queue_ns / 1e6, "queue_packets",
		(int)s->queue_packets, "red", s->red.enabled);
}

static json_t *direction_json(const struct config *c, const struct config_link *link,
			      enum direction d)
{
	const struct config_port *egress = config_egress(link, d);
	json_t *contracts = json_array(), *classes = json_array();
	const struct config_policy *p = NULL;

	if (link->policy[d] != CONFIG_NONE)
		p = &c->policies[link->policy[d]];
	for (size_t i = 0; p && i < p->contract_count; i++)
		json_array_append_new(
			contracts, contract_json(c, p, config_egress(link, d), &p->contracts[i]));
	for (size_t i = 0; p && i < c->class_count; i++)
		json_array_append_new(classes, class_json(c, p, i));
	return json_pack("{s:s?, s:f, s:s, s:s?, s:I, s:s?, s:o, s:o}", "policy",
			 p ? p->name : NULL, "rate_kbps", kbps(egress->rate_bps), "account",
			 config_account_name(egress->account), "acl",
			 p && p->acl != CONFIG_NONE ? c->acls[p->acl].name : NULL, "rules",
			 (json_int_t)(p && p->acl != CONFIG_NONE ? c->acls[p->acl].rule_count : 0),
			 "default_class", p ? c->classes[p->default_class].name : NULL, "contracts",
			 contracts, "classes", classes);
}

static json_t *links_json(const struct config *c)
{
	json_t *list = json_array();

	for (size_t i = 0; c && i < c->link_count; i++) {
		const struct config_link *link = &c->links[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:o, s:o}", "name", link->name, "upstream",
						direction_json(c, link, UPSTREAM), "downstream",
						direction_json(c, link, DOWNSTREAM)));
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
	json_t *links = a->json ? links_json(c) : NULL;
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
