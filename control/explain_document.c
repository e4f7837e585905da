/* SPDX-License-Identifier: BSD-3-Clause */
/* The explanation's indices become names, places in the configuration and units. */
#include "explain_document.h"

#include <arpa/inet.h>

#include "config/region.h"

struct view { /* what the indices of an explanation point into */
	const struct explanation *x;
	const struct config *c;
	const struct config_link *link;
	const struct config_policy *policy; /* NULL: none */
	const struct config_acl *acl;	    /* NULL: none */
};

static const char *const drop_names[] = {[DROP_NONE] = NULL,
#define X(enumerator, name, help) [DROP_##enumerator] = (name),
					 DROP_REASON_LIST(X)
#undef X
};

static const char *const drop_helps[] = {[DROP_NONE] = NULL,
#define X(enumerator, name, help) [DROP_##enumerator] = (help),
					 DROP_REASON_LIST(X)
#undef X
};

static double kbps(uint64_t bps)
{
	return (double)bps / 1000;
}

static json_t *place_json(const struct config_where *where)
{
	return json_pack("{s:s, s:i}", "file", where->file, "line", (int)where->line);
}

static json_t *name_of_dscp(unsigned dscp)
{
	char name[8];

	return json_string(config_dscp_name(dscp, name, sizeof(name)));
}

static const char *class_name(const struct view *v, int class_index)
{
	return class_index == CONFIG_NONE ? NULL : v->c->classes[class_index].name;
}

/* --- the packet ------------------------------------------------------------------------- */

static json_t *port_json(const struct explain_fields *f, uint16_t port)
{
	return f->ports_known ? json_integer(port) : json_null();
}

static json_t *tags_json(const struct explain_fields *f)
{
	if (f->tags == 0)
		return json_pack("{s:i, s:n, s:n}", "tags", 0, "vlan", "pcp");
	return json_pack("{s:i, s:i, s:i}", "tags", (int)f->tags, "vlan", (int)f->vlan, "pcp",
			 (int)f->pcp);
}

static json_t *packet_json(const struct explain_fields *f)
{
	const char *fragment = f->first_fragment ? "first" : f->later_fragment ? "later" : NULL;
	char source[INET6_ADDRSTRLEN] = "", destination[INET6_ADDRSTRLEN] = "", protocol[16];
	json_t *packet = tags_json(f);

	json_object_set_new(packet, "frame_bytes", json_integer(f->frame_bytes));
	json_object_set_new(packet, "family", json_integer(f->family));
	if (!f->family)
		return packet;
	inet_ntop(f->family == 4 ? AF_INET : AF_INET6, f->source, source, sizeof(source));
	inet_ntop(f->family == 4 ? AF_INET : AF_INET6, f->destination, destination,
		  sizeof(destination));
	json_object_update_new(
		packet, json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:i, s:s?, s:i}", "source",
				  source, "destination", destination, "protocol",
				  config_protocol_name(f->protocol, protocol, sizeof(protocol)),
				  "protocol_number", (int)f->protocol, "source_port",
				  port_json(f, f->source_port), "destination_port",
				  port_json(f, f->destination_port), "dscp", name_of_dscp(f->dscp),
				  "dscp_number", (int)f->dscp, "fragment", fragment, "ip_bytes",
				  (int)f->ip_bytes));
	return packet;
}

/* --- the decision ----------------------------------------------------------------------- */

static json_t *rule_json(const struct view *v, size_t index)
{
	const struct config_rule *r = v->acl ? &v->acl->rules[index] : NULL;
	struct region region;
	char match[REGION_TEXT_SIZE];

	if (!r)
		return json_null();
	region = region_of_rule(r);

	return json_pack("{s:s, s:I, s:o, s:s, s:s, s:s?}", "acl", r->acl, "seq",
			 (json_int_t)r->seq, "at", place_json(&r->where), "match",
			 region_describe(&region, match, sizeof(match)), "action",
			 r->drop ? "drop" : "class", "class",
			 r->drop ? NULL : class_name(v, r->class_index));
}

static json_t *decision_json(const struct view *v)
{
	static const char *const by[] = {
		[BY_RULE] = "rule",	      [BY_TRUST] = "trust",
		[BY_DEFAULT] = "default",     [BY_FIRST_FRAGMENT] = "first-fragment",
		[BY_NO_POLICY] = "no-policy", [BY_LINK_CONTROL] = "link-control",
		[BY_NOT_IP] = "not-ip",
	};
	json_t *decision = json_pack("{s:s, s:s}", "by", by[v->x->by], "trust",
				     v->policy ? config_trust_name(v->policy->trust) : "none");

	json_object_set_new(decision, "rule",
			    v->x->by == BY_RULE ? rule_json(v, v->x->rule) : json_null());
	return decision;
}

static json_t *misses_json(const struct view *v)
{
	static const char *const fields[] = {
		[FIELD_SOURCE] = "source",
		[FIELD_DESTINATION] = "destination",
		[FIELD_PROTOCOL] = "protocol",
		[FIELD_PORTS] = "unknown ports",
		[FIELD_SOURCE_PORT] = "source port",
		[FIELD_DESTINATION_PORT] = "destination port",
		[FIELD_VLAN] = "vlan",
		[FIELD_DSCP] = "dscp",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < v->x->miss_count; i++) {
		json_t *rule = rule_json(v, v->x->misses[i].rule), *failed = json_array();

		for (unsigned f = 0; f < EXPLAIN_FIELDS; f++)
			if (v->x->misses[i].failed >> f & 1)
				json_array_append_new(failed, json_string(fields[f]));
		json_object_set_new(rule, "failed", failed);
		json_array_append_new(list, rule);
	}
	return list;
}

/* --- what follows from the class --------------------------------------------------------- */

static json_t *limit_json(uint64_t limit)
{
	return limit == UINT64_MAX ? json_null() : json_integer((json_int_t)limit);
}

static json_t *queue_json(const struct view *v)
{
	const struct explanation *x = v->x;
	const struct config_schedule *s;
	const char *kind = "weighted";

	if (x->link_control)
		return json_pack("{s:s}", "kind", "link-control");
	if (x->leaves_as == CONFIG_NONE)
		return json_null();
	if (!v->policy)
		return json_pack("{s:s, s:o, s:o}", "kind", "only", "limit_packets",
				 limit_json(x->queue_limit_packets), "limit_bytes",
				 limit_json(x->queue_limit_bytes));
	s = &v->policy->schedule[x->leaves_as];
	if (s->strict)
		kind = "strict";
	else if (s->rate_bps)
		kind = "guaranteed";
	return json_pack("{s:s, s:f, s:f, s:i, s:f, s:o, s:o, s:b}", "kind", kind, "rate_kbps",
			 kbps(s->rate_bps), "ceil_kbps", kbps(s->ceil_bps), "weight",
			 (int)s->weight, "queue_ms", (double)s->queue_ns / 1e6, "limit_packets",
			 limit_json(x->queue_limit_packets), "limit_bytes",
			 limit_json(x->queue_limit_bytes), "red", s->red.enabled);
}

static json_t *contract_json(const struct view *v)
{
	const struct config_port *port = config_egress(v->link, v->x->direction);
	const struct config_contract *k;
	json_t *classes;

	if (v->x->contract == CONFIG_NONE || !v->policy)
		return json_null();
	k = &v->policy->contracts[v->x->contract];
	classes = json_array();
	for (size_t i = 0; i < k->class_count; i++)
		json_array_append_new(classes, json_string(class_name(v, k->classes[i])));
	return json_pack(
		"{s:o, s:o, s:f, s:I, s:I, s:s, s:i, s:I, s:s, s:f, s:s?, s:s?}", "classes",
		classes, "at", place_json(&k->where), "cir_kbps", kbps(k->cir_bps), "burst_bytes",
		(json_int_t)k->burst_bytes, "metered_burst_bytes",
		(json_int_t)config_metering(v->policy, port, k).burst_bytes, "account",
		config_account_name(k->account), "overhead_bytes", (int)k->overhead_bytes,
		"counted_bytes", (json_int_t)v->x->counted_bytes, "exceed",
		config_exceed_name(k->exceed), "max_delay_ms", (double)k->max_delay_ns / 1e6,
		"remark_class", class_name(v, k->remark_class), "red",
		k->exceed == EXCEED_COLOUR ? k->drop_red ? "drop" : "pass" : NULL);
}

static json_t *leaves_json(const struct view *v)
{
	const struct explain_fields *out = &v->x->out;
	json_t *leaves;

	if (v->x->drop != DROP_NONE)
		return json_null();
	leaves = tags_json(out);
	json_object_update_new(leaves, json_pack("{s:i, s:b, s:s?}", "frame_bytes",
						 (int)out->frame_bytes, "guarded", v->x->guarded,
						 "class", class_name(v, v->x->leaves_as)));
	if (!out->family)
		return leaves;
	json_object_update_new(
		leaves, json_pack("{s:o, s:i, s:o}", "dscp", name_of_dscp(out->dscp), "dscp_number",
				  (int)out->dscp, "class_dscp",
				  v->x->leaves_as == CONFIG_NONE
					  ? json_null()
					  : name_of_dscp(v->c->classes[v->x->leaves_as].dscp)));
	return leaves;
}

/* --- all of it --------------------------------------------------------------------------- */

static json_t *policy_json(const struct view *v)
{
	if (!v->policy)
		return json_null();
	return json_pack("{s:s, s:o, s:s?}", "name", v->policy->name, "at",
			 place_json(&v->policy->where), "acl", v->acl ? v->acl->name : NULL);
}

json_t *explain_document(const struct explanation *x)
{
	const struct config *c = x->generation->config;
	const struct config_link *link = &c->links[x->link];
	const int p = link->policy[x->direction];
	const struct config_policy *policy = p == CONFIG_NONE ? NULL : &c->policies[p];
	const struct view v = {
		.x = x,
		.c = c,
		.link = link,
		.policy = policy,
		.acl = policy && policy->acl != CONFIG_NONE ? &c->acls[policy->acl] : NULL,
	};

	return json_pack(
		"{s:I, s:s, s:s, s:o, s:o, s:o, s:s?, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o}",
		"generation", (json_int_t)x->generation->set.generation, "link", link->name,
		"direction", config_direction_name(x->direction), "policy", policy_json(&v),
		"packet", packet_json(&x->in), "decision", decision_json(&v), "class",
		class_name(&v, x->class_index), "action", x->drop == DROP_NONE ? "forward" : "drop",
		"drop_reason", drop_names[x->drop], "drop_help", drop_helps[x->drop], "leaves",
		leaves_json(&v), "queue", queue_json(&v), "contract", contract_json(&v), "nearly",
		misses_json(&v));
}
