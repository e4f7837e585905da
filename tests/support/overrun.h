/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Too many calls on a contract: periodic streams, each a packet of 200 bytes every 20 ms
 * (G.711: 160 + RTP 12 + UDP 8 + IP 20), merged by time and sent through police_burst() on
 * a virtual clock, and what each call lost. The entries of the call table are filled in by
 * hand as the stage before would: the stage has tests of its own.
 */
#ifndef EDGEMARK_TESTS_OVERRUN_H
#define EDGEMARK_TESTS_OVERRUN_H

#include <stdlib.h>

#include "support/random.h"
#include "unit/stage_rig.h"

enum {
	OVERRUN_CALLS = 256,
	OVERRUN_PACKET = 200,
	OVERRUN_CALL_BPS = 80000,
	OVERRUN_TICKS = 160, /* of the sender's clock, a packet */
	OVERRUN_PACKETS = 1 << 20,
	OVERRUN_SOURCE = 4, /* protect: the call table's entries used are not the first */
};

#define OVERRUN_PERIOD_NS UINT64_C(20000000)
#define OVERRUN_SECOND	  UINT64_C(1000000000)

struct overrun {
	unsigned calls;
	uint64_t cir_bps, burst_bytes;
	enum exceed exceed;
	unsigned seconds;
	bool together;	    /* all at one instant; else phases are random */
	uint32_t clock_ppm; /* each call's clock is off by up to so much */
	uint32_t jitter_ns; /* each packet is late by up to so much */
	uint64_t apart_ns;  /* each call begins so much after the one before */
	bool media_clock;   /* the call table knows the senders' clocks */
	uint64_t seed;	    /* of the phases, clocks and jitter, and of the dropper */
	uint64_t drop_seed; /* added to it, of the dropper */
};

struct overrun_packet {
	uint64_t ns;
	uint16_t call, sequence;
};

struct overrun_call {
	uint32_t sent, lost, thinned;
	uint32_t twice;	 /* losses behind a loss, neither of them for want of tokens */
	uint64_t gap_ns; /* the longest time without a packet that passed */
	uint64_t passed_ns;
	uint64_t first_ns, last_ns;
	enum drop_reason last;
	bool over_contract, placed;
};

struct overrun_outcome {
	struct overrun_call calls[OVERRUN_CALLS];
	uint64_t sent, lost, empty;	      /* empty: the bucket had no room */
	double loss_min, loss_max, loss_mean; /* percent */
	double gap_max;			      /* seconds */
	uint32_t twice;
};

static struct overrun_packet overrun_packets[OVERRUN_PACKETS];

static inline void overrun_put(size_t *n, size_t from, struct overrun_packet packet)
{
	size_t at = *n;

	assert_true(at < OVERRUN_PACKETS);
	while (at > from && overrun_packets[at - 1].ns > packet.ns) {
		overrun_packets[at] = overrun_packets[at - 1];
		at--;
	}
	overrun_packets[at] = packet;
	++*n;
}

/* Round by round, so that what is out of order is so by a round at most. */
static inline size_t overrun_arrivals(const struct overrun *o)
{
	struct random random = random_seeded(o->seed);
	uint64_t next[OVERRUN_CALLS], period[OVERRUN_CALLS];
	const uint64_t end = o->seconds * OVERRUN_SECOND;
	size_t n = 0;

	for (unsigned c = 0; c < o->calls; c++) {
		uint32_t off = 2 * o->clock_ppm * (uint32_t)(OVERRUN_PERIOD_NS / 1000000);

		next[c] = o->apart_ns * c;
		if (!o->together)
			next[c] += random_below(&random, (uint32_t)OVERRUN_PERIOD_NS);
		period[c] = OVERRUN_PERIOD_NS - off / 2 + random_below(&random, off + 1);
	}
	for (uint64_t round = 1; (round - 1) * OVERRUN_PERIOD_NS < end; round++)
		for (unsigned c = 0; c < o->calls; c++)
			for (; next[c] < round * OVERRUN_PERIOD_NS && next[c] < end;
			     next[c] += period[c])
				overrun_put(&n, 0,
					    (struct overrun_packet){
						    next[c] + random_below(&random, o->jitter_ns),
						    (uint16_t)c, 0});
	return n;
}

/* As the stage before would. */
static inline void overrun_count(struct rig *r, const struct overrun *o, unsigned c,
				 uint64_t now_ns)
{
	struct call *call = &r->lane->calls->entries[OVERRUN_SOURCE + c];

	if (call->packets++ == 0) {
		call->tag = 1 + c;
		call->first_ns = now_ns;
		call->rtp.clock_hz = o->media_clock ? 8000 : 0;
		call->rtp.max_seq = (uint16_t)(65530 + c);
		call->rtp.timestamp = UINT32_MAX - 200 + c;
	} else {
		call->rtp.cycles += call->rtp.max_seq == UINT16_MAX ? 65536 : 0;
		call->rtp.max_seq++;
		call->rtp.timestamp += OVERRUN_TICKS;
	}
	call->last_ns = now_ns;
	call->rtp.rtp_packets++;
}

static inline void overrun_settle(struct overrun_call *c, uint64_t ns, enum drop_reason drop)
{
	if (c->sent++ == 0)
		c->first_ns = ns;
	c->last_ns = ns;
	if (drop != DROP_NONE) {
		c->lost++;
		c->thinned += drop == DROP_THINNED || drop == DROP_SPREAD;
		c->twice +=
			c->last != DROP_NONE && c->last != DROP_CONTRACT && drop != DROP_CONTRACT;
	} else {
		c->gap_ns = RTE_MAX(c->gap_ns, ns - c->passed_ns);
		c->passed_ns = ns;
	}
	c->last = drop;
}

static inline void overrun_police(struct rig *r, const struct overrun *o,
				  const struct overrun_packet *a, size_t n,
				  struct overrun_outcome *out)
{
	static struct rte_mbuf frame = {.pkt_len = OVERRUN_PACKET + ETHERNET_HEADER_BYTES};
	static struct burst b;

	b.now_ns = r->now_ns + a->ns;
	b.count = (uint32_t)n;
	for (uint32_t i = 0; i < n; i++) {
		b.frame[i] = &frame;
		b.kind[i] = FRAME_IPV4;
		b.ip_bytes[i] = OVERRUN_PACKET;
		b.class_slot[i] = VOICE;
		b.drop[i] = DROP_NONE;
		b.call[i] = CALL_NONE;
		if (r->lane->calls == NULL)
			continue;
		b.call[i] = (uint16_t)(OVERRUN_SOURCE + a[i].call);
		overrun_count(r, o, a[i].call, b.now_ns);
	}
	police_burst(&b, r->policy, r->lane);
	for (uint32_t i = 0; i < n; i++) {
		out->empty += b.drop[i] == DROP_CONTRACT;
		overrun_settle(&out->calls[a[i].call], a[i].ns, b.drop[i]);
	}
}

static inline void overrun_sum(const struct overrun *o, struct overrun_outcome *out)
{
	out->loss_min = 100;
	for (unsigned i = 0; i < o->calls; i++) {
		struct overrun_call *c = &out->calls[i];
		double loss = 100.0 * c->lost / RTE_MAX(c->sent, 1u);

		c->gap_ns = RTE_MAX(c->gap_ns, c->last_ns - c->passed_ns);
		out->sent += c->sent;
		out->lost += c->lost;
		out->twice += c->twice;
		out->loss_min = RTE_MIN(out->loss_min, loss);
		out->loss_max = RTE_MAX(out->loss_max, loss);
		out->gap_max = RTE_MAX(out->gap_max, (double)c->gap_ns / 1e9);
	}
	out->loss_mean = 100.0 * (double)out->lost / (double)out->sent;
}

static inline void overrun_look(const struct rig *r, const struct overrun *o,
				struct overrun_outcome *out)
{
	for (unsigned i = 0; r->lane->calls != NULL && i < o->calls; i++) {
		out->calls[i].over_contract =
			r->lane->calls->entries[OVERRUN_SOURCE + i].over_contract;
		out->calls[i].placed = r->lane->calls->entries[OVERRUN_SOURCE + i].placed;
	}
}

/* On a rig that the caller started. */
static inline void overrun_send(struct rig *r, const struct overrun *o, size_t n,
				struct overrun_outcome *out)
{
	size_t first = 0;

	for (size_t i = 1; i <= n; i++) {
		if (i < n && i - first < BURST_MAX &&
		    overrun_packets[i].ns == overrun_packets[first].ns)
			continue;
		overrun_police(r, o, &overrun_packets[first], i - first, out);
		first = i;
	}
	overrun_look(r, o, out);
	overrun_sum(o, out);
}

static inline struct overrun_outcome overrun_run(const struct overrun *o)
{
	struct overrun_outcome out = {0};
	struct rig r;

	rig_init(&r);
	r.lane_config.seed = o->seed + o->drop_seed;
	rig_contract(&r, VOICE, o->exceed, o->cir_bps, o->burst_bytes);
	rig_start(&r);
	overrun_send(&r, o, overrun_arrivals(o), &out);
	rig_stop(&r);
	return out;
}

#endif
