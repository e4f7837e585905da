/* SPDX-License-Identifier: BSD-3-Clause */
/* The largest frames in full queues, and the rules compiled twice. */
#include "control/replay_memory.h"

#include "dataplane/burst.h"

#include "frame_pool.h"

uint64_t replay_mbufs(const struct config *c, size_t link)
{
	enum { LONGEST_FRAME = 262144, SPARE = 16384 };
	uint64_t mbufs = SPARE + UINT64_C(2) * BURST_MAX * frame_pool_segments(LONGEST_FRAME);

	for (int d = 0; d < DIRECTIONS; d++) {
		const struct config_link *l = &c->links[link];
		const struct config_port *port = config_egress(l, (enum direction)d);
		uint32_t frame = port->mtu + ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES;
		uint64_t packets = 0;

		for (size_t i = 0; l->policy[d] != CONFIG_NONE && i < c->class_count; i++)
			packets += c->policies[l->policy[d]].schedule[i].queue_packets;
		if (l->policy[d] == CONFIG_NONE)
			packets = QUEUE_PACKETS_DEFAULT;
		mbufs += packets * frame_pool_segments(frame);
	}
	return mbufs;
}

size_t replay_megabytes(const struct config *c, uint64_t mbufs)
{
	enum { BASE = 384, MOST = 4096, MBUF_BYTES = 2560, RULE_BYTES = 16384 };
	uint64_t bytes = mbufs * MBUF_BYTES;

	for (size_t i = 0; i < c->acl_count; i++)
		bytes += 2 * (uint64_t)RULE_BYTES * c->acls[i].rule_count;
	bytes = BASE + (bytes >> 20);
	return bytes < MOST ? (size_t)bytes : MOST;
}
