/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stage goes over its packets twice: what they are and where their entries seem to be,
 * which it prefetches, and then the entries themselves. Plain IPv4 with RTP goes by a short
 * way, anything else by a general one.
 */
#include "calls.h"

#include <nmmintrin.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#include "burst_select.h"
#include "lane_state.h"
#include "parse.h"
#include "policy_snapshot.h"
#include "rtp_stream.h"
#include "stages.h"

enum {
	PROTOCOL_UDP = 17,
	UDP_HEADER = 8,
	IPV4_NO_OPTIONS = 0x45, /* version and header length */
	PLAIN_PORTS = 20,	/* behind such a header */
	PLAIN_RTP = PLAIN_PORTS + UDP_HEADER,
	PLAIN_BYTES = PLAIN_RTP + RTP_HEADER_BYTES,
	IPV4_ADDRESSES = 12,
	IPV6_ADDRESSES = 8,
	SET_FILLS_UP = 2, /* unused ways left */
	KEY_WORDS = sizeof(struct call_key) / sizeof(uint64_t),
};

/* By padding, not by alignment: copies of a call may lie anywhere. */
_Static_assert(offsetof(struct call, last_ns) == 64, "what became of it begins a line");
_Static_assert(sizeof(struct call) == 256, "a call is four cache lines");
_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "a key is put together in words");

/* --- the table ------------------------------------------------------------------------ */

/* Never 0, which is an unused entry's. */
#define HASH_USED (UINT32_C(1) << 31)

/* CRC-32C. Of the bytes as they lie in the packet: both addresses, then both ports. */
static inline uint32_t hash_ipv4(uint64_t addresses, uint32_t ports)
{
	return _mm_crc32_u32((uint32_t)_mm_crc32_u64(0, addresses), ports) | HASH_USED;
}

uint32_t call_hash(const struct call_key *key)
{
	uint64_t hash = 0;

	if (key->family == 4)
		return hash_ipv4(key->words[0] | key->words[2] << 32,
				 rte_cpu_to_be_16(key->source_port) |
					 (uint32_t)rte_cpu_to_be_16(key->destination_port) << 16);
	for (uint32_t w = 0; w < KEY_WORDS; w++)
		hash = _mm_crc32_u64(hash, key->words[w]);
	return (uint32_t)hash | HASH_USED;
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
	const __m128i *ways = (const __m128i *)(const void *)t->signature[set];
	const __m128i wanted = _mm_set1_epi32((int32_t)hash);
	const __m128i same = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_loadu_si128(&ways[0]), wanted),
					     _mm_cmpeq_epi32(_mm_loadu_si128(&ways[1]), wanted));

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
}

static inline bool same_key(const struct call_key *a, const struct call_key *b)
{
	uint64_t differ = 0;

	for (uint32_t w = 0; w < KEY_WORDS; w++)
		differ |= a->words[w] ^ b->words[w];
	return differ == 0;
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

static inline void count(struct call *c, uint8_t class_slot, uint32_t class_epoch,
			 uint32_t ip_bytes, uint64_t now_ns)
{
	if (unlikely(c->class_slot != class_slot || c->class_epoch != class_epoch)) {
		c->class_slot = class_slot;
		c->class_epoch = class_epoch;
	}
	c->last_ns = now_ns;
	c->packets++;
	c->bytes += ip_bytes;
}

uint16_t calls_count(struct call_table *t, const struct call_packet *p, uint64_t now_ns)
{
	uint16_t index = p->index;
	struct call *c;

	if (index == CALL_NONE || !same_key(&t->entries[index].key, &p->key))
		index = find_or_begin(t, p, now_ns);
	if (index == CALL_NONE)
		return CALL_NONE;
	c = &t->entries[index];
	count(c, p->class_slot, p->class_epoch, p->ip_bytes, now_ns);
	if (p->rtp != NULL)
		rtp_arrived(&c->rtp, p->rtp, now_ns);
	return index;
}

/* --- what a packet is ----------------------------------------------------------------- */

/* Frames of the classes with UDP ports: they may be of calls. */
static inline uint64_t select_udp(const struct burst *b, uint32_t classes)
{
	uint8_t udp[BURST_MAX];

	for (uint32_t i = 0; i < BURST_MAX; i++)
		udp[i] = (uint8_t) -
			 ((b->protocol[i] == PROTOCOL_UDP) & (b->flags[i] / FRAME_PORTS_KNOWN & 1));
	return select_bits(udp) & select_classes(b, classes) & select_living(b);
}

static inline uint64_t ports_word(const struct burst *b, uint32_t i, uint8_t family)
{
	return (uint64_t)b->source_port[i] | (uint64_t)b->destination_port[i] << 16 |
	       (uint64_t)family << 32;
}

/* As usual: RTP over UDP in IPv4 without options, and all their headers in one piece. The
 * first byte tells it from IPv6. */
static inline bool is_usual(const struct burst *b, uint32_t i, const uint8_t *ip)
{
	return likely(b->frame[i]->data_len >= b->ip_offset[i] + PLAIN_BYTES &&
		      b->ip_bytes[i] >= PLAIN_BYTES && ip[0] == IPV4_NO_OPTIONS &&
		      rtp_is_plain(ip + PLAIN_RTP));
}

static inline uint32_t read32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint32_t hash_usual(const uint8_t *ip)
{
	uint64_t addresses;

	memcpy(&addresses, ip + IPV4_ADDRESSES, sizeof(addresses));
	return hash_ipv4(addresses, read32(ip + PLAIN_PORTS));
}

/* Little-endian: the first four bytes of an address. The family is among the ports. */
static inline bool is_of(const struct call *c, const struct burst *b, uint32_t i, const uint8_t *ip)
{
	return ((c->key.words[0] ^ read32(ip + IPV4_ADDRESSES)) |
		(c->key.words[2] ^ read32(ip + IPV4_ADDRESSES + 4)) |
		(c->key.words[4] ^ ports_word(b, i, 4))) == 0;
}

/* Bytes of frame i from its IP header + offset on; of a split frame into `room`. */
static const uint8_t *ip_bytes_at(const struct burst *b, uint32_t i, uint32_t offset, uint32_t n,
				  uint8_t *room)
{
	if (!(b->flags[i] & FRAME_SPLIT) && b->ip_offset[i] + offset + n <= b->frame[i]->data_len)
		return rte_pktmbuf_mtod_offset(b->frame[i], const uint8_t *,
					       b->ip_offset[i] + offset);
	parse_ip_bytes(b, i, offset, n, room);
	return room;
}

static void read_key(const struct burst *b, uint32_t i, struct call_packet *p)
{
	const uint8_t family = b->kind[i] == FRAME_IPV4 ? 4 : 6;
	const uint8_t *at;
	uint8_t room[32];

	p->key = (struct call_key){0};
	if (family == 4) {
		at = ip_bytes_at(b, i, IPV4_ADDRESSES, 8, room);
		memcpy(p->key.source, at, 4);
		memcpy(p->key.destination, at + 4, 4);
	} else {
		at = ip_bytes_at(b, i, IPV6_ADDRESSES, 32, room);
		memcpy(p->key.source, at, 16);
		memcpy(p->key.destination, at + 16, 16);
	}
	p->key.words[4] = ports_word(b, i, family);
	p->hash = call_hash(&p->key);
}

static uint32_t transport_offset(const struct burst *b, uint32_t i)
{
	uint8_t room;

	if (b->kind[i] == FRAME_IPV4)
		return (*ip_bytes_at(b, i, 0, 1, &room) & 0xfu) * 4;
	return parse_ipv6_transport(b, i);
}

/* Any frame. False where it carries no media. */
static bool read_any(const struct burst *b, uint32_t i, struct call_packet *p,
		     uint8_t room[MEDIA_SPAN])
{
	const uint32_t payload_at = transport_offset(b, i) + UDP_HEADER;
	const uint32_t bytes = b->ip_bytes[i] > payload_at ? b->ip_bytes[i] - payload_at : 0;
	enum media media = MEDIA_NONE;

	if (bytes > 0)
		media = media_of(
			ip_bytes_at(b, i, payload_at, RTE_MIN(bytes, (uint32_t)MEDIA_SPAN), room),
			bytes, &p->rtp);
	if (media == MEDIA_NONE)
		return false;
	if (media != MEDIA_RTP)
		p->rtp = NULL;
	read_key(b, i, p);
	return true;
}

/* --- the stage ------------------------------------------------------------------------ */

/* A packet whose way was not the usual one, or whose entry is not where it seemed to be. */
static __rte_noinline uint16_t count_any(struct call_table *t, const struct burst *b, uint32_t i,
					 const struct policy *p)
{
	struct call_packet packet = {.index = CALL_NONE};
	uint8_t room[MEDIA_SPAN];

	if (!read_any(b, i, &packet, room))
		return CALL_NONE;
	packet.class_slot = b->class_slot[i];
	packet.class_epoch = p->classes[b->class_slot[i]].epoch;
	packet.ip_bytes = b->ip_bytes[i];
	return calls_count(t, &packet, b->now_ns);
}

/* What the first round leaves to the second: where the packet's IP header is, and its entry
 * seems to be. NULL: that must be looked into. */
struct sighting {
	const uint8_t *ip;
	struct call *call;
};

static inline struct sighting look(struct call_table *t, const struct burst *b, uint32_t i)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(b->frame[i], const uint8_t *, b->ip_offset[i]);
	struct call *call;
	uint16_t index;

	if (unlikely(!is_usual(b, i, ip)))
		return (struct sighting){ip, NULL};
	index = guess(t, hash_usual(ip));
	if (unlikely(index == CALL_NONE))
		return (struct sighting){ip, NULL};
	call = &t->entries[index];
	__builtin_prefetch(call, 1);
	__builtin_prefetch(&call->last_ns, 1);
	__builtin_prefetch(&call->rtp, 1);
	return (struct sighting){ip, call};
}

static inline uint16_t count_frame(struct call_table *t, const struct burst *b, uint32_t i,
				   const struct sighting *s, const struct policy *p)
{
	struct call *c = s->call;

	if (unlikely(c == NULL || !is_of(c, b, i, s->ip)))
		return count_any(t, b, i, p);
	count(c, b->class_slot[i], p->classes[b->class_slot[i]].epoch, b->ip_bytes[i], b->now_ns);
	rtp_follow(&c->rtp, s->ip + PLAIN_RTP, b->now_ns);
	return (uint16_t)(c - t->entries);
}

void calls_burst(struct burst *b, const struct policy *p, struct lane *lane)
{
	struct call_table *t = lane->calls;
	struct sighting sightings[BURST_MAX];
	uint64_t frames;

	if (p->call_classes == 0)
		return;
	frames = select_udp(b, p->call_classes);
	for (uint64_t left = frames; left != 0;) {
		const uint32_t i = select_next(&left);

		sightings[i] = look(t, b, i);
	}
	for (uint64_t left = frames; left != 0;) {
		const uint32_t i = select_next(&left);

		b->call[i] = count_frame(t, b, i, &sightings[i], p);
	}
}
