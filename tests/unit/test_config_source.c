/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading text: included files, files that are none, numbers of any size. */
#include "config_text.h" /* first: it asks for memfd_create */

#include <sys/stat.h>

static char directory[256];

static int make_directory(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(directory, sizeof(directory), "%s/edgemark-test-XXXXXX", parent ? parent : "/tmp");
	return mkdtemp(directory) ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put(const char *name, const char *text)
{
	write_file(path_of(name), text, strlen(text));
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"main.conf", "part/a.conf", "part/b.conf",
					    "fifo",	 "loop.conf",	"part"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(path_of(names[i]));
	return rmdir(directory);
}

/* The only message about the file, which must not load. */
static void expect_error(const char *name, const char *file, unsigned line, const char *says)
{
	struct config_report report;
	char path[512];

	snprintf(path, sizeof(path), "%s", path_of(name));
	assert_null(config_load(path, &report));
	if (report.count != 1 || report.messages[0].line != line ||
	    strcmp(report.messages[0].file, path_of(file)) != 0 ||
	    !strstr(report.messages[0].text, says)) {
		config_report_print(&report, stderr);
		fail_msg("expected %s:%u: …%s…", file, line, says);
	}
	config_report_clear(&report);
}

#define REST LINKS_LINE "\npolicies = ( { name = \"p\"; } );\n"

static void included_files_in_turn(void **state)
{
	struct config_report report;

	(void)state;
	mkdir(path_of("part"), 0700);
	/* b is named relative to a, and neither ends its line. */
	put("part/b.conf", "{ name = \"d\"; dscp = 0;\n pcp = 1; }");
	put("part/a.conf", "classes = (\n@include \"b.conf\"\n);");
	put("main.conf", "version = 1;\n  @include \"part/a.conf\" // the classes\n" REST);
	struct config *c = config_load(path_of("main.conf"), &report);
	config_report_print(&report, stderr);
	assert_non_null(c);
	assert_int_equal(c->class_count, 1);
	assert_int_equal(c->classes[0].pcp, 1);
	assert_string_equal(c->classes[0].where.file, path_of("part/b.conf"));
	assert_int_equal(c->classes[0].where.line, 1);
	assert_string_equal(c->links[0].where.file, path_of("main.conf"));
	assert_int_equal(c->links[0].where.line, 3);
	config_free(c);
	config_report_clear(&report);
}

static void errors_in_included_files(void **state)
{
	(void)state;
	put("part/b.conf", "{ name = \"d\"; dscp = 0;\n pcp = 9; }");
	put("part/a.conf", "classes = (\n@include \"b.conf\"\n);");
	put("main.conf", "version = 1;\n@include \"part/a.conf\"\n" REST);
	expect_error("main.conf", "part/b.conf", 2, "'pcp' is 9");
	put("part/b.conf", "\n\n{ name = \"d\" dscp 0; }");
	expect_error("main.conf", "part/b.conf", 3, "syntax error");
	/* after the include the lines are the includer's again */
	put("part/b.conf", "{ name = \"d\"; dscp = 0; }\n\n");
	put("main.conf", "version = 1;\n@include \"part/a.conf\"\n" REST "bogus = 1;\n");
	expect_error("main.conf", "main.conf", 5, "unknown key 'bogus'");
}

/* Not where @include does not begin a line, nor in strings and comments. */
static void include_elsewhere_is_text(void **state)
{
	struct config_report report;

	(void)state;
	put("main.conf", "version = 1; /*\n@include \"none\" */ // @include \"none\"\n" CLASSES_LINE
			 "\ncontrol = { socket = \"/a\n@include x\"; };\n" REST);
	struct config *c = config_load(path_of("main.conf"), &report);
	config_report_print(&report, stderr);
	assert_non_null(c);
	assert_string_equal(c->control.socket, "/a\n@include x");
	config_free(c);
	config_report_clear(&report);
	put("main.conf", "version = 1;\nx = 1; @include \"none\"\n");
	expect_error("main.conf", "main.conf", 2, "syntax error");
}

static void missing_and_endless_includes(void **state)
{
	(void)state;
	put("main.conf", "version = 1;\n@include \"none.conf\"\n");
	expect_error("main.conf", "main.conf", 2, "none.conf\": No such file");
	put("main.conf", "version = 1;\n@include \"part\"\n");
	expect_error("main.conf", "main.conf", 2, "is a directory");
	put("main.conf", "version = 1;\n\n@include none.conf\n");
	expect_error("main.conf", "main.conf", 3, "expected @include \"FILE\"");
	put("loop.conf", "\n@include \"loop.conf\"\n");
	expect_error("loop.conf", "loop.conf", 2, "in a circle");
	put("part/a.conf", "@include \"../loop.conf\"\n");
	put("loop.conf", "\n@include \"part/a.conf\"\n");
	expect_error("loop.conf", "part/a.conf", 1, "in a circle");
}

static void files_that_are_none(void **state)
{
	(void)state;
	expect_error("none", "none", 0, "can't be read: No such file");
	expect_error("part", "part", 0, "is a directory");
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	alarm(10); /* a reader that blocks ends here */
	expect_error("fifo", "fifo", 0, "not a regular file");
	alarm(0);
	put("main.conf", "");
	expect_error("main.conf", "main.conf", 0, "is empty");
	write_file(path_of("main.conf"), "version = 1;\0x", 14);
	expect_error("main.conf", "main.conf", 0, "NUL byte");
	truncate(path_of("main.conf"), 9 << 20);
	expect_error("main.conf", "main.conf", 0, "too large");
}

static void unreadable_file(void **state)
{
	uid_t own = geteuid();

	(void)state;
	put("main.conf", "version = 1;");
	assert_int_equal(chmod(path_of("main.conf"), 0), 0);
	assert_int_equal(chmod(directory, 0755), 0);
	if (own == 0)
		assert_int_equal(seteuid(65534), 0); /* root reads all files */
	expect_error("main.conf", "main.conf", 0, "can't be read: Permission denied");
	assert_int_equal(seteuid(own), 0);
	assert_int_equal(chmod(path_of("main.conf"), 0600), 0);
}

static void nesting_has_an_end(void **state)
{
	char text[4096] = "x = ";

	(void)state;
	memset(text + 4, '(', 2000);
	put("main.conf", text);
	expect_error("main.conf", "main.conf", 1, "nest deeper than");
}

/* libconfig alone would wrap each of these at 31 bits. */
static void numbers_do_not_wrap(void **state)
{
	static const struct {
		const char *text;
		uint64_t bps;
	} cases[] = {
		{"10000000", UINT64_C(10000000000)},
		{"10000000L", UINT64_C(10000000000)},
		{"400000000", UINT64_C(400000000000)},
		{"4E+8", UINT64_C(400000000000)},
		{"0x989680", UINT64_C(10000000000)},
		{"3953.1", 3953100},
		{"+3953.10", 3953100},
		{"5.", 5000},
		{"0.064", 64},
		{"123456789.123", UINT64_C(123456789123)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char links[256];

		snprintf(links, sizeof(links),
			 "links = ( { name = \"l\"; lan = { device = \"a\"; }; "
			 "wan = { device = \"b\"; rate-kbps = %s; }; } );",
			 cases[i].text);
		struct config *c = load_good(&(struct sections){.links = links});
		if (c->links[0].wan.rate_bps != cases[i].bps)
			fail_msg("%s: %llu", cases[i].text,
				 (unsigned long long)c->links[0].wan.rate_bps);
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(included_files_in_turn),
		cmocka_unit_test(errors_in_included_files),
		cmocka_unit_test(include_elsewhere_is_text),
		cmocka_unit_test(missing_and_endless_includes),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(unreadable_file),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(numbers_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
