/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 7640 section 6.2: queues and the scheduler, with stateless traffic, in the three
 * techniques that 6.2.1 asks for: FIFO, strict priority, weighted; then all of them on one
 * port (6.2.2.1). The link's rate is the bottleneck bandwidth (BB). Shares are measured in
 * the last three quarters of the offering, when all that is too much is backlogged.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rfc7640_suite.h"

enum {
	SETTLE_NS = 1000000000,
	LONG_QUEUE_NS = 1000000000, /* a queue that a turn can empty loses some of its share */
	WARM_UP_SHARE = 4,	    /* one of four parts of Td */
	STRICT_PERCENT = 30,
	STRICT_CIR_PERCENT = 35, /* so that the contract loses nothing */
	VOICE_FRAME = 218,	 /* a G.711 call's, 20 ms */
	BULK_FRAME = 1518,
};

/* --- 6.2.1.1, FIFO ----------------------------------------------------------------------- */

static int judge_fifo(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct stream *stream = &t->streams[i];
	const struct ideal_bucket b = suite_link_bucket(s);
	const struct ideal_queue q = {.packets = QUEUE_PACKETS_MAX, .bytes = suite_queue_bytes(s)};
	struct departures ideal = {0};
	struct metrics m, ideal_m;
	int err = suite_row(s, t, i, "bursts", &m);

	if (!err)
		err = ideal_shaper(&b, &q, stream_bytes(stream, ACCOUNT_WIRE), &stream->pattern,
				   &ideal);
	if (!err)
		err = metrics_compute(m.sent, &ideal, &ideal_m);
	departures_clear(&ideal);
	if (err)
		return err;
	result_exact(&s->results, FIGURE_LOST, (double)m.lost, 0);
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	result_exact(&s->results, FIGURE_DELAY, (double)m.delay_max_ns / 1e9,
		     (double)ideal_m.delay_max_ns / 1e9);
	result_exact(&s->results, FIGURE_VARIATION, (double)m.variation_ns / 1e9,
		     (double)ideal_m.variation_ns / 1e9);
	return 0;
}

static int fifo_size(struct suite *s, const struct setup *setup, struct stream *stream)
{
	const struct ideal_bucket b = suite_link_bucket(s);
	const struct ideal_queue q = {.packets = QUEUE_PACKETS_MAX, .bytes = suite_queue_bytes(s)};
	const uint32_t bytes = stream_bytes(stream, ACCOUNT_WIRE);
	char hunt_name[64], name[64];
	struct suite_hunt h = {
		.name = hunt_name,
		.setup = setup,
		.stream = stream,
		.account = ACCOUNT_WIRE,
		.target_frames = q.bytes / bytes,
		.settle_ns = SETTLE_NS + suite_queue_ns(s),
	};
	int err = ideal_queued_burst(&b, &q, bytes, stream_wire_ns(stream, s->port_bps),
				     4 * h.target_frames + 1024, &h.predicted_frames);

	snprintf(hunt_name, sizeof(hunt_name), "queue-fifo-%u-hunt", stream->frame_bytes);
	snprintf(name, sizeof(name), "queue-fifo-%u", stream->frame_bytes);
	if (!err)
		err = suite_hunt(s, &h);
	if (err)
		return err;
	stream->pattern = suite_bursts(s, stream, h.target_frames, suite_ns(q.bytes, s->cir_bps));
	return suite_trial(s, name, setup, stream, 1, judge_fifo);
}

static int fifo(struct suite *s)
{
	const struct setup setup = {
		.link_bps = s->cir_bps,
		.class_count = 1,
		.classes = {{.queue_ns = suite_queue_ns(s), .queue_packets = QUEUE_PACKETS_MAX}},
	};
	char text[128];
	int err = 0;

	snprintf(text, sizeof(text),
		 "FIFO: one queue, BB %.3f kbit/s, QL %" PRIu64 " B, by wire length",
		 (double)s->cir_bps / 1e3, suite_queue_bytes(s));
	result_test(&s->results, "6.2.1.1", "one queue, bursts of its length", text);
	for (size_t i = 0; i < SUITE_FRAME_SIZES && !err; i++) {
		struct stream stream = {.frame_bytes = suite_frame_sizes[i]};

		err = fifo_size(s, &setup, &stream);
	}
	return err;
}

/* --- shares of a link that is asked for too much ------------------------------------------- */

struct window {
	uint64_t from_ns, until_ns;
};

static struct window shares_window(const struct suite *s)
{
	return (struct window){SUITE_START_NS + s->duration_ns / WARM_UP_SHARE,
			       SUITE_START_NS + s->duration_ns};
}

static double measured_bps(const struct trial *t, uint32_t i, struct window w)
{
	return (double)departures_within(&t->departures[i], w.from_ns, w.until_ns) *
	       stream_bytes(&t->streams[i], ACCOUNT_WIRE) * 8e9 / (double)(w.until_ns - w.from_ns);
}

static double offered_bps(const struct stream *s)
{
	return stream_bytes(s, ACCOUNT_WIRE) * 8e9 / (double)s->pattern.period_ns;
}

/* What the strict classes leave of the link, ahead of class `end`. */
static double left_over_bps(const struct suite *s, const struct trial *t, uint32_t end)
{
	double left = (double)s->cir_bps;

	for (uint32_t i = 0; i < end; i++)
		if (t->setup->classes[t->streams[i].class_index].strict)
			left -= offered_bps(&t->streams[i]);
	return left > 0 ? left : 0;
}

static double weights(const struct trial *t)
{
	double sum = 0;

	for (uint32_t i = 0; i < t->stream_count; i++)
		if (!t->setup->classes[t->streams[i].class_index].strict)
			sum += t->setup->classes[t->streams[i].class_index].weight;
	return sum;
}

/* A strict class gets what it asks for, as far as those ahead of it leave it. */
static int judge_strict(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct stream *stream = &t->streams[i];
	const struct window w = shares_window(s);
	const uint32_t bytes = stream_bytes(stream, ACCOUNT_WIRE);
	double offered = offered_bps(stream), left = left_over_bps(s, t, i), predicted, grain;
	struct metrics m;
	int err = suite_row(s, t, i, "strict", &m);

	if (err)
		return err;
	predicted = offered < left ? offered : left;
	/* A frame at each end, of it and of all that are ahead of it. */
	grain = 2.0 * bytes * (i + 1);
	result_within(&s->results, FIGURE_RATE, measured_bps(t, i, w), predicted,
		      rate_tolerance(predicted, grain, w.until_ns - w.from_ns));
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	if (offered >= left)
		return 0;
	result_exact(&s->results, FIGURE_LOST, (double)m.lost, 0);
	if (i == 0) /* nothing is ahead of it but the frame that is being sent */
		result_at_most(&s->results, FIGURE_DELAY, (double)m.delay_max_ns / 1e9,
			       (double)suite_ns(setup_largest_bytes(), s->cir_bps) / 1e9);
	return 0;
}

/* A weighted class gets its share of the rest, give or take a turn at either end. */
static int judge_weighted(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct window w = shares_window(s);
	const uint32_t weight = t->setup->classes[t->streams[i].class_index].weight;
	double rest = left_over_bps(s, t, t->stream_count);
	double predicted = rest * weight / weights(t);
	double turn = (double)(weight + 1) * setup_largest_bytes();
	struct metrics m;
	int err = suite_row(s, t, i, "weighted", &m);

	if (err)
		return err;
	result_within(&s->results, FIGURE_RATE, measured_bps(t, i, w), predicted,
		      rate_tolerance(predicted, 2 * turn, w.until_ns - w.from_ns));
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	return 0;
}

static int judge_share(struct suite *s, const struct trial *t, uint32_t i)
{
	return t->setup->classes[t->streams[i].class_index].strict ? judge_strict(s, t, i)
								   : judge_weighted(s, t, i);
}

/* A strict class must have a contract, so that it can't starve others (README); it is wide
 * enough to lose nothing. */
static struct setup_class strict_class(const struct suite *s)
{
	return (struct setup_class){
		.strict = true,
		.cir_bps = s->cir_bps / 100 * STRICT_CIR_PERCENT,
		.burst_bytes = s->burst_bytes,
		.exceed = EXCEED_POLICE,
	};
}

static struct stream offered(const struct suite *s, uint32_t index, uint32_t frame_bytes,
			     uint64_t rate_bps)
{
	struct stream stream = {
		.id = (uint16_t)index, .class_index = (uint8_t)index, .frame_bytes = frame_bytes};

	stream.pattern = suite_steady(s, &stream, ACCOUNT_WIRE, rate_bps);
	return stream;
}

/* --- 6.2.1.1, strict priority and weights -------------------------------------------------- */

static int strict_and_best_effort(struct suite *s)
{
	const struct setup setup = {
		.link_bps = s->cir_bps,
		.account = ACCOUNT_WIRE,
		.class_count = 2,
		.classes = {strict_class(s), {.weight = 1}},
	};
	const struct stream streams[] = {
		offered(s, 0, VOICE_FRAME, s->cir_bps / 100 * STRICT_PERCENT),
		offered(s, 1, BULK_FRAME, s->cir_bps),
	};
	char text[128];

	snprintf(
		text, sizeof(text),
		"SP and best effort, BB %.3f kbit/s by wire length; offered %d %% and 100 %% of it",
		(double)s->cir_bps / 1e3, STRICT_PERCENT);
	result_test(&s->results, "6.2.1.1", "strict priority over best effort", text);
	return suite_trial(s, "queue-strict", &setup, streams, 2, judge_share);
}

static int weighted(struct suite *s)
{
	enum { CLASSES = 4 };
	static const uint32_t frames[CLASSES] = {1518, 512, 256, 128};
	struct setup setup = {.link_bps = s->cir_bps, .class_count = CLASSES};
	struct stream streams[CLASSES];
	char text[128];

	for (uint32_t i = 0; i < CLASSES; i++) {
		setup.classes[i].weight = 1U << i;
		streams[i] = offered(s, i, frames[i], s->cir_bps);
	}
	snprintf(text, sizeof(text),
		 "weights 1, 2, 4, 8, BB %.3f kbit/s by wire length; each is offered 100 %% of it",
		 (double)s->cir_bps / 1e3);
	result_test(&s->results, "6.2.1.1", "weighted queues (deficit round robin)", text);
	return suite_trial(s, "queue-weighted", &setup, streams, CLASSES, judge_share);
}

/* --- 6.2.2.1 --------------------------------------------------------------------------------- */

static int strict_levels(struct suite *s)
{
	enum { CLASSES = 4 };
	struct setup setup = {
		.link_bps = s->cir_bps, .account = ACCOUNT_WIRE, .class_count = CLASSES};
	struct stream streams[CLASSES];
	char text[128];

	for (uint32_t i = 0; i < CLASSES; i++) {
		setup.classes[i] = strict_class(s);
		streams[i] = offered(s, i, SUITE_CAPACITY_FRAME, s->cir_bps / 100 * STRICT_PERCENT);
	}
	snprintf(text, sizeof(text),
		 "4 strict classes, BB %.3f kbit/s by wire length; each is offered %d %% of it",
		 (double)s->cir_bps / 1e3, STRICT_PERCENT);
	result_test(&s->results, "6.2.2.1.1", "strict priority on the egress port", text);
	return suite_trial(s, "queue-strict-levels", &setup, streams, CLASSES, judge_share);
}

static int strict_and_weighted(struct suite *s)
{
	struct setup setup = {
		.link_bps = s->cir_bps, .account = ACCOUNT_WIRE, .class_count = CLASSES_MAX};
	struct stream streams[CLASSES_MAX];
	char text[160];

	setup.classes[0] = strict_class(s);
	streams[0] = offered(s, 0, VOICE_FRAME, s->cir_bps / 100 * STRICT_PERCENT);
	for (uint32_t i = 1; i < CLASSES_MAX; i++) {
		setup.classes[i].weight = i;
		setup.classes[i].queue_ns = LONG_QUEUE_NS;
		streams[i] = offered(s, i, SUITE_CAPACITY_FRAME, s->cir_bps / 4);
	}
	snprintf(text, sizeof(text),
		 "1 strict, %d of weights 1 to %d, QL 1 s; BB %.0f kbit/s on the wire; offered "
		 "%d, 25 %%",
		 CLASSES_MAX - 1, CLASSES_MAX - 1, (double)s->cir_bps / 1e3, STRICT_PERCENT);
	result_test(&s->results, "6.2.2.1.2", "strict priority and weights on the egress port",
		    text);
	return suite_trial(s, "queue-all", &setup, streams, CLASSES_MAX, judge_share);
}

int queue_tests(struct suite *s)
{
	int err = fifo(s);

	if (!err)
		err = strict_and_best_effort(s);
	if (!err)
		err = weighted(s);
	if (!err)
		err = strict_levels(s);
	if (!err)
		err = strict_and_weighted(s);
	return err;
}
