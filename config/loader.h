/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of config_load() share: the configuration under construction, the
 * report, and the text being read. Each part reads one kind of object, reports what is
 * wrong with it and goes on, so that one run finds every error.
 */
#ifndef EDGEMARK_CONFIG_LOADER_H
#define EDGEMARK_CONFIG_LOADER_H

#include <libconfig.h>

#include "config.h"
#include "source.h"

/* What becomes of a file that others could have written. */
enum loader_writers { WRITERS_ANY, WRITERS_WARN, WRITERS_REFUSE };

struct loader {
	struct config *config;
	struct config_report *report;
	struct source *source;	/* the file, or the profile being read */
	unsigned profile_order; /* where in the file the profile was named; 0: the file */
	enum loader_writers writers;
	bool out_of_memory;
};

struct config_where loader_where(const struct loader *l, const config_setting_t *s);

__attribute__((format(printf, 3, 4))) void loader_error(struct loader *l, const config_setting_t *s,
							const char *format, ...);

/* NULL where there is no memory, which makes config_load() fail. Zeroed. */
void *loader_allocate(struct loader *l, size_t count, size_t size);
char *loader_copy(struct loader *l, const char *text);

/* A name of a file that lives as long as the configuration. */
const char *loader_file_name(struct loader *l, const char *name);

/* Index of the named object, or CONFIG_NONE with the error reported. */
int find_class(struct loader *l, const config_setting_t *s, const char *name);
int find_acl(struct loader *l, const config_setting_t *s, const char *name);
int find_policy(struct loader *l, const config_setting_t *s, const char *name);

/* The parts. Each takes the group that holds its key. */
void load_classes(struct loader *l, config_setting_t *root);
void load_acls(struct loader *l, config_setting_t *root);
void load_policies(struct loader *l, config_setting_t *root);
void load_links(struct loader *l, config_setting_t *root);
void load_control(struct loader *l, config_setting_t *root);
void load_dpdk(struct loader *l, config_setting_t *root);

void load_rules(struct loader *l, config_setting_t *group, struct config_acl *acl,
		const char *name);
void load_profiles(struct loader *l, config_setting_t *group, struct config_acl *acl);
void load_contracts(struct loader *l, config_setting_t *group, struct config_policy *p);
void load_schedule(struct loader *l, config_setting_t *group, struct config_policy *p);

#endif
