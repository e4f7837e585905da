/* SPDX-License-Identifier: BSD-3-Clause */
/* What the lab sends: exact rates, in the order of time, the same from the same seed. */
#include "lab_rig.h"

#include <math.h>
#include <stdlib.h>

#include "arrivals.h"

#define SECOND_NS UINT64_C(1000000000)

struct tally {
	uint64_t packets[3], ip_bytes[3], backwards, wrong_call, wrong_stamp, overtaken, wrong_sum;
	uint64_t first_ns[200], last_ns[200], of_call[200];
	uint64_t bytes_least, bytes_most, digest;
};

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* RFC 1071: the sum over a right header is all ones. */
static bool sum_is_right(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

static void tally_rtp(struct tally *t, const struct arrival *a, const uint8_t *ip)
{
	const struct arrival_stamp stamp = arrivals_stamp(ip);
	const uint64_t n = t->of_call[a->source]++;
	const uint32_t bytes = (uint32_t)ip[2] << 8 | ip[3];

	if (n == 0)
		t->first_ns[a->source] = a->ns;
	t->overtaken += n > 0 && a->ns < t->last_ns[a->source];
	t->last_ns[a->source] = a->ns;
	t->wrong_stamp += stamp.ns != a->ns || stamp.index != n;
	if (bytes < t->bytes_least)
		t->bytes_least = bytes;
	if (bytes > t->bytes_most)
		t->bytes_most = bytes;
}

static struct tally run(const char *line)
{
	struct tally t = {.bytes_least = UINT64_MAX};
	uint8_t frame[ARRIVAL_FRAME_BYTES] = {0};
	struct arrival a = {0};
	struct arrivals *arrivals;
	struct lab_rig r;
	uint64_t now_ns = 0;

	lab_plan(&r, line);
	arrivals = arrivals_create(&r.plan);
	assert_non_null(arrivals);
	while (arrivals_next(arrivals, &a, frame)) {
		const uint8_t *ip = frame + 14;
		uint32_t source;

		t.backwards += a.ns < now_ns;
		now_ns = a.ns;
		t.wrong_call += arrivals_identify(ip, &source) != a.kind || source != a.source;
		t.wrong_sum += !sum_is_right(ip);
		t.packets[a.kind]++;
		t.ip_bytes[a.kind] += (uint64_t)ip[2] << 8 | ip[3];
		if (a.kind == ARRIVAL_RTP)
			tally_rtp(&t, &a, ip);
		for (uint32_t i = 0; i < a.length && i < ARRIVAL_HEAD_BYTES; i++)
			t.digest = (t.digest ^ frame[i] ^ a.ns) * UINT64_C(0x100000001b3);
	}
	arrivals_destroy(arrivals);
	lab_clear(&r);
	assert_int_equal(t.backwards, 0);
	assert_int_equal(t.wrong_call, 0);
	assert_int_equal(t.wrong_stamp, 0);
	assert_int_equal(t.overtaken, 0);
	assert_int_equal(t.wrong_sum, 0);
	return t;
}

static void a_call_sends_what_its_codec_says(void **state)
{
	static const struct {
		const char *codec;
		uint64_t packets, ip_bytes; /* 10 s of one call; the mean */
	} codecs[] = {
		{"g711 --ptime 20", 500, 200},	  {"g722 --ptime 30", 334, 280},
		{"silk --ptime 20", 500, 130},	  {"opus --ptime 60", 167, 220},
		{"rtaudio --ptime 40", 250, 185}, {"opus --ptime 10", 1000, 70},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		char line[200];
		struct tally t;
		double mean;

		snprintf(line, sizeof(line),
			 "--calls 20 --contract 9 --phase sync --rtcp 0 --seconds 10 --codec %s",
			 codecs[i].codec);
		t = run(line);
		mean = (double)t.ip_bytes[ARRIVAL_RTP] / (double)t.packets[ARRIVAL_RTP];
		assert_int_equal(t.packets[ARRIVAL_RTP], 20 * codecs[i].packets);
		assert_true(fabs(mean - (double)codecs[i].ip_bytes) < 1);
		if (codecs[i].codec[0] == 's' || codecs[i].codec[0] == 'o') {
			assert_in_range(t.bytes_least, 40, codecs[i].ip_bytes - 1);
			assert_true(t.bytes_most - codecs[i].ip_bytes ==
				    codecs[i].ip_bytes - t.bytes_least);
		} else {
			assert_int_equal(t.bytes_least, codecs[i].ip_bytes);
			assert_int_equal(t.bytes_most, codecs[i].ip_bytes);
		}
	}
}

static void phases_are_random_or_alike(void **state)
{
	struct tally t = run("--calls 100 --contract 80 --seconds 2 --rtcp 0");
	struct tally sync = run("--calls 100 --contract 80 --seconds 2 --rtcp 0 --phase sync");
	uint64_t sum = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_in_range(t.first_ns[i], 0, 19999999);
		assert_true(i == 0 || t.first_ns[i] >= t.first_ns[i - 1]);
		assert_int_equal(t.of_call[i], 100);
		assert_int_equal(t.last_ns[i] - t.first_ns[i], 99 * UINT64_C(20000000));
		assert_int_equal(sync.first_ns[i], 0);
		sum += t.first_ns[i];
	}
	assert_in_range(sum / 100, 7000000, 13000000);
}

static void a_ramp_spreads_the_beginnings(void **state)
{
	struct tally t = run("--calls 100 --contract 80 --seconds 60 --rtcp 0 --ramp 50");
	struct tally sync =
		run("--calls 100 --contract 80 --seconds 60 --rtcp 0 --ramp 50 --phase sync");

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		assert_in_range(t.first_ns[i], i * SECOND_NS / 2, (i + 1) * SECOND_NS / 2);
		assert_int_equal(sync.first_ns[i], i * SECOND_NS / 2);
	}
}

static void clocks_are_off_by_so_much(void **state)
{
	struct tally t = run("--calls 200 --contract 80 --seconds 50 --ppm 50 --rtcp 0");
	double least = 0, most = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		const double span = (double)(t.last_ns[i] - t.first_ns[i]);
		const double even = (double)(t.of_call[i] - 1) * 2e7;
		const double ppm = (span / even - 1) * 1e6;

		least = ppm < least ? ppm : least;
		most = ppm > most ? ppm : most;
	}
	assert_true(least >= -50.001 && least < -45);
	assert_true(most <= 50.001 && most > 45);
}

static void jitter_delays_and_nothing_overtakes(void **state)
{
	struct tally even = run("--calls 50 --contract 40 --seconds 20 --rtcp 0");
	struct tally late = run("--calls 50 --contract 40 --seconds 20 --rtcp 0 --jitter-ms 60");

	(void)state; /* that nothing overtakes is judged in every run */
	assert_int_equal(even.packets[ARRIVAL_RTP], late.packets[ARRIVAL_RTP]);
	assert_true(even.digest != late.digest);
}

static void reports_come_now_and_then(void **state)
{
	struct tally t = run("--calls 100 --contract 80 --seconds 150");
	struct tally fast = run("--calls 100 --contract 80 --seconds 150 --rtcp 1");

	(void)state;
	assert_in_range(t.packets[ARRIVAL_RTCP], 2850, 3050); /* one in 5 s and call */
	assert_in_range(fast.packets[ARRIVAL_RTCP], 14800, 15100);
	assert_int_equal(t.ip_bytes[ARRIVAL_RTCP], 108 * t.packets[ARRIVAL_RTCP]);
}

static double background_kbps(const char *spec, const char *more)
{
	char line[300];
	struct tally t;

	snprintf(line, sizeof(line),
		 "--calls 1 --contract 1 --seconds 50 --rtcp 0 --background %s %s", spec, more);
	t = run(line);
	return (double)t.ip_bytes[ARRIVAL_BACKGROUND] * 8 / 50e3;
}

static void background_keeps_its_rate(void **state)
{
	(void)state;
	assert_true(fabs(background_kbps("bulk:20000", "") - 20000) < 1);
	assert_true(fabs(background_kbps("bulk:20000:64", "") - 20000) < 1);
	assert_true(fabs(background_kbps("video:1500", "") - 1500) < 2);
	assert_true(fabs(background_kbps("video:100", "") - 100) < 0.5);
	assert_true(fabs(background_kbps("bulk:300,video:500", "") - 800) < 2);
	assert_true(fabs(background_kbps("poisson:20000", "") - 20000) < 400);
	assert_true(fabs(background_kbps("poisson:20000:200", "") - 20000) < 200);
	/* 1,538 bytes of wire carry 1,500 of IP */
	assert_true(fabs(background_kbps("saturate", "--link-kbps 10000") - 11000.0 * 1500 / 1538) <
		    2);
	assert_true(fabs(background_kbps("bulk:20000", "--account wire") - 20000.0 * 1500 / 1538) <
		    2);
}

static void a_seed_repeats_itself_and_no_other(void **state)
{
	static const char line[] = "--calls 30 --contract 20 --seconds 5 --codec opus --ppm 50 "
				   "--jitter-ms 5 --background poisson:3000,video:900 --seed %d";
	char one[200], two[200];

	(void)state;
	snprintf(one, sizeof(one), line, 1);
	snprintf(two, sizeof(two), line, 2);
	assert_true(run(one).digest == run(one).digest);
	assert_true(run(one).digest != run(two).digest);
}

static void every_client_has_its_own_address_and_port(void **state)
{
	uint8_t frame[ARRIVAL_FRAME_BYTES];
	struct arrivals *arrivals;
	struct arrival a;
	struct lab_rig r;
	uint32_t seen = 0;

	(void)state;
	lab_plan(&r, "--calls 10000 --contract 80 --seconds 1 --ptime 60 --rtcp 0");
	arrivals = arrivals_create(&r.plan);
	while (arrivals_next(arrivals, &a, frame) && a.ns < 60000000) {
		const uint32_t address = read32(frame + 26);
		const uint32_t port = (uint32_t)frame[34] << 8 | frame[35];
		uint32_t call;

		assert_int_equal(address >> 16, 10 << 8 | 1);
		assert_in_range(address & 255, 1, 250);
		assert_true(arrivals_call_of(frame + 26, &call));
		assert_int_equal(call, a.source);
		assert_int_equal(port, 50000 + 2 * (call % 10));
		assert_int_equal(port, arrivals_source_port(&r.plan, call));
		seen += arrivals_stamp(frame + 14).index == 0;
	}
	assert_int_equal(seen, 10000);
	arrivals_destroy(arrivals);
	lab_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_sends_what_its_codec_says),
		cmocka_unit_test(phases_are_random_or_alike),
		cmocka_unit_test(a_ramp_spreads_the_beginnings),
		cmocka_unit_test(clocks_are_off_by_so_much),
		cmocka_unit_test(jitter_delays_and_nothing_overtakes),
		cmocka_unit_test(reports_come_now_and_then),
		cmocka_unit_test(background_keeps_its_rate),
		cmocka_unit_test(a_seed_repeats_itself_and_no_other),
		cmocka_unit_test(every_client_has_its_own_address_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
