/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of `edgemark lab overrun`, and what it amounts to. */
#include "lab_rig.h"

#include <stdlib.h>
#include <unistd.h>

static void defaults_are_those_of_the_help(void **state)
{
	struct lab_rig r;

	(void)state;
	lab_plan(&r, "--calls 100 --contract 80");
	assert_int_equal(r.arguments.calls, 100);
	assert_string_equal(r.arguments.codec->name, "g711");
	assert_int_equal(r.arguments.ptime_ms, 20);
	assert_int_equal(r.arguments.duration_ns, 60000000000);
	assert_int_equal(r.arguments.interval_ns, 1000000000);
	assert_int_equal(r.arguments.rtcp_ns, 5000000000);
	assert_int_equal(r.arguments.seed, 1);
	assert_false(r.arguments.sync);
	assert_int_equal(r.plan.runs, 1);
	assert_int_equal(r.plan.exceed[0], EXCEED_RANDOM);
	assert_int_equal(r.plan.cir_bps, 6400000);
	assert_int_equal(r.plan.burst_bytes, 16000);
	assert_int_equal(r.plan.call_bps, 80000);
	assert_int_equal(r.plan.contract_calls, 80);
	assert_int_equal(r.plan.link_bps, 50000000);
	assert_int_equal(r.plan.packet_ip_bytes, 200);
	assert_string_equal(r.arguments.command, "edgemark lab overrun --calls 100 --contract 80");
	lab_clear(&r);
}

static void a_contract_holds_the_calls_it_names(void **state)
{
	static const struct {
		const char *line;
		uint64_t cir_bps, burst_bytes, calls;
	} contracts[] = {
		{"--contract 80 --account wire", 7616000, 19040, 80},
		{"--contract 80 --account l2", 6848000, 17120, 80},
		{"--contract 7 --codec opus --ptime 30", 242667, 3036, 7},
		{"--cir-kbps 3953.1", 3953100, 9883, 49},
		{"--cir-kbps 3953.1 --account wire --burst-ms 40", 3953100, 19766, 41},
		{"--contract 80 --burst-bytes 5000", 6400000, 5000, 80},
		{"--contract 10000", 800000000, 2000000, 10000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(contracts) / sizeof(contracts[0]); i++) {
		char line[200];
		struct lab_rig r;

		snprintf(line, sizeof(line), "--calls 100 %s", contracts[i].line);
		lab_plan(&r, line);
		assert_int_equal(r.plan.cir_bps, contracts[i].cir_bps);
		assert_int_equal(r.plan.burst_bytes, contracts[i].burst_bytes);
		assert_int_equal(r.plan.contract_calls, contracts[i].calls);
		/* voice stays within 30 % of the link that is made for it */
		assert_true(r.plan.link_bps >= 50000000);
		assert_true(r.plan.cir_bps * 10 <= r.plan.link_bps * 3);
		lab_clear(&r);
	}
}

static void exceeds_come_in_the_order_given(void **state)
{
	struct lab_rig r;

	(void)state;
	lab_plan(&r, "--calls 9 --contract 8 --exceed spread,police");
	assert_int_equal(r.plan.runs, 2);
	assert_int_equal(r.plan.exceed[0], EXCEED_SPREAD);
	assert_int_equal(r.plan.exceed[1], EXCEED_POLICE);
	lab_clear(&r);
	lab_plan(&r, "--calls 9 --contract 8 --exceed all");
	assert_int_equal(r.plan.runs, 7);
	lab_clear(&r);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"--contract 80",
		"--calls 100",
		"--calls 0 --contract 80",
		"--calls 10001 --contract 80",
		"--calls 99999999999999999999 --contract 80",
		"--calls 1e2 --contract 80",
		"--calls -5 --contract 80",
		"--calls 100 --contract 0",
		"--calls 100 --contract 80 --cir-kbps 6400",
		"--calls 100 --contract 80 -c file",
		"--calls 100 --burst-ms 20 -c file",
		"--calls 100 --account ip -c file",
		"--calls 100 --contract 80 --link mpls",
		"--calls 100 --contract 80 --burst-ms 20 --burst-bytes 5000",
		"--calls 100 --contract 80 --burst-ms 0",
		"--calls 100 --contract 80 --burst-bytes 0",
		"--calls 100 --contract 80 --account frame",
		"--calls 100 --cir-kbps 6400kbit",
		"--calls 100 --cir-kbps .5",
		"--calls 100 --cir-kbps 500000000",
		"--calls 100 --contract 80 --link-kbps 0",
		"--calls 100 --contract 80 --codec mp3",
		"--calls 100 --contract 80 --ptime 15",
		"--calls 100 --contract 80 --ptime 70",
		"--calls 100 --contract 80 --phase odd",
		"--calls 100 --contract 80 --ppm 1001",
		"--calls 100 --contract 80 --ppm nan",
		"--calls 100 --contract 80 --jitter-ms -1",
		"--calls 100 --contract 80 --jitter-ms 0x10",
		"--calls 100 --contract 80 --seconds 0",
		"--calls 100 --contract 80 --seconds 86401",
		"--calls 100 --contract 80 --seconds 60 --ramp 60",
		"--calls 100 --contract 80 --rtcp 0.05",
		"--calls 100 --contract 80 --interval-ms 9",
		"--calls 100 --contract 80 --interval-ms 10 --seconds 86400",
		"--calls 100 --contract 80 --exceed harder",
		"--calls 100 --contract 80 --exceed police,",
		"--calls 100 --contract 80 --exceed police,police",
		"--calls 100 --contract 80 --exceed all,police",
		"--calls 100 --contract 80 --seed many",
		"--calls 100 --contract 80 --captures",
		"--calls 100 --contract 80 --background some",
		"--calls 100 --contract 80 --background bulk",
		"--calls 100 --contract 80 --background bulk:0",
		"--calls 100 --contract 80 --background bulk:9:39",
		"--calls 100 --contract 80 --background bulk:9:1501",
		"--calls 100 --contract 80 --background bulk:9,",
		"--calls 100 --contract 80 --background bulk:9;",
		"--calls 100 --contract 80 --background none,bulk:9",
		"--calls 100 --contract 80 --background bulk:99999999999999999999999",
		"--calls 100 --contract 80 --background saturate:100:100",
		"--calls 100 --contract 80 something",
		"--calls 100 --contract 80 --unknown",
		"--calls",
	};
	struct overrun_arguments a;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (lab_parse(lines[i], &a) != 2)
			fail_msg("taken: '%s'", lines[i]);
		overrun_arguments_clear(&a);
	}
}

static void background_is_read_item_by_item(void **state)
{
	struct overrun_arguments a;

	(void)state;
	assert_int_equal(lab_parse("--calls 1 --contract 1 "
				   "--background bulk:20000,poisson:1:64,video:1500,saturate:576",
				   &a),
			 0);
	assert_int_equal(a.background.count, 4);
	assert_int_equal(a.background.items[0].kind, BACKGROUND_BULK);
	assert_int_equal(a.background.items[0].bps, 20000000);
	assert_int_equal(a.background.items[0].ip_bytes, 1500);
	assert_int_equal(a.background.items[1].kind, BACKGROUND_POISSON);
	assert_int_equal(a.background.items[1].ip_bytes, 64);
	assert_int_equal(a.background.items[2].kind, BACKGROUND_VIDEO);
	assert_int_equal(a.background.items[2].ip_bytes, 1200);
	assert_int_equal(a.background.items[3].kind, BACKGROUND_SATURATE);
	assert_int_equal(a.background.items[3].ip_bytes, 576);
	overrun_arguments_clear(&a);
}

/* A configuration of the user's own, in a file. */
static int plan_of(const char *text, const char *line, struct lab_rig *r)
{
	static char path[] = "/tmp/edgemark-lab-XXXXXX";
	char whole[200];
	int fd, code;

	strcpy(path, "/tmp/edgemark-lab-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(whole, sizeof(whole), "-c %s %s", path, line);
	assert_int_equal(lab_parse(whole, &r->arguments), 0);
	code = overrun_plan_make(&r->arguments, &r->plan);
	unlink(path);
	return code;
}

#define FILE_LINKS                                                                                 \
	"version = 1; links = ( { name = \"l\"; lan = { device = \"a\"; };"                        \
	" wan = { device = \"b\"; rate-kbps = 20000; }; upstream = \"up\"; } );"                   \
	"classes = ( { name = \"voice\"; dscp = \"EF\"; pcp = 5; },"                               \
	" { name = \"default\"; dscp = \"CS0\"; pcp = 0; } );"
#define FILE_RULE(match)                                                                           \
	"acls = ( { name = \"media\"; rules = ( { seq = 10; protocol = \"udp\"; " match            \
	" class = \"voice\"; } ); } );"
#define FILE_POLICY                                                                                \
	"policies = ( { name = \"up\"; acl = \"media\"; vlan = { untagged = 110; }; contracts = (" \
	"  { class = \"voice\"; cir-kbps = 3872; account = \"wire\"; exceed = \"spread\"; } ); } " \
	");"

static void a_file_says_it_all(void **state)
{
	struct lab_rig r;

	(void)state;
	assert_int_equal(plan_of(FILE_LINKS FILE_RULE("source-port = \"50021-50040\";") FILE_POLICY,
				 "--calls 50", &r),
			 0);
	assert_int_equal(r.plan.runs, 1);
	assert_int_equal(r.plan.exceed[0], EXCEED_SPREAD);
	assert_int_equal(r.plan.call_bps, 96800); /* tagged, on the wire */
	assert_int_equal(r.plan.contract_calls, 40);
	assert_int_equal(r.plan.port_low, 50021);
	assert_int_equal(r.plan.port_high, 50040);
	lab_clear(&r);
}

static void a_file_without_voice_to_overrun_is_refused(void **state)
{
	struct lab_rig r;

	(void)state;
	assert_int_equal(plan_of(FILE_LINKS FILE_RULE("destination-port = \"50000\";") FILE_POLICY,
				 "--calls 50", &r),
			 78);
	lab_clear(&r);
	assert_int_equal(
		plan_of(FILE_LINKS FILE_RULE(
				"source-port = \"50000\";") "policies = ( { name = \"up\"; acl = "
							    "\"media\"; } );",
			"--calls 50", &r),
		78);
	lab_clear(&r);
	assert_int_equal(plan_of("nonsense", "--calls 50", &r), 78);
	lab_clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_help),
		cmocka_unit_test(a_contract_holds_the_calls_it_names),
		cmocka_unit_test(exceeds_come_in_the_order_given),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(background_is_read_item_by_item),
		cmocka_unit_test(a_file_says_it_all),
		cmocka_unit_test(a_file_without_voice_to_overrun_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
