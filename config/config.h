/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a file to a checked configuration. All errors are reported, not only the first;
 * each with file, line, what was found and what was expected. Thread: control.
 */
#ifndef EDGEMARK_CONFIG_H
#define EDGEMARK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model.h"

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_message {
	enum config_severity severity;
	char *file;
	unsigned line;	/* 0: the file as a whole */
	unsigned order; /* of reading, across included files */
	char *text;	/* "unknown key 'sorce-port', expected one of …" */
};

struct config_report {
	struct config_message *messages; /* in file order */
	size_t count;
	size_t error_count, warning_count;
};

/* Returns the configuration, or NULL with errors in the report. The report is filled
 * either way and is the caller's to clear. errno of an unreadable file is in the text. */
struct config *config_load(const char *path, struct config_report *report);

/* The same for a process with rights of its own. A file, or one that it includes, that others
 * could have written brings a warning: config_reload() will refuse it. */
struct config *config_load_for_daemon(const char *path, struct config_report *report);

/* For a running daemon, which may be asked by anybody's edit: such a file is an error. Looks
 * for errors only, since nobody reads the warnings. */
struct config *config_reload(const char *path, struct config_report *report);

/* The same of a text at hand; name stands for the file in messages. */
struct config *config_load_text(const char *name, const char *text, struct config_report *report);

void config_free(struct config *c);

void config_report_clear(struct config_report *report);

/* One line each, "edgemark: FILE:LINE: text"; warnings with "warning: " before the text. */
void config_report_print(const struct config_report *report, FILE *stream);

/* What the numbers amount to, for `edgemark check`: per policy the contracts in calls,
 * queue limits, guarantees against the link, with the assumptions spelled out. */
void config_print_effective(const struct config *c, FILE *stream);

/* A call is one direction of G.711 over IPv4, unencrypted, a packet each 20 ms: 160 bytes
 * of voice, 12 of RTP, 8 of UDP, 20 of IP. */
enum { CALL_IP_BYTES = 200, CALL_PACKETS_PER_SECOND = 50 };
uint64_t config_call_bytes(enum account account, int32_t overhead_bytes, bool tagged);

/* A contract in calls and time. Tagged: the policy inserts a tag into untagged frames. */
struct config_contract_effect {
	bool is_voice; /* covers a class with EF */
	bool tagged;
	uint64_t calls;	      /* by the contract's own account and overhead */
	uint64_t calls_ip;    /* by IP length */
	uint64_t calls_wire;  /* on the wire */
	uint64_t burst_ns;    /* of CIR */
	uint64_t burst_calls; /* that may send at the same instant */
};
struct config_contract_effect config_contract_effect(const struct config *c,
						     const struct config_policy *p,
						     const struct config_contract *k);

/* Whether the contract bounds what its classes send: one that only counts, or that passes
 * red, does not. */
static inline bool config_bounds(const struct config_contract *k)
{
	return k->exceed != EXCEED_COUNT && (k->exceed != EXCEED_COLOUR || k->drop_red);
}

/* The port that a direction leaves by. */
static inline const struct config_port *config_egress(const struct config_link *link,
						      enum direction d)
{
	return d == UPSTREAM ? &link->wan : &link->lan;
}

/* What edgemark meters a strict class's contract with on a link that has a rate, so that a
 * meter of the provider's behind that link agrees (provider.c). Elsewhere: the contract's
 * own burst, latency_ns 0. A shaped contract is metered as it leaves, and needs none; what
 * a colour costs behind the link is the provider's to say. */
struct config_metering {
	uint64_t burst_bytes;
	uint64_t latency_ns; /* how long others may keep the class waiting */
	bool at_floor;	     /* one largest packet, or all that is granted: the rest is not ours */
};
struct config_metering config_metering(const struct config_policy *p,
				       const struct config_port *port,
				       const struct config_contract *k);

/* Names of the vocabulary. dscp_name writes "EF" or "11"; buffer of at least 8. */
const char *config_dscp_name(unsigned dscp, char *buffer, size_t size);
/* "udp" or "protocol 200"; buffer of at least 16. */
const char *config_protocol_name(unsigned protocol, char *buffer, size_t size);
const char *config_exceed_name(enum exceed e);
const char *config_account_name(enum account a);
const char *config_meter_name(enum colour_meter m);
const char *config_trust_name(enum trust t);
const char *config_direction_name(enum direction d);

#endif
