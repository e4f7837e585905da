/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of each run: sums, curves, calls, and their distributions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/emodel.h"
#include "control/voice_targets.h"

#include "json_set.h"
#include "overrun_result.h"
#include "statistics.h"

enum { CDF_POINTS = 200 };

static double ms_of(double ns)
{
	return ns / 1e6;
}

/* A call as its listener has it. */
struct view {
	const struct call_account *call;
	double loss_percent, gap_ms;
	double jitter_ms_mean, delay_ms_mean;
	double rating, mos;
	bool hurt;
};

static struct view view_of(const struct overrun_plan *p, const struct call_account *c)
{
	const struct codec *codec = p->arguments->codec;
	const struct emodel_codec *e = emodel_codec(codec->payload_type, codec->clock_hz);
	struct view v = {.call = c, .gap_ms = ms_of((double)c->longest_gap_ns)};

	if (c->packets > 0)
		v.loss_percent = 100.0 * (double)c->dropped / (double)c->packets;
	if (c->jitter_samples > 0)
		v.jitter_ms_mean = ms_of(c->jitter_ns_sum / (double)c->jitter_samples);
	if (c->sent > 0)
		v.delay_ms_mean = ms_of((double)c->delay_ns_sum / (double)c->sent);
	v.rating = emodel_rating(EMODEL_DELAY_MS + v.delay_ms_mean) -
		   emodel_impairment(e, v.loss_percent);
	v.mos = emodel_mos(v.rating);
	v.hurt = c->dropped > 0 || v.jitter_ms_mean > JITTER_MEAN_MS ||
		 ms_of(c->jitter_ns_max) > JITTER_MAX_MS;
	return v;
}

/* --- calls -------------------------------------------------------------------------------- */

/* Of packets that left: null where none did. */
static void set_measured(json_t *o, const char *key, bool known, double value)
{
	json_object_set_new(o, key, known ? json_real(value) : json_null());
}

static json_t *build_call(const struct overrun_plan *p, uint32_t number, const struct view *v,
			  bool over_contract)
{
	const struct call_account *c = v->call;
	json_t *o = json_object();
	char source[16];

	arrivals_source(number, source, sizeof(source));
	set_number(o, "number", number + 1);
	set_text(o, "source", source);
	set_number(o, "source_port", arrivals_source_port(p, number));
	set_text(o, "destination", arrivals_destination);
	set_number(o, "destination_port", CALL_DESTINATION_PORT);
	set_real(o, "began_s", (double)c->began_ns / 1e9);
	set_real(o, "ended_s", (double)c->ended_ns / 1e9);
	set_number(o, "packets", c->packets);
	set_number(o, "dropped", c->dropped);
	set_number(o, "rtcp_packets", c->reports);
	set_number(o, "rtcp_dropped", c->reports_dropped);
	set_real(o, "loss_percent", v->loss_percent);
	set_number(o, "longest_drop_run", c->longest_run);
	set_real(o, "longest_gap_ms", v->gap_ms);
	set_measured(o, "jitter_ms_mean", c->jitter_samples > 0, v->jitter_ms_mean);
	set_measured(o, "jitter_ms_max", c->jitter_samples > 0, ms_of(c->jitter_ns_max));
	set_measured(o, "delay_ms_mean", c->sent > 0, v->delay_ms_mean);
	set_measured(o, "delay_ms_max", c->sent > 0, ms_of((double)c->delay_ns_max));
	set_real(o, "r_factor", v->rating);
	set_real(o, "mos", v->mos);
	json_object_set_new(o, "over_contract", json_boolean(over_contract));
	return o;
}

static void set_quartiles(json_t *o, const char *key, double *values, size_t count)
{
	const struct quartiles q = quartiles_of(values, count);
	json_t *list = json_array();

	for (size_t i = 0; i < 5; i++)
		json_array_append_new(list, json_real(q.of[i]));
	json_object_set_new(o, key, list);
}

static int set_calls(json_t *o, const struct overrun_plan *p, const struct overrun_run *run)
{
	const uint32_t n = p->arguments->calls;
	double *values = calloc(n, 3 * sizeof(*values));
	double *loss, *gap, *mos;
	json_t *calls = json_array();
	uint64_t hurt = 0;

	if (!values || !calls) {
		free(values);
		json_decref(calls);
		return -ENOMEM;
	}
	loss = values;
	gap = loss + n;
	mos = gap + n;
	for (uint32_t i = 0; i < n; i++) {
		const struct view v = view_of(p, &run->account.calls[i]);

		loss[i] = v.loss_percent;
		gap[i] = v.gap_ms;
		mos[i] = v.mos;
		hurt += v.hurt;
		json_array_append_new(calls, build_call(p, i, &v, run->over_contract[i]));
	}
	json_object_set_new(o, "calls", calls);
	set_quartiles(o, "loss_percent_quartiles", loss, n);
	set_quartiles(o, "longest_gap_ms_quartiles", gap, n);
	set_quartiles(o, "mos_quartiles", mos, n);
	set_number(o, "calls_hurt", hurt);
	free(values);
	return 0;
}

/* --- sums and curves ---------------------------------------------------------------------- */

static void set_amount(json_t *object, const char *key, const struct amount *a)
{
	json_t *amount = json_object();

	set_number(amount, "packets", a->packets);
	set_number(amount, "bytes", a->bytes);
	json_object_set_new(object, key, amount);
}

static void set_sums(json_t *o, const struct traffic *voice)
{
	json_t *drops = json_object();

#define X(enumerator, name, help)                                                                  \
	if (voice->drops[DROP_##enumerator] > 0)                                                   \
		set_number(drops, name, voice->drops[DROP_##enumerator]);
	DROP_REASON_LIST(X)
#undef X
	set_amount(o, "admitted", &voice->sent);
	set_amount(o, "dropped", &voice->dropped);
	json_object_set_new(o, "drops", drops);
	set_real(o, "loss_percent",
		 voice->offered.packets
			 ? 100.0 * (double)voice->dropped.packets / (double)voice->offered.packets
			 : 0);
}

static json_t *build_series(const struct overrun_plan *p, const struct run_account *a)
{
	const uint64_t interval_ns = p->arguments->interval_ns;
	json_t *series = json_array();

	/* queues may run empty after the last arrival */
	for (size_t i = 0; i < a->points_used; i++) {
		const struct point *at = &a->points[i];
		const uint64_t from = i * interval_ns;
		json_t *point = json_object();

		set_real(point, "t_s", (double)from / 1e9);
		set_real(point, "offered_kbps", point_kbps(p, from, at->offered));
		set_real(point, "admitted_kbps", point_kbps(p, from, at->sent));
		set_real(point, "dropped_kbps", point_kbps(p, from, at->dropped));
		set_real(point, "background_kbps", point_kbps(p, from, at->background));
		json_array_append_new(series, point);
	}
	return series;
}

/* At most CDF_POINTS steps, evenly spaced in the fraction; the largest value is the last. */
static json_t *build_cdf(const struct histogram *h)
{
	json_t *cdf = json_array();
	uint64_t below = 0;
	uint32_t step = 0;

	for (uint32_t bin = 0; bin < HISTOGRAM_BINS && h->count > 0; bin++) {
		uint32_t reached;

		if (h->bins[bin] == 0)
			continue;
		below += h->bins[bin];
		reached = (uint32_t)((double)below / (double)h->count * (CDF_POINTS - 1));
		if (reached == step && below < h->count)
			continue;
		step = reached;
		json_array_append_new(cdf, json_pack("[f,f]", (double)histogram_value(h, bin) / 1e6,
						     (double)below / (double)h->count));
	}
	return cdf;
}

static void set_delay(json_t *o, const struct histogram *h)
{
	json_t *delay = json_object();

	set_real(delay, "median", (double)histogram_quantile(h, 0.5) / 1e3);
	set_real(delay, "p99", (double)histogram_quantile(h, 0.99) / 1e3);
	set_real(delay, "max", (double)h->max_ns / 1e3);
	json_object_set_new(o, "delay_us", delay);
}

static json_t *build_captures(const struct overrun_run *run)
{
	char name[32];

	if (!run->captured)
		return json_null();
	snprintf(name, sizeof(name), "%s.pcap", config_exceed_name(run->exceed));
	return json_pack("{s:s}", "sent", name);
}

int overrun_result_add(json_t *result, const struct overrun_plan *p, const struct overrun_run *run)
{
	const struct run_account *a = &run->account;
	json_t *o = json_object();

	if (!o)
		return -ENOMEM;
	set_text(o, "exceed", config_exceed_name(run->exceed));
	set_sums(o, &a->voice);
	set_amount(o, "remarked", &a->remarked);
	set_amount(o, "background_sent", &a->background.sent);
	set_amount(o, "background_dropped", &a->background.dropped);
	json_object_set_new(o, "series", build_series(p, a));
	if (set_calls(o, p, run) < 0) {
		json_decref(o);
		return -ENOMEM;
	}
	json_object_set_new(o, "jitter_ms_cdf", build_cdf(&a->jitter));
	set_delay(o, &a->delay);
	json_object_set(o, "document", run->document);
	json_object_set_new(o, "reconciled", json_true()); /* or the run would have failed */
	set_real(o, "wall_seconds", (double)run->wall_ns / 1e9);
	json_object_set_new(o, "captures", build_captures(run));
	return json_array_append_new(json_object_get(result, "runs"), o) == 0 ? 0 : -ENOMEM;
}
