/* SPDX-License-Identifier: BSD-3-Clause */
/* A site on the virtual clock: what goes in is watched as it comes out, or is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "support/frames.h"
#include "unit/site_config.h"
#include "virtual_site.h"

enum { PACKETS = 1000 };
#define PERIOD_NS UINT64_C(1000000)
#define ORIGIN_NS UINT64_C(7000000000)

struct seen {
	uint64_t sent, dropped, marked, last_ns;
	bool backwards, too_early;
};

static void on_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	struct seen *s = context;
	const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);

	assert_int_equal(d, UPSTREAM);
	s->sent++;
	s->marked += bytes[15] == DSCP_EF << 2;
	s->backwards |= ns < s->last_ns;
	s->too_early |= ns < ORIGIN_NS;
	s->last_ns = ns;
}

static void on_dropped(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame,
		       enum drop_reason reason, uint8_t class_slot)
{
	struct seen *s = context;

	(void)class_slot;
	assert_int_equal(d, UPSTREAM);
	assert_int_equal(reason, DROP_CONTRACT);
	assert_int_equal(frame->pkt_len, 214);
	s->too_early |= ns < ORIGIN_NS;
	s->dropped++;
}

static struct config *load(void)
{
	struct config_report report;
	static const char text[] =
		"version = 1;" SITE_LINKS SITE_CLASSES SITE_RULES
		"policies = ( { name = \"up\"; acl = \"media\"; contracts = ("
		"  { class = \"voice\"; cir-kbps = 800; exceed = \"police\"; } ); } );";
	struct config *c = config_load_text("a test", text, &report);

	if (!c)
		config_report_print(&report, stderr);
	assert_non_null(c);
	config_report_clear(&report);
	return c;
}

static struct seen run(bool mbufs)
{
	struct frame_spec spec = frame_udp4("10.1.2.3", 50006, "10.8.0.1", 3478);
	struct seen seen = {0};
	struct virtual_site_watch watch = {
		.seed = 1, .sent = on_sent, .dropped = on_dropped, .context = &seen};
	uint8_t bytes[FRAME_BYTES_MAX];
	struct virtual_site v;
	const char *defect;
	json_t *document;
	uint32_t length;

	spec.payload_bytes = 172;
	length = frame_build(&spec, bytes, sizeof(bytes));
	assert_int_equal(virtual_site_open(&v, load(), &watch), 0);
	for (uint64_t i = 0; i < PACKETS; i++) {
		uint64_t ns = ORIGIN_NS + i * PERIOD_NS;

		if (mbufs) {
			struct rte_mbuf *m = virtual_site_frame(&v);

			memcpy(rte_pktmbuf_append(m, (uint16_t)length), bytes, length);
			assert_int_equal(virtual_site_send_mbuf(&v, UPSTREAM, ns, m), 0);
		} else {
			assert_int_equal(virtual_site_send(&v, UPSTREAM, ns, bytes, length), 0);
		}
	}
	assert_int_equal(virtual_site_finish(&v), 0);
	document = virtual_site_document(&v, &defect);
	assert_non_null(document);
	assert_null(defect);
	assert_int_equal(v.counters[0].rx.packets, PACKETS);
	assert_int_equal(v.counters[0].tx.packets, seen.sent);
	assert_int_equal(v.counters[0].dropped.packets, seen.dropped);
	json_decref(document);
	virtual_site_close(&v);
	return seen;
}

static void frames_are_watched_to_the_last(void **state)
{
	struct seen seen = run(false);

	(void)state;
	assert_int_equal(seen.sent + seen.dropped, PACKETS);
	assert_int_equal(seen.marked, seen.sent);
	/* 800 kbit/s carry half of 1600, and the burst */
	assert_in_range(seen.sent, 490, 530);
	assert_false(seen.backwards);
	assert_false(seen.too_early);
}

static void another_site_after_it_does_the_same(void **state)
{
	struct seen first = run(false), second = run(true);

	(void)state;
	assert_memory_equal(&first, &second, sizeof(first));
}

static void a_bad_text_is_refused_by_line(void **state)
{
	struct config_report report;

	(void)state;
	assert_null(config_load_text("a test", "version = 1;\nnonsense = 2;\n", &report));
	assert_true(report.error_count > 0);
	assert_string_equal(report.messages[0].file, "a test");
	config_report_clear(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_watched_to_the_last),
		cmocka_unit_test(another_site_after_it_does_the_same),
		cmocka_unit_test(a_bad_text_is_refused_by_line),
	};
	struct config *c = load();
	int err = virtual_site_start_eal(c, 0);

	config_free(c);
	return err ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
