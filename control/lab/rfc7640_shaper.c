/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 7640 section 6.3: shapers. The link's own rate, and contracts that shape a class.
 * Bursts as long as the queue, far enough apart for it to empty (the RFC's traffic), and a
 * steady overload that shows the rate. The whole emission is predicted: when each frame of
 * an ideal shaper leaves.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rfc7640_suite.h"

enum {
	QUEUE_MS = 50, /* of a class's shaper: its queue */
	QUEUE_PACKETS_MIN = 16,
	OVERLOAD_PERCENT = 150,
	CAPACITY_SHAPERS = CLASSES_MAX,
};

/* A shaper as a stream meets it. */
struct shaper {
	struct ideal_bucket bucket;
	struct ideal_queue queue;
	enum account account;
};

static struct shaper shaper_of(const struct suite *s, const struct setup *setup,
			       const struct stream *stream)
{
	const struct setup_class *c = &setup->classes[stream->class_index];
	struct shaper shaper = {
		.bucket = {.rate_bps = c->cir_bps, .burst_bytes = c->burst_bytes},
		.queue = {.packets = c->queue_packets, .bytes = UINT64_MAX},
		.account = setup->account,
	};

	if (setup->link_bps == 0)
		return shaper;
	shaper.bucket = suite_link_bucket(s);
	shaper.queue.bytes = suite_queue_bytes(s);
	shaper.account = ACCOUNT_WIRE;
	return shaper;
}

/* Frames that the queue holds. */
static uint64_t queue_frames(const struct shaper *shaper, uint32_t bytes)
{
	uint64_t fit = shaper->queue.bytes / bytes;

	return fit < shaper->queue.packets ? fit : shaper->queue.packets;
}

static struct pattern bursts(const struct suite *s, const struct setup *setup,
			     const struct stream *stream)
{
	const struct shaper shaper = shaper_of(s, setup, stream);
	const uint32_t bytes = stream_bytes(stream, shaper.account);
	uint64_t frames = queue_frames(&shaper, bytes);

	return suite_bursts(s, stream, frames, suite_ns(frames * bytes, shaper.bucket.rate_bps));
}

static struct pattern overload(const struct suite *s, const struct setup *setup,
			       const struct stream *stream)
{
	const struct shaper shaper = shaper_of(s, setup, stream);

	return suite_steady(s, stream, shaper.account,
			    shaper.bucket.rate_bps / 100 * OVERLOAD_PERCENT);
}

/* --- judging ------------------------------------------------------------------------------- */

static void check_emission(struct suite *s, const struct emission *e, const struct emission *ideal,
			   double rate_bps, uint32_t bytes)
{
	struct results *r = &s->results;

	result_within(r, FIGURE_SHAPER_RATE, e->rate_bps, rate_bps, rate_tolerance(rate_bps, 0, 0));
	result_exact(r, FIGURE_BURST_BYTES, (double)(e->burst_frames_max * bytes),
		     (double)(ideal->burst_frames_max * bytes));
	result_exact(r, FIGURE_INTERVAL, e->interval_mean_ns / 1e9, ideal->interval_mean_ns / 1e9);
}

static int judge(struct suite *s, const struct trial *t, uint32_t i, const char *traffic,
		 bool sustained)
{
	const struct stream *stream = &t->streams[i];
	const struct shaper shaper = shaper_of(s, t->setup, stream);
	const uint32_t bytes = stream_bytes(stream, shaper.account);
	const uint64_t wire_ns = stream_wire_ns(stream, s->port_bps);
	struct emission measured, predicted;
	struct departures ideal = {0};
	struct metrics m, ideal_m;
	int err = suite_row(s, t, i, traffic, &m);

	if (!err)
		err = ideal_shaper(&shaper.bucket, &shaper.queue, bytes, &stream->pattern, &ideal);
	if (!err)
		err = metrics_compute(m.sent, &ideal, &ideal_m);
	if (!err) {
		measured = emission_compute(&t->departures[i], bytes, wire_ns);
		predicted = emission_compute(&ideal, bytes, wire_ns);
		result_emission(&s->results, &measured, bytes);
		result_exact(&s->results, FIGURE_LOST, (double)m.lost, (double)ideal_m.lost);
		result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
		result_exact(&s->results, FIGURE_DELAY, (double)m.delay_max_ns / 1e9,
			     (double)ideal_m.delay_max_ns / 1e9);
		result_exact(&s->results, FIGURE_VARIATION, (double)m.variation_ns / 1e9,
			     (double)ideal_m.variation_ns / 1e9);
		/* Between bursts it idles, and in a short trial its burst may do: then its mean
		 * output is not its rate. */
		sustained = sustained && predicted.rate_bps > 0;
		check_emission(s, &measured, &predicted,
			       sustained ? (double)shaper.bucket.rate_bps : predicted.rate_bps,
			       bytes);
	}
	departures_clear(&ideal);
	return err;
}

static int judge_bursts(struct suite *s, const struct trial *t, uint32_t i)
{
	return judge(s, t, i, "bursts", false);
}

static int judge_overload(struct suite *s, const struct trial *t, uint32_t i)
{
	return judge(s, t, i, "overload", true);
}

static int run_both(struct suite *s, const char *name, const struct setup *setup,
		    struct stream *streams, uint32_t count)
{
	char trial[96];
	int err;

	for (uint32_t i = 0; i < count; i++)
		streams[i].pattern = bursts(s, setup, &streams[i]);
	snprintf(trial, sizeof(trial), "%s-bursts", name);
	err = suite_trial(s, trial, setup, streams, count, judge_bursts);
	if (err)
		return err;
	for (uint32_t i = 0; i < count; i++)
		streams[i].pattern = overload(s, setup, &streams[i]);
	snprintf(trial, sizeof(trial), "%s-overload", name);
	return suite_trial(s, trial, setup, streams, count, judge_overload);
}

/* --- 6.3.1 ----------------------------------------------------------------------------------- */

static uint32_t packets_in_queue(uint64_t rate_bps, uint32_t bytes)
{
	uint64_t packets = rate_bps / 8 * QUEUE_MS / 1000 / bytes;

	if (packets < QUEUE_PACKETS_MIN)
		return QUEUE_PACKETS_MIN;
	return packets < QUEUE_PACKETS_MAX ? (uint32_t)packets : QUEUE_PACKETS_MAX;
}

static int link_shaper(struct suite *s)
{
	const struct setup setup = {
		.link_bps = s->cir_bps,
		.class_count = 1,
		.classes = {{.queue_ns = suite_queue_ns(s), .queue_packets = QUEUE_PACKETS_MAX}},
	};
	char text[160], name[64];
	int err = 0;

	snprintf(text, sizeof(text),
		 "SR %.3f kbit/s and Bc %u B + %d us by wire length, QL %" PRIu64 " B",
		 (double)s->cir_bps / 1e3, setup_largest_bytes(), LINK_TURN_US,
		 suite_queue_bytes(s));
	result_test(&s->results, "6.3.1.1", "one shaper, of the link", text);
	for (size_t i = 0; i < SUITE_FRAME_SIZES && !err; i++) {
		struct stream stream = {.frame_bytes = suite_frame_sizes[i]};

		snprintf(name, sizeof(name), "shaper-link-%u", suite_frame_sizes[i]);
		err = run_both(s, name, &setup, &stream, 1);
	}
	return err;
}

static int class_shaper(struct suite *s)
{
	char text[160], name[64];
	int err = 0;

	snprintf(text, sizeof(text),
		 "SR %.3f kbit/s and Bc %" PRIu64 " B by IP length, QL %d ms of it in packets",
		 (double)s->cir_bps / 1e3, s->burst_bytes, QUEUE_MS);
	result_test(&s->results, "6.3.1.1", "one shaper, of a class (exceed \"shape\")", text);
	for (size_t i = 0; i < SUITE_FRAME_SIZES && !err; i++) {
		struct stream stream = {.frame_bytes = suite_frame_sizes[i]};
		const uint32_t bytes = stream_bytes(&stream, ACCOUNT_IP);
		const struct setup setup = {
			.account = ACCOUNT_IP,
			.class_count = 1,
			.classes = {{.cir_bps = s->cir_bps,
				     .burst_bytes = s->burst_bytes,
				     .exceed = EXCEED_SHAPE,
				     .queue_packets = packets_in_queue(s->cir_bps, bytes)}},
		};

		snprintf(name, sizeof(name), "shaper-class-%u", suite_frame_sizes[i]);
		err = run_both(s, name, &setup, &stream, 1);
	}
	return err;
}

/* --- 6.3.2 ----------------------------------------------------------------------------------- */

static int single_queue(struct suite *s)
{
	const struct setup setup = {
		.link_bps = s->cir_bps,
		.class_count = 1,
		.classes = {{.queue_ns = suite_queue_ns(s), .queue_packets = QUEUE_PACKETS_MAX}},
	};
	struct stream streams[DIRECTIONS];
	char text[128];

	for (uint32_t d = 0; d < DIRECTIONS; d++)
		streams[d] = (struct stream){.id = (uint16_t)d,
					     .direction = (enum direction)d,
					     .frame_bytes = SUITE_CAPACITY_FRAME};
	snprintf(text, sizeof(text),
		 "each port: SR %.3f kbit/s and Bc %u B + %d us by wire length, QL %" PRIu64 " B",
		 (double)s->cir_bps / 1e3, setup_largest_bytes(), LINK_TURN_US,
		 suite_queue_bytes(s));
	result_test(&s->results, "6.3.2.1", "single queue shaped, all physical ports active", text);
	return run_both(s, "shaper-ports", &setup, streams, DIRECTIONS);
}

static int all_queues(struct suite *s, uint32_t directions, const char *section, const char *title)
{
	struct setup setup = {.account = ACCOUNT_IP, .class_count = CAPACITY_SHAPERS};
	struct stream streams[TRIAL_STREAMS_MAX];
	char text[160], name[64];
	uint32_t count = 0;

	for (uint32_t d = 0; d < directions; d++)
		for (uint32_t i = 0; i < CAPACITY_SHAPERS; i++, count++)
			streams[count] = (struct stream){.id = (uint16_t)count,
							 .class_index = (uint8_t)i,
							 .direction = (enum direction)d,
							 .frame_bytes = SUITE_CAPACITY_FRAME};
	for (uint32_t i = 0; i < CAPACITY_SHAPERS; i++) {
		uint64_t rate_bps = s->cir_bps >> i % 3;

		setup.classes[i] = (struct setup_class){
			.cir_bps = rate_bps,
			.burst_bytes = s->burst_bytes,
			.exceed = EXCEED_SHAPE,
			.queue_packets =
				packets_in_queue(rate_bps, stream_bytes(&streams[i], ACCOUNT_IP)),
		};
	}
	snprintf(text, sizeof(text),
		 "%u queues a port; SR %.0f kbit/s over 1, 2, 4; Bc %" PRIu64 " B; QL %d ms",
		 CAPACITY_SHAPERS, (double)s->cir_bps / 1e3, s->burst_bytes, QUEUE_MS);
	result_test(&s->results, section, title, text);
	snprintf(name, sizeof(name), "shapers-%u", count);
	return run_both(s, name, &setup, streams, count);
}

int shaper_tests(struct suite *s)
{
	int err = link_shaper(s);

	if (!err)
		err = class_shaper(s);
	if (!err)
		err = single_queue(s);
	if (!err)
		err = all_queues(s, 1, "6.3.2.2", "all queues shaped, single port active");
	if (!err)
		err = all_queues(s, DIRECTIONS, "6.3.2.3", "all queues shaped, all ports active");
	return err;
}
