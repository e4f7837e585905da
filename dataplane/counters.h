/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The figures of one lane, as a snapshot taken by its worker at a burst boundary,
 * so that each snapshot balances:
 *   rx.packets = tx.packets + dropped.packets + queued.packets
 * Bytes are frame lengths without FCS: as received for rx, as they leave for tx (a tag
 * may have been inserted), as they stood for dropped. Queued bytes are by the link's own
 * accounting, which is what the queue's limit counts.
 */
#ifndef EDGEMARK_COUNTERS_H
#define EDGEMARK_COUNTERS_H

#include <stdint.h>

#include "anomaly.h"
#include "drop_reason.h"
#include "policy.h"

struct tally {
	uint64_t packets;
	uint64_t bytes;
};

struct class_counters {
	struct tally rx;       /* classified into it */
	struct tally tx;       /* left by its queue */
	struct tally dropped;  /* by whatever reason */
	struct tally queued;   /* now, counted by walking the queue */
	uint64_t delay_ns_max; /* longest wait of a frame that left, since the last mark */
	uint64_t delay_ns_sum; /* of all that left: the mean is sum / tx.packets */

	/* Delay variation between frames that leave one after the other: RFC 5481's IPDV
	 * (4.1), RFC 3550's D (6.4.1), of the wait in the queue, without its sign. */
	uint64_t delay_ns_last; /* of the frame that left last */
	uint64_t jitter_ns_max; /* since the last mark */
	uint64_t jitter_ns_sum; /* the mean is sum / (tx.packets - 1) */

	/* What can't be subtracted, before the last mark (lane_mark); 0: there was none. */
	uint64_t delay_ns_max_earlier, jitter_ns_max_earlier;
};

struct contract_counters { /* bytes by the contract's own accounting */
	struct tally admitted;
	struct tally dropped;
	struct tally exceeded; /* count: would have been dropped; remark: left as another class;
				* colour: left as yellow or red */
	struct tally colours[COLOURS]; /* colour; red ones also where they are dropped */

	/* protect, filled in by the snapshot: */
	uint32_t places;       /* calls that hold one */
	uint64_t reserved_bps; /* their rates, together */
	uint64_t reserved_burst_bytes;
};

enum {
	TALKERS_SHOWN = 16,
};

struct talker {		/* a source that sends what it should not, by a space-saving sketch */
	uint8_t family; /* 4, 6; 0: unused */
	uint8_t address[16];
	uint64_t packets; /* at most this many */
	uint64_t error;	  /* and at least packets - error */
	uint64_t last_ns; /* of its last packet, by the lane's clock */
};

struct lane_counters {
	uint64_t taken_ns; /* when, by the lane's clock; 0: no worker took it */
	struct tally rx, tx, dropped, queued;
	uint64_t drops[DROP_REASONS];
	uint64_t anomalies[ANOMALIES];
	struct class_counters classes[CLASS_SLOTS]; /* SLOT_LINK_CONTROL among them */
	struct contract_counters contracts[CONTRACT_SLOTS];
	uint64_t intruders;	  /* arrived with EF, and are not of a class whose DSCP is EF */
	uint64_t mismatches;	  /* arrived with a DSCP that is neither 0 nor their class's */
	uint64_t guarded;	  /* DSCP written to 0 by the egress guard */
	uint64_t fragments;	  /* later fragments that took the class of their first */
	uint64_t orphans;	  /* later fragments whose first was not seen */
	uint64_t decided_by_port; /* IP packets that cost one table load */
	uint64_t decided_by_acl;  /* IP packets that rte_acl was asked about */
	uint64_t no_rule;	  /* IP packets that no rule matched */
	uint64_t calls_begun;	  /* entries of the call table, ever */
	uint64_t calls_untracked; /* packets of calls that found no room there */
	struct talker intruder_talkers[TALKERS_SHOWN];
	struct talker mismatch_talkers[TALKERS_SHOWN];

	/* Another epoch in a slot: another owner, whose figures began at 0. */
	uint32_t class_epochs[CLASS_SLOTS];
	uint32_t contract_epochs[CONTRACT_SLOTS];
};

#endif
