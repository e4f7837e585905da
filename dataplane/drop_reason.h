/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every reason for which edgemark drops a packet. One list: the enumeration, the
 * name in the counters document, and the sentence that explains it to a person.
 * In every lane: received = sent + the sum over these reasons + queued.
 */
#ifndef EDGEMARK_DROP_REASON_H
#define EDGEMARK_DROP_REASON_H

/* X(enumerator, name, help) */
#define DROP_REASON_LIST(X)                                                                        \
	X(ACL, "acl", "an ACL rule with action drop matched")                                      \
	X(CONTRACT, "contract", "the contract's bucket had no room")                               \
	X(THINNED, "contract-random", "thinned at random while the contract is exceeded")          \
	X(SPREAD, "contract-spread", "the call's even share of what exceeds the contract")         \
	X(RESERVED, "contract-reserved", "the room left was kept for calls that hold a place")     \
	X(SHAPE_DELAY, "shape-delay", "waited longer than max-delay-ms for its contract")          \
	X(QUEUE_FULL, "queue-full", "the class's queue was at its limit")                          \
	X(RED, "red", "dropped early by RED in the class's queue")                                 \
	X(PAUSE, "pause", "802.3 MAC control frames are never forwarded")                          \
	X(NO_ROOM, "no-headroom", "the buffer has no room for the tag work")                       \
	X(TOO_LONG, "too-long", "longer than the egress port can send")                            \
	X(TX, "tx", "not taken by the egress port before the daemon stopped")

enum drop_reason {
	DROP_NONE,
#define X(enumerator, name, help) DROP_##enumerator,
	DROP_REASON_LIST(X)
#undef X
		DROP_REASONS
};

#endif
