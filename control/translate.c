/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Field by field, in the order of policy.h. No default is filled in here and nothing is
 * checked: the configuration that comes in is complete and sound.
 */
#include "translate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct config_policy *policy_of(const struct config *c, const struct config_link *link,
					     enum direction d)
{
	int index = link->policy[d];

	return index == CONFIG_NONE ? NULL : &c->policies[index];
}

static const struct config_acl *acl_of(const struct config *c, const struct config_policy *p)
{
	return !p || p->acl == CONFIG_NONE ? NULL : &c->acls[p->acl];
}

int translate_default_class(const struct config *c)
{
	for (size_t i = 0; i < c->class_count; i++)
		if (c->classes[i].dscp == DSCP_CS0)
			return (int)i;
	return 0;
}

/* --- names ------------------------------------------------------------------------- */

static char *join_classes(const struct config *c, const int *classes, size_t n)
{
	size_t length = 1;
	char *name, *end;

	for (size_t i = 0; i < n; i++)
		length += strlen(c->classes[classes[i]].name) + 1;
	name = end = malloc(length);
	if (!name)
		return NULL;
	*end = '\0';
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*end++ = '+';
		end = stpcpy(end, c->classes[classes[i]].name);
	}
	return name;
}

char *translate_contract_name(const struct config *c, const struct config_contract *contract)
{
	return join_classes(c, contract->classes, contract->class_count);
}

/* A contract is the same one as long as it covers the same classes, in whatever order. */
static char *contract_identity(const struct config *c, const struct config_contract *contract)
{
	int sorted[CLASSES_MAX];

	for (size_t i = 0; i < contract->class_count; i++) {
		size_t at = i;

		while (at > 0 && strcmp(c->classes[sorted[at - 1]].name,
					c->classes[contract->classes[i]].name) > 0) {
			sorted[at] = sorted[at - 1];
			at--;
		}
		sorted[at] = contract->classes[i];
	}
	return join_classes(c, sorted, contract->class_count);
}

static int name_classes(const struct config *c, const struct config_policy *p, struct slots *s,
			struct generation_slots *g)
{
	struct slot_name names[CLASSES_MAX];
	int only = translate_default_class(c);

	g->class_count = c->class_count;
	for (size_t i = 0; i < c->class_count; i++) {
		names[i] = (struct slot_name){.text = c->classes[i].name};
		g->classes[i].slot = SLOT_UNUSED;
	}
	if (!p)
		return slots_assign(s, SLOT_CLASS, &names[only], 1, &g->classes[only]);
	return slots_assign(s, SLOT_CLASS, names, c->class_count, g->classes);
}

static int name_contracts(const struct config *c, const struct config_policy *p, struct slots *s,
			  struct generation_slots *g)
{
	struct slot_name names[CONTRACTS_MAX] = {0};
	char *identities[CONTRACTS_MAX] = {0};
	int err = 0;

	g->contract_count = p->contract_count;
	for (size_t i = 0; i < p->contract_count && !err; i++) {
		identities[i] = contract_identity(c, &p->contracts[i]);
		names[i].text = identities[i];
		if (!identities[i])
			err = -ENOMEM;
	}
	if (!err)
		err = slots_assign(s, SLOT_CONTRACT, names, p->contract_count, g->contracts);
	for (size_t i = 0; i < p->contract_count; i++)
		free(identities[i]);
	return err;
}

static int name_rules(const struct config_acl *acl, struct slots *s, struct generation_slots *g)
{
	struct slot_name *names = calloc(acl->rule_count, sizeof(*names));
	int err = -ENOMEM;

	g->rules = calloc(acl->rule_count, sizeof(*g->rules));
	g->rule_count = g->rules ? acl->rule_count : 0;
	if (names && g->rules) {
		for (size_t i = 0; i < acl->rule_count; i++)
			names[i] = (struct slot_name){.text = acl->rules[i].acl,
						      .number = acl->rules[i].seq};
		err = slots_assign(s, SLOT_RULE, names, acl->rule_count, g->rules);
	}
	free(names);
	return err;
}

int translate_names(const struct config *c, const struct config_link *link, enum direction d,
		    struct slots *s, struct generation_slots **out)
{
	const struct config_policy *p = policy_of(c, link, d);
	const struct config_acl *acl = acl_of(c, p);
	struct generation_slots *g = calloc(1, sizeof(*g));
	int err;

	*out = g;
	if (!g)
		return -ENOMEM;
	err = name_classes(c, p, s, g);
	if (!err && p)
		err = name_contracts(c, p, s, g);
	if (!err && acl && acl->rule_count > 0)
		err = name_rules(acl, s, g);
	return err;
}

/* --- the spec ---------------------------------------------------------------------- */

static uint8_t class_slot(const struct generation_slots *slots, int class_index)
{
	return class_index == CONFIG_NONE ? SLOT_NONE : (uint8_t)slots->classes[class_index].slot;
}

static struct prefix translate_prefix(const struct config_prefix *from)
{
	struct prefix to = {.family = from->family, .length = from->length};

	memcpy(to.address, from->address, sizeof(to.address));
	return to;
}

static struct port_range translate_ports(const struct config_port_range *from)
{
	return (struct port_range){.named = from->named, .low = from->low, .high = from->high};
}

static struct class_spec translate_class(const struct config *c, const struct config_policy *p,
					 size_t i, const struct slot_place *place)
{
	const struct config_schedule *schedule = &p->schedule[i];

	return (struct class_spec){
		.slot = (uint8_t)place->slot,
		.epoch = place->epoch,
		.dscp = c->classes[i].dscp,
		.pcp = p->pcp[i],
		.strict = schedule->strict,
		.calls = c->classes[i].calls,
		.rate_bps = schedule->rate_bps,
		.ceil_bps = schedule->ceil_bps,
		.weight = schedule->weight,
		.queue_ns = schedule->queue_ns,
		.queue_packets = schedule->queue_packets,
		.red =
			{
				.enabled = schedule->red.enabled,
				.min_packets = schedule->red.min_packets,
				.max_packets = schedule->red.max_packets,
				.max_probability_inverse = schedule->red.max_probability_inverse,
				.weight_log2 = schedule->red.weight_log2,
			},
	};
}

static struct rule_spec translate_rule(const struct config_rule *from,
				       const struct slot_place *place,
				       const struct generation_slots *slots)
{
	return (struct rule_spec){
		.source = translate_prefix(&from->source),
		.destination = translate_prefix(&from->destination),
		.source_port = translate_ports(&from->source_port),
		.destination_port = translate_ports(&from->destination_port),
		.protocol = from->protocol,
		.vlan = from->vlan,
		.dscp = from->dscp,
		.drop = from->drop,
		.class_slot = class_slot(slots, from->class_index),
		.slot = place->slot,
		.epoch = place->epoch,
	};
}

static struct contract_spec translate_contract(const struct config_policy *p,
					       const struct config_port *port,
					       const struct config_contract *from,
					       const struct slot_place *place,
					       const struct generation_slots *slots)
{
	struct contract_spec to = {
		.slot = (uint8_t)place->slot,
		.epoch = place->epoch,
		.cir_bps = from->cir_bps,
		.burst_bytes = config_metering(p, port, from).burst_bytes,
		.account = from->account,
		.overhead_bytes = from->overhead_bytes,
		.exceed = from->exceed,
		.max_delay_ns = from->max_delay_ns,
		.remark_slot = class_slot(slots, from->remark_class),
		.meter = from->meter,
		.pir_bps = from->pir_bps,
		.excess_burst_bytes = from->excess_burst_bytes,
		.colour_aware = from->colour_aware,
		.drop_red = from->drop_red,
	};

	for (size_t i = 0; i < from->class_count; i++)
		to.class_slots |= UINT32_C(1) << slots->classes[from->classes[i]].slot;
	return to;
}

/* Upstream leaves by the WAN port, downstream by the LAN port. */
static struct egress_spec translate_egress(const struct config_link *link, enum direction d)
{
	const struct config_port *port = d == UPSTREAM ? &link->wan : &link->lan;

	return (struct egress_spec){
		.rate_bps = port->rate_bps,
		.account = port->account,
		.overhead_bytes = port->overhead_bytes,
		.max_frame_bytes = (uint32_t)port->mtu + ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES,
	};
}

/* Without a policy: one class with the defaults of a queue, and no hand on any frame. */
static void translate_transparent(const struct config *c, const struct generation_slots *slots,
				  struct translation *t)
{
	int only = translate_default_class(c);

	t->classes[0] = (struct class_spec){
		.slot = class_slot(slots, only),
		.epoch = slots->classes[only].epoch,
		.dscp = c->classes[only].dscp,
		.pcp = c->classes[only].pcp,
		.weight = 1,
		.queue_ns = QUEUE_NS_DEFAULT,
		.queue_packets = QUEUE_PACKETS_DEFAULT,
	};
	t->spec.transparent = true;
	t->spec.class_count = 1;
	t->spec.default_slot = class_slot(slots, only);
	t->spec.trust = TRUST_NONE;
	t->spec.allowed_dscp = ~UINT64_C(0);
	t->spec.tag_pcp = TAG_PCP_KEEP;
	t->spec.untagged = UNTAGGED_KEEP;
}

static void translate_policy(const struct config *c, const struct config_policy *p,
			     const struct config_port *port, const struct generation_slots *slots,
			     struct translation *t)
{
	for (size_t i = 0; i < c->class_count; i++)
		t->classes[i] = translate_class(c, p, i, &slots->classes[i]);
	for (size_t i = 0; i < p->contract_count; i++)
		t->contracts[i] =
			translate_contract(p, port, &p->contracts[i], &slots->contracts[i], slots);
	for (size_t i = 0; i < p->trusted_count; i++)
		t->trusted[i] = translate_prefix(&p->trusted[i]);
	t->spec.class_count = c->class_count;
	t->spec.default_slot = class_slot(slots, p->default_class);
	t->spec.trust = p->trust;
	t->spec.trusted_count = p->trusted_count;
	t->spec.contract_count = p->contract_count;
	t->spec.allowed_dscp = p->allowed_dscp;
	t->spec.tag_pcp = p->tag_pcp;
	t->spec.untagged = p->untagged;
	t->spec.strip = p->strip;
}

static int translate_rules(const struct config_acl *acl, const struct generation_slots *slots,
			   struct translation *t)
{
	if (!acl || acl->rule_count == 0)
		return 0;
	t->rules = calloc(acl->rule_count, sizeof(*t->rules));
	if (!t->rules)
		return -ENOMEM;
	for (size_t i = 0; i < acl->rule_count; i++)
		t->rules[i] = translate_rule(&acl->rules[i], &slots->rules[i], slots);
	t->spec.rules = t->rules;
	t->spec.rule_count = acl->rule_count;
	return 0;
}

int translate_direction(const struct config *c, const struct config_link *link, enum direction d,
			const struct generation_slots *slots, uint64_t generation,
			struct translation *out)
{
	const struct config_policy *p = policy_of(c, link, d);

	memset(out, 0, sizeof(*out));
	out->spec.generation = generation;
	out->spec.classes = out->classes;
	out->spec.contracts = out->contracts;
	out->spec.trusted = out->trusted;
	out->spec.egress = translate_egress(link, d);
	if (p)
		translate_policy(c, p, config_egress(link, d), slots, out);
	else
		translate_transparent(c, slots, out);
	return translate_rules(acl_of(c, p), slots, out);
}

void translation_free(struct translation *t)
{
	free(t->rules);
	t->rules = NULL;
}
