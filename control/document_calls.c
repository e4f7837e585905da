/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss of a call is what never reached this box (by its RTP sequence) and what this box
 * dropped, of all that was sent. What is not known, as the jitter of a flow that is no RTP,
 * is null.
 */
#include "document_calls.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "control/document.h"
#include "control/voice_targets.h"
#include "emodel.h"
#include "slots.h"

struct call_view {
	const struct call *call;
	const struct site *site;
	uint32_t lane;
	uint64_t time_origin_ns;
	uint64_t rtp_lost, gap_ns;
	bool gap_known;
	double loss_percent;
	double rating; /* without its codec's impairment */
};

static void set_number(json_t *object, const char *key, uint64_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t)n));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? json_string(text) : json_null());
}

static void set_real(json_t *object, const char *key, double value)
{
	json_object_set_new(object, key, json_real(value));
}

/* Takes value over. */
static void set_known(json_t *object, const char *key, bool known, json_t *value)
{
	if (!known) {
		json_decref(value);
		value = json_null();
	}
	json_object_set_new(object, key, value);
}

/* --- one call ------------------------------------------------------------------------- */

static struct call_view view_call(const struct document_input *in, uint32_t lane,
				  const struct call *c, double rating)
{
	struct call_view v = {
		.call = c,
		.site = in->site,
		.lane = lane,
		.time_origin_ns = in->time_origin_ns,
		.rtp_lost = rtp_lost(&c->rtp),
		.gap_ns = c->longest_gap_ns == CALL_UNKNOWN ? 0 : c->longest_gap_ns,
		.gap_known = c->longest_gap_ns != CALL_UNKNOWN,
		.rating = rating,
	};
	uint64_t sent = c->packets + v.rtp_lost;

	/* a gap that nothing has ended yet */
	if (c->run > 0 && c->last_passed_ns > 0 && c->last_ns > c->last_passed_ns && v.gap_known &&
	    c->last_ns - c->last_passed_ns > v.gap_ns)
		v.gap_ns = c->last_ns - c->last_passed_ns;
	if (sent > 0)
		v.loss_percent = 100.0 * (double)(c->dropped + v.rtp_lost) / (double)sent;
	return v;
}

static const char *class_name(const struct call_view *v)
{
	const struct generation *g = v->site->running;
	const struct generation_slots *slots = g->slots[v->lane];

	for (size_t i = 0; i < slots->class_count; i++)
		if (slots->classes[i].slot == v->call->class_slot &&
		    slots->classes[i].epoch == v->call->class_epoch)
			return g->config->classes[i].name;
	return NULL; /* gone with a reload */
}

static void set_ends(json_t *object, const struct call_key *k)
{
	const int family = k->family == 4 ? AF_INET : AF_INET6;
	char address[INET6_ADDRSTRLEN] = "";

	set_text(object, "source", inet_ntop(family, k->source, address, sizeof(address)));
	set_number(object, "source_port", k->source_port);
	set_text(object, "destination",
		 inet_ntop(family, k->destination, address, sizeof(address)));
	set_number(object, "destination_port", k->destination_port);
}

static void set_loss(json_t *object, const struct call_view *v)
{
	const struct call *c = v->call;

	set_number(object, "packets", c->packets);
	set_number(object, "bytes", c->bytes);
	set_number(object, "dropped", c->dropped);
	set_number(object, "rtp_lost", v->rtp_lost);
	set_number(object, "reordered", c->rtp.reordered);
	set_number(object, "repeated", c->rtp.repeated);
	set_number(object, "restarts", c->rtp.restarts);
	set_real(object, "loss_percent", v->loss_percent);
	set_known(object, "longest_drop_run", c->longest_run != CALL_UNKNOWN,
		  json_integer((json_int_t)c->longest_run));
	set_known(object, "longest_gap_ms", v->gap_known, json_real((double)v->gap_ns / 1e6));
}

static void add_flag(json_t *flags, bool outside, const char *name)
{
	if (outside)
		json_array_append_new(flags, json_string(name));
}

static void set_jitter_and_flags(json_t *object, const struct call_view *v)
{
	const struct call_rtp *r = &v->call->rtp;
	json_t *flags = json_array();

	add_flag(flags, v->call->dropped + v->rtp_lost > 0, "loss");
	if (r->jitter_samples > 0) {
		double mean_ms = (double)r->jitter_ns_sum / (double)r->jitter_samples / 1e6;
		double max_ms = (double)r->jitter_ns_max / 1e6;
		bool max_known = r->jitter_ns_max != CALL_JITTER_UNKNOWN;

		set_real(object, "jitter_ms_mean", mean_ms);
		set_known(object, "jitter_ms_max", max_known, json_real(max_ms));
		add_flag(flags, mean_ms > JITTER_MEAN_MS, "jitter-mean");
		add_flag(flags, max_known && max_ms > JITTER_MAX_MS, "jitter-max");
	} else {
		json_object_set_new(object, "jitter_ms_mean", json_null());
		json_object_set_new(object, "jitter_ms_max", json_null());
	}
	json_object_set_new(object, "flags", flags);
}

static void set_rating(json_t *object, const struct call_view *v)
{
	const struct call_rtp *r = &v->call->rtp;
	const struct emodel_codec *codec = NULL;

	if (r->rtp_packets > 0)
		codec = emodel_codec(r->payload_type, r->clock_hz);
	set_text(object, "codec", codec ? codec->name : NULL);
	if (codec) {
		double rating = v->rating - emodel_impairment(codec, v->loss_percent);

		set_real(object, "r_factor", rating);
		set_real(object, "mos", emodel_mos(rating));
	} else {
		json_object_set_new(object, "r_factor", json_null());
		json_object_set_new(object, "mos", json_null());
	}
}

static json_t *build_call(const struct call_view *v)
{
	const struct call *c = v->call;
	json_t *object = json_object();

	set_text(object, "link", v->site->links[v->lane / DIRECTIONS].name);
	set_text(object, "direction",
		 config_direction_name((enum direction)(v->lane % DIRECTIONS)));
	set_ends(object, &c->key);
	set_text(object, "class", class_name(v));
	set_loss(object, v);
	set_jitter_and_flags(object, v);
	set_rating(object, v);
	json_object_set_new(object, "placed", json_boolean(c->placed));
	set_number(object, "first_ns", v->time_origin_ns + c->first_ns);
	set_number(object, "last_ns", v->time_origin_ns + c->last_ns);
	return object;
}

/* --- all ------------------------------------------------------------------------------- */

/* Among equals the order must not depend on where the table put them. */
static int worse_first(const void *a, const void *b)
{
	const struct call_view *x = a, *y = b;

	if (x->loss_percent != y->loss_percent)
		return x->loss_percent > y->loss_percent ? -1 : 1;
	if (x->gap_ns != y->gap_ns)
		return x->gap_ns > y->gap_ns ? -1 : 1;
	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	if (x->call->first_ns != y->call->first_ns)
		return x->call->first_ns < y->call->first_ns ? -1 : 1;
	return memcmp(&x->call->key, &y->call->key, sizeof(x->call->key));
}

json_t *document_calls(const struct document_input *in)
{
	const double rating = emodel_rating(EMODEL_DELAY_MS);
	const uint32_t lanes = (uint32_t)(in->site->link_count * DIRECTIONS);
	json_t *calls = json_array();
	struct call_view *views;
	size_t total = 0, n = 0;

	for (uint32_t i = 0; in->calls && i < lanes; i++)
		total += in->calls[i].count;
	views = calloc(total ? total : 1, sizeof(*views));
	if (!views || !calls) {
		free(views);
		json_decref(calls);
		return NULL;
	}
	for (uint32_t i = 0; n < total; i++)
		for (uint32_t k = 0; k < in->calls[i].count; k++)
			views[n++] = view_call(in, i, &in->calls[i].calls[k], rating);
	qsort(views, n, sizeof(*views), worse_first);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(calls, build_call(&views[i]));
	free(views);
	return calls;
}

uint64_t document_calls_hurt(const json_t *calls)
{
	uint64_t hurt = 0;
	json_t *call;
	size_t i;

	json_array_foreach(calls, i, call) hurt +=
		json_array_size(json_object_get(call, "flags")) > 0;
	return hurt;
}
