/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The oracle: what edgemark ought to do with a frame, computed the slow and plain way
 * from the contract alone, sharing no code with the data plane: a parser that goes byte
 * by byte over a flat frame, a walk over the rules in order, a token bucket in 128-bit
 * integers, and a marker that writes the whole frame anew. It reads a policy_spec, as
 * control writes it, and never a built policy.
 */
#ifndef EDGEMARK_TESTS_ORACLE_H
#define EDGEMARK_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters.h"
#include "dataplane/policy.h"

enum oracle_kind { ORACLE_OTHER, ORACLE_IPV4, ORACLE_IPV6, ORACLE_LINK_CONTROL, ORACLE_PAUSE };

struct oracle_packet {
	const uint8_t *bytes;
	uint32_t length;

	enum oracle_kind kind;
	enum anomaly anomaly;
	bool link_local;
	unsigned tags;
	int vlan, pcp;	  /* of the outermost tag; -1: untagged */
	uint32_t payload; /* offset of what follows the last EtherType */
	uint32_t ip_bytes;

	int family; /* 4, 6; 0: not IP */
	uint8_t source[16], destination[16];
	unsigned dscp, protocol;
	bool ports_known;
	unsigned source_port, destination_port;
	bool fragment_header; /* IPv6 */
	bool first_fragment, later_fragment;
	uint32_t fragment_id;
	unsigned fragment_protocol; /* what the datagram's key has */
};

void oracle_parse(const uint8_t *frame, uint32_t length, struct oracle_packet *out);

/* The first rule that matches, in order, or NULL. */
const struct rule_spec *oracle_walk(const struct policy_spec *policy,
				    const struct oracle_packet *packet);
bool oracle_rule_matches(const struct rule_spec *rule, const struct oracle_packet *packet);

/* The class of a packet that no rule matched. */
uint8_t oracle_trusted_class(const struct policy_spec *policy, const struct oracle_packet *packet);

const struct class_spec *oracle_class(const struct policy_spec *policy, uint8_t slot);

/* --- token bucket: level in bit-nanoseconds per second, exact ------------------------ */
struct oracle_bucket {
	uint64_t cir_bps;
	__int128 level, full; /* bits x 10^9 */
	uint64_t seen_ns;     /* the time of the last look, wherever the clock stands now */
	bool started;
};

void oracle_bucket_set(struct oracle_bucket *b, uint64_t cir_bps, uint64_t burst_bytes,
		       uint64_t now_ns);
void oracle_bucket_pass(struct oracle_bucket *b, uint64_t now_ns); /* time passes */
bool oracle_bucket_admit(struct oracle_bucket *b, uint64_t now_ns, uint64_t bytes);

/* --- marker -------------------------------------------------------------------------- */
/* Writes the frame as it leaves into out (length + 4 at most) and returns its length. */
uint32_t oracle_mark(const struct policy_spec *policy, const struct oracle_packet *packet,
		     uint8_t class_slot, uint8_t *out);

/* Length of the frame as it leaves. */
uint32_t oracle_leaving_bytes(const struct policy_spec *policy, const struct oracle_packet *packet);

/* --- all of it ------------------------------------------------------------------------ */
enum {
	ORACLE_FRAGMENTS = 256, /* datagrams remembered; tests keep fewer alive */
	ORACLE_FRAME_MAX = 10240,
};

struct oracle_datagram {
	int family;
	uint8_t source[16], destination[16];
	unsigned protocol;
	uint32_t id;
	uint64_t seen_ns;
	bool used, drop;
	uint8_t class_slot;
};

struct oracle {
	const struct policy_spec *policy;
	struct oracle_bucket buckets[CONTRACT_SLOTS];
	struct oracle_datagram datagrams[ORACLE_FRAGMENTS];
	unsigned datagram_next;
	uint64_t rule_hits[RULE_SLOTS];
	struct lane_counters counters; /* what the lane should show, talkers apart */
};

struct oracle_verdict {
	enum oracle_kind kind;
	enum drop_reason drop;
	uint8_t class_slot; /* SLOT_NONE where an ACL or PAUSE dropped it */
	bool ruled;	    /* a rule decided */
	uint32_t length;
	uint8_t bytes[ORACLE_FRAME_MAX]; /* as it leaves */
};

/* Adopts a policy; state that outlives a reload is kept. */
void oracle_adopt(struct oracle *o, const struct policy_spec *policy, uint64_t now_ns);

/* Time passes for all buckets alike: a clock that goes back and forth is the lane's. */
void oracle_run(struct oracle *o, const uint8_t *frame, uint32_t length, uint64_t now_ns,
		struct oracle_verdict *out);

#endif
