/* SPDX-License-Identifier: BSD-3-Clause */
/* One line per question, in the order in which a packet meets the answers. */
#include "explain_document.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/diffserv.h"

/* --- reading --------------------------------------------------------------------------- */

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

static double real(const json_t *object, const char *key)
{
	return json_number_value(at(object, key));
}

static bool is(const json_t *object, const char *key, const char *value)
{
	return strcmp(text(object, key), value) == 0;
}

static void label(FILE *out, const char *name)
{
	fprintf(out, "%-11s", name);
}

static void print_place(const json_t *object, FILE *out)
{
	const json_t *place = at(object, "at");

	fprintf(out, " (%s:%" PRId64 ")", text(place, "file"), number(place, "line"));
}

/* --- the packet and its rule -------------------------------------------------------------- */

static void print_tags(const json_t *frame, FILE *out)
{
	if (number(frame, "tags") == 0) {
		fputs("untagged", out);
		return;
	}
	fprintf(out, "VLAN %" PRId64 " PCP %" PRId64, number(frame, "vlan"), number(frame, "pcp"));
	if (number(frame, "tags") > 1)
		fprintf(out, " (outer of %" PRId64 " tags)", number(frame, "tags"));
}

static void print_endpoint(const json_t *packet, const char *address, const char *port, FILE *out)
{
	const json_t *value = at(packet, port);

	if (!json_is_integer(value))
		fputs(text(packet, address), out);
	else
		fprintf(out, number(packet, "family") == 6 ? "[%s]:%" PRId64 : "%s:%" PRId64,
			text(packet, address), (int64_t)json_integer_value(value));
}

static void print_packet(const json_t *packet, FILE *out)
{
	label(out, "packet");
	if (number(packet, "family") == 0) {
		fprintf(out, "not IP, %" PRId64 " bytes of frame, ", number(packet, "frame_bytes"));
		print_tags(packet, out);
		fputc('\n', out);
		return;
	}
	fprintf(out, "%s ", text(packet, "protocol"));
	print_endpoint(packet, "source", "source_port", out);
	fputs(" → ", out);
	print_endpoint(packet, "destination", "destination_port", out);
	if (text(packet, "fragment")[0])
		fprintf(out, ", %s fragment", text(packet, "fragment"));
	fputc('\n', out);
	label(out, "");
	fprintf(out, "%" PRId64 " bytes of IP, DSCP %s, ", number(packet, "ip_bytes"),
		text(packet, "dscp"));
	print_tags(packet, out);
	fputc('\n', out);
}

static void print_path(const json_t *x, FILE *out)
{
	const json_t *policy = at(x, "policy");

	label(out, "path");
	fprintf(out, "link %s %s, ", text(x, "link"), text(x, "direction"));
	if (json_is_object(policy)) {
		fprintf(out, "policy %s", text(policy, "name"));
		print_place(policy, out);
	} else {
		fputs("no policy", out);
	}
	fputc('\n', out);
}

static void print_rule(const json_t *rule, FILE *out)
{
	fprintf(out, "rule %s %" PRId64, text(rule, "acl"), number(rule, "seq"));
	print_place(rule, out);
}

static void print_decision(const json_t *x, FILE *out)
{
	const json_t *decision = at(x, "decision"), *rule = at(decision, "rule");

	label(out, "decided by");
	if (json_is_object(rule)) {
		print_rule(rule, out);
		fputc('\n', out);
		label(out, "");
		fprintf(out, "%s → %s\n", text(rule, "match"),
			is(rule, "action", "drop") ? "drop" : text(rule, "class"));
		return;
	}
	if (is(decision, "by", "trust"))
		fprintf(out, "trust: no rule matches, and its %s stands for the class\n",
			is(decision, "trust", "pcp") ? "PCP" : "DSCP");
	else if (is(decision, "by", "default"))
		fprintf(out, "the default: no rule matches%s\n",
			is(decision, "trust", "none") ? ", and no mark is trusted"
			: is(decision, "trust", "pcp")
				? ", nor does a trusted PCP stand for another class"
				: ", nor does a trusted DSCP stand for another class");
	else if (is(decision, "by", "first-fragment"))
		fputs("its datagram's first fragment\n", out);
	else if (is(decision, "by", "no-policy"))
		fputs("nothing: a direction without a policy forwards unmodified\n", out);
	else if (is(decision, "by", "link-control"))
		fputs("its kind: link control goes ahead of data, PAUSE nowhere\n", out);
	else
		fputs("its kind: what is not IP passes unmarked in the default class\n", out);
}

/* --- what becomes of it --------------------------------------------------------------------- */

static void print_fate(const json_t *x, FILE *out)
{
	const json_t *leaves = at(x, "leaves"), *packet = at(x, "packet");

	if (text(x, "class")[0]) {
		label(out, "class");
		fprintf(out, "%s\n", text(x, "class"));
	}
	if (!json_is_object(leaves)) {
		label(out, "dropped");
		fprintf(out, "%s: %s\n", text(x, "drop_reason"), text(x, "drop_help"));
		return;
	}
	label(out, "leaves");
	if (!is(x, "class", text(leaves, "class")))
		fprintf(out, "as %s, ", text(leaves, "class"));
	if (at(leaves, "dscp"))
		fprintf(out, "DSCP %s → %s, ", text(packet, "dscp"), text(leaves, "dscp"));
	print_tags(leaves, out);
	fprintf(out, ", %" PRId64 " bytes of frame\n", number(leaves, "frame_bytes"));
	if (!json_is_true(at(leaves, "guarded")))
		return;
	label(out, "");
	fprintf(out,
		"the egress guard erased the class's %s: 'allowed-dscp' of the policy has it "
		"not\n",
		text(leaves, "class_dscp"));
}

static void print_queue(const json_t *queue, FILE *out)
{
	if (!json_is_object(queue))
		return;
	label(out, "queue");
	if (is(queue, "kind", "link-control")) {
		fputs("ahead of all data, up to 1 % of the link\n", out);
		return;
	}
	if (is(queue, "kind", "strict"))
		fputs("strict, before all that is not", out);
	else if (is(queue, "kind", "guaranteed"))
		fprintf(out, "%.12g kbit/s guaranteed, more by weight %" PRId64,
			real(queue, "rate_kbps"), number(queue, "weight"));
	else if (is(queue, "kind", "weighted"))
		fprintf(out, "weight %" PRId64 " of what is left", number(queue, "weight"));
	else
		fputs("the only one", out);
	if (real(queue, "ceil_kbps") > 0)
		fprintf(out, ", at most %.12g kbit/s", real(queue, "ceil_kbps"));
	fprintf(out, "; holds %" PRId64 " packets", number(queue, "limit_packets"));
	if (json_is_integer(at(queue, "limit_bytes")))
		fprintf(out, " or %" PRId64 " bytes", number(queue, "limit_bytes"));
	fprintf(out, "%s\n", json_is_true(at(queue, "red")) ? ", RED" : "");
}

static void print_above(const json_t *contract, FILE *out)
{
	const char *exceed = text(contract, "exceed");

	label(out, "above it");
	if (strcmp(exceed, "police") == 0)
		fputs("dropped by the bucket alone (police)\n", out);
	else if (strcmp(exceed, "random") == 0)
		fputs("dropped at random over all calls in progress (random)\n", out);
	else if (strcmp(exceed, "spread") == 0)
		fputs("dropped, each call losing its even share (spread)\n", out);
	else if (strcmp(exceed, "protect") == 0)
		fputs("dropped, but calls that hold a place lose nothing (protect)\n", out);
	else if (strcmp(exceed, "shape") == 0)
		fprintf(out, "waits up to %.12g ms for the contract, then dropped (shape)\n",
			real(contract, "max_delay_ms"));
	else if (strcmp(exceed, "remark") == 0)
		fprintf(out, "leaves as class %s (remark)\n", text(contract, "remark_class"));
	else if (strcmp(exceed, "count") == 0)
		fputs("passes, counted as exceeded (count)\n", out);
	else
		fprintf(out, "yellow, then red, which %s (colour)\n",
			is(contract, "red", "drop") ? "is dropped" : "passes");
}

static void print_contract(const json_t *contract, FILE *out)
{
	const json_t *name;
	size_t i;

	if (!json_is_object(contract))
		return;
	label(out, "contract");
	json_array_foreach(at(contract, "classes"), i, name)
		fprintf(out, "%s%s", i ? " and " : "of ", json_string_value(name));
	print_place(contract, out);
	fprintf(out, ": %.12g kbit/s, burst %" PRId64 " bytes", real(contract, "cir_kbps"),
		number(contract, "burst_bytes"));
	if (number(contract, "metered_burst_bytes") != number(contract, "burst_bytes"))
		fprintf(out, ", metered with %" PRId64, number(contract, "metered_burst_bytes"));
	fputc('\n', out);
	label(out, "");
	fprintf(out, "counts %" PRId64 " bytes of this packet (account \"%s\"",
		number(contract, "counted_bytes"), text(contract, "account"));
	if (number(contract, "overhead_bytes"))
		fprintf(out, " %+" PRId64, number(contract, "overhead_bytes"));
	fputs(")\n", out);
	print_above(contract, out);
}

static void print_misses(const json_t *misses, FILE *out)
{
	const json_t *rule, *field;
	size_t i, k;

	json_array_foreach(misses, i, rule)
	{
		label(out, i ? "" : "nearly");
		print_rule(rule, out);
		fprintf(out, " → %s, but for ",
			is(rule, "action", "drop") ? "drop" : text(rule, "class"));
		json_array_foreach(at(rule, "failed"), k, field)
			fprintf(out, "%s%s", k ? " and " : "", json_string_value(field));
		fputc('\n', out);
	}
}

void explain_print(const json_t *x, FILE *out)
{
	print_packet(at(x, "packet"), out);
	print_path(x, out);
	print_decision(x, out);
	print_fate(x, out);
	print_queue(at(x, "queue"), out);
	print_contract(at(x, "contract"), out);
	print_misses(at(x, "nearly"), out);
}
