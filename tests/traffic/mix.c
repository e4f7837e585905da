/* SPDX-License-Identifier: BSD-3-Clause */
/* From "n=80,from=10.80.0.1,…" to flows, and what a flow's next packet is. */
#include "mix.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CALL_BYTES = IP_UDP_BYTES + RTP_BYTES + 160, /* G.711 of 20 ms */
	CALL_PTIME_MS = 20,
	CALL_TYPE = 8, /* PCMA */
	CALL_CLOCK_HZ = 8000,
};

enum phase { PHASE_RANDOM, PHASE_EVEN, PHASE_SYNC };

struct group {
	unsigned count;
	double kbps;
	unsigned bytes; /* of the IP datagram */
	struct endpoint from, to;
	uint16_t from_last, to_last; /* last port of each range */
	uint8_t dscp;
	double start, stop, ramp; /* seconds; ramp: from the first call's start to the last's */
	enum phase phase;
	double drift_ppm; /* each call's clock is off by up to this */
	double jitter_ms; /* each packet is late by up to this */
	double swing;	  /* sizes: 0.2 is +-20 % of the payload */
	double ptime_ms;
	uint8_t type; /* RTP payload type */
	double clock_hz;
};

/* SplitMix64 (Steele, Lea, Flood): small, seedable, good enough for phases. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static double next_unit(uint64_t *state)
{
	return (double)(next_random(state) >> 11) * 0x1p-53;
}

bool parse_port_range(const char *text, uint16_t *low, uint16_t *high)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (end == text)
		return false;
	if (*end == '-')
		last = strtoul(end + 1, &end, 10);
	if (*end != '\0' || first == 0 || last < first || last > UINT16_MAX)
		return false;
	*low = (uint16_t)first;
	*high = (uint16_t)last;
	return true;
}

static bool parse_address(const char *text, uint32_t *address)
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, text, &parsed) != 1)
		return false;
	*address = ntohl(parsed.s_addr);
	return true;
}

static bool parse_number(const char *text, double low, double high, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == '\0' && *value >= low && *value <= high;
}

static bool parse_phase(const char *text, enum phase *phase)
{
	static const char *const names[] = {"random", "even", "sync"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*phase = (enum phase)i;
			return true;
		}
	return false;
}

enum key {
	N,
	KBPS,
	BYTES,
	FROM,
	PORTS,
	TO,
	TO_PORTS,
	DSCP,
	START,
	STOP,
	RAMP,
	PHASE,
	DRIFT,
	JITTER,
	PTIME,
	TYPE,
	CLOCK,
	SWING,
	KEYS
};

static bool set_codec_key(struct group *g, int key, const char *value)
{
	double number = 0;

	switch (key) {
	case PTIME:
		return parse_number(value, 1, 1000, &g->ptime_ms);
	case TYPE:
		return parse_number(value, 0, 127, &number) && (g->type = (uint8_t)number, true);
	case CLOCK:
		return parse_number(value, 1000, 192000, &g->clock_hz);
	case SWING:
		return parse_number(value, 0, 90, &number) && (g->swing = number / 100, true);
	default:
		return false;
	}
}

static bool set_key(struct group *g, int key, const char *value)
{
	double number = 0;

	switch (key) {
	case N:
		return parse_number(value, 0, MIX_FLOWS_MAX, &number) &&
		       (g->count = (unsigned)number, true);
	case KBPS:
		return parse_number(value, 1, 1e7, &g->kbps);
	case BYTES:
		return parse_number(value, IP_UDP_BYTES + RTP_BYTES, IP_UDP_BYTES + MIX_PAYLOAD_MAX,
				    &number) &&
		       (g->bytes = (unsigned)number, true);
	case FROM:
		return parse_address(value, &g->from.address);
	case PORTS:
		return parse_port_range(value, &g->from.port, &g->from_last);
	case TO:
		return parse_address(value, &g->to.address);
	case TO_PORTS:
		return parse_port_range(value, &g->to.port, &g->to_last);
	case DSCP:
		return parse_number(value, 0, 63, &number) && (g->dscp = (uint8_t)number, true);
	case START:
		return parse_number(value, 0, 1e6, &g->start);
	case STOP:
		return parse_number(value, 0, 1e6, &g->stop);
	case RAMP:
		return parse_number(value, 0, 1e6, &g->ramp);
	case PHASE:
		return parse_phase(value, &g->phase);
	case DRIFT:
		return parse_number(value, 0, 1000, &g->drift_ppm);
	case JITTER:
		return parse_number(value, 0, 1000, &g->jitter_ms);
	default:
		return set_codec_key(g, key, value);
	}
}

static bool parse_group(struct group *g, char *description)
{
	static char *const keys[] = {
		[N] = "n",	   [KBPS] = "kbps",	[BYTES] = "bytes", [FROM] = "from",
		[PORTS] = "ports", [TO] = "to",		[DSCP] = "dscp",   [TO_PORTS] = "to-ports",
		[START] = "start", [STOP] = "stop",	[RAMP] = "ramp",   [PHASE] = "phase",
		[DRIFT] = "drift", [JITTER] = "jitter", [PTIME] = "ptime", [TYPE] = "type",
		[CLOCK] = "clock", [SWING] = "swing",	[KEYS] = NULL,
	};
	char *value;

	while (*description != '\0') {
		const char *item = description;
		int key = getsubopt(&description, keys, &value);

		if (key < 0 || value == NULL || !set_key(g, key, value)) {
			fprintf(stderr, "callgen: '%s': no such key, or its value is wrong\n",
				item);
			return false;
		}
	}
	if (g->from.port == 0 || g->to.port == 0 || g->from.address == 0 || g->to.address == 0) {
		fputs("callgen: from, ports, to and to-ports are needed\n", stderr);
		return false;
	}
	/* Else its packets would overtake each other. */
	if (g->jitter_ms > g->ptime_ms) {
		fputs("callgen: jitter is at most ptime\n", stderr);
		return false;
	}
	return true;
}

/* The side with the wider range of ports is the callers': it takes the next address when its
 * ports are used up. The other is one server, whose ports go round. */
static struct endpoint nth_endpoint(struct endpoint first, unsigned ports, bool caller, unsigned n)
{
	return (struct endpoint){
		.address = first.address + (caller ? n / ports : 0),
		.port = (uint16_t)(first.port + n % ports),
	};
}

static struct flow *add_flow(struct mix *m, const struct group *g, unsigned n)
{
	unsigned from_ports = g->from_last - g->from.port + 1u;
	unsigned to_ports = g->to_last - g->to.port + 1u;
	struct flow *grown;

	if (m->count >= MIX_FLOWS_MAX ||
	    (grown = realloc(m->flows, (m->count + 1) * sizeof(*grown))) == NULL) {
		fprintf(stderr, "callgen: more than %d flows\n", MIX_FLOWS_MAX);
		return NULL;
	}
	m->flows = grown;
	grown += m->count++;
	*grown = (struct flow){
		.source = nth_endpoint(g->from, from_ports, from_ports >= to_ports, n),
		.destination = nth_endpoint(g->to, to_ports, to_ports > from_ports, n),
		.dscp = g->dscp,
		.payload_bytes = (uint16_t)(g->bytes - IP_UDP_BYTES),
		.start_ns = (uint64_t)(g->start * (double)NS_PER_S),
		.stop_ns = g->stop > 0 ? (uint64_t)(g->stop * (double)NS_PER_S) : m->seconds_ns,
		.ssrc = (uint32_t)next_random(&m->seed),
	};
	return grown;
}

static double call_phase(const struct group *g, unsigned n, uint64_t *seed)
{
	switch (g->phase) {
	case PHASE_EVEN:
		return (double)n / g->count;
	case PHASE_SYNC:
		return 0;
	default:
		return next_unit(seed);
	}
}

bool mix_add_calls(struct mix *m, char *description)
{
	struct group g = {
		.bytes = CALL_BYTES,
		.ptime_ms = CALL_PTIME_MS,
		.type = CALL_TYPE,
		.clock_hz = CALL_CLOCK_HZ,
	};
	double interval;

	if (!parse_group(&g, description))
		return false;
	interval = g.ptime_ms * (double)NS_PER_MS;
	for (unsigned n = 0; n < g.count; n++) {
		struct flow *f = add_flow(m, &g, n);
		double step = g.count > 1 ? g.ramp / (g.count - 1) : 0;
		double drift = (2 * next_unit(&m->seed) - 1) * g.drift_ppm * 1e-6;

		if (f == NULL)
			return false;
		f->rtp = true;
		f->payload_type = g.type;
		f->clock_step = (uint32_t)lround(g.clock_hz * g.ptime_ms / 1000);
		f->interval_ns = interval * (1 + drift);
		f->swing = g.swing;
		f->jitter_ns = g.jitter_ms * (double)NS_PER_MS;
		f->start_ns += (uint64_t)(step * n * (double)NS_PER_S +
					  call_phase(&g, n, &m->seed) * interval);
	}
	return true;
}

bool mix_add_bulk(struct mix *m, char *description)
{
	struct group g = {.bytes = 1400, .kbps = 1000};
	struct flow *f;

	if (!parse_group(&g, description) || (f = add_flow(m, &g, 0)) == NULL)
		return false;
	f->interval_ns = g.bytes * 8 * 1e6 / g.kbps;
	return true;
}

void mix_free(struct mix *m)
{
	free(m->flows);
	m->flows = NULL;
	m->count = 0;
}

/* From 0 to 1, the same for the same packet however often it is asked for; salt: of what. */
static double packet_chance(const struct flow *f, uint64_t n, uint64_t salt)
{
	uint64_t state = ((uint64_t)f->ssrc << 32 ^ n) + salt * 0xd1b54a32d192ed03u;

	return next_unit(&state);
}

static double packet_jitter(const struct flow *f, uint64_t n)
{
	return f->jitter_ns > 0 ? packet_chance(f, n, 1) * f->jitter_ns : 0;
}

/* Evenly within the swing round the codec's mean payload. */
static uint16_t packet_bytes(const struct flow *f)
{
	double voice = (double)f->payload_bytes - RTP_BYTES;
	double swing = f->swing > 0 ? (2 * packet_chance(f, f->packets, 2) - 1) * f->swing : 0;
	long bytes = RTP_BYTES + lround(voice * (1 + swing));

	return (uint16_t)(bytes < MIX_PAYLOAD_MAX ? bytes : MIX_PAYLOAD_MAX);
}

uint64_t flow_due(const struct flow *f)
{
	uint64_t n = f->packets + f->refused;
	/* From the start each time, so that no rounding adds up. */
	uint64_t elapsed = (uint64_t)llround((double)n * f->interval_ns + packet_jitter(f, n));
	uint64_t due = f->start_ns + elapsed;

	return due < f->stop_ns ? due : UINT64_MAX;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint16_t flow_payload(const struct flow *f, uint8_t *payload)
{
	uint16_t bytes = packet_bytes(f);
	uint32_t timestamp = (uint32_t)(f->packets * f->clock_step);

	/* RFC 3550, 5.1: version 2, no marker. Bulk numbers its packets in the
	 * same place under version 0, which is not RTP. */
	payload[0] = f->rtp ? 0x80 : 0;
	payload[1] = f->payload_type;
	put16(payload + 2, (uint32_t)f->packets & 0xffff);
	put16(payload + 4, timestamp >> 16);
	put16(payload + 6, timestamp);
	put16(payload + 8, f->ssrc >> 16);
	put16(payload + 10, f->ssrc);
	memset(payload + RTP_BYTES, 0xd5, (size_t)bytes - RTP_BYTES);
	return bytes;
}
