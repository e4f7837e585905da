/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: bench_rates [--quick] [--json FILE]
 *
 * How exact the rates are: contracts (police), the link and ceilings from 64 kbit/s to
 * 10 Gbit/s, frames of 64 to 9,000 bytes, each account; whole frames through the daemon's own
 * pipeline on a virtual clock, the largest in chains of mbufs. From a full bucket: the packets
 * that leave at once against burst / length, and all that left against burst + rate * time.
 * Exit code 1 where a rate is off by more than 0.01 %, or a burst by a packet.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"

enum {
	DATA = 1,
	PACKETS = 20000, /* a packet more or less is half of the bound */
	FCS_BYTES = 4,
	UDP_FRAME_BYTES = ETHERNET_HEADER_BYTES + 28,
	BACKLOG = 64,
	CEILING_US = 100, /* a ceiling's burst, but two largest frames at least */
};

#define SECOND	      UINT64_C(1000000000)
#define NANOBITS      ((__int128)8000000000) /* in a byte */
#define BOUND_PERCENT 0.01

enum kind { CONTRACT, LINK, CEILING, KINDS };

static const char *const kind_names[] = {"contract", "link", "ceiling"};
static const char *const account_names[] = {"ip", "l2", "wire"};

struct cell {
	enum kind kind;
	uint64_t rate_bps;
	uint32_t frame_bytes; /* with FCS */
	enum account account;
};

struct outcome {
	uint64_t at_once, at_once_exact; /* packets from a full bucket */
	double error_percent;
};

struct run {
	struct cell cell;
	struct policy *policy;
	struct lane *lane;
	uint64_t now_ns, left, queued; /* packets */
	uint32_t packet_bytes, length;
	__int128 burst_nb;
	uint8_t frame[FRAME_BYTES_MAX];
};

static uint32_t counted(enum account account, uint32_t frame_bytes)
{
	if (account == ACCOUNT_IP)
		return frame_bytes - FCS_BYTES - ETHERNET_HEADER_BYTES;
	if (account == ACCOUNT_L2)
		return frame_bytes - FCS_BYTES;
	return frame_bytes - FCS_BYTES + WIRE_OVERHEAD_BYTES;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The larger of 20 ms and two frames, and a bit that is no whole packet. */
static uint64_t contract_burst(const struct run *r)
{
	return larger(r->cell.rate_bps / 400, 2 * r->packet_bytes) + r->packet_bytes / 2;
}

static __int128 burst_of(const struct run *r)
{
	const __int128 rate = r->cell.rate_bps;

	switch (r->cell.kind) {
	case CONTRACT:
		return contract_burst(r) * NANOBITS;
	case LINK:
		return r->packet_bytes * NANOBITS + rate * LINK_TURN_US * 1000;
	default:
		return larger(2 * r->packet_bytes, r->cell.rate_bps * CEILING_US / 8000000) *
		       NANOBITS;
	}
}

static int start(struct run *r)
{
	const struct cell *c = &r->cell;
	const struct lane_config config = {.socket_id = SOCKET_ID_ANY, .seed = 1};
	const struct class_spec class = {.slot = DATA,
					 .epoch = 1,
					 .weight = 1,
					 .ceil_bps = c->kind == CEILING ? c->rate_bps : 0,
					 .queue_ns = 1000 * SECOND,
					 .queue_packets = QUEUE_PACKETS_MAX / 16};
	const struct contract_spec contract = {.epoch = 1,
					       .class_slots = 1u << DATA,
					       .cir_bps = c->rate_bps,
					       .burst_bytes = contract_burst(r),
					       .account = c->account,
					       .exceed = EXCEED_POLICE};
	const struct policy_spec spec = {
		.generation = 1,
		.classes = &class,
		.class_count = 1,
		.default_slot = DATA,
		.contracts = &contract,
		.contract_count = c->kind == CONTRACT,
		.allowed_dscp = ~UINT64_C(0),
		.untagged = UNTAGGED_KEEP,
		.egress = {.rate_bps = c->kind == LINK ? c->rate_bps : 0,
			   .account = c->account,
			   .max_frame_bytes = c->frame_bytes - FCS_BYTES},
	};

	r->lane = lane_create(&config);
	if (!r->lane || policy_build(&spec, NULL, &r->policy) < 0 ||
	    lane_prepare(r->lane, r->policy) < 0)
		return -ENOMEM;
	lane_adopt(r->lane, r->policy, r->now_ns);
	return 0;
}

static void offer(struct run *r, uint32_t n)
{
	struct burst b = {.now_ns = r->now_ns};

	for (; b.count < n; r->queued++)
		b.frame[b.count++] = mbuf_from(r->frame, r->length);
	pipeline_run(r->lane, r->policy, &b);
}

static uint32_t take(struct run *r)
{
	struct rte_mbuf *out[BURST_MAX];
	uint32_t n = schedule_dequeue(r->lane, r->now_ns, out, BURST_MAX);

	rte_pktmbuf_free_bulk(out, n);
	r->left += n;
	r->queued -= n;
	return n;
}

/* Until nothing more leaves at this time. */
static void take_all(struct run *r)
{
	uint32_t n;

	do {
		if (r->cell.kind == CONTRACT) {
			offer(r, 1);
		} else if (r->queued < BACKLOG) {
			offer(r, BACKLOG / 2);
			offer(r, BACKLOG / 2);
		}
		n = take(r);
	} while (n > 0);
}

/* A quarter more than the contract allows, at even distances. */
static void overrun(struct run *r, uint64_t end)
{
	const __int128 step_nb = r->packet_bytes * NANOBITS * 4 / 5;
	const uint64_t from_ns = r->now_ns;

	for (uint64_t i = 1; r->left < end; i++) {
		r->now_ns = from_ns + (uint64_t)(step_nb * i / r->cell.rate_bps);
		offer(r, 1);
		take(r);
	}
}

static void backlog(struct run *r, uint64_t end)
{
	while (r->left < end) {
		uint64_t next_ns = schedule_next(r->lane, r->now_ns);

		r->now_ns = larger(r->now_ns, next_ns);
		take_all(r);
	}
}

static int measure(const struct cell *c, struct outcome *o)
{
	struct frame_spec s = frame_udp4("10.1.2.3", 50000, "10.8.0.1", 9);
	struct run r = {.cell = *c, .now_ns = SECOND};
	__int128 given_nb, earned_nb;

	s.payload_bytes = c->frame_bytes - FCS_BYTES - UDP_FRAME_BYTES;
	r.length = frame_build(&s, r.frame, sizeof(r.frame));
	r.packet_bytes = counted(c->account, c->frame_bytes);
	r.burst_nb = burst_of(&r);
	if (start(&r) < 0)
		return -ENOMEM;
	take_all(&r);
	o->at_once = r.left;
	o->at_once_exact = (uint64_t)(r.burst_nb / (r.packet_bytes * NANOBITS));
	if (c->kind == CONTRACT)
		overrun(&r, r.left + PACKETS);
	else
		backlog(&r, r.left + PACKETS);
	earned_nb = (__int128)c->rate_bps * (r.now_ns - SECOND);
	given_nb = (__int128)r.left * r.packet_bytes * NANOBITS - r.burst_nb;
	o->error_percent = 100 * (double)(given_nb - earned_nb) / (double)earned_nb;
	lane_flush(r.lane, r.now_ns);
	lane_destroy(r.lane);
	policy_free(r.policy);
	return test_pool_in_use() == 0 ? 0 : -EIO;
}

static bool exact(const struct outcome *o)
{
	return o->at_once == o->at_once_exact && o->error_percent <= BOUND_PERCENT &&
	       o->error_percent >= -BOUND_PERCENT;
}

static void report(const struct cell *c, const struct outcome *o, json_t *all)
{
	printf("%-9s %14.1f %7u %-5s %+12.6f %12" PRIu64 " %12" PRIu64 "%s\n", kind_names[c->kind],
	       (double)c->rate_bps / 1e3, c->frame_bytes, account_names[c->account],
	       o->error_percent, o->at_once, o->at_once_exact, exact(o) ? "" : "  OFF");
	json_array_append_new(all,
			      json_pack("{s:s, s:I, s:i, s:s, s:f, s:I, s:I}", "what",
					kind_names[c->kind], "rate_bps", (json_int_t)c->rate_bps,
					"frame_bytes", (int)c->frame_bytes, "account",
					account_names[c->account], "error_percent",
					o->error_percent, "burst_packets", (json_int_t)o->at_once,
					"burst_packets_exact", (json_int_t)o->at_once_exact));
}

static bool measure_all(bool quick, json_t *all)
{
	static const uint64_t rates[] = {64000,	    256000,    1000000,	   3953100,    10000000,
					 100000000, 997000001, 1000000000, 2500000000, 10000000000};
	static const uint32_t frames[] = {64, 128, 214, 570, 1518, 9000};
	bool good = true;

	printf("%-9s %14s %7s %-5s %12s %12s %12s\n", "what", "rate kbit/s", "frame B", "acct",
	       "error %", "burst pkts", "exact");
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i += quick ? 3 : 1)
			for (size_t k = 0; k < sizeof(frames) / sizeof(frames[0]); k++)
				for (int a = quick ? (int)(k % 3) : 0; a < 3; a += quick ? 3 : 1) {
					struct cell c = {(enum kind)kind, rates[i], frames[k],
							 (enum account)a};
					struct outcome o;

					if (measure(&c, &o) < 0)
						return false;
					report(&c, &o, all);
					good &= exact(&o);
				}
	return good;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"json", required_argument, NULL, 'j'},
					      {"quick", no_argument, NULL, 'q'},
					      {NULL, 0, NULL, 0}};
	const char *json = NULL;
	json_t *all = json_array();
	bool quick = false, good;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'j')
			json = optarg;
		quick |= option == 'q';
		if (option == '?')
			return 2;
	}
	if (test_eal_start() != 0)
		return 1;
	good = measure_all(quick, all);
	if (json && json_dump_file(all, json, JSON_INDENT(2)) != 0) {
		fprintf(stderr, "edgemark: can't write %s\n", json);
		good = false;
	}
	json_decref(all);
	return good ? 0 : 1;
}
