/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Colours are told apart with any colour vision, and lines by their dashes, too. The style
 * sheet has their shades for a dark page, and finds them by what gnuplot writes for them.
 */
#include "report_plots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gnuplot.h"
#include "report_figures.h"

enum { WIDTH = 480, LABEL_BYTES = 40 };

/* Where what is less, or nothing, stands on a logarithmic scale. */
#define GAP_FLOOR_MS	10.0
#define JITTER_FLOOR_MS 0.001

struct line_style {
	const char *exceed, *colour, *dash;
};

static const struct line_style styles[] = {
	{"police", "#C4490C", "solid"},	       {"random", "#0067A5", "solid"},
	{"spread", "#00805B", "(12,5)"},       {"protect", "#A04A86", "(3,4)"},
	{"shape", "#A87400", "(14,4,3,4)"},    {"remark", "#3A9AC9", "(24,6)"},
	{"count", "#6B6B6B", "(8,4,2,4,2,4)"},
};

enum { STYLES = sizeof(styles) / sizeof(styles[0]) };

static const struct line_style *style_of(const char *exceed, size_t index)
{
	for (size_t i = 0; i < STYLES; i++)
		if (strcmp(styles[i].exceed, exceed) == 0)
			return &styles[i];
	return &styles[index % STYLES];
}

/* A plot in the making. */
struct plot {
	FILE *script;
	const char *class;
	char title[LABEL_BYTES * 3];
};

static bool begin(const struct report_plots *p, struct plot *plot, int height)
{
	*plot = (struct plot){.script = p->available ? gnuplot_script() : NULL};
	if (!plot->script)
		return false;
	fprintf(plot->script,
		"set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,13'\n"
		"set border 3 lc rgb '#000000'\n"
		"set tics nomirror out scale 0.5\n"
		"set grid lc rgb '#BEBEBE' lt 1 lw 0.5\n"
		"set key above left Left reverse horizontal samplen 2 width -2 noautotitle\n"
		"set style fill transparent solid 0.18 noborder\n",
		WIDTH, height);
	return true;
}

static void finish(struct report_plots *p, struct html *h, struct plot *plot, const char *caption)
{
	char prefix[32], *svg;
	int err = gnuplot_run(plot->script, &svg);

	fclose(plot->script);
	html_open(h, "figure", "class", plot->class, NULL);
	snprintf(prefix, sizeof(prefix), "p%u-", p->drawn++);
	html_element(h, "figcaption", NULL, "%s", caption);
	if (!err) {
		gnuplot_inline(h->out, svg, prefix, plot->title);
	} else {
		p->failed++;
		html_element(h, "p", "warning", "gnuplot could not draw this: %s.", strerror(-err));
	}
	html_close(h);
	free(svg);
}

void report_plots_begin(struct report_plots *p)
{
	*p = (struct report_plots){0};
	p->available = gnuplot_version(p->version, sizeof(p->version)) == 0;
}

/* --- over time ------------------------------------------------------------------------- */

static double highest_rate(const json_t *result)
{
	double highest = figure(result, "parameters.cir_kbps");
	const json_t *run, *at;
	size_t i, k;

	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		json_array_foreach(json_object_get(run, "series"), k, at)
		{
			highest = fmax(highest, figure(at, "offered_kbps"));
			highest = fmax(highest, figure(at, "admitted_kbps"));
		}
	}
	return highest > 0.0 ? highest : 1.0;
}

static double last_second(const json_t *result)
{
	const double seconds = figure(result, "parameters.seconds");

	return seconds > 0.0 ? seconds : 1.0;
}

/* Without what comes after the last arrival: queues that run empty are no rate to compare. */
static void write_series(FILE *script, const json_t *result, const json_t *run)
{
	const double half = figure(result, "parameters.interval_ms") / 2e3;
	const json_t *at;
	size_t i;

	fputs("$series << EOD\n", script);
	json_array_foreach(json_object_get(run, "series"), i, at)
	{
		if (figure(at, "t_s") >= last_second(result))
			break;
		fprintf(script, "%g %g %g %g\n", figure(at, "t_s") + (isnan(half) ? 0.0 : half),
			figure(at, "offered_kbps"), figure(at, "admitted_kbps"),
			figure(at, "dropped_kbps"));
	}
	fputs("EOD\n", script);
}

/* Where the contract is, and when it was exceeded. */
static void mark_contract(FILE *script, const json_t *result)
{
	const double cir = figure(result, "parameters.cir_kbps");
	const double at = figure(result, "contract_exceeded.at_s");

	if (!isnan(cir))
		fprintf(script,
			"set arrow from graph 0, first %g to graph 1, first %g nohead front "
			"lc rgb '#000000' lw 1.5 dt solid\n"
			"set label 'contract' at graph 0.99, first %g right offset 0,0.5 front\n",
			cir, cir, cir);
	if (!isnan(at))
		fprintf(script,
			"set arrow from %g, graph 0 to %g, graph 1 nohead lc rgb '#808080' lw "
			"1.5\n",
			at, at);
}

static void plot_rate(struct report_plots *p, struct html *h, const json_t *result,
		      const json_t *run, const struct line_style *style, double highest)
{
	const char *exceed = figure_text(run, "exceed");
	struct plot plot;
	char label[LABEL_BYTES];

	if (!begin(p, &plot, 250))
		return;
	gnuplot_label(label, sizeof(label), exceed);
	snprintf(plot.title, sizeof(plot.title), "%s: rates of voice over time", label);
	mark_contract(plot.script, result);
	write_series(plot.script, result, run);
	fprintf(plot.script,
		"set key width 0\nset xrange [0:%g]\n"
		"set xlabel 's' offset 0,0.5\nset ylabel 'kbit/s'\nset yrange [0:%g]\n"
		"plot $series using 1:3 with filledcurves y1=0 lc rgb '%s', "
		"'' using 1:2 with lines lc rgb '#000000' lw 1.2 dt (8,5) title 'offered', "
		"'' using 1:3 with lines lc rgb '%s' lw 2.2 title 'admitted', "
		"'' using 1:4 with lines lc rgb '#000000' lw 1.5 dt (2,3) title 'dropped'\n",
		last_second(result), highest * 1.12, style->colour, style->colour);
	finish(p, h, &plot, exceed);
}

void plot_rates(struct report_plots *p, struct html *h, const json_t *result)
{
	const double highest = highest_rate(result);
	const json_t *run;
	size_t i;

	json_array_foreach(json_object_get(result, "runs"), i, run)
		plot_rate(p, h, result, run, style_of(figure_text(run, "exceed"), i), highest);
}

/* --- of each call ---------------------------------------------------------------------- */

static void plot_run_loss(struct report_plots *p, struct html *h, const json_t *result,
			  const json_t *run, const struct line_style *style)
{
	const double places = figure(result, "parameters.contract_calls");
	const char *exceed = figure_text(run, "exceed");
	const json_t *call;
	struct plot plot;
	char label[LABEL_BYTES];
	size_t i;

	if (!begin(p, &plot, 200))
		return;
	gnuplot_label(label, sizeof(label), exceed);
	snprintf(plot.title, sizeof(plot.title), "%s: loss by call", label);
	fputs("$calls << EOD\n", plot.script);
	json_array_foreach(json_object_get(run, "calls"), i, call) fprintf(
		plot.script, "%g %g\n", figure(call, "number"), figure(call, "loss_percent"));
	fputs("EOD\n", plot.script);
	if (!isnan(places))
		fprintf(plot.script,
			"set arrow from %g, graph 0 to %g, graph 1 nohead lc rgb '#000000' lw 1 "
			"dt (4,4)\n",
			places + 0.5, places + 0.5);
	fprintf(plot.script,
		"set xlabel 'call' offset 0,0.5\nset ylabel 'loss, %%'\nset yrange [0:105]\n"
		"set xrange [0:%zu]\nset ytics 25\nset boxwidth 0.7\n"
		"set style fill solid 0.85 noborder\n"
		"plot $calls using 1:2 with boxes lc rgb '%s'\n",
		i + 1, style->colour);
	finish(p, h, &plot, exceed);
}

void plot_loss_by_call(struct report_plots *p, struct html *h, const json_t *result)
{
	const json_t *run;
	size_t i;

	json_array_foreach(json_object_get(result, "runs"), i, run)
		plot_run_loss(p, h, result, run, style_of(figure_text(run, "exceed"), i));
}

/* --- all together ---------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The figure of all calls that have it, sorted, as a block of data. */
static void write_sorted(FILE *script, const json_t *run, size_t block, const char *key,
			 bool highest_first)
{
	const json_t *calls = json_object_get(run, "calls"), *call;
	double *values = calloc(json_array_size(calls) + 1, sizeof(*values));
	size_t i, n = 0;

	fprintf(script, "$run%zu << EOD\n", block);
	json_array_foreach(calls, i, call) if (values && !isnan(figure(call, key))) values[n++] =
		figure(call, key);
	if (n > 0)
		qsort(values, n, sizeof(*values), ascending);
	for (i = 0; i < n; i++)
		fprintf(script, "%zu %g\n", i + 1, values[highest_first ? n - 1 - i : i]);
	fputs(n > 0 ? "EOD\n" : "NaN NaN\nEOD\n", script);
	free(values);
}

static void write_lines(FILE *script, const json_t *result, const char *using)
{
	const char *separator = "plot ";
	char label[LABEL_BYTES];
	const json_t *run;
	size_t i;

	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		const struct line_style *style = style_of(figure_text(run, "exceed"), i);

		gnuplot_label(label, sizeof(label), figure_text(run, "exceed"));
		fprintf(script, "%s$run%zu using %s with lines lc rgb '%s' lw 2 dt %s title '%s'",
			separator, i, using, style->colour, style->dash, label);
		separator = ", ";
	}
	fputc('\n', script);
}

static bool begin_sorted(const struct report_plots *p, struct plot *plot, const json_t *result,
			 const char *key, bool highest_first, const char *title)
{
	const json_t *run;
	size_t i;

	if (json_array_size(json_object_get(result, "runs")) == 0 || !begin(p, plot, 320))
		return false;
	snprintf(plot->title, sizeof(plot->title), "%s", title);
	json_array_foreach(json_object_get(result, "runs"), i, run)
		write_sorted(plot->script, run, i, key, highest_first);
	fputs("set xlabel 'calls, worst first' offset 0,0.5\nset xrange [1:]\n", plot->script);
	return true;
}

void plot_loss_sorted(struct report_plots *p, struct html *h, const json_t *result)
{
	struct plot plot;

	if (!begin_sorted(p, &plot, result, "loss_percent", true, "loss of each call, sorted"))
		return;
	fputs("set ylabel 'loss, %'\nset yrange [0:105]\n", plot.script);
	write_lines(plot.script, result, "1:2");
	finish(p, h, &plot, "Loss of each call");
}

void plot_gaps(struct report_plots *p, struct html *h, const json_t *result)
{
	char using[64];
	struct plot plot;

	if (!begin_sorted(p, &plot, result, "longest_gap_ms", true,
			  "longest gap of each call, sorted"))
		return;
	fprintf(plot.script,
		"set ylabel 'ms'\nset logscale y\nset yrange [%g:100<*]\n"
		"set ytics ('none' %g, '20' 20, '50' 50, '100' 100, '200' 200, '500' 500, "
		"'1 s' 1e3, '2 s' 2e3, '5 s' 5e3, '10 s' 1e4, '30 s' 3e4, '60 s' 6e4, "
		"'10 min' 6e5, '1 h' 3.6e6)\n",
		GAP_FLOOR_MS * 0.9, GAP_FLOOR_MS);
	snprintf(using, sizeof(using), "1:($2 < %g ? %g : $2)", GAP_FLOOR_MS, GAP_FLOOR_MS);
	write_lines(plot.script, result, using);
	finish(p, h, &plot, "Longest gap of each call (logarithmic)");
}

void plot_mos(struct report_plots *p, struct html *h, const json_t *result)
{
	struct plot plot;

	if (!begin_sorted(p, &plot, result, "mos", false, "MOS of each call, sorted"))
		return;
	/* G.107, table B.1: users satisfied; some, many dissatisfied */
	fputs("set ylabel 'MOS'\nset yrange [1:4.6]\nset ytics 1,0.5\n"
	      "set arrow from graph 0, first 4.03 to graph 1, first 4.03 nohead lc rgb '#808080' "
	      "lw 1.5\nset label 'users satisfied' at graph 0.99, first 4.03 right offset 0,0.5\n"
	      "set arrow from graph 0, first 3.1 to graph 1, first 3.1 nohead lc rgb '#808080' "
	      "lw 1.5\nset label 'many dissatisfied below' at graph 0.99, first 3.1 right "
	      "offset 0,-0.5\n",
	      plot.script);
	write_lines(plot.script, result, "1:2");
	finish(p, h, &plot, "MOS of each call (estimate)");
}

void plot_jitter(struct report_plots *p, struct html *h, const json_t *result)
{
	const json_t *run, *point;
	char using[64];
	struct plot plot;
	size_t i, k;

	if (json_array_size(json_object_get(result, "runs")) == 0 || !begin(p, &plot, 320))
		return;
	snprintf(plot.title, sizeof(plot.title), "distribution of jitter");
	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		fprintf(plot.script, "$run%zu << EOD\n", i);
		json_array_foreach(json_object_get(run, "jitter_ms_cdf"), k, point) fprintf(
			plot.script, "%g %g\n", figure(point, "0"), 100.0 * figure(point, "1"));
		fputs(k > 0 ? "EOD\n" : "NaN NaN\nEOD\n", plot.script);
	}
	fprintf(plot.script,
		"set xlabel 'ms' offset 0,0.5\nset ylabel '%% of packets'\nset yrange [0:102]\n"
		"set logscale x\nset xrange [%g:10<*]\nset format x '%%g'\n",
		JITTER_FLOOR_MS);
	snprintf(using, sizeof(using), "($1 < %g ? %g : $1):2", JITTER_FLOOR_MS, JITTER_FLOOR_MS);
	write_lines(plot.script, result, using);
	finish(p, h, &plot, "Jitter of packets (|D| of RFC 3550, logarithmic)");
}
