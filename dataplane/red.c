/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RED: an average of the queue's length, and a drop probability that grows with it.
 * The average is kept as rte_red keeps it: units << (RTE_RED_SCALING + wq_log2).
 */
#include "red.h"

#include <errno.h>

#include <rte_common.h>

#include "policy.h"

static int config_build(struct rte_red_config *out, const struct red_spec *spec, uint32_t low,
			uint32_t high)
{
	if (high <= low) /* a limit of very few packets, or rounded together */
		high = low + 1;
	return rte_red_config_init(out, spec->weight_log2, (uint16_t)low, (uint16_t)high,
				   spec->max_probability_inverse);
}

int red_profile_build(struct red_profile *out, const struct red_spec *spec, uint32_t limit_packets,
		      uint64_t packet_ns)
{
	uint32_t low = spec->min_packets ? spec->min_packets : limit_packets / 4;
	uint32_t high = spec->max_packets ? spec->max_packets : limit_packets - limit_packets / 4;

	if (spec->min_packets && spec->max_packets && low >= high)
		return -EINVAL;
	*out = (struct red_profile){.enabled = true, .packet_ns = packet_ns ? packet_ns : 1};
	while ((high >> out->unit_shift) > RTE_RED_MAX_TH_MAX)
		out->unit_shift++;
	for (uint32_t colour = COLOUR_GREEN; colour < COLOURS; colour++)
		if (config_build(&out->config[colour], spec,
				 (low >> out->unit_shift) * (COLOURS - colour) / COLOURS,
				 (high >> out->unit_shift) * (COLOURS - colour) / COLOURS) != 0)
			return -EINVAL;
	return 0;
}

static uint32_t next_random(uint64_t *state) /* xorshift64* (Vigna, 2014) */
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

/* The average after `packets` packet times of an empty queue: avg * (1 - 2^-wq)^packets. */
static uint32_t decayed(uint32_t avg, uint8_t wq_log2, uint64_t packets)
{
	uint64_t factor = UINT64_C(1) << 32;
	uint64_t power = (UINT64_C(1) << 32) - (UINT64_C(1) << (32 - wq_log2));

	for (; packets && factor; packets >>= 1) {
		if (packets & 1)
			factor = factor * power >> 32;
		power = power * power >> 32;
	}
	return (uint32_t)(avg * factor >> 32);
}

/* pa = pb / (2 - count*pb), as rte_red has it: the gaps between drops are even, and their
 * mean is 1/pb. */
static bool lot_falls(struct rte_red *red, const struct rte_red_config *c, uint64_t *random)
{
	uint64_t numerator = (red->avg - c->min_th) >> c->wq_log2;
	uint64_t counted = red->count * numerator;

	if (counted >= c->pa_const)
		return true;
	return (next_random(random) * (c->pa_const - counted)) >> 32 < numerator;
}

bool red_drops(struct rte_red *red, const struct red_profile *p, enum colour colour,
	       uint32_t queued, uint64_t now_ns, uint64_t *random)
{
	const struct rte_red_config *c = &p->config[colour];

	if (queued == 0) {
		uint64_t idle_ns = now_ns > red->q_time ? now_ns - red->q_time : 0;

		red->avg = decayed(red->avg, c->wq_log2, idle_ns / p->packet_ns);
		return false;
	}
	queued = RTE_MIN(queued >> p->unit_shift, (uint32_t)RTE_RED_MAX_TH_MAX);
	red->avg += (queued << RTE_RED_SCALING) - (red->avg >> c->wq_log2);
	if (red->avg < c->min_th) {
		red->count = 0;
		return false;
	}
	if (red->avg < c->max_th && !lot_falls(red, c, random)) {
		red->count++;
		return false;
	}
	red->count = 0;
	return true;
}
