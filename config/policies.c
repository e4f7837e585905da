/* SPDX-License-Identifier: BSD-3-Clause */
/* Policies: what one direction of a link does with its packets. */
#include <errno.h>
#include <string.h>

#include "prefix.h"
#include "reader.h"

enum {
	POLICIES_MAX = 64,
	ENTRIES_MAX = 2 * CLASSES_MAX, /* room to find those that are there twice */
};

static const struct kind policy_kind = {"a policy",
					{"name", "acl", "trust", "trusted", "default-class",
					 "allowed-dscp", "vlan", "pcp-map", "contracts",
					 "schedule"}};

/* --- trust ------------------------------------------------------------------------ */

static void read_trusted(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	config_setting_t *list = read_list(l, group, "trusted", TRUSTED_PREFIXES_MAX, "prefixes");
	char corrected[PREFIX_TEXT_SIZE];

	if (list && p->trust == TRUST_NONE)
		loader_error(l, list,
			     "'trusted' with trust \"none\", expected trust = \"dscp\" or "
			     "\"pcp\"");
	p->trusted = loader_allocate(l, list_length(list), sizeof(p->trusted[0]));
	for (unsigned i = 0; p->trusted && i < list_length(list); i++) {
		const config_setting_t *s = config_setting_get_elem(list, i);
		struct config_prefix *prefix = &p->trusted[p->trusted_count];
		const char *text;
		int error;

		if (!value_string(l, s, &text))
			continue;
		error = prefix_parse(text, prefix);
		if (error == -EDOM)
			value_error(l, s, "\"%s\": it has bits set beyond its length",
				    prefix_format(prefix, corrected, sizeof(corrected)));
		else if (error)
			value_error(l, s, "a prefix such as \"10.9.0.0/24\" or \"2001:db8::/48\"");
		else
			p->trusted_count++;
	}
}

static void read_trust(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	static const struct choice trusts[] = {
		{"none", TRUST_NONE}, {"dscp", TRUST_DSCP}, {"pcp", TRUST_PCP}, {NULL, 0}};
	int choice;

	if (read_choice(l, group, "trust", trusts, &choice))
		p->trust = (enum trust)choice;
	read_trusted(l, group, p);
}

/* The class with DSCP 0, if there is exactly one. */
static void choose_default_class(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	const struct config *c = l->config;

	for (size_t i = 0; i < c->class_count; i++) {
		if (c->classes[i].dscp != 0 || !c->classes[i].name)
			continue;
		if (p->default_class != CONFIG_NONE) {
			loader_error(l, group,
				     "key 'default-class' is missing: classes '%s' and '%s' both "
				     "have DSCP 0, expected one of them",
				     c->classes[p->default_class].name, c->classes[i].name);
			return;
		}
		p->default_class = (int)i;
	}
	if (p->default_class == CONFIG_NONE && c->class_count > 0)
		loader_error(l, group, "key 'default-class' is missing, and no class has DSCP 0");
}

/* --- marks ------------------------------------------------------------------------ */

static void read_allowed_dscp(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	config_setting_t *list = read_list(l, group, "allowed-dscp", DSCP_VALUES, "DSCPs");
	uint8_t dscp;

	p->allowed_dscp = UINT64_MAX;
	if (!list)
		return;
	p->allowed_dscp = UINT64_C(1) << DSCP_CS0; /* what the guard erases to is always allowed */
	for (unsigned i = 0; i < list_length(list); i++)
		if (value_dscp(l, config_setting_get_elem(list, i), &dscp))
			p->allowed_dscp |= UINT64_C(1) << dscp;
}

static void read_untagged(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	config_setting_t *s = read_key(group, "untagged");
	const char *word = s ? config_setting_get_string(s) : NULL;
	int64_t vid;

	if (!s)
		return;
	if (word && strcmp(word, "keep") == 0)
		p->untagged = UNTAGGED_KEEP;
	else if (word && strcmp(word, "priority-tag") == 0)
		p->untagged = UNTAGGED_PRIORITY_TAG;
	else if (value_integer(l, s, 1, VLAN_VID_MAX, "\"keep\", \"priority-tag\" or a VLAN ",
			       &vid))
		p->untagged = (int16_t)vid;
}

static void read_vlan(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	static const struct kind kind = {"'vlan'", {"pcp", "untagged", "strip"}};
	static const struct choice pcps[] = {
		{"outer", TAG_PCP_OUTER}, {"all", TAG_PCP_ALL}, {"keep", TAG_PCP_KEEP}, {NULL, 0}};
	config_setting_t *s = read_key(group, "vlan");
	int choice;

	if (!s || !read_group(l, s, &kind))
		return;
	if (read_choice(l, s, "pcp", pcps, &choice))
		p->tag_pcp = (enum tag_pcp)choice;
	read_untagged(l, s, p);
	read_boolean(l, s, "strip", &p->strip);
	if (p->strip && p->untagged != UNTAGGED_KEEP)
		loader_error(
			l, read_key(s, "strip"),
			"'strip' beside 'untagged', which inserts a tag; expected one of them");
}

static void read_pcp_map(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	static const struct kind kind = {"an entry of 'pcp-map'", {"class", "pcp"}};
	config_setting_t *list =
		read_list(l, group, "pcp-map", ENTRIES_MAX, "{ class = …; pcp = …; }");
	int64_t pcp;
	int class_index;

	for (size_t i = 0; i < l->config->class_count; i++)
		p->pcp[i] = l->config->classes[i].pcp;
	for (unsigned i = 0; i < list_length(list); i++) {
		config_setting_t *s = config_setting_get_elem(list, i);

		if (!read_group(l, s, &kind) || !require_key(l, s, "class") ||
		    !require_key(l, s, "pcp"))
			continue;
		bool has_pcp = read_integer(l, s, "pcp", 0, PCP_VALUES - 1, &pcp);
		if (!read_class(l, s, "class", &class_index) || !has_pcp)
			continue;
		if (p->pcp_mapped[class_index])
			loader_error(l, read_key(s, "class"),
				     "class '%s' again, expected each class once",
				     l->config->classes[class_index].name);
		p->pcp[class_index] = (uint8_t)pcp;
		p->pcp_mapped[class_index] = true;
	}
}

/* --- policies --------------------------------------------------------------------- */

static void read_policy_name(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	p->name = read_name(l, group);
	if (!p->name)
		return;
	for (const struct config_policy *other = l->config->policies; other < p; other++)
		if (other->name && strcmp(other->name, p->name) == 0)
			loader_error(l, read_key(group, "name"),
				     "policy '%s' again, it is at %s:%u; expected another name",
				     p->name, other->where.file, other->where.line);
}

static void read_policy(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	const char *acl;

	*p = (struct config_policy){.acl = CONFIG_NONE,
				    .default_class = CONFIG_NONE,
				    .untagged = UNTAGGED_KEEP,
				    .where = loader_where(l, group)};
	if (!read_group(l, group, &policy_kind))
		return;
	read_policy_name(l, group, p);
	if (read_string(l, group, "acl", &acl))
		p->acl = find_acl(l, read_key(group, "acl"), acl);
	read_trust(l, group, p);
	if (read_key(group, "default-class"))
		read_class(l, group, "default-class", &p->default_class);
	else
		choose_default_class(l, group, p);
	read_allowed_dscp(l, group, p);
	read_vlan(l, group, p);
	read_pcp_map(l, group, p);
	load_contracts(l, group, p);
	load_schedule(l, group, p);
}

void load_policies(struct loader *l, config_setting_t *root)
{
	config_setting_t *list = read_list(l, root, "policies", POLICIES_MAX, "policies");
	unsigned count = list_length(list);
	struct config *c = l->config;

	c->policies = loader_allocate(l, count, sizeof(c->policies[0]));
	for (unsigned i = 0; c->policies && i < count; i++) {
		read_policy(l, config_setting_get_elem(list, i), &c->policies[i]);
		c->policy_count = i + 1;
	}
}

int find_acl(struct loader *l, const config_setting_t *s, const char *name)
{
	return find_named(l, s, name, "ACL", l->config->acls, l->config->acl_count,
			  sizeof(l->config->acls[0]));
}

int find_policy(struct loader *l, const config_setting_t *s, const char *name)
{
	return find_named(l, s, name, "policy", l->config->policies, l->config->policy_count,
			  sizeof(l->config->policies[0]));
}
