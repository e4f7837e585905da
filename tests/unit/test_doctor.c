/* SPDX-License-Identifier: BSD-3-Clause */
/* Each check against a host made of files: as it should be, and with one thing amiss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor_checks.h"

static char root[] = "/tmp/edgemark-doctor-XXXXXX";
static const char *offloads_on;

static bool fake_offloads(const char *interface, char *out, size_t size)
{
	assert_string_equal(interface, "eth1");
	snprintf(out, size, "%s", offloads_on);
	return true;
}

static const struct doctor_host host = {.root = root, .offloads = fake_offloads};

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static void put(const char *path, const char *text)
{
	char whole[512], command[1024];
	FILE *f;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	f = fopen(whole, "we");
	if (!f) {
		snprintf(command, sizeof(command), "mkdir -p $(dirname %s)", whole);
		run(command);
		f = fopen(whole, "we");
	}
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

#define CPU "/sys/devices/system/cpu"
#define PCI "/sys/bus/pci/devices/0000:03:00.0"

static const struct {
	const char *path, *text;
} good[] = {
	{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "512\n"},
	{"/proc/mounts", "proc /proc proc rw 0 0\nhugetlbfs /dev/hugepages hugetlbfs rw 0 0\n"},
	{"/proc/self/limits", "Max locked memory         unlimited   unlimited   bytes\n"},
	{"/proc/cpuinfo", "flags\t\t: fpu constant_tsc nonstop_tsc sse4_2 avx2\nbugs\t:\n"},
	{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
	{"/sys/kernel/iommu_groups/0", ""},
	{"/sys/module/vfio_pci/version", ""},
	{CPU "/isolated", "2-3\n"},
	{CPU "/nohz_full", "1-3\n"},
	{CPU "/cpu2/cpufreq/scaling_governor", "performance\n"},
	{CPU "/cpu2/topology/thread_siblings_list", "2\n"},
	{CPU "/cpu2/node0/x", ""},
	{PCI "/numa_node", "0\n"},
	{"/sys/class/net/eth1/flags", "0x1003\n"},
	{"/usr/bin/gnuplot", ""},
	{"/usr/sbin/ethtool", ""},
	{"/usr/bin/tshark", ""},
};

static void make_good(void)
{
	char command[1024];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		put(good[i].path, good[i].text);
	snprintf(command, sizeof(command), "ln -sfn ../../drivers/vfio-pci %s" PCI "/driver", root);
	run(command);
	offloads_on = "";
}

static const char configuration[] =
	"version = 1;\n"
	"links = ( { name = \"a\"; lan = { device = \"0000:03:00.0\"; };\n"
	"  wan = { device = \"net_af_packet0,iface=eth1,framecnt=64\"; }; } );\n"
	"classes = ( { name = \"default\"; dscp = \"CS0\"; } );\n"
	"dpdk = { workers = \"2\"; };\n";

static struct doctor examined;

static void examine(void)
{
	struct config_report report = {0};
	struct config *c = config_load_text("doctor.conf", configuration, &report);

	if (!c)
		config_report_print(&report, stderr);
	assert_non_null(c);
	examined = (struct doctor){.host = &host, .config = c};
	doctor_check(&examined);
	config_report_clear(&report);
	config_free(c);
}

static void test_good_host(void **state)
{
	(void)state;
	make_good();
	examine();
	assert_int_equal(examined.count, 19);
	for (size_t i = 0; i < examined.count; i++) {
		if (examined.findings[i].verdict != DOCTOR_OK)
			print_error("%s: %s\n", examined.findings[i].check,
				    examined.findings[i].found);
		assert_int_equal(examined.findings[i].verdict, DOCTOR_OK);
		assert_string_equal(examined.findings[i].remedy, "");
	}
}

/* Exactly this check is not ok, with these words in what mends it. */
static void expect_only(const char *check, enum doctor_verdict verdict, const char *remedy)
{
	size_t wrong = 0;

	examine();
	for (size_t i = 0; i < examined.count; i++) {
		const struct doctor_finding *f = &examined.findings[i];

		if (f->verdict == DOCTOR_OK)
			continue;
		wrong++;
		assert_string_equal(f->check, check);
		assert_int_equal(f->verdict, verdict);
		assert_non_null(strstr(f->remedy, remedy));
	}
	assert_int_equal(wrong, 1);
	make_good();
}

static void test_one_thing_amiss(void **state)
{
	static const struct {
		const char *path, *text, *check;
		enum doctor_verdict verdict;
		const char *remedy;
	} cases[] = {
		{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "127\n", "hugepages",
		 DOCTOR_WARN, "nr_hugepages"},
		{"/proc/mounts", "proc /proc proc rw 0 0\n", "hugetlbfs", DOCTOR_WARN, "mount -t"},
		{"/proc/self/limits", "Max locked memory         8388608   8388608   bytes\n",
		 "locked memory", DOCTOR_WARN, "ulimit -l"},
		{"/proc/cpuinfo", "flags\t: constant_tsc nonstop_tsc sse4_1 avx2\n", "CPU features",
		 DOCTOR_FAIL, "x86-64-v2"},
		{"/proc/cpuinfo", "flags\t: constant_tsc sse4_2\n", "TSC", DOCTOR_WARN,
		 "invariant TSC"},
		{"/sys/devices/system/clocksource/clocksource0/current_clocksource", "kvm-clock\n",
		 "clock source", DOCTOR_WARN, "echo tsc"},
		{CPU "/isolated", "1,3\n", "isolated core", DOCTOR_WARN, "isolcpus=2"},
		{CPU "/nohz_full", "\n", "tickless core", DOCTOR_WARN, "nohz_full=2"},
		{CPU "/cpu2/cpufreq/scaling_governor", "powersave\n", "CPU governor", DOCTOR_WARN,
		 "echo performance"},
		{CPU "/cpu2/topology/thread_siblings_list", "2,6\n", "SMT siblings", DOCTOR_WARN,
		 "isolate"},
		{PCI "/numa_node", "1\n", "NUMA", DOCTOR_WARN, "node 1"},
		{"/sys/class/net/eth1/flags", "0x1002\n", "port", DOCTOR_FAIL, "ip link set eth1"},
	};

	(void)state;
	make_good();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].path, cases[i].text);
		expect_only(cases[i].check, cases[i].verdict, cases[i].remedy);
	}
	offloads_on = "tx gro";
	expect_only("offloads", DOCTOR_WARN, "ethtool -K eth1");
}

static void test_missing(void **state)
{
	static const struct {
		const char *path, *check;
		enum doctor_verdict verdict;
		const char *remedy;
	} cases[] = {
		{"/sys/kernel/iommu_groups/0", "IOMMU", DOCTOR_WARN, "iommu"},
		{"/sys/module/vfio_pci", "vfio-pci", DOCTOR_FAIL, "modprobe vfio-pci"},
		{CPU "/cpu2", "worker core", DOCTOR_FAIL, "dpdk.workers"},
		{PCI "/driver", "port", DOCTOR_FAIL, "dpdk-devbind.py -b vfio-pci 0000:03:00.0"},
		{PCI, "port", DOCTOR_FAIL, "--status"},
		{"/sys/class/net/eth1", "port", DOCTOR_FAIL, "ip link"},
		{"/usr/bin/gnuplot", "gnuplot", DOCTOR_WARN, "apt-get install gnuplot-nox"},
	};
	char command[512];

	(void)state;
	make_good();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(command, sizeof(command), "rm -r '%s%s'", root, cases[i].path);
		run(command);
		if (strcmp(cases[i].path, CPU "/cpu2") == 0)
			put(PCI "/numa_node", "-1\n"); /* nor is it near anything */
		expect_only(cases[i].check, cases[i].verdict, cases[i].remedy);
	}
}

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_host),
		cmocka_unit_test(test_one_thing_amiss),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
