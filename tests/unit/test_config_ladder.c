/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between two policies, against taking random packets down both ladders: a
 * packet is in one told region, with the rungs that take it, if it fares differently, and
 * else in none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "ladder.h"
#include "support/random.h"

enum {
	PAIRS = 600,
	PACKETS = 400,
	TOLD_MAX = 100000,
	RULES_MOST = 14,
	TEXT_MAX = 16384,
};

struct told {
	struct region region;
	const struct rung *before, *after;
};

static struct told *told;
static size_t told_count;

static void on_difference(void *context, const struct region *region, const struct rung *before,
			  const struct rung *after)
{
	(void)context;
	assert_true(told_count < TOLD_MAX);
	told[told_count++] = (struct told){*region, before, after};
}

/* --- random pairs -------------------------------------------------------------------- */

struct text {
	char bytes[TEXT_MAX];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.*): started above */
	t->used += (size_t)vsnprintf(t->bytes + t->used, TEXT_MAX - t->used, format, arguments);
	va_end(arguments);
	assert_true(t->used < TEXT_MAX);
}

static void say_rule(struct text *t, unsigned seq, uint64_t seed)
{
	static const char *const classes[] = {"voice", "video", "default"};
	static const char *const protocols[] = {"udp", "tcp", "udp"};
	struct random r = random_seeded(seed);

	say(t, "%s{ seq = %u;", seq > 1 ? ", " : "", seq);
	if (random_chance(&r, 50))
		say(t, " source = \"10.0.0.%u/30\";", 4 * random_below(&r, 3));
	else if (random_chance(&r, 20))
		say(t, " source = \"2001:db8::/%u\";", 32 + random_below(&r, 3));
	if (random_chance(&r, 60))
		say(t, " protocol = \"%s\";", protocols[random_below(&r, 3)]);
	if (random_chance(&r, 60)) {
		const unsigned low = random_below(&r, 20);

		say(t, " source-port = \"%u-%u\";", low, low + random_below(&r, 10));
	}
	if (random_chance(&r, 20))
		say(t, " vlan = %u;", random_below(&r, 3));
	if (random_chance(&r, 20))
		say(t, " dscp = %u;", random_below(&r, 2) ? 46 : 34);
	if (random_chance(&r, 15))
		say(t, " action = \"drop\"; }");
	else
		say(t, " class = \"%s\"; }", classes[random_below(&r, 3)]);
}

static struct config *load(const uint64_t *seeds, unsigned count, const char *trust)
{
	static struct text t;
	struct config_report report;
	struct config *c;

	t.used = 0;
	say(&t, "version = 1; links = ( { name = \"l\"; lan = { device = \"a\"; }; "
		"wan = { device = \"b\"; }; upstream = \"p\"; } ); classes = ( "
		"{ name = \"voice\"; dscp = 46; pcp = 5; }, { name = \"video\"; dscp = 34; "
		"pcp = 4; }, { name = \"default\"; dscp = 0; } ); acls = ( { name = \"a\"; "
		"rules = ( ");
	for (unsigned i = 0; i < count; i++)
		say_rule(&t, i + 1, seeds[i]);
	say(&t, " ); } ); policies = ( { name = \"p\"; acl = \"a\"; %s } );", trust);
	c = config_load_text("ladder", t.bytes, &report);
	if (!c)
		config_report_print(&report, stderr);
	assert_non_null(c);
	config_report_clear(&report);
	return c;
}

/* --- random packets ------------------------------------------------------------------ */

/* A packet is a region of one value in each field. */
static struct region random_packet(struct random *r)
{
	static const uint16_t protocols[] = {17, 17, 6, 132, 1};
	static const uint16_t dscps[] = {46, 34, 0, 10};
	const bool v6 = random_chance(r, 20);
	const uint16_t protocol = protocols[random_below(r, 5)];
	const bool known = protocol != 1 && random_chance(r, 85);
	const uint16_t port = (uint16_t)random_below(r, 34), dscp = dscps[random_below(r, 4)];
	const uint16_t vlan =
		(uint16_t)(random_chance(r, 50) ? REGION_UNTAGGED : random_below(r, 4));
	const uint16_t pcp = (uint16_t)(vlan == REGION_UNTAGGED ? 0 : random_between(r, 3, 6));
	struct config_prefix p = {.family = 4, .length = 32, .address = {10, 0, 0}};
	struct region packet = region_all();

	p.address[3] = (uint8_t)random_below(r, 14);
	if (v6)
		p = (struct config_prefix){
			.family = 6,
			.length = 128,
			.address = {0x20, 1, 0xd, 0xb8, (uint8_t)(random_below(r, 4) << 6)}};
	region_narrow_source(&packet, &p);
	packet.destination.high = 0;
	region_narrow(&packet, REGION_PROTOCOL, protocol, protocol);
	region_narrow(&packet, REGION_PORTS_KNOWN, known, known);
	region_narrow(&packet, REGION_SOURCE_PORT, port, port);
	region_narrow(&packet, REGION_DESTINATION_PORT, 0, 0);
	region_narrow(&packet, REGION_VLAN, vlan, vlan);
	region_narrow(&packet, REGION_DSCP, dscp, dscp);
	region_narrow(&packet, REGION_PCP, pcp, pcp);
	return packet;
}

static const struct rung *walk(const struct ladder *l, const struct region *packet)
{
	for (size_t i = 0; i < l->count; i++)
		if (region_within(packet, &l->rungs[i].region))
			return &l->rungs[i];
	fail_msg("a packet fell off the ladder");
	return NULL;
}

static bool check_packet(const struct ladder *a, const struct ladder *b,
			 const struct region *packet)
{
	const struct rung *before = walk(a, packet), *after = walk(b, packet);
	const bool differs =
		before->drop != after->drop || strcmp(before->class_name, after->class_name) != 0;
	size_t times = 0;

	for (size_t i = 0; i < told_count; i++) {
		if (!region_within(packet, &told[i].region))
			continue;
		times++;
		assert_ptr_equal(told[i].before, before);
		assert_ptr_equal(told[i].after, after);
	}
	if (times != (differs ? 1 : 0)) {
		char text[REGION_TEXT_SIZE];

		fail_msg("%s: told %zu times, differs: %d",
			 region_describe(packet, text, sizeof(text)), times, differs);
	}
	return differs;
}

/* The second policy is the first with rules changed, moved, left out or added. */
static unsigned change(struct random *r, uint64_t *seeds, unsigned count)
{
	for (unsigned n = random_between(r, 1, 4); n > 0; n--) {
		const unsigned at = random_below(r, count), to = random_below(r, count);
		const uint64_t moved = seeds[at];

		switch (random_below(r, 4)) {
		case 0:
			seeds[at] = random_u64(r);
			break;
		case 1:
			seeds[at] = seeds[to];
			seeds[to] = moved;
			break;
		case 2:
			if (count > 1)
				seeds[at] = seeds[--count];
			break;
		default:
			if (count < RULES_MOST)
				seeds[count++] = random_u64(r);
		}
	}
	return count;
}

static const char *random_trust(struct random *r)
{
	static const char *const trusts[] = {
		"",
		"",
		"trust = \"dscp\";",
		"trust = \"pcp\";",
		"trust = \"dscp\"; trusted = [ \"10.0.0.0/29\" ];",
	};

	return trusts[random_below(r, 5)];
}

static void differences_are_exact(void **state)
{
	struct random r = random_seeded(1);
	unsigned different = 0, alike = 0;

	(void)state;
	told = aligned_alloc(_Alignof(struct told), TOLD_MAX * sizeof(*told));
	assert_non_null(told);
	for (unsigned pair = 0; pair < PAIRS; pair++) {
		uint64_t seeds[RULES_MOST];
		unsigned count = random_between(&r, 1, RULES_MOST);
		const char *trust = random_trust(&r);
		struct ladder a, b;
		struct config *before, *after;
		bool complete;

		random_bytes(&r, (uint8_t *)seeds, sizeof(seeds));
		before = load(seeds, count, trust);
		count = change(&r, seeds, count);
		after = load(seeds, count, random_chance(&r, 80) ? trust : random_trust(&r));
		assert_int_equal(ladder_create(before, 0, &a), 0);
		assert_int_equal(ladder_create(after, 0, &b), 0);
		told_count = 0;
		assert_int_equal(ladders_compare(&a, &b, on_difference, NULL, &complete), 0);
		assert_true(complete);
		for (unsigned n = 0; n < PACKETS; n++) {
			const struct region packet = random_packet(&r);

			if (check_packet(&a, &b, &packet))
				different++;
			else
				alike++;
		}
		ladder_free(&a);
		ladder_free(&b);
		config_free(before);
		config_free(after);
	}
	free(told);
	printf("%u packets fare differently, %u alike\n", different, alike);
	assert_true(different > PAIRS * PACKETS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
