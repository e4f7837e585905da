/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A row per class and direction, at most 100 columns wide. Where several reasons dropped
 * packets of a class, each further one gets a row of its own.
 */
#include "replay_summary.h"

#include <inttypes.h>

#include "slots.h"

struct summary {
	FILE *stream;
	const struct lane_counters *counters;
	const struct replay_output *output;
	enum direction direction;
};

static void print_header(FILE *stream)
{
	fprintf(stream, "%-10s %-16s %11s %14s %11s %11s  %s\n", "direction", "class", "received",
		"bytes", "sent", "dropped", "why");
}

static void print_reasons(const struct summary *s, const uint64_t *dropped)
{
	bool first = true;

	for (int reason = 1; reason < DROP_REASONS; reason++) {
		if (dropped[reason] == 0)
			continue;
		if (!first)
			fprintf(s->stream, "\n%79s", "");
		fprintf(s->stream, "%s%s %" PRIu64, first ? "  " : "",
			drop_reason_name((enum drop_reason)reason), dropped[reason]);
		first = false;
	}
	fputc('\n', s->stream);
}

static void print_class(const struct summary *s, const char *name, uint32_t slot)
{
	const struct class_counters *c = &s->counters->classes[slot];

	fprintf(s->stream, "%-10s %-16.16s %11" PRIu64 " %14" PRIu64 " %11" PRIu64 " %11" PRIu64,
		config_direction_name(s->direction), name, c->rx.packets, c->rx.bytes,
		c->tx.packets, c->dropped.packets);
	print_reasons(s, s->output->dropped[s->direction][slot]);
}

static void print_direction(const struct summary *s, const struct config *c,
			    const struct generation_slots *slots)
{
	const struct lane_counters *n = s->counters;

	for (size_t i = 0; i < slots->class_count; i++)
		if (slots->classes[i].slot != SLOT_UNUSED)
			print_class(s, c->classes[i].name, slots->classes[i].slot);
	if (n->classes[SLOT_LINK_CONTROL].rx.packets > 0)
		print_class(s, "(link control)", SLOT_LINK_CONTROL);
	fprintf(s->stream, "%-10s %-16s %11" PRIu64 " %14" PRIu64 " %11" PRIu64 " %11" PRIu64 "\n",
		config_direction_name(s->direction), "all", n->rx.packets, n->rx.bytes,
		n->tx.packets, n->dropped.packets);
}

void replay_summary_print(FILE *stream, const struct site *site, size_t link,
			  const struct lane_counters *lanes, const struct replay_output *output)
{
	const struct generation *g = site->running;

	print_header(stream);
	for (int d = 0; d < DIRECTIONS; d++) {
		uint32_t index = lane_index(link, (enum direction)d);
		struct summary s = {
			.stream = stream,
			.counters = &lanes[index],
			.output = output,
			.direction = (enum direction)d,
		};

		if (lanes[index].rx.packets > 0)
			print_direction(&s, g->config, g->slots[index]);
		else
			fprintf(stream, "%-10s nothing\n", config_direction_name(s.direction));
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void replay_summary_calls(FILE *stream, const json_t *document)
{
	const json_t *calls = json_object_get(document, "calls");
	const json_t *worst = json_array_get(calls, 0);
	json_int_t hurt = json_integer_value(json_object_get(document, "calls_hurt"));

	if (!worst)
		return;
	fprintf(stream,
		"%zu calls, %" JSON_INTEGER_FORMAT
		" of them hurt (loss, or jitter above 5 ms mean or 40 ms)",
		json_array_size(calls), hurt);
	if (hurt > 0)
		fprintf(stream,
			"\nthe worst: %s:%" JSON_INTEGER_FORMAT
			", %.2f %% lost, longest gap %.0f ms",
			text_of(worst, "source"),
			json_integer_value(json_object_get(worst, "source_port")),
			json_real_value(json_object_get(worst, "loss_percent")),
			json_real_value(json_object_get(worst, "longest_gap_ms")));
	fputc('\n', stream);
}
