/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 3246, 2.2: by how much the packets of the EF aggregate leave later than an ideal
 * server of rate R would let them: E_a, which takes the departures as they come (eq_1,
 * eq_2), and E_p, which looks at each packet's own departure (eq_3, eq_4). They differ
 * where packets of the aggregate overtake each other.
 *
 * Exact: a time in ns at a rate in bit/s is counted in nanobits.
 */
#ifndef EDGEMARK_TESTS_EF_LATENCY_H
#define EDGEMARK_TESTS_EF_LATENCY_H

#include <stddef.h>
#include <stdint.h>

struct ef_packet {
	uint64_t arrival_ns;   /* of the last bit; after the time 0 */
	uint64_t departure_ns; /* of the last bit */
	uint32_t bytes;	       /* of the IP datagram: "l_j is measured on the IP datagram" */
};

/* In ns, rounded up; below 0 where every packet leaves before its ideal time. packets in the
 * order of arrival, at least one. rate_bps: the EF configured rate. */
int64_t ef_error_aggregate(const struct ef_packet *packets, size_t count, uint64_t rate_bps);
int64_t ef_error_packet(const struct ef_packet *packets, size_t count, uint64_t rate_bps);

#endif
