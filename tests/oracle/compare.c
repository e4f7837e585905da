/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "dataplane/lane.h"
#include "dataplane/pipeline.h"
#include "support/frames.h"
#include "support/mbufs.h"

enum { NOT_FOUND = -1, FIRST_SEGMENT_MIN = 4, CUTS_MAX = 6 };

/* --- describing a difference ---------------------------------------------------------- */

static void print_bytes(const char *what, const uint8_t *bytes, uint32_t length)
{
	fprintf(stderr, "  %s (%" PRIu32 " bytes):", what, length);
	for (uint32_t i = 0; i < length && i < 160; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", bytes[i]);
	fputc('\n', stderr);
}

static void differs(struct comparison *c, unsigned i, const char *what)
{
	const struct oracle_verdict *v = &c->verdict[i];

	c->differs = true;
	fprintf(stderr,
		"seed %" PRIu64 ", packet %" PRIu64
		": %s; the oracle: kind %d, drop %d, class slot %u\n",
		c->seed, c->packets + i, what, (int)v->kind, (int)v->drop, v->class_slot);
	print_bytes("received", c->frame[i], c->length[i]);
	if (v->drop == DROP_NONE)
		print_bytes("expected", v->bytes, v->length);
}

/* --- one burst ------------------------------------------------------------------------ */

static int index_of(const struct comparison *c, const struct rte_mbuf *m)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->mbuf[i] == m)
			return (int)i;
	}
	return NOT_FOUND;
}

static int take_account(struct comparison *c, const struct rte_mbuf *m)
{
	int i = index_of(c, m);

	if (i == NOT_FOUND || c->accounted_for[i]) {
		fprintf(stderr, "seed %" PRIu64 ": a frame came out twice, or from nowhere\n",
			c->seed);
		c->differs = true;
		return NOT_FOUND;
	}
	c->accounted_for[i] = true;
	return i;
}

static void on_drop(void *context, const struct rte_mbuf *m, enum drop_reason reason,
		    uint8_t class_slot, uint64_t now_ns)
{
	static uint8_t bytes[ORACLE_FRAME_MAX];
	struct comparison *c = context;
	int i = take_account(c, m);

	if (i == NOT_FOUND)
		return;
	if (reason != c->verdict[i].drop || now_ns != c->now_ns)
		differs(c, (unsigned)i, "dropped, for another reason or at another time");
	if (class_slot != c->verdict[i].class_slot)
		differs(c, (unsigned)i, "dropped in another class");
	if (mbuf_bytes(m, bytes, sizeof(bytes)) != c->length[i] ||
	    memcmp(bytes, c->frame[i], c->length[i]) != 0)
		differs(c, (unsigned)i, "dropped, and not as it was received");
}

/* A good IPv4 header checksum must be good again, by its definition. */
static bool checksum_kept(const uint8_t *in, uint32_t in_length, const uint8_t *out,
			  uint32_t out_length)
{
	struct oracle_packet before, after;

	oracle_parse(in, in_length, &before);
	if (before.kind != ORACLE_IPV4 ||
	    frame_checksum(in + before.payload, (in[before.payload] & 0xfu) * 4) != 0)
		return true;
	oracle_parse(out, out_length, &after);
	return after.kind == ORACLE_IPV4 &&
	       frame_checksum(out + after.payload, (out[after.payload] & 0xfu) * 4) == 0;
}

static void check_sent(struct comparison *c, const struct rte_mbuf *m, int last[CLASS_SLOTS])
{
	static uint8_t bytes[ORACLE_FRAME_MAX];
	uint32_t length = mbuf_bytes(m, bytes, sizeof(bytes));
	int i = take_account(c, m);
	const struct oracle_verdict *v;

	if (i == NOT_FOUND)
		return;
	v = &c->verdict[i];
	if (v->drop != DROP_NONE) {
		differs(c, (unsigned)i, "sent, but was to be dropped");
		return;
	}
	if (length != v->length || m->pkt_len != length || memcmp(bytes, v->bytes, length) != 0) {
		differs(c, (unsigned)i, "sent with other bytes");
		print_bytes("    sent", bytes, length);
	} else if (!checksum_kept(c->frame[i], c->length[i], bytes, length)) {
		differs(c, (unsigned)i, "a good checksum went bad");
	}
	if (i < last[v->class_slot])
		differs(c, (unsigned)i, "overtook its class");
	last[v->class_slot] = i;
}

static void collect(struct comparison *c)
{
	struct rte_mbuf *out[BURST_MAX];
	int last[CLASS_SLOTS];
	uint32_t n;

	memset(last, 0xff, sizeof(last));
	while ((n = schedule_dequeue(c->lane, c->now_ns, out, BURST_MAX)) > 0) {
		for (uint32_t k = 0; k < n; k++)
			check_sent(c, out[k], last);
		for (uint32_t k = 0; k < n; k++)
			rte_pktmbuf_free(out[k]);
	}
	if (schedule_next(c->lane, c->now_ns) != SCHEDULE_IDLE) {
		fprintf(stderr, "seed %" PRIu64 ": frames wait where no rate is set\n", c->seed);
		c->differs = true;
	}
	for (unsigned i = 0; i < c->count; i++) {
		if (!c->accounted_for[i])
			differs(c, i, "neither sent nor dropped");
	}
}

/* The first segment holds four bytes at least, as every receiver's does; others may be of
 * one byte or empty. */
static struct rte_mbuf *cut_at_random(struct random *r, const uint8_t *frame, uint32_t length)
{
	uint32_t cuts[CUTS_MAX + TEST_SEGMENTS_MAX];
	unsigned count = 0;
	uint32_t at = 0;

	if (length <= FIRST_SEGMENT_MIN)
		return mbuf_from(frame, length);
	for (at = random_between(r, FIRST_SEGMENT_MIN, length < 100 ? length : 100);
	     count < CUTS_MAX && at < length;
	     at += random_below(r, random_chance(r, 70) ? 12 : 600))
		cuts[count++] = at;
	while (count && length - cuts[count - 1] > 2000 && count < TEST_SEGMENTS_MAX) {
		cuts[count] = cuts[count - 1] + 2000;
		count++;
	}
	return count ? mbuf_cut(frame, length, cuts, count) : mbuf_from(frame, length);
}

bool comparison_burst(struct comparison *c, struct random *cuts)
{
	struct burst b = {.now_ns = c->now_ns, .count = c->count};

	for (unsigned i = 0; i < c->count; i++) {
		oracle_run(&c->oracle, c->frame[i], c->length[i], c->now_ns, &c->verdict[i]);
		c->ruled += c->verdict[i].ruled;
		c->accounted_for[i] = false;
		c->mbuf[i] = cuts ? cut_at_random(cuts, c->frame[i], c->length[i])
				  : mbuf_from(c->frame[i], c->length[i]);
		b.frame[i] = c->mbuf[i];
	}
	pipeline_run(c->lane, c->policy, &b);
	collect(c);
	c->packets += c->count;
	return !c->differs;
}

/* --- counters ------------------------------------------------------------------------- */

static void same(struct comparison *c, const char *what, unsigned index, uint64_t lane,
		 uint64_t oracle)
{
	if (lane == oracle)
		return;
	fprintf(stderr, "seed %" PRIu64 ": %s [%u] is %" PRIu64 ", the oracle's %" PRIu64 "\n",
		c->seed, what, index, lane, oracle);
	c->differs = true;
}

static void same_tally(struct comparison *c, const char *what, unsigned index,
		       const struct tally *lane, const struct tally *oracle)
{
	same(c, what, index, lane->packets, oracle->packets);
	same(c, what, index, lane->bytes, oracle->bytes);
}

static void compare_totals(struct comparison *c, const struct lane_counters *l)
{
	const struct lane_counters *o = &c->oracle.counters;

	same_tally(c, "rx", 0, &l->rx, &o->rx);
	same_tally(c, "tx", 0, &l->tx, &o->tx);
	same_tally(c, "dropped", 0, &l->dropped, &o->dropped);
	same(c, "queued", 0, l->queued.packets, 0);
	same(c, "balance", 0, l->rx.packets,
	     l->tx.packets + l->dropped.packets + l->queued.packets);
	for (unsigned i = 0; i < DROP_REASONS; i++)
		same(c, "drops by reason", i, l->drops[i], o->drops[i]);
	for (unsigned i = 0; i < ANOMALIES; i++)
		same(c, "anomalies", i, l->anomalies[i], o->anomalies[i]);
	same(c, "intruders", 0, l->intruders, o->intruders);
	same(c, "mismatches", 0, l->mismatches, o->mismatches);
	same(c, "guarded", 0, l->guarded, o->guarded);
	same(c, "fragments", 0, l->fragments, o->fragments);
	same(c, "orphans", 0, l->orphans, o->orphans);
	same(c, "no_rule", 0, l->no_rule, o->no_rule);
}

static void compare_counters(struct comparison *c)
{
	static struct lane_counters l;
	const struct lane_counters *o = &c->oracle.counters;

	lane_snapshot(c->lane, &l);
	compare_totals(c, &l);
	for (unsigned i = 0; i < CLASS_SLOTS; i++) {
		same_tally(c, "class rx", i, &l.classes[i].rx, &o->classes[i].rx);
		same_tally(c, "class tx", i, &l.classes[i].tx, &o->classes[i].tx);
		same_tally(c, "class dropped", i, &l.classes[i].dropped, &o->classes[i].dropped);
	}
	for (unsigned i = 0; i < CONTRACT_SLOTS; i++) {
		const struct contract_counters *a = &l.contracts[i], *b = &o->contracts[i];

		same_tally(c, "contract admitted", i, &a->admitted, &b->admitted);
		same_tally(c, "contract dropped", i, &a->dropped, &b->dropped);
		same_tally(c, "contract exceeded", i, &a->exceeded, &b->exceeded);
	}
	for (unsigned i = 0; i < RULE_SLOTS; i++)
		same(c, "rule hits", i, lane_rule_hits(c->lane, i), c->oracle.rule_hits[i]);
}

/* --- policies ------------------------------------------------------------------------- */

static bool adopt(struct comparison *c, const struct policy_spec *spec, uint64_t now_ns)
{
	struct policy *built = NULL;
	int error = policy_build(spec, c->policy, &built);

	if (error == 0)
		error = lane_prepare(c->lane, built);
	if (error != 0) {
		fprintf(stderr, "seed %" PRIu64 ": the policy could not be built: %d\n", c->seed,
			error);
		policy_free(built);
		return false;
	}
	lane_adopt(c->lane, built, now_ns);
	oracle_adopt(&c->oracle, spec, now_ns);
	policy_free(c->policy);
	lane_reclaim(c->lane);
	c->policy = built;
	return true;
}

bool comparison_begin(struct comparison *c, uint64_t seed, const struct policy_spec *spec,
		      uint64_t now_ns)
{
	const struct lane_config config = {
		.socket_id = SOCKET_ID_ANY, .seed = seed, .drop_tap = on_drop, .drop_context = c};

	memset(&c->oracle, 0, sizeof(c->oracle));
	c->seed = seed;
	c->differs = false;
	c->packets = c->ruled = 0;
	c->policy = NULL;
	c->now_ns = now_ns;
	c->lane = lane_create(&config);
	return c->lane && adopt(c, spec, now_ns);
}

bool comparison_reload(struct comparison *c, const struct policy_spec *spec, uint64_t now_ns)
{
	return adopt(c, spec, now_ns);
}

bool comparison_end(struct comparison *c)
{
	compare_counters(c);
	lane_destroy(c->lane);
	policy_free(c->policy);
	if (test_pool_in_use() != 0) {
		fprintf(stderr, "seed %" PRIu64 ": %u mbufs did not come back\n", c->seed,
			test_pool_in_use());
		c->differs = true;
	}
	return !c->differs;
}
