/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the result's JSON, as the report does. */
#include "overrun_table.h"

#include <string.h>

static double real_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static double at(const json_t *list, size_t i)
{
	return json_number_value(json_array_get(list, i));
}

/* 0.02 and 98.1 alike in five columns. */
static void print_percent(FILE *out, double value)
{
	fprintf(out, value > 0 && value < 0.995 ? "%5.2f" : "%5.1f", value);
}

static void print_head(FILE *out, const json_t *result)
{
	const json_t *p = json_object_get(result, "parameters");
	const json_t *exceeded = json_object_get(result, "contract_exceeded");

	fprintf(out,
		"calls       %" JSON_INTEGER_FORMAT " of %s, %.1f kbit/s each by %s, for %.0f s\n"
		"contract    %.1f kbit/s = %" JSON_INTEGER_FORMAT
		" such calls, burst %" JSON_INTEGER_FORMAT " bytes\n",
		number_of(p, "calls"), text_of(p, "codec_name"), real_of(p, "call_kbps"),
		text_of(p, "account"), real_of(p, "seconds"), real_of(p, "cir_kbps"),
		number_of(p, "contract_calls"), number_of(p, "burst_bytes"));
	if (json_is_null(json_object_get(p, "link_kbps")))
		fputs("link        without a rate\n", out);
	else
		fprintf(out, "link        %.0f kbit/s\n", real_of(p, "link_kbps"));
	fprintf(out, "background  %s\n", text_of(p, "background"));
	if (json_is_object(exceeded))
		fprintf(out,
			"exceeded    from %.3f s on, when call number %" JSON_INTEGER_FORMAT
			" began\n\n",
			real_of(exceeded, "at_s"), number_of(exceeded, "call"));
	else
		fputs("exceeded    never: the contract holds them all\n\n", out);
}

static void print_columns(FILE *out)
{
	fprintf(out, "%-8s %5s  %-30s %7s  %-24s %5s %7s\n", "", "lost", "lost per call, %",
		"longest", "MOS per call", "calls", "delay");
	fprintf(out, "%-8s %5s  %5s %5s %5s %5s %5s  %7s  %4s %4s %4s %4s %4s %5s %7s\n", "exceed",
		"%", "min", "q1", "med", "q3", "max", "gap ms", "min", "q1", "med", "q3", "max",
		"hurt", "max ms");
}

static void print_run(FILE *out, const json_t *run)
{
	const json_t *loss = json_object_get(run, "loss_percent_quartiles");
	const json_t *mos = json_object_get(run, "mos_quartiles");
	const json_t *delay = json_object_get(run, "delay_us");

	fprintf(out, "%-8s ", text_of(run, "exceed"));
	print_percent(out, real_of(run, "loss_percent"));
	fputc(' ', out);
	for (size_t i = 0; i < 5; i++) {
		fputc(' ', out);
		print_percent(out, at(loss, i));
	}
	fprintf(out, "  %7.0f ", at(json_object_get(run, "longest_gap_ms_quartiles"), 4));
	for (size_t i = 0; i < 5; i++)
		fprintf(out, " %4.2f", at(mos, i));
	fprintf(out, " %5" JSON_INTEGER_FORMAT " %7.2f\n", number_of(run, "calls_hurt"),
		real_of(delay, "max") / 1e3);
}

/* What the columns do not say of a run. */
static void print_notes(FILE *out, const json_t *run)
{
	const json_t *remarked = json_object_get(run, "remarked"), *call;
	size_t late = 0, i;

	json_array_foreach(json_object_get(run, "calls"), i, call) late +=
		json_is_true(json_object_get(call, "over_contract"));
	if (late > 0)
		fprintf(out, "%s: %zu calls began when the contract was full\n",
			text_of(run, "exceed"), late);
	if (number_of(remarked, "packets") > 0)
		fprintf(out, "%s: %" JSON_INTEGER_FORMAT " packets left with another mark\n",
			text_of(run, "exceed"), number_of(remarked, "packets"));
}

void overrun_table_print(FILE *out, const json_t *result)
{
	const json_t *runs = json_object_get(result, "runs"), *run;
	size_t i;

	print_head(out, result);
	print_columns(out);
	json_array_foreach(runs, i, run) print_run(out, run);
	fputs("\nhurt: any loss, or jitter above 5 ms mean or 40 ms; delay: arrival to departure, "
	      "of "
	      "voice\n",
	      out);
	json_array_foreach(runs, i, run) print_notes(out, run);
}
