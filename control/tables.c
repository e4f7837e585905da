/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each table is a list of columns and a row printer. A figure that means loss is red where
 * it is not zero. Names that are too long for their column are cut, with a mark.
 */
#include "tables.h"

#include <inttypes.h>
#include <string.h>

#include "dataplane/anomaly.h"
#include "dataplane/drop_reason.h"
#include "table_text.h"

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

	table_direction(out, 17, link, d);
	fprintf(out, "%13" PRIu64 " %13" PRIu64 " ", json_packets_at(direction, "rx"),
		json_packets_at(direction, "tx"));
	table_loss(out, 11, json_packets_at(direction, "dropped"));
	fprintf(out, " %8" PRIu64 " ", json_packets_at(direction, "queued"));
	megabytes(out, json_bytes_at(direction, "rx"));
	megabytes(out, json_bytes_at(direction, "tx"));
	table_loss(out, 10,
		   json_number_at(port, "missed") + json_number_at(port, "no_mbuf") +
			   json_number_at(port, "rx_errors"));
	fputc('\n', out);
}

void table_links(const json_t *document, FILE *out)
{
	table_header(out, "%-17s %13s %13s %11s %8s %10s %10s %10s", "link", "rx pkts", "tx pkts",
		     "dropped", "queued", "rx MB", "tx MB", "port lost");
	table_each_direction(document, print_link, out);
	fprintf(out,
		"generation %" PRIu64 "; rx = tx + dropped + queued, in packets; port lost: before "
		"edgemark saw it\n",
		json_number_at(document, "generation"));
}

/* --- classes ------------------------------------------------------------------------------ */

static void print_class(const json_t *class, const char *class_name, FILE *out)
{
	const json_t *queue = json_object_get(class, "queue");

	table_name(out, 12, class_name);
	if (json_object_get(class, "dscp"))
		fprintf(out, "%4" PRIu64 " %3" PRIu64, json_number_at(class, "dscp"),
			json_number_at(class, "pcp"));
	else
		fprintf(out, "%4s %3s", "-", "-");
	fprintf(out, " %12" PRIu64 " %12" PRIu64 " ", json_packets_at(class, "rx"),
		json_packets_at(class, "tx"));
	table_loss(out, 10, json_packets_at(class, "dropped"));
	fprintf(out, " %6" PRIu64 " %8.2f %8.2f\n", json_packets_at(class, "queue"),
		json_real_at(queue, "delay_us_mean") / 1e3,
		json_real_at(queue, "delay_us_max") / 1e3);
}

static void print_classes(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *control = json_object_get(direction, "link_control");
	const json_t *class;
	size_t i;

	json_array_foreach(json_object_get(direction, "classes"), i, class)
	{
		table_direction(out, 14, link, d);
		print_class(class, json_text_at(class, "name"), out);
	}
	if (json_packets_at(control, "rx") > 0) {
		table_direction(out, 14, link, d);
		print_class(control, "(link)", out);
	}
}

void table_classes(const json_t *document, FILE *out)
{
	table_header(out, "%-14s %-12s %4s %3s %12s %12s %10s %6s %8s %8s", "link", "class", "dscp",
		     "pcp", "rx pkts", "tx pkts", "dropped", "queued", "mean ms", "max ms");
	table_each_direction(document, print_classes, out);
}

/* --- contracts ---------------------------------------------------------------------------- */

/* Lines below a contract's own, where they apply. */
static void print_colours(const json_t *colours, FILE *out)
{
	if (colours)
		fprintf(out, "    green %" PRIu64 " yellow %" PRIu64 " red %" PRIu64 " packets\n",
			json_packets_at(colours, "green"), json_packets_at(colours, "yellow"),
			json_packets_at(colours, "red"));
}

static void print_places(const json_t *contract, const json_t *places, FILE *out)
{
	if (places)
		fprintf(out,
			"    %" PRIu64 " places taken: %.1f of %.1f kbit/s, %" PRIu64 " of %" PRIu64
			" bytes of burst\n",
			json_number_at(places, "taken"), json_real_at(places, "reserved_kbps"),
			json_real_at(contract, "cir_kbps"),
			json_number_at(places, "reserved_burst_bytes"),
			json_number_at(contract, "metered_burst_bytes"));
}

static void print_contracts(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *contract;
	size_t i;

	json_array_foreach(json_object_get(direction, "contracts"), i, contract)
	{
		table_direction(out, 14, link, d);
		table_name(out, 13, json_text_at(contract, "class"));
		table_name(out, 7, json_text_at(contract, "exceed"));
		fprintf(out, "%11.1f %9" PRIu64 " %5" PRIu64 " %12" PRIu64 " ",
			json_real_at(contract, "cir_kbps"), json_number_at(contract, "burst_bytes"),
			json_number_at(contract, "calls"), json_packets_at(contract, "admitted"));
		table_loss(out, 10, json_packets_at(contract, "dropped"));
		fprintf(out, " %10" PRIu64 "\n", json_packets_at(contract, "exceeded"));
		print_colours(json_object_get(contract, "colours"), out);
		print_places(contract, json_object_get(contract, "places"), out);
	}
}

void table_contracts(const json_t *document, FILE *out)
{
	table_header(out, "%-14s %-13s %-7s %11s %9s %5s %12s %10s %10s", "link", "class", "exceed",
		     "CIR kbit/s", "burst B", "calls", "admitted pkt", "dropped", "exceeded");
	table_each_direction(document, print_contracts, out);
	fputs("calls: G.711 calls (20 ms, IPv4) that fit; exceeded: over the rate, yet passed\n",
	      out);
}

/* --- ACLs --------------------------------------------------------------------------------- */

static void print_rules(const json_t *link, size_t d, uint64_t now_ns, FILE *out)
{
	const json_t *direction = json_object_get(link, table_directions[d]);
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(direction, "rules"), i, rule)
	{
		table_direction(out, 20, link, d);
		table_name(out, 30, json_text_at(rule, "acl"));
		fprintf(out, "%10" PRIu64 " %18" PRIu64 " ", json_number_at(rule, "seq"),
			json_number_at(rule, "packets"));
		table_ago(out, 13, rule, "last_hit_ns", now_ns);
		fputc('\n', out);
	}
	table_direction(out, 20, link, d);
	table_name(out, 30, "(no rule)");
	fprintf(out, "%10s %18" PRIu64 "\n", "", json_number_at(direction, "no_rule"));
}

void table_acl(const json_t *document, FILE *out)
{
	const uint64_t now_ns = json_number_at(document, "time_ns");
	const json_t *link;
	size_t i;

	table_header(out, "%-20s %-30s %10s %18s %13s", "link", "acl", "seq", "packets",
		     "last hit");
	json_array_foreach(json_object_get(document, "links"), i,
			   link) for (size_t d = 0; d < DIRECTION_COUNT; d++)
		print_rules(link, d, now_ns, out);
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
		const uint64_t n = json_number_at(object, figures[i].name);

		if (n == 0)
			continue;
		table_direction(out, 14, link, d);
		table_name(out, 19, figures[i].name);
		table_loss(out, 12, n);
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
		table_direction(out, 14, link, d);
		fputs("none\n", out);
	}
}

void table_drops(const json_t *document, FILE *out)
{
	table_header(out, "%-14s %-19s %12s  %s", "link", "reason", "packets", "what it means");
	table_each_direction(document, print_drops, out);
}

/* --- one line ------------------------------------------------------------------------------ */

void table_balance_line(const json_t *link, const char *direction, FILE *out)
{
	const json_t *d = json_object_get(link, direction);
	const char *separator = " (", *reason;
	const json_t *n;

	fprintf(out, "%s %s: received %" PRIu64 ", sent %" PRIu64 ", dropped %" PRIu64,
		json_text_at(link, "name"), direction, json_packets_at(d, "rx"),
		json_packets_at(d, "tx"), json_packets_at(d, "dropped"));
	json_object_foreach(json_object_get(d, "drops"), reason, n)
	{
		if (json_integer_value(n) == 0)
			continue;
		fprintf(out, "%s%s %" JSON_INTEGER_FORMAT, separator, reason,
			json_integer_value(n));
		separator = ", ";
	}
	fprintf(out, "%s, queued %" PRIu64 "\n", separator[0] == ',' ? ")" : "",
		json_packets_at(d, "queued"));
}
