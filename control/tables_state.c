/* SPDX-License-Identifier: BSD-3-Clause */
/* Who sends what should not be, what is in force, and who does the work. */
#include "tables.h"

#include <inttypes.h>
#include <string.h>

#include "table_text.h"

enum { LANES_BYTES = 256 };

/* --- talkers -------------------------------------------------------------------------- */

static unsigned print_talkers(const json_t *link, size_t d, const json_t *direction,
			      const char *kind, const char *word, uint64_t now_ns, FILE *out)
{
	const json_t *list = json_object_get(json_object_get(direction, "talkers"), kind);
	const json_t *talker;
	size_t i;

	json_array_foreach(list, i, talker)
	{
		const uint64_t error = json_number_at(talker, "error");

		table_direction(out, 17, link, d);
		table_name(out, 9, word);
		table_name(out, 39, json_text_at(talker, "source"));
		fprintf(out, "%s%*" PRIu64 " ", error ? "<=" : "", error ? 12 : 14,
			json_number_at(talker, "packets"));
		table_ago(out, 13, talker, "last_ns", now_ns);
		fputc('\n', out);
	}
	return (unsigned)json_array_size(list);
}

void table_talkers(const json_t *document, FILE *out)
{
	const uint64_t now_ns = json_number_at(document, "time_ns");
	uint64_t intruders = 0, mismatches = 0;
	const json_t *link;
	unsigned n = 0;
	size_t i;

	table_header(out, "%-17s %-9s %-39s %14s %13s", "link", "kind", "source", "packets",
		     "last seen");
	json_array_foreach(json_object_get(document, "links"), i,
			   link) for (size_t d = 0; d < DIRECTION_COUNT; d++)
	{
		const json_t *direction = json_object_get(link, table_directions[d]);

		n += print_talkers(link, d, direction, "intruders", "intruder", now_ns, out);
		n += print_talkers(link, d, direction, "mismatches", "mismatch", now_ns, out);
		intruders += json_number_at(direction, "intruders");
		mismatches += json_number_at(direction, "mismatches");
	}
	if (n == 0)
		fputs("none\n", out);
	fprintf(out,
		"%" PRIu64 " packets came with EF and are not voice (intruders), %" PRIu64
		" with a mark of\nanother class than theirs (mismatches; intruders are among "
		"them); "
		"<=: at most so many\n",
		intruders, mismatches);
}

/* --- workers -------------------------------------------------------------------------- */

static void print_lanes(const json_t *lanes, FILE *out)
{
	char text[LANES_BYTES] = "";
	const json_t *lane;
	size_t i, used = 0;

	json_array_foreach(lanes, i, lane)
	{
		const bool up = strcmp(json_text_at(lane, "direction"), table_directions[0]) == 0;
		const int n = snprintf(text + used, sizeof(text) - used, "%s%s %s", i ? ", " : "",
				       json_text_at(lane, "link"), up ? "up" : "down");

		if (n < 0 || (size_t)n >= sizeof(text) - used)
			break;
		used += (size_t)n;
	}
	table_name(out, 38, text);
}

static void print_worker(const json_t *w, FILE *out)
{
	fprintf(out, "%6" PRIu64 " %5" PRIu64 " ", json_number_at(w, "worker"),
		json_number_at(w, "lcore"));
	print_lanes(json_object_get(w, "lanes"), out);
	fprintf(out, "%7.2f %10.2f %14.1f %10" PRIu64 "\n", 100 * json_real_at(w, "busy_ratio"),
		json_real_at(w, "burst_fill"), json_real_at(w, "heartbeat_age_ms"),
		json_number_at(w, "generation"));
}

void table_workers(const json_t *document, FILE *out)
{
	const json_t *worker;
	size_t i;

	table_header(out, "%6s %5s %-38s %7s %10s %14s %10s", "worker", "lcore", "lanes", "busy %",
		     "burst fill", "heartbeat ms", "generation");
	json_array_foreach(json_object_get(document, "workers"), i, worker)
		print_worker(worker, out);
	fputs("busy: of the time, in turns that moved a frame (the CPU is always at 100 %: a "
	      "worker "
	      "polls);\nburst fill: frames a reception that was not empty, of 32; heartbeat: since "
	      "its last turn\n",
	      out);
}

/* --- policies ------------------------------------------------------------------------- */

static void print_classifier(const json_t *link, size_t d, const json_t *direction, FILE *out)
{
	const json_t *c = json_object_get(direction, "classifier");
	const bool ipv4 = json_is_true(json_object_get(c, "ipv4_lookup"));
	const bool ipv6 = json_is_true(json_object_get(c, "ipv6_lookup"));

	table_direction(out, 17, link, d);
	table_name(out, 20, json_text_at(direction, "policy"));
	fprintf(out, "%6" PRIu64 " %13" PRIu64 " %15" PRIu64 "  %s\n", json_number_at(c, "rules"),
		json_number_at(c, "udp_ports_decided"), json_number_at(c, "protocols_decided"),
		ipv4 && ipv6 ? "IPv4, IPv6"
		: ipv4	     ? "IPv4"
		: ipv6	     ? "IPv6"
			     : "nothing");
}

/* Lines of any length, broken at a space; what has none is left whole. */
static void print_wrapped(const char *line, FILE *out)
{
	static const int indent = 6;
	int room = TABLES_WIDTH;

	while (*line) {
		const int length = (int)strcspn(line, "\n");
		int cut = length;

		if (length > room) {
			for (cut = room; cut > indent && line[cut] != ' '; cut--)
				;
			if (cut <= indent)
				cut = (int)strcspn(line, " \n");
		}
		fprintf(out, "%.*s\n", cut, line);
		line += cut + (line[cut] != '\0');
		room = TABLES_WIDTH;
		if (cut < length) {
			fprintf(out, "%*s", indent, "");
			room -= indent;
		}
	}
}

void table_policy(const json_t *policy, FILE *out)
{
	const double age = json_real_at(policy, "age_seconds");

	fprintf(out, "generation %" PRIu64 ", in force for %.0f s, built in %.1f ms from %s\n\n",
		json_number_at(policy, "generation"), age, json_real_at(policy, "build_ms"),
		json_text_at(policy, "file"));
	table_header(out, "%-17s %-20s %6s %13s %15s  %s", "link", "policy", "rules",
		     "ports decided", "protocols", "rte_acl asked for");
	table_each_direction(policy, print_classifier, out);
	fputs("ports decided: of 65536 UDP source ports those that one table load decides; "
	      "protocols: of 256;\nthe rest asks rte_acl\n\n",
	      out);
	print_wrapped(json_text_at(policy, "text"), out);
}
