/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Profiles: shipped, versioned rule sets, read by the same code as an operator's own
 * rules. They name well-known classes, which the configuration must have.
 */
#include "profiles.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "reader.h"
#include "report.h"

static const struct profile_text *find_profile(struct loader *l, const config_setting_t *s,
					       const char *name)
{
	char all[256] = "";
	struct guess guess;

	guess_begin(&guess, name);
	for (size_t i = 0; i < profile_text_count; i++) {
		size_t used = strlen(all);

		if (strcmp(profile_texts[i].name, name) == 0)
			return &profile_texts[i];
		guess_try(&guess, profile_texts[i].name);
		snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "",
			 profile_texts[i].name);
	}
	if (guess.best)
		loader_error(l, s, "there is no profile '%s', expected '%s'?", name, guess.best);
	else
		loader_error(l, s, "there is no profile '%s', expected one of %s", name, all);
	return NULL;
}

static void missing_class(struct loader *l, const config_setting_t *s, const char *profile,
			  config_setting_t *rules, unsigned at)
{
	const char *name = NULL, *earlier;

	config_setting_lookup_string(config_setting_get_elem(rules, at), "class", &name);
	for (unsigned i = 0; name && i < at; i++)
		if (config_setting_lookup_string(config_setting_get_elem(rules, i), "class",
						 &earlier) &&
		    strcmp(earlier, name) == 0)
			return; /* told already */
	for (size_t i = 0; name && i < l->config->class_count; i++)
		if (l->config->classes[i].name && strcmp(l->config->classes[i].name, name) == 0)
			return;
	if (name)
		loader_error(l, s,
			     "profile '%s' needs a class '%s', which the configuration has not; "
			     "expected one of that name in 'classes'",
			     profile, name);
}

static char *copy_string(struct loader *l, config_setting_t *root, const char *key)
{
	const char *text = "";

	if (require_key(l, root, key))
		read_string(l, root, key, &text);
	return loader_copy(l, text);
}

static void read_profile(struct loader *l, config_setting_t *root, struct config_acl *acl)
{
	static const struct kind kind = {"a profile", {"name", "version", "source", "rules"}};
	struct config_profile *p = &acl->profiles[acl->profile_count++];
	size_t before = acl->rule_count;

	read_group(l, root, &kind);
	p->name = copy_string(l, root, "name");
	p->version = copy_string(l, root, "version");
	p->source = copy_string(l, root, "source");
	if (p->name)
		load_rules(l, root, acl, p->name);
	p->rule_count = acl->rule_count - before;
}

static void load_profile(struct loader *l, const config_setting_t *s,
			 const struct profile_text *profile, struct config_acl *acl)
{
	struct source source, *outer = l->source;
	config_setting_t *rules;
	config_t parsed;
	char name[64];

	config_init(&parsed);
	snprintf(name, sizeof(name), "profile %s", profile->name);
	unsigned order = loader_where(l, s).order;
	l->profile_order = order;
	if (source_read_text(l, &source, name, profile->text, profile->length) &&
	    config_read_string(&parsed, source.text)) {
		rules = read_key(config_root_setting(&parsed), "rules");
		l->profile_order = 0;
		for (unsigned i = 0; i < list_length(rules); i++)
			missing_class(l, s, profile->name, rules, i);
		l->profile_order = order;
		l->source = &source;
		read_profile(l, config_root_setting(&parsed), acl);
	} else {
		loader_error(l, s, "profile '%s' can't be read", profile->name);
	}
	l->source = outer;
	l->profile_order = 0;
	source_clear(&source);
	config_destroy(&parsed);
}

void load_profiles(struct loader *l, config_setting_t *group, struct config_acl *acl)
{
	config_setting_t *list =
		read_list(l, group, "profiles", profile_text_count, "names of profiles");
	unsigned count = list_length(list);

	acl->profiles = loader_allocate(l, count, sizeof(acl->profiles[0]));
	for (unsigned i = 0; acl->profiles && i < count; i++) {
		const config_setting_t *s = config_setting_get_elem(list, i);
		const struct profile_text *profile;
		const char *name;
		bool again = false;

		if (!value_string(l, s, &name) || !(profile = find_profile(l, s, name)))
			continue;
		for (size_t j = 0; j < acl->profile_count; j++)
			again |= strcmp(acl->profiles[j].name, name) == 0;
		if (again)
			loader_error(l, s, "profile '%s' again, expected each once", name);
		else
			load_profile(l, s, profile, acl);
	}
}
