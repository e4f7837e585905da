/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of code points, protocols and choices; guesses at misspelt ones. */
#include "names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config.h"

enum { GUESS_LENGTH_MAX = 64 };

/* --- guesses ---------------------------------------------------------------------- */

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, by rows. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[GUESS_LENGTH_MAX + 1], columns = strlen(b);

	if (columns > GUESS_LENGTH_MAX || strlen(a) > GUESS_LENGTH_MAX)
		return GUESS_LENGTH_MAX;
	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			size_t above = row[j];

			row[j] = smallest(above + 1, row[j - 1] + 1,
					  diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[columns];
}

void guess_begin(struct guess *g, const char *word)
{
	size_t length = strlen(word);

	*g = (struct guess){.word = word, .distance = length < 4 ? 2 : length / 3 + 2};
}

void guess_try(struct guess *g, const char *candidate)
{
	size_t distance;

	if (!candidate)
		return;
	distance = edit_distance(g->word, candidate);
	if (distance < g->distance && distance < strlen(candidate)) {
		g->best = candidate;
		g->distance = distance;
	}
}

/* --- code points ------------------------------------------------------------------ */

static const struct {
	const char *name;
	uint8_t dscp;
} dscps[] = {
#define X(name, value) {#name, value},
	DSCP_NAMES(X)
#undef X
		{"BE", DSCP_CS0},
	{"DF", DSCP_CS0}, /* RFC 4594's name for best effort */
	{"VOICE-ADMIT", DSCP_VA},
};

bool dscp_by_name(const char *name, uint8_t *dscp)
{
	for (size_t i = 0; i < sizeof(dscps) / sizeof(dscps[0]); i++) {
		if (strcasecmp(name, dscps[i].name) == 0) {
			*dscp = dscps[i].dscp;
			return true;
		}
	}
	return false;
}

const char *config_dscp_name(unsigned dscp, char *buffer, size_t size)
{
	for (size_t i = 0; i < sizeof(dscps) / sizeof(dscps[0]); i++)
		if (dscps[i].dscp == dscp)
			return dscps[i].name;
	snprintf(buffer, size, "%u", dscp);
	return buffer;
}

/* --- protocols (IANA) ------------------------------------------------------------- */

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_SCTP = 132 };

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"icmp", 1},	       {"igmp", 2},   {"ipip", 4},
	{"tcp", PROTOCOL_TCP}, {"egp", 8},    {"udp", PROTOCOL_UDP},
	{"ipv6", 41},	       {"rsvp", 46},  {"gre", 47},
	{"esp", 50},	       {"ah", 51},    {"icmpv6", 58},
	{"eigrp", 88},	       {"ospf", 89},  {"pim", 103},
	{"vrrp", 112},	       {"l2tp", 115}, {"sctp", PROTOCOL_SCTP},
};

bool protocol_by_name(const char *name, int16_t *protocol)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcasecmp(name, protocols[i].name) == 0) {
			*protocol = protocols[i].number;
			return true;
		}
	}
	return false;
}

const char *config_protocol_name(unsigned protocol, char *buffer, size_t size)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	snprintf(buffer, size, "protocol %u", protocol);
	return buffer;
}

bool protocol_has_ports(int16_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP;
}

/* --- choices ---------------------------------------------------------------------- */

const char *config_exceed_name(enum exceed e)
{
	switch (e) {
	case EXCEED_POLICE:
		return "police";
	case EXCEED_RANDOM:
		return "random";
	case EXCEED_SPREAD:
		return "spread";
	case EXCEED_PROTECT:
		return "protect";
	case EXCEED_SHAPE:
		return "shape";
	case EXCEED_REMARK:
		return "remark";
	case EXCEED_COUNT:
		return "count";
	case EXCEED_COLOUR:
		return "colour";
	}
	return "?";
}

const char *config_account_name(enum account a)
{
	switch (a) {
	case ACCOUNT_IP:
		return "ip";
	case ACCOUNT_L2:
		return "l2";
	case ACCOUNT_WIRE:
		return "wire";
	}
	return "?";
}

const char *config_meter_name(enum colour_meter m)
{
	return m == COLOUR_SRTCM ? "srtcm" : "trtcm";
}

const char *config_trust_name(enum trust t)
{
	switch (t) {
	case TRUST_NONE:
		return "none";
	case TRUST_DSCP:
		return "dscp";
	case TRUST_PCP:
		return "pcp";
	}
	return "?";
}

const char *config_direction_name(enum direction d)
{
	return d == UPSTREAM ? "upstream" : "downstream";
}
