/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything that a configuration may get wrong: one mistake in an otherwise good text
 * gives exactly one error, with its line and what was expected. Version is line 1, links 2,
 * classes 3, acls 4, policies 5, more 6.
 */
#include "config_text.h"

struct mistake {
	struct sections text;
	unsigned line;
	const char *says; /* part of the message */
};

#define RULE(fields)                                                                               \
	{                                                                                          \
		.acls = "acls = ( { name = \"a\"; rules = ( {\n" fields " } ); } );"               \
	}
#define POLICY(fields)                                                                             \
	{                                                                                          \
		.policies = "policies = ( { name = \"p\";\n" fields " } );"                        \
	}
#define CONTRACT(fields) POLICY("contracts = ( {\n" fields " } );")
#define SCHEDULE(fields) POLICY("schedule = ( {\n" fields " } );")
#define LINK(fields)                                                                               \
	{                                                                                          \
		.links = "links = ( { name = \"l\";\n" fields " } );"                              \
	}
#define PORT(fields) LINK("lan = { device = \"a\"; }; wan = { device = \"b\";\n" fields " };")

static const struct mistake mistakes[] = {
	/* the whole */
	{{.version = ""}, 0, "key 'version' is missing"},
	{{.version = "version = 2;"}, 1, "'version' is 2, expected an integer 1"},
	{{.version = "version = \"1\";"}, 1, "'version' is \"1\", expected an integer 1"},
	{{.more = "polices = ();"},
	 6,
	 "unknown key 'polices' in the configuration, expected 'policies'?"},
	{{.more = "qwertyuiop = 1;"}, 6, "expected one of version, links, classes"},
	{{.more = "version = 1;"}, 6, "key 'version' again"},
	{{.more = "control = { watch = true\nsocket 5; };"}, 7, "syntax error"},
	{{.more = "dpdk = { eal-args = [ \"a\", true ]; };"}, 6, "differ in type"},
	{{.more = "control = \"x"}, 6, "string that begins here does not end"},
	{{.more = "/* and so on"}, 6, "comment that begins here does not end"},
	{{.more = "*x = 1;"}, 6, "expected one that begins with a letter"},
	/* control and dpdk */
	{{.more = "control = 1;"}, 6, "'control' is 1, expected { … }"},
	{{.more = "control = { socket = \"edgemark.sock\"; };"}, 6, "an absolute path"},
	{{.more = "control = { watch = 1; };"}, 6, "'watch' is 1, expected true or false"},
	{{.more = "control = { prometheus = \"9464\"; };"}, 6, "expected ADDRESS:PORT"},
	{{.more = "control = { prometheus = \"127.0.0.1:65536\"; };"}, 6, "expected ADDRESS:PORT"},
	{{.more = "control = { prometheus = \"::1:9464\"; };"}, 6, "expected ADDRESS:PORT"},
	{{.more = "control = { scoket = \"/x\"; };"}, 6, "expected 'socket'?"},
	{{.more = "dpdk = { workers = \"1,\"; };"}, 6, "expected cores"},
	{{.more = "dpdk = { workers = 1; };"}, 6, "'workers' is 1, expected a string"},
	{{.more = "dpdk = { eal-args = \"-v\"; };"}, 6, "expected a list of strings"},
	{{.more = "dpdk = { eal-args = [ 5 ]; };"}, 6, "'eal-args' is 5, expected a string"},
	/* links */
	{{.links = ""}, 0, "key 'links' is missing"},
	{{.links = "links = ();"}, 2, "'links' is empty"},
	{{.links = "links = { };"}, 2, "'links' is a group, expected a list of links"},
	{{.links = "links = ( 1 );"}, 2, "'links' is 1, expected { … }: a link"},
	{LINK("lan = { device = \"a\"; };"), 2, "key 'wan' is missing"},
	{LINK("lan = { device = \"a\"; }; wan = { };"), 3, "key 'device' is missing"},
	{LINK("lan = { device = \"a\"; };\nwan = { device = \"a,x=1\"; };"), 4, "device 'a' again"},
	{LINK("lan = { device = \"a\"; }; wan = { device = \"\"; };"), 3, "not empty"},
	{LINK("lan = { device = \"a\"; }; wan = { device = \"b\"; };\nupstream = \"q\";"), 4,
	 "there is no policy 'q'"},
	{{.links = "links = ( { name = \"l\"; lan = { device = \"a\"; }; wan = { device = \"b\"; "
		   "}; },\n"
		   "{ name = \"l\"; lan = { device = \"c\"; }; wan = { device = \"d\"; }; } );"},
	 3,
	 "link 'l' again"},
	{{.links = "links = ( { name = \"l l\"; lan = { device = \"a\"; }; wan = { device = \"b\"; "
		   "}; } );"},
	 2,
	 "without blanks"},
	{PORT("rate-kbps = 0;"), 4, "'rate-kbps' is 0, expected a number 0.001-400000000 kbit/s"},
	{PORT("rate-kbps = 400000000.001;"), 4, "expected a number 0.001-400000000 kbit/s"},
	{PORT("rate-kbps = 4294967297000000;"), 4, "expected a number 0.001-400000000 kbit/s"},
	{PORT("rate-kbps = 18446744073709551616;"), 4, "expected a number 0.001-400000000 kbit/s"},
	{PORT("rate-kbps = 10.0001;"), 4, "in steps of 0.001"},
	{PORT("rate-kbps = \"10M\";"), 4, "'rate-kbps' is \"10M\", expected a number"},
	{PORT("rate-kbps = 10M;"), 4, "syntax error"},
	{PORT("account = \"ethernet\";"), 4, "expected one of \"ip\", \"l2\", \"wire\""},
	{PORT("overhead-bytes = 5000;"), 4, "expected an integer -128-1024"},
	{PORT("mtu = 9217;"), 4, "expected an integer 576-9216"},
	{PORT("speed = 1;"), 4, "unknown key 'speed' in a port"},
	/* classes */
	{{.classes = "classes = ();"}, 3, "'classes' is empty"},
	{{.classes = "classes = ( { name = \"x\"; dscp = 64; }, { name = \"d\"; dscp = 0; } );"},
	 3,
	 "'dscp' is 64, expected a DSCP"},
	{{.classes =
		  "classes = ( { name = \"x\"; dscp = \"AF44\"; }, { name = \"d\"; dscp = 0; } );"},
	 3,
	 "'dscp' is \"AF44\", expected a DSCP"},
	{{.classes = "classes = ( { name = \"x\"; }, { name = \"d\"; dscp = 0; } );"},
	 3,
	 "key 'dscp' is missing"},
	{{.classes = "classes = ( { dscp = 1; }, { name = \"d\"; dscp = 0; } );"},
	 3,
	 "key 'name' is missing"},
	{{.classes = "classes = ( { name = \"d\"; dscp = 0; },\n{ name = \"d\"; dscp = 1; } );"},
	 4,
	 "class 'd' again"},
	{{.classes = "classes = ( { name = \"d\"; dscp = 0; pcp = 8; } );"}, 3, "an integer 0-7"},
	{{.classes = "classes = ( { name = \"d\"; dscp = 0; pcp = 1.0; } );"}, 3, "an integer 0-7"},
	/* rules */
	{RULE("class = \"voice\";"), 4, "key 'seq' is missing"},
	{RULE("seq = 0; class = \"voice\";"), 5, "an integer 1-4294967295"},
	{RULE("seq = 4294967297; class = \"voice\";"), 5, "an integer 1-4294967295"},
	{RULE("seq = 1; class = \"voice\"; }, {\nseq = 1; class = \"video\";"), 5, "seq 1 again"},
	{RULE("seq = 1; sorce-port = 5; class = \"voice\";"), 5,
	 "unknown key 'sorce-port' in a rule, expected 'source-port'?"},
	{RULE("seq = 1; class = \"voise\";"), 5, "there is no class 'voise', expected 'voice'?"},
	{RULE("seq = 1;"), 4, "the rule says nothing to do"},
	{RULE("seq = 1; class = \"voice\"; action = \"drop\";"), 5, "expected one of them"},
	{RULE("seq = 1; action = \"deny\";"), 5, "expected one of \"drop\""},
	{RULE("seq = 1; source = \"10.1.2.3/8\"; class = \"voice\";"), 5,
	 "expected \"10.0.0.0/8\""},
	{RULE("seq = 1; source = \"10.1.2/8\"; class = \"voice\";"), 5, "expected a prefix"},
	{RULE("seq = 1; source = 10; class = \"voice\";"), 5, "'source' is 10, expected a string"},
	{RULE("seq = 1; source = \"10.0.0.0/8\"; destination = \"::/0\"; class = \"voice\";"), 5,
	 "mix IPv4 and IPv6"},
	{RULE("seq = 1; source-port = \"9-3\"; class = \"voice\";"), 5, "the lower port first"},
	{RULE("seq = 1; source-port = \"65536\"; class = \"voice\";"), 5,
	 "a port or a range of ports"},
	{RULE("seq = 1; destination-port = -1; class = \"voice\";"), 5, "a port 0-65535"},
	{RULE("seq = 1; protocol = \"ospf\"; source-port = 1; class = \"voice\";"), 5,
	 "has no ports"},
	{RULE("seq = 1; protocol = \"ucp\"; class = \"voice\";"), 5, "expected a protocol"},
	{RULE("seq = 1; protocol = 256; class = \"voice\";"), 5, "by name or number 0-255"},
	{RULE("seq = 1; vlan = 4095; class = \"voice\";"), 5, "an integer 0-4094"},
	{RULE("seq = 1; dscp = \"ef41\"; class = \"voice\";"), 5, "expected a DSCP"},
	{{.acls = "acls = ( { name = \"a\"; rules = 5; } );"}, 4, "expected a list of rules"},
	{{.acls = "acls = ( { name = \"a\"; },\n{ name = \"a\"; } );"}, 5, "ACL 'a' again"},
	{{.acls = "acls = ( { name = \"a\"; profiles = [ \"tems\" ]; } );"},
	 4,
	 "there is no profile 'tems', expected 'teams'?"},
	{{.acls = "acls = ( { name = \"a\"; profiles = [ \"network-control\" ]; } );"},
	 4,
	 "profile 'network-control' needs a class 'control'"},
	/* policies */
	{{.policies = "policies = ( { name = \"p\"; },\n{ name = \"p\"; } );"},
	 6,
	 "policy 'p' again"},
	{{.policies = "policies = ( { }, { name = \"p\"; } );"}, 5, "key 'name' is missing"},
	{POLICY("acl = \"media\";"), 6, "there is no ACL 'media'"},
	{POLICY("trust = \"cos\";"), 6, "expected one of \"none\", \"dscp\", \"pcp\""},
	{POLICY("trusted = [ \"10.0.0.0/8\" ];"), 6, "'trusted' with trust \"none\""},
	{POLICY("trust = \"dscp\"; trusted = [ \"10.0.0.1/8\" ];"), 6, "expected \"10.0.0.0/8\""},
	{POLICY("trust = \"dscp\"; trusted = [ \"x\" ];"), 6, "expected a prefix"},
	{POLICY("default-class = \"best\";"), 6, "there is no class 'best'"},
	{{.classes = "classes = ( { name = \"x\"; dscp = 1; } );"}, 5, "no class has DSCP 0"},
	{{.classes = "classes = ( { name = \"x\"; dscp = 0; }, { name = \"y\"; dscp = 0; } );"},
	 5,
	 "classes 'x' and 'y' both have DSCP 0"},
	{POLICY("allowed-dscp = [ \"EF\", \"XX\" ];"), 6,
	 "'allowed-dscp' is \"XX\", expected a DSCP"},
	{POLICY("allowed-dscp = \"EF\";"), 6, "expected a list of DSCPs"},
	{POLICY("vlan = { pcp = \"inner\"; };"), 6, "expected one of \"outer\", \"all\", \"keep\""},
	{POLICY("vlan = { untagged = 4095; };"), 6,
	 "expected \"keep\", \"priority-tag\" or a VLAN 1-4094"},
	{POLICY("vlan = { untagged = \"tag\"; };"), 6, "expected \"keep\", \"priority-tag\""},
	{POLICY("vlan = { strip = \"yes\"; };"), 6, "expected true or false"},
	{POLICY("vlan = { untagged = 5; strip = true; };"), 6, "'strip' beside 'untagged'"},
	{POLICY("pcp-map = ( { class = \"voice\"; pcp = 9; } );"), 6, "an integer 0-7"},
	{POLICY("pcp-map = ( { class = \"voice\"; } );"), 6, "key 'pcp' is missing"},
	{POLICY("pcp-map = ( { class = \"voice\"; pcp = 6; },\n{ class = \"voice\"; pcp = 5; } );"),
	 7, "class 'voice' again"},
	/* contracts */
	{CONTRACT("cir-kbps = 100;"), 6, "key 'class' or 'classes' is missing"},
	{CONTRACT("class = \"voice\";"), 6, "key 'cir-kbps' is missing"},
	{CONTRACT("classes = [ ]; cir-kbps = 100;"), 7, "'classes' is empty"},
	{CONTRACT("class = \"voice\"; classes = [ \"video\" ]; cir-kbps = 100;"), 7,
	 "expected one of them"},
	{CONTRACT("classes = [ \"voice\", \"voice\" ]; cir-kbps = 100;"), 7,
	 "each class in one contract"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; }, {\nclass = \"voice\"; cir-kbps = 100;"), 8,
	 "class 'voice' is in the contract at"},
	{CONTRACT("class = \"voice\"; cir-kbps = 0.0001;"), 7, "in steps of 0.001"},
	{CONTRACT("class = \"voice\"; cir-kbps = -5;"), 7, "'cir-kbps' is -5, expected a number"},
	{CONTRACT("class = \"voice\"; cir-kbps = true;"), 7,
	 "'cir-kbps' is true, expected a number"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; burst-ms = 20; burst-calls = 5;"), 7,
	 "'burst-calls' beside 'burst-ms'"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; burst-bytes = 0;"), 7, "an integer 1-"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; burst-calls = 1.5;"), 7,
	 "an integer 1-1000000"},
	{CONTRACT("class = \"voice\"; cir-kbps = 400000000; burst-ms = 21;"), 7,
	 "a burst of at most"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; account = 3;"), 7, "expected one of \"ip\""},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"drop\";"), 7,
	 "expected one of \"police\""},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; max-delay-ms = 50;"), 7,
	 "'max-delay-ms' with exceed \"random\", expected exceed = \"shape\""},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"shape\"; max-delay-ms = 0;"), 7,
	 "a number 0.001-10000 ms"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; remark-class = \"video\";"), 7,
	 "'remark-class' with exceed \"random\""},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"remark\";"), 7,
	 "without 'remark-class'"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"remark\"; remark-class = "
		  "\"voice\";"),
	 7, "under this contract itself"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; burst = 5;"), 7,
	 "unknown key 'burst' in a contract"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; burst-ms = 20; burst-bytes = 5;"), 7,
	 "'burst-ms' beside 'burst-bytes', expected one of them"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; burst-bytes = 20; burst-calls = 5;"), 7,
	 "'burst-calls' beside 'burst-bytes'"},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"remark\"; max-delay-ms = 5; "
		  "remark-class = \"default\";"),
	 7, "'max-delay-ms' with exceed \"remark\""},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"remark\"; remark-class = "
		  "\"vidoe\";"),
	 7, "there is no class 'vidoe', expected 'video'?"},
	/* colours */
	{CONTRACT("class = \"video\"; cir-kbps = 100; meter = \"srtcm\";"), 7,
	 "'meter' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; pir-kbps = 200;"), 7,
	 "'pir-kbps' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; excess-burst-bytes = 1;"), 7,
	 "'excess-burst-bytes' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; excess-burst-ms = 1;"), 7,
	 "'excess-burst-ms' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; excess-burst-calls = 1;"), 7,
	 "'excess-burst-calls' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; peak-burst-bytes = 1;"), 7,
	 "'peak-burst-bytes' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; peak-burst-ms = 1;"), 7,
	 "'peak-burst-ms' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; peak-burst-calls = 1;"), 7,
	 "'peak-burst-calls' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; aware = true;"), 7,
	 "'aware' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; red = \"pass\";"), 7,
	 "'red' with exceed \"random\", expected exceed = \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; meter = \"rfc4115\";"),
	 7, "'meter' is \"rfc4115\", expected one of \"srtcm\", \"trtcm\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; pir-kbps = 200;"), 7,
	 "'pir-kbps' with meter \"srtcm\", expected meter = \"trtcm\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; peak-burst-ms = 20;"), 7,
	 "'peak-burst-ms' with meter \"srtcm\", expected meter = \"trtcm\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; meter = \"trtcm\"; "
		  "pir-kbps = 200; excess-burst-calls = 2;"),
	 7, "'excess-burst-calls' with meter \"trtcm\", expected meter = \"srtcm\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; meter = \"trtcm\"; "), 7,
	 "meter \"trtcm\" without 'pir-kbps'"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; meter = \"trtcm\"; "
		  "pir-kbps = 99.999;"),
	 7, "'pir-kbps' is 99.999, expected at least 'cir-kbps'"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; meter = \"trtcm\"; "
		  "pir-kbps = 0;"),
	 7, "'pir-kbps' is 0, expected a number"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; meter = \"trtcm\"; "
		  "pir-kbps = 200; peak-burst-bytes = 0;"),
	 7, "an integer 1-"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; excess-burst-bytes = "
		  "-1;"),
	 7, "an integer 0-"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; excess-burst-ms = "
		  "20;\nexcess-burst-calls = 5;"),
	 8, "'excess-burst-calls' beside 'excess-burst-ms', expected one of them"},
	{CONTRACT("class = \"video\"; cir-kbps = 400000000; burst-ms = 1; exceed = \"colour\"; "
		  "excess-burst-ms = 21;"),
	 7, "a burst of at most"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; red = \"mark\";"), 7,
	 "'red' is \"mark\", expected one of \"drop\", \"pass\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; aware = 1;"), 7,
	 "expected true or false"},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; max-delay-ms = 5;"), 7,
	 "'max-delay-ms' with exceed \"colour\""},
	{CONTRACT("class = \"video\"; cir-kbps = 100; exceed = \"colour\"; remark-class = "
		  "\"default\";"),
	 7, "'remark-class' with exceed \"colour\""},
	{CONTRACT("class = \"voice\"; cir-kbps = 100; exceed = \"colour\";"), 7,
	 "exceed \"colour\" for class 'voice' with DSCP EF, expected AF11"},
	{CONTRACT("classes = [ \"video\", \"default\" ];\ncir-kbps = 100; exceed = \"colour\";"), 7,
	 "for class 'default' with DSCP CS0"},
	/* schedule */
	{SCHEDULE("weight = 5;"), 6, "key 'class' is missing"},
	{SCHEDULE("class = \"video\"; weight = 0;"), 7, "an integer 1-1000"},
	{SCHEDULE("class = \"video\"; weight = 1001;"), 7, "an integer 1-1000"},
	{SCHEDULE("class = \"video\"; priority = \"high\";"), 7,
	 "expected one of \"strict\", \"normal\""},
	{SCHEDULE("class = \"video\"; priority = \"strict\";"), 7,
	 "expected a contract or 'ceil-kbps'"},
	{SCHEDULE("class = \"video\"; rate-kbps = 20; ceil-kbps = 10;"), 7, "at least 'rate-kbps'"},
	{SCHEDULE("class = \"video\"; rate-kbps = 0.0005;"), 7, "in steps of 0.001"},
	{SCHEDULE("class = \"video\"; queue-ms = 0;"), 7, "a number 0.001-10000 ms"},
	{SCHEDULE("class = \"video\"; queue-packets = 65537;"), 7, "an integer 1-65536"},
	{SCHEDULE("class = \"video\"; }, {\nclass = \"video\";"), 8, "class 'video' again"},
	{SCHEDULE("class = \"video\"; red = 1;"), 7, "expected true, false or {"},
	{SCHEDULE("class = \"video\"; red = { min-packets = 5; };"), 7, "'max-packets' is missing"},
	{SCHEDULE("class = \"video\"; red = { min-packets = 5; max-packets = 5; };"), 7,
	 "more than 'min-packets'"},
	{SCHEDULE("class = \"video\"; red = { max-packets = 1024; min-packets = 1; };"), 7,
	 "an integer 1-1023"},
	{SCHEDULE("class = \"video\"; red = { max-probability = 1.1; };"), 7,
	 "expected a number 0.00"},
	{SCHEDULE("class = \"video\"; red = { max-probability = 0; };"), 7,
	 "expected a number 0.00"},
	{SCHEDULE("class = \"video\"; red = { weight-log2 = 13; };"), 7, "an integer 1-12"},
};

static bool is_reported(size_t number, const struct mistake *m)
{
	struct config_report report;
	struct config *c = load_sections(&m->text, &report);
	bool ok = !c && report.count == 1 && report.messages[0].severity == CONFIG_ERROR &&
		  report.messages[0].line == m->line && strstr(report.messages[0].text, m->says);

	if (!ok) {
		fprintf(stderr, "mistake %zu: expected line %u: …%s…, found:\n", number, m->line,
			m->says);
		config_report_print(&report, stderr);
	}
	config_free(c);
	config_report_clear(&report);
	return ok;
}

static void each_mistake_is_one_error(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		wrong += !is_reported(i, &mistakes[i]);
	assert_int_equal(wrong, 0);
}

static void all_errors_in_file_order(void **state)
{
	static const unsigned lines[] = {1, 2, 3, 4, 5, 6};
	struct config_report report;
	struct config *c = load_sections(
		&(struct sections){.version = "version = 3;",
				   .links = "links = ( { name = \"l\"; lan = { device = \"a\"; }; "
					    "wan = { device = \"b\"; mtu = 1; }; } );",
				   .classes = "classes = ( { name = \"d\"; dscp = 0; pcp = 9; } );",
				   .acls = "acls = ( { name = \"a\"; rules = ( { seq = 1; class = "
					   "\"x\"; } ); } );",
				   .policies = "policies = ( { name = \"p\"; acl = \"b\"; } );",
				   .more = "contrl = { };"},
		&report);

	(void)state;
	assert_null(c);
	assert_int_equal(report.error_count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(report.messages[i].line, lines[i]);
	config_report_clear(&report);
}

static void a_message_is_one_line(void **state)
{
	struct config_report report;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_null(load_sections(&(struct sections){.version = "version = 3;"}, &report));
	config_report_print(&report, f);
	fclose(f);
	assert_ptr_equal(strstr(text, "edgemark: "), text);
	assert_non_null(strstr(text, ":1: 'version' is 3, expected an integer 1\n"));
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
	free(text);
	config_report_clear(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_one_error),
		cmocka_unit_test(all_errors_in_file_order),
		cmocka_unit_test(a_message_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
