/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scheduler over a long run on a virtual clock that jumps from departure to
 * departure: the link's rate, ceilings, guarantees and weights as they come out.
 */
#include "schedule_rig.h"

#include "support/eal.h"
#include "support/random.h"

#define NANOBITS ((unsigned __int128)8000000000) /* in a byte */

enum {
	VOICE = 1,
	VIDEO = 2,
	DATA = 3,
	BULK = 4,
	BACKLOG = 32, /* frames that a greedy class keeps waiting */
};

struct source {
	uint8_t slot;
	uint32_t small, large; /* frame lengths, drawn evenly between them */
};

struct outcome {
	uint64_t bytes[CLASS_SLOTS];
	uint64_t total_bytes;
	uint64_t elapsed_ns;
};

static void top_up(struct rig *r, const struct source *source, struct random *random)
{
	while (queue_count(&r->state.queues[source->slot]) < BACKLOG) {
		uint32_t bytes = random_between(random, source->small, source->large);

		assert_int_equal(rig_offer(r, source->slot, bytes, bytes), DROP_NONE);
	}
}

/* All sources always have a backlog; a frame's number is its length. */
static struct outcome saturate(struct rig *r, const struct source *sources, size_t count,
			       uint32_t frames)
{
	struct random random = random_seeded(7);
	struct outcome o = {0};
	uint64_t start_ns = r->now_ns;

	for (uint32_t sent = 0; sent < frames;) {
		struct scheduled out[4];
		uint32_t n;

		for (size_t i = 0; i < count; i++)
			top_up(r, &sources[i], &random);
		n = rig_take(r, out, 4);
		for (uint32_t i = 0; i < n; i++) {
			o.bytes[out[i].class_slot] += (uintptr_t)out[i].frame;
			o.total_bytes += (uintptr_t)out[i].frame;
		}
		sent += n;
		if (n == 0) {
			uint64_t next_ns = rig_when(r);

			assert_true(next_ns > r->now_ns && next_ns != UINT64_MAX);
			r->now_ns = next_ns;
		}
	}
	o.elapsed_ns = r->now_ns - start_ns;
	return o;
}

static double bps(uint64_t bytes, uint64_t ns)
{
	return (double)bytes * 8e9 / (double)ns;
}

static void assert_near(double value, double expected, double tolerance)
{
	if (value < expected * (1 - tolerance) || value > expected * (1 + tolerance))
		fail_msg("%.6g, expected %.6g within %g", value, expected, tolerance);
}

static void queue_everything(struct rig *r)
{
	for (size_t i = 0; i < r->spec.class_count; i++)
		r->classes[i].queue_ns = 1000 * SECOND;
}

/* What the link's bucket holds: one largest frame, and what comes in a turn. */
static unsigned __int128 link_burst_nb(uint64_t rate_bps, uint32_t largest)
{
	return largest * NANOBITS + (unsigned __int128)rate_bps * LINK_TURN_US * US;
}

static void check_link_rate(uint64_t rate_bps, uint32_t largest, uint32_t smallest)
{
	const struct source sources[] = {{DATA, smallest, largest}, {BULK, smallest, largest}};
	const unsigned __int128 burst_nb = link_burst_nb(rate_bps, largest);
	unsigned __int128 sent_nb, earned_nb;
	struct outcome o;
	struct rig r;

	rig_init(&r, rate_bps);
	r.spec.egress.max_frame_bytes = largest;
	rig_class(&r, DATA);
	rig_class(&r, BULK);
	queue_everything(&r);
	rig_start(&r);
	o = saturate(&r, sources, 2, 100000);
	sent_nb = o.total_bytes * NANOBITS;
	earned_nb = (unsigned __int128)rate_bps * o.elapsed_ns;
	assert_true(sent_nb <= earned_nb + burst_nb);
	assert_true(sent_nb + largest * NANOBITS > earned_nb + burst_nb); /* all but a frame's */
	assert_near((double)(sent_nb - burst_nb), (double)earned_nb, 0.0001);
	rig_stop(&r);
}

/* A worker that looks at the link once in at most turn_us: what it has sent and what is left
 * in the bucket are all that the link has ever given. */
static void check_link_rate_by_turns(uint64_t rate_bps, uint32_t turn_us)
{
	const uint64_t end_ns = SECOND + 1000 * 12000 * SECOND / rate_bps; /* 1,000 frames */
	struct random random = random_seeded(11);
	unsigned __int128 sent_nb = 0, given_nb;
	struct rig r;

	rig_init(&r, rate_bps);
	rig_class(&r, DATA);
	queue_everything(&r);
	rig_start(&r);
	while (r.now_ns < end_ns) {
		struct scheduled out[64];
		uint32_t n;

		do {
			top_up(&r, &(struct source){DATA, 60, 1500}, &random);
			n = rig_take(&r, out, 64);
			for (uint32_t i = 0; i < n; i++)
				sent_nb += (uintptr_t)out[i].frame * NANOBITS;
		} while (n > 0);
		r.now_ns += random_between(&random, turn_us * US / 2, turn_us * US);
	}
	meter_refill(&r.state.link, &r.profile.link, r.now_ns);
	given_nb =
		link_burst_nb(rate_bps, 1500) + (unsigned __int128)rate_bps * (r.now_ns - SECOND);
	assert_true(sent_nb + (unsigned __int128)r.state.link.tokens_nb == given_nb);
	rig_stop(&r);
}

static void link_rate_is_reached_by_a_worker_that_takes_its_turns(void **state)
{
	static const uint64_t rates[] = {10000000, 50000000, 600000000, 1000000000, 10000000000};
	static const uint32_t turns_us[] = {1, 5, LINK_TURN_US};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (size_t k = 0; k < sizeof(turns_us) / sizeof(turns_us[0]); k++)
			check_link_rate_by_turns(rates[i], turns_us[k]);
}

static void link_rate_is_exact_from_64_kbps_to_10_gbps(void **state)
{
	static const uint64_t rates[] = {64000,	    1000000,	3953100,    50000000,
					 997000000, 1000000000, 9999999999, 10000000000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		check_link_rate(rates[i], 1500, 60);
		check_link_rate(rates[i], 1523, 1523); /* no whole number of ns at 10 Gbit/s */
		check_link_rate(rates[i], 9216, 60);
	}
	check_link_rate(RATE_BPS_MAX, 1523, 1523);
}

static void weights_are_exact_with_mixed_frames(void **state)
{
	static const struct source sources[] = {
		{VIDEO, 60, 200}, {DATA, 60, 1500}, {BULK, 1000, 1500}};
	struct outcome o;
	struct rig r;

	(void)state;
	rig_init(&r, 50 * MBPS);
	rig_class(&r, VIDEO);
	rig_class(&r, DATA)->weight = 3;
	rig_class(&r, BULK)->weight = 20;
	queue_everything(&r);
	rig_start(&r);
	o = saturate(&r, sources, 3, 1000000);
	assert_near((double)o.bytes[DATA] / (double)o.bytes[VIDEO], 3, 0.001);
	assert_near((double)o.bytes[BULK] / (double)o.bytes[VIDEO], 20, 0.001);
	rig_stop(&r);
}

static void weights_far_apart_are_exact_and_turns_stay_short(void **state)
{
	static const struct source sources[] = {
		{VIDEO, 60, 1500}, {DATA, 60, 1500}, {BULK, 60, 1500}};
	struct outcome o;
	struct rig r;

	(void)state;
	rig_init(&r, 50 * MBPS);
	rig_class(&r, VIDEO);
	rig_class(&r, DATA)->weight = 200;
	rig_class(&r, BULK)->weight = 200;
	queue_everything(&r);
	rig_start(&r);
	assert_true(r.profile.classes[BULK].quantum <= 17 * 1500);
	o = saturate(&r, sources, 3, 2000000);
	/* video sends some 5,000 frames: a turn more or less shows */
	assert_near((double)o.bytes[DATA] / (double)o.bytes[VIDEO], 200, 0.005);
	assert_near((double)o.bytes[BULK] / (double)o.bytes[DATA], 1, 0.001);
	rig_stop(&r);
}

static void ceiling_of_a_strict_class_leaves_the_rest_to_the_others(void **state)
{
	static const struct source sources[] = {{VOICE, 200, 200}, {DATA, 60, 1500}};
	struct outcome o;
	struct rig r;

	(void)state;
	rig_init(&r, 10 * MBPS);
	rig_class(&r, VOICE)->strict = true;
	r.classes[0].ceil_bps = 2 * MBPS;
	rig_class(&r, DATA);
	queue_everything(&r);
	rig_start(&r);
	o = saturate(&r, sources, 2, 200000);
	assert_near(bps(o.bytes[VOICE], o.elapsed_ns), 2 * MBPS, 0.0005);
	assert_near(bps(o.total_bytes, o.elapsed_ns), 10 * MBPS, 0.0005);
	rig_stop(&r);
}

static void guarantee_holds_against_any_weight(void **state)
{
	static const struct source sources[] = {
		{VIDEO, 60, 1500}, {DATA, 60, 1500}, {BULK, 60, 1500}};
	struct outcome o;
	struct rig r;

	(void)state;
	rig_init(&r, 10 * MBPS);
	rig_class(&r, VIDEO)->rate_bps = 3 * MBPS;
	rig_class(&r, DATA)->rate_bps = 2 * MBPS;
	rig_class(&r, BULK)->weight = 8;
	queue_everything(&r);
	rig_start(&r);
	o = saturate(&r, sources, 3, 500000);
	/* 5 Mbit/s are left, shared 1:1:8 */
	assert_near(bps(o.bytes[VIDEO], o.elapsed_ns), 3.5 * MBPS, 0.002);
	assert_near(bps(o.bytes[DATA], o.elapsed_ns), 2.5 * MBPS, 0.002);
	assert_near(bps(o.bytes[BULK], o.elapsed_ns), 4 * MBPS, 0.002);
	rig_stop(&r);
}

static void guarantee_with_a_ceiling_stops_at_the_ceiling(void **state)
{
	static const struct source sources[] = {{VIDEO, 60, 1500}, {BULK, 60, 1500}};
	struct outcome o;
	struct rig r;

	(void)state;
	rig_init(&r, 10 * MBPS);
	rig_class(&r, VIDEO)->rate_bps = 3 * MBPS;
	r.classes[0].ceil_bps = 4 * MBPS;
	rig_class(&r, BULK);
	queue_everything(&r);
	rig_start(&r);
	o = saturate(&r, sources, 2, 500000);
	assert_near(bps(o.bytes[VIDEO], o.elapsed_ns), 4 * MBPS, 0.001);
	assert_near(bps(o.total_bytes, o.elapsed_ns), 10 * MBPS, 0.0005);
	rig_stop(&r);
}

static void shape_contract_is_exact(void **state)
{
	static const struct source sources[] = {{VOICE, 200, 200}, {DATA, 60, 1500}};
	struct outcome o;
	struct rig r;

	(void)state;
	rig_init(&r, 50 * MBPS);
	rig_class(&r, VOICE)->strict = true;
	rig_class(&r, DATA);
	rig_shape(&r, 5, UINT32_C(1) << VOICE)->cir_bps = 3953100;
	queue_everything(&r);
	rig_start(&r);
	o = saturate(&r, sources, 2, 500000);
	assert_near(bps(o.bytes[VOICE] - 3036, o.elapsed_ns), 3953100, 0.0005);
	assert_near(bps(o.total_bytes, o.elapsed_ns), 50 * MBPS, 0.0005);
	assert_int_equal(r.expired, 0);
	rig_stop(&r);
}

/* The bound of the design: (largest frame + what link control and voice may send at once)
 * at the link's rate. */
static void strict_frame_waits_for_one_frame_and_what_is_ahead(void **state)
{
	struct random random = random_seeded(3);
	uint64_t longest_ns = 0, voice_ns;
	struct rig r;

	(void)state;
	rig_init(&r, 10 * MBPS);
	rig_class(&r, VOICE)->strict = true;
	rig_class(&r, BULK)->weight = 20;
	rig_class(&r, DATA)->rate_bps = 5 * MBPS;
	queue_everything(&r);
	rig_start(&r);
	voice_ns = r.now_ns;
	while (r.now_ns < 20 * SECOND) {
		struct scheduled out;
		uint64_t next_ns;

		top_up(&r, &(struct source){DATA, 60, 1500}, &random);
		top_up(&r, &(struct source){BULK, 60, 1500}, &random);
		if (r.now_ns >= voice_ns) {
			rig_offer(&r, VOICE, 218, 218);
			voice_ns = r.now_ns + 2 * MS + random_below(&random, MS);
		}
		while (rig_take(&r, &out, 1))
			if (out.class_slot == VOICE && out.waited_ns > longest_ns)
				longest_ns = out.waited_ns;
		next_ns = rig_when(&r);
		r.now_ns = next_ns < voice_ns ? next_ns : voice_ns;
	}
	assert_true(longest_ns > 0);
	assert_true(longest_ns <= (1500 + 218) * UINT64_C(800));
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_rate_is_exact_from_64_kbps_to_10_gbps),
		cmocka_unit_test(link_rate_is_reached_by_a_worker_that_takes_its_turns),
		cmocka_unit_test(weights_are_exact_with_mixed_frames),
		cmocka_unit_test(weights_far_apart_are_exact_and_turns_stay_short),
		cmocka_unit_test(ceiling_of_a_strict_class_leaves_the_rest_to_the_others),
		cmocka_unit_test(guarantee_holds_against_any_weight),
		cmocka_unit_test(guarantee_with_a_ceiling_stops_at_the_ceiling),
		cmocka_unit_test(shape_contract_is_exact),
		cmocka_unit_test(strict_frame_waits_for_one_frame_and_what_is_ahead),
	};

	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
