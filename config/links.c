/* SPDX-License-Identifier: BSD-3-Clause */
/* Links: two ports each, and the policy of each direction. */
#include <string.h>
#include <strings.h>

#include "reader.h"

enum { MTU_MIN = 576 }; /* what every IPv4 host accepts (RFC 791) */

static void read_mtu(struct loader *l, config_setting_t *group, struct config_port *port)
{
	int64_t mtu;

	if (read_integer(l, group, "mtu", MTU_MIN, MTU_MAX, &mtu))
		port->mtu = (uint16_t)mtu;
}

static void read_port(struct loader *l, config_setting_t *link, const char *key,
		      struct config_port *port)
{
	static const struct kind kind = {
		"a port", {"device", "rate-kbps", "account", "overhead-bytes", "mtu"}};
	config_setting_t *s = require_key(l, link, key);
	const char *device;

	*port = (struct config_port){.account = ACCOUNT_WIRE, .mtu = MTU_DEFAULT};
	if (!s || !read_group(l, s, &kind))
		return;
	if (require_key(l, s, "device") && read_string(l, s, "device", &device))
		port->device = loader_copy(l, device);
	read_rate(l, s, "rate-kbps", &port->rate_bps);
	read_account(l, s, &port->account, &port->overhead_bytes);
	read_mtu(l, s, port);
}

/* The EAL knows a device by what stands before its arguments. */
static bool is_same_device(const char *a, const char *b)
{
	size_t length = a ? strcspn(a, ",") : 0;

	return length && b && length == strcspn(b, ",") && strncasecmp(a, b, length) == 0;
}

static void check_device(struct loader *l, config_setting_t *link, const char *key,
			 const struct config_port *port, const struct config_port *other)
{
	if (is_same_device(port->device, other->device))
		loader_error(l, read_key(read_key(link, key), "device"),
			     "device '%.*s' again, expected each port in one place",
			     (int)strcspn(port->device, ","), port->device);
}

static void check_devices(struct loader *l, config_setting_t *group, const struct config_link *link)
{
	for (const struct config_link *other = l->config->links; other < link; other++) {
		check_device(l, group, "lan", &link->lan, &other->lan);
		check_device(l, group, "lan", &link->lan, &other->wan);
		check_device(l, group, "wan", &link->wan, &other->lan);
		check_device(l, group, "wan", &link->wan, &other->wan);
	}
	check_device(l, group, "wan", &link->wan, &link->lan);
}

static void read_link_name(struct loader *l, config_setting_t *group, struct config_link *link)
{
	link->name = read_name(l, group);
	if (!link->name)
		return;
	for (const struct config_link *other = l->config->links; other < link; other++)
		if (other->name && strcmp(other->name, link->name) == 0)
			loader_error(l, read_key(group, "name"),
				     "link '%s' again, it is at %s:%u; expected another name",
				     link->name, other->where.file, other->where.line);
}

static void read_link(struct loader *l, config_setting_t *group, struct config_link *link)
{
	static const struct kind kind = {"a link",
					 {"name", "lan", "wan", "upstream", "downstream"}};
	static const char *const directions[DIRECTIONS] = {"upstream", "downstream"};
	const char *name;

	*link = (struct config_link){.policy = {CONFIG_NONE, CONFIG_NONE},
				     .where = loader_where(l, group)};
	if (!read_group(l, group, &kind))
		return;
	read_link_name(l, group, link);
	read_port(l, group, "lan", &link->lan);
	read_port(l, group, "wan", &link->wan);
	check_devices(l, group, link);
	for (size_t d = 0; d < DIRECTIONS; d++)
		if (read_string(l, group, directions[d], &name))
			link->policy[d] = find_policy(l, read_key(group, directions[d]), name);
}

void load_links(struct loader *l, config_setting_t *root)
{
	config_setting_t *key = require_key(l, root, "links");
	config_setting_t *list = read_list(l, root, "links", LINKS_MAX, "links");
	unsigned count = list_length(list);
	struct config *c = l->config;

	if (list && count == 0)
		loader_error(l, key, "'links' is empty, expected 1-%d links", LINKS_MAX);
	c->links = loader_allocate(l, count, sizeof(c->links[0]));
	for (unsigned i = 0; c->links && i < count; i++) {
		read_link(l, config_setting_get_elem(list, i), &c->links[i]);
		c->link_count = i + 1;
	}
}
