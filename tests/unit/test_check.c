/* SPDX-License-Identifier: BSD-3-Clause */
/* `edgemark check` as a person meets it: exit codes, and what goes where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "commands.h"

#define EDGE SOURCE_DIRECTORY "/config/edge.conf"

static char out[65536], err[65536];

static void read_all(FILE *f, char *buffer, size_t size)
{
	rewind(f);
	buffer[fread(buffer, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* The EAL starts once in a process: each run has its own. */
static int run_check(char **argv)
{
	FILE *o = tmpfile(), *e = tmpfile();
	int status, argc = 0;
	pid_t child;

	assert_true(o && e);
	while (argv[argc])
		argc++;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fileno(o), STDOUT_FILENO);
		dup2(fileno(e), STDERR_FILENO);
		exit(command_check(argc, argv));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	read_all(o, out, sizeof(out));
	read_all(e, err, sizeof(err));
	return WEXITSTATUS(status);
}

#define CHECK(...) run_check((char *[]){"check", __VA_ARGS__, NULL})

static void warnings_pass_unless_strict(void **state)
{
	(void)state;
	assert_int_equal(CHECK(EDGE), EXIT_OK);
	assert_non_null(strstr(err, "edgemark: " EDGE ":"));
	assert_non_null(strstr(err, ": warning: class 'control' leaves policy"));
	assert_non_null(strstr(out,
			       "  voice 3953.1 kbit/s = 49 G.711 calls (20 ms, IPv4, unencrypted) "
			       "by IP length, 41 on the untagged wire\n"));
	assert_int_equal(CHECK(EDGE, "--strict"), EXIT_RUNTIME);
}

static void colours_are_spelt_out(void **state)
{
	const char *meter;
	json_t *document;
	double pir;

	(void)state;
	assert_int_equal(CHECK(EDGE), EXIT_OK);
	assert_non_null(strstr(out,
			       "\n    trTCM, colour-blind: over it AFx2, up to 20000 kbit/s and "
			       "50000 bytes; more is dropped\n"));
	assert_int_equal(CHECK("-j", EDGE), EXIT_OK);
	document = json_loads(out, 0, NULL);
	assert_non_null(document);
	assert_int_equal(json_unpack(json_array_get(json_object_get(document, "links"), 1),
				     "{s:{s:[o,{s:{s:s, s:f}}]}}", "upstream", "contracts",
				     &(json_t *){NULL}, "colour", "meter", &meter, "pir_kbps",
				     &pir),
			 0);
	assert_string_equal(meter, "trtcm");
	assert_true(pir == 20000);
	json_decref(document);
}

static void errors_are_78(void **state)
{
	(void)state;
	assert_int_equal(CHECK("/"), EXIT_CONFIG);
	assert_string_equal(out, "");
	assert_string_equal(err, "edgemark: /: is a directory, expected a file\n");
}

static void wrong_usage_is_2(void **state)
{
	(void)state;
	assert_int_equal(CHECK(NULL), EXIT_USAGE);
	assert_non_null(strstr(err, "edgemark check --help"));
	assert_int_equal(CHECK("--strickt", EDGE), EXIT_USAGE);
	assert_non_null(strstr(err, "--strickt"));
	assert_int_equal(CHECK(EDGE, EDGE), EXIT_USAGE);
	assert_int_equal(CHECK("--help"), EXIT_OK);
	assert_non_null(strstr(out, "usage: edgemark check FILE"));
}

static void json_holds_messages_and_figures(void **state)
{
	const char *severity, *exceed;
	json_t *document;
	int calls;

	(void)state;
	assert_int_equal(CHECK("-j", EDGE), EXIT_OK);
	document = json_loads(out, 0, NULL);
	assert_non_null(document);
	assert_int_equal(json_integer_value(json_object_get(document, "warnings")), 1);
	assert_int_equal(json_unpack(document, "{s:[{s:s}]}", "messages", "severity", &severity),
			 0);
	assert_string_equal(severity, "warning");
	assert_int_equal(json_unpack(document, "{s:[{s:{s:[{s:s, s:{s:i}}]}}]}", "links",
				     "upstream", "contracts", "exceed", &exceed, "calls",
				     "admitted", &calls),
			 0);
	assert_string_equal(exceed, "random");
	assert_int_equal(calls, 49);
	json_decref(document);
	assert_int_equal(CHECK("-j", "/"), EXIT_CONFIG);
	document = json_loads(out, 0, NULL);
	assert_true(json_is_false(json_object_get(document, "ok")));
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warnings_pass_unless_strict),
		cmocka_unit_test(colours_are_spelt_out),
		cmocka_unit_test(errors_are_78),
		cmocka_unit_test(wrong_usage_is_2),
		cmocka_unit_test(json_holds_messages_and_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
