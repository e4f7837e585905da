/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tables.h"

/* A document as large as its figures get, with a link whose name is too long. */
static const char *const large =
	"{\"generation\":7,\"links\":[{\"name\":\"a-link-with-a-very-long-name\","
	"\"upstream\":{\"rx\":{\"packets\":9999999999,\"bytes\":999999999999},"
	"\"tx\":{\"packets\":9999999998,\"bytes\":999999999998},"
	"\"dropped\":{\"packets\":1,\"bytes\":1},\"queued\":{\"packets\":65536,\"bytes\":1},"
	"\"drops\":{\"contract-random\":1,\"acl\":0},"
	"\"anomalies\":{\"ipv4-header-length\":3},"
	"\"port\":{\"missed\":11,\"rx_errors\":0,\"no_mbuf\":0,\"tx_errors\":0},"
	"\"classes\":[{\"name\":\"a-class-with-a-long-name\",\"dscp\":46,\"pcp\":5,"
	"\"rx\":{\"packets\":9999999999,\"bytes\":0},\"tx\":{\"packets\":9999999999,\"bytes\":0},"
	"\"dropped\":{\"packets\":123456789,\"bytes\":0},"
	"\"queue\":{\"packets\":65536,\"bytes\":0,\"delay_us_max\":9999990.0,"
	"\"delay_us_mean\":99990.0}}],"
	"\"link_control\":{\"rx\":{\"packets\":4,\"bytes\":0},\"tx\":{\"packets\":4,\"bytes\":0},"
	"\"dropped\":{\"packets\":0,\"bytes\":0},\"queue\":{\"packets\":0}},"
	"\"contracts\":[{\"class\":\"sharing+signalling\",\"exceed\":\"protect\","
	"\"cir_kbps\":400000000.0,\"burst_bytes\":500000000,\"calls\":49,"
	"\"admitted\":{\"packets\":9999999999,\"bytes\":0},"
	"\"dropped\":{\"packets\":999999999,\"bytes\":0},"
	"\"exceeded\":{\"packets\":999999999,\"bytes\":0},\"metered_burst_bytes\":500000000,"
	"\"colours\":{\"green\":{\"packets\":9999999999},\"yellow\":{\"packets\":9999999998},"
	"\"red\":{\"packets\":9999999997}},\"places\":{\"taken\":16384,"
	"\"reserved_kbps\":399999999.9,\"reserved_burst_bytes\":499999999}}],"
	"\"rules\":[{\"acl\":\"media\",\"seq\":4294967295,\"packets\":9999999999}],"
	"\"no_rule\":5},"
	"\"downstream\":{\"rx\":{\"packets\":0,\"bytes\":0},\"tx\":{\"packets\":0,\"bytes\":0},"
	"\"dropped\":{\"packets\":0,\"bytes\":0},\"queued\":{\"packets\":0,\"bytes\":0},"
	"\"drops\":{},\"classes\":[],\"contracts\":[],\"rules\":[],\"no_rule\":0}}],"
	"\"calls_total\":65536,\"calls_hurt\":1,\"calls\":[{\"link\":\"a-link-with-a-long-name\","
	"\"direction\":\"downstream\",\"source\":\"2001:db8:1234:5678:9abc:def0:1234:5678\","
	"\"source_port\":50007,\"destination\":\"255.255.255.255\",\"destination_port\":65535,"
	"\"packets\":999999999,\"loss_percent\":100.0,\"longest_drop_run\":9999,"
	"\"longest_gap_ms\":9999999.4,\"jitter_ms_mean\":5.04,\"jitter_ms_max\":999.96,"
	"\"mos\":4.409,\"flags\":[\"loss\"]},{\"direction\":\"upstream\",\"mos\":null,"
	"\"packets\":7,\"loss_percent\":0.0,\"longest_gap_ms\":0.0,\"jitter_ms_mean\":null,"
	"\"jitter_ms_max\":null,\"flags\":[]}]}";

typedef void (*table)(const json_t *document, FILE *out);

static char *render(table print, const char *document)
{
	json_t *json = json_loads(document, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(json);
	print(json, f);
	fclose(f);
	json_decref(json);
	return text;
}

/* Columns, not bytes: what continues a UTF-8 character takes none. */
static size_t columns(const char *line)
{
	size_t n = 0;

	for (; *line && *line != '\n'; line++)
		n += ((unsigned char)*line & 0xc0) != 0x80;
	return n;
}

static void assert_fits(const char *text)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		assert_non_null(strchr(line, '\n'));
		assert_in_range(columns(line), 1, TABLES_WIDTH);
	}
}

/* Every figure stands under the end of its header. */
static void assert_ends_line_up(const char *text, const char *header, const char *figure)
{
	const char *h = strstr(text, header), *f = strstr(text, figure);
	const char *line;

	assert_non_null(h);
	assert_non_null(f);
	line = f;
	while (line > text && line[-1] != '\n')
		line--;
	assert_int_equal((h - text) + (long)strlen(header), (f - line) + (long)strlen(figure));
}

static void every_table_fits_its_width(void **state)
{
	static const table tables[] = {table_links, table_classes, table_contracts,
				       table_acl,   table_drops,   table_calls};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char *text = render(tables[i], large);

		assert_fits(text);
		assert_null(strchr(text, '\033')); /* no terminal, no colour */
		free(text);
	}
}

static void links_show_the_balance(void **state)
{
	char *text = render(table_links, large);

	(void)state;
	assert_ends_line_up(text, "rx pkts", "9999999999");
	assert_ends_line_up(text, "tx pkts", "9999999998");
	assert_ends_line_up(text, "queued", "65536");
	assert_ends_line_up(text, "rx MB", "1000000");
	assert_ends_line_up(text, "port lost", " 11");
	assert_non_null(strstr(text, "generation 7"));
	assert_non_null(strstr(text, "a-link-with-a- up "));
	assert_non_null(strstr(text, "a-link-with- down "));
	free(text);
}

static void classes_show_their_queue_in_ms(void **state)
{
	char *text = render(table_classes, large);

	(void)state;
	assert_ends_line_up(text, "queued", "65536");
	assert_ends_line_up(text, "mean ms", "99.99");
	assert_ends_line_up(text, "max ms", "9999.99");
	assert_ends_line_up(text, "dropped", "123456789");
	assert_non_null(strstr(text, "a-class-wit~")); /* cut, and marked so */
	assert_non_null(strstr(text, "(link)"));
	free(text);
}

static void contracts_show_rate_and_excess(void **state)
{
	char *text = render(table_contracts, large);

	(void)state;
	assert_ends_line_up(text, "CIR kbit/s", "400000000.0");
	assert_ends_line_up(text, "burst B", "500000000");
	assert_ends_line_up(text, "admitted pkt", "9999999999");
	assert_non_null(strstr(text, "protect"));
	assert_non_null(
		strstr(text, "  green 9999999999 yellow 9999999998 red 9999999997 packets\n"));
	assert_non_null(strstr(text, "  16384 places taken: 399999999.9 of 400000000.0 kbit/s, "
				     "499999999 of 500000000 bytes of burst\n"));
	free(text);
}

static void rules_are_shown_by_acl_and_seq(void **state)
{
	char *text = render(table_acl, large);

	(void)state;
	assert_ends_line_up(text, "seq", "4294967295");
	assert_ends_line_up(text, "packets", " 9999999999");
	assert_non_null(strstr(text, "(no rule)"));
	free(text);
}

static void drops_are_shown_where_there_are_some(void **state)
{
	char *text = render(table_drops, large);

	(void)state;
	assert_non_null(strstr(text, "contract-random"));
	assert_non_null(strstr(text, "thinned at random"));
	assert_non_null(strstr(text, "ipv4-header-length"));
	assert_non_null(strstr(text, "missed"));
	assert_null(strstr(text, " acl "));
	assert_null(strstr(text, "rx_errors"));
	assert_non_null(strstr(text, "down none"));
	free(text);
}

static void calls_show_what_was_done_to_them(void **state)
{
	char *text = render(table_calls, large);

	(void)state;
	assert_ends_line_up(text, "loss %", "100.00");
	assert_ends_line_up(text, "packets", "999999999");
	assert_ends_line_up(text, " run", "100.00 9999");
	assert_ends_line_up(text, "gap ms", "9999 9999999");
	assert_ends_line_up(text, "mean", "5.0");
	assert_ends_line_up(text, "max", "1000.0");
	assert_ends_line_up(text, "MOS", "4.41");
	assert_non_null(strstr(text, "4.41 !\n"));
	assert_non_null(strstr(text, "    -     -    -\n"));
	assert_non_null(strstr(text, "50007 255.255.255.255 65535 "));
	assert_non_null(strstr(text, "65536 calls, 1 hurt"));
	assert_null(strstr(text, "no room"));
	free(text);
	text = render(table_calls, "{\"links\":[{\"upstream\":{\"calls_untracked\":3},"
				   "\"downstream\":{\"calls_untracked\":4}}]}");
	assert_non_null(strstr(text, "7 packets of calls that found no room"));
	free(text);
}

static void one_line_tells_the_balance(void **state)
{
	json_t *json = json_loads(large, 0, NULL);
	const json_t *link = json_array_get(json_object_get(json, "links"), 0);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	table_balance_line(link, "upstream", f);
	table_balance_line(link, "downstream", f);
	fclose(f);
	assert_string_equal(
		text,
		"a-link-with-a-very-long-name upstream: received 9999999999, sent 9999999998, "
		"dropped 1 (contract-random 1), queued 65536\n"
		"a-link-with-a-very-long-name downstream: received 0, sent 0, dropped 0, queued "
		"0\n");
	free(text);
	json_decref(json);
}

static void names_in_utf8_line_up(void **state)
{
	char *text = render(table_classes,
			    "{\"links\":[{\"name\":\"Zürich\",\"upstream\":{\"classes\":[{\"name\":"
			    "\"télé\",\"dscp\":46,\"pcp\":5}]},\"downstream\":{}}]}");
	const char *row = strstr(text, "Z");

	(void)state;
	assert_non_null(row);
	/* the name's columns, then the class's */
	assert_memory_equal(row, "Zürich up      télé           46   5",
			    strlen("Zürich up      télé           46   5"));
	free(text);
}

static void a_document_without_anything_is_no_crash(void **state)
{
	static const table tables[] = {table_links, table_classes, table_contracts,
				       table_acl,   table_drops,   table_calls};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		free(render(tables[i], "{}"));
		free(render(tables[i], "{\"links\":[{}]}"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_fits_its_width),
		cmocka_unit_test(links_show_the_balance),
		cmocka_unit_test(classes_show_their_queue_in_ms),
		cmocka_unit_test(contracts_show_rate_and_excess),
		cmocka_unit_test(rules_are_shown_by_acl_and_seq),
		cmocka_unit_test(drops_are_shown_where_there_are_some),
		cmocka_unit_test(calls_show_what_was_done_to_them),
		cmocka_unit_test(one_line_tells_the_balance),
		cmocka_unit_test(names_in_utf8_line_up),
		cmocka_unit_test(a_document_without_anything_is_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
