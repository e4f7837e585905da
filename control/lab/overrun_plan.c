/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Without a file a configuration is written as a person would write it, and read by the
 * loader: its checks and its defaults are the product's.
 */
#define _GNU_SOURCE /* open_memstream */
#include "overrun_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/commands.h"

enum {
	LINK_KBPS_LEAST = 50000,
	VOICE_SHARE_PERCENT = 30, /* of a link, at most */
	SHAPE_DELAY_NS = 100000000,
	PROTOCOL_UDP = 17,
};

static const char *const account_names[] = {"ip", "l2", "wire"};

static enum account account_of(const struct overrun_arguments *a)
{
	static const enum account values[] = {ACCOUNT_IP, ACCOUNT_L2, ACCOUNT_WIRE};

	for (size_t i = 0; a->account && i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(a->account, account_names[i]) == 0)
			return values[i];
	return ACCOUNT_IP;
}

/* Of so many calls, rounded up, so that they fit. */
static uint64_t rate_of(const struct overrun_plan *p, uint32_t calls)
{
	uint64_t bits = (uint64_t)calls * overrun_counted(p, p->packet_ip_bytes) * 8 * 1000;

	return (bits + p->arguments->ptime_ms - 1) / p->arguments->ptime_ms;
}

/* --- the configuration -------------------------------------------------------------------- */

static void write_contract(FILE *out, const struct overrun_plan *p, enum exceed exceed)
{
	const struct overrun_arguments *a = p->arguments;
	uint64_t bps = rate_of(p, a->contract_calls);

	fprintf(out, "contracts = ( { class = \"voice\"; exceed = \"%s\"; ",
		config_exceed_name(exceed));
	if (a->cir_kbps)
		fprintf(out, "cir-kbps = %s; ", a->cir_kbps);
	else
		fprintf(out, "cir-kbps = %" PRIu64 ".%03" PRIu64 "; ", bps / 1000, bps % 1000);
	if (a->burst_ms)
		fprintf(out, "burst-ms = %s; ", a->burst_ms);
	if (a->burst_bytes)
		fprintf(out, "burst-bytes = %s; ", a->burst_bytes);
	if (a->account)
		fprintf(out, "account = \"%s\"; ", a->account);
	if (exceed == EXCEED_REMARK)
		fputs("remark-class = \"default\"; ", out);
	fputs("} ); } );\n", out);
}

static void write_link_rate(FILE *out, const struct overrun_plan *p)
{
	const struct overrun_arguments *a = p->arguments;
	uint64_t kbps = LINK_KBPS_LEAST, voice;

	if (a->link_kbps) {
		fputs(a->link_kbps, out);
		return;
	}
	voice = a->cir_kbps ? (uint64_t)strtod(a->cir_kbps, NULL) + 1
			    : rate_of(p, a->contract_calls) / 1000 + 1;
	if (voice * 100 > kbps * VOICE_SHARE_PERCENT)
		kbps = (voice * 100 / VOICE_SHARE_PERCENT / 1000 + 1) * 1000;
	fprintf(out, "%" PRIu64, kbps);
}

static char *write_config(const struct overrun_plan *p, enum exceed exceed)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	fputs("version = 1;\n"
	      "links = ( { name = \"lab\"; upstream = \"to-provider\";\n"
	      "  lan = { device = \"net_null0\"; }; wan = { device = \"net_null1\"; rate-kbps = ",
	      out);
	write_link_rate(out, p);
	fputs("; }; } );\n"
	      "classes = ( { name = \"voice\"; dscp = \"EF\"; pcp = 5; },\n"
	      "  { name = \"video\"; dscp = \"AF41\"; pcp = 4; },\n"
	      "  { name = \"default\"; dscp = \"CS0\"; pcp = 0; } );\n"
	      "acls = ( { name = \"media\"; rules = (\n"
	      "  { seq = 10; protocol = \"udp\"; source-port = \"50000-50019\"; class = \"voice\"; "
	      "},"
	      "\n"
	      "  { seq = 20; protocol = \"udp\"; source-port = \"50020-50039\"; class = \"video\"; "
	      "}"
	      " ); } );\n"
	      "policies = ( { name = \"to-provider\"; acl = \"media\";\n",
	      out);
	write_contract(out, p, exceed);
	fclose(out);
	return text;
}

static struct config *load(const struct overrun_plan *p, enum exceed exceed, bool loud)
{
	struct config_report report = {0};
	struct config *c = NULL;
	char *text = NULL;

	if (p->arguments->config) {
		c = config_load(p->arguments->config, &report);
	} else {
		text = write_config(p, exceed);
		if (text)
			c = config_load_text("lab overrun's configuration", text, &report);
	}
	if (loud || !c)
		config_report_print(&report, stderr);
	config_report_clear(&report);
	free(text);
	return c;
}

struct config *overrun_plan_config(const struct overrun_plan *p, enum exceed exceed, bool loud)
{
	struct config *c = load(p, exceed, loud);
	struct config_contract *k;

	if (!c || !p->arguments->config)
		return c;
	k = &c->policies[p->policy].contracts[p->contract];
	if (k->exceed == exceed)
		return c;
	k->exceed = exceed;
	k->max_delay_ns = exceed == EXCEED_SHAPE ? SHAPE_DELAY_NS : 0;
	k->remark_class = CONFIG_NONE;
	if (exceed == EXCEED_REMARK)
		k->remark_class = c->policies[p->policy].default_class;
	return c;
}

/* --- finding the contract ----------------------------------------------------------------- */

static int find_link(const struct overrun_arguments *a, const struct config *c,
		     struct overrun_plan *p)
{
	if (!a->link && c->link_count == 1)
		return EXIT_OK;
	for (size_t i = 0; a->link && i < c->link_count; i++) {
		p->link = i;
		if (strcmp(c->links[i].name, a->link) == 0)
			return EXIT_OK;
	}
	if (a->link)
		return overrun_usage("%s has no link '%s'", a->config, a->link);
	return overrun_usage("%s has several links, expected --link", a->config);
}

static int no_contract(const struct overrun_arguments *a, const struct config *c,
		       const struct overrun_plan *p, const char *what)
{
	fprintf(stderr, "edgemark: %s: link '%s', upstream: %s\n", a->config,
		c->links[p->link].name, what);
	return EXIT_CONFIG;
}

/* The class with EF under the contract, or CONFIG_NONE. */
static int voice_of(const struct config *c, const struct config_contract *k)
{
	for (size_t i = 0; i < k->class_count; i++)
		if (c->classes[k->classes[i]].dscp == DSCP_EF)
			return k->classes[i];
	return CONFIG_NONE;
}

/* A rule by which any client's calls are found. */
static bool is_call_rule(const struct config_rule *r, int voice)
{
	return !r->drop && r->class_index == voice && r->source_port.named &&
	       !r->destination_port.named && r->source.family == 0 && r->destination.family == 0 &&
	       r->vlan == MATCH_ANY && r->dscp == MATCH_ANY &&
	       (r->protocol == MATCH_ANY || r->protocol == PROTOCOL_UDP);
}

static int find_ports(const struct config *c, const struct config_policy *policy, int voice,
		      struct overrun_plan *p)
{
	const struct config_acl *acl = policy->acl == CONFIG_NONE ? NULL : &c->acls[policy->acl];

	for (size_t i = 0; acl && i < acl->rule_count; i++) {
		if (!is_call_rule(&acl->rules[i], voice))
			continue;
		p->port_low = acl->rules[i].source_port.low;
		p->port_high = acl->rules[i].source_port.high;
		return EXIT_OK;
	}
	return no_contract(p->arguments, c, p,
			   "no rule finds calls by their UDP source port alone, expected one whose "
			   "class has EF");
}

static int find_contract(const struct overrun_arguments *a, const struct config *c,
			 struct overrun_plan *p)
{
	const struct config_policy *policy;
	int voice = CONFIG_NONE;

	p->policy = c->links[p->link].policy[UPSTREAM];
	if (p->policy == CONFIG_NONE)
		return no_contract(a, c, p, "no policy, expected one with a contract for EF");
	policy = &c->policies[p->policy];
	for (size_t i = 0; i < policy->contract_count && voice == CONFIG_NONE; i++) {
		p->contract = i;
		voice = voice_of(c, &policy->contracts[i]);
	}
	if (voice == CONFIG_NONE)
		return no_contract(a, c, p,
				   "no contract of a class with EF, expected one to "
				   "overrun");
	snprintf(p->class_name, sizeof(p->class_name), "%s", c->classes[voice].name);
	p->voice_dscp = c->classes[voice].dscp;
	p->alone = policy->contracts[p->contract].class_count == 1;
	p->tagged = policy->untagged != UNTAGGED_KEEP;
	return find_ports(c, policy, voice, p);
}

/* --- figures ------------------------------------------------------------------------------ */

static void take_figures(const struct config *c, struct overrun_plan *p)
{
	const struct config_policy *policy = &c->policies[p->policy];
	const struct config_contract *k = &policy->contracts[p->contract];
	const struct config_port *port = config_egress(&c->links[p->link], UPSTREAM);
	uint64_t packet_bits;

	p->link_bps = port->rate_bps;
	p->link_account = port->account;
	p->mtu = port->mtu;
	p->cir_bps = k->cir_bps;
	p->burst_bytes = k->burst_bytes;
	p->metered_burst_bytes = config_metering(policy, port, k).burst_bytes;
	p->account = k->account;
	p->overhead_bytes = k->overhead_bytes;
	packet_bits = (uint64_t)overrun_counted(p, p->packet_ip_bytes) * 8;
	p->call_bps = packet_bits * 1000 / p->arguments->ptime_ms;
	if (packet_bits > 0)
		p->contract_calls =
			(uint32_t)(p->cir_bps * p->arguments->ptime_ms / (packet_bits * 1000));
	p->runs = p->arguments->exceed_count;
	memcpy(p->exceed, p->arguments->exceed, sizeof(p->exceed));
	if (p->runs == 0) {
		p->runs = 1;
		p->exceed[0] = k->exceed;
	}
}

static int check_background(const struct overrun_plan *p)
{
	const struct background *b = &p->arguments->background;

	for (size_t i = 0; i < b->count; i++) {
		if (b->items[i].kind == BACKGROUND_SATURATE && p->link_bps == 0)
			return overrun_usage("--background saturate: the link has no rate to fill");
		if (b->items[i].ip_bytes > p->mtu)
			return overrun_usage(
				"--background: %u bytes are above the link's MTU of %u",
				b->items[i].ip_bytes, p->mtu);
	}
	return EXIT_OK;
}

int overrun_plan_make(const struct overrun_arguments *a, struct overrun_plan *p)
{
	const enum exceed first = a->exceed_count ? a->exceed[0] : EXCEED_RANDOM;
	struct config *c;
	int code = EXIT_OK;

	*p = (struct overrun_plan){.arguments = a, .account = account_of(a)};
	p->payload_bytes = codec_payload_bytes(a->codec, a->ptime_ms);
	p->packet_ip_bytes = RTP_HEADERS_BYTES + p->payload_bytes;
	c = load(p, first, true);
	if (!c)
		return a->config ? EXIT_CONFIG : EXIT_USAGE;
	code = find_link(a, c, p);
	if (code == EXIT_OK)
		code = find_contract(a, c, p);
	if (code == EXIT_OK)
		take_figures(c, p);
	config_free(c);
	return code == EXIT_OK ? check_background(p) : code;
}
