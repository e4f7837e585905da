/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the arguments amount to: the configuration to run, the contract in it that is to be
 * overrun, and the calls' figures by that contract's own account.
 */
#ifndef EDGEMARK_LAB_OVERRUN_PLAN_H
#define EDGEMARK_LAB_OVERRUN_PLAN_H

#include "config/config.h"

#include "overrun_arguments.h"

struct overrun_plan {
	const struct overrun_arguments *arguments;
	uint64_t link_bps; /* 0: not shaped */
	enum account link_account;
	uint16_t mtu;

	/* where the contract is, in the configuration */
	size_t link;
	int policy;
	size_t contract;
	char class_name[64]; /* of voice */
	uint8_t voice_dscp;
	bool alone; /* it covers no other class */

	uint64_t cir_bps, burst_bytes, metered_burst_bytes;
	enum account account;
	int32_t overhead_bytes;
	bool tagged; /* the policy inserts a tag */
	uint16_t port_low, port_high;

	uint32_t payload_bytes, packet_ip_bytes; /* mean */
	uint64_t call_bps;			 /* as the contract counts, rounded down */
	uint32_t contract_calls;		 /* that fit */
	enum exceed exceed[OVERRUN_RUNS_MAX];	 /* the runs to make */
	size_t runs;
};

/* EXIT_OK, EXIT_USAGE or EXIT_CONFIG with its lines on stderr. */
int overrun_plan_make(const struct overrun_arguments *a, struct overrun_plan *p);

/* The configuration of a run. NULL with the errors on stderr; loud: with warnings, too. */
struct config *overrun_plan_config(const struct overrun_plan *p, enum exceed exceed, bool loud);

/* A packet as the contract counts it, on its way out. */
static inline uint32_t overrun_counted(const struct overrun_plan *p, uint32_t ip_bytes)
{
	int64_t bytes = (int64_t)ip_bytes + p->overhead_bytes;

	if (p->account != ACCOUNT_IP)
		bytes += ETHERNET_HEADER_BYTES + (p->tagged ? VLAN_TAG_BYTES : 0);
	if (p->account == ACCOUNT_WIRE)
		bytes += WIRE_OVERHEAD_BYTES;
	return bytes > 0 ? (uint32_t)bytes : 0;
}

#endif
