/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page, from its headline to its foot: first what happened in a sentence a personality,
 * then the figures side by side, the plots, the calls, and all that is needed to run it
 * again.
 */
#define _GNU_SOURCE /* asprintf */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "html.h"
#include "report_figures.h"
#include "report_plots.h"
#include "report_style.h"
#include "report_tables.h"

enum { TEXT_BYTES = 32 };

/* --- words ------------------------------------------------------------------------------ */

static const struct {
	const char *exceed, *meaning;
} personalities[] = {
	{"police", "a plain token bucket: what finds it empty is dropped"},
	{"random", "the excess is taken at random from all calls in progress"},
	{"spread", "every call loses the same share, evenly spaced"},
	{"protect", "calls that hold a place keep it; later ones get what is left over"},
	{"shape", "the excess waits up to a limit, then it is dropped"},
	{"remark", "the excess leaves in another class"},
	{"count", "the excess passes, and is counted: the provider would drop it"},
};

static const char *meaning_of(const char *exceed)
{
	for (size_t i = 0; i < sizeof(personalities) / sizeof(personalities[0]); i++)
		if (strcmp(personalities[i].exceed, exceed) == 0)
			return personalities[i].meaning;
	return NULL;
}

/* 1st, 2nd, 3rd, 4th, 11th … */
static const char *ordinal_ending(long n)
{
	if (n % 100 >= 11 && n % 100 <= 13)
		return "th";
	switch (n % 10) {
	case 1:
		return "st";
	case 2:
		return "nd";
	case 3:
		return "rd";
	default:
		return "th";
	}
}

static const char *duration(char *text, double ms)
{
	if (ms < 1000.0)
		snprintf(text, TEXT_BYTES, "%.0f ms", ms);
	else
		snprintf(text, TEXT_BYTES, "%.1f s", ms / 1000.0);
	return text;
}

/* Without decimals that say nothing. */
static const char *rate(char *text, double kbps)
{
	snprintf(text, TEXT_BYTES, "%.*f kbit/s", fmod(kbps, 1.0) == 0.0 ? 0 : 2, kbps);
	return text;
}

/* --- the verdict ------------------------------------------------------------------------ */

static void headline(struct html *h, const json_t *result)
{
	html_text(h, "%.0f calls on a contract for %.0f", figure(result, "parameters.calls"),
		  figure(result, "parameters.contract_calls"));
}

static void lead(struct html *h, const json_t *result)
{
	const double call = figure(result, "contract_exceeded.call");
	char contract[TEXT_BYTES], each[TEXT_BYTES];

	html_open(h, "p", "class", "lead", NULL);
	html_text(h,
		  "%.0f calls (%s; %s each on the contract's account) were placed on a contract of "
		  "%s. ",
		  figure(result, "parameters.calls"), figure_text(result, "parameters.codec_name"),
		  rate(each, figure(result, "parameters.call_kbps")),
		  rate(contract, figure(result, "parameters.cir_kbps")));
	if (isnan(call))
		html_text(h, "What they offered stayed within it.");
	else
		html_text(h,
			  "The %.0f%s call began at %.2f s; from then on more was offered than "
			  "the contract admits.",
			  call, ordinal_ending(lround(call)),
			  figure(result, "contract_exceeded.at_s"));
	html_close(h);
}

static void what_calls_lost(struct html *h, const struct run_summary *s)
{
	if (s->whole == s->calls) {
		html_text(h, "no call lost a packet");
		return;
	}
	if (s->whole > 0)
		html_text(h, "%zu of %zu calls lost nothing, ", s->whole, s->calls);
	if (s->calls - s->whole == 1)
		html_text(h, "one lost ");
	else
		html_text(h, s->whole > 0 ? "the other %zu " : "all %zu calls lost packets, ",
			  s->calls - s->whole);
	if (s->loss_max - s->loss_min < 0.005)
		html_text(h, "%.2f\u00a0%%", s->loss_max);
	else
		html_text(h, "between %.2f and %.2f\u00a0%%", s->loss_min, s->loss_max);
	if (s->halved == 1 && s->calls - s->whole > 1)
		html_text(h, " (one of them half of its packets or more)");
	else if (s->halved > 1 && s->halved < s->calls - s->whole)
		html_text(h, " (%zu of them half of their packets or more)", s->halved);
}

static void verdict(struct html *h, const json_t *run)
{
	const struct run_summary s = summarize_run(run);
	const char *exceed = figure_text(run, "exceed"), *meaning = meaning_of(exceed);
	char text[TEXT_BYTES];

	html_open(h, "li", "class", s.whole < s.calls || s.jitter_outside ? "hurt" : NULL, NULL);
	html_element(h, "strong", NULL, "%s", exceed);
	if (meaning)
		html_text(h, " (%s)", meaning);
	html_text(h, ": ");
	what_calls_lost(h, &s);
	if (s.whole < s.calls && s.gap_max > 0.0)
		html_text(h, "; longest gap %s", duration(text, s.gap_max));
	if (!isnan(s.mos_min))
		html_text(h, "; MOS %.1f at worst", s.mos_min);
	if (s.jitter_outside > 0)
		html_text(h, "; calls outside the targets of jitter: %zu", s.jitter_outside);
	if (s.over_contract > 0)
		html_text(h, "; calls that began when the contract was full: %zu", s.over_contract);
	html_text(h, ".");
	html_close(h);
}

static void verdicts(struct html *h, const json_t *result)
{
	const json_t *run;
	size_t i;

	html_open(h, "ul", "class", "verdicts", NULL);
	json_array_foreach(json_object_get(result, "runs"), i, run) verdict(h, run);
	html_close(h);
}

/* --- whether it adds up ----------------------------------------------------------------- */

static bool adds_up(const json_t *result, const json_t *run)
{
	const double offered = figure(result, "offered.packets");

	return json_is_true(json_object_get(run, "reconciled")) &&
	       figure(run, "admitted.packets") + figure(run, "dropped.packets") == offered;
}

static void reconciliation(struct html *h, const json_t *result)
{
	const json_t *run;
	size_t i, wrong = 0;

	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		if (adds_up(result, run))
			continue;
		wrong++;
		html_element(h, "p", "warning",
			     "%s does not add up: the lab's own account and edgemark's counters, "
			     "or offered and admitted + dropped, differ. Don't trust its figures.",
			     figure_text(run, "exceed"));
	}
	if (wrong > 0)
		return;
	html_open(h, "p", "class", "note", NULL);
	html_text(h, "Reconciled in each run, to the packet: the lab's own account equals "
		     "edgemark's counters, and voice offered (");
	html_count(h, (int64_t)figure(result, "offered.packets"));
	html_text(h, ") = admitted + dropped.");
	html_close(h);
}

/* --- sections --------------------------------------------------------------------------- */

static void heading(struct html *h, const char *title)
{
	html_element(h, "h2", NULL, "%s", title);
}

static void side_by_side(struct html *h, const json_t *result)
{
	heading(h, "Side by side");
	html_element(h, "p", "note",
		     "All saw the same arrivals, to the packet. Targets of business-grade voice: "
		     "loss 0, interarrival jitter (RFC 3550) 5 ms in the mean and 40 ms at most; "
		     "one-way delay 100 ms, of which this is edgemark's part. What is outside is "
		     "marked “!”.");
	table_side_by_side(h, result);
	reconciliation(h, result);
}

static void plots(struct html *h, const json_t *result, struct report_plots *p)
{
	heading(h, "Over time");
	if (!p->available)
		html_element(h, "p", "warning",
			     "The plots are missing, as gnuplot is. On Debian: apt-get install "
			     "gnuplot-nox. The tables have all figures.");
	html_element(h, "p", "note",
		     "Rates of voice in the contract's own account. Admitted: what left for the "
		     "provider in that time, which may be the contract's rate and one burst.%s",
		     isnan(figure(result, "contract_exceeded.at_s"))
			     ? ""
			     : " The upright line: from here on, the contract was exceeded.");
	html_open(h, "div", "class", "plots", NULL);
	plot_rates(p, h, result);
	html_close(h);
	table_of_rates(h, result);

	heading(h, "What the calls felt");
	html_open(h, "div", "class", "plots", NULL);
	plot_loss_sorted(p, h, result);
	plot_gaps(p, h, result);
	plot_mos(p, h, result);
	plot_jitter(p, h, result);
	html_close(h);

	heading(h, "Loss by call");
	html_element(h, "p", "note",
		     "Numbered as they began. Left of the upright line: as many "
		     "as the contract holds.");
	html_open(h, "div", "class", "plots", NULL);
	plot_loss_by_call(p, h, result);
	html_close(h);
}

static void calls(struct html *h, const json_t *result)
{
	const json_t *run;
	size_t i;

	heading(h, "Calls, the worst first");
	html_element(h, "p", "note",
		     "Of RTP. Run: packets lost in a row, at most. Gap: the longest silence "
		     "around a loss, on the wire to the provider. Jitter: mean and highest (RFC "
		     "3550). Delay in "
		     "edgemark: mean and longest. Over: began when the contract was full. R and "
		     "MOS: estimates by ITU-T G.107, see "
		     "below.");
	json_array_foreach(json_object_get(result, "runs"), i, run)
	{
		html_open(h, "section", "data-exceed", figure_text(run, "exceed"), NULL);
		html_element(h, "h3", NULL, "%s", figure_text(run, "exceed"));
		table_of_calls(h, run);
		html_close(h);
	}
}

static bool has_captures(const json_t *result)
{
	const json_t *run;
	size_t i;

	json_array_foreach(json_object_get(result, "runs"), i,
			   run) if (json_is_object(json_object_get(run, "captures"))) return true;
	return false;
}

static void how_it_was_run(struct html *h, const json_t *result)
{
	const json_t *assumption;
	size_t i;

	heading(h, "What was run");
	table_of_parameters(h, result);
	html_element(h, "h3", NULL, "Assumptions");
	html_open(h, "ul", NULL);
	json_array_foreach(json_object_get(result, "assumptions"), i, assumption)
		html_element(h, "li", NULL, "%s",
			     json_is_string(assumption) ? json_string_value(assumption) : "-");
	html_close(h);
	html_element(h, "h3", NULL, "Again");
	html_element(h, "p", NULL,
		     "On the virtual clock the same command gives the same packets, and so the "
		     "same figures:");
	html_element(h, "pre", NULL, "%s", figure_text(result, "command"));
	if (has_captures(result))
		html_element(h, "p", NULL,
			     "Captures of what arrived and what left lie beside this page; "
			     "scripts/lab-verify recomputes its figures from them.");
}

static void foot(struct html *h, const json_t *result, const struct report_plots *p)
{
	html_open(h, "footer", NULL);
	html_text(h, "edgemark %s, lab overrun%s%s.", figure_text(result, "edgemark"),
		  p->available ? "; plots: " : "", p->available ? p->version : "");
	html_close(h);
}

/* --- the page --------------------------------------------------------------------------- */

static void head(struct html *h, const json_t *result)
{
	html_open(h, "head", NULL);
	html_void(h, "meta", "charset", "utf-8", NULL);
	html_void(h, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1",
		  NULL);
	html_open(h, "title", NULL);
	html_text(h, "edgemark lab: ");
	headline(h, result);
	html_close(h);
	/* the sheet is ours, and quotes in it must stay quotes */
	fprintf(h->out, "<style>\n%s</style>\n", report_style);
	html_close(h);
}

static void page(FILE *out, const json_t *result, struct report_plots *p)
{
	struct html h;

	html_begin(&h, out);
	html_open(&h, "html", "lang", "en", NULL);
	head(&h, result);
	html_open(&h, "body", NULL);
	html_open(&h, "main", NULL);
	html_open(&h, "h1", NULL);
	headline(&h, result);
	html_close(&h);
	lead(&h, result);
	verdicts(&h, result);
	side_by_side(&h, result);
	plots(&h, result, p);
	calls(&h, result);
	how_it_was_run(&h, result);
	foot(&h, result, p);
	while (h.depth > 0)
		html_close(&h);
}

static int write_page(const char *path, const json_t *result)
{
	struct report_plots p;
	FILE *out = fopen(path, "we");
	bool failed;

	if (!out)
		return -errno;
	report_plots_begin(&p);
	errno = 0;
	page(out, result, &p);
	failed = ferror(out) != 0;
	if (fclose(out) != 0 || failed)
		return errno ? -errno : -EIO;
	if (!p.available)
		fprintf(stderr, "edgemark: the report has no plots: gnuplot is not installed (on "
				"Debian: apt-get install gnuplot-nox)\n");
	return 0;
}

int lab_report_write(const json_t *result, const char *directory)
{
	char *path = NULL, *unfinished = NULL;
	int err = -ENOMEM;

	if (asprintf(&path, "%s/report.html", directory) < 0)
		path = NULL;
	if (path && asprintf(&unfinished, "%s.new", path) < 0)
		unfinished = NULL;
	if (unfinished)
		err = write_page(unfinished, result);
	if (!err && rename(unfinished, path) != 0)
		err = -errno;
	if (err) {
		fprintf(stderr, "edgemark: %s: can't be written: %s\n", path ? path : directory,
			strerror(-err));
		if (unfinished)
			(void)unlink(unfinished);
	}
	free(unfinished);
	free(path);
	return err;
}
