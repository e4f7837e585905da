/* SPDX-License-Identifier: BSD-3-Clause */
/* See spread.h: the packets of a burst, while nothing is thinned, and while something is. */
#include "spread.h"

static void thin(struct thinner *t, struct meter *m, struct metered *p, struct call *const *calls,
		 uint32_t first)
{
	for (uint32_t k = first; k < p->count; k++) {
		const bool has_room = meter_has(m, p->bytes[k]);
		enum drop_reason drop = has_room ? DROP_NONE : DROP_CONTRACT;

		thinner_look(t, m->tokens_nb);
		if (likely(calls[k] != NULL)) {
			spread_begin(t, calls[k]);
			drop = spread_judge(t, calls[k], has_room);
		} else if (thinner_random(t) >= t->admit_q32) {
			drop = DROP_SPREAD;
		}
		m->tokens_nb -=
			metered_if(drop == DROP_NONE, (int64_t)p->bytes[k] * NANOBITS_PER_BYTE);
		p->drop[k] = (uint8_t)drop;
	}
	t->offered_now += metered_bytes(p, first, p->count);
}

static void spare(struct call *const *calls, uint32_t first, uint32_t end)
{
	for (uint32_t k = first; k < end; k++)
		if (likely(calls[k] != NULL))
			calls[k]->spread_lost = false;
}

void spread_police(struct thinner *t, struct meter *m, const struct meter_profile *contract,
		   struct metered *p, struct call *const *calls, uint64_t now_ns)
{
	uint32_t k = 0;

	while (k < p->count) {
		uint32_t refused;

		if (thinner_goes_on(t, m, contract)) {
			thin(t, m, p, calls, k);
			return;
		}
		refused = metered_conform(m, p, k);
		spare(calls, k, refused);
		t->offered_now += metered_bytes(p, k, RTE_MIN(refused + 1, p->count));
		if (refused < p->count) {
			p->drop[refused] = DROP_CONTRACT;
			spread_refused(t, calls[refused]);
			thinner_begin(t, contract, now_ns);
		}
		k = refused + 1;
	}
}
