/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a policy, for the stages: read by workers, written by policy_build()
 * alone. Laid out by who reads it: everything a packet looks up is indexed by class slot.
 */
#ifndef EDGEMARK_POLICY_SNAPSHOT_H
#define EDGEMARK_POLICY_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "classifier.h"
#include "colour.h"
#include "meter.h"
#include "policy.h"
#include "schedule.h"

enum { COLOUR_MASK = 3 }; /* the bits of a colour */

struct class_profile {
	bool present;
	uint8_t dscp;		       /* of the class */
	uint8_t dscp_written[COLOURS]; /* by colour: 0 where the egress guard erases it */
	uint8_t colour_mask;	       /* of a frame's colour: 0 where the contract has none */
	uint8_t pcp;
	uint8_t contract; /* slot, or SLOT_NONE */
	bool calls;	  /* its UDP flows are followed (calls.h) */
	uint32_t epoch;
	rte_be32_t tag; /* as inserted into untagged frames, if the policy does that */
};

struct contract_profile {
	bool present;
	enum exceed exceed;
	enum account account;
	int32_t overhead_bytes;
	uint8_t remark_slot;
	uint32_t class_slots; /* bit per class slot that it covers */
	uint32_t epoch;
	struct meter_profile meter;
	struct meter_profile other; /* protect: for what is no call */
	struct colour_profile colour;
};

struct policy {
	uint64_t generation;
	bool transparent;
	uint8_t default_slot;
	enum trust trust;
	enum tag_pcp tag_pcp;
	int16_t untagged;
	bool strip;
	uint64_t allowed_dscp;
	uint8_t by_dscp[DSCP_VALUES]; /* trust = dscp: class slot */
	uint8_t by_pcp[PCP_VALUES];   /* trust = pcp: class slot */
	uint32_t trusted_count;	      /* 0: every source is trusted */
	struct prefix trusted[TRUSTED_PREFIXES_MAX];
	struct class_profile classes[CLASS_SLOTS];
	bool erases;	       /* the egress guard, some class's DSCP or a colour's */
	uint32_t call_classes; /* bit per class slot with calls */
	uint32_t policed;      /* bit per contract slot that police_burst() meters: all but shape */
	uint32_t protected;    /* bit per contract slot that protects calls */
	struct contract_profile contracts[CONTRACT_SLOTS];
	struct egress_spec egress;
	struct schedule_profile schedule;
	struct classifier *classifier;
};

#endif
