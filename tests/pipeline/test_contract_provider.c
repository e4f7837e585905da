/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The provider agrees: a plain bucket with the contract's CIR and burst, placed behind the
 * link, drops none of what edgemark admitted, though best effort saturates the link and
 * link control goes ahead. For the sites of a worked example: a firm of four kinds of
 * offices, each with its data, real-time and voice rates, on a link of their sum.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "oracle/amount.h"
#include "oracle/oracle.h"
#include "support/eal.h"
#include "support/frames.h"
#include "support/mbufs.h"
#include "support/random.h"
#include "translate.h"
#include "unit/site_config.h"

enum { SEEDS = 6, SEEDS_FULL = 200, MILLISECONDS = 8000 };

static struct amount amount;

struct office {
	const char *name, *data, *video, *voice, *link;
};

static const struct office offices[] = {
	{"head office", "5764.80", "3200.00", "3953.10", "12917.90"},
	{"regional", "2033.60", "1880.00", "1336.50", "5250.10"},
	{"large branch", "486.40", "1160.00", "411.00", "2057.40"},
	{"small branch", "438.40", "1160.00", "319.50", "1917.90"},
};

static const char text[] =
	"version = 1;"
	"links = ( { name = \"l\"; lan = { device = \"net_null0\"; };"
	"  wan = { device = \"net_null1\"; rate-kbps = %s; }; upstream = \"up\"; } );"
	"classes = ( { name = \"voice\"; dscp = \"EF\"; pcp = 5; },"
	"  { name = \"video\"; dscp = \"AF41\"; pcp = 4; },"
	"  { name = \"data\"; dscp = \"AF21\"; pcp = 2; },"
	"  { name = \"default\"; dscp = \"CS0\"; pcp = 0; } );"
	"acls = ( { name = \"media\"; rules = ("
	"  { seq = 10; protocol = \"udp\"; source-port = \"50000-50019\"; class = \"voice\"; },"
	"  { seq = 20; protocol = \"udp\"; source-port = \"50020-50039\"; class = \"video\"; } ); "
	"} );"
	"policies = ( { name = \"up\"; acl = \"media\"; contracts = ("
	"  { class = \"voice\"; cir-kbps = %s; exceed = \"%s\"; } );"
	"  schedule = ( { class = \"video\"; rate-kbps = %s; }, { class = \"data\"; rate-kbps = "
	"%s; } "
	"); } );";

struct trial {
	struct random random;
	uint64_t now_ns, judged, refused;
	uint64_t link_bps, line_ns; /* the link itself: busy until then */
	struct translation translation;
	struct policy *policy;
	struct lane *lane;
	struct oracle_bucket provider, far; /* at our port, and at the link's far end */
};

static void begin(struct trial *t, const struct office *o, const char *exceed, bool metered,
		  uint64_t seed)
{
	static const struct lane_config lane = {.socket_id = SOCKET_ID_ANY, .seed = 1};
	struct generation_slots *slots = NULL;
	struct slots *names = slots_create();
	struct contract_spec *contract;
	struct config *c;
	char written[4096];

	snprintf(written, sizeof(written), text, o->link, o->voice, exceed, o->video, o->data);
	c = site_config(written);
	assert_non_null(c);
	*t = (struct trial){.random = random_seeded(seed), .now_ns = 1000000000};
	assert_int_equal(translate_names(c, &c->links[0], UPSTREAM, names, &slots), 0);
	assert_int_equal(translate_direction(c, &c->links[0], UPSTREAM, slots, 1, &t->translation),
			 0);
	contract = &t->translation.contracts[0];
	oracle_bucket_set(&t->provider, contract->cir_bps, c->policies[0].contracts[0].burst_bytes,
			  t->now_ns);
	t->far = t->provider;
	t->link_bps = t->translation.spec.egress.rate_bps;
	assert_true(contract->burst_bytes < c->policies[0].contracts[0].burst_bytes);
	if (!metered)
		contract->burst_bytes = c->policies[0].contracts[0].burst_bytes;
	assert_int_equal(policy_build(&t->translation.spec, NULL, &t->policy), 0);
	t->lane = lane_create(&lane);
	assert_non_null(t->lane);
	assert_int_equal(lane_prepare(t->lane, t->policy), 0);
	lane_adopt(t->lane, t->policy, t->now_ns);
	slots_commit(names);
	generation_slots_free(slots);
	slots_destroy(names);
	config_free(c);
}

static void end(struct trial *t)
{
	lane_flush(t->lane, t->now_ns);
	lane_destroy(t->lane);
	policy_free(t->policy);
	translation_free(&t->translation);
	assert_int_equal(test_pool_in_use(), 0);
}

/* A frame on the link, one after the other: when its last bit is at the far end. */
static uint64_t cross(struct trial *t, uint32_t frame_bytes)
{
	uint64_t bits = 8 * (RTE_MAX(frame_bytes, (uint32_t)ETHERNET_MIN_BYTES) +
			     (uint64_t)WIRE_OVERHEAD_BYTES);

	t->line_ns = RTE_MAX(t->line_ns, t->now_ns) + bits * 1000000000 / t->link_bps;
	return t->line_ns;
}

static void judge(struct trial *t, struct rte_mbuf **frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *bytes = rte_pktmbuf_mtod(frames[i], const uint8_t *);
		bool voice = frames[i]->pkt_len > 34 && bytes[12] == 8 && bytes[15] >> 2 == 46;
		uint32_t ip_bytes = frames[i]->pkt_len - ETHERNET_HEADER_BYTES;
		uint64_t there_ns = cross(t, frames[i]->pkt_len);

		t->judged += voice;
		if (voice && (!oracle_bucket_admit(&t->provider, t->now_ns, ip_bytes) ||
			      !oracle_bucket_admit(&t->far, there_ns, ip_bytes)))
			t->refused++;
		rte_pktmbuf_free(frames[i]);
	}
}

/* Each frame leaves at the very nanosecond at which it may. */
static void send_until(struct trial *t, uint64_t until_ns)
{
	struct rte_mbuf *out[BURST_MAX];

	for (;;) {
		uint64_t next = schedule_next(t->lane, t->now_ns);

		if (next == SCHEDULE_IDLE || next > until_ns)
			break;
		t->now_ns = next > t->now_ns ? next : t->now_ns;
		judge(t, out, schedule_dequeue(t->lane, t->now_ns, out, BURST_MAX));
	}
	t->now_ns = until_ns;
}

static void receive(struct trial *t, struct frame_spec s, unsigned n)
{
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length = frame_build(&s, bytes, sizeof(bytes));
	struct burst b = {.now_ns = t->now_ns};

	while (n-- > 0 && b.count < BURST_MAX)
		b.frame[b.count++] = mbuf_from(bytes, length);
	pipeline_run(t->lane, t->policy, &b);
}

/* Voice in heaps, some of them behind link control and a full frame; pauses that fill
 * the bucket; and the rest that others leave. */
static void receive_all(struct trial *t, uint64_t ms)
{
	struct frame_spec big = frame_udp4("10.1.2.3", 60000, "10.8.0.1", 9);
	struct frame_spec call = frame_udp4(
		"10.1.2.3", (uint16_t)random_between(&t->random, 50000, 50019), "10.8.0.1", 3478);

	big.payload_bytes = 1472;
	if (ms % 4 == 0) /* 3 Mbit/s and more, on links of 2 to 13 */
		receive(t, big, 6);
	if (random_chance(&t->random, 3))
		receive(t, frame_lldp(), 50);
	if (ms / 400 % 3 == 0)
		return;
	call.payload_bytes = random_chance(&t->random, 80)
				     ? 172
				     : (uint16_t)random_between(&t->random, 20, 1200);
	if (random_chance(&t->random, 20))
		receive(t, call, random_between(&t->random, 1, 60));
}

static uint64_t refused(const struct office *o, const char *exceed, bool metered, uint64_t seed)
{
	struct trial t;

	begin(&t, o, exceed, metered, seed);
	for (uint64_t ms = 0; ms < MILLISECONDS; ms++) {
		receive_all(&t, ms);
		send_until(&t, t.now_ns + random_below(&t.random, 2000000));
	}
	assert_true(t.judged > 500);
	end(&t);
	return t.refused;
}

static void a_meter_behind_the_link_drops_nothing(void **state)
{
	static const char *const exceeds[] = {"police", "random"};
	uint64_t seeds = amount.full ? SEEDS_FULL : SEEDS;

	(void)state;
	for (size_t i = 0; i < sizeof(offices) / sizeof(offices[0]); i++) {
		uint64_t without = 0;

		for (uint64_t seed = 1; seed <= seeds; seed++) {
			const char *exceed = exceeds[seed % 2];
			uint64_t n = refused(&offices[i], exceed, true, amount.seed * 1000 + seed);

			if (n > 0)
				fail_msg("%s, seed %" PRIu64 ": the provider drops %" PRIu64,
					 offices[i].name, seed, n);
			without += refused(&offices[i], exceed, false, amount.seed * 1000 + seed);
		}
		printf("%s: with the granted burst itself the provider would drop %" PRIu64 "\n",
		       offices[i].name, without);
		assert_true(without > 0); /* or the test would prove nothing */
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_meter_behind_the_link_drops_nothing),
	};

	amount = amount_asked(argc, argv);
	if (test_eal_start() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
