/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a configuration. It may be half-read: pointers are NULL or owned. */
#include <stdlib.h>

#include "config.h"

static void free_acl(struct config_acl *acl)
{
	for (size_t i = 0; i < acl->rule_count; i++)
		free(acl->rules[i].acl);
	for (size_t i = 0; i < acl->profile_count; i++) {
		free(acl->profiles[i].name);
		free(acl->profiles[i].version);
		free(acl->profiles[i].source);
	}
	free(acl->rules);
	free(acl->profiles);
	free(acl->name);
}

static void free_policies(struct config *c)
{
	for (size_t i = 0; i < c->policy_count; i++) {
		free(c->policies[i].name);
		free(c->policies[i].trusted);
		free(c->policies[i].contracts);
	}
	free(c->policies);
}

static void free_links(struct config *c)
{
	for (size_t i = 0; i < c->link_count; i++) {
		free(c->links[i].name);
		free(c->links[i].lan.device);
		free(c->links[i].wan.device);
	}
	free(c->links);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	free_links(c);
	free_policies(c);
	for (size_t i = 0; i < c->class_count; i++)
		free(c->classes[i].name);
	free(c->classes);
	for (size_t i = 0; i < c->acl_count; i++)
		free_acl(&c->acls[i]);
	free(c->acls);
	free(c->control.socket);
	free(c->control.prometheus);
	free(c->dpdk.workers);
	for (size_t i = 0; i < c->dpdk.eal_arg_count; i++)
		free(c->dpdk.eal_args[i]);
	free(c->dpdk.eal_args);
	for (size_t i = 0; i < c->file_count; i++)
		free(c->files[i]);
	free(c->files);
	free(c->file);
	free(c);
}
