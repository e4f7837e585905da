/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls, a row each, red and marked where one is outside a target. */
#include "tables.h"

#include <inttypes.h>
#include <string.h>

#include "table_text.h"

#define RED   "\033[31m"
#define PLAIN "\033[0m"

/* --- calls -------------------------------------------------------------------------------- */

static void call_end(FILE *out, const json_t *call, const char *address, const char *port)
{
	table_name(out, 15, json_text_at(call, address));
	fprintf(out, "%5" PRIu64 " ", json_number_at(call, port));
}

static void print_call(const json_t *call, FILE *out)
{
	const bool flagged = json_array_size(json_object_get(call, "flags")) > 0;
	const bool red = flagged && table_coloured(out);
	const bool up = strcmp(json_text_at(call, "direction"), table_directions[0]) == 0;
	json_t *link = json_pack("{s:s}", "name", json_text_at(call, "link"));

	fputs(red ? RED : "", out);
	table_direction(out, 7, link, up ? 0 : 1);
	json_decref(link);
	call_end(out, call, "source", "source_port");
	call_end(out, call, "destination", "destination_port");
	fprintf(out, "%9" PRIu64, json_number_at(call, "packets"));
	table_figure(out, 7, 2, call, "loss_percent");
	table_figure(out, 5, 0, call, "longest_drop_run");
	table_figure(out, 8, 0, call, "longest_gap_ms");
	table_figure(out, 6, 1, call, "jitter_ms_mean");
	table_figure(out, 6, 1, call, "jitter_ms_max");
	table_figure(out, 5, 2, call, "mos");
	fprintf(out, "%s%s\n", flagged ? " !" : "", red ? PLAIN : "");
}

static uint64_t untracked(const json_t *document)
{
	const json_t *link;
	uint64_t n = 0;
	size_t i;

	json_array_foreach(json_object_get(document, "links"), i,
			   link) for (size_t d = 0; d < DIRECTION_COUNT; d++) n +=
		json_number_at(json_object_get(link, table_directions[d]), "calls_untracked");
	return n;
}

void table_calls(const json_t *document, FILE *out)
{
	const json_t *call;
	size_t i;

	table_header(out, "%-7s %-15s %5s %-15s %5s %9s %6s %4s %7s %5s %5s %4s", "link", "source",
		     "port", "destination", "port", "packets", "loss %", "run", "gap ms", "mean",
		     "max", "MOS");
	json_array_foreach(json_object_get(document, "calls"), i, call) print_call(call, out);
	fprintf(out,
		"%" PRIu64 " calls, %" PRIu64
		" hurt (!): any loss, jitter above 5 ms mean or 40 ms at most\n",
		json_number_at(document, "calls_total"), json_number_at(document, "calls_hurt"));
	fputs("loss: before edgemark and in it; run: drops in a row; mean, max: jitter, ms; MOS: "
	      "by G.107\n",
	      out);
	if (untracked(document) > 0)
		fprintf(out, "%" PRIu64 " packets of calls that found no room in the table\n",
			untracked(document));
}
