/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a policy_spec to the snapshot that workers read. The spec comes from control,
 * which has checked what a person wrote; here only what would break the packet path is
 * checked again.
 */
#include "policy.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "policy_snapshot.h"
#include "protect.h"

static bool class_is_present(const struct policy *p, uint8_t slot)
{
	return slot < SLOT_LINK_CONTROL && p->classes[slot].present;
}

/* Past the egress guard. */
static uint8_t write_dscp(struct policy *p, uint8_t dscp)
{
	if (p->allowed_dscp >> dscp & 1)
		return dscp;
	p->erases |= dscp != 0;
	return 0;
}

/* IEEE 802.1Q 9.6: TPID, PCP, DEI 0, VID. */
static rte_be32_t tag_of(const struct policy_spec *spec, uint8_t pcp)
{
	if (spec->untagged == UNTAGGED_KEEP)
		return 0;
	return rte_cpu_to_be_32(UINT32_C(0x81000000) | (uint32_t)pcp << 13 |
				(uint16_t)spec->untagged);
}

static int fill_classes(struct policy *p, const struct policy_spec *spec)
{
	if (spec->class_count == 0 || spec->class_count > CLASSES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < spec->class_count; i++) {
		const struct class_spec *c = &spec->classes[i];

		if (c->slot >= SLOT_LINK_CONTROL || p->classes[c->slot].present ||
		    c->dscp >= DSCP_VALUES || c->pcp >= PCP_VALUES)
			return -EINVAL;
		p->classes[c->slot] = (struct class_profile){
			.present = true,
			.dscp = c->dscp,
			.dscp_written = {write_dscp(p, c->dscp)},
			.pcp = c->pcp,
			.contract = SLOT_NONE,
			.calls = c->calls && !spec->transparent,
			.epoch = c->epoch,
			.tag = tag_of(spec, c->pcp),
		};
		if (p->classes[c->slot].calls)
			p->call_classes |= UINT32_C(1) << c->slot;
	}
	return class_is_present(p, spec->default_slot) ? 0 : -EINVAL;
}

/* Which class an incoming mark stands for: the first in the spec that wears it. */
static void fill_trust(struct policy *p, const struct policy_spec *spec)
{
	memset(p->by_dscp, spec->default_slot, sizeof(p->by_dscp));
	memset(p->by_pcp, spec->default_slot, sizeof(p->by_pcp));
	for (size_t i = spec->class_count; i-- > 0;) {
		p->by_dscp[spec->classes[i].dscp] = spec->classes[i].slot;
		p->by_pcp[spec->classes[i].pcp] = spec->classes[i].slot;
	}
}

static bool some_class_wears(const struct policy_spec *spec, uint8_t dscp)
{
	for (size_t i = 0; i < spec->class_count; i++)
		if (spec->classes[i].dscp == dscp)
			return true;
	return false;
}

/* All of a coloured AF class's marks stand for it, but those that another class wears. */
static void trust_colours(struct policy *p, const struct policy_spec *spec)
{
	for (size_t i = 0; i < spec->class_count; i++) {
		const struct class_spec *c = &spec->classes[i];

		if (p->classes[c->slot].colour_mask == 0)
			continue;
		for (int colour = COLOUR_YELLOW; colour < COLOURS; colour++) {
			uint8_t dscp = dscp_of_colour(c->dscp, (enum colour)colour);

			if (!some_class_wears(spec, dscp))
				p->by_dscp[dscp] = p->by_dscp[c->dscp];
		}
	}
}

static int colour_class(struct policy *p, uint8_t slot)
{
	struct class_profile *c = &p->classes[slot];

	if (!dscp_is_af1(c->dscp))
		return -EINVAL;
	c->colour_mask = COLOUR_MASK;
	for (int colour = COLOUR_GREEN; colour < COLOURS; colour++) {
		uint8_t dscp = dscp_of_colour(c->dscp, (enum colour)colour);

		c->dscp_written[colour] = write_dscp(p, dscp);
	}
	return 0;
}

/* What these do to a call is known only where calls are followed. */
static bool needs_calls(enum exceed e)
{
	return e == EXCEED_SPREAD || e == EXCEED_PROTECT;
}

static int fill_contract_classes(struct policy *p, const struct contract_spec *c)
{
	for (uint8_t slot = 0; slot < CLASS_SLOTS; slot++) {
		if (!(c->class_slots >> slot & 1))
			continue;
		if (!class_is_present(p, slot) || p->classes[slot].contract != SLOT_NONE)
			return -EINVAL;
		p->classes[slot].contract = c->slot;
		if (c->exceed == EXCEED_COLOUR && colour_class(p, slot) < 0)
			return -EINVAL;
		if (needs_calls(c->exceed)) {
			p->classes[slot].calls = true;
			p->call_classes |= UINT32_C(1) << slot;
		}
	}
	return 0;
}

static bool colour_is_sound(const struct contract_spec *c)
{
	return c->excess_burst_bytes <= BURST_BYTES_MAX && c->meter <= COLOUR_TRTCM &&
	       (c->meter == COLOUR_SRTCM ||
		(c->pir_bps >= c->cir_bps && c->pir_bps <= RATE_BPS_MAX));
}

static struct colour_profile colour_profile(const struct contract_spec *c)
{
	if (c->exceed != EXCEED_COLOUR)
		return (struct colour_profile){0};
	return (struct colour_profile){
		.meter = c->meter,
		.excess = meter_profile(c->meter == COLOUR_TRTCM ? c->pir_bps : c->cir_bps,
					c->excess_burst_bytes),
		.aware = c->colour_aware,
		.drop_red = c->drop_red,
	};
}

static int fill_contract(struct policy *p, const struct contract_spec *c)
{
	if (c->slot >= CONTRACT_SLOTS || p->contracts[c->slot].present || c->cir_bps == 0 ||
	    c->cir_bps > RATE_BPS_MAX || c->burst_bytes == 0 || c->burst_bytes > BURST_BYTES_MAX)
		return -EINVAL;
	if (c->exceed > EXCEED_COLOUR || (c->exceed == EXCEED_COLOUR && !colour_is_sound(c)))
		return -EINVAL;
	if (c->exceed == EXCEED_REMARK && !class_is_present(p, c->remark_slot))
		return -EINVAL;

	p->contracts[c->slot] = (struct contract_profile){
		.present = true,
		.exceed = c->exceed,
		.account = c->account,
		.overhead_bytes = c->overhead_bytes,
		.remark_slot = c->remark_slot,
		.class_slots = c->class_slots,
		.epoch = c->epoch,
		.meter = meter_profile(c->cir_bps, c->burst_bytes),
		.other = protect_other_profile(c->cir_bps, c->burst_bytes),
		.colour = colour_profile(c),
	};
	if (c->exceed == EXCEED_PROTECT)
		p->protected |= UINT32_C(1) << c->slot;
	if (c->exceed != EXCEED_SHAPE)
		p->policed |= UINT32_C(1) << c->slot;
	return fill_contract_classes(p, c);
}

static int fill_contracts(struct policy *p, const struct policy_spec *spec)
{
	for (size_t i = 0; i < spec->contract_count; i++) {
		int rc = fill_contract(p, &spec->contracts[i]);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_rules(const struct policy *p, const struct policy_spec *spec)
{
	if (spec->rule_count > RULES_MAX)
		return -EINVAL;
	for (size_t i = 0; i < spec->rule_count; i++) {
		const struct rule_spec *r = &spec->rules[i];

		if (r->slot >= RULE_SLOTS || (!r->drop && !class_is_present(p, r->class_slot)))
			return -EINVAL;
	}
	return 0;
}

static int fill_classifier(struct policy *p, const struct policy_spec *spec,
			   const struct policy *previous)
{
	int rc = check_rules(p, spec);

	if (rc < 0)
		return rc;
	if (previous != NULL &&
	    classifier_has_rules(previous->classifier, spec->rules, spec->rule_count)) {
		p->classifier = classifier_share(previous->classifier);
		return 0;
	}
	return classifier_build(spec->rules, spec->rule_count, &p->classifier);
}

static int fill_policy(struct policy *p, const struct policy_spec *spec,
		       const struct policy *previous)
{
	int rc;

	if (spec->trusted_count > TRUSTED_PREFIXES_MAX || spec->untagged > VLAN_VID_MAX ||
	    spec->untagged < UNTAGGED_KEEP)
		return -EINVAL;
	p->generation = spec->generation;
	p->transparent = spec->transparent;
	p->default_slot = spec->default_slot;
	p->trust = spec->trust;
	p->tag_pcp = spec->tag_pcp;
	p->untagged = spec->untagged;
	if (spec->transparent)
		p->untagged = UNTAGGED_KEEP;
	p->strip = spec->strip && !spec->transparent;
	p->allowed_dscp = spec->allowed_dscp;
	p->egress = spec->egress;
	p->trusted_count = (uint32_t)spec->trusted_count;
	if (spec->trusted_count > 0)
		memcpy(p->trusted, spec->trusted, spec->trusted_count * sizeof(p->trusted[0]));

	rc = fill_classes(p, spec);
	if (rc < 0)
		return rc;
	fill_trust(p, spec);
	rc = fill_contracts(p, spec);
	trust_colours(p, spec);
	if (rc == 0)
		rc = schedule_profile_build(&p->schedule, spec);
	return rc < 0 ? rc : fill_classifier(p, spec, previous);
}

int policy_build(const struct policy_spec *spec, const struct policy *previous,
		 struct policy **built)
{
	struct policy *p = rte_zmalloc("policy", sizeof(*p), RTE_CACHE_LINE_SIZE);
	int rc;

	if (p == NULL)
		return -ENOMEM;
	rc = fill_policy(p, spec, previous);
	if (rc < 0) {
		policy_free(p);
		return rc;
	}
	*built = p;
	return 0;
}

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	classifier_release(p->classifier);
	rte_free(p);
}

uint64_t policy_generation(const struct policy *p)
{
	return p->generation;
}

uint64_t policy_queue_limit_packets(const struct policy *p, uint8_t class_slot)
{
	return p->schedule.classes[class_slot].limit_packets;
}

uint64_t policy_queue_limit_bytes(const struct policy *p, uint8_t class_slot)
{
	return p->schedule.classes[class_slot].limit_bytes;
}

void policy_classifier(const struct policy *p, struct policy_classifier *out)
{
	const struct classifier *c = p->classifier;

	*out = (struct policy_classifier){
		.rules = c->rule_count,
		.ipv4_lookup = c->ipv4 != NULL,
		.ipv6_lookup = c->ipv6 != NULL,
	};
	for (uint32_t port = 0; port < SOURCE_PORTS; port++)
		out->udp_ports_decided += c->by_source_port[port] != DECISION_OPEN;
	for (uint32_t protocol = 0; protocol < PROTOCOLS; protocol++)
		out->protocols_decided += c->by_protocol[0][protocol] != DECISION_OPEN &&
					  c->by_protocol[1][protocol] != DECISION_OPEN;
}

bool policy_shares_classifier(const struct policy *a, const struct policy *b)
{
	return a->classifier == b->classifier;
}
