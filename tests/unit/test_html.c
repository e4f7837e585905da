/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gnuplot.h"
#include "html.h"

static char *page;
static size_t page_bytes;

static struct html begin(void)
{
	struct html h;

	html_begin(&h, open_memstream(&page, &page_bytes));
	assert_non_null(h.out);
	return h;
}

static void assert_page(struct html *h, const char *expected)
{
	static const char doctype[] = "<!DOCTYPE html>\n";

	assert_int_equal(h->depth, 0);
	fclose(h->out);
	assert_memory_equal(page, doctype, strlen(doctype));
	assert_string_equal(page + strlen(doctype), expected);
	free(page);
}

static void test_escapes_text(void **state)
{
	struct html h = begin();

	(void)state;
	html_element(&h, "p", NULL, "%s", "</p><script>alert('1' & \"2\")</script>");
	assert_page(&h, "<p>&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39; &amp; "
			"&quot;2&quot;)&lt;/script&gt;</p>\n");
}

static void test_escapes_attributes(void **state)
{
	struct html h = begin();

	(void)state;
	html_open(&h, "td", "class", "\"><b>", "id", NULL, "title", "a'b", NULL);
	html_close(&h);
	html_void(&h, "meta", "content", "<&>", NULL);
	assert_page(&h, "<td class=\"&quot;&gt;&lt;b&gt;\" title=\"a&#39;b\"></td>"
			"<meta content=\"&lt;&amp;&gt;\"/>");
}

static void test_replaces_control_characters(void **state)
{
	struct html h = begin();

	(void)state;
	html_text(&h, "a\001b\033[1m\tc\177d\xc3\xa9");
	assert_page(&h, "a\xef\xbf\xbd"
			"b\xef\xbf\xbd[1m\tc\xef\xbf\xbd"
			"d\xc3\xa9");
}

static void test_closes_in_order(void **state)
{
	struct html h = begin();

	(void)state;
	html_open(&h, "table", NULL);
	html_open(&h, "tr", NULL);
	html_element(&h, "td", "name", "x");
	html_close(&h);
	html_close(&h);
	assert_page(&h, "<table><tr><td class=\"name\">x</td></tr>\n</table>\n");
}

static void test_groups_digits(void **state)
{
	static const struct {
		int64_t n;
		const char *written;
	} cases[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1\xe2\x80\xaf"
		       "000"},
		{-1234567, "-1\xe2\x80\xaf"
			   "234\xe2\x80\xaf"
			   "567"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct html h = begin();

		html_count(&h, cases[i].n);
		assert_page(&h, cases[i].written);
	}
}

static void test_label_holds_nothing_for_gnuplot(void **state)
{
	char label[24];

	(void)state;
	gnuplot_label(label, sizeof(label), "a'; system(\"x\") `y`\n\xc3\xa9");
	assert_string_equal(label, "a?? system??x?? ?y????");
	gnuplot_label(label, 4, "police");
	assert_string_equal(label, "pol");
}

static void test_inlines_a_picture(void **state)
{
	static const char svg[] =
		"<?xml?><svg viewBox=\"0 0 4 3\">\n<title>Gnuplot</title><desc>x</desc>"
		"<g id=\"canvas\"><defs><circle id='gpDot'/></defs>\n"
		"<g fill=\"none\" color=\"black\">\n</g>\n<path id='a' d='M0,0'/>"
		"<path fill='url(#a)'/></g></svg>\n";
	char *out;
	size_t bytes;
	FILE *stream = open_memstream(&out, &bytes);

	(void)state;
	gnuplot_inline(stream, svg, "p1-", "label");
	fclose(stream);
	assert_string_equal(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
				 "xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
				 "viewBox=\"0 0 4 3\" role=\"img\" aria-label=\"label\">"
				 "<g id=\"p1-canvas\">\n<path id='p1-a' d='M0,0'/>"
				 "<path fill='url(#p1-a)'/></g></svg>\n");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes_text),
		cmocka_unit_test(test_escapes_attributes),
		cmocka_unit_test(test_replaces_control_characters),
		cmocka_unit_test(test_closes_in_order),
		cmocka_unit_test(test_groups_digits),
		cmocka_unit_test(test_label_holds_nothing_for_gnuplot),
		cmocka_unit_test(test_inlines_a_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
