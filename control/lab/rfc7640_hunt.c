/* SPDX-License-Identifier: BSD-3-Clause */
/* `passed` is a burst that passed, `lost` one that did not: they close in on the limit. */
#include "rfc7640_hunt.h"

struct chase {
	hunt_probe probe;
	void *context;
	uint64_t passed, lost;
	uint64_t bursts;
};

/* Sends bursts of first, first + step, … until one is lost, or the next would be `end`. */
static int climb(struct chase *c, uint64_t first, uint64_t step, uint64_t end)
{
	for (uint64_t frames = first; frames < end; frames += step) {
		bool lossless;
		int err = c->probe(c->context, frames, &lossless);

		if (err)
			return err;
		c->bursts++;
		if (!lossless) {
			c->lost = frames;
			return 0;
		}
		c->passed = frames;
	}
	return 0;
}

int hunt_run(const struct hunt *h, hunt_probe probe, void *context, struct hunt_result *out)
{
	struct chase c = {.probe = probe, .context = context, .lost = h->most_frames + 1};
	const uint64_t end = h->most_frames + 1;
	int err = climb(&c, h->target_frames, h->step_frames, end);

	if (!err && c.passed == 0) /* the target is too much */
		err = climb(&c, 1, h->step_frames, h->target_frames);
	if (!err)
		err = climb(&c, c.passed + 1, 1, c.lost);
	*out = (struct hunt_result){
		.achieved_frames = c.passed,
		.bursts = c.bursts,
		.limited = c.lost < end,
	};
	return err;
}
