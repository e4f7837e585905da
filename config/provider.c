/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The burst to meter with, so that the provider agrees. The contract's burst is what the
 * provider grants, and its meter sees the packets after our link: one that waited there
 * comes closer to those behind it than it was on arrival.
 *
 * A strict class is served at the link's rate R, less the rates of what goes ahead of it,
 * after a latency T = (what the link's bucket sends at once + bursts of what goes ahead) / R:
 * one largest frame, and LINK_TURN_US of the rate. Arrivals within r*t + b then leave within r*t +
 * b + r*T (network calculus: the output bound of a rate-latency server; the class's own burst is
 * not in T, as a packet behind others of its class is as far from them as the link serves them,
 * which is no faster than r). So the meter's burst is the provider's less CIR*T. This is at most
 * CIR times the class's whole delay bound.
 */
#include "config.h"

enum { BITS = 8 };
#define NS_PER_SECOND UINT64_C(1000000000)

static uint64_t counted_bytes(enum account account, int32_t overhead_bytes, uint64_t ip_bytes,
			      uint64_t tag_bytes)
{
	int64_t bytes = (int64_t)ip_bytes + overhead_bytes;

	if (account != ACCOUNT_IP)
		bytes += ETHERNET_HEADER_BYTES + (int64_t)tag_bytes;
	if (account == ACCOUNT_WIRE)
		bytes += WIRE_OVERHEAD_BYTES;
	return bytes > 0 ? (uint64_t)bytes : 0;
}

/* What goes ahead of a class, in the link's own bytes. */
struct ahead {
	uint64_t bps, bytes;
};

static const struct config_contract *contract_of(const struct config_policy *p, size_t class_index)
{
	for (size_t i = 0; i < p->contract_count; i++)
		for (size_t k = 0; k < p->contracts[i].class_count; k++)
			if (p->contracts[i].classes[k] == (int)class_index)
				return &p->contracts[i];
	return NULL;
}

/* Of contracts that count less than the link does, by packets of a G.711 call. */
static uint64_t on_link(const struct config_port *port, const struct config_contract *k,
			bool tagged, uint64_t amount)
{
	uint64_t there = config_call_bytes(port->account, port->overhead_bytes, tagged);
	uint64_t here = config_call_bytes(k->account, k->overhead_bytes, tagged);

	if (here == 0 || there <= here)
		return amount;
	return (uint64_t)((unsigned __int128)amount * there / here) + 1;
}

/* What a contract lets pass, all colours together. */
static uint64_t admitted_bps(const struct config_contract *k)
{
	return k->exceed == EXCEED_COLOUR && k->meter == COLOUR_TRTCM ? k->pir_bps : k->cir_bps;
}

static uint64_t admitted_burst(const struct config_contract *k)
{
	if (k->exceed != EXCEED_COLOUR)
		return k->burst_bytes;
	return k->meter == COLOUR_TRTCM ? k->excess_burst_bytes
					: k->burst_bytes + k->excess_burst_bytes;
}

static struct ahead ahead_of(const struct config_policy *p, const struct config_port *port,
			     size_t class_index)
{
	const uint64_t largest =
		counted_bytes(port->account, port->overhead_bytes, port->mtu, 2 * VLAN_TAG_BYTES);
	struct ahead a = {.bps = port->rate_bps / LINK_CONTROL_SHARE};

	if (a.bps < LINK_CONTROL_BPS_MIN)
		a.bps = LINK_CONTROL_BPS_MIN;
	a.bytes = a.bps / BITS * LINK_CONTROL_BURST_MS / 1000;
	if (a.bytes < LINK_CONTROL_BURST_MIN)
		a.bytes = LINK_CONTROL_BURST_MIN;
	/* what is being sent */
	a.bytes += largest + port->rate_bps / BITS * LINK_TURN_US / 1000000 + 1;
	for (size_t i = 0; i < class_index; i++) {
		const struct config_contract *k = contract_of(p, i);

		if (!p->schedule[i].strict)
			continue;
		if (k == NULL || !config_bounds(k)) {
			a.bps += p->schedule[i].ceil_bps;
			a.bytes += 2 * largest; /* a ceiling's burst */
		} else if (k != contract_of(p, class_index)) {
			a.bps += on_link(port, k, p->untagged != UNTAGGED_KEEP, admitted_bps(k));
			a.bytes +=
				on_link(port, k, p->untagged != UNTAGGED_KEEP, admitted_burst(k));
		}
	}
	return a;
}

static bool is_strict(const struct config_policy *p, const struct config_contract *k)
{
	for (size_t i = 0; i < k->class_count; i++)
		if (!p->schedule[k->classes[i]].strict)
			return false;
	return true;
}

/* The latency of the class that is served last of those under the contract. */
static uint64_t latency_ns(const struct config_policy *p, const struct config_port *port,
			   const struct config_contract *k)
{
	size_t last = 0;
	struct ahead a;

	for (size_t i = 0; i < k->class_count; i++)
		last = (size_t)k->classes[i] > last ? (size_t)k->classes[i] : last;
	a = ahead_of(p, port, last);
	if (a.bps >= port->rate_bps)
		return UINT64_MAX;
	return a.bytes * BITS * NS_PER_SECOND / (port->rate_bps - a.bps) + 1;
}

struct config_metering config_metering(const struct config_policy *p,
				       const struct config_port *port,
				       const struct config_contract *k)
{
	struct config_metering m = {.burst_bytes = k->burst_bytes};
	uint64_t least =
		counted_bytes(k->account, k->overhead_bytes, port->mtu, 2 * VLAN_TAG_BYTES);
	unsigned __int128 clump;

	if (port->rate_bps == 0 || !is_strict(p, k) || k->exceed == EXCEED_SHAPE ||
	    k->exceed == EXCEED_COUNT || k->exceed == EXCEED_COLOUR)
		return m;
	m.latency_ns = latency_ns(p, port, k);
	clump = ((unsigned __int128)k->cir_bps * m.latency_ns) / (BITS * NS_PER_SECOND) + 1;
	if (least > k->burst_bytes)
		least = k->burst_bytes;
	m.at_floor = clump > k->burst_bytes - least;
	m.burst_bytes = m.at_floor ? least : k->burst_bytes - (uint64_t)clump;
	return m;
}
