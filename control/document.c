/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One object per direction, built from the lane's snapshot and from the generation in
 * force, which gives the slots their names back.
 */
#include "control/document.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "activity.h"
#include "baseline.h"
#include "document_calls.h"
#include "document_workers.h"
#include "emodel.h"
#include "slots.h"
#include "translate.h"

/* A lane's snapshot beside the configuration that it follows. */
struct direction_view {
	const struct config_policy *policy; /* NULL: forwards unmodified */
	const struct config_port *egress;
	const struct config *config;
	const struct generation_slots *slots;
	const struct lane *lane;
	const struct lane_counters *counters;
	const struct port_losses *losses;
	const struct document_input *in;
	uint32_t lane_index;
};

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static void set_number(json_t *object, const char *key, uint64_t n)
{
	json_object_set_new(object, key, number(n));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_tally(json_t *object, const char *key, const struct tally *t)
{
	json_t *tally = json_object();

	set_number(tally, "packets", t->packets);
	set_number(tally, "bytes", t->bytes);
	json_object_set_new(object, key, tally);
}

/* Unix time; null: never. */
static void set_time(json_t *object, const char *key, const struct document_input *in,
		     uint64_t lane_ns)
{
	json_object_set_new(object, key,
			    lane_ns ? number(in->time_origin_ns + lane_ns) : json_null());
}

/* --- classes -------------------------------------------------------------------------- */

static void set_queue(json_t *object, const struct class_counters *c)
{
	json_t *queue = json_object();
	uint64_t mean_ns = c->tx.packets ? c->delay_ns_sum / c->tx.packets : 0;
	uint64_t pairs = c->tx.packets > 1 ? c->tx.packets - 1 : 1;
	double jitter_ns = (double)c->jitter_ns_sum / (double)pairs;

	set_number(queue, "packets", c->queued.packets);
	set_number(queue, "bytes", c->queued.bytes);
	json_object_set_new(queue, "delay_us_max", json_real((double)c->delay_ns_max / 1e3));
	json_object_set_new(queue, "delay_us_mean", json_real((double)mean_ns / 1e3));
	json_object_set_new(queue, "jitter_us_max", json_real((double)c->jitter_ns_max / 1e3));
	json_object_set_new(queue, "jitter_us_mean", json_real(jitter_ns / 1e3));
	json_object_set_new(object, "queue", queue);
}

static void set_class_counters(json_t *object, const struct class_counters *c)
{
	set_tally(object, "rx", &c->rx);
	set_tally(object, "tx", &c->tx);
	set_tally(object, "dropped", &c->dropped);
	set_queue(object, c);
}

static json_t *build_classes(const struct direction_view *v)
{
	json_t *classes = json_array();

	for (size_t i = 0; i < v->slots->class_count; i++) {
		const struct config_class *class = &v->config->classes[i];
		uint32_t slot = v->slots->classes[i].slot;
		json_t *object;

		if (slot == SLOT_UNUSED)
			continue;
		object = json_object();
		set_text(object, "name", class->name);
		set_number(object, "dscp", class->dscp);
		set_number(object, "pcp", v->policy ? v->policy->pcp[i] : class->pcp);
		set_class_counters(object, &v->counters->classes[slot]);
		json_array_append_new(classes, object);
	}
	return classes;
}

/* --- contracts ------------------------------------------------------------------------ */

/* How many reference calls fit the CIR as the contract itself counts them. */
static uint64_t contract_calls(const struct config_policy *p, const struct config_contract *c)
{
	bool tagged = p->untagged != UNTAGGED_KEEP;
	uint64_t bytes = config_call_bytes(c->account, c->overhead_bytes, tagged);

	return bytes ? c->cir_bps / (bytes * 8 * CALL_PACKETS_PER_SECOND) : 0;
}

static void set_colours(json_t *object, const struct contract_counters *c)
{
	static const char *const names[COLOURS] = {"green", "yellow", "red"};
	json_t *colours = json_object();

	for (size_t i = 0; i < COLOURS; i++)
		set_tally(colours, names[i], &c->colours[i]);
	json_object_set_new(object, "colours", colours);
}

static void set_places(json_t *object, const struct contract_counters *c)
{
	json_t *places = json_object();

	set_number(places, "taken", c->places);
	json_object_set_new(places, "reserved_kbps", json_real((double)c->reserved_bps / 1e3));
	set_number(places, "reserved_burst_bytes", c->reserved_burst_bytes);
	json_object_set_new(object, "places", places);
}

static json_t *build_contract(const struct direction_view *v, size_t i)
{
	const struct config_contract *contract = &v->policy->contracts[i];
	const struct contract_counters *counters =
		&v->counters->contracts[v->slots->contracts[i].slot];
	char *name = translate_contract_name(v->config, contract);
	json_t *object = json_object(), *classes = json_array();

	set_text(object, "class", name ? name : "");
	free(name);
	for (size_t k = 0; k < contract->class_count; k++)
		json_array_append_new(classes,
				      json_string(v->config->classes[contract->classes[k]].name));
	json_object_set_new(object, "classes", classes);
	set_text(object, "exceed", config_exceed_name(contract->exceed));
	set_text(object, "account", config_account_name(contract->account));
	json_object_set_new(object, "cir_kbps", json_real((double)contract->cir_bps / 1e3));
	set_number(object, "burst_bytes", contract->burst_bytes);
	set_number(object, "metered_burst_bytes",
		   config_metering(v->policy, v->egress, contract).burst_bytes);
	set_tally(object, "admitted", &counters->admitted);
	set_tally(object, "dropped", &counters->dropped);
	set_tally(object, "exceeded", &counters->exceeded);
	set_number(object, "calls", contract_calls(v->policy, contract));
	if (contract->exceed == EXCEED_COLOUR)
		set_colours(object, counters);
	if (contract->exceed == EXCEED_PROTECT)
		set_places(object, counters);
	return object;
}

static json_t *build_contracts(const struct direction_view *v)
{
	json_t *contracts = json_array();

	for (size_t i = 0; v->policy && i < v->slots->contract_count; i++)
		json_array_append_new(contracts, build_contract(v, i));
	return contracts;
}

/* --- rules, drops, anomalies, talkers -------------------------------------------------- */

static json_t *build_rules(const struct direction_view *v)
{
	json_t *rules = json_array();

	for (size_t i = 0; v->policy && i < v->slots->rule_count; i++) {
		const struct config_rule *rule = &v->config->acls[v->policy->acl].rules[i];
		const struct slot_place *place = &v->slots->rules[i];
		json_t *object = json_object();

		set_text(object, "acl", rule->acl);
		set_number(object, "seq", rule->seq);
		set_number(object, "packets",
			   baseline_rule_hits(v->in->baseline, v->lane_index, place->slot,
					      place->epoch, lane_rule_hits(v->lane, place->slot)));
		if (v->in->activity)
			set_time(object, "last_hit_ns", v->in,
				 activity_last_ns(v->in->activity, v->lane_index, place->slot));
		json_array_append_new(rules, object);
	}
	return rules;
}

static json_t *build_drops(const struct lane_counters *c)
{
	json_t *drops = json_object();

#define X(enumerator, name, help) set_number(drops, name, c->drops[DROP_##enumerator]);
	DROP_REASON_LIST(X)
#undef X
	return drops;
}

static json_t *build_anomalies(const struct lane_counters *c)
{
	json_t *anomalies = json_object();

#define X(enumerator, name, help) set_number(anomalies, name, c->anomalies[ANOMALY_##enumerator]);
	ANOMALY_LIST(X)
#undef X
	return anomalies;
}

static json_t *build_talkers(const struct document_input *in, const struct talker *talkers)
{
	json_t *array = json_array();

	for (size_t i = 0; i < TALKERS_SHOWN; i++) {
		const struct talker *t = &talkers[i];
		char source[INET6_ADDRSTRLEN];
		json_t *object;

		if (t->family == 0)
			continue;
		if (!inet_ntop(t->family == 4 ? AF_INET : AF_INET6, t->address, source,
			       sizeof(source)))
			continue;
		object = json_object();
		set_text(object, "source", source);
		set_number(object, "packets", t->packets);
		set_number(object, "error", t->error);
		set_time(object, "last_ns", in, t->last_ns);
		json_array_append_new(array, object);
	}
	return array;
}

static void set_talkers(json_t *object, const struct document_input *in,
			const struct lane_counters *c)
{
	json_t *talkers = json_object();

	json_object_set_new(talkers, "intruders", build_talkers(in, c->intruder_talkers));
	json_object_set_new(talkers, "mismatches", build_talkers(in, c->mismatch_talkers));
	json_object_set_new(object, "talkers", talkers);
}

static void set_losses(json_t *object, const struct port_losses *losses)
{
	json_t *port = json_object();

	set_number(port, "missed", losses->missed);
	set_number(port, "rx_errors", losses->rx_errors);
	set_number(port, "no_mbuf", losses->no_mbuf);
	set_number(port, "tx_errors", losses->tx_errors);
	json_object_set_new(object, "port", port);
}

/* --- the whole -------------------------------------------------------------------------- */

static json_t *build_direction(const struct direction_view *v)
{
	const struct lane_counters *c = v->counters;
	json_t *object = json_object(), *link_control = json_object();

	json_object_set_new(object, "policy",
			    v->policy ? json_string(v->policy->name) : json_null());
	if (c->taken_ns)
		set_number(object, "at_ns", c->taken_ns);
	set_tally(object, "rx", &c->rx);
	set_tally(object, "tx", &c->tx);
	set_tally(object, "dropped", &c->dropped);
	set_tally(object, "queued", &c->queued);
	json_object_set_new(object, "drops", build_drops(c));
	json_object_set_new(object, "classes", build_classes(v));
	set_class_counters(link_control, &c->classes[SLOT_LINK_CONTROL]);
	json_object_set_new(object, "link_control", link_control);
	json_object_set_new(object, "contracts", build_contracts(v));
	json_object_set_new(object, "rules", build_rules(v));
	set_number(object, "no_rule", c->no_rule);
	set_number(object, "decided_by_port", c->decided_by_port);
	set_number(object, "decided_by_acl", c->decided_by_acl);
	set_number(object, "intruders", c->intruders);
	set_number(object, "mismatches", c->mismatches);
	set_talkers(object, v->in, c);
	set_number(object, "guarded", c->guarded);
	set_number(object, "fragments", c->fragments);
	set_number(object, "orphans", c->orphans);
	set_number(object, "calls_begun", c->calls_begun);
	set_number(object, "calls_untracked", c->calls_untracked);
	json_object_set_new(object, "anomalies", build_anomalies(c));
	if (v->losses)
		set_losses(object, v->losses);
	return object;
}

static struct direction_view view_direction(const struct document_input *in, size_t link,
					    enum direction d)
{
	const struct generation *g = in->site->running;
	uint32_t index = lane_index(link, d);
	int policy = g->config->links[link].policy[d];

	return (struct direction_view){
		.in = in,
		.lane_index = index,
		.policy = policy == CONFIG_NONE ? NULL : &g->config->policies[policy],
		.egress = config_egress(&g->config->links[link], d),
		.config = g->config,
		.slots = g->slots[index],
		.lane = in->site->links[link].direction[d].lane,
		.counters = &in->lanes[index],
		.losses = in->port_losses ? &in->port_losses[index] : NULL,
	};
}

static json_t *build_links(const struct document_input *in)
{
	json_t *links = json_array();

	for (size_t i = 0; i < in->site->link_count; i++) {
		json_t *link = json_object();

		set_text(link, "name", in->site->links[i].name);
		for (int d = 0; d < DIRECTIONS; d++) {
			struct direction_view v = view_direction(in, i, (enum direction)d);

			json_object_set_new(link, config_direction_name((enum direction)d),
					    build_direction(&v));
		}
		json_array_append_new(links, link);
	}
	return links;
}

json_t *document_build(const struct document_input *in)
{
	json_t *document = json_object(), *calls = document_calls(in);

	set_number(document, "generation", in->site->running->set.generation);
	if (in->now_ns) {
		set_time(document, "time_ns", in, in->now_ns);
		set_number(document, "clock_ns", in->now_ns);
		set_number(document, "started_ns", in->started_ns);
		set_time(document, "cleared_ns", in, in->baseline ? in->baseline->at_ns : 0);
	}
	json_object_set_new(document, "links", build_links(in));
	json_object_set_new(document, "calls", calls);
	set_number(document, "calls_total", json_array_size(calls));
	set_number(document, "calls_hurt", document_calls_hurt(calls));
	set_text(document, "call_assumptions", emodel_assumptions);
	json_object_set_new(document, "workers", document_workers(in));
	return document;
}

/* --- conservation ------------------------------------------------------------------------ */

static json_int_t packets_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(object, key), "packets"));
}

static bool direction_balances(const json_t *d)
{
	json_int_t by_reason = 0;
	const char *reason;
	json_t *packets;

	if (!json_is_object(d))
		return false;
	json_object_foreach(json_object_get(d, "drops"), reason, packets) by_reason +=
		json_integer_value(packets);
	return packets_of(d, "dropped") == by_reason &&
	       packets_of(d, "rx") ==
		       packets_of(d, "tx") + packets_of(d, "dropped") + packets_of(d, "queued");
}

bool document_balances(const json_t *document)
{
	const json_t *links = json_object_get(document, "links");
	json_t *link;
	size_t i;

	if (!json_is_array(links) || json_array_size(links) == 0)
		return false;
	json_array_foreach(links, i, link)
	{
		for (int d = 0; d < DIRECTIONS; d++) {
			const char *name = config_direction_name((enum direction)d);

			if (!direction_balances(json_object_get(link, name)))
				return false;
		}
	}
	return true;
}
