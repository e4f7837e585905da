/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane's counters are the witness: what grew says which rule, class and contract had
 * the frame. Nothing here decides anything a second time.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"

#include "slots.h"
#include "translate.h"

enum {
	MAC_BYTES = 12,
	HEAD_BYTES = 128, /* tags, IP header and both addresses */
	TURNS_MAX = 1000, /* departures that a shaped frame may wait for */
};

struct explainer {
	const struct generation *generation;
	size_t link;
	enum direction direction;
	const struct policy *policy;
	const struct generation_slots *slots;
	const struct config_policy *config; /* NULL: none */
	const struct config_acl *acl;	    /* NULL: none */
	struct lane *lane;
	struct lane_counters before, after;
	uint64_t *hits; /* by rule, before the frame */
	enum drop_reason dropped;
};

static void on_drop(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
		    uint8_t class_slot, uint64_t now_ns)
{
	struct explainer *e = context;

	(void)frame, (void)class_slot, (void)now_ns;
	e->dropped = reason;
}

static uint64_t hits_of(const struct explainer *e, size_t rule)
{
	return lane_rule_hits(e->lane, e->slots->rules[rule].slot);
}

int explainer_create(const struct generation *g, size_t link, enum direction d,
		     struct explainer **out)
{
	const struct config *c = g->config;
	const int policy = c->links[link].policy[d];
	const uint32_t index = lane_index(link, d);
	struct explainer *e = calloc(1, sizeof(*e));
	struct lane_config lane = {
		.socket_id = -1, .seed = 1, .drop_tap = on_drop, .drop_context = e};

	*out = NULL;
	if (!e)
		return -ENOMEM;
	e->generation = g;
	e->link = link;
	e->direction = d;
	e->policy = g->set.policy[index];
	e->slots = g->slots[index];
	e->config = policy == CONFIG_NONE ? NULL : &c->policies[policy];
	e->acl = e->config && e->config->acl != CONFIG_NONE ? &c->acls[e->config->acl] : NULL;
	e->hits = calloc(e->slots->rule_count + 1, sizeof(*e->hits));
	e->lane = lane_create(&lane);
	if (!e->lane || !e->hits || lane_prepare(e->lane, e->policy) < 0) {
		explainer_destroy(e);
		return -ENOMEM;
	}
	lane_adopt(e->lane, e->policy, 1);
	*out = e;
	return 0;
}

void explainer_destroy(struct explainer *e)
{
	if (!e)
		return;
	lane_destroy(e->lane);
	free(e->hits);
	free(e);
}

/* --- fields ---------------------------------------------------------------------------- */

static unsigned read16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* What stands in the first bytes; an absent rest reads as zero. */
static void read_head(const struct rte_mbuf *m, uint8_t head[HEAD_BYTES])
{
	const uint32_t length = m->pkt_len < HEAD_BYTES ? m->pkt_len : HEAD_BYTES;
	const void *bytes;

	memset(head, 0, HEAD_BYTES);
	bytes = rte_pktmbuf_read(m, 0, length, head);
	if (bytes && bytes != head)
		memcpy(head, bytes, length);
}

static void read_addresses(struct explain_fields *f, const uint8_t *ip)
{
	if (f->kind == FRAME_IPV4) {
		f->family = 4;
		memcpy(f->source, ip + 12, 4);
		memcpy(f->destination, ip + 16, 4);
	} else if (f->kind == FRAME_IPV6) {
		f->family = 6;
		memcpy(f->source, ip + 8, 16);
		memcpy(f->destination, ip + 24, 16);
	}
}

static struct explain_fields fields_of(const struct burst *b, uint32_t frame_bytes,
				       const uint8_t head[HEAD_BYTES])
{
	struct explain_fields f = {
		.kind = (enum frame_kind)b->kind[0],
		.ports_known = (b->flags[0] & FRAME_PORTS_KNOWN) != 0,
		.first_fragment = (b->flags[0] & FRAME_FIRST_FRAGMENT) != 0,
		.later_fragment = (b->flags[0] & FRAME_LATER_FRAGMENT) != 0,
		.tags = b->tags[0],
		.pcp = b->pcp[0],
		.dscp = b->dscp[0],
		.protocol = b->protocol[0],
		.vlan = b->vlan[0],
		.source_port = b->source_port[0],
		.destination_port = b->destination_port[0],
		.ip_bytes = b->ip_bytes[0],
		.frame_bytes = frame_bytes,
	};

	if (b->ip_offset[0] + 40u <= HEAD_BYTES)
		read_addresses(&f, head + b->ip_offset[0]);
	return f;
}

/* As it left: all that the marker may have touched. */
static struct explain_fields fields_as_left(const struct explanation *x, const struct burst *b,
					    const struct rte_mbuf *m)
{
	struct explain_fields f = x->in;
	uint8_t head[HEAD_BYTES];
	const int32_t moved = (int32_t)m->pkt_len - (int32_t)x->in.frame_bytes;
	const uint8_t *ip = head + (int32_t)b->ip_offset[0] + moved;

	read_head(m, head);
	f.frame_bytes = m->pkt_len;
	f.tags = (uint8_t)(x->in.tags + moved / VLAN_TAG_BYTES);
	f.vlan = f.tags ? (uint16_t)(read16(head + MAC_BYTES + 2) & 0xfff) : VLAN_NONE;
	f.pcp = f.tags ? (uint8_t)(head[MAC_BYTES + 2] >> 5) : 0;
	if (f.kind == FRAME_IPV4)
		f.dscp = (uint8_t)(ip[1] >> 2);
	else if (f.kind == FRAME_IPV6)
		f.dscp = (uint8_t)(read16(ip) >> 6 & 0x3f);
	return f;
}

/* --- who had the frame ----------------------------------------------------------------- */

static int class_of_slot(const struct explainer *e, uint32_t slot)
{
	for (size_t i = 0; i < e->slots->class_count; i++)
		if (e->slots->classes[i].slot == slot)
			return (int)i;
	return CONFIG_NONE;
}

static int class_that_received(const struct explainer *e)
{
	for (uint32_t slot = 0; slot < SLOT_LINK_CONTROL; slot++)
		if (e->after.classes[slot].rx.packets != e->before.classes[slot].rx.packets)
			return class_of_slot(e, slot);
	return CONFIG_NONE;
}

/* Whether a rule decided; then which. */
static bool find_rule(const struct explainer *e, size_t *rule)
{
	for (*rule = 0; *rule < e->slots->rule_count; ++*rule)
		if (hits_of(e, *rule) != e->hits[*rule])
			return true;
	return false;
}

static enum explain_by find_authority(const struct explainer *e, const struct explanation *x)
{
	const struct explain_fields *in = &x->in;

	if (in->kind == FRAME_LINK_CONTROL || in->kind == FRAME_PAUSE)
		return BY_LINK_CONTROL;
	if (in->kind == FRAME_OTHER)
		return BY_NOT_IP;
	if (!e->config)
		return BY_NO_POLICY;
	if (e->after.fragments != e->before.fragments)
		return BY_FIRST_FRAGMENT;
	/* a trusted mark that stands for the default class anyway is no different from none */
	return e->config->trust != TRUST_NONE && x->class_index != e->config->default_class
		       ? BY_TRUST
		       : BY_DEFAULT;
}

static int contract_of(const struct explainer *e, int class_index)
{
	for (size_t i = 0; e->config && class_index >= 0 && i < e->config->contract_count; i++)
		for (size_t k = 0; k < e->config->contracts[i].class_count; k++)
			if (e->config->contracts[i].classes[k] == class_index)
				return (int)i;
	return CONFIG_NONE;
}

static uint64_t contract_bytes(const struct explainer *e, int contract)
{
	const struct contract_counters *a, *b;

	if (contract == CONFIG_NONE)
		return 0;
	a = &e->after.contracts[e->slots->contracts[contract].slot];
	b = &e->before.contracts[e->slots->contracts[contract].slot];
	return a->admitted.bytes - b->admitted.bytes + a->dropped.bytes - b->dropped.bytes +
	       a->exceeded.bytes - b->exceeded.bytes;
}

/* --- the frame's way ------------------------------------------------------------------- */

/* Until it has left or was dropped: a shaped one may be held for a while. */
static struct rte_mbuf *await(struct explainer *e, uint64_t now_ns)
{
	struct rte_mbuf *frame = NULL;

	for (unsigned turn = 0; turn < TURNS_MAX && e->dropped == DROP_NONE; turn++) {
		if (schedule_dequeue(e->lane, now_ns, &frame, 1) == 1)
			return frame;
		now_ns = schedule_next(e->lane, now_ns);
		if (now_ns == SCHEDULE_IDLE)
			break;
	}
	return NULL;
}

static void explain_class(struct explainer *e, struct explanation *x, const struct rte_mbuf *left)
{
	x->class_index = x->leaves_as = class_that_received(e);
	x->link_control = x->in.kind == FRAME_LINK_CONTROL && x->class_index == CONFIG_NONE;
	if (find_rule(e, &x->rule))
		x->by = BY_RULE;
	else
		x->by = find_authority(e, x);
	x->contract = contract_of(e, x->class_index);
	x->counted_bytes = contract_bytes(e, x->contract);
	if (left && !x->link_control)
		x->leaves_as = class_of_slot(e, lane_frame_class(left));
	x->queue_limit_packets = x->queue_limit_bytes = UINT64_MAX;
	if (x->leaves_as != CONFIG_NONE) {
		const uint8_t slot = (uint8_t)e->slots->classes[x->leaves_as].slot;

		x->queue_limit_packets = policy_queue_limit_packets(e->policy, slot);
		x->queue_limit_bytes = policy_queue_limit_bytes(e->policy, slot);
	}
}

int explainer_run(struct explainer *e, struct rte_mbuf *frame, uint64_t now_ns,
		  struct explanation *out)
{
	struct burst b = {.now_ns = now_ns, .count = 1, .frame = {frame}};
	const uint32_t frame_bytes = frame->pkt_len;
	uint8_t head[HEAD_BYTES];
	struct rte_mbuf *left;

	read_head(frame, head);
	lane_snapshot(e->lane, &e->before);
	for (size_t i = 0; i < e->slots->rule_count; i++)
		e->hits[i] = hits_of(e, i);
	e->dropped = DROP_NONE;

	pipeline_run(e->lane, e->policy, &b);
	left = await(e, now_ns);
	lane_snapshot(e->lane, &e->after);

	*out = (struct explanation){
		.generation = e->generation, .link = e->link, .direction = e->direction};
	out->in = fields_of(&b, frame_bytes, head);
	explain_class(e, out, left);
	out->drop = e->dropped;
	if (left)
		out->out = fields_as_left(out, &b, left);
	out->guarded = e->after.guarded != e->before.guarded;
	if (e->acl && out->in.family && out->by != BY_FIRST_FRAGMENT)
		explain_find_misses(out, e->acl,
				    out->by == BY_RULE ? out->rule : e->acl->rule_count);
	rte_pktmbuf_free(left);
	return left || e->dropped != DROP_NONE ? 0 : -EDEADLK;
}
