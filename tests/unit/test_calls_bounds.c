/* SPDX-License-Identifier: BSD-3-Clause */
/* The call table when there is more than it holds, and how it is copied. */
#include "calls_rig.h"

/* --- its bounds ------------------------------------------------------------------------- */

static struct call_packet packet_of(uint32_t flow)
{
	struct call_packet p = {.key = {.family = 4, .source_port = 50000}, .index = CALL_NONE};

	const uint32_t scattered = flow * UINT32_C(0x9e3779b1); /* CRC spreads a row evenly */

	memcpy(p.key.source, &flow, sizeof(flow));
	memcpy(p.key.destination, &scattered, sizeof(scattered));
	p.hash = call_hash(&p.key);
	return p;
}

static void a_busy_table_keeps_ten_thousand(void **state)
{
	struct call_table *t = table();

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint32_t flow = 0; flow < 10000; flow++) {
			struct call_packet p = packet_of(flow);
			uint16_t index = calls_count(t, &p, MS + flow);

			assert_int_not_equal(index, CALL_NONE);
			assert_int_equal(t->entries[index].packets, round + 1);
		}
	assert_int_equal(t->begun, 10000);
	assert_int_equal(t->untracked, 0);
	free(t);
}

static uint32_t used(const struct call_table *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < CALL_ENTRIES; i++)
		n += t->entries[i].key.family != 0;
	return n;
}

/* Live calls are kept against whatever comes; silent ones give way, the longest silent
 * first; nothing is counted twice. */
static void only_silent_calls_give_way(void **state)
{
	enum { FLOOD = 1000000, LIVE = 1000 };
	struct call_table *t = table();
	uint64_t now_ns = 1000 * MS, tracked;

	(void)state;
	for (uint32_t flow = 0; flow < LIVE; flow++) {
		struct call_packet p = packet_of(flow);

		assert_int_not_equal(calls_count(t, &p, now_ns), CALL_NONE);
	}
	for (uint32_t flow = LIVE; flow < FLOOD; flow++) {
		struct call_packet p = packet_of(flow);

		(void)calls_count(t, &p, now_ns + CALL_IDLE_NS - 1);
	}
	tracked = t->begun;
	assert_int_equal(used(t), tracked);
	assert_in_range(tracked, CALL_ENTRIES * 99 / 100, CALL_ENTRIES);
	assert_int_equal(tracked + t->untracked, FLOOD);
	for (uint32_t flow = 0; flow < LIVE; flow++) {
		struct call_packet p = packet_of(flow);
		uint16_t index = calls_count(t, &p, now_ns + CALL_IDLE_NS);

		assert_int_not_equal(index, CALL_NONE);
		assert_int_equal(t->entries[index].packets, 2);
	}
	assert_int_equal(t->begun, tracked);
	free(t);
}

static void the_longest_silent_is_reused_and_begins_anew(void **state)
{
	struct call_table *t = table();
	struct call_packet p;
	uint64_t now_ns = 5000 * MS;
	static uint64_t before[CALL_ENTRIES];
	uint32_t flow = 0, old_tag;
	uint16_t index;

	(void)state;
	do { /* until one finds no room: its two sets are full */
		p = packet_of(flow++);
		index = calls_count(t, &p, now_ns);
	} while (index != CALL_NONE);
	t->untracked = 0;
	assert_int_equal(calls_count(t, &p, now_ns + CALL_IDLE_NS - 1), CALL_NONE);
	assert_int_equal(t->untracked, 1);
	for (uint32_t i = 0; i < CALL_ENTRIES; i++) {
		t->entries[i].dropped = 3;
		t->entries[i].last_ns = before[i] = now_ns - (i * UINT64_C(7919)) % 16411;
	}
	old_tag = t->next_tag;
	index = calls_count(t, &p, now_ns + CALL_IDLE_NS);
	assert_int_not_equal(index, CALL_NONE);
	for (uint32_t w = 0; w < CALL_WAYS; w++)
		assert_true(before[index / CALL_WAYS * CALL_WAYS + w] >= before[index]);
	assert_int_equal(t->entries[index].tag, old_tag + 1);
	assert_int_equal(t->entries[index].packets, 1);
	assert_int_equal(t->entries[index].dropped, 0);
	assert_int_equal(t->entries[index].first_ns, now_ns + CALL_IDLE_NS);
	assert_memory_equal(&t->entries[index].key, &p.key, sizeof(p.key));
	free(t);
}

static void silent_just_long_enough(void **state)
{
	struct call_table *t = table();
	struct call_packet p;
	uint32_t flow = 0;

	(void)state;
	do {
		p = packet_of(flow++);
	} while (calls_count(t, &p, MS) != CALL_NONE);
	assert_int_equal(calls_count(t, &p, MS + CALL_IDLE_NS - 1), CALL_NONE);
	assert_int_not_equal(calls_count(t, &p, MS + CALL_IDLE_NS), CALL_NONE);
	free(t);
}

/* What has the same hash is not yet the same call. */
static void a_guess_is_only_a_guess(void **state)
{
	struct call_table *t = table();
	struct call_packet a = packet_of(1), b = packet_of(2);
	uint16_t of_a, of_b;

	(void)state;
	b.hash = a.hash;
	of_a = calls_count(t, &a, MS);
	b.index = of_a;
	of_b = calls_count(t, &b, MS);
	assert_int_not_equal(of_a, of_b);
	b.index = of_a;
	assert_int_equal(calls_count(t, &b, MS), of_b);
	assert_int_equal(t->entries[of_a].packets, 1);
	assert_int_equal(t->entries[of_b].packets, 2);
	free(t);
}

static void all_of_an_address_is_hashed(void **state)
{
	struct call_key key = {.family = 6};
	uint32_t plain = call_hash(&key);

	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		uint8_t *byte = i < 16 ? &key.source[i] : &key.destination[i - 16];

		*byte = 1;
		assert_int_not_equal(call_hash(&key), plain);
		*byte = 0;
	}
}

/* The contract sees every packet, tracked or not: exact to the packet against its own
 * arithmetic. */
static void a_million_flows_and_an_exact_contract(void **state)
{
	enum { FLOWS = 1000000, CIR_BPS = 400000000 };
	struct frame_spec s = voice_of("10.0.0.1");
	uint8_t bytes[FRAME_BYTES_MAX];
	uint32_t length = frame_build(&s, bytes, sizeof(bytes));
	uint64_t tokens_nb = UINT64_C(5) * FRAME_IP_BYTES * 8000000000, full_nb = tokens_nb;
	uint64_t admitted = 0;
	struct lane_counters c;
	struct rig r;

	(void)state;
	voice_rig(&r);
	rig_contract(&r, VOICE, EXCEED_POLICE, CIR_BPS, 5 * FRAME_IP_BYTES);
	rig_start(&r);
	put_rtp(bytes + NO_PAYLOAD, 1, 1);
	for (uint32_t flow = 0; flow < FLOWS; flow += 20) {
		for (uint32_t k = flow; k < flow + 20; k++) {
			bytes[27] = (uint8_t)(k >> 16); /* the source, but for its first byte */
			bytes[28] = (uint8_t)(k >> 8);
			bytes[29] = (uint8_t)k;
			rig_add_mbuf(&r, mbuf_from(bytes, length));
			if (tokens_nb >= UINT64_C(8000000000) * FRAME_IP_BYTES) {
				tokens_nb -= UINT64_C(8000000000) * FRAME_IP_BYTES;
				admitted++;
			}
		}
		run(&r);
		r.now_ns += 13000;
		tokens_nb = RTE_MIN(full_nb, tokens_nb + UINT64_C(13000) * CIR_BPS);
	}
	lane_snapshot(r.lane, &c);
	assert_int_equal(c.contracts[0].admitted.packets, admitted);
	assert_int_equal(c.contracts[0].dropped.packets, FLOWS - admitted);
	assert_true(c.calls_begun <= CALL_ENTRIES);
	assert_int_equal(c.calls_begun + c.calls_untracked, FLOWS);
	rig_stop(&r);
}

static void several_packets_of_a_new_call_in_one_burst(void **state)
{
	struct frame_spec s = voice_of("10.0.0.1");
	struct rig r;
	struct call c[2];

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	for (uint16_t seq = 0; seq < BURST_MAX; seq++)
		add_rtp(&r, &s, seq);
	run(&r);
	assert_int_equal(copy_all(&r, c, 2), 1);
	assert_int_equal(c[0].packets, BURST_MAX);
	rig_stop(&r);
}

static void copies_come_in_portions(void **state)
{
	static struct call all[CALL_ENTRIES];
	static bool seen[3000];
	struct rig r;
	uint32_t n;

	(void)state;
	voice_rig(&r);
	rig_start(&r);
	for (uint32_t flow = 0; flow < 3000; flow++) {
		struct call_packet p = packet_of(flow);

		assert_int_not_equal(calls_count(r.lane->calls, &p, MS), CALL_NONE);
	}
	n = 0;
	for (uint32_t from = 0; from < CALL_ENTRIES;) {
		uint32_t before = from, got = lane_calls_copy(r.lane, &from, all + n, 7);

		assert_true(got <= 7 && from - before <= CALL_SCAN && from > before);
		n += got;
	}
	assert_int_equal(n, 3000);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t flow;

		memcpy(&flow, all[i].key.source, sizeof(flow));
		assert_true(flow < 3000 && !seen[flow]);
		seen[flow] = true;
	}
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_busy_table_keeps_ten_thousand),
		cmocka_unit_test(only_silent_calls_give_way),
		cmocka_unit_test(the_longest_silent_is_reused_and_begins_anew),
		cmocka_unit_test(silent_just_long_enough),
		cmocka_unit_test(a_guess_is_only_a_guess),
		cmocka_unit_test(all_of_an_address_is_hashed),
		cmocka_unit_test(a_million_flows_and_an_exact_contract),
		cmocka_unit_test(several_packets_of_a_new_call_in_one_burst),
		cmocka_unit_test(copies_come_in_portions),
	};

	return cmocka_run_group_tests(tests, start_eal, NULL);
}
