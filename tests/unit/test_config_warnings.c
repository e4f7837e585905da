/* SPDX-License-Identifier: BSD-3-Clause */
/* What is allowed but warned of: one doubt in an otherwise good text is one warning. */
#include "config_text.h"

struct doubt {
	struct sections text;
	unsigned line; /* 0: no warning at all */
	const char *says;
};

#define RULES(rules)                                                                               \
	{                                                                                          \
		.acls = "acls = ( { name = \"a\"; rules = (\n" rules " ); } );"                    \
	}
#define POLICY(fields)                                                                             \
	{                                                                                          \
		.policies = "policies = ( { name = \"p\";\n" fields " } );"                        \
	}
#define RETURN(fields)                                                                             \
	{                                                                                          \
		.links = "links = ( { name = \"l\"; lan = { device = \"a\"; }; wan = { device = "  \
			 "\"b\"; }; "                                                              \
			 "downstream = \"p\"; } );",                                               \
		.policies = "policies = (\n{ name = \"p\";\n" fields " } );"                       \
	}
#define VOICE "protocol = \"udp\"; class = \"voice\"; }"
#define VIDEO "protocol = \"udp\"; class = \"video\"; }"

static const struct doubt doubts[] = {
	{{0}, 0, ""},
	/* voice on the link: 30 % of 100 Mbit/s */
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 30000; } );"), 0, ""},
	{POLICY("contracts = (\n{ class = \"voice\"; cir-kbps = 30000.001; } );"), 7,
	 "of the 100000 kbit/s of link 'l' at"},
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 40000; } );"), 0, ""},
	/* burst and largest frame */
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 640; burst-bytes = 1500; } );"), 0,
	 ""},
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 640; burst-bytes = 1499; } );"), 6,
	 "a burst of 1499 bytes"},
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 640; burst-bytes = 1537; "
		"account = \"wire\"; } );"),
	 6, "the largest counts 1538"},
	/* above the link, which has 100 Mbit/s */
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 100000; } );"), 0, ""},
	{POLICY("contracts = (\n{ class = \"video\"; cir-kbps = 100000.001; } );"), 7,
	 "a contract of 100000.001 kbit/s is above the 100000 of link 'l' at"},
	/* colours */
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 4000; exceed = \"colour\"; } );"), 0,
	 ""},
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 4000; exceed = \"colour\"; "
		"excess-burst-bytes = 1499; } );"),
	 6, "an excess burst of 1499 bytes lets no full frame be yellow; the largest counts 1500"},
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 4000; exceed = \"colour\"; "
		"excess-burst-bytes = 0; } );"),
	 0, ""},
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 400; exceed = \"colour\"; "
		"meter = \"trtcm\"; pir-kbps = 800; burst-bytes = 1500; peak-burst-bytes = 1499; } "
		");"),
	 6, "a peak burst of 1499 bytes lets no full frame be better than red"},
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 4000; exceed = \"colour\"; "
		"meter = \"trtcm\"; pir-kbps = 8000; burst-bytes = 5000; peak-burst-bytes = 4999; "
		"} );"),
	 6, "a peak burst of 4999 bytes is below the burst of 5000"},
	{POLICY("allowed-dscp = [ \"AF41\", \"AF43\" ]; contracts = (\n{ class = \"video\"; "
		"cir-kbps = 4000; exceed = \"colour\"; } );"),
	 7, "yellow of class 'video' leaves policy 'p' as CS0: 'allowed-dscp' has not its AF42"},
	{POLICY("allowed-dscp = [ \"AF41\", \"AF42\" ]; contracts = (\n{ class = \"video\"; "
		"cir-kbps = 4000; exceed = \"colour\"; red = \"pass\"; } );"),
	 7, "red of class 'video' leaves policy 'p' as CS0: 'allowed-dscp' has not its AF43"},
	{POLICY("allowed-dscp = [ \"AF41\", \"AF42\" ]; contracts = ( { class = \"video\"; "
		"cir-kbps = 4000; exceed = \"colour\"; } );"),
	 0, ""},
	{{.classes =
		  "classes = ( { name = \"video\"; dscp = \"AF41\"; }, { name = \"games\"; dscp = "
		  "\"AF42\"; }, { name = \"default\"; dscp = 0; } );",
	  .policies = "policies = ( { name = \"p\"; contracts = (\n{ class = \"video\"; cir-kbps = "
		      "4000; exceed = \"colour\"; } ); } );"},
	 6,
	 "yellow of class 'video' leaves as AF42, the DSCP of class 'games' ("},
	{POLICY("contracts = (\n{ class = \"video\"; cir-kbps = 4000; exceed = \"colour\"; "
		"red = \"pass\"; } ); schedule = ( { class = \"video\"; priority = \"strict\"; } "
		");"),
	 7, "class 'video' is strict and its contract only colours"},
	{POLICY("contracts = ( { class = \"video\"; cir-kbps = 4000; exceed = \"colour\"; } ); "
		"schedule = ( { class = \"video\"; priority = \"strict\"; } );"),
	 0, ""},
	/* guarantees */
	{POLICY("schedule = ( { class = \"video\"; rate-kbps = 60000; }, "
		"{ class = \"default\"; rate-kbps = 40000; } );"),
	 0, ""},
	{POLICY("schedule = ( { class = \"video\"; rate-kbps = 60000; }, "
		"{ class = \"default\"; rate-kbps = 40000.001; } );"),
	 5, "guarantees 100000.001 kbit/s in all"},
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 20000; } ); "
		"schedule = ( { class = \"video\"; rate-kbps = 81000; } );"),
	 5, "guarantees 101000 kbit/s in all"},
	/* strict */
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 640; } ); "
		"schedule = ( { class = \"voice\"; weight = 5; } );"),
	 6, "have no effect"},
	{POLICY("contracts = ( { class = \"voice\"; cir-kbps = 640; exceed = \"count\"; } );"), 6,
	 "could starve the others"},
	/* the guard: only classes that some packet can get */
	{POLICY("allowed-dscp = [ \"EF\" ];"), 0, ""},
	{POLICY("allowed-dscp = [ \"EF\" ]; trust = \"dscp\";"), 5,
	 "class 'video' leaves policy 'p' as CS0"},
	{POLICY("allowed-dscp = [ \"EF\" ]; default-class = \"video\";"), 5, "has not its AF41"},
	/* Wi-Fi */
	{RETURN(""), 6, "WMM AC_VI"},
	{RETURN("pcp-map = ( { class = \"voice\"; pcp = 6; } );"), 0, ""},
	{RETURN("pcp-map = ( { class = \"voice\"; pcp = 5; } );"), 0, ""},
	{RETURN("vlan = { strip = true; };"), 0, ""},
	{RETURN("vlan = { pcp = \"keep\"; };"), 0, ""},
	/* rules that never match */
	{RULES("{ seq = 1; source = \"10.0.0.0/8\"; class = \"voice\"; },\n"
	       "{ seq = 2; source = \"10.9.0.0/24\"; source-port = 5; class = \"video\"; }"),
	 6, "rule a 2 never matches: rule a 1 at"},
	{RULES("{ seq = 1; source = \"10.9.0.0/24\"; class = \"voice\"; },\n"
	       "{ seq = 2; source = \"10.0.0.0/8\"; class = \"video\"; }"),
	 0, ""},
	{RULES("{ seq = 1; source-port = \"0-65535\"; class = \"voice\"; },\n"
	       "{ seq = 2; class = \"video\"; }"),
	 0, ""}, /* packets without ports are left */
	{RULES("{ seq = 1; source = \"0.0.0.0/0\"; class = \"voice\"; },\n"
	       "{ seq = 2; destination = \"10.0.0.0/8\"; class = \"video\"; }"),
	 6, "never matches"},
	{RULES("{ seq = 1; source = \"0.0.0.0/0\"; class = \"voice\"; },\n"
	       "{ seq = 2; destination = \"2001:db8::/32\"; class = \"video\"; }"),
	 0, ""},
	{RULES("{ seq = 1; source = \"2001:db8::/96\"; class = \"voice\"; },\n"
	       "{ seq = 2; source = \"2001:db8::1:0:0/96\"; class = \"video\"; }"),
	 0, ""}, /* they differ beyond 64 bits */
	{RULES("{ seq = 1; source = \"2001:db8::/96\"; class = \"voice\"; },\n"
	       "{ seq = 2; source = \"2001:db8::7\"; class = \"voice\"; }"),
	 6, "never matches"},
	{RULES("{ seq = 1; vlan = 5; class = \"voice\"; },\n{ seq = 2; vlan = 5; dscp = 3; class = "
	       "\"video\"; }"),
	 6, "never matches"},
	{RULES("{ seq = 1; vlan = 5; class = \"voice\"; },\n{ seq = 2; dscp = 3; class = "
	       "\"video\"; }"),
	 0, ""},
	{RULES("{ seq = 1; protocol = 0; class = \"voice\"; },\n{ seq = 2; protocol = 1; class = "
	       "\"video\"; }"),
	 0, ""},
	/* hidden by several */
	{RULES("{ seq = 1; protocol = \"udp\"; source-port = \"100-149\"; class = \"voice\"; },\n"
	       "{ seq = 2; source-port = \"150-200\"; class = \"voice\"; },\n"
	       "{ seq = 3; protocol = \"udp\"; source-port = \"100-200\"; class = \"voice\"; }"),
	 7,
	 "rule a 3 never matches: 2 earlier rules together take all its packets, among them a 1 "
	 "at"},
	{RULES("{ seq = 1; protocol = \"udp\"; source-port = \"100-149\"; class = \"voice\"; },\n"
	       "{ seq = 2; source-port = \"151-200\"; class = \"voice\"; },\n"
	       "{ seq = 3; protocol = \"udp\"; source-port = \"100-200\"; class = \"voice\"; }"),
	 0, ""},
	{RULES("{ seq = 1; source = \"10.0.0.0/9\"; class = \"voice\"; },\n"
	       "{ seq = 2; source = \"10.128.0.0/9\"; class = \"voice\"; },\n"
	       "{ seq = 3; source = \"10.0.0.0/8\"; vlan = 5; class = \"video\"; }"),
	 7, "rule a 3 never matches"},
	/* only UDP, TCP and SCTP have ports */
	{RULES("{ seq = 1; protocol = \"udp\"; source-port = 5; class = \"voice\"; },\n"
	       "{ seq = 2; protocol = \"tcp\"; source-port = 5; class = \"voice\"; },\n"
	       "{ seq = 3; protocol = \"sctp\"; source-port = 5; class = \"voice\"; },\n"
	       "{ seq = 4; source-port = 5; class = \"video\"; }"),
	 8, "rule a 4 never matches: 3 earlier rules"},
	{RULES("{ seq = 1; protocol = \"udp\"; source-port = 5; class = \"voice\"; },\n"
	       "{ seq = 2; protocol = \"tcp\"; source-port = 5; class = \"voice\"; },\n"
	       "{ seq = 3; source-port = 5; class = \"video\"; }"),
	 0, ""},
	{RULES("{ seq = 1; source = \"0.0.0.0/0\"; class = \"voice\"; },\n"
	       "{ seq = 2; source = \"::/0\"; class = \"voice\"; },\n{ seq = 3; class = \"video\"; "
	       "}"),
	 7, "rule a 3 never matches"},
	/* ranges that overlap in part */
	{RULES("{ seq = 1; source-port = \"100-200\"; " VOICE
	       ",\n{ seq = 2; source-port = \"200-300\"; " VIDEO),
	 6, "source ports 200-300 (video) overlap 100-200 (voice) of rule a 1 at"},
	{RULES("{ seq = 1; destination-port = \"100-200\"; " VOICE ",\n"
	       "{ seq = 2; destination-port = \"50-100\"; " VIDEO),
	 6, "destination ports 50-100 (video) overlap"},
	{RULES("{ seq = 1; source-port = \"100-200\"; " VOICE
	       ",\n{ seq = 2; source-port = \"201-300\"; " VIDEO),
	 0, ""},
	{RULES("{ seq = 1; source-port = \"100-200\"; " VOICE
	       ",\n{ seq = 2; source-port = \"200-300\"; " VOICE),
	 0, ""},
	{RULES("{ seq = 1; source-port = \"100-200\"; " VOICE
	       ",\n{ seq = 2; source-port = \"50-300\"; " VIDEO),
	 0, ""}, /* the special before the general is how ACLs are written */
	{RULES("{ seq = 1; source-port = \"100-200\"; source = \"10.1.0.0/16\"; " VOICE ",\n"
	       "{ seq = 2; source-port = \"200-300\"; source = \"10.2.0.0/16\"; " VIDEO),
	 0, ""},
	{RULES("{ seq = 1; source-port = \"100-200\"; source = \"2001:db8::/96\"; " VOICE ",\n"
	       "{ seq = 2; source-port = \"200-300\"; source = \"2001:db8::1:0:0/96\"; " VIDEO),
	 0, ""},
	/* Lync's audio is Teams' video */
	{RULES("{ seq = 1; source-port = \"50020-50029\"; " VIDEO ",\n"
	       "{ seq = 2; source-port = \"50030-50039\"; " VOICE),
	 0, ""},
	{RULES("{ seq = 1; source-port = \"50020-50039\"; source = \"10.1.0.0/16\"; " VIDEO ",\n"
	       "{ seq = 2; source-port = \"50020-50039\"; " VOICE),
	 6, "rule a 2 gives EF to ports that rule a 1 at"},
	{RULES("{ seq = 1; source-port = \"50020-50039\"; source = \"10.1.0.0/16\"; " VIDEO ",\n"
	       "{ seq = 2; source-port = \"50020-50039\"; source = \"10.2.0.0/16\"; " VOICE),
	 0, ""},
	{{.acls = "acls = ( { name = \"a\"; rules = ( { seq = 1; source-port = "
		  "\"50020-50039\"; " VIDEO " ); },\n{ name = \"b\"; rules = (\n{ seq = 2; "
		  "source-port = \"50000-50039\"; " VOICE " ); } );"},
	 6,
	 "rule b 2 gives EF to ports that rule a 1 at"},
};

static bool is_warned(size_t number, const struct doubt *d)
{
	struct config_report report;
	struct config *c = load_sections(&d->text, &report);
	bool ok = c && report.error_count == 0 && report.count == (d->line ? 1 : 0) &&
		  report.warning_count == report.count;

	if (ok && d->line)
		ok = report.messages[0].severity == CONFIG_WARNING &&
		     report.messages[0].line == d->line && strstr(report.messages[0].text, d->says);
	if (!ok) {
		fprintf(stderr, "doubt %zu: expected line %u: …%s…, found:\n", number, d->line,
			d->says);
		config_report_print(&report, stderr);
	}
	config_free(c);
	config_report_clear(&report);
	return ok;
}

static void each_doubt_is_one_warning(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
		wrong += !is_warned(i, &doubts[i]);
	assert_int_equal(wrong, 0);
}

/* A mixed estate by the shipped profiles: the audio rule is hidden, and would be wrong. */
static void lync_beside_teams(void **state)
{
	struct config_report report;
	struct config *c = load_sections(
		&(struct sections){.classes = "classes = ( { name = \"voice\"; dscp = \"EF\"; }, "
					      "{ name = \"video\"; dscp = \"AF41\"; }, { name = "
					      "\"sharing\"; dscp = 18; }, "
					      "{ name = \"bulk\"; dscp = 10; }, { name = "
					      "\"signalling\"; dscp = 24; }, "
					      "{ name = \"default\"; dscp = 0; } );",
				   .acls = "acls = ( { name = \"a\"; profiles = [ \"teams\", "
					   "\"lync-2013\" ]; } );"},
		&report);
	bool collision = false, hidden = false;

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < report.count; i++) {
		assert_string_equal(report.messages[i].file, "profile lync-2013");
		collision |=
			strstr(report.messages[i].text, "rule lync-2013 10 gives EF to ports that "
							"rule teams 20 at profile teams:") != NULL;
		hidden |=
			strstr(report.messages[i].text, "rule lync-2013 10 never matches") != NULL;
	}
	assert_true(collision && hidden);
	config_free(c);
	config_report_clear(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_doubt_is_one_warning),
		cmocka_unit_test(lync_beside_teams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
