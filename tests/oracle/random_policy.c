/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/random_policy.h"

#include <string.h>

/* --- addresses ------------------------------------------------------------------------ */

void random_address(struct random *r, uint8_t family, uint8_t out[16])
{
	static const uint8_t site6[8] = {0x20, 0x01, 0x0d, 0xb8};

	memset(out, 0, 16);
	if (family == 4) {
		out[0] = random_chance(r, 80) ? 10 : (uint8_t)random_u64(r);
		out[1] = (uint8_t)random_below(r, 4);
		out[2] = (uint8_t)random_below(r, 4);
		out[3] = (uint8_t)random_u64(r);
		return;
	}
	memcpy(out, site6, sizeof(site6));
	if (random_chance(r, 20))
		random_bytes(r, out, 16);
	out[5] = (uint8_t)random_below(r, 3);
	out[11] = (uint8_t)random_below(r, 3);
	out[15] = (uint8_t)random_u64(r);
}

static void fill_host_bits(const struct prefix *p, uint8_t address[16], bool ones)
{
	unsigned bits = p->family == 4 ? 32 : 128;

	for (unsigned bit = p->length; bit < bits; bit++) {
		uint8_t mask = (uint8_t)(0x80u >> bit % 8);

		address[bit / 8] =
			ones ? address[bit / 8] | mask : address[bit / 8] & (uint8_t)~mask;
	}
}

struct prefix random_prefix(struct random *r, uint8_t family)
{
	static const uint8_t common4[] = {0, 8, 14, 16, 22, 23, 24, 30, 31, 32};
	static const uint8_t common6[] = {0, 1, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128};
	struct prefix p = {.family = family};

	if (random_chance(r, 20))
		p.length = (uint8_t)random_between(r, 0, family == 4 ? 32 : 128);
	else if (family == 4)
		p.length = common4[random_below(r, sizeof(common4))];
	else
		p.length = common6[random_below(r, sizeof(common6))];
	random_address(r, family, p.address);
	fill_host_bits(&p, p.address, false);
	return p;
}

void random_address_within(struct random *r, const struct prefix *p, uint8_t out[16])
{
	uint8_t any[16];
	unsigned bits = p->family == 4 ? 32 : 128;

	memcpy(out, p->address, 16);
	switch (random_below(r, 4)) {
	case 0:
		fill_host_bits(p, out, false);
		return;
	case 1:
		fill_host_bits(p, out, true);
		return;
	default:
		random_address(r, p->family, any);
		for (unsigned bit = p->length; bit < bits; bit++)
			out[bit / 8] = (uint8_t)(out[bit / 8] | (any[bit / 8] & 0x80u >> bit % 8));
	}
}

/* --- classes -------------------------------------------------------------------------- */

/* Every class has a DSCP of its own, so that a frame shows its class as it leaves. */
static void make_classes(struct random_policy *p, struct random *r)
{
	uint32_t slots = 0;
	uint64_t dscps = 0;

	p->spec.class_count = random_between(r, 1, CLASSES_MAX);
	for (size_t i = 0; i < p->spec.class_count; i++) {
		struct class_spec *c = &p->classes[i];

		memset(c, 0, sizeof(*c));
		do
			c->slot = (uint8_t)random_below(r, SLOT_LINK_CONTROL);
		while (slots >> c->slot & 1);
		do
			c->dscp = i == 0 ? DSCP_EF : (uint8_t)random_below(r, DSCP_VALUES);
		while (dscps >> c->dscp & 1);
		slots |= UINT32_C(1) << c->slot;
		dscps |= UINT64_C(1) << c->dscp;
		c->epoch = 1;
		c->pcp = (uint8_t)random_below(r, PCP_VALUES);
		c->weight = 1;
		c->queue_ns = 100000000;
		c->queue_packets = 512;
	}
	p->spec.classes = p->classes;
	p->spec.default_slot = p->classes[random_below(r, (uint32_t)p->spec.class_count)].slot;
}

/* --- rules ---------------------------------------------------------------------------- */

/* wide: it may hide many a range after it. */
static struct port_range random_range(struct random *r, bool wide)
{
	static const uint16_t teams[] = {50000, 50020, 50040, 3478, 5060, 0};
	struct port_range range = {.named = true};
	uint32_t roll = random_below(r, 40), other;

	if (roll < 10) {
		range.low = range.high = (uint16_t)random_u64(r);
	} else if (roll < 18) {
		range.low = teams[random_below(r, 6)];
		range.high = (uint16_t)(range.low + 19);
	} else if (roll == 18 && wide) { /* up to the last port */
		range.high = 65535;
		range.low = random_chance(r, 30) ? 0 : (uint16_t)random_u64(r);
	} else if (roll == 19 && wide) { /* from the first */
		range.high = random_chance(r, 30) ? 0 : (uint16_t)random_u64(r);
	} else {
		range.low = (uint16_t)random_u64(r);
		other = range.low + random_below(r, 200);
		range.high = (uint16_t)(other > 65535 ? 65535 : other);
	}
	return range;
}

static int16_t random_protocol(struct random *r)
{
	static const int16_t common[] = {17, 17, 17, 17, 6, 6, 132, 1, 58, 0, 50, 51, 44, 255};

	return common[random_below(r, sizeof(common) / sizeof(common[0]))];
}

static void make_prefixes(struct rule_spec *rule, struct random *r)
{
	uint8_t family = random_chance(r, 55) ? 4 : 6;

	if (random_chance(r, 40))
		return;
	if (random_chance(r, 70))
		rule->source = random_prefix(r, family);
	if (random_chance(r, 50))
		rule->destination = random_prefix(r, family);
}

static void make_wide_rule(struct rule_spec *rule, struct random *r)
{
	make_prefixes(rule, r);
	if (random_chance(r, 65))
		rule->protocol = random_protocol(r);
	if (random_chance(r, 45))
		rule->source_port = random_range(r, true);
	if (random_chance(r, 30))
		rule->destination_port = random_range(r, true);
	if (random_chance(r, 20))
		rule->vlan = (int16_t)(random_chance(r, 90) ? random_below(r, 8) : VLAN_VID_MAX);
	if (random_chance(r, 20))
		rule->dscp = (int16_t)(random_chance(r, 50) ? DSCP_EF : random_below(r, 64));
}

/* A rule that asks nothing hides all after it: only the last ones may. */
static bool asks_little(const struct rule_spec *rule)
{
	int fields = (rule->source.length > 1) + (rule->destination.length > 1) +
		     rule->source_port.named + rule->destination_port.named +
		     (rule->protocol != MATCH_ANY) + (rule->vlan != MATCH_ANY) +
		     (rule->dscp != MATCH_ANY);

	return fields < 2;
}

static void make_rule(struct random_policy *p, struct random *r,
		      const struct random_policy_options *o, size_t index)
{
	struct rule_spec *rule = &p->rules[index];
	bool by_port =
		o->rules == RULES_BY_PORT || (o->rules == RULES_MIXED && random_chance(r, 50));

	do {
		memset(rule, 0, sizeof(*rule));
		rule->protocol = rule->vlan = rule->dscp = MATCH_ANY;
		if (by_port) {
			rule->protocol = 17;
			rule->source_port = random_range(r, 4 * index >= 3 * p->spec.rule_count);
		} else {
			make_wide_rule(rule, r);
		}
	} while (!by_port && asks_little(rule) && index + 2 < p->spec.rule_count);
	rule->drop = random_chance(r, 10);
	rule->class_slot =
		rule->drop ? SLOT_NONE
			   : p->classes[random_below(r, (uint32_t)p->spec.class_count)].slot;
	rule->slot = (uint32_t)index;
	rule->epoch = 1;
}

/* Slots follow names, not the order: any permutation will do. */
static void shuffle_slots(struct random_policy *p, struct random *r)
{
	for (size_t i = p->spec.rule_count; i > 1; i--) {
		size_t j = random_below(r, (uint32_t)i);
		uint32_t slot = p->rules[j].slot;

		p->rules[j].slot = p->rules[i - 1].slot;
		p->rules[i - 1].slot = slot;
	}
}

/* --- the rest ------------------------------------------------------------------------- */

static void make_trust(struct random_policy *p, struct random *r)
{
	p->spec.trust = (enum trust)random_below(r, 3);
	p->spec.trusted = p->trusted;
	p->spec.trusted_count = random_chance(r, 50) ? 0 : random_between(r, 1, RANDOM_TRUSTED_MAX);
	for (size_t i = 0; i < p->spec.trusted_count; i++)
		p->trusted[i] = random_prefix(r, random_chance(r, 60) ? 4 : 6);
}

void random_policy_change_rates(struct random_policy *p, struct random *r)
{
	for (size_t i = 0; i < p->spec.contract_count; i++) {
		struct contract_spec *c = &p->contracts[i];

		c->cir_bps = random_between(r, 1, 1000000);
		c->burst_bytes = random_between(r, 1, 10000);
	}
}

static void make_contracts(struct random_policy *p, struct random *r)
{
	uint32_t taken = 0;

	p->spec.contract_count = random_between(r, 1, RANDOM_CONTRACTS_MAX);
	for (size_t i = 0; i < p->spec.contract_count; i++) {
		struct contract_spec *c = &p->contracts[i];

		memset(c, 0, sizeof(*c));
		c->slot = (uint8_t)(31 - i * 7);
		c->epoch = 1;
		for (size_t k = 0; k < p->spec.class_count; k++) {
			uint32_t bit = UINT32_C(1) << p->classes[k].slot;

			if (!(taken & bit) && random_chance(r, 40))
				c->class_slots |= bit;
		}
		taken |= c->class_slots;
		c->account = (enum account)random_below(r, 3);
		if (random_chance(r, 50))
			c->overhead_bytes = (int32_t)random_below(r, 300) - 150;
		c->exceed = random_chance(r, 70) ? EXCEED_POLICE : EXCEED_COUNT;
		c->remark_slot = SLOT_NONE;
	}
	random_policy_change_rates(p, r);
	p->spec.contracts = p->contracts;
	while (p->spec.contract_count && !p->contracts[p->spec.contract_count - 1].class_slots)
		p->spec.contract_count--;
	for (size_t i = 0; i < p->spec.contract_count; i++) {
		if (!p->contracts[i].class_slots) {
			p->spec.contract_count = i;
			break;
		}
	}
}

static void make_marks(struct policy_spec *spec, struct random *r)
{
	static const uint64_t provider =
		UINT64_C(1) << 46 | UINT64_C(1) << 34 | UINT64_C(1) << 18 | UINT64_C(1) << 10 | 1;

	spec->tag_pcp = (enum tag_pcp)random_below(r, 3);
	spec->strip = random_chance(r, 30);
	switch (random_below(r, 3)) {
	case 0:
		spec->untagged = UNTAGGED_PRIORITY_TAG;
		break;
	case 1:
		spec->untagged = (int16_t)random_between(r, 1, VLAN_VID_MAX);
		break;
	default:
		spec->untagged = UNTAGGED_KEEP;
	}
	if (random_chance(r, 50))
		spec->allowed_dscp = random_chance(r, 50) ? provider : random_u64(r);
	spec->transparent = random_chance(r, 5);
}

void random_policy_make(struct random_policy *p, struct random *r,
			const struct random_policy_options *o)
{
	memset(&p->spec, 0, sizeof(p->spec));
	p->spec.generation = 1;
	p->spec.allowed_dscp = ~UINT64_C(0);
	p->spec.tag_pcp = TAG_PCP_KEEP;
	p->spec.untagged = UNTAGGED_KEEP;
	p->spec.egress.account = ACCOUNT_WIRE;
	p->spec.egress.max_frame_bytes = 20000;
	make_classes(p, r);
	p->spec.rules = p->rules;
	p->spec.rule_count = o->rule_count;
	for (size_t i = 0; i < o->rule_count; i++)
		make_rule(p, r, o, i);
	shuffle_slots(p, r);
	make_trust(p, r);
	if (o->marks)
		make_marks(&p->spec, r);
	if (o->contracts)
		make_contracts(p, r);
}
