/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names to slots. A lane keeps what changes (tokens, queues, counters) in numbered slots;
 * this registry, one per direction, says which name owns which slot, so that a reordered
 * configuration moves no state. A name keeps its slot for as long as it exists. A vanished
 * name's slot goes to a new name only when no slot is fresh, the longest vanished first
 * (its queue has had the most time to drain), and then its epoch changes.
 *
 * Assignments form a transaction: commit or roll back. Thread: control.
 */
#ifndef EDGEMARK_SLOTS_H
#define EDGEMARK_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "dataplane/policy.h"

enum slot_kind { SLOT_CLASS, SLOT_CONTRACT, SLOT_RULE, SLOT_KINDS };

struct slot_name {
	const char *text; /* of a class; a contract's classes; a rule's ACL */
	uint32_t number;  /* of a rule: its seq; else 0 */
};

struct slot_place {
	uint32_t slot;	/* SLOT_UNUSED: this generation does not use the name */
	uint32_t epoch; /* 1 for the slot's first owner */
};

#define SLOT_UNUSED UINT32_MAX

/* The slots of one direction in one generation, by index in the configuration. */
struct generation_slots {
	struct slot_place classes[CLASSES_MAX];
	size_t class_count;
	struct slot_place contracts[CONTRACTS_MAX];
	size_t contract_count;
	struct slot_place *rules;
	size_t rule_count;
};

struct slots;

struct slots *slots_create(void); /* NULL without memory */
void slots_destroy(struct slots *s);

/* Gives each of n names its slot in places. One call per kind and transaction.
 * 0, -ENOSPC where too many names are new at once, or -ENOMEM. */
int slots_assign(struct slots *s, enum slot_kind kind, const struct slot_name *names, size_t n,
		 struct slot_place *places);

/* Ends the transaction: keeps what was assigned, or restores what was before it. */
void slots_commit(struct slots *s);
void slots_rollback(struct slots *s);

/* The generation now in force: until the next call none of its slots is given away. */
void slots_hold(struct slots *s, const struct generation_slots *running);

void generation_slots_free(struct generation_slots *g);

#endif
