/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From rules to rte_acl contexts. Three habits of the library shape this file: the first
 * field is one byte and the others come in groups of four; equal priorities are undefined,
 * so the earlier rule gets the higher one; and creating a context under an existing name
 * returns the live one, so each gets a name of its own.
 */
#include "classifier_acl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_byteorder.h>
#include <rte_memory.h>

#include "classifier.h"

/* Fields of the key, in the order of their definitions. */
enum {
	FIELD_PROTOCOL,
	FIELD_ADDRESSES, /* source, then destination: one word each (IPv4) or four (IPv6) */
};

enum {
	TAIL_SOURCE_PORT,
	TAIL_DESTINATION_PORT,
	TAIL_VLAN,
	TAIL_DSCP,
	TAIL_PORTS_KNOWN,
	TAIL_FIELDS,

	FIELDS_MAX = 1 + 8 + TAIL_FIELDS,
};

/* With a limit rte_acl starts with large tries and halves them until they fit; without one
 * it starts with the smallest, and gives up on a thousand rules that range over ports and
 * prefixes alike. */
#define ACL_BYTES_MAX ((size_t)512 << 20)

RTE_ACL_RULE_DEF(acl_rule, FIELDS_MAX);

struct acl_shape {
	uint8_t family;
	uint32_t address_words; /* of one address */
	uint32_t tail_offset;
};

static const struct acl_shape shape_ipv4 = {4, 1, offsetof(struct acl_key_ipv4, tail)};
static const struct acl_shape shape_ipv6 = {6, 4, offsetof(struct acl_key_ipv6, tail)};

static uint32_t first_tail_field(const struct acl_shape *s)
{
	return FIELD_ADDRESSES + 2 * s->address_words;
}

static uint32_t define_fields(const struct acl_shape *s, struct rte_acl_field_def *defs)
{
	static const struct {
		uint8_t type, size;
		uint8_t group; /* of four bytes */
		size_t offset;
	} tail[TAIL_FIELDS] = {
		[TAIL_SOURCE_PORT] = {RTE_ACL_FIELD_TYPE_RANGE, 2, 0,
				      offsetof(struct acl_key_tail, source_port)},
		[TAIL_DESTINATION_PORT] = {RTE_ACL_FIELD_TYPE_RANGE, 2, 0,
					   offsetof(struct acl_key_tail, destination_port)},
		[TAIL_VLAN] = {RTE_ACL_FIELD_TYPE_BITMASK, 2, 1,
			       offsetof(struct acl_key_tail, vlan)},
		[TAIL_DSCP] = {RTE_ACL_FIELD_TYPE_BITMASK, 1, 1,
			       offsetof(struct acl_key_tail, dscp)},
		[TAIL_PORTS_KNOWN] = {RTE_ACL_FIELD_TYPE_BITMASK, 1, 1,
				      offsetof(struct acl_key_tail, ports_known)},
	};
	uint32_t n = 0;
	uint8_t group = 0;

	defs[n] = (struct rte_acl_field_def){
		.type = RTE_ACL_FIELD_TYPE_BITMASK, .size = 1, .input_index = group++};
	n++;
	for (uint32_t word = 0; word < 2 * s->address_words; word++, n++)
		defs[n] = (struct rte_acl_field_def){.type = RTE_ACL_FIELD_TYPE_MASK,
						     .size = 4,
						     .field_index = (uint8_t)n,
						     .input_index = group++,
						     .offset = 4 + 4 * word};
	for (uint32_t t = 0; t < TAIL_FIELDS; t++, n++)
		defs[n] = (struct rte_acl_field_def){
			.type = tail[t].type,
			.size = tail[t].size,
			.field_index = (uint8_t)n,
			.input_index = (uint8_t)(group + tail[t].group),
			.offset = s->tail_offset + (uint32_t)tail[t].offset};
	return n;
}

static void fill_address(struct rte_acl_field *fields, const struct prefix *p, uint32_t words)
{
	for (uint32_t w = 0; w < words; w++) {
		uint32_t covered = p->length > 32 * w ? p->length - 32 * w : 0;
		rte_be32_t word;

		memcpy(&word, p->address + 4 * w, sizeof(word));
		fields[w].value.u32 = rte_be_to_cpu_32(word);
		fields[w].mask_range.u32 = covered > 32 ? 32 : covered;
	}
}

static void fill_ports(struct rte_acl_field *field, const struct port_range *r)
{
	field->value.u16 = r->named ? r->low : 0;
	field->mask_range.u16 = r->named ? r->high : UINT16_MAX;
}

static void fill_rule(struct acl_rule *out, const struct acl_shape *s, const struct rule_spec *r,
		      size_t index)
{
	struct rte_acl_field *tail = out->field + first_tail_field(s);
	bool names_port = r->source_port.named || r->destination_port.named;

	out->data.priority = RTE_ACL_MAX_PRIORITY - (int32_t)index;
	out->data.userdata = (uint32_t)index + 1; /* 0 is rte_acl's "no match" */

	if (r->protocol != MATCH_ANY) {
		out->field[FIELD_PROTOCOL].value.u8 = (uint8_t)r->protocol;
		out->field[FIELD_PROTOCOL].mask_range.u8 = UINT8_MAX;
	}
	fill_address(out->field + FIELD_ADDRESSES, &r->source, s->address_words);
	fill_address(out->field + FIELD_ADDRESSES + s->address_words, &r->destination,
		     s->address_words);
	fill_ports(&tail[TAIL_SOURCE_PORT], &r->source_port);
	fill_ports(&tail[TAIL_DESTINATION_PORT], &r->destination_port);
	if (r->vlan != MATCH_ANY) {
		tail[TAIL_VLAN].value.u16 = (uint16_t)r->vlan;
		tail[TAIL_VLAN].mask_range.u16 = UINT16_MAX;
	}
	if (r->dscp != MATCH_ANY) {
		tail[TAIL_DSCP].value.u8 = (uint8_t)r->dscp;
		tail[TAIL_DSCP].mask_range.u8 = UINT8_MAX;
	}
	tail[TAIL_PORTS_KNOWN].value.u8 = names_port;
	tail[TAIL_PORTS_KNOWN].mask_range.u8 = names_port ? UINT8_MAX : 0;
}

static bool rule_has_family(const struct rule_spec *r, uint8_t family)
{
	uint8_t named = r->source.family != 0 ? r->source.family : r->destination.family;

	return named == 0 || named == family;
}

static struct rte_acl_ctx *create_context(const struct acl_shape *s, size_t rules)
{
	static uint64_t created; /* control only */
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param parameters = {
		.name = name,
		.socket_id = SOCKET_ID_ANY,
		.rule_size = (uint32_t)RTE_ACL_RULE_SZ(first_tail_field(s) + TAIL_FIELDS),
		.max_rule_num = (uint32_t)rules,
	};

	snprintf(name, sizeof(name), "em%u-%" PRIu64, s->family, created++);
	return rte_acl_create(&parameters);
}

static int add_rules(struct rte_acl_ctx *context, const struct classifier *c,
		     const struct acl_shape *s)
{
	for (size_t i = 0; i < c->rule_count; i++) {
		struct acl_rule rule = {.data = {.category_mask = 1}};
		int rc;

		if (!rule_has_family(&c->rules[i], s->family))
			continue;
		fill_rule(&rule, s, &c->rules[i], i);
		rc = rte_acl_add_rules(context, (const struct rte_acl_rule *)&rule, 1);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int build_context(const struct classifier *c, const struct acl_shape *s,
			 struct rte_acl_ctx **built)
{
	struct rte_acl_config config = {.num_categories = 1, .max_size = ACL_BYTES_MAX};
	struct rte_acl_ctx *context;
	size_t rules = 0;
	int rc;

	for (size_t i = 0; i < c->rule_count; i++)
		rules += rule_has_family(&c->rules[i], s->family);
	if (rules == 0)
		return 0;
	context = create_context(s, rules);
	if (context == NULL)
		return -ENOMEM;
	config.num_fields = define_fields(s, config.defs);
	rc = add_rules(context, c, s);
	if (rc == 0)
		rc = rte_acl_build(context, &config);
	if (rc < 0) {
		rte_acl_free(context);
		return rc;
	}
	*built = context;
	return 0;
}

static bool tables_decide_all(const struct classifier *c)
{
	for (uint32_t p = 0; p < SOURCE_PORTS; p++)
		if (c->by_source_port[p] == DECISION_OPEN)
			return false;
	for (uint32_t p = 0; p < PROTOCOLS; p++)
		if (c->by_protocol[0][p] == DECISION_OPEN || c->by_protocol[1][p] == DECISION_OPEN)
			return false;
	return true;
}

int classifier_acl_build(struct classifier *c)
{
	int rc;

	if (tables_decide_all(c))
		return 0;
	rc = build_context(c, &shape_ipv4, &c->ipv4);
	return rc < 0 ? rc : build_context(c, &shape_ipv6, &c->ipv6);
}
