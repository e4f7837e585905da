/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's fate is known at different times: dropped as it comes, sent after its wait. Runs
 * of drops are counted in the order of the packets, for which a window of fates is kept.
 */
#include "account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "packets.h"

enum fate { FATE_OPEN, FATE_SENT, FATE_DROPPED };

enum {
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	TYPE_IPV4 = 0x0800,
	TAGS_MAX = 2,
	DIGEST_WORDS = (PACKET_HEAD_BYTES + PACKET_RTP_BYTES + ARRIVAL_STAMP_BYTES) / 8,
};
#define DRAIN_NS UINT64_C(12000000000) /* no queue holds a frame for longer */

int account_open(struct run_account *a, const struct overrun_plan *p)
{
	const struct overrun_arguments *o = p->arguments;

	*a = (struct run_account){.plan = p, .tick_ns = 1e9 / o->codec->clock_hz};
	a->point_count = (size_t)((o->duration_ns + DRAIN_NS) / o->interval_ns) + 1;
	a->calls = calloc(o->calls, sizeof(*a->calls));
	a->points = calloc(a->point_count, sizeof(*a->points));
	if (a->calls && a->points)
		return 0;
	account_close(a);
	return -ENOMEM;
}

void account_close(struct run_account *a)
{
	free(a->calls);
	free(a->points);
	a->calls = NULL;
	a->points = NULL;
}

static inline void add(struct amount *a, uint64_t bytes)
{
	a->packets++;
	a->bytes += bytes;
}

static struct point *point_at(struct run_account *a, uint64_t ns)
{
	size_t i = (size_t)(ns / a->plan->arguments->interval_ns);

	if (i >= a->point_count)
		i = a->point_count - 1;
	if (i >= a->points_used)
		a->points_used = i + 1;
	return &a->points[i];
}

/* --- the fate of a call's packets --------------------------------------------------------- */

static void close_gap(struct call_account *c, uint64_t ns)
{
	const uint64_t from_ns = c->settled_sent > 0 ? c->settled_sent_ns : c->began_ns;

	if (c->run > 0 && ns > from_ns && ns - from_ns > c->longest_gap_ns)
		c->longest_gap_ns = ns - from_ns;
}

/* The next packet in order; one that is still open is taken as sent, at a time not known. */
static void settle(struct call_account *c)
{
	const uint32_t at = c->settled++ % ACCOUNT_WINDOW;

	if (c->fate[at] == FATE_DROPPED) {
		if (++c->run > c->longest_run)
			c->longest_run = c->run;
	} else {
		if (c->fate[at] == FATE_SENT) {
			close_gap(c, c->sent_ns[at]);
			c->settled_sent++;
			c->settled_sent_ns = c->sent_ns[at];
		}
		c->run = 0;
	}
	c->fate[at] = FATE_OPEN;
}

static void decide(struct call_account *c, uint32_t index, enum fate fate, uint64_t ns)
{
	while (index - c->settled >= ACCOUNT_WINDOW && index >= c->settled)
		settle(c);
	if (index < c->settled)
		return;
	c->fate[index % ACCOUNT_WINDOW] = (uint8_t)fate;
	c->sent_ns[index % ACCOUNT_WINDOW] = ns;
	while (c->fate[c->settled % ACCOUNT_WINDOW] != FATE_OPEN)
		settle(c);
}

static void sample_jitter(struct run_account *a, struct call_account *c, uint64_t ns,
			  uint32_t timestamp)
{
	const double elapsed_ns = (double)(int64_t)(ns - c->last_sent_ns);
	double d = elapsed_ns - (double)(int32_t)(timestamp - c->last_timestamp) * a->tick_ns;

	d = d < 0 ? -d : d;
	histogram_add(&a->jitter, (uint64_t)(d + 0.5));
	c->jitter_ns += (d - c->jitter_ns) / 16;
	c->jitter_ns_sum += c->jitter_ns;
	c->jitter_samples++;
	if (c->jitter_ns > c->jitter_ns_max)
		c->jitter_ns_max = c->jitter_ns;
}

static void rtp_sent(struct run_account *a, struct call_account *c, uint64_t ns, const uint8_t *ip)
{
	const struct arrival_stamp stamp = arrivals_stamp(ip);
	const uint64_t delay_ns = ns - stamp.ns;

	decide(c, stamp.index, FATE_SENT, ns);
	if (c->sent > 0)
		sample_jitter(a, c, ns, stamp.timestamp);
	c->sent++;
	c->last_sent_ns = ns;
	c->last_timestamp = stamp.timestamp;
	c->delay_ns_sum += delay_ns;
	c->delay_ns_max = delay_ns > c->delay_ns_max ? delay_ns : c->delay_ns_max;
	histogram_add(&a->delay, delay_ns);
}

/* --- frames ------------------------------------------------------------------------------- */

static inline uint32_t ip_length(const uint8_t *ip)
{
	return (uint32_t)ip[2] << 8 | ip[3];
}

static uint64_t mix(uint64_t digest, uint64_t word)
{
	return (digest ^ word) * UINT64_C(0x9e3779b97f4a7c15) + (digest >> 29);
}

static void digest_frame(struct run_account *a, const struct arrival *arrival, const uint8_t *frame)
{
	uint64_t words[DIGEST_WORDS];

	memcpy(words, frame, sizeof(words));
	a->digest = mix(a->digest, arrival->ns);
	a->digest = mix(a->digest, arrival->length);
	for (size_t i = 0; i < DIGEST_WORDS; i++)
		a->digest = mix(a->digest, words[i]);
}

void account_arrived(struct run_account *a, const struct arrival *arrival, const uint8_t *frame)
{
	const bool voice = arrival->kind != ARRIVAL_BACKGROUND;
	struct traffic *t = voice ? &a->voice : &a->background;
	struct point *point = point_at(a, arrival->ns);
	const uint32_t bytes = overrun_counted(a->plan, ip_length(frame + PACKET_ETHERNET_BYTES));

	add(&t->offered, bytes);
	t->offered_frame_bytes += arrival->length;
	*(voice ? &point->offered : &point->background_offered) += bytes;
	digest_frame(a, arrival, frame);
	if (voice) {
		struct call_account *c = &a->calls[arrival->source];

		if (arrival->kind == ARRIVAL_RTCP) {
			c->reports++;
			return;
		}
		if (c->packets++ == 0)
			c->began_ns = arrival->ns;
		c->ended_ns = arrival->ns;
	}
}

/* The IP header behind up to two tags; NULL: not the lab's. */
static const uint8_t *ip_of(const struct rte_mbuf *frame)
{
	const uint8_t *at = rte_pktmbuf_mtod_offset(frame, const uint8_t *, 12);
	uint32_t tags = 0;

	for (;; tags++, at += 4) {
		const uint32_t type = (uint32_t)at[0] << 8 | at[1];

		if (type == TYPE_IPV4)
			break;
		if ((type != TYPE_VLAN && type != TYPE_QINQ) || tags == TAGS_MAX)
			return NULL;
	}
	return frame->data_len >= PACKET_LEAST_BYTES + 4 * tags ? at + 2 : NULL;
}

static struct call_account *call_of(struct run_account *a, uint32_t source)
{
	if (source < a->plan->arguments->calls)
		return &a->calls[source];
	a->strangers++;
	return NULL;
}

void account_sent(struct run_account *a, uint64_t ns, const struct rte_mbuf *frame)
{
	const uint8_t *ip = ip_of(frame);
	struct call_account *c;
	enum arrival_kind kind;
	uint32_t source, bytes;

	a->frames_sent++;
	a->frame_bytes_sent += frame->pkt_len;
	if (!ip) {
		a->strangers++;
		return;
	}
	kind = arrivals_identify(ip, &source);
	bytes = overrun_counted(a->plan, ip_length(ip));
	if (kind == ARRIVAL_BACKGROUND) {
		add(&a->background.sent, bytes);
		point_at(a, ns)->background += bytes;
		return;
	}
	c = call_of(a, source);
	if (!c)
		return;
	add(&a->voice.sent, bytes);
	point_at(a, ns)->sent += bytes;
	if (ip[1] >> 2 != a->plan->voice_dscp)
		add(&a->remarked, bytes);
	if (kind == ARRIVAL_RTP)
		rtp_sent(a, c, ns, ip);
}

void account_dropped(struct run_account *a, uint64_t ns, const struct rte_mbuf *frame,
		     enum drop_reason reason)
{
	const uint8_t *ip = ip_of(frame);
	struct call_account *c;
	enum arrival_kind kind;
	uint32_t source, bytes;

	a->frame_bytes_dropped += frame->pkt_len;
	if (!ip) {
		a->strangers++;
		return;
	}
	kind = arrivals_identify(ip, &source);
	bytes = overrun_counted(a->plan, ip_length(ip));
	if (kind == ARRIVAL_BACKGROUND) {
		add(&a->background.dropped, bytes);
		a->background.drops[reason]++;
		return;
	}
	c = call_of(a, source);
	if (!c)
		return;
	add(&a->voice.dropped, bytes);
	a->voice.drops[reason]++;
	point_at(a, ns)->dropped += bytes;
	if (kind == ARRIVAL_RTCP) {
		c->reports_dropped++;
		return;
	}
	decide(c, arrivals_stamp(ip).index, FATE_DROPPED, ns);
	c->dropped++;
}

void account_finish(struct run_account *a)
{
	for (uint32_t i = 0; i < a->plan->arguments->calls; i++)
		close_gap(&a->calls[i], a->calls[i].ended_ns);
}
