/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the marks said on arrival, held against the class: packets that wear EF and are
 * not voice (intruders: they would fill the voice queue), and packets whose DSCP is
 * neither 0 nor their class's (mismatches: two marking policies disagree; a coloured AF
 * class has three). Both name their sources. All classified packets count, also those a
 * contract drops later.
 */
#include "stages.h"

#include <string.h>

#include "lane_state.h"
#include "parse.h"
#include "policy_snapshot.h"

static void read_source(const struct burst *b, uint32_t i, uint8_t family, uint8_t source[16])
{
	memset(source, 0, 16);
	parse_ip_bytes(b, i, family == 4 ? 12 : 8, family == 4 ? 4 : 16, source);
}

static bool is_of(const struct class_profile *c, uint8_t dscp)
{
	return dscp == c->dscp ||
	       (c->colour_mask && (dscp == dscp_of_colour(c->dscp, COLOUR_YELLOW) ||
				   dscp == dscp_of_colour(c->dscp, COLOUR_RED)));
}

static void audit_frame(const struct burst *b, uint32_t i, const struct policy *p,
			struct lane *lane)
{
	uint8_t family = b->kind[i] == FRAME_IPV4 ? 4 : 6;
	uint8_t source[16];

	if (is_of(&p->classes[b->class_slot[i]], b->dscp[i]))
		return;
	read_source(b, i, family, source);
	lane->counters.mismatches++;
	talkers_count(&lane->mismatches, family, source, b->now_ns);
	if (b->dscp[i] == DSCP_EF) {
		lane->counters.intruders++;
		talkers_count(&lane->intruders, family, source, b->now_ns);
	}
}

void audit_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	if (p->transparent)
		return;
	for (uint32_t i = 0; i < b->count; i++)
		if (b->dscp[i] != 0 && b->class_slot[i] != SLOT_NONE)
			audit_frame(b, i, p, lane);
}
