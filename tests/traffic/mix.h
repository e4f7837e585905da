/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The traffic to offer, as a list of periodic flows: calls (RTP, G.711 of 20 ms unless told
 * otherwise) and bulk (any size at any rate). The same mix goes over sockets (send.c) or to a
 * capture (capture.c). Addresses and ports are in host order.
 */
#ifndef CALLGEN_MIX_H
#define CALLGEN_MIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

enum {
	IP_UDP_BYTES = 28,
	RTP_BYTES = 12,
	MIX_PAYLOAD_MAX = 1472,
	MIX_FLOWS_MAX = 4096,
};

struct endpoint {
	uint32_t address;
	uint16_t port;
};

struct flow {
	struct endpoint source, destination;
	bool rtp;
	uint8_t dscp;
	uint16_t payload_bytes; /* of the UDP datagram, mean */
	double swing;		/* and evenly within such a share of it */
	uint8_t payload_type;	/* RFC 3551; of calls, as is the next */
	uint32_t clock_step;	/* of the RTP timestamp, a packet */
	double interval_ns;
	double jitter_ns;	    /* each packet is late by up to so much, at most interval_ns */
	uint64_t start_ns, stop_ns; /* on the mix's own clock, which begins at 0 */
	uint32_t ssrc;
	uint64_t packets; /* sent so far, which is also the next sequence number */
	uint64_t bytes;	  /* of IP, sent so far */
	uint64_t refused; /* by the kernel: neither sent nor counted in packets */
};

struct mix {
	struct flow *flows;
	size_t count;
	uint64_t seed;	     /* of phases, drifts and jitter */
	uint64_t seconds_ns; /* where a flow names no stop */
};

/*
 * Adds a group of flows from its description, "key=value,…":
 *   calls  n, from, ports, to, to-ports, dscp, start, stop, ramp, phase, drift, jitter,
 *          bytes, swing, ptime, type, clock
 *   bulk   kbps, bytes, from, ports, to, to-ports, dscp, start, stop
 * See usage in callgen.c. Prints what is wrong and returns false.
 */
bool mix_add_calls(struct mix *m, char *description);
bool mix_add_bulk(struct mix *m, char *description);

/* A payload of so many bytes has left. */
static inline void flow_sent(struct flow *f, uint16_t payload_bytes)
{
	f->packets++;
	f->bytes += payload_bytes + (uint64_t)IP_UDP_BYTES;
}

void mix_free(struct mix *m);

/* When packet number f->packets of the flow is due; UINT64_MAX after its last. */
uint64_t flow_due(const struct flow *f);

/* Writes the payload of the flow's next packet, and returns its length; buffer of
 * MIX_PAYLOAD_MAX. */
uint16_t flow_payload(const struct flow *f, uint8_t *payload);

bool parse_port_range(const char *text, uint16_t *low, uint16_t *high);

#endif
