/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a policy's classes, contracts and egress port to the scheduler's profile: what
 * the rates mean in bytes and nanoseconds. Thread: control.
 */
#include "schedule.h"

#include <errno.h>
#include <string.h>

enum {
	CONTROL_QUEUE_PACKETS = 1024,
	BURST_BYTES_MIN = 3036, /* two full frames */
	ROUND_FRAMES_MAX = 16,	/* a round of DRR: at most so many frames of one class */
};

#define LINK_CONTROL_BURST_NS (LINK_CONTROL_BURST_MS * UINT64_C(1000000))
#define BURST_NS	      UINT64_C(20000000) /* 20 ms */
#define DELAY_NS_MAX	      (UINT64_MAX / 4)	 /* so that no expiry overflows */
#define CEILING_NS	      UINT64_C(100000) /* 0.1 ms: a turn of the worker's loop, at any rate */
#define LINK_TURN_NS	      (LINK_TURN_US * UINT64_C(1000))

static uint64_t bytes_in(uint64_t rate_bps, uint64_t ns)
{
	unsigned __int128 bytes = (unsigned __int128)rate_bps * ns / NANOBITS_PER_BYTE;

	return bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint32_t largest_link_bytes(const struct egress_spec *e)
{
	int64_t bytes = (int64_t)larger(e->max_frame_bytes, ETHERNET_MIN_BYTES);

	if (e->account == ACCOUNT_WIRE)
		bytes += WIRE_OVERHEAD_BYTES;
	else if (e->account == ACCOUNT_IP)
		bytes -= ETHERNET_HEADER_BYTES;
	bytes += e->overhead_bytes;
	return bytes > 1 ? (uint32_t)bytes : 1;
}

static void build_link(struct schedule_profile *out, const struct egress_spec *e)
{
	uint64_t control_bps = larger(e->rate_bps / LINK_CONTROL_SHARE, LINK_CONTROL_BPS_MIN);

	out->largest_bytes = largest_link_bytes(e);
	out->link_shaped = e->rate_bps != 0;
	if (!out->link_shaped)
		return;
	/* One largest frame, and what comes in between two turns of the worker's loop: a frame
	 * leaves in the first turn at which it is covered, and no token is lost by that. Without
	 * the turn's share a busy link would stay below its rate by half a turn a frame. */
	out->link = meter_profile(e->rate_bps, out->largest_bytes);
	out->link.burst_nb += e->rate_bps * LINK_TURN_NS;
	out->link.fill_ns += LINK_TURN_NS;
	out->link_control =
		meter_profile(control_bps, larger(LINK_CONTROL_BURST_MIN,
						  bytes_in(control_bps, LINK_CONTROL_BURST_NS)));
}

/* Every slot starts as one without a class: a frame that an older policy put there, or
 * still will, leaves with the rest. */
static void build_vacant(struct schedule_profile *out)
{
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++) {
		out->classes[slot].shape_contract = SLOT_NONE;
		out->classes[slot].limit_packets = UINT32_MAX;
		out->classes[slot].limit_bytes = UINT64_MAX;
	}
	out->classes[SLOT_LINK_CONTROL].limit_packets = CONTROL_QUEUE_PACKETS;
	out->present = out->strict = UINT32_C(1) << SLOT_LINK_CONTROL;
	out->strict_order[out->strict_count++] = SLOT_LINK_CONTROL;
}

static int check_classes(const struct policy_spec *spec)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < spec->class_count; i++) {
		const struct class_spec *c = &spec->classes[i];

		if (c->slot >= SLOT_LINK_CONTROL || seen & UINT32_C(1) << c->slot)
			return -EINVAL;
		if (c->weight < 1 || c->weight > WEIGHT_MAX || c->queue_packets < 1 ||
		    c->queue_packets > QUEUE_PACKETS_MAX)
			return -EINVAL;
		seen |= UINT32_C(1) << c->slot;
	}
	return 0;
}

static uint32_t weight_sum(const struct policy_spec *spec)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < spec->class_count; i++)
		sum += spec->classes[i].strict ? 0 : spec->classes[i].weight;
	return sum;
}

/* Bytes a round and unit of weight, the same for all, so that the ratios are exact. One
 * largest frame a round for the smallest weight, unless a round would then take too many
 * frames of the largest; but never below 1/ROUND_FRAMES_MAX of a frame: the turns that
 * a frame waits for are bounded, too. */
static uint32_t quantum_unit(const struct policy_spec *spec, uint32_t largest_bytes)
{
	uint32_t lightest = WEIGHT_MAX, heaviest = 1;
	uint32_t frame, round, least;

	for (size_t i = 0; i < spec->class_count; i++) {
		const struct class_spec *c = &spec->classes[i];

		if (c->strict)
			continue;
		lightest = (uint32_t)smaller(lightest, c->weight);
		heaviest = (uint32_t)larger(heaviest, c->weight);
	}
	frame = (largest_bytes + lightest - 1) / lightest;
	round = largest_bytes * ROUND_FRAMES_MAX / heaviest;
	least = largest_bytes / (ROUND_FRAMES_MAX * lightest) + 1;
	return (uint32_t)larger(smaller(frame, round), least);
}

static const struct contract_spec *contract_of(const struct policy_spec *spec, uint8_t slot)
{
	for (size_t i = 0; i < spec->contract_count; i++)
		if (spec->contracts[i].class_slots & UINT32_C(1) << slot)
			return &spec->contracts[i];
	return NULL;
}

/* The rate that a class's queue is measured by; 0: none. */
static uint64_t queue_rate(const struct policy_spec *spec, const struct class_spec *c)
{
	const struct contract_spec *contract = contract_of(spec, c->slot);
	uint64_t share;

	if (c->rate_bps)
		return c->rate_bps;
	if (c->strict)
		return contract ? contract->cir_bps : c->ceil_bps;
	share = spec->egress.rate_bps * c->weight / larger(weight_sum(spec), c->weight);
	share = larger(share, spec->egress.rate_bps != 0);
	if (c->ceil_bps && (share == 0 || c->ceil_bps < share))
		return c->ceil_bps;
	return share;
}

static int build_queue(struct schedule_class *out, const struct policy_spec *spec,
		       const struct class_spec *c, uint32_t largest)
{
	uint64_t rate = queue_rate(spec, c);
	uint64_t packets = c->queue_packets;

	out->limit_packets = c->queue_packets;
	if (rate) {
		out->limit_bytes = larger(bytes_in(rate, c->queue_ns), 2 * (uint64_t)largest);
		packets = smaller(packets, out->limit_bytes / largest);
	}
	if (!c->red.enabled)
		return 0;
	return red_profile_build(&out->red, &c->red, (uint32_t)packets,
				 rate ? largest * (uint64_t)NANOBITS_PER_BYTE / rate : 0);
}

static int build_class(struct schedule_profile *out, const struct policy_spec *spec,
		       const struct class_spec *c)
{
	const struct contract_spec *contract = contract_of(spec, c->slot);
	const uint64_t two_frames = 2 * (uint64_t)out->largest_bytes;
	const uint32_t bit = UINT32_C(1) << c->slot;
	struct schedule_class *class = &out->classes[c->slot];

	out->present |= bit;
	class->epoch = c->epoch;
	class->quantum *= c->weight;
	if (c->strict) {
		out->strict |= bit;
		out->strict_order[out->strict_count++] = c->slot;
	} else if (c->rate_bps) {
		out->guaranteed |= bit;
		class->guarantee = meter_profile(
			c->rate_bps, larger(two_frames, bytes_in(c->rate_bps, BURST_NS)));
	}
	if (c->ceil_bps) {
		out->ceiled |= bit;
		class->ceiling = meter_profile(
			c->ceil_bps, larger(two_frames, bytes_in(c->ceil_bps, CEILING_NS)));
	}
	if (contract && contract->exceed == EXCEED_SHAPE) {
		out->shaped |= bit;
		class->shape = meter_profile(contract->cir_bps, contract->burst_bytes);
		class->shape_contract = contract->slot;
		class->max_delay_ns = smaller(contract->max_delay_ns, DELAY_NS_MAX);
	}
	if (contract && contract->exceed == EXCEED_COLOUR)
		out->coloured |= bit;
	return build_queue(class, spec, c, out->largest_bytes);
}

static void gather_limits(struct schedule_profile *out)
{
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++)
		out->limits[slot] =
			(struct schedule_limit){.bytes = out->classes[slot].limit_bytes,
						.packets = out->classes[slot].limit_packets,
						.red = out->classes[slot].red.enabled};
}

int schedule_profile_build(struct schedule_profile *out, const struct policy_spec *spec)
{
	uint32_t unit;
	int err = check_classes(spec);

	if (err)
		return err;
	for (size_t i = 0; i < spec->contract_count; i++)
		if (spec->contracts[i].slot >= CONTRACT_SLOTS || spec->contracts[i].cir_bps < 1)
			return -EINVAL;
	memset(out, 0, sizeof(*out));
	build_link(out, &spec->egress);
	build_vacant(out);
	unit = quantum_unit(spec, out->largest_bytes);
	for (uint32_t slot = 0; slot < CLASS_SLOTS; slot++)
		out->classes[slot].quantum = unit;
	for (size_t i = 0; i < spec->class_count && !err; i++)
		err = build_class(out, spec, &spec->classes[i]);
	gather_limits(out);
	return err;
}
