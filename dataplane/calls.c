/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stage goes over its packets three times: what they are, where their entries may be,
 * and the entries themselves; each round prefetches for the next one.
 */
#include "calls.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_hash_crc.h>
#include <rte_prefetch.h>

#include "lane_state.h"
#include "parse.h"
#include "policy_snapshot.h"
#include "stages.h"

enum {
	PROTOCOL_UDP = 17,
	UDP_HEADER = 8,
	IPV4_ADDRESSES = 12,
	IPV6_ADDRESSES = 8,
	SET_FILLS_UP = 2, /* unused ways left */
	KEY_WORDS = sizeof(struct call_key) / sizeof(uint64_t),
};

_Static_assert(sizeof(struct call) == 256, "a call is four cache lines");
_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "read_key() puts bytes into words");

/* --- the table ------------------------------------------------------------------------ */

static inline uint32_t hash_words(const uint64_t words[KEY_WORDS], uint8_t family)
{
	uint32_t hash;

	hash = rte_hash_crc_8byte(words[0], 0);
	hash = rte_hash_crc_8byte(words[2], hash);
	hash = rte_hash_crc_8byte(words[4], hash);
	if (family == 6) {
		hash = rte_hash_crc_8byte(words[1], hash);
		hash = rte_hash_crc_8byte(words[3], hash);
	}
	return hash ? hash : 1; /* 0 is an unused entry's */
}

uint32_t call_hash(const struct call_key *key)
{
	uint64_t words[KEY_WORDS];

	memcpy(words, key, sizeof(words));
	return hash_words(words, key->family);
}

static inline uint32_t first_set(uint32_t hash)
{
	return hash % CALL_SETS;
}

static inline uint32_t second_set(uint32_t hash)
{
	return (hash >> 16 ^ hash * UINT32_C(0x9e3779b1) >> 8) % CALL_SETS;
}

/* The ways of the set that hold this hash, as bits. */
static inline uint32_t ways_with(const struct call_table *t, uint32_t set, uint32_t hash)
{
	uint32_t ways = 0;

	for (uint32_t w = 0; w < CALL_WAYS; w++)
		ways |= (uint32_t)(t->signature[set][w] == hash) << w;
	return ways;
}

static inline bool same_key(const struct call_key *a, const struct call_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static uint16_t find_in(const struct call_table *t, uint32_t set, const struct call_packet *p)
{
	for (uint32_t ways = ways_with(t, set, p->hash); ways != 0; ways &= ways - 1) {
		uint32_t index = set * CALL_WAYS + (uint32_t)__builtin_ctz(ways);

		if (same_key(&t->entries[index].key, &p->key))
			return (uint16_t)index;
	}
	return CALL_NONE;
}

/* An unused entry: in the first set, where it is found sooner, unless that fills up and the
 * second one has more of them. */
static uint16_t find_unused(const struct call_table *t, const uint32_t sets[2])
{
	uint32_t first = ways_with(t, sets[0], 0), second = ways_with(t, sets[1], 0);
	uint32_t left = (uint32_t)__builtin_popcount(first);

	if (left <= SET_FILLS_UP && (uint32_t)__builtin_popcount(second) > left)
		return (uint16_t)(sets[1] * CALL_WAYS + (uint32_t)__builtin_ctz(second));
	if (left == 0)
		return CALL_NONE;
	return (uint16_t)(sets[0] * CALL_WAYS + (uint32_t)__builtin_ctz(first));
}

/* Else the one silent longest, if it has been so for long enough. */
static uint16_t find_silent(const struct call_table *t, const uint32_t sets[2], uint64_t now_ns)
{
	uint64_t oldest_ns = UINT64_MAX;
	uint32_t oldest = CALL_NONE;

	for (uint32_t k = 0; k < 2 * CALL_WAYS; k++) {
		uint32_t index = sets[k / CALL_WAYS] * CALL_WAYS + k % CALL_WAYS;

		if (t->entries[index].last_ns >= oldest_ns)
			continue;
		oldest_ns = t->entries[index].last_ns;
		oldest = index;
	}
	if (now_ns < oldest_ns || now_ns - oldest_ns < CALL_IDLE_NS)
		return CALL_NONE;
	return (uint16_t)oldest;
}

static uint16_t begin_call(struct call_table *t, const struct call_packet *p, uint64_t now_ns)
{
	const uint32_t sets[2] = {first_set(p->hash), second_set(p->hash)};
	uint16_t index = find_unused(t, sets);

	if (index == CALL_NONE)
		index = find_silent(t, sets, now_ns);
	if (index == CALL_NONE) {
		t->untracked++;
		return CALL_NONE;
	}
	t->signature[index / CALL_WAYS][index % CALL_WAYS] = p->hash;
	t->entries[index] = (struct call){.key = p->key, .first_ns = now_ns, .tag = ++t->next_tag};
	t->begun++;
	return index;
}

/* Without a usable guess: looked for among all, or made. */
static __rte_noinline uint16_t find_or_begin(struct call_table *t, const struct call_packet *p,
					     uint64_t now_ns)
{
	uint16_t index = find_in(t, first_set(p->hash), p);

	if (index == CALL_NONE)
		index = find_in(t, second_set(p->hash), p);
	return index != CALL_NONE ? index : begin_call(t, p, now_ns);
}

/* Where the entry seems to be, by its hash alone, or CALL_NONE. */
static inline uint16_t guess(const struct call_table *t, uint32_t hash)
{
	uint32_t set = first_set(hash), ways = ways_with(t, set, hash);

	if (unlikely(ways == 0)) {
		set = second_set(hash);
		ways = ways_with(t, set, hash);
	}
	if (ways == 0)
		return CALL_NONE;
	return (uint16_t)(set * CALL_WAYS + (uint32_t)__builtin_ctz(ways));
}

uint16_t calls_count(struct call_table *t, const struct call_packet *p, uint64_t now_ns)
{
	uint16_t index = p->index;
	struct call *c;

	if (unlikely(index == CALL_NONE || !same_key(&t->entries[index].key, &p->key)))
		index = find_or_begin(t, p, now_ns);
	if (unlikely(index == CALL_NONE))
		return CALL_NONE;
	c = &t->entries[index];
	if (unlikely(c->class_slot != p->class_slot || c->class_epoch != p->class_epoch)) {
		c->class_slot = p->class_slot;
		c->class_epoch = p->class_epoch;
	}
	c->last_ns = now_ns;
	c->packets++;
	c->bytes += p->ip_bytes;
	if (p->is_rtp)
		rtp_arrived(&c->rtp, p->rtp, now_ns);
	return index;
}

/* --- the stage ------------------------------------------------------------------------ */

/* Which frames may be of calls: a byte of 0 or 1 each, in a few wide operations a class. */
static inline void mark_frames(const struct burst *b, uint32_t classes, uint8_t wanted[BURST_MAX])
{
	memset(wanted, 0, BURST_MAX);
	for (; classes != 0; classes &= classes - 1) {
		const uint8_t slot = (uint8_t)__builtin_ctz(classes);

		for (uint32_t i = 0; i < BURST_MAX; i++)
			wanted[i] |= (uint8_t)((b->class_slot[i] == slot) &
					       (b->protocol[i] == PROTOCOL_UDP) &
					       (b->drop[i] == DROP_NONE)) &
				     b->flags[i] & FRAME_PORTS_KNOWN;
	}
}

/* Their places in the burst. Beyond its count nothing is meant. */
static inline uint32_t find_frames(const struct burst *b, uint32_t classes, uint8_t *frames)
{
	uint8_t wanted[BURST_MAX];
	uint32_t count = 0;

	mark_frames(b, classes, wanted);
	for (uint32_t at = 0; at < b->count; at += sizeof(uint64_t)) {
		uint64_t eight;

		memcpy(&eight, wanted + at, sizeof(eight));
		for (; eight != 0; eight &= eight - 1) {
			uint32_t i = at + (uint32_t)__builtin_ctzll(eight) / 8;

			if (i < b->count)
				frames[count++] = (uint8_t)i;
		}
	}
	return count;
}

/* Bytes of frame i from its IP header + offset on; of a split frame into `room`. */
static inline const uint8_t *ip_bytes_at(const struct burst *b, uint32_t i, uint32_t offset,
					 uint32_t n, uint8_t *room)
{
	if (likely(!(b->flags[i] & FRAME_SPLIT) &&
		   b->ip_offset[i] + offset + n <= b->frame[i]->data_len))
		return rte_pktmbuf_mtod_offset(b->frame[i], const uint8_t *,
					       b->ip_offset[i] + offset);
	parse_ip_bytes(b, i, offset, n, room);
	return room;
}

/* The key and its hash. It is put together in registers: read back in other pieces than it
 * was written in, it would wait for the store. */
static inline void read_key(const struct burst *b, uint32_t i, struct call_packet *p)
{
	const uint8_t family = b->kind[i] == FRAME_IPV4 ? 4 : 6;
	uint64_t words[KEY_WORDS] = {0};
	uint8_t room[32];

	if (likely(family == 4)) {
		const uint8_t *at = ip_bytes_at(b, i, IPV4_ADDRESSES, 8, room);
		uint32_t source, destination;

		memcpy(&source, at, sizeof(source));
		memcpy(&destination, at + 4, sizeof(destination));
		words[0] = source; /* little-endian: the first four bytes */
		words[2] = destination;
	} else {
		const uint8_t *at = ip_bytes_at(b, i, IPV6_ADDRESSES, 32, room);

		memcpy(words, at, 32);
	}
	words[4] = (uint64_t)b->source_port[i] | (uint64_t)b->destination_port[i] << 16 |
		   (uint64_t)family << 32;
	p->hash = hash_words(words, family);
	memcpy(&p->key, words, sizeof(words));
}

static inline uint32_t transport_offset(const struct burst *b, uint32_t i)
{
	uint8_t room;

	if (likely(b->kind[i] == FRAME_IPV4))
		return (*ip_bytes_at(b, i, 0, 1, &room) & 0xfu) * 4;
	return parse_ipv6_transport(b, i);
}

/* False where the frame carries no media. */
static inline bool read_media(const struct burst *b, uint32_t i, struct call_packet *p)
{
	const uint32_t payload_at = transport_offset(b, i) + UDP_HEADER;
	const uint32_t bytes = b->ip_bytes[i] > payload_at ? b->ip_bytes[i] - payload_at : 0;
	const uint8_t *rtp = NULL;
	uint8_t room[MEDIA_SPAN];
	enum media media = MEDIA_NONE;

	if (likely(bytes > 0))
		media = media_of(
			ip_bytes_at(b, i, payload_at, RTE_MIN(bytes, (uint32_t)MEDIA_SPAN), room),
			bytes, &rtp);
	p->is_rtp = media == MEDIA_RTP;
	if (p->is_rtp)
		memcpy(p->rtp, rtp, RTP_HEADER_BYTES);
	return media != MEDIA_NONE;
}

static inline bool read_packet(const struct burst *b, uint32_t i, const struct policy *p,
			       struct call_packet *packet)
{
	if (!read_media(b, i, packet))
		return false;
	read_key(b, i, packet);
	packet->class_slot = b->class_slot[i];
	packet->class_epoch = p->classes[b->class_slot[i]].epoch;
	packet->ip_bytes = b->ip_bytes[i];
	return true;
}

static inline void prefetch_entry(const struct call *c)
{
	rte_prefetch0(c);
	rte_prefetch0(&c->last_ns);
	rte_prefetch0(&c->rtp);
}

void calls_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	struct call_table *t = lane->calls;
	struct call_packet packets[BURST_MAX];
	uint8_t frames[BURST_MAX];
	uint32_t found, count = 0;

	if (p->call_classes == 0)
		return;
	found = find_frames(b, p->call_classes, frames);
	for (uint32_t k = 0; k < found; k++) {
		if (unlikely(!read_packet(b, frames[k], p, &packets[count])))
			continue;
		rte_prefetch0(t->signature[first_set(packets[count].hash)]);
		frames[count++] = frames[k];
	}
	for (uint32_t k = 0; k < count; k++) {
		packets[k].index = guess(t, packets[k].hash);
		if (likely(packets[k].index != CALL_NONE))
			prefetch_entry(&t->entries[packets[k].index]);
	}
	for (uint32_t k = 0; k < count; k++)
		b->call[frames[k]] = calls_count(t, &packets[k], b->now_ns);
}
