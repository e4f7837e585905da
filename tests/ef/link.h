/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The EF class on a link that best effort saturates, through the whole pipeline on a
 * virtual clock: heaps of voice as large as the contract's burst, at the worst moments, and
 * link control that comes just behind them and goes ahead.
 *
 * The link itself is behind the port, as fast as its rate and no faster: a packet has left
 * when the link has sent its last bit, with all that the port was given before it.
 */
#ifndef EDGEMARK_TESTS_EF_LINK_H
#define EDGEMARK_TESTS_EF_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct ef_link {
	uint64_t rate_bps;    /* of the link, by wire bytes */
	uint64_t cir_bps;     /* of voice, by IP bytes; its burst: 20 ms, 3,036 bytes at least */
	uint32_t other_bytes; /* the longest frame of best effort, with FCS: 64-1518 */
	bool tagged;	      /* a tag is inserted */
	bool link_control;
	bool not_strict; /* the negative control: voice shares by weight */
	uint32_t packets;
	uint64_t seed;
};

struct ef_outcome {
	uint32_t admitted;	 /* packets of voice */
	int64_t e_a_ns, e_p_ns;	 /* RFC 3246, 2.2, with R = cir_bps */
	uint64_t queue_ns;	 /* the longest time in our queue */
	uint64_t delay_ns;	 /* the longest until the last bit has left the link */
	uint64_t error_bound_ns; /* of E_a and E_p */
	uint64_t delay_bound_ns;
};

/*
 * Bounds, in the link's bytes: at most the link's bucket (its largest frame, and LINK_TURN_US
 * of its rate) is on the link when voice comes; then link control may go ahead, with its burst
 * and its rate:
 *   error_bound = (bucket + link control's burst) / (link - link control's rate)
 *   delay_bound = the same with the contract's burst added to the sum
 */
struct ef_outcome ef_link_run(const struct ef_link *link);

#endif
