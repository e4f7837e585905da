/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a checked configuration to the plain numbers that policy_build() takes: one
 * policy_spec for each direction of each link, with every name replaced by its slot.
 * Thread: control.
 */
#ifndef EDGEMARK_TRANSLATE_H
#define EDGEMARK_TRANSLATE_H

#include "config/config.h"
#include "dataplane/policy.h"

#include "slots.h"

/* A policy_spec and the arrays that it points into. */
struct translation {
	struct policy_spec spec;
	struct class_spec classes[CLASSES_MAX];
	struct contract_spec contracts[CONTRACTS_MAX];
	struct prefix trusted[TRUSTED_PREFIXES_MAX];
	struct rule_spec *rules;
};

/* What a direction without a policy forwards through. */
int translate_default_class(const struct config *c);

/* The classes of a contract in the order of the configuration, "voice+video".
 * NULL without memory; the caller frees. */
char *translate_contract_name(const struct config *c, const struct config_contract *contract);

/* Opens a transaction in s: the slots of all that this direction names. 0 or negative errno;
 * the caller commits or rolls back either way, and frees *out. */
int translate_names(const struct config *c, const struct config_link *link, enum direction d,
		    struct slots *s, struct generation_slots **out);

/* 0 or -ENOMEM; translation_free() either way. */
int translate_direction(const struct config *c, const struct config_link *link, enum direction d,
			const struct generation_slots *slots, uint64_t generation,
			struct translation *out);
void translation_free(struct translation *t);

#endif
