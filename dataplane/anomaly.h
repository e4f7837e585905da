/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parser met and could not follow. None of it is dropped: the frame passes
 * in the default class (unchanged where its IP header makes no sense, marked where
 * only its transport is unknown), and is counted here by kind.
 */
#ifndef EDGEMARK_ANOMALY_H
#define EDGEMARK_ANOMALY_H

/* X(enumerator, name, help) */
#define ANOMALY_LIST(X)                                                                            \
	X(RUNT, "runt", "shorter than an Ethernet header")                                         \
	X(TAG_TRUNCATED, "tag-truncated", "the frame ends inside a VLAN tag")                      \
	X(TAGS_DEEP, "tags-deep", "more than two VLAN tags")                                       \
	X(IP_TRUNCATED, "ip-truncated", "the frame ends inside its IP header")                     \
	X(IP_VERSION, "ip-version", "the IP version contradicts the EtherType")                    \
	X(IPV4_HEADER_LENGTH, "ipv4-header-length",                                                \
	  "the IPv4 header length is below 20 bytes or "                                           \
	  "beyond the frame")                                                                      \
	X(IP_LENGTH, "ip-length", "the IP length is below its header or beyond the frame")         \
	X(IPV6_CHAIN, "ipv6-chain", "the IPv6 extension headers are too many, too long or cut")    \
	X(TRANSPORT_TRUNCATED, "transport-truncated", "the datagram ends before its ports")

enum anomaly {
	ANOMALY_NONE,
#define X(enumerator, name, help) ANOMALY_##enumerator,
	ANOMALY_LIST(X)
#undef X
		ANOMALIES
};

#endif
