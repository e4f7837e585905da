/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each table is a list of columns and a row printer. A figure that means loss is red where
 * it is not zero. Names that are too long for their column are cut, with a mark.
 */
#include "tables.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/anomaly.h"
#include "dataplane/drop_reason.h"

enum { NAME_BYTES = 64 };

#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

static const char *const directions[] = {"upstream", "downstream"};

enum { DIRECTION_COUNT = 2 };

/* --- reading ------------------------------------------------------------------------------ */

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static uint64_t packets(const json_t *object, const char *key)
{
	return number(json_object_get(object, key), "packets");
}

static uint64_t bytes(const json_t *object, const char *key)
{
	return number(json_object_get(object, key), "bytes");
}

static double real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "-";
}

/* --- printing ----------------------------------------------------------------------------- */

static bool coloured(FILE *out)
{
	return isatty(fileno(out)) == 1;
}

__attribute__((format(printf, 2, 3))) static void header(FILE *out, const char *format, ...)
{
	const bool bold = coloured(out);
	va_list columns;

	va_start(columns, format);
	fputs(bold ? BOLD : "", out);
	vfprintf(out, format, columns); /* NOLINT(clang-analyzer-valist.*): started above */
	fputs(bold ? PLAIN "\n" : "\n", out);
	va_end(columns);
}

static void loss(FILE *out, int width, uint64_t value)
{
	const bool red = value > 0 && coloured(out);

	fprintf(out, "%s%*" PRIu64 "%s", red ? RED : "", width, value, red ? PLAIN : "");
}

/* Left-aligned and followed by a space; bytes that continue a UTF-8 character take no
 * column. */
static void name(FILE *out, int width, const char *value)
{
	int columns = 0;
	const char *at = value;

	for (; *at && (columns < width || ((unsigned char)*at & 0xc0) == 0x80); at++)
		if (((unsigned char)*at & 0xc0) != 0x80)
			columns++;
	if (*at) { /* cut: the last column says so */
		do
			at--;
		while (((unsigned char)*at & 0xc0) == 0x80);
		fprintf(out, "%.*s~ ", (int)(at - value), value);
		return;
	}
	fprintf(out, "%s%*s", value, width - columns + 1, "");
}

/* "demo up", "demo down". */
static void direction_name(FILE *out, int width, const json_t *link, size_t d)
{
	char value[NAME_BYTES];
	const char *const arrow = d == 0 ? "up" : "down";

	snprintf(value, sizeof(value), "%.*s %s", width - (int)strlen(arrow) - 1,
		 text(link, "name"), arrow);
	name(out, width, value);
}

typedef void (*direction_printer)(const json_t *link, size_t d, const json_t *direction, FILE *out);

static void each_direction(const json_t *document, direction_printer print, FILE *out)
{
	const json_t *link;
	size_t i;

	json_array_foreach(json_object_get(document, "links"), i,
			   link) for (size_t d = 0; d < DIRECTION_COUNT; d++)
		print(link, d, json_object_get(link, directions[d]), out);
}

/* --- links -------------------------------------------------------------------------------- */

/* In ten columns and a space: to the kilobyte while that fits. */
static void megabytes(FILE *out, uint64_t n)
{
	const double mb = (double)n / 1e6;

	fprintf(out, "%10.*f ", mb < 1e5 ? 3 : 0, mb);
}

static void print_link(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *port = json_object_get(direction, "port");

	direction_name(out, 17, link, d);
	fprintf(out, "%13" PRIu64 " %13" PRIu64 " ", packets(direction, "rx"),
		packets(direction, "tx"));
	loss(out, 11, packets(direction, "dropped"));
	fprintf(out, " %8" PRIu64 " ", packets(direction, "queued"));
	megabytes(out, bytes(direction, "rx"));
	megabytes(out, bytes(direction, "tx"));
	loss(out, 10, number(port, "missed") + number(port, "no_mbuf") + number(port, "rx_errors"));
	fputc('\n', out);
}

void table_links(const json_t *document, FILE *out)
{
	header(out, "%-17s %13s %13s %11s %8s %10s %10s %10s", "link", "rx pkts", "tx pkts",
	       "dropped", "queued", "rx MB", "tx MB", "port lost");
	each_direction(document, print_link, out);
	fprintf(out,
		"generation %" PRIu64 "; rx = tx + dropped + queued, in packets; port lost: before "
		"edgemark saw it\n",
		number(document, "generation"));
}

/* --- classes ------------------------------------------------------------------------------ */

static void print_class(const json_t *class, const char *class_name, FILE *out)
{
	const json_t *queue = json_object_get(class, "queue");

	name(out, 12, class_name);
	if (json_object_get(class, "dscp"))
		fprintf(out, "%4" PRIu64 " %3" PRIu64, number(class, "dscp"), number(class, "pcp"));
	else
		fprintf(out, "%4s %3s", "-", "-");
	fprintf(out, " %12" PRIu64 " %12" PRIu64 " ", packets(class, "rx"), packets(class, "tx"));
	loss(out, 10, packets(class, "dropped"));
	fprintf(out, " %6" PRIu64 " %8.2f %8.2f\n", packets(class, "queue"),
		real(queue, "delay_us_mean") / 1e3, real(queue, "delay_us_max") / 1e3);
}

static void print_classes(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *control = json_object_get(direction, "link_control");
	const json_t *class;
	size_t i;

	json_array_foreach(json_object_get(direction, "classes"), i, class)
	{
		direction_name(out, 14, link, d);
		print_class(class, text(class, "name"), out);
	}
	if (packets(control, "rx") > 0) {
		direction_name(out, 14, link, d);
		print_class(control, "(link)", out);
	}
}

void table_classes(const json_t *document, FILE *out)
{
	header(out, "%-14s %-12s %4s %3s %12s %12s %10s %6s %8s %8s", "link", "class", "dscp",
	       "pcp", "rx pkts", "tx pkts", "dropped", "queued", "mean ms", "max ms");
	each_direction(document, print_classes, out);
}

/* --- contracts ---------------------------------------------------------------------------- */

/* Lines below a contract's own, where they apply. */
static void print_colours(const json_t *colours, FILE *out)
{
	if (colours)
		fprintf(out, "    green %" PRIu64 " yellow %" PRIu64 " red %" PRIu64 " packets\n",
			packets(colours, "green"), packets(colours, "yellow"),
			packets(colours, "red"));
}

static void print_places(const json_t *contract, const json_t *places, FILE *out)
{
	if (places)
		fprintf(out,
			"    %" PRIu64 " places taken: %.1f of %.1f kbit/s, %" PRIu64 " of %" PRIu64
			" bytes of burst\n",
			number(places, "taken"), real(places, "reserved_kbps"),
			real(contract, "cir_kbps"), number(places, "reserved_burst_bytes"),
			number(contract, "metered_burst_bytes"));
}

static void print_contracts(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *contract;
	size_t i;

	json_array_foreach(json_object_get(direction, "contracts"), i, contract)
	{
		direction_name(out, 14, link, d);
		name(out, 13, text(contract, "class"));
		name(out, 7, text(contract, "exceed"));
		fprintf(out, "%11.1f %9" PRIu64 " %5" PRIu64 " %12" PRIu64 " ",
			real(contract, "cir_kbps"), number(contract, "burst_bytes"),
			number(contract, "calls"), packets(contract, "admitted"));
		loss(out, 10, packets(contract, "dropped"));
		fprintf(out, " %10" PRIu64 "\n", packets(contract, "exceeded"));
		print_colours(json_object_get(contract, "colours"), out);
		print_places(contract, json_object_get(contract, "places"), out);
	}
}

void table_contracts(const json_t *document, FILE *out)
{
	header(out, "%-14s %-13s %-7s %11s %9s %5s %12s %10s %10s", "link", "class", "exceed",
	       "CIR kbit/s", "burst B", "calls", "admitted pkt", "dropped", "exceeded");
	each_direction(document, print_contracts, out);
	fputs("calls: G.711 calls (20 ms, IPv4) that fit; exceeded: over the rate, yet passed\n",
	      out);
}

/* --- ACLs --------------------------------------------------------------------------------- */

static void print_rules(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(direction, "rules"), i, rule)
	{
		direction_name(out, 20, link, d);
		name(out, 30, text(rule, "acl"));
		fprintf(out, "%10" PRIu64 " %18" PRIu64 "\n", number(rule, "seq"),
			number(rule, "packets"));
	}
	direction_name(out, 20, link, d);
	name(out, 30, "(no rule)");
	fprintf(out, "%10s %18" PRIu64 "\n", "", number(direction, "no_rule"));
}

void table_acl(const json_t *document, FILE *out)
{
	header(out, "%-20s %-30s %10s %18s", "link", "acl", "seq", "packets");
	each_direction(document, print_rules, out);
}

/* --- drops -------------------------------------------------------------------------------- */

struct named_figure {
	const char *name, *help;
};

static const struct named_figure drop_reasons[] = {
#define X(enumerator, name, help) {name, help},
	DROP_REASON_LIST(X)
#undef X
};

static const struct named_figure anomalies[] = {
#define X(enumerator, name, help) {name, help},
	ANOMALY_LIST(X)
#undef X
};

static const struct named_figure port_figures[] = {
	{"missed", "not received: the port's ring was full"},
	{"rx_errors", "received with an error"},
	{"no_mbuf", "not received: no buffer was free"},
	{"tx_errors", "not sent: refused by the port"},
};

static unsigned print_figures(const json_t *link, size_t d, const json_t *object,
			      const struct named_figure *figures, size_t count, FILE *out)
{
	unsigned printed = 0;

	for (size_t i = 0; i < count; i++) {
		const uint64_t n = number(object, figures[i].name);

		if (n == 0)
			continue;
		direction_name(out, 14, link, d);
		name(out, 19, figures[i].name);
		loss(out, 12, n);
		fprintf(out, "  %.*s\n", TABLES_WIDTH - 49, figures[i].help);
		printed++;
	}
	return printed;
}

static void print_drops(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	unsigned printed = 0;

	printed += print_figures(link, d, json_object_get(direction, "drops"), drop_reasons,
				 sizeof(drop_reasons) / sizeof(drop_reasons[0]), out);
	printed += print_figures(link, d, json_object_get(direction, "port"), port_figures,
				 sizeof(port_figures) / sizeof(port_figures[0]), out);
	printed += print_figures(link, d, json_object_get(direction, "anomalies"), anomalies,
				 sizeof(anomalies) / sizeof(anomalies[0]), out);
	if (printed == 0) {
		direction_name(out, 14, link, d);
		fputs("none\n", out);
	}
}

void table_drops(const json_t *document, FILE *out)
{
	header(out, "%-14s %-19s %12s  %s", "link", "reason", "packets", "what it means");
	each_direction(document, print_drops, out);
}

/* --- calls -------------------------------------------------------------------------------- */

/* What is not known is null, and shown as a dash. */
static void figure(FILE *out, int width, int decimals, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_number(value))
		fprintf(out, "%*.*f", width, decimals, json_number_value(value));
	else
		fprintf(out, "%*s", width, "-");
}

static void call_end(FILE *out, const json_t *call, const char *address, const char *port)
{
	name(out, 15, text(call, address));
	fprintf(out, "%5" PRIu64 " ", number(call, port));
}

static void print_call(const json_t *call, FILE *out)
{
	const bool flagged = json_array_size(json_object_get(call, "flags")) > 0;
	const bool red = flagged && coloured(out);
	const bool up = strcmp(text(call, "direction"), directions[0]) == 0;
	json_t *link = json_pack("{s:s}", "name", text(call, "link"));

	fputs(red ? RED : "", out);
	direction_name(out, 7, link, up ? 0 : 1);
	json_decref(link);
	call_end(out, call, "source", "source_port");
	call_end(out, call, "destination", "destination_port");
	fprintf(out, "%9" PRIu64, number(call, "packets"));
	figure(out, 7, 2, call, "loss_percent");
	fprintf(out, "%5" PRIu64, number(call, "longest_drop_run"));
	figure(out, 8, 0, call, "longest_gap_ms");
	figure(out, 6, 1, call, "jitter_ms_mean");
	figure(out, 6, 1, call, "jitter_ms_max");
	figure(out, 5, 2, call, "mos");
	fprintf(out, "%s%s\n", flagged ? " !" : "", red ? PLAIN : "");
}

static uint64_t untracked(const json_t *document)
{
	const json_t *link;
	uint64_t n = 0;
	size_t i;

	json_array_foreach(json_object_get(document, "links"), i,
			   link) for (size_t d = 0; d < DIRECTION_COUNT; d++) n +=
		number(json_object_get(link, directions[d]), "calls_untracked");
	return n;
}

void table_calls(const json_t *document, FILE *out)
{
	const json_t *call;
	size_t i;

	header(out, "%-7s %-15s %5s %-15s %5s %9s %6s %4s %7s %5s %5s %4s", "link", "source",
	       "port", "destination", "port", "packets", "loss %", "run", "gap ms", "mean", "max",
	       "MOS");
	json_array_foreach(json_object_get(document, "calls"), i, call) print_call(call, out);
	fprintf(out,
		"%" PRIu64 " calls, %" PRIu64
		" hurt (!): any loss, jitter above 5 ms mean or 40 ms at most\n",
		number(document, "calls_total"), number(document, "calls_hurt"));
	fputs("loss: before edgemark and in it; run: drops in a row; mean, max: jitter, ms; MOS: "
	      "by G.107\n",
	      out);
	if (untracked(document) > 0)
		fprintf(out, "%" PRIu64 " packets of calls that found no room in the table\n",
			untracked(document));
}

/* --- one line ------------------------------------------------------------------------------ */

void table_balance_line(const json_t *link, const char *direction, FILE *out)
{
	const json_t *d = json_object_get(link, direction);
	const char *separator = " (", *reason;
	const json_t *n;

	fprintf(out, "%s %s: received %" PRIu64 ", sent %" PRIu64 ", dropped %" PRIu64,
		text(link, "name"), direction, packets(d, "rx"), packets(d, "tx"),
		packets(d, "dropped"));
	json_object_foreach(json_object_get(d, "drops"), reason, n)
	{
		if (json_integer_value(n) == 0)
			continue;
		fprintf(out, "%s%s %" JSON_INTEGER_FORMAT, separator, reason,
			json_integer_value(n));
		separator = ", ";
	}
	fprintf(out, "%s, queued %" PRIu64 "\n", separator[0] == ',' ? ")" : "",
		packets(d, "queued"));
}
