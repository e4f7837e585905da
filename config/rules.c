/* SPDX-License-Identifier: BSD-3-Clause */
/* ACLs: the rules of the profiles that one names, then its own, each by seq. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "prefix.h"
#include "reader.h"
#include "report.h"

static const struct kind rule_kind = {"a rule",
				      {"seq", "protocol", "source", "destination", "source-port",
				       "destination-port", "vlan", "dscp", "class", "action"}};

/* --- one rule --------------------------------------------------------------------- */

static void read_prefix(struct loader *l, config_setting_t *group, const char *key,
			struct config_prefix *prefix)
{
	const char *text;
	char corrected[PREFIX_TEXT_SIZE];

	if (!read_string(l, group, key, &text))
		return;
	switch (prefix_parse(text, prefix)) {
	case 0:
		break;
	case -EDOM:
		value_error(l, read_key(group, key), "\"%s\": it has bits set beyond its length",
			    prefix_format(prefix, corrected, sizeof(corrected)));
		break;
	default:
		value_error(l, read_key(group, key),
			    "a prefix such as \"10.9.0.0/24\" or \"2001:db8::/48\"");
		prefix->family = 0;
	}
}

static void check_families(struct loader *l, config_setting_t *group, const struct config_rule *r)
{
	char source[PREFIX_TEXT_SIZE], destination[PREFIX_TEXT_SIZE];

	if (r->source.family && r->destination.family && r->source.family != r->destination.family)
		loader_error(l, read_key(group, "destination"),
			     "source %s and destination %s mix IPv4 and IPv6, expected one family",
			     prefix_format(&r->source, source, sizeof(source)),
			     prefix_format(&r->destination, destination, sizeof(destination)));
}

static void read_port_range(struct loader *l, config_setting_t *group, const char *key,
			    struct config_port_range *range)
{
	config_setting_t *s = read_key(group, key);
	const char *text;
	int64_t port;
	int error;

	if (!s)
		return;
	if (value_is_number(s)) {
		if (value_integer(l, s, 0, UINT16_MAX, "a port ", &port))
			*range = (struct config_port_range){true, (uint16_t)port, (uint16_t)port};
		return;
	}
	if (!value_string(l, s, &text))
		return;
	error = port_range_parse(text, range);
	if (error == -ERANGE)
		value_error(l, s, "the lower port first");
	else if (error)
		value_error(l, s, "a port or a range of ports in 0-65535, such as \"50000-50019\"");
}

static void read_protocol(struct loader *l, config_setting_t *group, int16_t *protocol)
{
	config_setting_t *s = read_key(group, "protocol");
	int64_t number;

	if (!s)
		return;
	if (value_is_number(s)) {
		if (value_integer(l, s, 0, 255, "a protocol by name or number ", &number))
			*protocol = (int16_t)number;
		return;
	}
	if (config_setting_type(s) != CONFIG_TYPE_STRING ||
	    !protocol_by_name(config_setting_get_string(s), protocol))
		value_error(l, s,
			    "a protocol: \"udp\", \"tcp\", \"sctp\", \"icmp\", \"icmpv6\", "
			    "\"ospf\", \"vrrp\", \"gre\", \"esp\", \"ah\" …, or 0-255");
}

static void check_ports(struct loader *l, config_setting_t *group, const struct config_rule *r)
{
	static const char *const keys[] = {"source-port", "destination-port"};

	if (r->protocol == MATCH_ANY || protocol_has_ports(r->protocol))
		return;
	for (size_t i = 0; i < 2; i++)
		if (read_key(group, keys[i]))
			loader_error(
				l, read_key(group, keys[i]),
				"'%s' on protocol %d, which has no ports; expected udp, tcp or "
				"sctp, or no '%s'",
				keys[i], r->protocol, keys[i]);
}

/* A profile names well-known classes; those that are missing are told once, by the
 * profile's own reader. */
static void read_rule_class(struct loader *l, config_setting_t *group, struct config_rule *r)
{
	const char *name;

	if (!l->profile_order) {
		read_class(l, group, "class", &r->class_index);
		return;
	}
	if (!read_string(l, group, "class", &name))
		return;
	for (size_t i = 0; i < l->config->class_count; i++)
		if (l->config->classes[i].name && strcmp(l->config->classes[i].name, name) == 0)
			r->class_index = (int)i;
}

static void read_action(struct loader *l, config_setting_t *group, struct config_rule *r)
{
	static const struct choice actions[] = {{"drop", true}, {NULL, 0}};
	config_setting_t *class_key = read_key(group, "class"), *action = read_key(group, "action");
	int drop = false;

	if (class_key && action)
		loader_error(l, action, "'action' beside 'class', expected one of them");
	else if (!class_key && !action)
		loader_error(l, group,
			     "the rule says nothing to do, expected 'class' or "
			     "action = \"drop\"");
	read_choice(l, group, "action", actions, &drop);
	r->drop = drop;
	if (!drop)
		read_rule_class(l, group, r);
}

static void read_rule(struct loader *l, config_setting_t *group, struct config_rule *r)
{
	int64_t number;

	if (!read_group(l, group, &rule_kind))
		return;
	if (require_key(l, group, "seq") && read_integer(l, group, "seq", 1, UINT32_MAX, &number))
		r->seq = (uint32_t)number;
	read_prefix(l, group, "source", &r->source);
	read_prefix(l, group, "destination", &r->destination);
	check_families(l, group, r);
	read_protocol(l, group, &r->protocol);
	read_port_range(l, group, "source-port", &r->source_port);
	read_port_range(l, group, "destination-port", &r->destination_port);
	check_ports(l, group, r);
	if (read_integer(l, group, "vlan", 0, VLAN_VID_MAX, &number))
		r->vlan = (int16_t)number;
	uint8_t dscp;
	if (read_dscp(l, group, "dscp", &dscp))
		r->dscp = dscp;
	read_action(l, group, r);
}

/* --- the rules of an ACL or profile ----------------------------------------------- */

static int compare_seq(const void *a, const void *b)
{
	const struct config_rule *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->where.order < y->where.order ? -1 : x->where.order > y->where.order;
}

static void check_seqs(struct loader *l, const struct config_rule *rules, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (rules[i].seq && rules[i].seq == rules[i - 1].seq)
			report_error(l->report, rules[i].where,
				     "seq %" PRIu32 " again, it is that of the rule at %s:%u; "
				     "expected one that is free",
				     rules[i].seq, rules[i - 1].where.file,
				     rules[i - 1].where.line);
}

void load_rules(struct loader *l, config_setting_t *group, struct config_acl *acl, const char *name)
{
	size_t room = RULES_MAX - acl->rule_count;
	config_setting_t *list = read_list(l, group, "rules", room, "rules");
	unsigned count = list_length(list);
	struct config_rule *rules;

	if (count == 0)
		return;
	rules = reallocarray(acl->rules, acl->rule_count + count, sizeof(rules[0]));
	if (!rules) {
		l->out_of_memory = true;
		return;
	}
	acl->rules = rules;
	rules += acl->rule_count;
	for (unsigned i = 0; i < count; i++) {
		config_setting_t *element = config_setting_get_elem(list, i);

		rules[i] = (struct config_rule){.acl = loader_copy(l, name),
						.protocol = MATCH_ANY,
						.vlan = MATCH_ANY,
						.dscp = MATCH_ANY,
						.class_index = CONFIG_NONE,
						.where = loader_where(l, element)};
		acl->rule_count++;
		read_rule(l, element, &rules[i]);
	}
	qsort(rules, count, sizeof(rules[0]), compare_seq);
	check_seqs(l, rules, count);
}

static void read_acl(struct loader *l, config_setting_t *group, struct config_acl *acl)
{
	static const struct kind kind = {"an ACL", {"name", "profiles", "rules"}};

	acl->where = loader_where(l, group);
	if (!read_group(l, group, &kind))
		return;
	acl->name = read_name(l, group);
	if (!acl->name)
		return;
	for (const struct config_acl *other = l->config->acls; other < acl; other++)
		if (other->name && strcmp(other->name, acl->name) == 0)
			loader_error(l, read_key(group, "name"),
				     "ACL '%s' again, it is at %s:%u; expected another name",
				     acl->name, other->where.file, other->where.line);
	load_profiles(l, group, acl);
	load_rules(l, group, acl, acl->name);
}

void load_acls(struct loader *l, config_setting_t *root)
{
	config_setting_t *list = read_list(l, root, "acls", RULES_MAX, "ACLs");
	unsigned count = list_length(list);
	struct config *c = l->config;

	c->acls = loader_allocate(l, count, sizeof(c->acls[0]));
	if (!c->acls)
		return;
	for (unsigned i = 0; i < count; i++) {
		c->acl_count = i + 1;
		read_acl(l, config_setting_get_elem(list, i), &c->acls[i]);
	}
}
