/* SPDX-License-Identifier: BSD-3-Clause */
/* One object per link, direction, contract and class. */
#define _GNU_SOURCE /* open_memstream */
#include "effective_json.h"

#include <stdio.h>

static double kbps(uint64_t bps)
{
	return (double)bps / 1000;
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

json_t *effective_links(const struct config *c)
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

char *effective_text(const struct config *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	config_print_effective(c, f);
	fclose(f);
	return text;
}
