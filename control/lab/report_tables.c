/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables are lists of rows or columns: a title, where its figure is, and how it is written.
 * Titles and classes are kept by those who read the page with a program.
 */
#include "report_tables.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report_figures.h"

enum {
	CALLS_SHOWN = 8,     /* at first sight */
	CALLS_LISTED = 1000, /* folded out */
	COUNT = -1,	     /* decimals of what is counted */
};

#define DASH "\xe2\x80\x93"

/* --- cells ------------------------------------------------------------------------------ */

static void write_figure(struct html *h, double value, int decimals)
{
	if (isnan(value))
		html_text(h, DASH);
	else if (decimals == COUNT && fabs(value) < 9e15)
		html_count(h, (int64_t)llround(value));
	else
		html_text(h, "%.*f", decimals == COUNT ? 0 : decimals, value);
}

static void cell(struct html *h, double value, int decimals, bool outside)
{
	html_open(h, "td", "class", outside ? "outside" : NULL, NULL);
	write_figure(h, value, decimals);
	html_close(h);
}

static void scrolling_table(struct html *h, const char *class)
{
	html_open(h, "div", "class", "scroll", NULL);
	html_open(h, "table", "class", class, NULL);
}

static void heading(struct html *h, const char *scope, const char *title)
{
	html_open(h, "th", "scope", scope, NULL);
	html_text(h, "%s", title);
	html_close(h);
}

static void close_many(struct html *h, int elements)
{
	while (elements-- > 0)
		html_close(h);
}

/* --- side by side ----------------------------------------------------------------------- */

static double calls_of(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return (double)s->calls;
}

static double whole(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return (double)s->whole;
}

static double halved(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return (double)s->halved;
}

static double loss_outside(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return (double)s->loss_outside;
}

static double jitter_mean_outside(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return (double)s->jitter_mean_outside;
}

static double jitter_max_outside(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return (double)s->jitter_max_outside;
}

static double jitter_mean_max(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return s->jitter_mean_max;
}

static double jitter_max(const json_t *run, const struct run_summary *s)
{
	(void)run;
	return s->jitter_max;
}

static double offered(const json_t *run, const struct run_summary *s)
{
	(void)s;
	return figure(run, "admitted.packets") + figure(run, "dropped.packets");
}

static double peak_admitted(const json_t *run, const struct run_summary *s)
{
	const json_t *at;
	double peak = NAN;
	size_t i;

	(void)s;
	json_array_foreach(json_object_get(run, "series"), i, at) peak =
		fmax(peak, figure(at, "admitted_kbps"));
	return peak;
}

struct row {
	const char *title, *path; /* of the figure, or NULL: */
	double (*conclude)(const json_t *run, const struct run_summary *s);
	double scale; /* 0: 1 */
	int decimals;
	bool target; /* anything but zero is outside */
};

static const struct row rows[] = {
	{"voice offered, packets", NULL, offered, 0, COUNT, false},
	{"admitted, packets", "admitted.packets", NULL, 0, COUNT, false},
	{"dropped, packets", "dropped.packets", NULL, 0, COUNT, false},
	{"loss, %", "loss_percent", NULL, 0, 2, true},
	{"highest admitted rate, kbit/s", NULL, peak_admitted, 0, 1, false},
	{"calls", NULL, calls_of, 0, COUNT, false},
	{"calls that lost nothing", NULL, whole, 0, COUNT, false},
	{"calls that lost half or more", NULL, halved, 0, COUNT, false},
	{"loss of a call, %: least", "loss_percent_quartiles.0", NULL, 0, 2, false},
	{"lower quartile", "loss_percent_quartiles.1", NULL, 0, 2, false},
	{"median", "loss_percent_quartiles.2", NULL, 0, 2, false},
	{"upper quartile", "loss_percent_quartiles.3", NULL, 0, 2, false},
	{"worst", "loss_percent_quartiles.4", NULL, 0, 2, false},
	{"longest gap of a call, ms: median", "longest_gap_ms_quartiles.2", NULL, 0, 1, false},
	{"worst", "longest_gap_ms_quartiles.4", NULL, 0, 1, false},
	{"MOS of a call: lowest", "mos_quartiles.0", NULL, 0, 2, false},
	{"median", "mos_quartiles.2", NULL, 0, 2, false},
	{"jitter of a call, ms: highest mean", NULL, jitter_mean_max, 0, 2, false},
	{"highest", NULL, jitter_max, 0, 2, false},
	{"delay in edgemark, ms: median", "delay_us.median", NULL, 1e-3, 3, false},
	{"99 % below", "delay_us.p99", NULL, 1e-3, 3, false},
	{"longest", "delay_us.max", NULL, 1e-3, 3, false},
	{"calls outside a target", "calls_hurt", NULL, 0, COUNT, true},
	{"of these by loss (target 0)", NULL, loss_outside, 0, COUNT, true},
	{"by mean jitter (over 5 ms)", NULL, jitter_mean_outside, 0, COUNT, true},
	{"by highest jitter (over 40 ms)", NULL, jitter_max_outside, 0, COUNT, true},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool begins_group(const struct row *r)
{
	/* titles that go on from the row above are short */
	return strchr(r->title, ',') || strncmp(r->title, "calls", 5) == 0 || strchr(r->title, ':');
}

static void one_row(struct html *h, const struct row *r, const json_t *runs,
		    const struct run_summary *summaries)
{
	const json_t *run;
	size_t i;

	html_open(h, "tr", "class", begins_group(r) ? NULL : "goes-on", NULL);
	heading(h, "row", r->title);
	json_array_foreach(runs, i, run)
	{
		double value = r->path ? figure(run, r->path) : r->conclude(run, &summaries[i]);

		value *= r->scale > 0.0 ? r->scale : 1.0;
		cell(h, value, r->decimals, r->target && value > 0.0);
	}
	html_close(h);
}

/* Drops by reason: which there are differs from run to run. */
static void rows_of_reasons(struct html *h, const json_t *runs)
{
	json_t *reasons = json_object(), *n;
	const json_t *run;
	const char *reason;
	char title[128];
	size_t i;

	json_array_foreach(runs, i, run) json_object_foreach(json_object_get(run, "drops"), reason,
							     n) if (json_number_value(n) > 0)
		json_object_set_new(reasons, reason, json_true());
	json_object_foreach(reasons, reason, n)
	{
		snprintf(title, sizeof(title), "dropped for %s, packets", reason);
		html_open(h, "tr", NULL);
		heading(h, "row", title);
		json_array_foreach(runs, i, run)
		{
			const json_t *drops = json_object_get(run, "drops");
			const json_t *packets = json_object_get(drops, reason);

			cell(h, packets ? json_number_value(packets) : 0.0, COUNT, false);
		}
		html_close(h);
	}
	json_decref(reasons);
}

static void head_of_runs(struct html *h, const char *corner, const json_t *runs)
{
	const json_t *run;
	size_t i;

	html_open(h, "thead", NULL);
	html_open(h, "tr", NULL);
	heading(h, "col", corner);
	json_array_foreach(runs, i, run) heading(h, "col", figure_text(run, "exceed"));
	close_many(h, 2);
}

void table_side_by_side(struct html *h, const json_t *result)
{
	const json_t *runs = json_object_get(result, "runs"), *run;
	struct run_summary *summaries = calloc(json_array_size(runs) + 1, sizeof(*summaries));
	size_t i;

	json_array_foreach(runs, i, run) if (summaries) summaries[i] = summarize_run(run);
	scrolling_table(h, "side-by-side");
	head_of_runs(h, "exceed =", runs);
	html_open(h, "tbody", NULL);
	for (i = 0; summaries && i < ROWS; i++)
		one_row(h, &rows[i], runs, summaries);
	rows_of_reasons(h, runs);
	close_many(h, 3);
	free(summaries);
}

/* --- calls ------------------------------------------------------------------------------ */

struct column {
	const char *title, *key;
	int decimals;
	bool (*outside)(const json_t *call);
};

static const struct column columns[] = {
	{"began s", "began_s", 2, NULL},
	{"packets", "packets", COUNT, NULL},
	{"dropped", "dropped", COUNT, NULL},
	{"loss %", "loss_percent", 2, call_lost_packets},
	{"run", "longest_drop_run", COUNT, NULL},
	{"gap ms", "longest_gap_ms", 1, NULL},
	{"jitter ms", "jitter_ms_mean", 2, call_jitter_mean_outside},
	{"max ms", "jitter_ms_max", 2, call_jitter_max_outside},
	{"delay ms", "delay_ms_mean", 2, NULL},
	{"max ms", "delay_ms_max", 2, NULL},
	{"R", "r_factor", 1, NULL},
	{"MOS", "mos", 2, NULL},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void call_row(struct html *h, const json_t *call)
{
	const json_t *over = json_object_get(call, "over_contract");

	html_open(h, "tr", NULL);
	html_open(h, "th", "scope", "row", NULL);
	write_figure(h, figure(call, "number"), COUNT);
	html_close(h);
	html_open(h, "td", "class", "name", NULL);
	html_text(h, "%s:%.0f", figure_text(call, "source"), figure(call, "source_port"));
	if (json_is_true(over))
		html_element(h, "span", "tag", "over");
	html_close(h);
	for (size_t i = 0; i < COLUMNS; i++)
		cell(h, figure(call, columns[i].key), columns[i].decimals,
		     columns[i].outside && columns[i].outside(call));
	html_close(h);
}

static void calls_table(struct html *h, const json_t **calls, size_t count, const char *class)
{
	scrolling_table(h, class);
	html_open(h, "thead", NULL);
	html_open(h, "tr", NULL);
	heading(h, "col", "call");
	heading(h, "col", "source");
	for (size_t i = 0; i < COLUMNS; i++)
		heading(h, "col", columns[i].title);
	close_many(h, 2);
	html_open(h, "tbody", NULL);
	for (size_t i = 0; i < count; i++)
		call_row(h, calls[i]);
	close_many(h, 3);
}

void table_of_calls(struct html *h, const json_t *run)
{
	size_t count;
	const json_t **calls = calls_worst_first(run, &count);
	const size_t listed = count < CALLS_LISTED ? count : CALLS_LISTED;

	calls_table(h, calls, count < CALLS_SHOWN ? count : CALLS_SHOWN, "calls");
	if (count > CALLS_SHOWN) {
		html_open(h, "details", NULL);
		if (listed < count)
			html_element(h, "summary", NULL,
				     "the %zu worst of %zu calls (lab.json has all)", listed,
				     count);
		else
			html_element(h, "summary", NULL, "all %zu calls, worst first", count);
		calls_table(h, calls, listed, "calls all");
		html_close(h);
	}
	free(calls);
}

/* --- rates ------------------------------------------------------------------------------ */

static void rates_head(struct html *h, const json_t *runs)
{
	const json_t *run;
	size_t i;

	html_open(h, "thead", NULL);
	html_open(h, "tr", NULL);
	heading(h, "col", "s");
	heading(h, "col", "calls");
	heading(h, "col", "offered");
	json_array_foreach(runs, i, run)
	{
		html_open(h, "th", "scope", "col", NULL);
		html_text(h, "%s admitted", figure_text(run, "exceed"));
		html_close(h);
		html_element(h, "th", NULL, "dropped");
	}
	close_many(h, 2);
}

static size_t intervals(const json_t *result)
{
	const json_t *run;
	size_t longest = json_array_size(figure_at(result, "offered.series")), i;

	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		size_t n = json_array_size(json_object_get(run, "series"));

		longest = n > longest ? n : longest;
	}
	return longest;
}

static void rates_row(struct html *h, const json_t *result, size_t at)
{
	const json_t *offer = json_array_get(figure_at(result, "offered.series"), at), *run;
	double seconds = figure(offer, "t_s");
	size_t i;

	json_array_foreach(json_object_get(result, "runs"), i, run) if (isnan(seconds)) seconds =
		figure(json_array_get(json_object_get(run, "series"), at), "t_s");
	html_open(h, "tr", NULL);
	html_open(h, "th", "scope", "row", NULL);
	write_figure(h, seconds, 1);
	html_close(h);
	cell(h, figure(offer, "calls"), COUNT, false);
	cell(h, figure(offer, "voice_kbps"), 1, false);
	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		const json_t *now = json_array_get(json_object_get(run, "series"), at);

		cell(h, figure(now, "admitted_kbps"), 1, false);
		cell(h, figure(now, "dropped_kbps"), 1, false);
	}
	html_close(h);
}

void table_of_rates(struct html *h, const json_t *result)
{
	html_open(h, "details", NULL);
	html_element(h, "summary", NULL, "the rates as a table, kbit/s of voice");
	scrolling_table(h, "rates");
	rates_head(h, json_object_get(result, "runs"));
	html_open(h, "tbody", NULL);
	for (size_t i = 0; i < intervals(result); i++)
		rates_row(h, result, i);
	close_many(h, 4);
}

/* --- parameters ------------------------------------------------------------------------- */

static const struct column parameters[] = {
	{"calls", "calls", COUNT, NULL},
	{"calls that the contract holds", "contract_calls", COUNT, NULL},
	{"contract (CIR), kbit/s", "cir_kbps", 1, NULL},
	{"burst that the provider grants, bytes", "burst_bytes", COUNT, NULL},
	{"burst that edgemark meters with, bytes", "metered_burst_bytes", COUNT, NULL},
	{"what counts as length", "account", 0, NULL},
	{"codec", "codec_name", 0, NULL},
	{"a packet every, ms", "ptime_ms", 0, NULL},
	{"a packet, bytes of IP", "packet_ip_bytes", COUNT, NULL},
	{"a call, kbit/s", "call_kbps", 1, NULL},
	{"phases of the calls", "phase", 0, NULL},
	{"clocks differ by up to, ppm", "ppm", 0, NULL},
	{"jitter on arrival, ms", "jitter_ms", 1, NULL},
	{"calls begin within, s", "ramp_s", 1, NULL},
	{"background", "background", 0, NULL},
	{"link, kbit/s", "link_kbps", 0, NULL},
	{"length, s", "seconds", 1, NULL},
	{"seed", "seed", 0, NULL},
	{"rates over intervals of, ms", "interval_ms", 0, NULL},
};

void table_of_parameters(struct html *h, const json_t *result)
{
	const json_t *values = json_object_get(result, "parameters");

	scrolling_table(h, "parameters");
	html_open(h, "tbody", NULL);
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		const struct column *p = &parameters[i];
		const json_t *value = json_object_get(values, p->key);

		if (!value || json_is_null(value))
			continue;
		html_open(h, "tr", NULL);
		heading(h, "row", p->title);
		if (json_is_string(value))
			html_element(h, "td", NULL, "%s", json_string_value(value));
		else
			cell(h, figure(values, p->key), p->decimals, false);
		html_close(h);
	}
	close_many(h, 3);
}
