/* SPDX-License-Identifier: BSD-3-Clause */
/* See reload_report.h. */
#include "reload_report.h"

#include <inttypes.h>

#include "reload.h"

static void log_done(const struct reload_result *r, const char *file, FILE *out)
{
	fprintf(out,
		"generation %" PRIu64 ": %" PRIu64
		" rules, built in %.1f ms, in force %.1f ms later; asked by %s",
		r->generation, r->rules, r->build_ms, r->adopt_ms, r->who);
	if (r->confirm_s)
		fprintf(out,
			"; to be confirmed within %" PRIu32 " s, or generation %" PRIu64
			" comes back",
			r->confirm_s, r->previous);
	if (r->rolled_back)
		fprintf(out,
			": nobody confirmed generation %" PRIu64 ", generation %" PRIu64
			"'s policy is back; %s may still hold the other",
			r->rolled_back, r->previous, file);
	fputc('\n', out);
	fflush(out);
}

void reload_log(const struct reload_result *r, const char *file, FILE *out, FILE *err)
{
	if (r->outcome == RELOAD_DONE) {
		log_done(r, file, out);
		return;
	}
	fprintf(err,
		"%s\nedgemark: not reloaded: generation %" PRIu64 " stays in force; asked by %s\n",
		r->error, r->generation, r->who);
}

json_t *reload_json(const struct reload_result *r)
{
	return json_pack("{s:I, s:I, s:f, s:f, s:i, s:I}", "generation", (json_int_t)r->generation,
			 "rules", (json_int_t)r->rules, "build_ms", r->build_ms, "adopt_ms",
			 r->adopt_ms, "confirm_s", (int)r->confirm_s, "previous",
			 (json_int_t)r->previous);
}

json_t *reload_pending_json(const struct reload_pending *p)
{
	if (!p->generation)
		return json_null();
	return json_pack("{s:I, s:I, s:f}", "generation", (json_int_t)p->generation, "previous",
			 (json_int_t)p->previous, "seconds_left", p->seconds_left);
}
