/* SPDX-License-Identifier: BSD-3-Clause */
/* The schedule of a policy: one entry for every class, written or by default. */
#include <string.h>

#include "reader.h"
#include "report.h"

enum {
	QUEUE_DEFAULT_MS = 100,
	NS_PER_MS = 1000000,
	QUEUE_MAX_MS = 10000,
	RED_PACKETS_MAX = 1023, /* thresholds that rte_red can hold */
	RED_WEIGHT_LOG2_MAX = 12,
	RED_WEIGHT_LOG2_DEFAULT = 9,
	RED_INVERSE_DEFAULT = 10, /* a probability of 0.1 */
	RED_INVERSE_MAX = 255,
	MILLION = 1000000,
	ENTRIES_MAX = 2 * CLASSES_MAX, /* room to find those that are there twice */
};

static const struct kind schedule_kind = {"a schedule entry",
					  {"class", "priority", "rate-kbps", "ceil-kbps", "weight",
					   "queue-ms", "queue-packets", "red"}};

static bool has_contract(const struct config_policy *p, int class_index)
{
	for (size_t i = 0; i < p->contract_count; i++)
		for (size_t j = 0; j < p->contracts[i].class_count; j++)
			if (p->contracts[i].classes[j] == class_index)
				return true;
	return false;
}

static void set_defaults(const struct loader *l, struct config_policy *p, size_t class_index)
{
	bool is_ef = l->config->classes[class_index].dscp == DSCP_EF;

	p->schedule[class_index] =
		(struct config_schedule){.strict = is_ef && has_contract(p, (int)class_index),
					 .weight = 1,
					 .queue_ns = (uint64_t)QUEUE_DEFAULT_MS * NS_PER_MS,
					 .queue_packets = QUEUE_PACKETS_DEFAULT,
					 .red = {.max_probability_inverse = RED_INVERSE_DEFAULT,
						 .weight_log2 = RED_WEIGHT_LOG2_DEFAULT}};
}

/* --- RED -------------------------------------------------------------------------- */

static void read_red_thresholds(struct loader *l, config_setting_t *group, struct config_red *red)
{
	int64_t low = 0, high = 0;
	bool has_low = read_integer(l, group, "min-packets", 1, RED_PACKETS_MAX, &low);
	bool has_high = read_integer(l, group, "max-packets", 1, RED_PACKETS_MAX, &high);

	if (!read_key(group, "min-packets") != !read_key(group, "max-packets"))
		loader_error(l, group,
			     "'%s' is missing, expected 'min-packets' and 'max-packets', "
			     "or neither",
			     read_key(group, "min-packets") ? "max-packets" : "min-packets");
	if (!has_low || !has_high)
		return;
	if (low >= high)
		value_error(l, read_key(group, "max-packets"), "more than 'min-packets'");
	red->min_packets = (uint16_t)low;
	red->max_packets = (uint16_t)high;
}

static void read_red(struct loader *l, config_setting_t *group, struct config_red *red)
{
	static const struct kind kind = {
		"'red'", {"min-packets", "max-packets", "max-probability", "weight-log2"}};
	config_setting_t *s = read_key(group, "red");
	uint64_t millionths;
	int64_t weight;

	if (!s)
		return;
	if (config_setting_type(s) == CONFIG_TYPE_BOOL) {
		red->enabled = config_setting_get_bool(s);
		return;
	}
	if (!config_setting_is_group(s)) {
		value_error(l, s, "true, false or { min-packets = …; max-packets = …; }");
		return;
	}
	red->enabled = read_group(l, s, &kind);
	read_red_thresholds(l, s, red);
	if (read_scaled(l, s, "max-probability", 6, MILLION / RED_INVERSE_MAX + 1, MILLION,
			"(1 is always)", &millionths))
		red->max_probability_inverse = (uint8_t)((MILLION + millionths / 2) / millionths);
	if (read_integer(l, s, "weight-log2", 1, RED_WEIGHT_LOG2_MAX, &weight))
		red->weight_log2 = (uint8_t)weight;
}

/* --- an entry --------------------------------------------------------------------- */

static void read_queue(struct loader *l, config_setting_t *group, struct config_schedule *e)
{
	int64_t number;

	read_scaled(l, group, "queue-ms", 6, 1000, (uint64_t)QUEUE_MAX_MS * NS_PER_MS, "ms",
		    &e->queue_ns);
	if (read_integer(l, group, "queue-packets", 1, QUEUE_PACKETS_MAX, &number))
		e->queue_packets = (uint32_t)number;
}

static void read_rates(struct loader *l, config_setting_t *group, struct config_schedule *e)
{
	int64_t weight;
	bool has_rate = read_rate(l, group, "rate-kbps", &e->rate_bps);
	bool has_ceil = read_rate(l, group, "ceil-kbps", &e->ceil_bps);

	if (has_rate && has_ceil && e->ceil_bps < e->rate_bps)
		value_error(l, read_key(group, "ceil-kbps"), "at least 'rate-kbps'");
	if (read_integer(l, group, "weight", 1, WEIGHT_MAX, &weight))
		e->weight = (uint32_t)weight;
}

static void read_priority(struct loader *l, config_setting_t *group, const struct config_policy *p,
			  int class_index, struct config_schedule *e)
{
	static const struct choice priorities[] = {{"strict", true}, {"normal", false}, {NULL, 0}};
	const char *name = l->config->classes[class_index].name;
	int strict;

	if (read_choice(l, group, "priority", priorities, &strict))
		e->strict = strict;
	if (!e->strict)
		return;
	if (!has_contract(p, class_index) && !read_key(group, "ceil-kbps"))
		loader_error(l, read_key(group, "priority"),
			     "class '%s' is strict without a bound and could starve the others, "
			     "expected a contract or 'ceil-kbps'",
			     name);
	if (e->rate_bps || read_key(group, "weight"))
		report_warning(l->report, loader_where(l, group),
			       "class '%s' is strict: 'rate-kbps' and 'weight' have no effect "
			       "(priority = \"normal\" makes it share by them)",
			       name);
}

static void read_entry(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	struct config_schedule *e;
	int class_index;

	if (!read_group(l, group, &schedule_kind) || !require_key(l, group, "class") ||
	    !read_class(l, group, "class", &class_index))
		return;
	e = &p->schedule[class_index];
	if (e->where.line) {
		loader_error(l, read_key(group, "class"),
			     "class '%s' again, its entry is at %s:%u; expected one entry a class",
			     l->config->classes[class_index].name, e->where.file, e->where.line);
		return;
	}
	e->where = loader_where(l, group);
	read_rates(l, group, e);
	read_priority(l, group, p, class_index, e);
	read_queue(l, group, e);
	read_red(l, group, &e->red);
}

void load_schedule(struct loader *l, config_setting_t *group, struct config_policy *p)
{
	config_setting_t *list = read_list(l, group, "schedule", ENTRIES_MAX, "schedule entries");

	for (size_t i = 0; i < l->config->class_count; i++)
		set_defaults(l, p, i);
	for (unsigned i = 0; i < list_length(list); i++)
		read_entry(l, config_setting_get_elem(list, i), p);
}
