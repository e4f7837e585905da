/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who loses what when there are too many calls, for a minute and over many seeds.
 *
 * "Equal for all calls" is tested by Pearson's statistic of homogeneity over the table of
 * calls by (lost, passed): sum (lost_i - n_i*p)^2 / (n_i*p*(1-p)) with p the share lost of
 * all. Were each packet lost by a draw of its own, with whatever probability is common to
 * the calls at that time, it would be chi-square with (calls - 1) degrees of freedom: the
 * factor 1 - p accounts for what counting the lost ones alone would show as too little
 * scatter, and conditioning on the total for the controller, which moves all calls alike.
 * Over all seeds and settings the hypothesis must not be rejected (Holm, 1 %), and for the
 * plain bucket it must. The sum of the statistics over the seeds is tested, too: it sees a
 * bias too small for any single one.
 */
#include "support/overrun.h"

#include <math.h>

#include "oracle/amount.h"

enum {
	SEEDS = 100,
	SEEDS_FULL = 1000,
	SEEDS_FEW = 20, /* of the deterministic droppers */
	SETTINGS = 5,
};

static struct amount amount;

struct setting {
	const char *name;
	struct overrun offer;
	double least, most, gap_most; /* percent of a call's packets; seconds */
};

static const struct setting settings[SETTINGS] = {
	{"100 on 80, random phases", {.calls = 100}, 15, 25, 0.4},
	{"100 on 80, clocks 50 ppm apart", {.calls = 100, .clock_ppm = 50}, 15, 25, 0.4},
	{"100 on 80, 10 ms of jitter", {.calls = 100, .jitter_ns = 10000000}, 15, 25, 0.4},
	{"81 on 80", {.calls = 81}, 0, 5, 0.4},
	{"100 on 80 at one instant", {.calls = 100, .together = true}, 8, 32, 0.4},
};

static struct overrun offer_of(const struct setting *s, enum exceed exceed, unsigned places,
			       uint64_t seed)
{
	struct overrun o = s->offer;

	o.cir_bps = places * UINT64_C(80000);
	o.burst_bytes = places * UINT64_C(200) * (o.together ? 2 : 1);
	o.exceed = exceed;
	o.seconds = 60;
	o.seed = amount.seed * 1000000 + seed;
	o.media_clock = seed % 2;
	return o;
}

/* --- chi-square ---------------------------------------------------------------------------- */

static double statistic(const struct overrun *o, const struct overrun_outcome *out)
{
	double p = (double)out->lost / (double)out->sent, sum = 0;

	for (unsigned i = 0; i < o->calls; i++) {
		double n = out->calls[i].sent, off = out->calls[i].lost - n * p;

		sum += off * off / (n * p * (1 - p));
	}
	return sum;
}

/* P(chi-square of so many degrees of freedom > x): the incomplete gamma function, by its
 * series below the mean and Lentz's continued fraction above it. */
static double chance_above(double x, double freedom)
{
	const double a = freedom / 2, z = x / 2;
	double front, sum, term, c, d, f;

	if (z <= 0)
		return 1;
	front = exp(-z + a * log(z) - lgamma(a));
	if (z < a + 1) {
		sum = term = 1 / a;
		for (double n = a + 1; term > sum * 1e-15; n++)
			sum += term *= z / n;
		return 1 - front * sum;
	}
	f = z + 1 - a;
	c = 1e300;
	d = 1 / f;
	f = d;
	for (int i = 1; i < 100000; i++) {
		double an = -i * (i - a), b = z + 1 - a + 2 * i, step;

		d = 1 / (an * d + b);
		c = b + an / c;
		step = c * d;
		f *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return front * f;
}

static void the_distribution_is_the_tables(void **state)
{
	static const struct {
		double x, freedom, p;
	} table[] = {
		{3.841459, 1, 0.05},	{18.307038, 10, 0.05}, {135.806723, 100, 0.01},
		{70.064895, 100, 0.99}, {98.334, 99, 0.5},     {145.0, 80, 1.20012e-5},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(table); i++) {
		double p = chance_above(table[i].x, table[i].freedom);

		if (fabs(p - table[i].p) > 0.01 * table[i].p)
			fail_msg("chi-square %.3f of %.0f: %g", table[i].x, table[i].freedom, p);
	}
}

/* --- random -------------------------------------------------------------------------------- */

struct family {
	double smallest; /* p of all tests */
	unsigned tests;
};

static void judge(const struct setting *s, const struct overrun *o,
		  const struct overrun_outcome *out)
{
	if (out->loss_min < s->least || out->loss_max > s->most || out->gap_max > s->gap_most)
		fail_msg("%s, seed %u: calls lose %.2f to %.2f %% (wanted %.1f to %.1f), longest "
			 "gap %.3f s",
			 s->name, (unsigned)o->seed, out->loss_min, out->loss_max, s->least,
			 s->most, out->gap_max);
}

/* What calls lose is bounded, and its scatter is chance. */
static void try_random(const struct setting *s, struct family *f)
{
	const unsigned seeds = amount.full ? SEEDS_FULL : SEEDS;
	double sum = 0, least = 100, most = 0, gap = 0, p;

	for (unsigned seed = 1; seed <= seeds; seed++) {
		struct overrun o = offer_of(s, EXCEED_RANDOM, 80, seed);
		struct overrun_outcome out = overrun_run(&o);
		double x = statistic(&o, &out);

		judge(s, &o, &out);
		f->smallest = fmin(f->smallest, chance_above(x, o.calls - 1));
		f->tests++;
		sum += x;
		least = fmin(least, out.loss_min);
		most = fmax(most, out.loss_max);
		gap = fmax(gap, out.gap_max);
	}
	p = chance_above(sum, seeds * (s->offer.calls - 1.0));
	printf("random, %s: %.2f to %.2f %%, gaps up to %.3f s; chi-square %.3f of its freedom, "
	       "p = %.3f\n",
	       s->name, least, most, gap, sum / (seeds * (s->offer.calls - 1.0)), p);
	f->smallest = fmin(f->smallest, p);
	f->tests++;
}

static void random_hurts_all_calls_alike(void **state)
{
	struct family f = {.smallest = 1};

	(void)state;
	for (size_t i = 0; i < SETTINGS; i++)
		try_random(&settings[i], &f);
	/* Holm's procedure rejects something if and only if its first step does */
	printf("the smallest of %u p-values is %.2g\n", f.tests, f.smallest);
	if (f.smallest < 0.01 / f.tests)
		fail_msg("calls are not hurt alike");
}

/* The negative control. Each single seed shows it, at the same corrected level. */
static void a_plain_bucket_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];
		double sum = 0;

		for (unsigned seed = 1; seed <= SEEDS_FEW; seed++) {
			struct overrun o = offer_of(s, EXCEED_POLICE, 80, seed);
			struct overrun_outcome out = overrun_run(&o);

			sum += statistic(&o, &out);
		}
		printf("police, %s: chi-square %.1f of its freedom\n", s->name,
		       sum / (SEEDS_FEW * (s->offer.calls - 1.0)));
		assert_true(chance_above(sum, SEEDS_FEW * (s->offer.calls - 1.0)) <
			    0.01 / (SETTINGS * (SEEDS + 1)));
	}
}

/* --- spread and protect --------------------------------------------------------------------- */

static void spread_gives_each_call_its_equal_share(void **state)
{
	unsigned seeds = amount.full ? SEEDS : SEEDS_FEW;

	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];
		double apart = 0, gap = 0;

		for (unsigned seed = 1; seed <= seeds; seed++) {
			struct overrun o = offer_of(s, EXCEED_SPREAD, 80, seed);
			struct overrun_outcome out = overrun_run(&o);

			apart = fmax(apart, fmax(out.loss_max - out.loss_mean,
						 out.loss_mean - out.loss_min));
			gap = fmax(gap, out.gap_max);
			judge(s, &o, &out);
			if (apart > 2 || out.twice > 0)
				fail_msg("%s, seed %u: %.2f points from equal, %u times two in a "
					 "row",
					 s->name, seed, apart, out.twice);
		}
		printf("spread, %s: within %.2f points of equal, gaps up to %.3f s\n", s->name,
		       apart, gap);
	}
}

static unsigned rank_of(const struct overrun_outcome *out, unsigned calls, unsigned call)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < calls; i++)
		rank += out->calls[i].first_ns < out->calls[call].first_ns ||
			(out->calls[i].first_ns == out->calls[call].first_ns && i < call);
	return rank;
}

static void assert_protected(const struct setting *s, const struct overrun *o,
			     const struct overrun_outcome *out)
{
	for (unsigned i = 0; i < o->calls; i++) {
		const struct overrun_call *c = &out->calls[i];
		const unsigned rank = rank_of(out, o->calls, i);

		if (rank < 80 && (c->lost > 0 || c->over_contract || !c->placed))
			fail_msg("%s, seed %u: number %u to begin lost %u of %u", s->name,
				 (unsigned)o->seed, rank + 1, c->lost, c->sent);
		if (rank >= 80 && !c->over_contract)
			fail_msg("%s, seed %u: number %u to begin is not named", s->name,
				 (unsigned)o->seed, rank + 1);
	}
}

/* One call's rate to spare: the contract is of 81. */
static void protect_keeps_the_first_calls_whole(void **state)
{
	unsigned seeds = amount.full ? SEEDS : SEEDS_FEW;

	(void)state;
	for (size_t i = 0; i < SETTINGS; i++) {
		uint64_t lost = 0, sent = 0;

		for (unsigned seed = 1; seed <= seeds; seed++) {
			struct overrun o = offer_of(&settings[i], EXCEED_PROTECT, 81, seed);
			struct overrun_outcome out;

			o.calls = RTE_MAX(o.calls, 82u);
			out = overrun_run(&o);
			assert_protected(&settings[i], &o, &out);
			lost += out.lost;
			sent += out.sent;
		}
		printf("protect, %s (and one): the first 80 lose nothing, %.2f %% of all is lost\n",
		       settings[i].name, 100.0 * (double)lost / (double)sent);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_distribution_is_the_tables),
		cmocka_unit_test(random_hurts_all_calls_alike),
		cmocka_unit_test(a_plain_bucket_does_not),
		cmocka_unit_test(spread_gives_each_call_its_equal_share),
		cmocka_unit_test(protect_keeps_the_first_calls_whole),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
