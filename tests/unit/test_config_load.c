/* SPDX-License-Identifier: BSD-3-Clause */
/* What a good configuration becomes: every key, every default, every derived number. */
#include "config_text.h"

static struct config *load_policy(const char *fields)
{
	char policies[4096];

	snprintf(policies, sizeof(policies), "policies = ( { name = \"p\"; %s } );", fields);
	return load_good(&(struct sections){.policies = policies});
}

static void defaults(void **state)
{
	struct config *c =
		load_good(&(struct sections){.links = "links = ( { name = \"l\"; lan = { device = "
						      "\"a\"; }; wan = { device = \"b\"; }; "
						      "downstream = \"p\"; } );"});
	const struct config_policy *p = &c->policies[0];

	(void)state;
	assert_int_equal(c->links[0].policy[UPSTREAM], CONFIG_NONE);
	assert_int_equal(c->links[0].policy[DOWNSTREAM], 0);
	assert_int_equal(c->links[0].wan.rate_bps, 0);
	assert_int_equal(c->links[0].wan.account, ACCOUNT_WIRE);
	assert_int_equal(c->links[0].wan.overhead_bytes, 0);
	assert_int_equal(c->links[0].wan.mtu, 1500);
	assert_int_equal(p->acl, CONFIG_NONE);
	assert_int_equal(p->trust, TRUST_NONE);
	assert_int_equal(p->default_class, 2);
	assert_true(p->allowed_dscp == UINT64_MAX);
	assert_int_equal(p->tag_pcp, TAG_PCP_OUTER);
	assert_int_equal(p->untagged, UNTAGGED_KEEP);
	assert_false(p->strip);
	for (size_t i = 0; i < c->class_count; i++) {
		assert_int_equal(p->schedule[i].weight, 1);
		assert_int_equal(p->schedule[i].queue_ns, 100000000);
		assert_int_equal(p->schedule[i].queue_packets, 4096);
		assert_false(p->schedule[i].strict || p->schedule[i].red.enabled);
		assert_int_equal(p->schedule[i].where.line, 0);
		assert_int_equal(p->pcp[i], c->classes[i].pcp);
		assert_false(p->pcp_mapped[i]);
	}
	assert_int_equal(c->classes[2].pcp, 0); /* from its DSCP */
	assert_string_equal(c->control.socket, "/run/edgemark/control.sock");
	assert_null(c->control.prometheus);
	assert_false(c->control.watch);
	assert_string_equal(c->dpdk.workers, "1");
	assert_int_equal(c->dpdk.eal_arg_count, 0);
	config_free(c);
}

/* The class selector of a DSCP is its PCP: the table of the field, without a word. */
static void pcp_by_default(void **state)
{
	struct config *c = load_good(&(struct sections){
		.classes = "classes = ( { name = \"a\"; dscp = \"CS6\"; }, { name = \"b\"; dscp = "
			   "\"EF\"; }, "
			   "{ name = \"c\"; dscp = \"AF41\"; }, { name = \"d\"; dscp = \"cs3\"; }, "
			   "{ name = \"e\"; dscp = 18; }, { name = \"f\"; dscp = \"AF11\"; }, "
			   "{ name = \"g\"; dscp = \"BE\"; } );"});
	static const uint8_t dscps[] = {48, 46, 34, 24, 18, 10, 0}, pcps[] = {6, 5, 4, 3, 2, 1, 0};

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(c->classes[i].dscp, dscps[i]);
		assert_int_equal(c->classes[i].pcp, pcps[i]);
	}
	config_free(c);
}

/* Voice is followed call by call, what else is wanted as well. */
static void calls_of_a_class(void **state)
{
	struct config *c = load_good(&(struct sections){
		.classes = "classes = ( { name = \"a\"; dscp = \"EF\"; }, { name = \"b\"; dscp = "
			   "\"EF\"; calls = false; }, { name = \"c\"; dscp = \"AF41\"; }, "
			   "{ name = \"d\"; dscp = \"AF41\"; calls = true; }, "
			   "{ name = \"e\"; dscp = \"CS0\"; } );"});

	(void)state;
	assert_true(c->classes[0].calls);
	assert_false(c->classes[1].calls);
	assert_false(c->classes[2].calls);
	assert_true(c->classes[3].calls);
	assert_false(c->classes[4].calls);
	config_free(c);
}

static void ports_of_a_link(void **state)
{
	struct config *c =
		load_good(&(struct sections){.links = "links = ( { name = \"l\"; lan = { device = "
						      "\"0000:03:00.0\"; mtu = 9000; }; wan = "
						      "{ device = \"b\"; rate-kbps = 50000; "
						      "account = \"l2\"; overhead-bytes = -4; }; "
						      "upstream = \"p\"; } );"});
	const struct config_link *link = &c->links[0];

	(void)state;
	assert_string_equal(link->lan.device, "0000:03:00.0");
	assert_int_equal(link->lan.mtu, 9000);
	assert_int_equal(link->wan.rate_bps, 50000000);
	assert_int_equal(link->wan.account, ACCOUNT_L2);
	assert_int_equal(link->wan.overhead_bytes, -4);
	assert_ptr_equal(config_egress(link, UPSTREAM), &link->wan);
	assert_ptr_equal(config_egress(link, DOWNSTREAM), &link->lan);
	config_free(c);
}

static void fields_of_a_rule(void **state)
{
	struct config *c = load_good(&(struct sections){
		.acls = "acls = ( { name = \"a\"; rules = ( { seq = 20; source = "
			"\"2001:db8::/32\"; action = "
			"\"drop\"; }, { seq = 10; source = \"10.9.0.0/24\"; destination = "
			"\"10.8.0.1\"; "
			"protocol = \"UDP\"; source-port = \"50000-50019\"; destination-port = "
			"3478; "
			"vlan = 110; dscp = \"AF11\"; class = \"video\"; },"
			"{ seq = 4294967295; protocol = 89; class = \"voice\"; } ); } );"});
	const struct config_acl *acl = &c->acls[0];
	const struct config_rule *r = acl->rules;

	(void)state;
	assert_int_equal(acl->rule_count, 3);
	assert_int_equal(r[0].seq, 10); /* by seq, not as written */
	assert_string_equal(r[0].acl, "a");
	assert_int_equal(r[0].source.family, 4);
	assert_int_equal(r[0].source.length, 24);
	assert_memory_equal(r[0].source.address, ((uint8_t[]){10, 9, 0, 0}), 4);
	assert_int_equal(r[0].destination.length, 32);
	assert_int_equal(r[0].protocol, 17);
	assert_true(r[0].source_port.named && r[0].source_port.low == 50000 &&
		    r[0].source_port.high == 50019);
	assert_true(r[0].destination_port.low == 3478 && r[0].destination_port.high == 3478);
	assert_int_equal(r[0].vlan, 110);
	assert_int_equal(r[0].dscp, 10);
	assert_int_equal(r[0].class_index, 1);
	assert_false(r[0].drop);
	assert_true(r[1].drop);
	assert_int_equal(r[1].class_index, CONFIG_NONE);
	assert_int_equal(r[1].source.family, 6);
	assert_int_equal(r[1].protocol, MATCH_ANY);
	assert_int_equal(r[1].vlan, MATCH_ANY);
	assert_int_equal(r[1].dscp, MATCH_ANY);
	assert_false(r[1].source_port.named);
	assert_true(r[2].seq == UINT32_MAX);
	assert_int_equal(r[2].protocol, 89);
	config_free(c);
}

static void marks_of_a_policy(void **state)
{
	struct config *c =
		load_policy("trust = \"pcp\"; trusted = [ \"10.0.0.0/8\", \"2001:db8::/32\" ]; "
			    "allowed-dscp = ( \"EF\", 10 ); default-class = \"video\"; "
			    "vlan = { pcp = \"all\"; untagged = 110; }; "
			    "pcp-map = ( { class = \"voice\"; pcp = 6; } );");
	const struct config_policy *p = &c->policies[0];

	(void)state;
	assert_int_equal(p->trust, TRUST_PCP);
	assert_int_equal(p->trusted_count, 2);
	assert_int_equal(p->trusted[1].family, 6);
	/* CS0 is what the guard writes, so it is always allowed. */
	assert_true(p->allowed_dscp == (UINT64_C(1) << 46 | UINT64_C(1) << 10 | 1));
	assert_int_equal(p->default_class, 1);
	assert_int_equal(p->tag_pcp, TAG_PCP_ALL);
	assert_int_equal(p->untagged, 110);
	assert_int_equal(p->pcp[0], 6);
	assert_true(p->pcp_mapped[0]);
	assert_int_equal(p->pcp[1], 4);
	assert_false(p->pcp_mapped[1]);
	config_free(c);
}

static void bursts(void **state)
{
	static const struct {
		const char *fields;
		uint64_t bytes;
	} cases[] = {
		{"cir-kbps = 6400;", 16000}, /* 20 ms */
		{"cir-kbps = 64;", 3036},    /* but two full frames at least */
		{"cir-kbps = 400000000;", BURST_BYTES_MAX},
		{"cir-kbps = 3953.1; burst-ms = 20;", 9883}, /* 9882.75, rounded up */
		{"cir-kbps = 64; burst-ms = 0.125;", 1},
		{"cir-kbps = 64; burst-bytes = 200;", 200},
		{"cir-kbps = 64; burst-calls = 3;", 600},
		{"cir-kbps = 64; burst-calls = 3; account = \"l2\";", 642},
		{"cir-kbps = 64; burst-calls = 3; account = \"wire\";", 714},
		{"cir-kbps = 64; burst-calls = 3; account = \"wire\"; overhead-bytes = -10;", 684},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char fields[512];

		snprintf(fields, sizeof(fields), "contracts = ( { class = \"voice\"; %s } );",
			 cases[i].fields);
		struct config *c = load_policy(fields);
		if (c->policies[0].contracts[0].burst_bytes != cases[i].bytes)
			fail_msg("%s: %llu", cases[i].fields,
				 (unsigned long long)c->policies[0].contracts[0].burst_bytes);
		config_free(c);
	}
}

static void call_counts_the_inserted_tag(void **state)
{
	struct config *c =
		load_policy("vlan = { untagged = \"priority-tag\"; }; contracts = ( { class = "
			    "\"voice\"; cir-kbps = 64; burst-calls = 3; account = \"l2\"; } );");

	(void)state;
	assert_int_equal(c->policies[0].contracts[0].burst_bytes, 654);
	config_free(c);
}

static void exceed_and_its_keys(void **state)
{
	static const enum exceed values[] = {EXCEED_POLICE,  EXCEED_RANDOM, EXCEED_SPREAD,
					     EXCEED_PROTECT, EXCEED_SHAPE,  EXCEED_COUNT};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char fields[256];

		snprintf(fields, sizeof(fields),
			 "contracts = ( { class = \"voice\"; cir-kbps = 640; exceed = \"%s\"; } );",
			 config_exceed_name(values[i]));
		struct config *c = load_policy(fields);
		assert_int_equal(c->policies[0].contracts[0].exceed, values[i]);
		assert_int_equal(c->policies[0].contracts[0].remark_class, CONFIG_NONE);
		assert_int_equal(c->policies[0].contracts[0].max_delay_ns,
				 values[i] == EXCEED_SHAPE ? 100000000 : 0);
		config_free(c);
	}
	struct config *c = load_policy("contracts = ( { classes = [ \"voice\", \"video\" ]; "
				       "cir-kbps = 640; exceed = \"remark\"; "
				       "remark-class = \"default\"; } );");
	assert_int_equal(c->policies[0].contracts[0].class_count, 2);
	assert_int_equal(c->policies[0].contracts[0].remark_class, 2);
	config_free(c);
	c = load_policy("contracts = ( { class = \"video\"; cir-kbps = 640; exceed = \"shape\"; "
			"max-delay-ms = 12.5; } );");
	assert_int_equal(c->policies[0].contracts[0].max_delay_ns, 12500000);
	assert_int_equal(c->policies[0].contracts[0].exceed, EXCEED_SHAPE);
	config_free(c);
}

static void colours_and_their_bursts(void **state)
{
	static const struct {
		const char *fields;
		enum colour_meter meter;
		uint64_t pir_bps, burst, excess;
		bool aware, drop_red;
	} cases[] = {
		{"cir-kbps = 3200;", COLOUR_SRTCM, 0, 8000, 8000, false, true},
		{"cir-kbps = 3200; meter = \"srtcm\"; aware = true; red = \"pass\";", COLOUR_SRTCM,
		 0, 8000, 8000, true, false},
		{"cir-kbps = 3200; burst-ms = 50; excess-burst-ms = 100;", COLOUR_SRTCM, 0, 20000,
		 40000, false, true}, /* of CIR, both */
		{"cir-kbps = 3200; excess-burst-bytes = 0;", COLOUR_SRTCM, 0, 8000, 0, false, true},
		{"cir-kbps = 3200; account = \"wire\"; excess-burst-calls = 2;", COLOUR_SRTCM, 0,
		 8000, 476, false, true},
		{"cir-kbps = 3200; meter = \"trtcm\"; pir-kbps = 4800;", COLOUR_TRTCM, 4800000,
		 8000, 12000, false, true}, /* 20 ms of PIR */
		{"cir-kbps = 3200; meter = \"trtcm\"; pir-kbps = 3200; burst-bytes = 9000;",
		 COLOUR_TRTCM, 3200000, 9000, 9000, false, true}, /* but the burst at least */
		{"cir-kbps = 3200; meter = \"trtcm\"; pir-kbps = 4800; peak-burst-ms = 10; red = "
		 "\"drop\";",
		 COLOUR_TRTCM, 4800000, 8000, 6000, false, true},
		{"cir-kbps = 3200; meter = \"trtcm\"; pir-kbps = 4800; peak-burst-calls = 50;",
		 COLOUR_TRTCM, 4800000, 8000, 10000, false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct config_contract *k;
		char fields[512];
		struct config *c;

		snprintf(fields, sizeof(fields),
			 "contracts = ( { class = \"video\"; exceed = \"colour\"; %s } );",
			 cases[i].fields);
		c = load_policy(fields);
		k = &c->policies[0].contracts[0];
		if (k->exceed != EXCEED_COLOUR || k->meter != cases[i].meter ||
		    k->pir_bps != cases[i].pir_bps || k->burst_bytes != cases[i].burst ||
		    k->excess_burst_bytes != cases[i].excess || k->colour_aware != cases[i].aware ||
		    k->drop_red != cases[i].drop_red)
			fail_msg("%s: %llu, %llu, %llu", cases[i].fields,
				 (unsigned long long)k->pir_bps, (unsigned long long)k->burst_bytes,
				 (unsigned long long)k->excess_burst_bytes);
		config_free(c);
	}
}

/* Each with its own rate, burst and account. */
static void several_contracts_in_one_direction(void **state)
{
	struct config *c = load_policy(
		"contracts = ( { class = \"voice\"; cir-kbps = 640; burst-calls = 4; }, { class = "
		"\"video\"; cir-kbps = 3200; burst-bytes = 9000; account = \"l2\"; exceed = "
		"\"shape\"; }, "
		"{ class = \"default\"; cir-kbps = 1000; burst-ms = 100; exceed = \"police\"; } "
		");");
	const struct config_contract *k = c->policies[0].contracts;

	(void)state;
	assert_int_equal(c->policies[0].contract_count, 3);
	assert_int_equal(k[0].burst_bytes, 800);
	assert_int_equal(k[1].burst_bytes, 9000);
	assert_int_equal(k[1].account, ACCOUNT_L2);
	assert_int_equal(k[2].burst_bytes, 12500);
	assert_int_equal(k[2].exceed, EXCEED_POLICE);
	config_free(c);
}

static void strict_classes(void **state)
{
	static const struct {
		const char *fields;
		bool voice, video;
	} cases[] = {
		{"", false, false},
		{"contracts = ( { class = \"voice\"; cir-kbps = 640; } );", true, false},
		{"contracts = ( { classes = [ \"voice\", \"video\" ]; cir-kbps = 640; } );", true,
		 false},
		{"contracts = ( { class = \"voice\"; cir-kbps = 640; } ); "
		 "schedule = ( { class = \"voice\"; queue-ms = 5; } );",
		 true, false},
		{"contracts = ( { class = \"voice\"; cir-kbps = 640; } ); "
		 "schedule = ( { class = \"voice\"; priority = \"normal\"; } );",
		 false, false},
		{"contracts = ( { class = \"video\"; cir-kbps = 640; } ); "
		 "schedule = ( { class = \"video\"; priority = \"strict\"; } );",
		 false, true},
		{"schedule = ( { class = \"video\"; priority = \"strict\"; ceil-kbps = 640; } );",
		 false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = load_policy(cases[i].fields);

		if (c->policies[0].schedule[0].strict != cases[i].voice ||
		    c->policies[0].schedule[1].strict != cases[i].video)
			fail_msg("%s", cases[i].fields);
		config_free(c);
	}
}

static void schedule_entries(void **state)
{
	struct config *c = load_policy(
		"schedule = ( { class = \"video\"; rate-kbps = 3200; ceil-kbps = 6400.5; weight = "
		"20; "
		"queue-ms = 50; queue-packets = 65536; red = { min-packets = 10; max-packets = 20; "
		"max-probability = 0.05; weight-log2 = 4; }; }, { class = \"default\"; red = true; "
		"} );");
	const struct config_schedule *e = &c->policies[0].schedule[1];

	(void)state;
	assert_int_equal(e->rate_bps, 3200000);
	assert_int_equal(e->ceil_bps, 6400500);
	assert_int_equal(e->weight, 20);
	assert_int_equal(e->queue_ns, 50000000);
	assert_int_equal(e->queue_packets, 65536);
	assert_true(e->red.enabled);
	assert_int_equal(e->red.min_packets, 10);
	assert_int_equal(e->red.max_packets, 20);
	assert_int_equal(e->red.max_probability_inverse, 20);
	assert_int_equal(e->red.weight_log2, 4);
	assert_int_equal(e->where.line, 5);
	e = &c->policies[0].schedule[2];
	assert_true(e->red.enabled);
	assert_int_equal(e->red.min_packets, 0);
	assert_int_equal(e->red.max_probability_inverse, 10);
	assert_int_equal(e->red.weight_log2, 9);
	config_free(c);
}

static void control_and_dpdk(void **state)
{
	struct config *c =
		load_good(&(struct sections){.more = "control = { socket = \"/run/x\"; prometheus "
						     "= \"[::1]:9464\"; watch = true; };"
						     "dpdk = { workers = \"1-3,5\"; eal-args = [ "
						     "\"--in-memory\", \"-v\" ]; };"});

	(void)state;
	assert_string_equal(c->control.socket, "/run/x");
	assert_string_equal(c->control.prometheus, "[::1]:9464");
	assert_true(c->control.watch);
	assert_string_equal(c->dpdk.workers, "1-3,5");
	assert_int_equal(c->dpdk.eal_arg_count, 2);
	assert_string_equal(c->dpdk.eal_args[1], "-v");
	config_free(c);
}

/* The figures of the field: 80 kbit/s a call by IP, 95.2 on the wire, 96.8 with a tag. */
static void contract_in_calls(void **state)
{
	static const struct {
		const char *fields;
		uint64_t calls, calls_ip, calls_wire;
	} cases[] = {
		{"cir-kbps = 3953.1;", 49, 49, 41},
		{"cir-kbps = 6400;", 80, 80, 67},
		{"cir-kbps = 6399.999;", 79, 79, 67},
		{"cir-kbps = 952; account = \"wire\";", 10, 11, 10},
		{"cir-kbps = 951.999; account = \"wire\";", 9, 11, 9},
		{"cir-kbps = 880; overhead-bytes = 20;", 10, 11, 9},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char fields[256];

		snprintf(fields, sizeof(fields), "contracts = ( { class = \"voice\"; %s } );",
			 cases[i].fields);
		struct config *c = load_policy(fields);
		struct config_contract_effect e =
			config_contract_effect(c, &c->policies[0], &c->policies[0].contracts[0]);
		assert_true(e.is_voice);
		if (e.calls != cases[i].calls || e.calls_ip != cases[i].calls_ip ||
		    e.calls_wire != cases[i].calls_wire)
			fail_msg("%s", cases[i].fields);
		config_free(c);
	}
}

static void effective_values_in_words(void **state)
{
	struct config *c =
		load_policy("contracts = ( { class = \"voice\"; cir-kbps = 3953.1; } );");
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	config_print_effective(c, f);
	fclose(f);
	assert_non_null(strstr(text,
			       "voice 3953.1 kbit/s = 49 G.711 calls (20 ms, IPv4, unencrypted) "
			       "by IP length, 41 on the untagged wire\n"));
	free(text);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(pcp_by_default),
		cmocka_unit_test(calls_of_a_class),
		cmocka_unit_test(ports_of_a_link),
		cmocka_unit_test(fields_of_a_rule),
		cmocka_unit_test(marks_of_a_policy),
		cmocka_unit_test(bursts),
		cmocka_unit_test(call_counts_the_inserted_tag),
		cmocka_unit_test(exceed_and_its_keys),
		cmocka_unit_test(colours_and_their_bursts),
		cmocka_unit_test(several_contracts_in_one_direction),
		cmocka_unit_test(strict_classes),
		cmocka_unit_test(schedule_entries),
		cmocka_unit_test(control_and_dpdk),
		cmocka_unit_test(contract_in_calls),
		cmocka_unit_test(effective_values_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
