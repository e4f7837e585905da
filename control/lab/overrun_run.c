/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames are written straight into mbufs. The clock of the run begins at 1 s of the replay's,
 * so that nothing happens at 0.
 */
#include "overrun_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "control/commands.h"
#include "control/site_document.h"

#include "capture_file.h"
#include "progress.h"
#include "reconcile.h"
#include "virtual_site.h"

struct session {
	const struct overrun_plan *plan;
	struct run_account *account;
	struct arrivals *arrivals;
	struct virtual_site site;
	bool open;
	struct capture_file offered, sent;
	uint64_t frames;
};

static void on_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	struct session *s = context;

	(void)d;
	account_sent(s->account, ns, frame);
	if (s->sent.stream)
		capture_file_write(&s->sent, ns, rte_pktmbuf_mtod(frame, const uint8_t *),
				   rte_pktmbuf_pkt_len(frame));
}

static void on_dropped(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame,
		       enum drop_reason reason, uint8_t class_slot)
{
	struct session *s = context;

	(void)d;
	(void)class_slot;
	account_dropped(s->account, ns, frame, reason);
}

static int no_memory(void)
{
	fprintf(stderr, "edgemark: lab overrun: out of memory\n");
	return EXIT_RUNTIME;
}

static int open_captures(struct session *s, enum exceed exceed, bool first)
{
	const struct overrun_arguments *a = s->plan->arguments;

	if (!a->captures)
		return EXIT_OK;
	if (first && capture_file_open(&s->offered, a->report, "offered") < 0)
		return EXIT_RUNTIME;
	if (capture_file_open(&s->sent, a->report, config_exceed_name(exceed)) < 0)
		return EXIT_RUNTIME;
	return EXIT_OK;
}

static int open_session(struct session *s, enum exceed exceed, bool first)
{
	const struct virtual_site_watch watch = {
		.link = s->plan->link,
		.seed = s->plan->arguments->seed,
		.sent = on_sent,
		.dropped = on_dropped,
		.context = s,
	};
	struct config *c = overrun_plan_config(s->plan, exceed, false);

	if (!c)
		return EXIT_CONFIG;
	if (virtual_site_open(&s->site, c, &watch) < 0)
		return EXIT_RUNTIME;
	s->open = true;
	s->arrivals = arrivals_create(s->plan);
	if (!s->arrivals || account_open(s->account, s->plan) < 0)
		return no_memory();
	return open_captures(s, exceed, first);
}

static int broke_off(const struct session *s, int err)
{
	fprintf(stderr, "edgemark: lab overrun: frame %" PRIu64 ": %s\n", s->frames,
		err == -ENOMEM ? "no memory for more waiting frames: lower queue-packets"
			       : "the scheduler is stuck. This is a defect of edgemark");
	return EXIT_RUNTIME;
}

/* 1, 0 at the end, or negative errno. */
static int send_next(struct session *s, struct arrival *arrival)
{
	struct rte_mbuf *m = virtual_site_frame(&s->site);
	uint8_t *bytes;

	if (!m)
		return -ENOMEM;
	bytes = rte_pktmbuf_mtod(m, uint8_t *);
	if (!arrivals_next(s->arrivals, arrival, bytes)) {
		rte_pktmbuf_free(m);
		return 0;
	}
	m->data_len = (uint16_t)arrival->length;
	m->pkt_len = arrival->length;
	s->frames++;
	account_arrived(s->account, arrival, bytes);
	if (s->offered.stream)
		capture_file_write(&s->offered, arrival->ns, bytes, arrival->length);
	return virtual_site_send_mbuf(&s->site, UPSTREAM, arrival->ns, m) < 0 ? -EDEADLK : 1;
}

static int send_all(struct session *s, const char *what)
{
	struct arrival arrival;
	struct progress progress;
	int got;

	progress_begin(&progress, what);
	while ((got = send_next(s, &arrival)) == 1 && !s->offered.error && !s->sent.error)
		progress_at(&progress, arrival.ns, s->plan->arguments->duration_ns);
	if (got == 0)
		got = virtual_site_finish(&s->site);
	progress_end(&progress);
	account_finish(s->account);
	return got < 0 ? broke_off(s, got) : EXIT_OK;
}

/* --- afterwards --------------------------------------------------------------------------- */

static int copy_over_contract(const struct session *s, struct overrun_run *run)
{
	struct lane_calls table = {0};
	const struct lane *lane = s->site.site->links[s->plan->link].direction[UPSTREAM].lane;

	run->over_contract = calloc(s->plan->arguments->calls, 1);
	if (!run->over_contract || site_calls_copy(lane, &table) < 0)
		return no_memory();
	for (uint32_t i = 0; i < table.count; i++) {
		uint32_t call;

		if (arrivals_call_of(table.calls[i].key.source, &call) &&
		    call < s->plan->arguments->calls)
			run->over_contract[call] = table.calls[i].over_contract;
	}
	free(table.calls);
	return EXIT_OK;
}

static int conclude(struct session *s, struct overrun_run *run)
{
	const char *defect;

	run->document = virtual_site_document(&s->site, &defect);
	if (!run->document)
		return no_memory();
	if (defect) {
		fprintf(stderr, "edgemark: lab overrun: %s: %s. This is a defect of edgemark\n",
			config_exceed_name(run->exceed), defect);
		return EXIT_RUNTIME;
	}
	if (copy_over_contract(s, run) != EXIT_OK)
		return EXIT_RUNTIME;
	return reconcile(s->plan, run->exceed, &run->account, run->document);
}

int overrun_run(const struct overrun_plan *p, enum exceed exceed, bool first,
		struct overrun_run *run)
{
	const uint64_t started_ns = progress_now_ns();
	struct session s = {.plan = p, .account = &run->account};
	int code;

	*run = (struct overrun_run){.exceed = exceed, .captured = p->arguments->captures};
	code = open_session(&s, exceed, first);
	if (code == EXIT_OK)
		code = send_all(&s, config_exceed_name(exceed));
	if (capture_file_close(&s.offered) < 0 || capture_file_close(&s.sent) < 0)
		code = EXIT_RUNTIME;
	if (code == EXIT_OK)
		code = conclude(&s, run);
	if (s.open)
		virtual_site_close(&s.site);
	arrivals_destroy(s.arrivals);
	run->wall_ns = progress_now_ns() - started_ns;
	return code;
}

void overrun_run_clear(struct overrun_run *run)
{
	account_close(&run->account);
	json_decref(run->document);
	free(run->over_contract);
	*run = (struct overrun_run){0};
}
