/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: bench_meters
 *
 * Our srTCM (dataplane/colour.h) beside rte_meter's, on the same arrivals: how far what is
 * green is from the committed rate, what a clock that steps back grants, and cycles a packet.
 */
#include <inttypes.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_meter.h>

#include "colour.h"
#include "figures.h"
#include "start.h"

enum {
	ARRIVALS = 2000000, /* at twice the rate: a packet more or less is a millionth */
	PACKET = 200,
	BURST_BYTES = 100000,
	LENGTHS = 4096,
	BURST = 32,
	PASSES = 601,
};

struct ours {
	struct meter_profile contract;
	struct colour_profile colour;
	struct meter committed, excess;
};

struct peer {
	struct rte_meter_srtcm_profile profile;
	struct rte_meter_srtcm meter;
};

/* Meters start full; no excess burst to speak of. */
static void start(struct ours *o, struct peer *p, uint64_t bps, uint64_t now_ns)
{
	struct rte_meter_srtcm_params rates = {.cir = bps / 8, .cbs = BURST_BYTES, .ebs = 1};

	o->contract = meter_profile(bps, BURST_BYTES);
	o->colour = (struct colour_profile){.meter = COLOUR_SRTCM, .excess = meter_profile(bps, 1)};
	meter_fill(&o->committed, &o->contract, now_ns);
	meter_fill(&o->excess, &o->colour.excess, now_ns);
	rte_meter_srtcm_profile_config(&p->profile, &rates);
	rte_meter_srtcm_config(&p->meter, &p->profile);
	p->meter.time = 0; /* the arrivals' clock, not the TSC */
}

static enum colour our_colour(struct ours *o, uint64_t now_ns, uint32_t bytes)
{
	colour_refill(&o->committed, &o->excess, &o->contract, &o->colour, now_ns);
	return colour_of(&o->colour, &o->committed, &o->excess, bytes, COLOUR_GREEN);
}

static enum rte_color peer_colour(struct peer *p, uint64_t now_ns, uint32_t bytes)
{
	uint64_t cycles =
		(uint64_t)((unsigned __int128)now_ns * rte_get_tsc_hz() / UINT64_C(1000000000));

	return rte_meter_srtcm_color_blind_check(&p->meter, &p->profile, cycles, bytes);
}

static double error_percent(uint64_t green_packets, uint64_t bps, uint64_t elapsed_ns)
{
	double earned = (double)bps / 8 * (double)elapsed_ns / 1e9;

	return ((double)green_packets * PACKET - BURST_BYTES) / earned * 100 - 100;
}

static void measure_error(uint64_t bps)
{
	uint64_t ours_green = 0, peer_green = 0, now_ns = 0;
	struct ours o;
	struct peer p;

	start(&o, &p, bps, 0);
	for (uint64_t i = 1; i <= ARRIVALS; i++) {
		now_ns = (uint64_t)((unsigned __int128)i * PACKET * UINT64_C(8000000000) /
				    (2 * bps));
		ours_green += our_colour(&o, now_ns, PACKET) == COLOUR_GREEN;
		peer_green += peer_colour(&p, now_ns, PACKET) == RTE_COLOR_GREEN;
	}
	printf("%14.0f  %+12.4f  %+12.4f\n", (double)bps / 1e3,
	       error_percent(ours_green, bps, now_ns), error_percent(peer_green, bps, now_ns));
}

/* Both are emptied; then a clock that is a millisecond behind. */
static void measure_step_back(void)
{
	const uint64_t bps = 10000000, now_ns = 1000000000;
	unsigned ours_green = 0, peer_green = 0;
	struct ours o;
	struct peer p;

	start(&o, &p, bps, 0);
	while (our_colour(&o, now_ns, PACKET) == COLOUR_GREEN)
		;
	while (peer_colour(&p, now_ns, PACKET) == RTE_COLOR_GREEN)
		;
	while (our_colour(&o, now_ns - 1000000, PACKET) == COLOUR_GREEN)
		ours_green++;
	while (peer_colour(&p, now_ns - 1000000, PACKET) == RTE_COLOR_GREEN)
		peer_green++;
	printf("\nbytes that a clock 1 ms behind grants (10 Mbit/s, burst %d): ours %u, rte_meter "
	       "%u\n",
	       BURST_BYTES, ours_green * PACKET, peer_green * PACKET);
}

/* As the data plane does it: the time once a burst. */
static uint32_t our_pass(struct ours *o, const uint32_t *lengths, uint64_t *now_ns)
{
	uint32_t green = 0;

	for (uint32_t i = 0; i < LENGTHS; i += BURST) {
		*now_ns += 1000;
		colour_refill(&o->committed, &o->excess, &o->contract, &o->colour, *now_ns);
		for (uint32_t k = 0; k < BURST; k++)
			green += colour_of(&o->colour, &o->committed, &o->excess, lengths[i + k],
					   COLOUR_GREEN) == COLOUR_GREEN;
	}
	return green;
}

static uint32_t peer_pass(struct peer *p, const uint32_t *lengths, uint64_t *cycles)
{
	uint32_t green = 0;

	for (uint32_t i = 0; i < LENGTHS; i += BURST) {
		*cycles += 2600;
		for (uint32_t k = 0; k < BURST; k++)
			green += rte_meter_srtcm_color_blind_check(&p->meter, &p->profile, *cycles,
								   lengths[i + k]) ==
				 RTE_COLOR_GREEN;
	}
	return green;
}

/* bps: a burst of 32 takes a microsecond, and 32 packets of 200 bytes are 51 Gbit/s. */
static int measure_cycles(const char *what, uint64_t bps)
{
	static struct samples ours, peer;
	static uint32_t lengths[LENGTHS];
	uint64_t now_ns = 0, cycles = 0, green = 0;
	struct figure a, b;
	struct ours o;
	struct peer p;

	for (uint32_t i = 0; i < LENGTHS; i++)
		lengths[i] = PACKET;
	start(&o, &p, bps, 0);
	ours.count = peer.count = 0;
	for (uint32_t pass = 0; pass < PASSES; pass++) {
		uint64_t begun = stamp();

		green += our_pass(&o, lengths, &now_ns);
		samples_add(&ours, (double)(stamp() - begun) / LENGTHS);
		begun = stamp();
		green += peer_pass(&p, lengths, &cycles);
		samples_add(&peer, (double)(stamp() - begun) / LENGTHS);
	}
	a = samples_figure(&ours);
	b = samples_figure(&peer);
	printf("%-24s %8.1f  %8.1f   (least %.1f and %.1f)\n", what, a.median, b.median, a.least,
	       b.least);
	return green > 0 ? 0 : 1;
}

int main(void)
{
	static const uint64_t rates[] = {64000,	    2000000,	3953104,     10000000,
					 100000000, 1000000000, 10000000000, 40000000000};
	int failed;
	bool huge;

	if (bench_start("bench_meters", &huge) < 0)
		return 1;
	printf("error of the green rate in %%, at twice the rate, 200-byte packets, TSC %.1f MHz\n",
	       (double)rte_get_tsc_hz() / 1e6);
	printf("%14s  %12s  %12s\n", "CIR kbit/s", "ours", "rte_meter");
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		measure_error(rates[i]);
	measure_step_back();
	printf("\n%-24s %8s  %8s\n", "cycles a packet", "ours", "rte_meter");
	failed = measure_cycles("all green", UINT64_C(100000000000)) +
		 measure_cycles("half of them red", UINT64_C(25600000000));
	bench_stop();
	return failed;
}
