/* SPDX-License-Identifier: BSD-3-Clause */
/* Which way a captured frame went, by its source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sides.h"

static const uint8_t client[6] = {2, 0, 0, 0, 0, 1}, router[6] = {2, 0, 0, 0, 0, 2};

struct frame {
	uint8_t bytes[128];
	uint32_t length;
};

static void append_u16(struct frame *f, uint16_t n)
{
	f->bytes[f->length++] = (uint8_t)(n >> 8);
	f->bytes[f->length++] = (uint8_t)n;
}

/* Ethernet with tags of the given TPIDs, up to the EtherType. */
static struct frame ethernet(const uint8_t *from, const uint16_t *tags, int n, uint16_t type)
{
	struct frame f = {.length = 12};

	memcpy(f.bytes + 6, from, 6);
	for (int i = 0; i < n; i++) {
		append_u16(&f, tags[i]);
		append_u16(&f, 100);
	}
	append_u16(&f, type);
	return f;
}

static struct frame ip_tagged(const uint8_t *from, const char *source, const uint16_t *tags, int n)
{
	bool v6 = strchr(source, ':') != NULL;
	struct frame f = ethernet(from, tags, n, v6 ? 0x86dd : 0x0800);

	f.bytes[f.length] = v6 ? 0x60 : 0x45;
	assert_int_equal(
		inet_pton(v6 ? AF_INET6 : AF_INET, source, f.bytes + f.length + (v6 ? 8 : 12)), 1);
	f.length += v6 ? 40 : 20;
	return f;
}

static struct frame ip(const uint8_t *from, const char *source)
{
	return ip_tagged(from, source, NULL, 0);
}

static struct sides *create(const char *prefixes)
{
	char *wrong;
	struct sides *s = sides_create(prefixes, &wrong);

	assert_non_null(s);
	assert_null(wrong);
	return s;
}

static enum direction way(struct sides *s, struct frame f)
{
	return sides_direction(s, f.bytes, f.length);
}

static void prefix_bounds_are_exact(void **state)
{
	struct sides *s = create("192.168.1.0/25,10.0.0.1,2001:db8:8000::/33");

	(void)state;
	assert_int_equal(way(s, ip(client, "192.168.1.0")), UPSTREAM);
	assert_int_equal(way(s, ip(client, "192.168.1.127")), UPSTREAM);
	assert_int_equal(way(s, ip(client, "192.168.1.128")), DOWNSTREAM);
	assert_int_equal(way(s, ip(client, "192.168.0.255")), DOWNSTREAM);
	assert_int_equal(way(s, ip(client, "10.0.0.1")), UPSTREAM);
	assert_int_equal(way(s, ip(client, "10.0.0.2")), DOWNSTREAM);
	assert_int_equal(way(s, ip(client, "2001:db8:8000::1")), UPSTREAM);
	assert_int_equal(way(s, ip(client, "2001:db8:7fff::1")), DOWNSTREAM);
	sides_destroy(s);
}

static void zero_length_prefix_is_of_one_family(void **state)
{
	struct sides *s = create("0.0.0.0/0");

	(void)state;
	assert_int_equal(way(s, ip(client, "203.0.113.9")), UPSTREAM);
	assert_int_equal(way(s, ip(client, "2001:db8::1")), DOWNSTREAM);
	sides_destroy(s);
}

static void tags_are_looked_through(void **state)
{
	static const uint16_t tags[] = {0x88a8, 0x8100, 0x8100};
	(void)state;
	for (int n = 0; n <= 3; n++) { /* three are too many */
		struct sides *s = create("192.168.1.0/24");

		assert_int_equal(way(s, ip_tagged(client, "192.168.1.6", tags, n)),
				 n <= 2 ? UPSTREAM : DOWNSTREAM);
		assert_int_equal(way(s, ip_tagged(router, "192.0.2.6", tags, n)), DOWNSTREAM);
		sides_destroy(s);
	}
}

static void other_frames_follow_their_mac(void **state)
{
	struct sides *s = create("192.168.1.0/24");
	struct frame other = ethernet(client, NULL, 0, 0x88cc);

	(void)state;
	assert_int_equal(way(s, other), DOWNSTREAM); /* nothing learned yet */
	assert_int_equal(way(s, ip(client, "192.168.1.6")), UPSTREAM);
	assert_int_equal(way(s, ip(router, "192.0.2.1")), DOWNSTREAM);
	assert_int_equal(way(s, other), UPSTREAM);
	assert_int_equal(way(s, ethernet(router, NULL, 0, 0x88cc)), DOWNSTREAM);
	sides_destroy(s);
}

static void arp_goes_by_its_sender(void **state)
{
	static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 168, 1, 6};
	struct sides *s = create("192.168.1.0/24");
	struct frame f = ethernet(client, NULL, 0, 0x0806);

	(void)state;
	memcpy(f.bytes + f.length, request, sizeof(request));
	f.length += 28;
	assert_int_equal(way(s, f), UPSTREAM);
	sides_destroy(s);
}

static void cut_frames_are_not_read_past_their_end(void **state)
{
	struct sides *s = create("0.0.0.0/0,::/0");
	struct frame whole = ip(client, "192.168.1.6");

	(void)state;
	for (uint32_t n = 0; n < whole.length; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* for the address sanitizer */

		memcpy(exact, whole.bytes, n);
		assert_int_equal(sides_direction(s, exact, n), DOWNSTREAM);
		free(exact);
	}
	assert_int_equal(way(s, whole), UPSTREAM);
	sides_destroy(s);
}

static void wrong_prefixes_are_named(void **state)
{
	static const char *const lists[][2] = {
		{"", ""},
		{"10.0.0.0/33", "10.0.0.0/33"},
		{"10.0.0.0/8,site", "site"},
		{"10.0.0.0/8,10.0.0.0/,::/0", "10.0.0.0/"},
		{"10.0.0.0/8x", "10.0.0.0/8x"},
		{"10.0.0.0/-1", "10.0.0.0/-1"},
		{"::/129", "::/129"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *wrong;

		assert_null(sides_create(lists[i][0], &wrong));
		assert_string_equal(wrong, lists[i][1]);
		free(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_bounds_are_exact),
		cmocka_unit_test(zero_length_prefix_is_of_one_family),
		cmocka_unit_test(tags_are_looked_through),
		cmocka_unit_test(other_frames_follow_their_mac),
		cmocka_unit_test(arp_goes_by_its_sender),
		cmocka_unit_test(cut_frames_are_not_read_past_their_end),
		cmocka_unit_test(wrong_prefixes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
