/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration, checked and complete: every default is filled in, every name is
 * resolved to an index, every number is in its unit. Made by config_load(); nothing
 * downstream knows libconfig or a default value.
 */
#ifndef EDGEMARK_CONFIG_MODEL_H
#define EDGEMARK_CONFIG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/diffserv.h"

enum { CONFIG_NONE = -1 }; /* an index that names nothing */

struct config_where { /* where an object was written, for messages */
	const char *file;
	unsigned line;
	unsigned order; /* of reading, across included files */
};

struct config_port {
	char *device;
	uint64_t rate_bps;    /* 0: not shaped */
	enum account account; /* what rate_bps counts; ACCOUNT_WIRE by default */
	int32_t overhead_bytes;
	uint16_t mtu; /* 576-MTU_MAX; MTU_DEFAULT by default */
};

struct config_link {
	char *name;
	struct config_port lan, wan;
	int policy[DIRECTIONS]; /* index, or CONFIG_NONE: forward unmodified */
	struct config_where where;
};

struct config_class {
	char *name;
	uint8_t dscp, pcp;
	bool calls; /* its UDP flows are followed as calls; with EF by default */
	struct config_where where;
};

struct config_prefix {
	uint8_t family; /* 0: not named, 4 or 6 */
	uint8_t length;
	uint8_t address[16]; /* network order, host bits zero; IPv4 in the first four bytes */
};

struct config_port_range {
	bool named;
	uint16_t low, high;
};

struct config_rule {
	uint32_t seq; /* 1-4294967295, unique in its ACL or profile */
	char *acl;    /* the ACL's or profile's name, as shown in rules[]{acl, seq} */
	struct config_prefix source, destination;
	struct config_port_range source_port, destination_port;
	int16_t protocol, vlan, dscp; /* MATCH_ANY where not named */
	bool drop;
	int class_index; /* CONFIG_NONE where drop */
	struct config_where where;
};

struct config_profile { /* a shipped rule set that an ACL uses */
	char *name, *version, *source;
	size_t rule_count;
};

struct config_acl {
	char *name;
	struct config_profile *profiles; /* as listed */
	size_t profile_count;
	struct config_rule *rules; /* in matching order: profiles as listed, then own rules */
	size_t rule_count;
	struct config_where where;
};

struct config_contract {
	int classes[CLASSES_MAX];
	size_t class_count;
	uint64_t cir_bps;
	uint64_t burst_bytes;
	enum account account;
	int32_t overhead_bytes;
	enum exceed exceed;
	uint64_t max_delay_ns; /* shape */
	int remark_class;      /* remark; else CONFIG_NONE */
	/* colour: */
	enum colour_meter meter;
	uint64_t pir_bps;	     /* trTCM; else 0 */
	uint64_t excess_burst_bytes; /* EBS (srTCM), PBS (trTCM) */
	bool colour_aware, drop_red;
	struct config_where where;
};

struct config_red {
	bool enabled;
	uint16_t min_packets, max_packets; /* 0: derived from the queue's limit */
	uint8_t max_probability_inverse;
	uint8_t weight_log2;
};

struct config_schedule { /* one per class, in the order of the classes */
	bool strict;
	uint64_t rate_bps, ceil_bps; /* 0: none */
	uint32_t weight;
	uint64_t queue_ns;
	uint32_t queue_packets;
	struct config_red red;
	struct config_where where; /* line 0: a default */
};

struct config_policy {
	char *name;
	int acl; /* CONFIG_NONE: none */
	enum trust trust;
	struct config_prefix *trusted;
	size_t trusted_count;
	int default_class;
	uint64_t allowed_dscp; /* bit per DSCP; ~0: no guard */
	enum tag_pcp tag_pcp;
	int16_t untagged; /* UNTAGGED_KEEP, UNTAGGED_PRIORITY_TAG, VID */
	bool strip;
	uint8_t pcp[CLASSES_MAX];     /* per class, pcp-map applied */
	bool pcp_mapped[CLASSES_MAX]; /* by pcp-map */
	struct config_contract *contracts;
	size_t contract_count;
	struct config_schedule schedule[CLASSES_MAX];
	struct config_where where;
};

struct config_control {
	char *socket;	  /* path */
	char *prometheus; /* "address:port", NULL: off */
	bool watch;
};

struct config_dpdk {
	char *workers; /* lcore list, "1" or "1-3,5" */
	char **eal_args;
	size_t eal_arg_count;
};

struct config {
	char *file;
	char **files; /* the names that every where points to */
	size_t file_count;
	struct config_link *links;
	size_t link_count; /* 1-LINKS_MAX */
	struct config_class *classes;
	size_t class_count; /* 1-CLASSES_MAX */
	struct config_acl *acls;
	size_t acl_count;
	struct config_policy *policies;
	size_t policy_count;
	struct config_control control;
	struct config_dpdk dpdk;
};

#endif
