/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 7640 section 6.4: everything at once, in the two profiles that it lists. Policers and
 * shapers beside each other, as different flows of one port, on both ports; and policers
 * whose admitted traffic queues with strict and weighted classes on a link that is asked
 * for too much. Each must behave as it does alone.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rfc7640_suite.h"

enum {
	POLICED = CLASSES_MAX / 2, /* and as many shaped */
	SHAPED_PACKETS = 256,
	OVERLOAD_PERCENT = 150,
	WARM_UP_SHARE = 4,
};

/* --- what is common ------------------------------------------------------------------------ */

static struct ideal_bucket contract_of(const struct trial *t, const struct stream *stream)
{
	const struct setup_class *c = &t->setup->classes[stream->class_index];

	return (struct ideal_bucket){.rate_bps = c->cir_bps, .burst_bytes = c->burst_bytes};
}

/* The ideal policer's passed frames and the rate behind the burst, in every profile. */
static int judge_policed(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct stream *stream = &t->streams[i];
	const struct ideal_bucket b = contract_of(t, stream);
	const uint32_t bytes = stream_bytes(stream, t->setup->account);
	const uint64_t ns = (stream->pattern.count - 1) * stream->pattern.period_ns;
	struct departures ideal = {0};
	struct metrics m;
	int err = suite_row(s, t, i, "policed", &m);

	if (!err)
		err = ideal_policer(&b, bytes, &stream->pattern, &ideal);
	if (!err) {
		result_exact(&s->results, FIGURE_PASSED, (double)suite_in_class(t, i),
			     (double)ideal.count);
		result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	}
	if (!err && m.lost > 0)
		result_within(&s->results, FIGURE_RATE,
			      ((double)m.received * bytes - (double)b.burst_bytes) * 8e9 /
				      (double)ns,
			      (double)b.rate_bps, rate_tolerance((double)b.rate_bps, bytes, ns));
	departures_clear(&ideal);
	return err;
}

/* --- policers and shapers -------------------------------------------------------------------- */

static int judge_shaped(struct suite *s, const struct trial *t, uint32_t i)
{
	const struct stream *stream = &t->streams[i];
	const struct ideal_bucket b = contract_of(t, stream);
	const struct ideal_queue q = {.packets = SHAPED_PACKETS, .bytes = UINT64_MAX};
	const uint32_t bytes = stream_bytes(stream, t->setup->account);
	struct departures ideal = {0};
	struct metrics m, ideal_m;
	struct emission e;
	int err = suite_row(s, t, i, "shaped", &m);

	if (!err)
		err = ideal_shaper(&b, &q, bytes, &stream->pattern, &ideal);
	if (!err)
		err = metrics_compute(m.sent, &ideal, &ideal_m);
	if (!err) {
		e = emission_compute(&t->departures[i], bytes, stream_wire_ns(stream, s->port_bps));
		result_emission(&s->results, &e, bytes);
		result_exact(&s->results, FIGURE_LOST, (double)m.lost, (double)ideal_m.lost);
		result_exact(&s->results, FIGURE_DELAY, (double)m.delay_max_ns / 1e9,
			     (double)ideal_m.delay_max_ns / 1e9);
		if (m.lost > 0)
			result_within(&s->results, FIGURE_SHAPER_RATE, e.rate_bps,
				      (double)b.rate_bps, rate_tolerance((double)b.rate_bps, 0, 0));
	}
	departures_clear(&ideal);
	return err;
}

static int judge_either(struct suite *s, const struct trial *t, uint32_t i)
{
	return t->streams[i].class_index < POLICED ? judge_policed(s, t, i) : judge_shaped(s, t, i);
}

static int policers_and_shapers(struct suite *s)
{
	struct setup setup = {.account = ACCOUNT_IP, .class_count = CLASSES_MAX};
	struct stream streams[TRIAL_STREAMS_MAX];
	char text[160];

	for (uint32_t i = 0; i < CLASSES_MAX; i++)
		setup.classes[i] = (struct setup_class){
			.cir_bps = s->cir_bps >> i % 3,
			.burst_bytes = s->burst_bytes,
			.exceed = i < POLICED ? EXCEED_POLICE : EXCEED_SHAPE,
			.queue_packets = SHAPED_PACKETS,
		};
	for (uint32_t i = 0; i < TRIAL_STREAMS_MAX; i++) {
		struct stream *stream = &streams[i];

		*stream = (struct stream){
			.id = (uint16_t)i,
			.class_index = (uint8_t)(i % CLASSES_MAX),
			.direction = (enum direction)(i / CLASSES_MAX),
			.frame_bytes = suite_frame_sizes[i % SUITE_FRAME_SIZES],
		};
		stream->pattern = suite_steady(s, stream, ACCOUNT_IP,
					       setup.classes[stream->class_index].cir_bps / 100 *
						       OVERLOAD_PERCENT);
	}
	snprintf(text, sizeof(text),
		 "each port: %d policers, %d shapers; CIR %.0f kbit/s over 1, 2, 4; burst %" PRIu64
		 " B by IP length",
		 POLICED, CLASSES_MAX - POLICED, (double)s->cir_bps / 1e3, s->burst_bytes);
	result_test(&s->results, "6.4", "policers and shapers, on both ports", text);
	return suite_trial(s, "concurrent-shapers", &setup, streams, TRIAL_STREAMS_MAX,
			   judge_either);
}

/* --- policers and queues --------------------------------------------------------------------- */

enum { STRICT, FIRST_POLICED, FIRST_WEIGHTED = 5, MIXED_CLASSES = 8 };

static double steady_bps(const struct stream *stream)
{
	return stream_bytes(stream, ACCOUNT_WIRE) * 8e9 / (double)stream->pattern.period_ns;
}

/* What the strict class and the policed ones leave of the link. */
static double rest_bps(const struct suite *s, const struct trial *t)
{
	double rest = (double)s->cir_bps - steady_bps(&t->streams[STRICT]);

	for (uint32_t i = FIRST_POLICED; i < FIRST_WEIGHTED; i++)
		rest -= (double)t->setup->classes[i].cir_bps;
	return rest;
}

static int judge_strict(struct suite *s, const struct trial *t, uint32_t i)
{
	struct metrics m;
	int err = suite_row(s, t, i, "strict", &m);

	if (err)
		return err;
	result_exact(&s->results, FIGURE_LOST, (double)m.lost, 0);
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	result_at_most(&s->results, FIGURE_DELAY, (double)m.delay_max_ns / 1e9,
		       (double)suite_ns(setup_largest_bytes(), s->cir_bps) / 1e9);
	return 0;
}

static int judge_weighted(struct suite *s, const struct trial *t, uint32_t i)
{
	const uint64_t from_ns = SUITE_START_NS + s->duration_ns / WARM_UP_SHARE;
	const uint64_t until_ns = SUITE_START_NS + s->duration_ns;
	const uint64_t ns = until_ns - from_ns;
	const uint32_t weight = t->setup->classes[i].weight;
	double sum = 0, predicted, turn = (double)(weight + 1) * setup_largest_bytes();
	struct metrics m;
	int err = suite_row(s, t, i, "weighted", &m);

	if (err)
		return err;
	for (uint32_t k = FIRST_WEIGHTED; k < MIXED_CLASSES; k++)
		sum += t->setup->classes[k].weight;
	predicted = rest_bps(s, t) * weight / sum;
	result_within(&s->results, FIGURE_RATE,
		      (double)departures_within(&t->departures[i], from_ns, until_ns) *
			      stream_bytes(&t->streams[i], ACCOUNT_WIRE) * 8e9 / (double)ns,
		      predicted, rate_tolerance(predicted, 2 * turn, ns));
	result_exact(&s->results, FIGURE_SEQUENCE, (double)m.out_of_sequence, 0);
	return 0;
}

static int judge_mixed(struct suite *s, const struct trial *t, uint32_t i)
{
	if (i == STRICT)
		return judge_strict(s, t, i);
	return i < FIRST_WEIGHTED ? judge_policed(s, t, i) : judge_weighted(s, t, i);
}

/* A tenth of the link for each policed class, guaranteed, so that its queue loses nothing of
 * what its policer admits. */
static struct setup_class mixed_class(const struct suite *s, uint32_t i)
{
	if (i == STRICT)
		return (struct setup_class){.strict = true,
					    .cir_bps = s->cir_bps / 4,
					    .burst_bytes = s->burst_bytes,
					    .exceed = EXCEED_POLICE};
	if (i < FIRST_WEIGHTED)
		return (struct setup_class){.cir_bps = s->cir_bps / 10,
					    .burst_bytes = 2 * setup_largest_bytes(),
					    .exceed = EXCEED_POLICE,
					    .guarantee_bps = s->cir_bps / 10,
					    .weight = 1,
					    .queue_ns = UINT64_C(1000000000)};
	return (struct setup_class){.weight = 1U << (i - FIRST_WEIGHTED),
				    .queue_ns = UINT64_C(1000000000)};
}

static int policers_and_queues(struct suite *s)
{
	static const uint32_t frames[MIXED_CLASSES] = {218, 128, 256, 512, 1518, 1518, 512, 256};
	struct setup setup = {
		.link_bps = s->cir_bps, .account = ACCOUNT_WIRE, .class_count = MIXED_CLASSES};
	struct stream streams[MIXED_CLASSES];
	char text[160];

	for (uint32_t i = 0; i < MIXED_CLASSES; i++) {
		uint64_t rate_bps = s->cir_bps / 5;

		setup.classes[i] = mixed_class(s, i);
		if (i >= FIRST_POLICED && i < FIRST_WEIGHTED)
			rate_bps = setup.classes[i].cir_bps / 100 * OVERLOAD_PERCENT;
		else if (i >= FIRST_WEIGHTED)
			rate_bps = s->cir_bps / 2;
		streams[i] = (struct stream){
			.id = (uint16_t)i, .class_index = (uint8_t)i, .frame_bytes = frames[i]};
		streams[i].pattern = suite_steady(s, &streams[i], ACCOUNT_WIRE, rate_bps);
	}
	snprintf(text, sizeof(text),
		 "one port, BB %.0f kbit/s on the wire: 1 strict, 4 policed to BB / 10, 3 of "
		 "weights "
		 "1, 2, 4",
		 (double)s->cir_bps / 1e3);
	result_test(&s->results, "6.4", "policers, and queues under an overload", text);
	return suite_trial(s, "concurrent-queues", &setup, streams, MIXED_CLASSES, judge_mixed);
}

int concurrent_tests(struct suite *s)
{
	int err = policers_and_queues(s);

	return err ? err : policers_and_shapers(s);
}
