/* SPDX-License-Identifier: BSD-3-Clause */
/* The differences for a person: what changes for whom first, then the settings. */
#include <inttypes.h>
#include <string.h>

#include "diff.h"

enum { PACKETS_SHOWN = 3, ROWS_SHOWN = 40 };

static const json_t *at(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(at(object, key));

	return value ? value : "";
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(at(object, key));
}

static bool is(const json_t *object, const char *key, const char *value)
{
	return strcmp(text(object, key), value) == 0;
}

/* --- traffic ------------------------------------------------------------------------------ */

static const char *outcome(const json_t *fate)
{
	return is(fate, "action", "class") ? text(fate, "class") : text(fate, "action");
}

static void print_authority(const json_t *fate, FILE *out)
{
	if (is(fate, "by", "rule"))
		fprintf(out, "rule %s %" PRId64 " (%s:%" PRId64 ")", text(fate, "acl"),
			number(fate, "seq"), text(fate, "file"), number(fate, "line"));
	else if (is(fate, "by", "trust"))
		fputs("trust", out);
	else
		fputs(is(fate, "by", "default") ? "the default" : "no policy", out);
}

/* Few sets of packets are told exactly; many as the rules that they fall to. */
static bool are_few(const json_t *group)
{
	return json_array_size(at(group, "packets")) <= PACKETS_SHOWN;
}

static void print_match(const json_t *group, FILE *out)
{
	const json_t *packets;
	size_t i;

	if (!are_few(group))
		fprintf(out, "    %s\n", text(group, "match"));
	else
		json_array_foreach(at(group, "packets"), i, packets)
			fprintf(out, "    %s\n", json_string_value(packets));
}

static void print_outcome(const json_t *group, FILE *out)
{
	const json_t *before = at(group, "before"), *after = at(group, "after");

	fprintf(out, "        %s → %s", outcome(before), outcome(after));
	if (at(before, "dscp") && at(after, "dscp"))
		fprintf(out, " (DSCP %s → %s, PCP %" PRId64 " → %" PRId64 ")", text(before, "dscp"),
			text(after, "dscp"), number(before, "pcp"), number(after, "pcp"));
	else if (at(after, "dscp"))
		fprintf(out, " (DSCP %s, PCP %" PRId64 ")", text(after, "dscp"),
			number(after, "pcp"));
	fputs(are_few(group) ? "\n        " : ", where no earlier rule matches\n        ", out);
	print_authority(before, out);
	fputs(" → ", out);
	print_authority(after, out);
	fputc('\n', out);
}

/* What trust says of several prefixes or marks alike is told once. */
static bool goes_on(const json_t *group, const json_t *next)
{
	return next && !is(at(group, "before"), "by", "rule") &&
	       !is(at(group, "after"), "by", "rule") &&
	       json_equal(at(group, "before"), at(next, "before")) &&
	       json_equal(at(group, "after"), at(next, "after")) &&
	       json_equal(at(group, "whole"), at(next, "whole"));
}

static void print_traffic(const json_t *direction, FILE *out)
{
	const json_t *group;
	size_t i;

	if (json_array_size(at(direction, "traffic")) > 0)
		fputs("  traffic\n", out);
	json_array_foreach(at(direction, "traffic"), i, group)
	{
		print_match(group, out);
		if (!goes_on(group, json_array_get(at(direction, "traffic"), i + 1)))
			print_outcome(group, out);
	}
	if (json_is_false(at(direction, "traffic_complete")))
		fputs("  the rules are too entangled to name all traffic: count it with --pcap\n",
		      out);
}

/* --- settings ----------------------------------------------------------------------------- */

static void print_settings(const json_t *settings, FILE *out)
{
	const json_t *s;
	size_t i;

	if (json_array_size(settings) > 0)
		fputs("  settings\n", out);
	json_array_foreach(settings, i, s)
		fprintf(out, "    %-24s %-14s %s → %s\n", text(s, "what"), text(s, "key"),
			text(s, "before"), text(s, "after"));
}

static bool says_nothing(const json_t *direction)
{
	return json_array_size(at(direction, "traffic")) == 0 &&
	       json_array_size(at(direction, "settings")) == 0 &&
	       json_is_true(at(direction, "traffic_complete"));
}

static void print_direction(const json_t *link, const char *name, FILE *out)
{
	const json_t *direction = at(link, name);

	if (!direction || says_nothing(direction))
		return;
	fprintf(out, "link %s %s", text(link, "name"), name);
	if (text(direction, "policy_after")[0])
		fprintf(out, ", policy %s", text(direction, "policy_after"));
	fputc('\n', out);
	print_traffic(direction, out);
	print_settings(at(direction, "settings"), out);
}

static void print_link(const json_t *link, FILE *out)
{
	if (!is(link, "change", "kept")) {
		fprintf(out, "link %s is %s\n", text(link, "name"), text(link, "change"));
		return;
	}
	if (json_array_size(at(link, "settings")) > 0) {
		fprintf(out, "link %s\n", text(link, "name"));
		print_settings(at(link, "settings"), out);
	}
	print_direction(link, "upstream", out);
	print_direction(link, "downstream", out);
}

/* --- the capture -------------------------------------------------------------------------- */

static void print_side(const json_t *side, FILE *out)
{
	char what[64];

	if (text(side, "drop_reason")[0])
		snprintf(what, sizeof(what), "dropped: %.40s", text(side, "drop_reason"));
	else if (json_is_integer(at(side, "pcp")))
		snprintf(what, sizeof(what), "%.16s %.5s PCP %" PRId64, text(side, "class"),
			 text(side, "dscp"), number(side, "pcp"));
	else
		snprintf(what, sizeof(what), "%.16s %.5s", text(side, "class"), text(side, "dscp"));
	fprintf(out, "%-25s", what);
}

static void print_capture(const json_t *capture, FILE *out)
{
	const json_t *row;
	size_t i;

	fprintf(out,
		"%s: %" PRId64 " frames, of which %" PRId64 " (%" PRId64 " bytes, %" PRId64
		" flows) fare differently\n",
		text(capture, "file"), number(capture, "frames"), number(capture, "packets"),
		number(capture, "bytes"), number(capture, "flows"));
	if (json_array_size(at(capture, "rows")) > 0)
		fprintf(out, "  %-25s   %-25s %10s %14s %8s\n", "before", "after", "packets",
			"bytes", "flows");
	json_array_foreach(at(capture, "rows"), i, row)
	{
		if (i == ROWS_SHOWN) {
			fprintf(out, "  … and %zu more (all with -j)\n",
				json_array_size(at(capture, "rows")) - i);
			break;
		}
		fputs("  ", out);
		print_side(at(row, "before"), out);
		fputs(" → ", out);
		print_side(at(row, "after"), out);
		fprintf(out, " %10" PRId64 " %14" PRId64 " %8" PRId64 "\n", number(row, "packets"),
			number(row, "bytes"), number(row, "flows"));
	}
	fputs("  (class and marks of packets within their contracts: no rate drops here)\n", out);
}

void diff_print(const json_t *document, FILE *out)
{
	const json_t *link;
	size_t i;

	if (diff_is_empty(document))
		fputs("nothing changes\n", out);
	json_array_foreach(at(document, "links"), i, link) print_link(link, out);
	if (json_array_size(at(document, "process")) > 0) {
		fputs("the process (all but watch need a restart)\n", out);
		print_settings(at(document, "process"), out);
	}
	if (at(document, "capture"))
		print_capture(at(document, "capture"), out);
}

bool diff_is_empty(const json_t *document)
{
	const json_t *link;
	size_t i;

	json_array_foreach(at(document, "links"), i, link)
	{
		if (!is(link, "change", "kept") || json_array_size(at(link, "settings")) > 0 ||
		    !says_nothing(at(link, "upstream")) || !says_nothing(at(link, "downstream")))
			return false;
	}
	return json_array_size(at(document, "process")) == 0;
}
