/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle's packet path: class, contract, mark, and every count on the way. */
#include "oracle/oracle.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t fragment_timeout_ns = 2000000000;

static void count(struct tally *t, uint64_t bytes)
{
	t->packets++;
	t->bytes += bytes;
}

/* --- fragments ------------------------------------------------------------------------ */

static struct oracle_datagram *find_datagram(struct oracle *o, const struct oracle_packet *p)
{
	for (unsigned i = 0; i < ORACLE_FRAGMENTS; i++) {
		struct oracle_datagram *d = &o->datagrams[i];

		if (d->used && d->family == p->family && d->id == p->fragment_id &&
		    d->protocol == p->fragment_protocol && memcmp(d->source, p->source, 16) == 0 &&
		    memcmp(d->destination, p->destination, 16) == 0)
			return d;
	}
	return NULL;
}

static void enter_datagram(struct oracle *o, const struct oracle_packet *p, bool drop,
			   uint8_t class_slot, uint64_t now_ns)
{
	struct oracle_datagram *d = find_datagram(o, p);

	if (!d)
		d = &o->datagrams[o->datagram_next++ % ORACLE_FRAGMENTS];
	*d = (struct oracle_datagram){.used = true,
				      .family = p->family,
				      .protocol = p->fragment_protocol,
				      .id = p->fragment_id,
				      .seen_ns = now_ns,
				      .drop = drop,
				      .class_slot = class_slot};
	memcpy(d->source, p->source, 16);
	memcpy(d->destination, p->destination, 16);
}

static bool follow_first(struct oracle *o, const struct oracle_packet *p, uint64_t now_ns,
			 struct oracle_verdict *v)
{
	const struct oracle_datagram *d = find_datagram(o, p);

	if (!d || now_ns > d->seen_ns + fragment_timeout_ns)
		return false;
	if (d->drop)
		v->drop = DROP_ACL;
	v->class_slot = d->drop ? SLOT_NONE : d->class_slot;
	o->counters.fragments++;
	return true;
}

/* --- class ---------------------------------------------------------------------------- */

static void classify_by_rules(struct oracle *o, const struct oracle_packet *p,
			      struct oracle_verdict *v)
{
	const struct rule_spec *rule = oracle_walk(o->policy, p);

	v->ruled = rule != NULL;
	if (!rule) {
		o->counters.no_rule++;
		v->class_slot = oracle_trusted_class(o->policy, p);
		return;
	}
	o->rule_hits[rule->slot]++;
	v->drop = rule->drop ? DROP_ACL : DROP_NONE;
	v->class_slot = rule->drop ? SLOT_NONE : rule->class_slot;
}

static void classify_ip(struct oracle *o, const struct oracle_packet *p, uint64_t now_ns,
			struct oracle_verdict *v)
{
	if (p->later_fragment) {
		if (follow_first(o, p, now_ns, v))
			return;
		o->counters.orphans++;
	}
	classify_by_rules(o, p, v);
	if (p->first_fragment)
		enter_datagram(o, p, v->drop != DROP_NONE, v->class_slot, now_ns);
}

static void classify(struct oracle *o, const struct oracle_packet *p, uint64_t now_ns,
		     struct oracle_verdict *v)
{
	v->class_slot = o->policy->default_slot;
	if (p->kind == ORACLE_PAUSE) {
		v->drop = DROP_PAUSE;
		v->class_slot = SLOT_NONE;
	} else if (p->kind == ORACLE_LINK_CONTROL) {
		v->class_slot = SLOT_LINK_CONTROL;
	} else if (p->family != 0 && !o->policy->transparent) {
		classify_ip(o, p, now_ns, v);
	}
}

/* --- contract ------------------------------------------------------------------------- */

static const struct contract_spec *contract_of(const struct policy_spec *policy, uint8_t slot)
{
	for (size_t i = 0; i < policy->contract_count; i++) {
		if (slot < CLASS_SLOTS && policy->contracts[i].class_slots >> slot & 1)
			return &policy->contracts[i];
	}
	return NULL;
}

static uint64_t counted_bytes(const struct policy_spec *policy, const struct contract_spec *c,
			      const struct oracle_packet *p)
{
	int64_t bytes = p->ip_bytes;
	int64_t leaving = oracle_leaving_bytes(policy, p);

	if (c->account == ACCOUNT_L2)
		bytes = leaving;
	if (c->account == ACCOUNT_WIRE)
		bytes = (leaving < 60 ? 60 : leaving) + 24;
	bytes += c->overhead_bytes;
	return bytes < 0 ? 0 : (uint64_t)bytes;
}

static void police(struct oracle *o, const struct oracle_packet *p, uint64_t now_ns,
		   struct oracle_verdict *v)
{
	const struct contract_spec *c = contract_of(o->policy, v->class_slot);

	if (!c || v->drop != DROP_NONE)
		return;

	uint64_t bytes = counted_bytes(o->policy, c, p);
	struct contract_counters *counters = &o->counters.contracts[c->slot];

	if (oracle_bucket_admit(&o->buckets[c->slot], now_ns, bytes)) {
		count(&counters->admitted, bytes);
	} else if (c->exceed == EXCEED_COUNT) {
		count(&counters->exceeded, bytes);
	} else if (c->exceed == EXCEED_POLICE) {
		count(&counters->dropped, bytes);
		v->drop = DROP_CONTRACT;
	} else {
		abort(); /* an excess that is random or waits is not the oracle's to foresee */
	}
}

/* --- counts --------------------------------------------------------------------------- */

/* All that have a class count as strangers, whatever becomes of them; only what leaves
 * meets the egress guard. */
static void count_marks(struct oracle *o, const struct oracle_packet *p,
			const struct oracle_verdict *v)
{
	const struct class_spec *class = oracle_class(o->policy, v->class_slot);

	if (p->family == 0 || o->policy->transparent || !class)
		return;
	o->counters.intruders += p->dscp == DSCP_EF && class->dscp != DSCP_EF;
	o->counters.mismatches += p->dscp != 0 && p->dscp != class->dscp;
	o->counters.guarded += v->drop == DROP_NONE && class->dscp != 0 &&
			       !(o->policy->allowed_dscp >> class->dscp & 1);
}

static void count_verdict(struct oracle *o, const struct oracle_packet *p,
			  const struct oracle_verdict *v)
{
	struct lane_counters *c = &o->counters;
	struct class_counters *class =
		v->class_slot < CLASS_SLOTS ? &c->classes[v->class_slot] : NULL;

	count(&c->rx, p->length);
	if (p->anomaly != ANOMALY_NONE)
		c->anomalies[p->anomaly]++;
	if (class)
		count(&class->rx, p->length);
	if (v->drop == DROP_NONE) {
		count(&c->tx, v->length);
		if (class)
			count(&class->tx, v->length);
		return;
	}
	count(&c->dropped, p->length);
	c->drops[v->drop]++;
	if (class)
		count(&class->dropped, p->length);
}

void oracle_adopt(struct oracle *o, const struct policy_spec *policy, uint64_t now_ns)
{
	for (size_t i = 0; i < policy->contract_count; i++) {
		const struct contract_spec *c = &policy->contracts[i];

		oracle_bucket_set(&o->buckets[c->slot], c->cir_bps, c->burst_bytes, now_ns);
	}
	o->policy = policy;
}

void oracle_run(struct oracle *o, const uint8_t *frame, uint32_t length, uint64_t now_ns,
		struct oracle_verdict *v)
{
	struct oracle_packet p;

	for (size_t i = 0; i < o->policy->contract_count; i++)
		oracle_bucket_pass(&o->buckets[o->policy->contracts[i].slot], now_ns);
	oracle_parse(frame, length, &p);
	v->kind = p.kind;
	v->drop = DROP_NONE;
	v->ruled = false;
	v->length = 0;
	classify(o, &p, now_ns, v);
	police(o, &p, now_ns, v);
	if (v->drop == DROP_NONE)
		v->length = oracle_mark(o->policy, &p, v->class_slot, v->bytes);
	count_marks(o, &p, v);
	count_verdict(o, &p, v);
}
