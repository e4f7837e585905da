/* SPDX-License-Identifier: BSD-3-Clause */
/* The site, its pool of frames and the replay, held together. */
#include "virtual_site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "control/eal.h"
#include "control/replay_memory.h"
#include "control/site_document.h"

int virtual_site_start_eal(const struct config *c, size_t megabytes)
{
	uint64_t mbufs = 0;

	for (size_t i = 0; i < c->link_count; i++) {
		uint64_t wanted = replay_mbufs(c, i);

		mbufs = wanted > mbufs ? wanted : mbufs;
	}
	return eal_start_offline(replay_megabytes(c, mbufs) + megabytes);
}

static void ignore_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	(void)context, (void)d, (void)ns, (void)frame;
}

static void drop_tap(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
		     uint8_t class_slot, uint64_t now_ns)
{
	struct virtual_site *v = context;

	v->watch.dropped(v->watch.context, v->replay.active, replay_time(&v->replay, now_ns), frame,
			 reason, class_slot);
}

int virtual_site_open(struct virtual_site *v, struct config *c,
		      const struct virtual_site_watch *watch)
{
	const uint64_t mbufs = replay_mbufs(c, watch->link);
	const struct site_options options = {
		.seed = watch->seed,
		.drop_tap = watch->dropped ? drop_tap : NULL,
		.drop_context = v,
	};
	int err;

	*v = (struct virtual_site){.watch = *watch};
	err = site_create(c, &options, &v->site);
	if (err < 0) {
		config_free(c);
		return err;
	}
	v->counters = calloc(v->site->link_count * DIRECTIONS, sizeof(*v->counters));
	err = frame_pool_create(&v->pool, mbufs);
	if (err < 0 || !v->counters) {
		fprintf(stderr, "edgemark: no memory for frames: see `free -m`\n");
		virtual_site_close(v);
		return -ENOMEM;
	}
	replay_start(&v->replay, v->site, watch->link, &v->pool,
		     watch->sent ? watch->sent : ignore_sent, watch->context);
	return 0;
}

int virtual_site_send(struct virtual_site *v, enum direction d, uint64_t ns, const uint8_t *bytes,
		      uint32_t length)
{
	return replay_frame(&v->replay, d, ns, bytes, length);
}

struct rte_mbuf *virtual_site_frame(struct virtual_site *v)
{
	return frame_pool_take(&v->pool);
}

int virtual_site_send_mbuf(struct virtual_site *v, enum direction d, uint64_t ns,
			   struct rte_mbuf *frame)
{
	return replay_mbuf(&v->replay, d, ns, frame);
}

int virtual_site_finish(struct virtual_site *v)
{
	return replay_finish(&v->replay);
}

json_t *virtual_site_document(struct virtual_site *v, const char **defect)
{
	json_t *document = site_document(v->site, v->counters, v->replay.origin_ns);

	*defect = NULL;
	if (document && !document_balances(document))
		*defect = "received is not sent + dropped + queued";
	else if (frame_pool_missing(&v->pool) != 0)
		*defect = "frames have not come back to their pool";
	return document;
}

void virtual_site_close(struct virtual_site *v)
{
	site_destroy(v->site);
	frame_pool_destroy(&v->pool);
	free(v->counters);
	*v = (struct virtual_site){0};
}
