/* SPDX-License-Identifier: BSD-3-Clause */
/* See link.h. */
#include "ef/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "ef/latency.h"
#include "support/frames.h"
#include "support/mbufs.h"
#include "support/random.h"

enum {
	VOICE = 1,
	OTHER = 2,
	VOICE_PORT = 50000,
	VOICE_IP_BYTES = 200,
	VOICE_FRAME_BYTES = VOICE_IP_BYTES + ETHERNET_HEADER_BYTES,
	MAX_FRAME_BYTES = 1500 + ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES,
	FCS_BYTES = 4,
	UDP_FRAME_BYTES = ETHERNET_HEADER_BYTES + 28,
	BURST_MIN = 3036,
	BACKLOG = 24, /* frames of best effort that always wait */
	CONTROL_HEAP = 60,
	TAG_VID = 110,
};

#define SECOND UINT64_C(1000000000)

struct run {
	const struct ef_link *link;
	struct random random;
	struct policy *policy;
	struct lane *lane;
	struct ef_packet *packets;
	uint64_t now_ns, burst_bytes;
	unsigned __int128 line_nb; /* the link is busy until then, in nanobits at its rate */
	uint32_t offered, waiting; /* voice that came; others that wait */
	uint64_t queue_ns, delay_ns;
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void die(const char *what)
{
	fprintf(stderr, "edgemark: the EF run failed: %s\n", what);
	abort();
}

static struct class_spec class_of(uint8_t slot, uint8_t dscp, bool strict)
{
	return (struct class_spec){.slot = slot,
				   .epoch = 1,
				   .dscp = dscp,
				   .strict = strict,
				   .weight = 1,
				   .queue_ns = SECOND,
				   .queue_packets = QUEUE_PACKETS_DEFAULT};
}

static void dropped(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
		    uint8_t class_slot, uint64_t now_ns)
{
	struct run *r = context;

	(void)frame;
	(void)reason;
	(void)now_ns;
	r->waiting -= class_slot != VOICE;
}

static void build(struct run *r)
{
	const struct ef_link *l = r->link;
	const struct lane_config config = {
		.socket_id = SOCKET_ID_ANY, .seed = 1, .drop_tap = dropped, .drop_context = r};
	const struct class_spec classes[] = {class_of(VOICE, DSCP_EF, !l->not_strict),
					     class_of(OTHER, DSCP_CS0, false)};
	const struct rule_spec rule = {.source_port = {true, VOICE_PORT, VOICE_PORT},
				       .protocol = MATCH_ANY,
				       .vlan = MATCH_ANY,
				       .dscp = MATCH_ANY,
				       .class_slot = VOICE,
				       .epoch = 1};
	const struct contract_spec contract = {.epoch = 1,
					       .class_slots = 1u << VOICE,
					       .cir_bps = l->cir_bps,
					       .burst_bytes = r->burst_bytes,
					       .account = ACCOUNT_IP,
					       .exceed = EXCEED_POLICE};
	const struct policy_spec spec = {
		.generation = 1,
		.classes = classes,
		.class_count = 2,
		.default_slot = OTHER,
		.rules = &rule,
		.rule_count = 1,
		.contracts = &contract,
		.contract_count = 1,
		.allowed_dscp = ~UINT64_C(0),
		.untagged = l->tagged ? TAG_VID : UNTAGGED_KEEP,
		.egress = {.rate_bps = l->rate_bps,
			   .account = ACCOUNT_WIRE,
			   .max_frame_bytes = MAX_FRAME_BYTES},
	};

	r->lane = lane_create(&config);
	if (!r->lane || policy_build(&spec, NULL, &r->policy) < 0 ||
	    lane_prepare(r->lane, r->policy) < 0)
		die("no memory");
	lane_adopt(r->lane, r->policy, r->now_ns);
}

/* --- what comes ------------------------------------------------------------------------ */

static void receive(struct run *r, const struct frame_spec *spec, uint32_t n)
{
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length = frame_build(spec, bytes, sizeof(bytes));
	struct burst b = {.now_ns = r->now_ns};

	for (; n > 0; n--) {
		/* its number, for the departure; ours, not the network's byte order */
		memcpy(bytes + length - sizeof(r->offered), &r->offered, sizeof(r->offered));
		if (spec->source_port == VOICE_PORT)
			r->packets[r->offered++] = (struct ef_packet){.arrival_ns = r->now_ns,
								      .bytes = VOICE_IP_BYTES};
		b.frame[b.count++] = mbuf_from(bytes, length);
		if (b.count < 32 && n > 1)
			continue;
		pipeline_run(r->lane, r->policy, &b);
		b.count = 0;
	}
}

static void receive_voice(struct run *r, uint32_t n)
{
	struct frame_spec s = frame_udp4("10.1.2.3", VOICE_PORT, "10.8.0.1", 3478);

	s.payload_bytes = VOICE_FRAME_BYTES - UDP_FRAME_BYTES;
	receive(r, &s, RTE_MIN(n, r->link->packets - r->offered));
}

/* As much as wants to go, and always the longest where nothing else is asked for. */
static void receive_others(struct run *r)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 60000, "10.8.0.1", 9);

	s.payload_bytes = r->link->other_bytes - FCS_BYTES - UDP_FRAME_BYTES;
	if (r->waiting >= BACKLOG)
		return;
	r->waiting += BACKLOG;
	receive(r, &s, BACKLOG);
}

/* Far more than its cap lets ahead. */
static void receive_control(struct run *r)
{
	struct frame_spec s = random_chance(&r->random, 50) ? frame_lldp() : frame_arp();

	if (random_chance(&r->random, 30))
		s.payload_bytes = random_between(&r->random, 46, 1480);
	r->waiting += CONTROL_HEAP;
	receive(r, &s, CONTROL_HEAP);
}

/* --- what leaves ----------------------------------------------------------------------- */

static void cross(struct run *r, const struct rte_mbuf *frame)
{
	uint64_t bytes = larger(frame->pkt_len, ETHERNET_MIN_BYTES) + WIRE_OVERHEAD_BYTES;
	unsigned __int128 now_nb = (unsigned __int128)r->now_ns * r->link->rate_bps;

	r->line_nb = RTE_MAX(r->line_nb, now_nb) + bytes * UINT64_C(8000000000);
}

static void settle(struct run *r, const struct rte_mbuf *frame)
{
	uint8_t number[sizeof(r->offered)];
	struct ef_packet *p;
	uint32_t at;

	cross(r, frame);
	if (lane_frame_class(frame) != VOICE) {
		r->waiting--;
		return;
	}
	memcpy(&at,
	       rte_pktmbuf_read(frame, frame->pkt_len - (uint32_t)sizeof(at), sizeof(at), number),
	       sizeof(at));
	p = &r->packets[at];
	p->departure_ns = (uint64_t)((r->line_nb + r->link->rate_bps - 1) / r->link->rate_bps);
	r->queue_ns = larger(r->queue_ns, r->now_ns - p->arrival_ns);
	r->delay_ns = larger(r->delay_ns, p->departure_ns - p->arrival_ns);
}

/* Each frame leaves at the very nanosecond at which it may; the link never idles. */
static void send_until(struct run *r, uint64_t until_ns)
{
	struct rte_mbuf *out[BURST_MAX];
	uint64_t next_ns;

	while (receive_others(r), (next_ns = schedule_next(r->lane, r->now_ns)) <= until_ns) {
		uint32_t n;

		r->now_ns = larger(r->now_ns, next_ns);
		n = schedule_dequeue(r->lane, r->now_ns, out, BURST_MAX);
		for (uint32_t i = 0; i < n; i++)
			settle(r, out[i]);
		rte_pktmbuf_free_bulk(out, n);
	}
	r->now_ns = until_ns;
}

/* --- the run ---------------------------------------------------------------------------- */

static uint64_t ns_of(uint64_t bytes, uint64_t rate_bps)
{
	return bytes * 8 * SECOND / rate_bps + 1;
}

/* The next heap: often just behind a departure, which is when the wait is longest. */
static void next_moment(struct run *r)
{
	uint64_t then_ns =
		r->now_ns + random_u64(&r->random) % ns_of(r->burst_bytes, r->link->cir_bps);

	if (random_chance(&r->random, 20)) /* a full bucket for what comes */
		then_ns += ns_of(r->burst_bytes, r->link->cir_bps);
	send_until(r, then_ns);
	if (random_chance(&r->random, 50))
		send_until(r, schedule_next(r->lane, r->now_ns) + random_below(&r->random, 2));
}

static void overrun(struct run *r)
{
	uint32_t most = (uint32_t)(r->burst_bytes / VOICE_IP_BYTES) + 1;

	while (r->offered < r->link->packets) {
		next_moment(r);
		receive_voice(r, random_chance(&r->random, 40) ? most
							       : random_between(&r->random, 1, 4));
		if (r->link->link_control && random_chance(&r->random, 40)) {
			send_until(r, r->now_ns + random_below(&r->random, 2));
			receive_control(r);
		}
	}
	send_until(r, r->now_ns + SECOND);
	lane_flush(r->lane, r->now_ns);
}

static void find_bounds(const struct run *r, struct ef_outcome *o)
{
	const struct ef_link *l = r->link;
	uint64_t control_bps = larger(l->rate_bps / LINK_CONTROL_SHARE, LINK_CONTROL_BPS_MIN);
	uint64_t control =
		larger(control_bps / 8 * LINK_CONTROL_BURST_MS / 1000, LINK_CONTROL_BURST_MIN);
	uint64_t bucket =
		MAX_FRAME_BYTES + WIRE_OVERHEAD_BYTES + l->rate_bps * LINK_TURN_US / 8000000 + 1;
	uint64_t voice = r->burst_bytes / VOICE_IP_BYTES *
			 (VOICE_FRAME_BYTES + WIRE_OVERHEAD_BYTES +
			  (l->tagged ? (uint64_t)VLAN_TAG_BYTES : 0));

	if (!l->link_control)
		control_bps = control = 0;
	o->error_bound_ns = ns_of(bucket + control, l->rate_bps - control_bps);
	o->delay_bound_ns = ns_of(bucket + control + voice, l->rate_bps - control_bps);
}

/* What the contract dropped is not of the aggregate. */
static uint32_t compact(struct ef_packet *packets, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++)
		if (packets[i].departure_ns > 0)
			packets[kept++] = packets[i];
	return kept;
}

struct ef_outcome ef_link_run(const struct ef_link *link)
{
	struct run r = {.link = link, .random = random_seeded(link->seed), .now_ns = SECOND};
	struct ef_outcome o = {0};

	r.burst_bytes = larger(link->cir_bps / 8 / 50, BURST_MIN);
	r.packets = calloc(link->packets, sizeof(*r.packets));
	if (!r.packets)
		die("no memory");
	build(&r);
	overrun(&r);
	o.admitted = compact(r.packets, r.offered);
	if (o.admitted == 0)
		die("no packet of voice was admitted");
	o.e_a_ns = ef_error_aggregate(r.packets, o.admitted, link->cir_bps);
	o.e_p_ns = ef_error_packet(r.packets, o.admitted, link->cir_bps);
	o.queue_ns = r.queue_ns;
	o.delay_ns = r.delay_ns;
	find_bounds(&r, &o);
	lane_destroy(r.lane);
	policy_free(r.policy);
	free(r.packets);
	return o;
}
