/* SPDX-License-Identifier: BSD-3-Clause */
/* A trial's life from its streams to its rows. */
#include "rfc7640_suite.h"

#include <errno.h>
#include <stdio.h>

#define NS_PER_SECOND UINT64_C(1000000000)

const uint32_t suite_frame_sizes[SUITE_FRAME_SIZES] = {64, 128, 256, 512, 1024, 1518};

uint64_t suite_ns(uint64_t bytes, uint64_t rate_bps)
{
	unsigned __int128 nanobits = (unsigned __int128)bytes * 8 * NS_PER_SECOND;

	return (uint64_t)((nanobits + rate_bps - 1) / rate_bps);
}

struct ideal_bucket suite_link_bucket(const struct suite *s)
{
	return (struct ideal_bucket){.rate_bps = s->cir_bps,
				     .burst_bytes = setup_largest_bytes(),
				     .burst_ns = LINK_TURN_US * UINT64_C(1000)};
}

uint64_t suite_queue_ns(const struct suite *s)
{
	const uint64_t usual_ns = 50 * UINT64_C(1000000);
	uint64_t least_ns = suite_ns(2 * (uint64_t)setup_largest_bytes(), s->cir_bps);

	return usual_ns > least_ns ? usual_ns : least_ns;
}

uint64_t suite_queue_bytes(const struct suite *s)
{
	unsigned __int128 nanobits = (unsigned __int128)s->cir_bps * suite_queue_ns(s);

	return (uint64_t)(nanobits / (8 * NS_PER_SECOND));
}

static uint64_t at_least_one(uint64_t n)
{
	return n ? n : 1;
}

struct pattern suite_bursts(const struct suite *s, const struct stream *stream, uint64_t frames,
			    uint64_t interval_ns)
{
	struct pattern p = {
		.start_ns = SUITE_START_NS,
		.burst_frames = at_least_one(frames),
		.spacing_ns = stream_wire_ns(stream, s->port_bps),
	};

	p.period_ns = (p.burst_frames - 1) * p.spacing_ns + interval_ns;
	if (p.period_ns < p.burst_frames * p.spacing_ns)
		p.period_ns = p.burst_frames * p.spacing_ns;
	p.count = at_least_one(s->duration_ns / p.period_ns) * p.burst_frames;
	return p;
}

struct pattern suite_steady(const struct suite *s, const struct stream *stream,
			    enum account account, uint64_t rate_bps)
{
	struct pattern p = {
		.start_ns = SUITE_START_NS,
		.burst_frames = 1,
		.spacing_ns = stream_wire_ns(stream, s->port_bps),
		.period_ns = suite_ns(stream_bytes(stream, account), rate_bps),
	};

	if (p.period_ns < p.spacing_ns)
		p.period_ns = p.spacing_ns;
	p.count = at_least_one(s->duration_ns / p.period_ns);
	return p;
}

uint64_t suite_in_class(const struct trial *t, uint32_t stream)
{
	const struct departures *d = &t->departures[stream];
	const uint8_t dscp = setup_class_dscp(t->streams[stream].class_index);
	uint64_t count = 0;

	for (size_t i = 0; i < d->count; i++)
		count += d->at[i].dscp == dscp;
	return count;
}

int suite_row(struct suite *s, const struct trial *t, uint32_t stream, const char *traffic,
	      struct metrics *m)
{
	const struct setup_class *c = &t->setup->classes[t->streams[stream].class_index];
	int err = metrics_compute(t->sent[stream], &t->departures[stream], m);

	if (err) {
		fprintf(stderr, "edgemark: out of memory\n");
		return err;
	}
	result_row(&s->results, &t->streams[stream], traffic, m);
	if (c->cir_bps)
		result_contract(&s->results, c->cir_bps, c->burst_bytes);
	return 0;
}

int suite_trial(struct suite *s, const char *name, const struct setup *setup,
		const struct stream *streams, uint32_t count, suite_judge judge)
{
	struct trial t;
	int err = trial_open(&t, name, setup, &s->where, streams, count);

	if (!err)
		err = trial_run(&t);
	if (!err)
		err = trial_conclude(&t);
	for (uint32_t i = 0; i < count && !err; i++)
		err = judge(s, &t, i);
	if (!err)
		result_reconciled(&s->results, &t);
	trial_close(&t);
	return err;
}

/* --- the burst hunt ---------------------------------------------------------------------- */

struct probe {
	struct trial trial;
	const struct suite_hunt *hunt;
	uint64_t spacing_ns, next_ns;
};

static int send_burst(void *context, uint64_t frames, bool *lossless)
{
	struct probe *p = context;
	const struct pattern pattern = {
		.start_ns = p->next_ns,
		.burst_frames = frames,
		.spacing_ns = p->spacing_ns,
		.count = frames,
	};

	p->next_ns += frames * p->spacing_ns + p->hunt->settle_ns;
	return trial_burst(&p->trial, &pattern, lossless);
}

static int hunt(struct suite *s, struct probe *p)
{
	const struct suite_hunt *h = p->hunt;
	const uint32_t bytes = stream_bytes(h->stream, h->account);
	const struct hunt how = {
		.target_frames = at_least_one(h->target_frames),
		.step_frames = at_least_one(1024 / bytes),
		.most_frames = 4 * h->predicted_frames + 1024,
	};
	struct hunt_result result;
	struct metrics m;
	int err = hunt_run(&how, send_burst, p, &result);

	if (!err)
		err = trial_conclude(&p->trial);
	if (!err)
		err = suite_row(s, &p->trial, 0, "hunt", &m);
	if (err)
		return err;
	result_exact(&s->results, FIGURE_BSA, (double)(result.achieved_frames * bytes),
		     (double)(h->predicted_frames * bytes));
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	result_reconciled(&s->results, &p->trial);
	return 0;
}

int suite_hunt(struct suite *s, const struct suite_hunt *h)
{
	struct probe p = {
		.hunt = h,
		.spacing_ns = stream_wire_ns(h->stream, s->port_bps),
		.next_ns = SUITE_START_NS,
	};
	int err = trial_open(&p.trial, h->name, h->setup, &s->where, h->stream, 1);

	if (!err)
		err = hunt(s, &p);
	trial_close(&p.trial);
	return err;
}
