/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser's short way says of a frame what the long way says, by the instructions of
 * every kind of machine that this one can play: millions of random frames, most of them
 * plain but for a byte or two, cut anywhere, in one segment and in two.
 */
#include <inttypes.h>

#include "oracle/amount.h"
#include "oracle/random_frame.h"
#include "parse_plain.h"
#include "unit/stage_rig.h"

enum {
	CORPUS = 4096,
	FRAMES = 12000000,
	FRAMES_FULL = 200000000,
	HEADERS = 64, /* bytes that are changed: the short way reads no others */
	FRAME_MAX = 1600,
};

static struct amount amount;
static struct {
	uint32_t length;
	uint8_t bytes[FRAME_MAX];
} corpus[CORPUS];
static struct rte_mbuf *frames[BURST_MAX], *tails[BURST_MAX];

static void make_corpus(struct random *r)
{
	static uint8_t large[16384];
	struct policy_spec no_rules = {0};
	struct frame_source source = {
		.policy = &no_rules, .random = random_seeded(random_u64(r)), .broken_percent = 10};

	for (unsigned i = 0; i < CORPUS; i++) {
		struct frame_spec plain = frame_udp4("10.1.2.3", 50007, "52.112.0.1", 3478);

		if (random_chance(r, 50)) {
			plain.protocol = (uint8_t)(random_chance(r, 50) ? 17 : random_u64(r));
			corpus[i].length = frame_build(&plain, corpus[i].bytes, FRAME_MAX);
			continue;
		}
		corpus[i].length = frame_source_next(&source, large, sizeof(large));
		corpus[i].length = RTE_MIN(corpus[i].length, (uint32_t)FRAME_MAX);
		memcpy(corpus[i].bytes, large, corpus[i].length);
	}
}

/* An outer tag, where there is room. */
static uint32_t insert_tag(struct random *r, uint8_t *bytes, uint32_t length)
{
	const uint16_t tci = (uint16_t)random_u64(r);

	if (length < ETHERNET_HEADER_BYTES || length + VLAN_TAG_BYTES > FRAME_MAX)
		return length;
	memmove(bytes + 16, bytes + 12, length - 12);
	bytes[12] = random_chance(r, 80) ? 0x81 : 0x88;
	bytes[13] = bytes[12] == 0x81 ? 0x00 : 0xa8;
	memcpy(bytes + 14, &tci, sizeof(tci));
	return length + VLAN_TAG_BYTES;
}

static uint32_t change(struct random *r, uint8_t *bytes, uint32_t length)
{
	static const uint8_t near_edges[] = {0x00, 0x01, 0x08, 0x11, 0x20, 0x40, 0x45, 0x46, 0xff};

	if (random_chance(r, 40))
		length = insert_tag(r, bytes, length);
	for (unsigned n = random_below(r, 3); n > 0 && length > 0; n--)
		bytes[random_below(r, RTE_MIN(length, (uint32_t)HEADERS))] =
			random_chance(r, 50) ? near_edges[random_below(r, sizeof(near_edges))]
					     : (uint8_t)random_u64(r);
	if (random_chance(r, 10))
		length = random_below(r, RTE_MIN(length, (uint32_t)HEADERS) + 1);
	return length;
}

/* The frame into the burst's mbuf i, at times its last bytes into a second segment. */
static void fill(struct random *r, unsigned i)
{
	struct rte_mbuf *m = frames[i];
	const unsigned from = random_below(r, CORPUS);
	uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t length, tail = 0;

	memcpy(bytes, corpus[from].bytes, corpus[from].length);
	length = change(r, bytes, corpus[from].length);
	if (random_chance(r, 5))
		tail = random_below(r, length + 1);
	m->pkt_len = length;
	m->data_len = (uint16_t)(length - tail);
	m->next = tail > 0 ? tails[i] : NULL;
	m->nb_segs = tail > 0 ? 2 : 1;
	tails[i]->data_len = (uint16_t)tail;
	memcpy(rte_pktmbuf_mtod(tails[i], void *), bytes + length - tail, tail);
}

static void parse_by(parse_plain_way way, struct burst *b, uint32_t count, uint64_t *anomalies,
		     uint64_t *others)
{
	memset(b, 0xa5, sizeof(*b));
	b->count = count;
	memcpy(b->frame, frames, sizeof(frames));
	*others = way ? way(b) : burst_frames(b);
	for (uint64_t left = *others; left != 0; left &= left - 1)
		parse_any_frame(b, burst_first(left), anomalies);
}

#define ASSERT_SAME(array)                                                                         \
	assert_memory_equal((got)->array, (wanted)->array,                                         \
			    (wanted)->count * sizeof((got)->array[0]))

static void assert_same(const struct burst *got, const struct burst *wanted)
{
	ASSERT_SAME(kind);
	ASSERT_SAME(flags);
	ASSERT_SAME(tags);
	ASSERT_SAME(pcp);
	ASSERT_SAME(vlan);
	ASSERT_SAME(ip_offset);
	ASSERT_SAME(dscp);
	ASSERT_SAME(protocol);
	ASSERT_SAME(source_port);
	ASSERT_SAME(destination_port);
	ASSERT_SAME(ip_bytes);
	for (uint32_t i = 0; i < wanted->count; i++)
		assert_int_equal(got->frame_bytes[i], frames[i]->pkt_len);
}

static void every_way_says_the_same(void **state)
{
	static struct burst wanted, got;
	struct parse_plain_variant ways[PARSE_PLAIN_VARIANTS];
	const uint32_t way_count = parse_plain_variants(ways);
	const uint64_t enough = amount.full ? FRAMES_FULL : FRAMES;
	struct random r = random_seeded(amount.seed);
	uint64_t seen = 0, plain = 0;

	(void)state;
	make_corpus(&r);
	while (seen < enough) {
		const uint32_t count =
			random_chance(&r, 50) ? BURST_MAX : random_between(&r, 1, BURST_MAX);
		uint64_t counted[ANOMALIES] = {0}, all;

		for (unsigned i = 0; i < count; i++)
			fill(&r, i);
		parse_by(NULL, &wanted, count, counted, &all);
		for (uint32_t w = 0; w < way_count; w++) {
			uint64_t anomalies[ANOMALIES] = {0}, others;

			parse_by(ways[w].run, &got, count, anomalies, &others);
			assert_same(&got, &wanted);
			assert_memory_equal(anomalies, counted, sizeof(counted));
			plain += w == 0 ? count - (uint64_t)__builtin_popcountll(others) : 0;
		}
		seen += count;
	}
	printf("%" PRIu64 " frames, %" PRIu64 " %% of them plain, %" PRIu32 " ways:", seen,
	       plain * 100 / seen, way_count);
	for (uint32_t w = 0; w < way_count; w++)
		printf(" %s", ways[w].name);
	printf("\n");
	assert_in_range(plain * 100 / seen, 20, 80);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_says_the_same),
	};
	int failed;

	amount = amount_asked(argc, argv);
	if (test_eal_start() != 0)
		return 1;
	for (unsigned i = 0; i < BURST_MAX; i++) {
		frames[i] = rte_pktmbuf_alloc(test_pool());
		tails[i] = rte_pktmbuf_alloc(test_pool());
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (unsigned i = 0; i < BURST_MAX; i++) {
		frames[i]->next = NULL;
		frames[i]->nb_segs = 1;
		rte_pktmbuf_free(frames[i]);
		rte_pktmbuf_free(tails[i]);
	}
	return failed;
}
