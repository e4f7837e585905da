/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random policies from a small world of addresses, ports and tags, so that rules overlap,
 * hide and border on each other as in an operator's ACL that has grown for years.
 */
#ifndef EDGEMARK_TESTS_RANDOM_POLICY_H
#define EDGEMARK_TESTS_RANDOM_POLICY_H

#include "dataplane/policy.h"
#include "support/random.h"

enum {
	RANDOM_RULES_MAX = 1200,
	RANDOM_CONTRACTS_MAX = 3,
	RANDOM_TRUSTED_MAX = 4,
};

enum random_rules {
	RULES_BY_PORT, /* UDP source ports alone: what the port table decides */
	RULES_MIXED,
	RULES_WIDE, /* every field, few of them decided by port */
	RANDOM_RULES
};

struct random_policy_options {
	enum random_rules rules;
	unsigned rule_count;
	bool marks;	/* tags, PCP, egress guard; else only DSCPs are written */
	bool contracts; /* police and count */
};

struct random_policy {
	struct policy_spec spec; /* points into the rest */
	struct class_spec classes[CLASSES_MAX];
	struct rule_spec rules[RANDOM_RULES_MAX];
	struct contract_spec contracts[RANDOM_CONTRACTS_MAX];
	struct prefix trusted[RANDOM_TRUSTED_MAX];
};

void random_policy_make(struct random_policy *p, struct random *r,
			const struct random_policy_options *options);

/* Other contracts' rates and bursts, same slots: what a reload changes. */
void random_policy_change_rates(struct random_policy *p, struct random *r);

struct prefix random_prefix(struct random *r, uint8_t family);

/* An address of the small world; not within any prefix in particular. */
void random_address(struct random *r, uint8_t family, uint8_t out[16]);

/* An address within the prefix: the first, the last, or any. */
void random_address_within(struct random *r, const struct prefix *p, uint8_t out[16]);

#endif
