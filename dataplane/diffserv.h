/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vocabulary that configuration, data plane and control share: code points,
 * priorities, the enumerations a policy is written in, and the limits.
 * No DPDK, no configuration library: this is the only header that both config/
 * and dataplane/ see.
 *
 * Code points: RFC 2474 (class selectors), RFC 2597 (AF), RFC 3246 (EF),
 * RFC 5865 (VOICE-ADMIT), RFC 8622 (LE). PCP: IEEE 802.1Q, 6.9.3.
 */
#ifndef EDGEMARK_DIFFSERV_H
#define EDGEMARK_DIFFSERV_H

#include <stdint.h>

/* X(name, value): every per-hop behaviour that a configuration may name. */
#define DSCP_NAMES(X)                                                                              \
	X(CS0, 0)                                                                                  \
	X(LE, 1)                                                                                   \
	X(CS1, 8)                                                                                  \
	X(AF11, 10)                                                                                \
	X(AF12, 12)                                                                                \
	X(AF13, 14)                                                                                \
	X(CS2, 16)                                                                                 \
	X(AF21, 18)                                                                                \
	X(AF22, 20)                                                                                \
	X(AF23, 22)                                                                                \
	X(CS3, 24)                                                                                 \
	X(AF31, 26)                                                                                \
	X(AF32, 28)                                                                                \
	X(AF33, 30)                                                                                \
	X(CS4, 32)                                                                                 \
	X(AF41, 34)                                                                                \
	X(AF42, 36)                                                                                \
	X(AF43, 38)                                                                                \
	X(CS5, 40)                                                                                 \
	X(VA, 44)                                                                                  \
	X(EF, 46)                                                                                  \
	X(CS6, 48)                                                                                 \
	X(CS7, 56)

enum {
#define X(name, value) DSCP_##name = (value),
	DSCP_NAMES(X)
#undef X
		DSCP_VALUES = 64,
	PCP_VALUES = 8,
};

/* One direction of a link. Upstream is LAN to WAN, towards the provider. */
enum direction { UPSTREAM, DOWNSTREAM, DIRECTIONS };

/* What marks a packet that no rule matched. */
enum trust { TRUST_NONE, TRUST_DSCP, TRUST_PCP };

/* What a contract or a link counts as the length of a packet:
 * the IP datagram; the frame as it leaves, tags included, without FCS;
 * the same with FCS, preamble, start delimiter and gap (WIRE_OVERHEAD_BYTES). */
enum account { ACCOUNT_IP, ACCOUNT_L2, ACCOUNT_WIRE };

/* Link control goes ahead of data up to 1/100 of the link, but 64 kbit/s at least, with a
 * burst of 20 ms of that, but two full frames at least. */
enum {
	LINK_CONTROL_SHARE = 100,
	LINK_CONTROL_BPS_MIN = 64000,
	LINK_CONTROL_BURST_MS = 20,
	LINK_CONTROL_BURST_MIN = 3036,
};

/* The link's token bucket holds one largest frame, and what comes in so long: a worker that
 * is back within it loses nothing of the link's rate. */
enum { LINK_TURN_US = 20 };

/* What becomes of packets above a contract. */
enum exceed {
	EXCEED_POLICE,
	EXCEED_RANDOM,
	EXCEED_SPREAD,
	EXCEED_PROTECT,
	EXCEED_SHAPE,
	EXCEED_REMARK,
	EXCEED_COUNT,
	EXCEED_COLOUR,
};

/* What a meter makes of a packet, by RFC 2697 and RFC 2698; in an AF class the drop
 * precedence (RFC 2597 6): AFx1, AFx2, AFx3. */
enum colour { COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED, COLOURS };

/* The meters that colour: one rate and two bursts (RFC 2697), or two rates (RFC 2698). */
enum colour_meter { COLOUR_SRTCM, COLOUR_TRTCM };

static inline int dscp_is_af1(unsigned dscp)
{
	return dscp == DSCP_AF11 || dscp == DSCP_AF21 || dscp == DSCP_AF31 || dscp == DSCP_AF41;
}

/* af1: the AF class's own, AFx1. */
static inline uint8_t dscp_of_colour(uint8_t af1, enum colour colour)
{
	return (uint8_t)(af1 + 2 * (unsigned)colour);
}

/* Which tags of a tagged frame receive the class's PCP. */
enum tag_pcp { TAG_PCP_OUTER, TAG_PCP_ALL, TAG_PCP_KEEP };

enum {
	UNTAGGED_KEEP = -1,	   /* untagged frames stay so */
	UNTAGGED_PRIORITY_TAG = 0, /* insert VID 0 */
	VLAN_VID_MAX = 4094,
	MATCH_ANY = -1, /* a protocol, VLAN or DSCP that a rule does not name */
};

enum {
	LINKS_MAX = 8,
	CLASSES_MAX = 16,	   /* in one configuration */
	CONTRACTS_MAX = 16,	   /* in one policy */
	RULES_MAX = 16384,	   /* in one policy, profiles included */
	TRUSTED_PREFIXES_MAX = 64, /* in one policy */
	WEIGHT_MAX = 1000,
	QUEUE_PACKETS_DEFAULT = 4096,
	QUEUE_NS_DEFAULT = 100000000, /* 100 ms */
	QUEUE_PACKETS_MAX = 65536,
	MTU_DEFAULT = 1500,
	MTU_MAX = 9216,

	ETHERNET_HEADER_BYTES = 14,
	VLAN_TAG_BYTES = 4,
	ETHERNET_MIN_BYTES = 60,  /* without FCS; shorter frames are padded on the wire */
	WIRE_OVERHEAD_BYTES = 24, /* FCS 4, preamble and delimiter 8, gap 12 (IEEE 802.3) */
};

#define RATE_BPS_MAX	UINT64_C(400000000000) /* 400 Gbit/s */
#define BURST_BYTES_MAX UINT64_C(500000000)    /* of a contract */

#endif
