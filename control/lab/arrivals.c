/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every source knows when its next packet arrives; a binary heap finds the earliest. Where
 * two tie, the source with the lower number goes first: calls' media, their reports, the rest.
 *
 * A call's packets are due at begin + k * ptime by its own clock. Jitter delays each by a
 * draw of its own, but never before the one ahead of it. Each source has a die of its own.
 */
#include "arrivals.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packets.h"
#include "random.h"

enum {
	Q = 16, /* fractional bits of times, so that rates are exact */
	CALL_NET = 10 << 24 | 1 << 16,
	BACKGROUND_NET = 10 << 24 | 200 << 16,
	BACKGROUND_HOST_BIT = 200, /* the second byte, by which background is known */
	BACKGROUND_PORT = 443,
	VIDEO_PORT = 50020,
	BEST_EFFORT_PORT = 40000,
	SILENCE = 0xd5, /* of A-law */
};

#define NS_PER_SECOND UINT64_C(1000000000)
#define NEVER	      UINT64_MAX
#define DESTINATION   (UINT32_C(192) << 24 | 2 << 8 | 1)

const char arrivals_destination[] = "192.0.2.1"; /* TEST-NET-1, RFC 5737 */

struct call_stream {
	struct packet_head head;
	struct dice dice, report_dice;
	uint64_t due_q, period_q; /* by the sender's clock */
	uint64_t last_ns;
	uint32_t index, timestamp, ssrc, octets;
	uint16_t sequence;
};

struct background_stream {
	struct packet_head head;
	struct dice dice;
	uint64_t due_q, gap_q; /* gap of a packet, of a picture */
	uint64_t bps;
	uint32_t picture_bytes, left_bytes; /* video: as the contract counts */
	uint32_t ip_bytes;		    /* of the next packet */
};

struct source {
	uint64_t ns;
	uint32_t id;
};

struct arrivals {
	const struct overrun_plan *plan;
	const struct overrun_arguments *arguments;
	struct call_stream *calls;
	uint64_t *begins_q;
	struct background_stream background[BACKGROUND_ITEMS_MAX];
	struct source *heap;
	uint32_t count; /* in the heap */
	uint32_t ticks; /* of the RTP clock, a packet */
};

/* --- the heap ----------------------------------------------------------------------------- */

static inline bool before(const struct source *a, const struct source *b)
{
	return a->ns < b->ns || (a->ns == b->ns && a->id < b->id);
}

/* The first one has a new time. */
static void sift_down(struct arrivals *a)
{
	const struct source moved = a->heap[0];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= a->count)
			break;
		if (child + 1 < a->count && before(&a->heap[child + 1], &a->heap[child]))
			child++;
		if (!before(&a->heap[child], &moved))
			break;
		a->heap[at] = a->heap[child];
		at = child;
	}
	a->heap[at] = moved;
}

static void push(struct arrivals *a, uint64_t ns, uint32_t id)
{
	const struct source added = {ns, id};
	uint32_t at = a->count++;

	for (; at > 0 && before(&added, &a->heap[(at - 1) / 2]); at = (at - 1) / 2)
		a->heap[at] = a->heap[(at - 1) / 2];
	a->heap[at] = added;
}

/* NEVER: it is done. */
static void requeue(struct arrivals *a, uint64_t ns)
{
	if (ns == NEVER)
		a->heap[0] = a->heap[--a->count];
	else
		a->heap[0].ns = ns;
	if (a->count > 0)
		sift_down(a);
}

/* --- calls -------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* In the order of time: evenly over the ramp, at random within its step; in step, at a
 * multiple of the ptime. */
static void draw_begins(struct arrivals *a, uint64_t seed)
{
	const struct overrun_arguments *o = a->arguments;
	const uint64_t ptime_ns = (uint64_t)o->ptime_ms * 1000000;
	const uint64_t ramp_ns = o->ramp_ns;
	struct dice dice = dice_of(seed, UINT64_MAX - 1);

	for (uint32_t i = 0; i < o->calls; i++) {
		uint64_t step_ns = ramp_ns * i / o->calls;
		uint64_t within_ns = ramp_ns > ptime_ns ? ramp_ns / o->calls : ptime_ns;

		if (o->sync)
			a->begins_q[i] = step_ns / ptime_ns * ptime_ns << Q;
		else
			a->begins_q[i] = (step_ns + dice_below(&dice, within_ns)) << Q;
	}
	qsort(a->begins_q, o->calls, sizeof(a->begins_q[0]), by_time);
}

static uint32_t call_address(uint32_t call)
{
	return CALL_NET + (call / ARRIVAL_CLIENT_HOSTS << 8) + 1 + call % ARRIVAL_CLIENT_HOSTS;
}

uint16_t arrivals_source_port(const struct overrun_plan *p, uint32_t call)
{
	const uint32_t first = p->port_low + (p->port_low & 1u);

	if (first > p->port_high)
		return p->port_low;
	return (uint16_t)(first + 2 * (call % ((p->port_high - first) / 2 + 1)));
}

void arrivals_source(uint32_t call, char *text, uint32_t size)
{
	const uint32_t a = call_address(call);

	snprintf(text, size, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static uint64_t period_q(const struct overrun_arguments *o, struct dice *dice)
{
	const uint64_t even = (uint64_t)o->ptime_ms * 1000000 << Q;
	const uint64_t most = o->ppm_thousandths;
	/* a clock that is fast sends sooner */
	const uint64_t off = dice_below(dice, 2 * most + 1);
	const int64_t thousandths = (int64_t)most - (int64_t)off;

	return even + (uint64_t)((__int128)even * thousandths / 1000000000);
}

static uint64_t media_due_ns(const struct arrivals *a, struct call_stream *c)
{
	uint64_t ns = c->due_q >> Q;

	if (ns >= a->arguments->duration_ns)
		return NEVER;
	if (a->arguments->jitter_ns > 0)
		ns += dice_below(&c->dice, a->arguments->jitter_ns + 1);
	if (ns < c->last_ns)
		ns = c->last_ns;
	return c->last_ns = ns;
}

/* RFC 3550 6.2: half to one and a half of the mean, at random. */
static uint64_t report_due_ns(const struct arrivals *a, struct call_stream *c, uint64_t after_ns)
{
	const uint64_t mean_ns = a->arguments->rtcp_ns;
	const uint64_t ns = after_ns + mean_ns / 2 + dice_below(&c->report_dice, mean_ns);

	return ns < a->arguments->duration_ns ? ns : NEVER;
}

static void start_call(struct arrivals *a, uint32_t i, uint64_t seed)
{
	struct call_stream *c = &a->calls[i];
	const struct packet_flow flow = {
		.source = call_address(i),
		.destination = DESTINATION,
		.source_port = arrivals_source_port(a->plan, i),
		.destination_port = CALL_DESTINATION_PORT,
	};
	uint64_t ns;

	packet_head_make(&c->head, &flow);
	c->dice = dice_of(seed, 2 * (uint64_t)i);
	c->report_dice = dice_of(seed, 2 * (uint64_t)i + 1);
	c->due_q = a->begins_q[i];
	c->period_q = period_q(a->arguments, &c->dice);
	c->ssrc = (uint32_t)dice_u64(&c->dice);
	c->timestamp = (uint32_t)dice_u64(&c->dice);
	c->sequence = (uint16_t)dice_u64(&c->dice);
	ns = media_due_ns(a, c);
	if (ns != NEVER)
		push(a, ns, i);
	if (a->arguments->rtcp_ns == 0)
		return;
	ns = report_due_ns(a, c, a->begins_q[i] >> Q);
	if (ns != NEVER)
		push(a, ns, a->arguments->calls + i);
}

static uint32_t payload_bytes(const struct arrivals *a, struct call_stream *c)
{
	const uint32_t mean = a->plan->payload_bytes;
	const uint32_t swing = mean * a->arguments->codec->swing_percent / 100;

	return swing ? mean - swing + (uint32_t)dice_below(&c->dice, 2 * swing + 1) : mean;
}

static uint64_t next_media(struct arrivals *a, struct call_stream *c, struct arrival *out,
			   uint8_t *frame)
{
	const uint32_t payload = payload_bytes(a, c);
	uint8_t *rtp = frame + PACKET_HEAD_BYTES, *stamp = rtp + PACKET_RTP_BYTES;
	const struct packet_rtp header = {
		.type = a->arguments->codec->payload_type,
		.marker = c->index == 0, /* RFC 3551 4.1: a talkspurt begins */
		.sequence = c->sequence,
		.timestamp = c->timestamp,
		.ssrc = c->ssrc,
	};

	packet_write_head(&c->head, frame, PACKET_RTP_BYTES + payload);
	packet_write_rtp(rtp, &header);
	packet_put32(stamp, (uint32_t)(out->ns >> 32));
	packet_put32(stamp + 4, (uint32_t)out->ns);
	packet_put32(stamp + 8, c->index);
	memset(stamp + ARRIVAL_STAMP_BYTES, SILENCE, payload - ARRIVAL_STAMP_BYTES);
	out->length = PACKET_HEAD_BYTES + PACKET_RTP_BYTES + payload;
	c->octets += payload;
	c->index++;
	c->sequence++;
	c->timestamp += a->ticks;
	c->due_q += c->period_q;
	return media_due_ns(a, c);
}

static uint64_t next_report(struct arrivals *a, struct call_stream *c, struct arrival *out,
			    uint8_t *frame)
{
	const struct packet_rtcp report = {
		.ns = out->ns,
		.ssrc = c->ssrc,
		.peer_ssrc = ~c->ssrc,
		.timestamp = c->timestamp,
		.packets = c->index,
		.octets = c->octets,
	};

	packet_write_head(&c->head, frame, PACKET_RTCP_BYTES);
	packet_write_rtcp(frame + PACKET_HEAD_BYTES, &report);
	out->length = PACKET_HEAD_BYTES + PACKET_RTCP_BYTES;
	return report_due_ns(a, c, out->ns);
}

/* --- background --------------------------------------------------------------------------- */

static uint32_t mixed_bytes(struct dice *dice)
{
	const uint64_t draw = dice_below(dice, 12);

	return draw < 7 ? 40 : draw < 11 ? 576 : 1500;
}

static uint64_t gap_q(uint64_t counted_bytes, uint64_t bps)
{
	unsigned __int128 bits_q = (unsigned __int128)counted_bytes * 8 * NS_PER_SECOND << Q;

	return (uint64_t)(bits_q / bps);
}

/* As the link counts; filled and more. */
static uint64_t saturating_bps(const struct overrun_plan *p, uint32_t ip_bytes)
{
	uint64_t bytes = ip_bytes;
	uint64_t counted = overrun_counted(p, ip_bytes);

	if (p->link_account != ACCOUNT_IP)
		bytes += ETHERNET_HEADER_BYTES;
	if (p->link_account == ACCOUNT_WIRE)
		bytes += WIRE_OVERHEAD_BYTES;
	return (uint64_t)((unsigned __int128)p->link_bps * SATURATE_PERCENT / 100 *
			  (counted ? counted : 1) / bytes);
}

/* What a picture leaves over goes into the next one. */
static void next_video(const struct overrun_plan *p, struct background_stream *b)
{
	const uint32_t counted = overrun_counted(p, b->ip_bytes);

	while (b->left_bytes < counted) {
		b->left_bytes += b->picture_bytes;
		b->due_q += b->gap_q;
	}
	b->left_bytes -= counted;
}

static void start_background(struct arrivals *a, uint32_t k, uint64_t seed)
{
	const struct background_item *item = &a->arguments->background.items[k];
	struct background_stream *b = &a->background[k];
	const bool video = item->kind == BACKGROUND_VIDEO;
	const struct packet_flow flow = {
		.source = BACKGROUND_NET + (k << 8) + 1,
		.destination = DESTINATION + 1,
		.source_port = video ? VIDEO_PORT : (uint16_t)(BEST_EFFORT_PORT + k),
		.destination_port = BACKGROUND_PORT,
	};

	packet_head_make(&b->head, &flow);
	b->dice = dice_of(seed, UINT64_MAX / 2 + k);
	b->ip_bytes = item->ip_bytes ? item->ip_bytes : mixed_bytes(&b->dice);
	b->bps = item->bps ? item->bps : saturating_bps(a->plan, b->ip_bytes);
	b->gap_q = gap_q(overrun_counted(a->plan, b->ip_bytes), b->bps);
	if (video) {
		b->gap_q = (NS_PER_SECOND << Q) / PICTURES_PER_SECOND;
		b->picture_bytes = (uint32_t)(b->bps / 8 / PICTURES_PER_SECOND);
	}
	b->due_q = dice_below(&b->dice, b->gap_q);
	if (video)
		next_video(a->plan, b);
	push(a, b->due_q >> Q, 2 * a->arguments->calls + k);
}

static uint64_t next_background(struct arrivals *a, uint32_t k, struct arrival *out, uint8_t *frame)
{
	const struct background_item *item = &a->arguments->background.items[k];
	struct background_stream *b = &a->background[k];
	uint64_t ns;

	packet_write_head(&b->head, frame, b->ip_bytes - PACKET_IP_BYTES - PACKET_UDP_BYTES);
	memset(frame + PACKET_HEAD_BYTES, 0, ARRIVAL_HEAD_BYTES - PACKET_HEAD_BYTES);
	out->length = PACKET_ETHERNET_BYTES + b->ip_bytes;
	if (out->length < PACKET_LEAST_BYTES)
		out->length = PACKET_LEAST_BYTES;
	if (item->kind == BACKGROUND_VIDEO) {
		next_video(a->plan, b);
	} else if (item->kind == BACKGROUND_POISSON) {
		const double mean = (double)gap_q(overrun_counted(a->plan, b->ip_bytes), b->bps);

		b->due_q += (uint64_t)(-log1p(-dice_fraction(&b->dice)) * mean);
		b->ip_bytes = item->ip_bytes ? item->ip_bytes : mixed_bytes(&b->dice);
	} else {
		b->due_q += b->gap_q;
	}
	ns = b->due_q >> Q;
	return ns < a->arguments->duration_ns ? ns : NEVER;
}

/* --- all ---------------------------------------------------------------------------------- */

struct arrivals *arrivals_create(const struct overrun_plan *p)
{
	const struct overrun_arguments *o = p->arguments;
	struct arrivals *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->plan = p;
	a->arguments = o;
	a->ticks = o->codec->clock_hz / 1000 * o->ptime_ms;
	a->calls = calloc(o->calls, sizeof(*a->calls));
	a->begins_q = calloc(o->calls, sizeof(*a->begins_q));
	a->heap = calloc(2 * (size_t)o->calls + o->background.count, sizeof(*a->heap));
	if (!a->calls || !a->begins_q || !a->heap) {
		arrivals_destroy(a);
		return NULL;
	}
	draw_begins(a, o->seed);
	for (uint32_t i = 0; i < o->calls; i++)
		start_call(a, i, o->seed);
	for (uint32_t k = 0; k < o->background.count; k++)
		start_background(a, k, o->seed);
	return a;
}

void arrivals_destroy(struct arrivals *a)
{
	if (!a)
		return;
	free(a->calls);
	free(a->begins_q);
	free(a->heap);
	free(a);
}

bool arrivals_next(struct arrivals *a, struct arrival *out, uint8_t *frame)
{
	const uint32_t calls = a->arguments->calls;
	uint32_t id;

	if (a->count == 0)
		return false;
	id = a->heap[0].id;
	out->ns = a->heap[0].ns;
	if (id < calls) {
		out->kind = ARRIVAL_RTP;
		out->source = id;
		requeue(a, next_media(a, &a->calls[id], out, frame));
	} else if (id < 2 * calls) {
		out->kind = ARRIVAL_RTCP;
		out->source = id - calls;
		requeue(a, next_report(a, &a->calls[id - calls], out, frame));
	} else {
		out->kind = ARRIVAL_BACKGROUND;
		out->source = id - 2 * calls;
		requeue(a, next_background(a, out->source, out, frame));
	}
	return true;
}

uint64_t arrivals_begin_ns(const struct arrivals *a, uint32_t call)
{
	return a->begins_q[call] >> Q;
}

bool arrivals_call_of(const uint8_t address[4], uint32_t *call)
{
	const uint32_t host = packet_get32(address) - CALL_NET;

	*call = (host >> 8) * ARRIVAL_CLIENT_HOSTS + (host & 255) - 1;
	return host >> 8 <= UINT16_MAX && (host & 255) >= 1 && (host & 255) <= ARRIVAL_CLIENT_HOSTS;
}

bool arrivals_call_named(const char *address, uint32_t *call)
{
	uint8_t bytes[4];

	return address && inet_pton(AF_INET, address, bytes) == 1 && arrivals_call_of(bytes, call);
}

enum arrival_kind arrivals_identify(const uint8_t *ip, uint32_t *source)
{
	const uint8_t *payload = ip + PACKET_IP_BYTES + PACKET_UDP_BYTES;

	if (ip[13] == BACKGROUND_HOST_BIT) {
		*source = ip[14];
		return ARRIVAL_BACKGROUND;
	}
	*source = (packet_get32(ip + 12) - CALL_NET) >> 8;
	*source = *source * ARRIVAL_CLIENT_HOSTS + ip[15] - 1;
	return payload[1] >= PACKET_RTCP_FIRST_TYPE && payload[1] <= PACKET_RTCP_LAST_TYPE
		       ? ARRIVAL_RTCP
		       : ARRIVAL_RTP;
}

struct arrival_stamp arrivals_stamp(const uint8_t *ip)
{
	const uint8_t *rtp = ip + PACKET_IP_BYTES + PACKET_UDP_BYTES;
	const uint8_t *stamp = rtp + PACKET_RTP_BYTES;

	return (struct arrival_stamp){
		.ns = (uint64_t)packet_get32(stamp) << 32 | packet_get32(stamp + 4),
		.index = packet_get32(stamp + 8),
		.timestamp = packet_get32(rtp + 4),
	};
}
