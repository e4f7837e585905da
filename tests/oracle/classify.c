/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle's classifier: the rules from first to last, each field in turn. */
#include "oracle/oracle.h"

static bool prefix_holds(const struct prefix *prefix, int family, const uint8_t *address)
{
	if (prefix->family == 0)
		return true;
	if (prefix->family != family)
		return false;
	for (unsigned bit = 0; bit < prefix->length; bit++) {
		unsigned mask = 0x80u >> bit % 8;

		if ((prefix->address[bit / 8] & mask) != (address[bit / 8] & mask))
			return false;
	}
	return true;
}

static bool range_holds(const struct port_range *range, bool known, unsigned port)
{
	return !range->named || (known && range->low <= port && port <= range->high);
}

bool oracle_rule_matches(const struct rule_spec *rule, const struct oracle_packet *p)
{
	return p->family != 0 && range_holds(&rule->source_port, p->ports_known, p->source_port) &&
	       range_holds(&rule->destination_port, p->ports_known, p->destination_port) &&
	       (rule->protocol == MATCH_ANY || rule->protocol == (int)p->protocol) &&
	       (rule->vlan == MATCH_ANY || rule->vlan == p->vlan) &&
	       (rule->dscp == MATCH_ANY || rule->dscp == (int)p->dscp) &&
	       prefix_holds(&rule->source, p->family, p->source) &&
	       prefix_holds(&rule->destination, p->family, p->destination);
}

const struct rule_spec *oracle_walk(const struct policy_spec *policy, const struct oracle_packet *p)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (oracle_rule_matches(&policy->rules[i], p))
			return &policy->rules[i];
	}
	return NULL;
}

static bool is_trusted(const struct policy_spec *policy, const struct oracle_packet *p)
{
	for (size_t i = 0; i < policy->trusted_count; i++) {
		if (prefix_holds(&policy->trusted[i], p->family, p->source))
			return true;
	}
	return policy->trusted_count == 0;
}

uint8_t oracle_trusted_class(const struct policy_spec *policy, const struct oracle_packet *p)
{
	if (policy->trust == TRUST_NONE || !is_trusted(policy, p))
		return policy->default_slot;
	for (size_t i = 0; i < policy->class_count; i++) {
		const struct class_spec *c = &policy->classes[i];

		if (policy->trust == TRUST_DSCP && c->dscp == p->dscp)
			return c->slot;
		if (policy->trust == TRUST_PCP && (int)c->pcp == p->pcp)
			return c->slot;
	}
	return policy->default_slot;
}

const struct class_spec *oracle_class(const struct policy_spec *policy, uint8_t slot)
{
	for (size_t i = 0; i < policy->class_count; i++) {
		if (policy->classes[i].slot == slot)
			return &policy->classes[i];
	}
	return NULL;
}
