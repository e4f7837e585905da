/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classifier at work: which class is each frame of the burst? Most are decided by one
 * table load. The rest is gathered and asked of rte_acl in bulk. Fragments go one by one,
 * in order, since a later one may follow its first in the same burst.
 */
#include "stages.h"

#include <string.h>

#include <rte_acl.h>
#include <rte_byteorder.h>

#include "accounting.h"
#include "classifier.h"
#include "lane_state.h"
#include "parse.h"
#include "policy_snapshot.h"

enum { PROTOCOL_UDP = 17 };

/* Frames of one family that the tables left open. */
struct open_ipv4 {
	uint32_t count;
	uint8_t index[BURST_MAX];
	struct acl_key_ipv4 key[BURST_MAX];
};

struct open_ipv6 {
	uint32_t count;
	uint8_t index[BURST_MAX];
	struct acl_key_ipv6 key[BURST_MAX];
};

struct open_frames {
	struct open_ipv4 ipv4;
	struct open_ipv6 ipv6;
};

static bool prefix_holds(const struct prefix *prefix, const uint8_t *address)
{
	uint32_t whole = prefix->length / 8, bits = prefix->length % 8;

	if (memcmp(prefix->address, address, whole) != 0)
		return false;
	return bits == 0 || ((prefix->address[whole] ^ address[whole]) >> (8 - bits)) == 0;
}

static bool source_is_trusted(const struct burst *b, uint32_t i, const struct policy *p)
{
	uint8_t family = b->kind[i] == FRAME_IPV4 ? 4 : 6;
	uint8_t source[16];

	if (p->trusted_count == 0)
		return true;
	parse_ip_bytes(b, i, family == 4 ? 12 : 8, family == 4 ? 4 : 16, source);
	for (uint32_t t = 0; t < p->trusted_count; t++)
		if (p->trusted[t].family == family && prefix_holds(&p->trusted[t], source))
			return true;
	return false;
}

static uint8_t class_by_trust(const struct burst *b, uint32_t i, const struct policy *p)
{
	if (p->trust == TRUST_NONE || !source_is_trusted(b, i, p))
		return p->default_slot;
	if (p->trust == TRUST_DSCP)
		return p->by_dscp[b->dscp[i]];
	return b->tags[i] > 0 ? p->by_pcp[b->pcp[i]] : p->default_slot;
}

static inline void settle(struct burst *b, uint32_t i, uint32_t decision, const struct policy *p,
			  struct lane *lane)
{
	const struct classified *verdict;

	if (decision == DECISION_NO_RULE) {
		lane->counters.no_rule++;
		b->class_slot[i] = class_by_trust(b, i, p);
		return;
	}
	verdict = &p->classifier->verdicts[decision];
	rule_hit(lane, verdict->rule_slot);
	b->class_slot[i] = verdict->class_slot;
	if (verdict->class_slot == SLOT_NONE)
		b->drop[i] = DROP_ACL;
}

static void fill_key_tail(struct acl_key_tail *tail, const struct burst *b, uint32_t i)
{
	tail->source_port = rte_cpu_to_be_16(b->source_port[i]);
	tail->destination_port = rte_cpu_to_be_16(b->destination_port[i]);
	tail->vlan = rte_cpu_to_be_16(b->vlan[i]);
	tail->dscp = b->dscp[i];
	tail->ports_known = (b->flags[i] & FRAME_PORTS_KNOWN) != 0;
}

static void gather(struct open_frames *open, const struct burst *b, uint32_t i)
{
	if (b->kind[i] == FRAME_IPV4) {
		struct acl_key_ipv4 *key = &open->ipv4.key[open->ipv4.count];

		open->ipv4.index[open->ipv4.count++] = (uint8_t)i;
		key->protocol = b->protocol[i];
		parse_ip_bytes(b, i, 12, 8, key->source); /* and the destination behind it */
		fill_key_tail(&key->tail, b, i);
	} else {
		struct acl_key_ipv6 *key = &open->ipv6.key[open->ipv6.count];

		open->ipv6.index[open->ipv6.count++] = (uint8_t)i;
		key->protocol = b->protocol[i];
		parse_ip_bytes(b, i, 8, 32, key->source);
		fill_key_tail(&key->tail, b, i);
	}
}

static void ask_rules(const struct rte_acl_ctx *context, const uint8_t **keys, uint32_t count,
		      uint32_t *results)
{
	/* Without a context no rule is of this family. It can't fail: the context is built
	 * and has one category. */
	if (context == NULL || rte_acl_classify(context, keys, results, count, 1) != 0)
		memset(results, 0, count * sizeof(*results));
}

static void settle_all(struct burst *b, const uint8_t *index, const uint32_t *results,
		       uint32_t count, const struct policy *p, struct lane *lane)
{
	for (uint32_t k = 0; k < count; k++)
		settle(b, index[k], results[k] != 0 ? results[k] - 1 : DECISION_NO_RULE, p, lane);
}

static void settle_open(struct burst *b, struct open_frames *open, const struct policy *p,
			struct lane *lane)
{
	const uint8_t *keys[BURST_MAX];
	uint32_t results[BURST_MAX];

	if (open->ipv4.count > 0) {
		for (uint32_t k = 0; k < open->ipv4.count; k++)
			keys[k] = (const uint8_t *)&open->ipv4.key[k];
		ask_rules(p->classifier->ipv4, keys, open->ipv4.count, results);
		lane->counters.decided_by_acl += open->ipv4.count;
		settle_all(b, open->ipv4.index, results, open->ipv4.count, p, lane);
		open->ipv4.count = 0;
	}
	if (open->ipv6.count > 0) {
		for (uint32_t k = 0; k < open->ipv6.count; k++)
			keys[k] = (const uint8_t *)&open->ipv6.key[k];
		ask_rules(p->classifier->ipv6, keys, open->ipv6.count, results);
		lane->counters.decided_by_acl += open->ipv6.count;
		settle_all(b, open->ipv6.index, results, open->ipv6.count, p, lane);
		open->ipv6.count = 0;
	}
}

static __rte_always_inline void classify_ip(struct burst *b, uint32_t i, const struct policy *p,
					    struct lane *lane, struct open_frames *open)
{
	bool ports_known = (b->flags[i] & FRAME_PORTS_KNOWN) != 0;
	uint16_t decision;

	if (ports_known && b->protocol[i] == PROTOCOL_UDP)
		decision = p->classifier->by_source_port[b->source_port[i]];
	else
		decision = p->classifier->by_protocol[ports_known][b->protocol[i]];
	if (decision == DECISION_OPEN) {
		gather(open, b, i);
		return;
	}
	lane->counters.decided_by_port++;
	settle(b, i, decision, p, lane);
}

static bool inherit_class(struct burst *b, uint32_t i, const struct policy *p, struct lane *lane,
			  const struct fragment_key *key)
{
	uint8_t slot;

	if (!fragments_recall(&lane->fragments, key, b->now_ns, &slot))
		return false;
	if (slot == SLOT_NONE)
		b->drop[i] = DROP_ACL;
	else if (!p->classes[slot].present)
		return false;
	b->class_slot[i] = slot;
	return true;
}

static void classify_fragment(struct burst *b, uint32_t i, const struct policy *p,
			      struct lane *lane, struct open_frames *open)
{
	struct fragment_key key;

	settle_open(b, open, p, lane);
	parse_fragment_key(b, i, &key);
	if (b->flags[i] & FRAME_LATER_FRAGMENT) {
		if (inherit_class(b, i, p, lane, &key)) {
			lane->counters.fragments++;
			return;
		}
		lane->counters.orphans++;
	}
	classify_ip(b, i, p, lane, open);
	settle_open(b, open, p, lane);
	if (b->flags[i] & FRAME_FIRST_FRAGMENT)
		fragments_remember(&lane->fragments, &key, b->class_slot[i], b->now_ns);
}

/* Ahead of data up to its cap, beyond that in the default class. */
static uint8_t class_of_link_control(const struct burst *b, uint32_t i, const struct policy *p,
				     struct lane *lane)
{
	uint32_t bytes = accounted_bytes(p->egress.account, p->egress.overhead_bytes,
					 b->ip_bytes[i], egress_bytes(p, b, i));

	return schedule_control_conforms(&lane->schedule, &p->schedule, bytes, b->now_ns)
		       ? SLOT_LINK_CONTROL
		       : p->default_slot;
}

static void classify_frame(struct burst *b, uint32_t i, const struct policy *p, struct lane *lane,
			   struct open_frames *open)
{
	switch ((enum frame_kind)b->kind[i]) {
	case FRAME_IPV4:
	case FRAME_IPV6:
		if (p->transparent)
			b->class_slot[i] = p->default_slot;
		else if (b->flags[i] & (FRAME_FIRST_FRAGMENT | FRAME_LATER_FRAGMENT))
			classify_fragment(b, i, p, lane, open);
		else
			classify_ip(b, i, p, lane, open);
		break;
	case FRAME_LINK_CONTROL:
		b->class_slot[i] = class_of_link_control(b, i, p, lane);
		break;
	case FRAME_PAUSE:
		b->class_slot[i] = SLOT_NONE;
		b->drop[i] = DROP_PAUSE;
		break;
	case FRAME_OTHER:
		b->class_slot[i] = p->default_slot;
		break;
	}
}

void classify_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	struct open_frames open;

	open.ipv4.count = open.ipv6.count = 0;
	for (uint32_t i = 0; i < b->count; i++)
		classify_frame(b, i, p, lane, &open);
	settle_open(b, &open, p, lane);

	for (uint32_t i = 0; i < b->count; i++)
		if (b->class_slot[i] != SLOT_NONE)
			tally_add(&lane->counters.classes[b->class_slot[i]].rx,
				  b->frame[i]->pkt_len);
}
