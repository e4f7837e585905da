/* SPDX-License-Identifier: BSD-3-Clause */
/* Field by field, each as the text that a configuration would have. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "diff.h"

enum { VALUE_SIZE = 128, WHAT_SIZE = 160 };

struct value {
	char text[VALUE_SIZE];
};

__attribute__((format(printf, 1, 2))) static struct value value(const char *format, ...)
{
	struct value v;
	va_list arguments;

	va_start(arguments, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.*): started above */
	vsnprintf(v.text, sizeof(v.text), format, arguments);
	va_end(arguments);
	return v;
}

static void compare(json_t *list, const char *what, const char *key, struct value before,
		    struct value after)
{
	if (strcmp(before.text, after.text) != 0)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s}", "what", what, "key", key,
						"before", before.text, "after", after.text));
}

static struct value kbps(uint64_t bps)
{
	return bps ? value("%.12g", (double)bps / 1000) : value("none");
}

static struct value yes(bool b)
{
	return value("%s", b ? "true" : "false");
}

static struct value name(const char *text)
{
	return value("%s", text ? text : "none");
}

/* --- classes ---------------------------------------------------------------------------- */

static int find_class(const struct config *c, const char *class_name)
{
	for (size_t i = 0; i < c->class_count; i++)
		if (strcmp(c->classes[i].name, class_name) == 0)
			return (int)i;
	return CONFIG_NONE;
}

static struct value written_dscp(const struct config *c, const struct config_policy *p, int i)
{
	const uint8_t dscp = c->classes[i].dscp;
	char text[8];

	if (p->allowed_dscp >> dscp & 1)
		return value("%s", config_dscp_name(dscp, text, sizeof(text)));
	return value("CS0 (guard erases %s)", config_dscp_name(dscp, text, sizeof(text)));
}

static struct value red(const struct config_red *r)
{
	if (!r->enabled)
		return value("none");
	return value("min %u max %u p 1/%u weight 2^-%u", r->min_packets, r->max_packets,
		     r->max_probability_inverse, r->weight_log2);
}

static void compare_schedules(json_t *list, const char *what, const struct config_schedule *a,
			      const struct config_schedule *b)
{
	compare(list, what, "strict", yes(a->strict), yes(b->strict));
	compare(list, what, "rate-kbps", kbps(a->rate_bps), kbps(b->rate_bps));
	compare(list, what, "ceil-kbps", kbps(a->ceil_bps), kbps(b->ceil_bps));
	compare(list, what, "weight", value("%u", a->weight), value("%u", b->weight));
	compare(list, what, "queue-ms", value("%.12g", (double)a->queue_ns / 1e6),
		value("%.12g", (double)b->queue_ns / 1e6));
	compare(list, what, "queue-packets", value("%u", a->queue_packets),
		value("%u", b->queue_packets));
	compare(list, what, "red", red(&a->red), red(&b->red));
}

static void compare_classes(json_t *list, const struct diff_pair *d, const struct config_policy *p,
			    const struct config_policy *q)
{
	char what[WHAT_SIZE];

	for (int i = 0; i < (int)d->before->class_count; i++) {
		const struct config_class *a = &d->before->classes[i];
		const int j = find_class(d->after, a->name);

		snprintf(what, sizeof(what), "class %s", a->name);
		compare(list, what, "class", value("there"), value(j < 0 ? "gone" : "there"));
		if (j < 0)
			continue;
		compare(list, what, "dscp", written_dscp(d->before, p, i),
			written_dscp(d->after, q, j));
		compare(list, what, "pcp", value("%u", p->pcp[i]), value("%u", q->pcp[j]));
		compare(list, what, "calls", yes(a->calls), yes(d->after->classes[j].calls));
		compare_schedules(list, what, &p->schedule[i], &q->schedule[j]);
	}
	for (size_t j = 0; j < d->after->class_count; j++) {
		snprintf(what, sizeof(what), "class %s", d->after->classes[j].name);
		if (find_class(d->before, d->after->classes[j].name) < 0)
			compare(list, what, "class", value("absent"), value("new"));
	}
}

/* --- contracts -------------------------------------------------------------------------- */

static void contract_name(const struct config *c, const struct config_contract *k,
			  char out[WHAT_SIZE])
{
	size_t used = (size_t)snprintf(out, WHAT_SIZE, "contract");

	for (size_t i = 0; i < k->class_count && used < WHAT_SIZE; i++)
		used += (size_t)snprintf(out + used, WHAT_SIZE - used, "%s%s", i ? "+" : " ",
					 c->classes[k->classes[i]].name);
}

/* The same classes, in whatever order. */
static bool same_classes(const struct config *c, const struct config_contract *k,
			 const struct config *d, const struct config_contract *l)
{
	size_t found = 0;

	for (size_t i = 0; i < k->class_count; i++)
		for (size_t j = 0; j < l->class_count; j++)
			found += strcmp(c->classes[k->classes[i]].name,
					d->classes[l->classes[j]].name) == 0;
	return found == k->class_count && found == l->class_count;
}

static const struct config_contract *find_contract(const struct config *c,
						   const struct config_contract *k,
						   const struct config *d,
						   const struct config_policy *q)
{
	for (size_t j = 0; j < q->contract_count; j++)
		if (same_classes(c, k, d, &q->contracts[j]))
			return &q->contracts[j];
	return NULL;
}

static struct value remark(const struct config *c, const struct config_contract *k)
{
	return name(k->remark_class == CONFIG_NONE ? NULL : c->classes[k->remark_class].name);
}

static struct value colours(const struct config_contract *k)
{
	if (k->exceed != EXCEED_COLOUR)
		return value("none");
	return value("%s, pir %.12g kbit/s, excess %" PRIu64 " bytes, %s, red %s",
		     config_meter_name(k->meter), (double)k->pir_bps / 1000, k->excess_burst_bytes,
		     k->colour_aware ? "aware" : "blind", k->drop_red ? "drop" : "pass");
}

static void compare_contract(json_t *list, const struct diff_pair *d,
			     const struct config_contract *a, const struct config_contract *b)
{
	char what[WHAT_SIZE];

	contract_name(d->before, a, what);
	compare(list, what, "cir-kbps", kbps(a->cir_bps), kbps(b->cir_bps));
	compare(list, what, "burst-bytes", value("%" PRIu64, a->burst_bytes),
		value("%" PRIu64, b->burst_bytes));
	compare(list, what, "account", name(config_account_name(a->account)),
		name(config_account_name(b->account)));
	compare(list, what, "overhead-bytes", value("%d", a->overhead_bytes),
		value("%d", b->overhead_bytes));
	compare(list, what, "exceed", name(config_exceed_name(a->exceed)),
		name(config_exceed_name(b->exceed)));
	compare(list, what, "max-delay-ms", value("%.12g", (double)a->max_delay_ns / 1e6),
		value("%.12g", (double)b->max_delay_ns / 1e6));
	compare(list, what, "remark-class", remark(d->before, a), remark(d->after, b));
	compare(list, what, "colour", colours(a), colours(b));
}

static struct value contract_in_short(const struct config_contract *k)
{
	return value("%.12g kbit/s, %s", (double)k->cir_bps / 1000, config_exceed_name(k->exceed));
}

static void compare_contracts(json_t *list, const struct diff_pair *d,
			      const struct config_policy *p, const struct config_policy *q)
{
	char what[WHAT_SIZE];

	for (size_t i = 0; i < p->contract_count; i++) {
		const struct config_contract *a = &p->contracts[i];
		const struct config_contract *b = find_contract(d->before, a, d->after, q);

		contract_name(d->before, a, what);
		if (b)
			compare_contract(list, d, a, b);
		else
			compare(list, what, "contract", contract_in_short(a), value("none"));
	}
	for (size_t j = 0; j < q->contract_count; j++) {
		contract_name(d->after, &q->contracts[j], what);
		if (!find_contract(d->after, &q->contracts[j], d->before, p))
			compare(list, what, "contract", value("none"),
				contract_in_short(&q->contracts[j]));
	}
}

/* --- a direction, a link, the process ---------------------------------------------------- */

static struct value untagged(int16_t u)
{
	if (u == UNTAGGED_KEEP)
		return value("keep");
	return u == UNTAGGED_PRIORITY_TAG ? value("priority-tag") : value("%d", u);
}

static void compare_tags(json_t *list, const struct config_policy *p, const struct config_policy *q)
{
	static const char *const pcp[] = {
		[TAG_PCP_OUTER] = "outer", [TAG_PCP_ALL] = "all", [TAG_PCP_KEEP] = "keep"};

	compare(list, "vlan", "pcp", name(pcp[p->tag_pcp]), name(pcp[q->tag_pcp]));
	compare(list, "vlan", "untagged", untagged(p->untagged), untagged(q->untagged));
	compare(list, "vlan", "strip", yes(p->strip), yes(q->strip));
}

json_t *diff_settings(const struct diff_pair *d)
{
	const int a = d->link_before->policy[d->direction], b = d->link_after->policy[d->direction];
	const struct config_policy *p = a == CONFIG_NONE ? NULL : &d->before->policies[a];
	const struct config_policy *q = b == CONFIG_NONE ? NULL : &d->after->policies[b];
	json_t *list = json_array();

	compare(list, "policy", "name", name(p ? p->name : NULL), name(q ? q->name : NULL));
	if (!p || !q)
		return list;
	compare_tags(list, p, q);
	compare_classes(list, d, p, q);
	compare_contracts(list, d, p, q);
	return list;
}

static void compare_ports(json_t *list, const char *what, const struct config_port *a,
			  const struct config_port *b)
{
	compare(list, what, "device", name(a->device), name(b->device));
	compare(list, what, "rate-kbps", kbps(a->rate_bps), kbps(b->rate_bps));
	compare(list, what, "account", name(config_account_name(a->account)),
		name(config_account_name(b->account)));
	compare(list, what, "overhead-bytes", value("%d", a->overhead_bytes),
		value("%d", b->overhead_bytes));
	compare(list, what, "mtu", value("%u", a->mtu), value("%u", b->mtu));
}

json_t *diff_link_settings(const struct diff_pair *d)
{
	json_t *list = json_array();

	compare_ports(list, "lan", &d->link_before->lan, &d->link_after->lan);
	compare_ports(list, "wan", &d->link_before->wan, &d->link_after->wan);
	return list;
}

json_t *diff_process(const struct config *before, const struct config *after)
{
	json_t *list = json_array();

	compare(list, "control", "socket", name(before->control.socket),
		name(after->control.socket));
	compare(list, "control", "prometheus", name(before->control.prometheus),
		name(after->control.prometheus));
	compare(list, "control", "watch", yes(before->control.watch), yes(after->control.watch));
	compare(list, "dpdk", "workers", name(before->dpdk.workers), name(after->dpdk.workers));
	return list;
}
