/* SPDX-License-Identifier: BSD-3-Clause */
/* What is shipped: the profiles by the field's figures, and the example configurations. */
#include "config_text.h"
#include "profiles.h"

#define ALL_CLASSES                                                                                \
	"classes = ( { name = \"control\"; dscp = \"CS6\"; }, { name = \"voice\"; dscp = \"EF\"; " \
	"}, { name = \"video\"; dscp = \"AF41\"; }, { name = \"signalling\"; dscp = \"CS3\"; }, "  \
	"{ name = \"sharing\"; dscp = \"AF21\"; }, { name = \"bulk\"; dscp = \"AF11\"; }, "        \
	"{ name = \"default\"; dscp = 0; } );"

enum { TCP = 6, UDP = 17, OSPF = 89, VRRP = 112, ICMPV6 = 58 };
enum side { NO_PORT, FROM, TO };

struct expected_rule {
	int protocol;
	enum side side;
	uint16_t low, high;
	const char *class_name;
};

static const struct {
	const char *name;
	struct expected_rule rules[16]; /* to the first without a class */
} profiles[] = {
	{"teams",
	 {{UDP, FROM, 50000, 50019, "voice"},
	  {UDP, FROM, 50020, 50039, "video"},
	  {UDP, FROM, 50040, 50059, "sharing"},
	  {TCP, FROM, 50040, 50059, "bulk"},
	  {TCP, TO, 5061, 5061, "signalling"}}},
	{"teams-return",
	 {{UDP, TO, 50000, 50019, "voice"},
	  {UDP, TO, 50020, 50039, "video"},
	  {UDP, TO, 50040, 50059, "sharing"},
	  {TCP, TO, 50040, 50059, "bulk"},
	  {TCP, FROM, 5061, 5061, "signalling"}}},
	{"lync-2013",
	 {{UDP, FROM, 50020, 50039, "voice"},
	  {UDP, FROM, 58000, 58019, "video"},
	  {MATCH_ANY, FROM, 42000, 42019, "sharing"},
	  {TCP, FROM, 42020, 42039, "bulk"},
	  {TCP, TO, 5061, 5061, "signalling"}}},
	{"sfb-server",
	 {{UDP, FROM, 49152, 57500, "voice"},
	  {UDP, FROM, 57501, 65535, "video"},
	  {MATCH_ANY, FROM, 40803, 49151, "sharing"},
	  {TCP, FROM, 5060, 5061, "signalling"},
	  {TCP, TO, 5060, 5061, "signalling"}}},
	{"network-control",
	 {{TCP, TO, 179, 179, "control"},
	  {TCP, FROM, 179, 179, "control"},
	  {OSPF, NO_PORT, 0, 0, "control"},
	  {UDP, TO, 3784, 3784, "control"},
	  {UDP, TO, 4784, 4784, "control"},
	  {VRRP, NO_PORT, 0, 0, "control"},
	  {ICMPV6, NO_PORT, 0, 0, "control"},
	  {UDP, TO, 67, 68, "control"},
	  {UDP, TO, 546, 547, "control"}}},
};

static struct config *load_profiles(const char *names)
{
	char acls[512];

	snprintf(acls, sizeof(acls),
		 "acls = ( { name = \"a\"; profiles = [ %s ]; rules = ( "
		 "{ seq = 1; class = \"default\"; } ); } );",
		 names);
	return load_good(&(struct sections){.classes = ALL_CLASSES, .acls = acls});
}

static void check_rule(const struct config *c, const struct config_rule *r,
		       const struct expected_rule *e)
{
	assert_int_equal(r->protocol, e->protocol);
	assert_string_equal(c->classes[r->class_index].name, e->class_name);
	assert_int_equal(r->source_port.named, e->side == FROM);
	assert_int_equal(r->destination_port.named, e->side == TO);
	assert_int_equal(e->side == TO ? r->destination_port.low : r->source_port.low, e->low);
	assert_int_equal(e->side == TO ? r->destination_port.high : r->source_port.high, e->high);
	assert_true(r->source.family == 0 && r->destination.family == 0);
	assert_true(r->vlan == MATCH_ANY && r->dscp == MATCH_ANY && !r->drop);
}

static void profiles_say_what_the_field_says(void **state)
{
	(void)state;
	assert_int_equal(profile_text_count, sizeof(profiles) / sizeof(profiles[0]));
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		char quoted[64];
		size_t n = 0;

		snprintf(quoted, sizeof(quoted), "\"%s\"", profiles[i].name);
		struct config *c = load_profiles(quoted);
		const struct config_acl *acl = &c->acls[0];
		for (; profiles[i].rules[n].class_name; n++) {
			assert_true(n < acl->rule_count);
			assert_string_equal(acl->rules[n].acl, profiles[i].name);
			check_rule(c, &acl->rules[n], &profiles[i].rules[n]);
		}
		/* and then the ACL's own */
		assert_int_equal(acl->rule_count, n + 1);
		assert_string_equal(acl->rules[n].acl, "a");
		assert_int_equal(acl->profile_count, 1);
		assert_string_equal(acl->profiles[0].name, profiles[i].name);
		assert_true(acl->profiles[0].version[0] && acl->profiles[0].source[0]);
		assert_int_equal(acl->profiles[0].rule_count, n);
		config_free(c);
	}
}

static void profiles_in_the_order_listed(void **state)
{
	struct config *c = load_profiles("\"teams\", \"network-control\"");
	const struct config_acl *acl = &c->acls[0];

	(void)state;
	assert_int_equal(acl->rule_count, 5 + 9 + 1);
	assert_string_equal(acl->rules[4].acl, "teams");
	assert_string_equal(acl->rules[5].acl, "network-control");
	assert_int_equal(acl->rules[5].seq, 10); /* unique in its profile only */
	assert_string_equal(acl->rules[5].where.file, "profile network-control");
	assert_true(acl->rules[5].where.line > 1);
	config_free(c);
}

static void each_missing_class_once(void **state)
{
	static const char *const missing[] = {"sharing", "bulk", "signalling"};
	struct config_report report;

	(void)state;
	assert_null(load_sections(
		&(struct sections){
			.acls = "acls = ( { name = \"a\";\nprofiles = [ \"teams\" ]; } );"},
		&report));
	assert_int_equal(report.count, 3);
	for (size_t i = 0; i < 3; i++) {
		char says[128];

		snprintf(says, sizeof(says), "profile 'teams' needs a class '%s'", missing[i]);
		assert_non_null(strstr(report.messages[i].text, says));
		assert_int_equal(report.messages[i].line, 5);
	}
	config_report_clear(&report);
}

/* A class without a name is one error, also where a profile looks for its classes. */
static void a_class_without_a_name(void **state)
{
	struct config_report report;

	(void)state;
	assert_null(load_sections(
		&(struct sections){
			.classes =
				"classes = ( { dscp = 0; }, { name = \"control\"; dscp = 48; } );",
			.acls = "acls = ( { name = \"a\"; profiles = [ \"network-control\" ]; } );",
			.policies =
				"policies = ( { name = \"p\"; default-class = \"control\"; } );"},
		&report));
	assert_int_equal(report.count, 1);
	assert_string_equal(report.messages[0].text, "key 'name' is missing");
	config_report_clear(&report);
}

/* edge.conf warns of one thing only, which it explains: the guard takes CS6 off. */
static void examples_load(void **state)
{
	static const struct {
		const char *path;
		const char *warning;
	} files[] = {{SOURCE_DIRECTORY "/config/demo.conf", "EF may use 6400 of the 20000 kbit/s"},
		     {SOURCE_DIRECTORY "/config/edge.conf", "class 'control' leaves policy"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct config_report report;
		struct config *c = config_load(files[i].path, &report);

		if (!c || report.count != 1 || !strstr(report.messages[0].text, files[i].warning)) {
			config_report_print(&report, stderr);
			fail_msg("%s", files[i].path);
		}
		config_free(c);
		config_report_clear(&report);
	}
}

/* Cut off anywhere, it is refused or read, and nothing is leaked or overrun. */
static void truncated_anywhere(void **state)
{
	FILE *f = fopen(SOURCE_DIRECTORY "/config/edge.conf", "r");
	char text[32768];
	size_t length;

	(void)state;
	assert_non_null(f);
	length = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_true(length > 4000 && length < sizeof(text));
	for (size_t cut = 0; cut < length; cut++) {
		struct config_report report;
		struct config *c = load_bytes(text, cut, &report);

		if (!c == !report.error_count)
			fail_msg("cut at %zu: no configuration, and no error", cut);
		config_free(c);
		config_report_clear(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles_say_what_the_field_says),
		cmocka_unit_test(profiles_in_the_order_listed),
		cmocka_unit_test(each_missing_class_once),
		cmocka_unit_test(a_class_without_a_name),
		cmocka_unit_test(examples_load),
		cmocka_unit_test(truncated_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
