/* SPDX-License-Identifier: BSD-3-Clause */
/* The part that all runs share: parameters, assumptions, what was offered. */
#include "overrun_result.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "control/emodel.h"

#include "json_set.h"
#include "packets.h"

enum { TEXT_BYTES = 400 };

static double seconds_of(uint64_t ns)
{
	return (double)ns / 1e9;
}

static json_t *build_parameters(const struct overrun_plan *p)
{
	const struct overrun_arguments *a = p->arguments;
	json_t *o = json_object();

	set_number(o, "calls", a->calls);
	set_number(o, "contract_calls", p->contract_calls);
	set_real(o, "cir_kbps", (double)p->cir_bps / 1e3);
	set_number(o, "burst_bytes", p->burst_bytes);
	set_number(o, "metered_burst_bytes", p->metered_burst_bytes);
	set_text(o, "account", config_account_name(p->account));
	set_text(o, "codec", a->codec->name);
	set_text(o, "codec_name", a->codec->title);
	set_number(o, "rtp_payload_type", a->codec->payload_type);
	set_number(o, "rtp_clock_hz", a->codec->clock_hz);
	set_number(o, "payload_swing_percent", a->codec->swing_percent);
	set_number(o, "ptime_ms", a->ptime_ms);
	set_number(o, "packet_ip_bytes", p->packet_ip_bytes);
	set_real(o, "call_kbps", (double)overrun_counted(p, p->packet_ip_bytes) * 8 / a->ptime_ms);
	set_text(o, "phase", a->sync ? "sync" : "random");
	set_real(o, "ppm", a->ppm_thousandths / 1e3);
	set_real(o, "jitter_ms", (double)a->jitter_ns / 1e6);
	set_real(o, "ramp_s", seconds_of(a->ramp_ns));
	set_real(o, "rtcp_s", seconds_of(a->rtcp_ns));
	set_text(o, "background", a->background_spec);
	if (p->link_bps)
		set_real(o, "link_kbps", (double)p->link_bps / 1e3);
	else
		json_object_set_new(o, "link_kbps", json_null());
	set_real(o, "seconds", seconds_of(a->duration_ns));
	set_number(o, "seed", a->seed);
	set_real(o, "interval_ms", (double)a->interval_ns / 1e6);
	set_text(o, "config", a->config);
	return o;
}

/* --- what the figures rest on ------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void assume(json_t *list, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments); /* NOLINT(clang-analyzer-valist.*) */
	va_end(arguments);
	json_array_append_new(list, json_string(text));
}

static json_t *build_assumptions(const struct overrun_plan *p)
{
	const struct overrun_arguments *a = p->arguments;
	const struct emodel_codec *e = emodel_codec(a->codec->payload_type, a->codec->clock_hz);
	json_t *list = json_array();

	assume(list, "%s; %u bytes of payload every %u ms, RTP over UDP and IPv4, no SRTP",
	       a->codec->assumption, p->payload_bytes, a->ptime_ms);
	assume(list, "every call sends all the time, without silence suppression, to the end");
	if (a->rtcp_ns > 0)
		assume(list,
		       "each call sends an RTCP report of %u bytes by IP every %.1f s in the mean "
		       "(RFC 3550 6.2), on the port of its media; it counts against the contract",
		       PACKET_IP_BYTES + PACKET_UDP_BYTES + PACKET_RTCP_BYTES,
		       seconds_of(a->rtcp_ns));
	if (a->jitter_ns > 0)
		assume(list,
		       "jitter: each packet is late by an even draw from 0 to %.3f ms, but never "
		       "before the packet ahead of it in its call",
		       (double)a->jitter_ns / 1e6);
	if (a->ppm_thousandths > 0)
		assume(list, "each sender's clock is off by an even draw within %.3f ppm",
		       a->ppm_thousandths / 1e3);
	assume(list,
	       "R factor and MOS by ITU-T G.107 with its default values, codec %s (Ie %.0f, Bpl "
	       "%.1f); one-way delay %.0f ms for the rest of the way and the call's mean delay "
	       "here; random loss (burst ratio 1), none in the receiver's jitter buffer",
	       e ? e->name : "not known", e ? e->ie : 0, e ? e->bpl : 0, EMODEL_DELAY_MS);
	assume(list, "longest gap: between two departures of a call with drops between them, or "
		     "from its first arrival, or to its last one");
	assume(list, "quantiles of delay and jitter are within 0.4 %%");
	return list;
}

/* --- what arrived ------------------------------------------------------------------------- */

static uint32_t calls_by(const struct run_account *a, uint64_t ns)
{
	uint32_t low = 0, high = a->plan->arguments->calls;

	while (low < high) { /* they are in the order in which they began, but for jitter */
		uint32_t middle = (low + high) / 2;

		if (a->calls[middle].began_ns < ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static json_t *build_offered_series(const struct overrun_plan *p, const struct run_account *a)
{
	const struct overrun_arguments *o = p->arguments;
	json_t *series = json_array();

	for (uint64_t from = 0; from < o->duration_ns; from += o->interval_ns) {
		const struct point *at = &a->points[from / o->interval_ns];
		json_t *point = json_object();

		set_real(point, "t_s", seconds_of(from));
		set_real(point, "voice_kbps", point_kbps(p, from, at->offered));
		set_real(point, "background_kbps", point_kbps(p, from, at->background_offered));
		set_number(point, "calls", calls_by(a, from + o->interval_ns));
		json_array_append_new(series, point);
	}
	return series;
}

static json_t *build_offered(const struct overrun_plan *p, const struct run_account *a)
{
	json_t *o = json_object();
	char digest[20];

	snprintf(digest, sizeof(digest), "%016" PRIx64, a->digest);
	set_number(o, "packets", a->voice.offered.packets);
	set_number(o, "bytes", a->voice.offered.bytes);
	set_number(o, "background_packets", a->background.offered.packets);
	set_number(o, "background_bytes", a->background.offered.bytes);
	set_text(o, "digest", digest);
	json_object_set_new(o, "series", build_offered_series(p, a));
	return o;
}

/* The first call with which the calls' rate is above the contract's. */
static json_t *build_exceeded(const struct overrun_plan *p, const struct run_account *a)
{
	json_t *o;

	if (p->arguments->calls <= p->contract_calls)
		return json_null();
	o = json_object();
	set_number(o, "call", p->contract_calls + 1);
	set_real(o, "at_s", seconds_of(a->calls[p->contract_calls].began_ns));
	return o;
}

json_t *overrun_result_begin(const struct overrun_plan *p, const struct run_account *a)
{
	json_t *result = json_object();

	set_number(result, "version", 1);
	set_text(result, "edgemark", EDGEMARK_VERSION);
	set_text(result, "command", p->arguments->command);
	json_object_set_new(result, "parameters", build_parameters(p));
	json_object_set_new(result, "assumptions", build_assumptions(p));
	json_object_set_new(result, "contract_exceeded", build_exceeded(p, a));
	json_object_set_new(result, "offered", build_offered(p, a));
	json_object_set_new(result, "runs", json_array());
	return result;
}
