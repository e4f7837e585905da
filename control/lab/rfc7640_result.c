/* SPDX-License-Identifier: BSD-3-Clause */
/* jansson keeps the figures; a row's and a test's are the last of their arrays. */
#include "rfc7640_result.h"

#include "config/config.h"

#define NS_PER_SECOND 1e9
#define RATE_ERROR    1e-4

static const struct {
	const char *name, *unit;
} figures[FIGURES] = {
	[FIGURE_BSA] = {"BSA", "B"},
	[FIGURE_LOST] = {"LP", "packets"},
	[FIGURE_SEQUENCE] = {"OOS", "packets"},
	[FIGURE_PASSED] = {"passed", "packets"},
	[FIGURE_REMARKED] = {"re-marked", "packets"},
	[FIGURE_RATE] = {"rate", "bit/s"},
	[FIGURE_DELAY] = {"PD max", "s"},
	[FIGURE_VARIATION] = {"PDV", "s"},
	[FIGURE_SHAPER_RATE] = {"SR", "bit/s"},
	[FIGURE_BURST_BYTES] = {"SBB max", "B"},
	[FIGURE_INTERVAL] = {"SBI mean", "s"},
};

static void set_integer(json_t *object, const char *key, uint64_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t)n));
}

static void set_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(value));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

bool results_open(struct results *r)
{
	*r = (struct results){.document = json_object()};
	json_object_set_new(r->document, "tests", json_array());
	return r->document != NULL;
}

void results_close(struct results *r)
{
	json_decref(r->document);
	*r = (struct results){0};
}

void result_test(struct results *r, const char *section, const char *title,
		 const char *configuration)
{
	r->test = json_object();
	r->row = NULL;
	set_text(r->test, "section", section);
	set_text(r->test, "title", title);
	set_text(r->test, "configuration", configuration);
	json_object_set_new(r->test, "rows", json_array());
	json_object_set_new(r->test, "reconciled", json_array());
	json_array_append_new(json_object_get(r->document, "tests"), r->test);
}

void result_row(struct results *r, const struct stream *s, const char *traffic,
		const struct metrics *m)
{
	char name[12];

	setup_class_name(s->class_index, name);
	r->row = json_object();
	set_text(r->row, "class", name);
	set_text(r->row, "direction", config_direction_name(s->direction));
	set_text(r->row, "traffic", traffic);
	set_integer(r->row, "frame_bytes", s->frame_bytes);
	set_integer(r->row, "sent_packets", m->sent);
	set_integer(r->row, "received_packets", m->received);
	set_integer(r->row, "lp_packets", m->lost);
	set_integer(r->row, "oos_packets", m->out_of_sequence);
	set_real(r->row, "pd_min_s", (double)m->delay_min_ns / NS_PER_SECOND);
	set_real(r->row, "pd_mean_s", m->delay_mean_ns / NS_PER_SECOND);
	set_real(r->row, "pd_max_s", (double)m->delay_max_ns / NS_PER_SECOND);
	set_real(r->row, "pdv_s", (double)m->variation_ns / NS_PER_SECOND);
	json_object_set_new(r->row, "checks", json_array());
	json_array_append_new(json_object_get(r->test, "rows"), r->row);
}

void result_contract(struct results *r, uint64_t cir_bps, uint64_t burst_bytes)
{
	set_real(r->row, "cir_kbps", (double)cir_bps / 1e3);
	set_integer(r->row, "burst_bytes", burst_bytes);
}

void result_emission(struct results *r, const struct emission *e, uint32_t bytes)
{
	set_real(r->row, "sr_bps", e->rate_bps);
	set_integer(r->row, "sbb_max_bytes", e->burst_frames_max * bytes);
	set_real(r->row, "sbb_mean_bytes", e->burst_frames_mean * bytes);
	set_real(r->row, "sbi_mean_s", e->interval_mean_ns / NS_PER_SECOND);
	set_real(r->row, "sbi_min_s", (double)e->interval_min_ns / NS_PER_SECOND);
	set_real(r->row, "sbi_max_s", (double)e->interval_max_ns / NS_PER_SECOND);
	set_integer(r->row, "trains", e->trains);
}

/* --- checks ------------------------------------------------------------------------------ */

static void add_check(struct results *r, enum figure f, const char *rule, double measured,
		      double predicted, double tolerance, bool sound)
{
	json_t *check = json_object();

	set_text(check, "figure", figures[f].name);
	set_text(check, "unit", figures[f].unit);
	set_text(check, "rule", rule);
	set_real(check, "measured", measured);
	set_real(check, "predicted", predicted);
	set_real(check, "difference", measured - predicted);
	set_real(check, "tolerance", tolerance);
	json_object_set_new(check, "ok", json_boolean(sound));
	json_array_append_new(json_object_get(r->row, "checks"), check);
	r->checks++;
	r->failed += !sound;
}

void result_exact(struct results *r, enum figure f, double measured, double predicted)
{
	/* Both come from whole packets, bytes or nanoseconds by the same division. */
	add_check(r, f, "exact", measured, predicted, 0,
		  !(measured < predicted) && !(measured > predicted));
}

void result_within(struct results *r, enum figure f, double measured, double predicted,
		   double tolerance)
{
	double off = measured > predicted ? measured - predicted : predicted - measured;

	add_check(r, f, "within", measured, predicted, tolerance, off <= tolerance);
}

void result_at_most(struct results *r, enum figure f, double measured, double predicted)
{
	add_check(r, f, "at-most", measured, predicted, 0, measured <= predicted);
}

void result_reconciled(struct results *r, const struct trial *t)
{
	json_t *object = json_object();

	set_text(object, "trial", t->name);
	if (t->keep)
		set_text(object, "capture", t->path);
	set_integer(object, "frames", t->reconciled.frames);
	set_integer(object, "figures", t->reconciled.figures);
	set_integer(object, "differences", t->reconciled.differences);
	json_array_append_new(json_object_get(r->test, "reconciled"), object);
	r->checks += t->reconciled.figures;
	r->failed += t->reconciled.differences;
}

double rate_tolerance(double rate_bps, double grain_bytes, uint64_t ns)
{
	double relative = rate_bps * RATE_ERROR;
	double grain = ns ? grain_bytes * 8 * NS_PER_SECOND / (double)ns : 0;

	return relative > grain ? relative : grain;
}
