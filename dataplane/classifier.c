/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See classifier.h. Here it is built: first the two decision tables, then the rte_acl
 * contexts for IPv4 and IPv6. Looking up is classify.c's.
 */
#include "classifier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "classifier_acl.h"

enum { PROTOCOL_UDP = 17 };

/* What the tables know of a packet: its protocol, whether its ports are known, and (for
 * the port table) its source port. Can the rule match such a packet at all? */
static bool rule_may_match(const struct rule_spec *r, int protocol, bool ports_known)
{
	if (r->protocol != MATCH_ANY && r->protocol != protocol)
		return false;
	return ports_known || (!r->source_port.named && !r->destination_port.named);
}

/* Does it match each of them, whatever else the packet holds? The source port is the
 * caller's to look at. */
static bool rule_asks_no_more(const struct rule_spec *r)
{
	return r->source.family == 0 && r->destination.family == 0 && r->vlan == MATCH_ANY &&
	       r->dscp == MATCH_ANY && !r->destination_port.named;
}

/* next[p]: the first port >= p that no earlier rule has settled. */
static uint32_t next_unsettled(uint32_t *next, uint32_t port)
{
	uint32_t end = port;

	while (next[end] != end)
		end = next[end];
	while (next[port] != end) {
		uint32_t step = next[port];

		next[port] = end;
		port = step;
	}
	return end;
}

/* Each port is settled once, by the first rule that may match it, so that the whole table
 * costs the number of ports and not of ports times rules. */
static int build_port_table(struct classifier *c)
{
	uint32_t *next = malloc((SOURCE_PORTS + 1) * sizeof(*next));

	if (next == NULL)
		return -ENOMEM;
	for (uint32_t p = 0; p <= SOURCE_PORTS; p++)
		next[p] = p;
	for (uint32_t p = 0; p < SOURCE_PORTS; p++)
		c->by_source_port[p] = DECISION_NO_RULE;

	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule_spec *r = &c->rules[i];
		uint32_t low = r->source_port.named ? r->source_port.low : 0;
		uint32_t high = r->source_port.named ? r->source_port.high : SOURCE_PORTS - 1;
		uint16_t decision = rule_asks_no_more(r) ? (uint16_t)i : DECISION_OPEN;

		if (!rule_may_match(r, PROTOCOL_UDP, true))
			continue;
		for (uint32_t p = next_unsettled(next, low); p <= high;
		     p = next_unsettled(next, p)) {
			c->by_source_port[p] = decision;
			next[p] = p + 1;
		}
	}
	free(next);
	return 0;
}

static uint16_t decide_protocol(const struct classifier *c, int protocol, bool ports_known)
{
	for (size_t i = 0; i < c->rule_count; i++) {
		const struct rule_spec *r = &c->rules[i];

		if (!rule_may_match(r, protocol, ports_known))
			continue;
		return rule_asks_no_more(r) && !r->source_port.named ? (uint16_t)i : DECISION_OPEN;
	}
	return DECISION_NO_RULE;
}

static void build_protocol_tables(struct classifier *c)
{
	for (int protocol = 0; protocol < PROTOCOLS; protocol++)
		for (int known = 0; known < 2; known++)
			c->by_protocol[known][protocol] = decide_protocol(c, protocol, known != 0);
	/* never asked: it must not make a rule set look open that the port table decides */
	c->by_protocol[1][PROTOCOL_UDP] = DECISION_NO_RULE;
}

static void fill_verdicts(struct classifier *c)
{
	for (size_t i = 0; i < c->rule_count; i++) {
		c->verdicts[i].class_slot = c->rules[i].drop ? SLOT_NONE : c->rules[i].class_slot;
		c->verdicts[i].rule_slot = c->rules[i].slot;
	}
}

int classifier_build(const struct rule_spec *rules, size_t count, struct classifier **built)
{
	struct classifier *c = rte_zmalloc("classifier", sizeof(*c), RTE_CACHE_LINE_SIZE);
	int rc = -ENOMEM;

	if (c == NULL)
		return -ENOMEM;
	c->references = 1;
	c->rule_count = count;
	c->rules = rte_zmalloc("rules", (count + 1) * sizeof(*rules), RTE_CACHE_LINE_SIZE);
	c->verdicts =
		rte_zmalloc("verdicts", (count + 1) * sizeof(*c->verdicts), RTE_CACHE_LINE_SIZE);
	if (c->rules == NULL || c->verdicts == NULL)
		goto failed;
	if (count > 0)
		memcpy(c->rules, rules, count * sizeof(*rules));
	fill_verdicts(c);
	build_protocol_tables(c);
	rc = build_port_table(c);
	if (rc == 0)
		rc = classifier_acl_build(c);
	if (rc < 0)
		goto failed;
	*built = c;
	return 0;

failed:
	classifier_release(c);
	return rc;
}

struct classifier *classifier_share(struct classifier *c)
{
	c->references++;
	return c;
}

void classifier_release(struct classifier *c)
{
	if (c == NULL || --c->references > 0)
		return;
	rte_acl_free(c->ipv4);
	rte_acl_free(c->ipv6);
	rte_free(c->rules);
	rte_free(c->verdicts);
	rte_free(c);
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->length == b->length &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool same_ports(const struct port_range *a, const struct port_range *b)
{
	return a->named == b->named && a->low == b->low && a->high == b->high;
}

static bool same_rule(const struct rule_spec *a, const struct rule_spec *b)
{
	return same_prefix(&a->source, &b->source) &&
	       same_prefix(&a->destination, &b->destination) &&
	       same_ports(&a->source_port, &b->source_port) &&
	       same_ports(&a->destination_port, &b->destination_port) &&
	       a->protocol == b->protocol && a->vlan == b->vlan && a->dscp == b->dscp &&
	       a->drop == b->drop && a->class_slot == b->class_slot && a->slot == b->slot &&
	       a->epoch == b->epoch;
}

bool classifier_has_rules(const struct classifier *c, const struct rule_spec *rules, size_t count)
{
	if (c->rule_count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same_rule(&c->rules[i], &rules[i]))
			return false;
	return true;
}
