/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sections, in the order of what one looks for first: the links, their classes,
 * contracts, what is dropped now, the calls hurt worst, the workers. All is written into
 * lines first, then those that fit are shown: what is cut is said.
 */
#define _GNU_SOURCE /* open_memstream */
#include "top_screen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "table_text.h"

enum { CALLS_SHOWN = 5, NS_PER_MS = 1000000 };

#define BOLD	"\033[1m"
#define RED	"\033[31m"
#define REVERSE "\033[7m"
#define PLAIN	"\033[0m"

/* --- rates ---------------------------------------------------------------------------- */

/* An object now and the same one before, and the seconds between; 0: no rate is known. */
struct pair {
	const json_t *now, *before;
	double seconds;
};

static double increase(const struct pair *p, const char *tally, const char *unit)
{
	const json_t *now = json_object_get(p->now, tally),
		     *then = json_object_get(p->before, tally);
	const double difference = json_real_at(now, unit) - json_real_at(then, unit);

	/* A class that changed hands begins at 0. */
	return p->seconds > 0 && difference > 0 ? difference / p->seconds : 0;
}

static double kbps(const struct pair *p, const char *tally)
{
	return increase(p, tally, "bytes") * 8 / 1e3;
}

/* Found by its name, as a reload may reorder. */
static const json_t *named(const json_t *list, const char *key, const json_t *like)
{
	const char *name = json_text_at(like, key);
	const json_t *item;
	size_t i;

	json_array_foreach(list, i,
			   item) if (strcmp(json_text_at(item, key), name) == 0) return item;
	return NULL;
}

bool top_comparable(const json_t *before, const json_t *now)
{
	const json_t *cleared = json_object_get(now, "cleared_ns");

	return before &&
	       json_number_at(before, "started_ns") == json_number_at(now, "started_ns") &&
	       json_equal(json_object_get(before, "cleared_ns"), cleared) &&
	       json_number_at(now, "clock_ns") > json_number_at(before, "clock_ns");
}

/* By the snapshots' own times: a worker that did not turn shows no rate. */
static struct pair direction_pair(const struct top_view *v, const json_t *link, size_t d)
{
	struct pair p = {.now = json_object_get(link, table_directions[d])};
	const json_t *before;

	if (!top_comparable(v->before, v->now))
		return p;
	before = named(json_object_get(v->before, "links"), "name", link);
	p.before = json_object_get(before, table_directions[d]);
	if (p.before)
		p.seconds = ((double)json_number_at(p.now, "at_ns") -
			     (double)json_number_at(p.before, "at_ns")) /
			    1e9;
	return p;
}

/* --- lines ---------------------------------------------------------------------------- */

static void red(const struct top_view *v, FILE *out, bool is, const char *format, double value)
{
	fputs(is && v->colour ? RED : "", out);
	fprintf(out, format, value); /* NOLINT: the callers' own literals */
	fputs(is && v->colour ? PLAIN : "", out);
}

static void title(const struct top_view *v, FILE *out, const char *text)
{
	fprintf(out, "%s%s%s\n", v->colour ? BOLD : "", text, v->colour ? PLAIN : "");
}

static void print_class(const struct top_view *v, const json_t *link, size_t d,
			const struct pair *p, const char *class_name, FILE *out)
{
	const json_t *queue = json_object_get(p->now, "queue");
	const double dropped = increase(p, "dropped", "packets");

	table_direction(out, 14, link, d);
	table_name(out, 12, class_name);
	fprintf(out, "%12.1f%9.0f%12.1f%9.0f", kbps(p, "rx"), increase(p, "rx", "packets"),
		kbps(p, "tx"), increase(p, "tx", "packets"));
	red(v, out, dropped > 0, "%9.0f", dropped);
	if (v->columns >= 98)
		fprintf(out, "%8" PRIu64 "%8.1f", json_number_at(queue, "packets"),
			json_real_at(queue, "delay_us_max") / 1e3);
	fputc('\n', out);
}

static void print_classes(const struct top_view *v, const json_t *link, size_t d, FILE *out)
{
	const struct pair lane = direction_pair(v, link, d);
	const json_t *before = json_object_get(lane.before, "classes"), *class;
	size_t i;

	json_array_foreach(json_object_get(lane.now, "classes"), i, class)
	{
		const struct pair p = {class, named(before, "name", class), lane.seconds};

		if (json_packets_at(class, "rx") > 0)
			print_class(v, link, d, &p, json_text_at(class, "name"), out);
	}
}

static void print_contract(const struct top_view *v, const json_t *link, size_t d,
			   const struct pair *p, FILE *out)
{
	enum { BAR = 20 };
	const double cir = json_real_at(p->now, "cir_kbps"), admitted = kbps(p, "admitted");
	const double fill = cir > 0 ? 100 * admitted / cir : 0;
	const double dropped = increase(p, "dropped", "packets");
	const int bar = fill >= 100 ? BAR : (int)(fill * BAR / 100);

	table_direction(out, 14, link, d);
	table_name(out, 12, json_text_at(p->now, "class"));
	table_name(out, 7, json_text_at(p->now, "exceed"));
	fprintf(out, "%12.1f%12.1f", cir, admitted);
	red(v, out, dropped > 0, "%7.1f", fill);
	red(v, out, dropped > 0, "%9.0f", dropped);
	if (v->columns >= 98)
		fprintf(out, " %.*s%.*s", bar, "####################", BAR - bar,
			"....................");
	fputc('\n', out);
}

static void print_contracts(const struct top_view *v, const json_t *link, size_t d, FILE *out)
{
	const struct pair lane = direction_pair(v, link, d);
	const json_t *before = json_object_get(lane.before, "contracts"), *contract;
	size_t i;

	json_array_foreach(json_object_get(lane.now, "contracts"), i, contract)
	{
		const struct pair p = {contract, named(before, "class", contract), lane.seconds};

		print_contract(v, link, d, &p, out);
	}
}

static unsigned print_figures(const struct top_view *v, const json_t *link, size_t d,
			      const struct pair *lane, const char *group, FILE *out)
{
	const json_t *before = json_object_get(lane->before, group);
	const char *reason;
	unsigned n = 0;
	json_t *value;

	json_object_foreach(json_object_get(lane->now, group), reason, value)
	{
		const double more = json_number_value(value) - json_real_at(before, reason);

		if (more <= 0 || lane->seconds <= 0)
			continue;
		table_direction(out, 14, link, d);
		table_name(out, 20, reason);
		red(v, out, true, "%12.0f", more / lane->seconds);
		fprintf(out, "%15.0f\n", json_number_value(value));
		n++;
	}
	return n;
}

typedef void (*section)(const struct top_view *v, const json_t *link, size_t d, FILE *out);

static void print_drops(const struct top_view *v, const json_t *link, size_t d, FILE *out)
{
	const struct pair lane = direction_pair(v, link, d);

	(void)print_figures(v, link, d, &lane, "drops", out);
	(void)print_figures(v, link, d, &lane, "port", out);
}

/* The title only where something follows. */
static void each(const struct top_view *v, const char *heading, section print, FILE *out)
{
	char *text = NULL;
	const json_t *link;
	size_t size, i;
	FILE *lines = open_memstream(&text, &size);

	if (!lines)
		return;
	json_array_foreach(json_object_get(v->now, "links"), i, link) for (size_t d = 0;
									   d < DIRECTION_COUNT; d++)
		print(v, link, d, lines);
	fclose(lines);
	if (size > 0) {
		title(v, out, heading);
		fputs(text, out);
	}
	free(text);
}

static void print_calls(const struct top_view *v, FILE *out)
{
	const json_t *call;
	size_t i;

	if (json_array_size(json_object_get(v->now, "calls")) == 0)
		return;
	title(v, out,
	      "worst calls: from  port to               port packets loss %  gap ms jitter  MOS");
	json_array_foreach(json_object_get(v->now, "calls"), i, call)
	{
		const bool hurt = json_array_size(json_object_get(call, "flags")) > 0;

		if (i == CALLS_SHOWN)
			break;
		fputs(hurt && v->colour ? RED : "", out);
		fprintf(out, "%17.17s %5" PRIu64 " ", json_text_at(call, "source"),
			json_number_at(call, "source_port"));
		table_name(out, 15, json_text_at(call, "destination"));
		fprintf(out, "%5" PRIu64 "%8" PRIu64, json_number_at(call, "destination_port"),
			json_number_at(call, "packets"));
		table_figure(out, 7, 2, call, "loss_percent");
		table_figure(out, 8, 0, call, "longest_gap_ms");
		table_figure(out, 7, 1, call, "jitter_ms_mean");
		table_figure(out, 5, 2, call, "mos");
		fprintf(out, "%s\n", hurt && v->colour ? PLAIN : "");
	}
}

/* --- workers -------------------------------------------------------------------------- */

static void print_workers(const struct top_view *v, FILE *out)
{
	const bool rates = top_comparable(v->before, v->now);
	const json_t *before = json_object_get(v->before, "workers"), *w;
	size_t i;

	fputs("workers:", out);
	json_array_foreach(json_object_get(v->now, "workers"), i, w)
	{
		const json_t *then = json_array_get(before, i);
		const double elapsed =
			json_real_at(w, "elapsed_ns") - json_real_at(then, "elapsed_ns");
		const double busy = json_real_at(w, "busy_ns") - json_real_at(then, "busy_ns");
		const double age_ms = json_real_at(w, "heartbeat_age_ms");

		fprintf(out, " lcore %" PRIu64 " ", json_number_at(w, "lcore"));
		if (age_ms > 1000)
			red(v, out, true, "SILENT for %.0f s", age_ms / 1e3);
		else if (rates && elapsed > 0)
			fprintf(out, "%.1f %% busy", 100 * busy / elapsed);
		else
			fputs("-", out);
	}
	fputc('\n', out);
}

static void print_head(const struct top_view *v, FILE *out)
{
	const time_t now = (time_t)(json_number_at(v->now, "time_ns") / 1000000000);
	const uint64_t up_s = json_number_at(v->now, "clock_ns") / 1000000000;
	const bool rates = top_comparable(v->before, v->now);
	char clock[16] = "-";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(out,
		"%sedgemark %s%s  up %" PRIu64 " s  generation %" PRIu64 "  calls %" PRIu64
		", %" PRIu64 " hurt",
		v->colour ? BOLD : "", clock, v->colour ? PLAIN : "", up_s,
		json_number_at(v->now, "generation"), json_number_at(v->now, "calls_total"),
		json_number_at(v->now, "calls_hurt"));
	if (rates)
		fprintf(out, "  over %.1f s\n",
			((double)json_number_at(v->now, "clock_ns") -
			 (double)json_number_at(v->before, "clock_ns")) /
				1e9);
	else
		fputs("  rates with the next figures\n", out);
}

static void print_sections(const struct top_view *v, FILE *out)
{
	const bool wide = v->columns >= 98;

	print_head(v, out);
	print_workers(v, out);
	each(v,
	     wide ? "link           class         in kbit/s    pkt/s  out kbit/s    pkt/s  drops/s "
		    " "
		    "queued  max ms"
		  : "link           class         in kbit/s    pkt/s  out kbit/s    pkt/s  drops/s",
	     print_classes, out);
	each(v, "link           contract     exceed   CIR kbit/s    admitted full %  drops/s",
	     print_contracts, out);
	each(v, "link           dropped now            packets/s        in all", print_drops, out);
	print_calls(v, out);
}

/* --- the whole ------------------------------------------------------------------------ */

static void print_foot(const struct top_view *v, FILE *out, unsigned hidden)
{
	if (v->problem)
		fprintf(out, "%s%.*s%s", v->colour ? REVERSE : "", v->columns, v->problem,
			v->colour ? PLAIN : "");
	else if (hidden > 0)
		fprintf(out, "%u more lines: make the window taller; q quits", hidden);
	else
		fputs("q quits", out);
}

/* What a line takes without its control sequences must fit: the rest is left away. */
static void print_cut(const char *line, size_t length, int columns, FILE *out)
{
	bool escape = false;

	for (size_t i = 0; i < length; i++) {
		if (line[i] == '\033')
			escape = true;
		if (!escape && ((unsigned char)line[i] & 0xc0) != 0x80 && columns-- <= 0)
			continue;
		fputc(line[i], out);
		if (escape && line[i] == 'm')
			escape = false;
	}
}

void top_screen(const struct top_view *view, FILE *out)
{
	struct top_view v = *view;
	unsigned printed = 0, hidden = 0;
	char *text = NULL;
	const char *line, *end;
	size_t size;
	FILE *lines = open_memstream(&text, &size);

	if (!lines)
		return;
	if (v.now)
		print_sections(&v, lines);
	fclose(lines);
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		if (v.rows > 0 && printed + 1 >= (unsigned)v.rows) {
			hidden++;
			continue;
		}
		print_cut(line, (size_t)(end - line), v.columns, out);
		fputs(v.rows > 0 ? "\033[K\n" : "\n", out);
		printed++;
	}
	if (v.rows > 0) {
		print_foot(&v, out, hidden);
		fputs("\033[K\033[J", out);
	} else if (v.problem) {
		fprintf(out, "%s\n", v.problem);
	}
	free(text);
}
