/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For each test two tables: the metrics of section 4.1 by stream, and each figure that can
 * be predicted beside its prediction. Delays with all their nanoseconds.
 */
#include "rfc7640_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char definitions[] =
	"Metrics (RFC 7640 section 4.1):\n"
	"  BSA  burst size achieved: the largest burst at port speed that passes without loss, by\n"
	"       the burst hunt of 5.1.1, to the frame; in bytes as the policer or queue counts\n"
	"       them (by IP length a contract, on the wire a link)\n"
	"  LP   lost packets: sent less received. The clock runs until all queues are empty: no\n"
	"       packet is late, the waiting threshold is infinite\n"
	"  OOS  out of sequence: packets of a stream behind one with a higher number (RFC 4737)\n"
	"  PD   packet delay: left less arrived, both at the frame's first byte (RFC 1242)\n"
	"  PDV  packet delay variation: the 99th percentile of PD less its minimum (RFC 5481)\n"
	"  SR   shaper rate: mean output from the first frame that waited to the last one; of "
	"bursts,\n"
	"       with the time between them\n"
	"  SBB  shaper burst bytes: the longest train of frames that leave back to back at port\n"
	"       speed (JSON has the mean, too)\n"
	"  SBI  shaper burst interval: mean time from train to train (JSON has least and most)\n"
	"  re-marked: packets above the contract that left in the class for the excess\n"
	"\n"
	"Traffic: hunt: single bursts; compliant: bursts of CBS, at intervals of CBS / CIR;\n"
	"excess: 1000 bytes and more above the BSA; bursts: as long as the queue, at intervals of\n"
	"QL / rate; overload: 150 % of the rate, evenly; strict, weighted: evenly.\n"
	"\n"
	"Predictions come from the configuration: a policer admits CIR * t + burst, a shaper "
	"sends\n"
	"a burst and then frames at its rate, weights divide what strict classes leave. Bursts "
	"and\n"
	"losses have to be exact to the packet and delays to the nanosecond (=); rates within\n"
	"0.01 %, or within a frame (a turn of the scheduler at each end) over the trial where "
	"that\n"
	"is more (~); <: no more than predicted. ok (n): n streams of a kind, of which this one "
	"is\n"
	"the farthest off. What is 0 as predicted has no line of its own.\n"
	"\n"
	"Left out: 6.2.1.2, 6.3.1.2 and all stateful parts, as TCP end hosts and a delay emulator\n"
	"are not the device under test and a virtual clock has no TCP stack; 6.1.2.2, 6.2.2.2 and\n"
	"6.2.2.3, as ports are independent: 6.1.2.3, 6.3.2.1 and 6.3.2.3 show both of a link at "
	"once;\n"
	"EIR and EBS (exceed \"colour\"). A run depends on nothing but its arguments, so that Tr = "
	"1\n"
	"is enough; --seed gives the random dropper another one.\n";

void rfc7640_definitions(FILE *out)
{
	fputs(definitions, out);
}

/* --- reading ------------------------------------------------------------------------------- */

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static double real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* "up 3": class-3 upstream. */
static void stream_name(const json_t *row, char *out, size_t size)
{
	const char *class = text(row, "class");
	const char *index = strrchr(class, '-');

	snprintf(out, size, "%s %s", strcmp(text(row, "direction"), "upstream") == 0 ? "up" : "dn",
		 index ? index + 1 : class);
}

/* --- the metrics --------------------------------------------------------------------------- */

static bool shapes(const json_t *test)
{
	return json_object_get(json_array_get(json_object_get(test, "rows"), 0), "sr_bps") != NULL;
}

static void print_metrics_row(const json_t *row, FILE *out)
{
	char stream[32];

	stream_name(row, stream, sizeof(stream));
	fprintf(out, "%-6s %5" PRIu64 " %-9s %8" PRIu64 " %8" PRIu64 " %3" PRIu64 " %11.9f %11.9f",
		stream, number(row, "frame_bytes"), text(row, "traffic"),
		number(row, "sent_packets"), number(row, "lp_packets"), number(row, "oos_packets"),
		real(row, "pd_max_s"), real(row, "pdv_s"));
	if (json_object_get(row, "sr_bps"))
		fprintf(out, " %10.3f %6" PRIu64 " %11.9f", real(row, "sr_bps") / 1e3,
			number(row, "sbb_max_bytes"), real(row, "sbi_mean_s"));
	else
		fprintf(out, " %11.9f", real(row, "pd_mean_s"));
	fputc('\n', out);
}

static void print_metrics(const json_t *test, FILE *out)
{
	const json_t *row;
	size_t i;

	fprintf(out, "\n%-6s %5s %-9s %8s %8s %3s %11s %11s%s\n", "stream", "frame", "traffic",
		"sent", "LP", "OOS", "PD max s", "PDV s",
		shapes(test) ? "  SR kbit/s  SBB B       SBI s" : "   PD mean s");
	json_array_foreach(json_object_get(test, "rows"), i, row) print_metrics_row(row, out);
}

/* --- against the configuration --------------------------------------------------------------- */

static void print_figure(double value, const char *unit, FILE *out)
{
	if (strcmp(unit, "s") == 0)
		fprintf(out, " %14.9f", value);
	else if (strcmp(unit, "bit/s") == 0)
		fprintf(out, " %14.3f", value / 1e3);
	else
		fprintf(out, " %14.0f", value);
}

/* Rates in percent, all else in its unit; "0" where there is none. */
static void print_difference(const json_t *check, FILE *out)
{
	const char *unit = text(check, "unit");
	double predicted = real(check, "predicted"), difference = real(check, "difference");
	char value[32] = "0";

	if (strcmp(unit, "bit/s") == 0 && predicted > 0)
		snprintf(value, sizeof(value), "%.5f %%", 100 * difference / predicted);
	else if (strcmp(unit, "s") == 0 && (difference > 0 || difference < 0))
		snprintf(value, sizeof(value), "%.9f", difference);
	else if (difference > 0 || difference < 0)
		snprintf(value, sizeof(value), "%.0f", difference);
	fprintf(out, " %13s", value);
}

static void print_check(const char *stream, const json_t *row, const json_t *check,
			unsigned streams, FILE *out)
{
	const char *rule = text(check, "rule"), *unit = text(check, "unit");

	fprintf(out, "%-6s %5" PRIu64 " %-9s %-9s %-7s", stream, number(row, "frame_bytes"),
		text(row, "traffic"), text(check, "figure"),
		strcmp(unit, "bit/s") == 0 ? "kbit/s" : unit);
	print_figure(real(check, "measured"), unit, out);
	fputs(strcmp(rule, "exact") == 0 ? " =" : strcmp(rule, "within") == 0 ? " ~" : " <", out);
	print_figure(real(check, "predicted"), unit, out);
	print_difference(check, out);
	fputs(json_is_true(json_object_get(check, "ok")) ? " ok" : " OFF", out);
	if (streams)
		fprintf(out, " (%u)", streams);
	fputc('\n', out);
}

/* A figure of several streams of one kind: they share a line where they are many. */
struct worst {
	const json_t *row, *check;
	double off;
	unsigned streams;
};

enum { TOGETHER = 16 };

static double off_by(const json_t *check)
{
	double difference = real(check, "difference"), predicted = real(check, "predicted");

	if (!json_is_true(json_object_get(check, "ok")))
		return INFINITY;
	difference = difference < 0 ? -difference : difference;
	return predicted > 0 ? difference / predicted : difference;
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(text(a, key), text(b, key)) == 0;
}

static struct worst worst_like(const json_t *test, const json_t *row, const json_t *check)
{
	const json_t *other, *figure;
	struct worst w = {.off = -1};
	size_t i, k;

	json_array_foreach(json_object_get(test, "rows"), i, other)
	{
		if (!same(row, other, "traffic") ||
		    number(row, "frame_bytes") != number(other, "frame_bytes"))
			continue;
		json_array_foreach(json_object_get(other, "checks"), k, figure)
		{
			if (!same(check, figure, "figure"))
				continue;
			w.streams++;
			if (off_by(figure) > w.off)
				w = (struct worst){other, figure, off_by(figure), w.streams};
		}
	}
	return w;
}

/* "Nothing", where nothing was expected, is in the other table. */
static bool worth_a_line(const json_t *check)
{
	return !json_is_true(json_object_get(check, "ok")) || real(check, "measured") > 0 ||
	       real(check, "predicted") > 0;
}

static void print_row_checks(const json_t *test, const json_t *row, FILE *out)
{
	const json_t *check;
	char stream[32];
	size_t i;

	stream_name(row, stream, sizeof(stream));
	json_array_foreach(json_object_get(row, "checks"), i, check)
	{
		struct worst w;

		if (!worth_a_line(check))
			continue;
		w = worst_like(test, row, check);
		if (w.streams < TOGETHER)
			print_check(stream, row, check, 0, out);
		else if (w.check == check || !json_is_true(json_object_get(check, "ok")))
			print_check(stream, row, check, w.streams, out);
	}
}

static void print_checks(const json_t *test, FILE *out)
{
	const json_t *row;
	size_t i;

	fprintf(out, "\n%-6s %5s %-9s %-9s %-7s %14s   %14s %13s\n", "stream", "frame", "traffic",
		"figure", "", "measured", "predicted", "difference");
	json_array_foreach(json_object_get(test, "rows"), i, row) print_row_checks(test, row, out);
}

static void print_reconciled(const json_t *test, FILE *out)
{
	uint64_t frames = 0, figures = 0, differences = 0;
	const json_t *trial;
	size_t i;

	json_array_foreach(json_object_get(test, "reconciled"), i, trial)
	{
		frames += number(trial, "frames");
		figures += number(trial, "figures");
		differences += number(trial, "differences");
	}
	fprintf(out,
		"\n%" PRIu64 " frames in %zu captures against the counters: %" PRIu64
		" figures, %" PRIu64 " differ\n",
		frames, i, figures, differences);
}

void rfc7640_table(const json_t *document, FILE *out)
{
	const json_t *test;
	size_t i;

	fprintf(out,
		"RFC 7640 on the virtual clock: ports of %.0f kbit/s, Td %g s, seed %" PRIu64 "\n",
		real(document, "port_kbps"), real(document, "seconds"), number(document, "seed"));
	json_array_foreach(json_object_get(document, "tests"), i, test)
	{
		fprintf(out, "\n%s  %s\n%*s  %s\n", text(test, "section"), text(test, "title"),
			(int)strlen(text(test, "section")), "", text(test, "configuration"));
		print_metrics(test, out);
		print_checks(test, out);
		print_reconciled(test, out);
	}
	fputc('\n', out);
	rfc7640_definitions(out);
	fprintf(out, "\n%" PRIu64 " figures checked, %" PRIu64 " off\n", number(document, "checks"),
		number(document, "failed"));
}
