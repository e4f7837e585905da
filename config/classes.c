/* SPDX-License-Identifier: BSD-3-Clause */
/* The classes: a name, the DSCP and the PCP that its packets leave with. */
#include <string.h>

#include "reader.h"

static void check_unique(struct loader *l, config_setting_t *group,
			 const struct config_class *class)
{
	for (const struct config_class *other = l->config->classes; other < class; other++)
		if (other->name && strcmp(other->name, class->name) == 0)
			loader_error(l, read_key(group, "name"),
				     "class '%s' again, it is at %s:%u; expected another name",
				     class->name, other->where.file, other->where.line);
}

static void read_one(struct loader *l, config_setting_t *group, struct config_class *class)
{
	static const struct kind kind = {"a class", {"name", "dscp", "pcp", "calls"}};
	int64_t pcp;

	class->where = loader_where(l, group);
	if (!read_group(l, group, &kind))
		return;
	class->name = read_name(l, group);
	if (class->name)
		check_unique(l, group, class);
	/* One that can't be read must not pass for best effort. */
	if (!require_key(l, group, "dscp") || !read_dscp(l, group, "dscp", &class->dscp))
		class->dscp = DSCP_VALUES - 1;
	/* The class selector: the three bits that are the precedence (RFC 2474, 4.2.2). */
	class->pcp = class->dscp >> 3;
	if (read_integer(l, group, "pcp", 0, PCP_VALUES - 1, &pcp))
		class->pcp = (uint8_t)pcp;
	class->calls = class->dscp == DSCP_EF;
	(void)read_boolean(l, group, "calls", &class->calls);
}

void load_classes(struct loader *l, config_setting_t *root)
{
	config_setting_t *key = require_key(l, root, "classes");
	config_setting_t *list = read_list(l, root, "classes", CLASSES_MAX, "classes");
	unsigned count = list_length(list);
	struct config *c = l->config;

	if (list && count == 0)
		loader_error(l, key, "'classes' is empty, expected 1-%d classes", CLASSES_MAX);
	c->classes = loader_allocate(l, count, sizeof(c->classes[0]));
	if (!c->classes)
		return;
	for (unsigned i = 0; i < count; i++) {
		c->class_count = i + 1;
		read_one(l, config_setting_get_elem(list, i), &c->classes[i]);
	}
}

int find_class(struct loader *l, const config_setting_t *s, const char *name)
{
	return find_named(l, s, name, "class", l->config->classes, l->config->class_count,
			  sizeof(l->config->classes[0]));
}
