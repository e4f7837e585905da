/* SPDX-License-Identifier: BSD-3-Clause */
/* From figures to Prometheus' text: labels, units, histograms; and ended calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "call_histograms.h"
#include "metrics.h"

#define NS_PER_SECOND INT64_C(1000000000)

static json_t *figures_with(const char *link, const char *class)
{
	return json_pack(
		"{s:f, s:s, s:s, s:{s:i, s:[{s:s, s:{s:[{s:s, s:{s:I}, s:{s:f}}], s:{s:i}}, "
		"s:{}}]}}",
		"time", 12.5, "version", "1", "dpdk", "d", "document", "generation", 7, "links",
		"name", link, "upstream", "classes", "name", class, "rx", "packets",
		(json_int_t)INT64_C(9007199254740993), "queue", "delay_us_max", 1500.0, "drops",
		"queue-full", 3, "downstream");
}

static void assert_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	if (!found || (found != text && found[-1] != '\n') || found[strlen(line)] != '\n')
		fail_msg("no line %s in\n%s", line, text);
}

static char *text_of(json_t *figures)
{
	size_t size;
	char *text = metrics_text(figures, &size);

	json_decref(figures);
	assert_non_null(text);
	assert_int_equal(size, strlen(text));
	return text;
}

static void names_units_and_values(void **state)
{
	char *text = text_of(figures_with("mpls", "voice"));

	(void)state;
	assert_line(text, "edgemark_build_info{version=\"1\",dpdk=\"d\"} 1");
	assert_line(text, "edgemark_policy_generation 7");
	assert_line(text, "edgemark_snapshot_timestamp_seconds 12.5");
	/* beyond what a double holds */
	assert_line(text, "edgemark_class_packets_total{link=\"mpls\",direction=\"upstream\","
			  "class=\"voice\",result=\"received\"} 9007199254740993");
	assert_line(text, "edgemark_class_queue_delay_max_seconds{link=\"mpls\","
			  "direction=\"upstream\",class=\"voice\"} 0.0015");
	assert_line(text, "edgemark_drops_total{link=\"mpls\",direction=\"upstream\","
			  "reason=\"queue-full\"} 3");
	free(text);
}

static void labels_are_escaped(void **state)
{
	char *text = text_of(figures_with("a\"b\\c\nd", "ü"));

	(void)state;
	assert_line(text, "edgemark_drops_total{link=\"a\\\"b\\\\c\\nd\",direction=\"upstream\","
			  "reason=\"queue-full\"} 3");
	assert_non_null(strstr(text, "class=\"ü\""));
	free(text);
}

/* --- calls ------------------------------------------------------------------------------ */

static json_t *call(int port, double loss_percent, json_t *mos, int64_t last_s)
{
	json_t *c = json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:s}", "link", "l", "direction",
			      "upstream", "source", "10.0.0.1", "source_port", port, "destination",
			      "10.1.0.1", "destination_port", 3478, "class", "voice");

	json_object_set_new(c, "first_ns", json_integer(1));
	json_object_set_new(c, "last_ns", json_integer(last_s * NS_PER_SECOND));
	json_object_set_new(c, "loss_percent", json_real(loss_percent));
	json_object_set_new(c, "mos", mos);
	json_object_set_new(c, "jitter_ms_mean", json_real(4.0));
	json_object_set_new(c, "flags", loss_percent > 0 ? json_pack("[s]", "loss") : json_array());
	return c;
}

static void update(struct call_histograms *h, json_t *calls, int64_t now_s)
{
	call_histograms_update(h, calls, (uint64_t)(now_s * NS_PER_SECOND));
	json_decref(calls);
}

static json_int_t observed(const struct call_histograms *h, const char *which)
{
	json_t *groups = call_histograms_document(h);
	const json_t *group = json_array_get(groups, 0);
	const json_int_t n =
		json_integer_value(json_object_get(json_object_get(group, which), "count"));

	json_decref(groups);
	return n;
}

static json_int_t standing(const struct call_histograms *h, const char *which)
{
	json_t *groups = call_histograms_document(h);
	const json_int_t n = json_integer_value(json_object_get(json_array_get(groups, 0), which));

	json_decref(groups);
	return n;
}

static void a_call_is_observed_once_when_it_has_ended(void **state)
{
	struct call_histograms *h = call_histograms_create();

	(void)state;
	update(h, json_pack("[o]", call(1, 0, json_real(4.4), 100)), 101);
	assert_int_equal(observed(h, "loss_ratio"), 0);
	assert_int_equal(standing(h, "active"), 1);
	assert_int_equal(standing(h, "hurt"), 0);
	for (int now = 110; now < 114; now++)
		update(h, json_pack("[o]", call(1, 0, json_real(4.4), 100)), now);
	assert_int_equal(observed(h, "loss_ratio"), 1);
	assert_int_equal(standing(h, "active"), 0);
	update(h, json_array(), 120);
	assert_int_equal(observed(h, "loss_ratio"), 1);
	call_histograms_destroy(h);
}

/* Its entry went to another before it was silent for long. */
static void a_call_that_is_gone_is_observed_as_last_seen(void **state)
{
	struct call_histograms *h = call_histograms_create();

	(void)state;
	update(h, json_pack("[o]", call(1, 2.5, json_null(), 100)), 101);
	assert_int_equal(standing(h, "hurt"), 1);
	update(h, json_pack("[o]", call(2, 0, json_real(4.4), 102)), 102);
	assert_int_equal(observed(h, "loss_ratio"), 1);
	assert_int_equal(observed(h, "mos"), 0); /* it was not known */
	assert_int_equal(observed(h, "jitter_seconds"), 1);
	call_histograms_destroy(h);
}

static void buckets_are_cumulative(void **state)
{
	struct call_histograms *h = call_histograms_create();
	char *text;

	(void)state;
	update(h,
	       json_pack("[o, o, o]", call(1, 0, json_real(4.4), 0), call(2, 2, json_real(3.6), 0),
			 call(3, 80, json_real(1), 0)),
	       60);
	text = text_of(json_pack("{s:o}", "call_groups", call_histograms_document(h)));
#define OF "{link=\"l\",direction=\"upstream\",class=\"voice\""
	assert_line(text, "edgemark_call_loss_ratio_bucket" OF ",le=\"0\"} 1");
	assert_line(text, "edgemark_call_loss_ratio_bucket" OF ",le=\"0.01\"} 1");
	assert_line(text, "edgemark_call_loss_ratio_bucket" OF ",le=\"0.02\"} 2");
	assert_line(text, "edgemark_call_loss_ratio_bucket" OF ",le=\"0.5\"} 2");
	assert_line(text, "edgemark_call_loss_ratio_bucket" OF ",le=\"+Inf\"} 3");
	assert_line(text, "edgemark_call_loss_ratio_sum" OF "} 0.82");
	assert_line(text, "edgemark_call_loss_ratio_count" OF "} 3");
	assert_line(text, "edgemark_call_mos_bucket" OF ",le=\"3.6\"} 2");
	assert_line(text, "edgemark_call_jitter_seconds_bucket" OF ",le=\"0.005\"} 3");
	free(text);
	call_histograms_destroy(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_units_and_values),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(a_call_is_observed_once_when_it_has_ended),
		cmocka_unit_test(a_call_that_is_gone_is_observed_as_last_seen),
		cmocka_unit_test(buckets_are_cumulative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
