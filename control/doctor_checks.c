/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A check fails where edgemark could not run as configured, and warns where it would run
 * worse. What only matters to a NIC bound to DPDK fails only if the configuration has one.
 */
#include "doctor_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_DEFAULT "1"

static struct doctor_finding *find(struct doctor *d, const char *check, enum doctor_verdict verdict,
				   const char *format, ...) __attribute__((format(printf, 4, 5)));
static void mend(struct doctor_finding *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The last one takes what finds no room. */
static struct doctor_finding *find(struct doctor *d, const char *check, enum doctor_verdict verdict,
				   const char *format, ...)
{
	struct doctor_finding *f = &d->findings[d->count];
	va_list arguments;

	if (d->count + 1 < DOCTOR_FINDINGS_MAX)
		d->count++;
	*f = (struct doctor_finding){.check = check, .verdict = verdict};
	va_start(arguments, format);
	vsnprintf(f->found, sizeof(f->found), format, arguments);
	va_end(arguments);
	return f;
}

static void mend(struct doctor_finding *f, const char *format, ...)
{
	va_list arguments;

	if (f->verdict == DOCTOR_OK)
		return;
	va_start(arguments, format);
	vsnprintf(f->remedy, sizeof(f->remedy), format, arguments);
	va_end(arguments);
}

static enum doctor_verdict unless(bool good, enum doctor_verdict bad)
{
	return good ? DOCTOR_OK : bad;
}

static bool is_pci(const char *device)
{
	return strchr(device, ':') && strncmp(device, "net_", 4) != 0;
}

static bool has_pci(const struct config *c)
{
	for (size_t i = 0; c && i < c->link_count; i++)
		if (is_pci(c->links[i].lan.device) || is_pci(c->links[i].wan.device))
			return true;
	return false;
}

static const char *workers(const struct doctor *d)
{
	return d->config ? d->config->dpdk.workers : WORKERS_DEFAULT;
}

/* --- the host --------------------------------------------------------------------------------- */

static void check_memory(struct doctor *d)
{
	static const unsigned sizes_kb[] = {2048, 1048576};
	char text[HOST_TEXT], *line;
	unsigned long long free_mb = 0;

	for (size_t i = 0; i < sizeof(sizes_kb) / sizeof(sizes_kb[0]); i++)
		if (host_read(d->host, text, sizeof(text),
			      "/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages",
			      sizes_kb[i]))
			free_mb += strtoull(text, NULL, 10) * sizes_kb[i] / 1024;
	mend(find(d, "hugepages", unless(free_mb >= 256, DOCTOR_WARN), "%llu MiB free", free_mb),
	     "echo 1024 > /proc/sys/vm/nr_hugepages");
	host_read(d->host, text, sizeof(text), "/proc/mounts");
	mend(find(d, "hugetlbfs", unless(strstr(text, " hugetlbfs "), DOCTOR_WARN),
		  strstr(text, " hugetlbfs ") ? "mounted" : "not mounted"),
	     "mkdir -p /dev/hugepages; mount -t hugetlbfs nodev /dev/hugepages");
	host_read(d->host, text, sizeof(text), "/proc/self/limits");
	line = strstr(text, "Max locked memory");
	if (line) {
		const char *value = line + strlen("Max locked memory");
		const unsigned long long bytes = strtoull(value, NULL, 10);
		const bool unlimited = strncmp(value + strspn(value, " "), "unlimited", 9) == 0;

		mend(find(d, "locked memory", unless(unlimited || bytes >= 256U << 20, DOCTOR_WARN),
			  unlimited ? "unlimited" : "%llu MiB", bytes >> 20),
		     "ulimit -l unlimited, or LimitMEMLOCK=infinity in the service's unit");
	}
}

static bool has_flag(const char *cpuinfo, const char *flag)
{
	const size_t n = strlen(flag);

	for (const char *at = strstr(cpuinfo, flag); at; at = strstr(at + 1, flag))
		if (at > cpuinfo && at[-1] == ' ' &&
		    (at[n] == ' ' || at[n] == '\n' || at[n] == '\0'))
			return true;
	return false;
}

static void check_cpu(struct doctor *d)
{
	char text[HOST_TEXT];
	bool steady;

	host_read(d->host, text, sizeof(text), "/proc/cpuinfo");
	mend(find(d, "CPU features", unless(has_flag(text, "sse4_2"), DOCTOR_FAIL), "%s%s%s",
		  has_flag(text, "sse4_2") ? "SSE4.2" : "no SSE4.2",
		  has_flag(text, "avx2") ? ", AVX2" : "",
		  has_flag(text, "avx512f") ? ", AVX-512" : ""),
	     "use an x86-64-v2 CPU, or let the hypervisor show the host's own model");
	steady = has_flag(text, "constant_tsc") && has_flag(text, "nonstop_tsc");
	mend(find(d, "TSC", unless(steady, DOCTOR_WARN), steady ? "invariant" : "not invariant"),
	     "let the hypervisor offer an invariant TSC: rates are kept by it");
	if (host_read(d->host, text, sizeof(text),
		      "/sys/devices/system/clocksource/clocksource0/current_clocksource"))
		mend(find(d, "clock source", unless(strcmp(text, "tsc") == 0, DOCTOR_WARN), "%s",
			  text),
		     "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource");
}

static void check_vfio(struct doctor *d)
{
	const enum doctor_verdict bad = has_pci(d->config) ? DOCTOR_FAIL : DOCTOR_WARN;
	const bool iommu = host_has_entries(d->host, "/sys/kernel/iommu_groups");
	const bool module = host_exists(d->host, "/sys/module/vfio_pci");

	if (d->config && !has_pci(d->config))
		return; /* no port of it needs either */
	mend(find(d, "IOMMU", unless(iommu, DOCTOR_WARN), iommu ? "on" : "off, or not there"),
	     "boot with intel_iommu=on iommu=pt; none: modprobe vfio "
	     "enable_unsafe_noiommu_mode=1");
	mend(find(d, "vfio-pci", unless(module, bad), module ? "loaded" : "not loaded"),
	     "modprobe vfio-pci");
}

static void check_tools(struct doctor *d)
{
	static const struct {
		const char *program, *package, *use;
	} tools[] = {
		{"gnuplot", "gnuplot-nox", "plots of edgemark lab overrun --report"},
		{"ethtool", "ethtool", "offloads of ordinary interfaces"},
		{"tshark", "tshark", "reading captures"},
	};

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		const bool there = host_has_program(d->host, tools[i].program);

		mend(find(d, tools[i].program, unless(there, DOCTOR_WARN), "%s: for %s",
			  there ? "installed" : "not installed", tools[i].use),
		     "apt-get install %s", tools[i].package);
	}
}

/* --- the workers ------------------------------------------------------------------------------ */

static void check_core(struct doctor *d, unsigned cpu)
{
	static const char directory[] = "/sys/devices/system/cpu";
	char text[HOST_TEXT];
	bool in;

	host_read(d->host, text, sizeof(text), "%s/isolated", directory);
	in = host_list_has(text, cpu);
	mend(find(d, "isolated core", unless(in, DOCTOR_WARN), "CPU %u %s", cpu,
		  in ? "is isolated" : "also runs other programs"),
	     "boot with isolcpus=%s nohz_full=%s rcu_nocbs=%s", workers(d), workers(d), workers(d));
	host_read(d->host, text, sizeof(text), "%s/nohz_full", directory);
	in = host_list_has(text, cpu);
	mend(find(d, "tickless core", unless(in, DOCTOR_WARN), "CPU %u %s", cpu,
		  in ? "has no timer tick" : "has the timer tick"),
	     "boot with nohz_full=%s rcu_nocbs=%s", workers(d), workers(d));
	if (host_read(d->host, text, sizeof(text), "%s/cpu%u/cpufreq/scaling_governor", directory,
		      cpu))
		mend(find(d, "CPU governor", unless(strcmp(text, "performance") == 0, DOCTOR_WARN),
			  "CPU %u: %.32s", cpu, text),
		     "echo performance > %s/cpu%u/cpufreq/scaling_governor", directory, cpu);
	if (host_read(d->host, text, sizeof(text), "%s/cpu%u/topology/thread_siblings_list",
		      directory, cpu)) {
		in = text[strspn(text, "0123456789")] == '\0';
		mend(find(d, "SMT siblings", unless(in, DOCTOR_WARN), "CPU %u %s %.32s", cpu,
			  in ? "has its core alone:" : "shares its core:", text),
		     "set dpdk.workers to one of these, and isolate the others too");
	}
}

static void check_workers(struct doctor *d)
{
	for (unsigned cpu = 0; cpu < HOST_CPUS; cpu++) {
		if (!host_list_has(workers(d), cpu))
			continue;
		if (host_exists(d->host, "/sys/devices/system/cpu/cpu%u", cpu))
			check_core(d, cpu);
		else
			mend(find(d, "worker core", DOCTOR_FAIL, "there is no CPU %u", cpu),
			     "set dpdk.workers to CPUs that are there");
	}
}

/* --- the ports -------------------------------------------------------------------------------- */

static void check_numa(struct doctor *d, const char *device)
{
	char text[HOST_TEXT];
	int node;

	if (!host_read(d->host, text, sizeof(text), "/sys/bus/pci/devices/%s/numa_node", device))
		return;
	node = atoi(text);
	for (unsigned cpu = 0; node >= 0 && cpu < HOST_CPUS; cpu++)
		if (host_list_has(workers(d), cpu)) {
			const bool near = host_exists(
				d->host, "/sys/devices/system/cpu/cpu%u/node%d", cpu, node);

			mend(find(d, "NUMA", unless(near, DOCTOR_WARN),
				  "%s is at node %d, CPU %u %s", device, node, cpu,
				  near ? "too" : "is not"),
			     "set dpdk.workers to CPUs of node %d", node);
		}
}

static void check_pci(struct doctor *d, const char *device)
{
	static const char *const own_driver[] = {"vfio-pci", "uio_pci_generic", "igb_uio",
						 "mlx5_core", "mlx4_core"};
	char path[512], driver[64];
	bool good = false;

	if (!host_exists(d->host, "/sys/bus/pci/devices/%s", device)) {
		mend(find(d, "port", DOCTOR_FAIL, "%s is not there", device),
		     "dpdk-devbind.py --status lists what is");
		return;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", device);
	host_link(d->host, driver, sizeof(driver), path);
	for (size_t i = 0; i < sizeof(own_driver) / sizeof(own_driver[0]); i++)
		good |= strcmp(driver, own_driver[i]) == 0;
	mend(find(d, "port", unless(good, DOCTOR_FAIL), "%s is bound to %s", device,
		  driver[0] ? driver : "no driver"),
	     "dpdk-devbind.py -b vfio-pci %s", device);
	check_numa(d, device);
}

static void check_interface(struct doctor *d, const char *name)
{
	char on[HOST_TEXT];

	if (!host_exists(d->host, "/sys/class/net/%s", name)) {
		mend(find(d, "port", DOCTOR_FAIL, "there is no interface %s", name),
		     "ip link lists what is there");
		return;
	}
	host_read(d->host, on, sizeof(on), "/sys/class/net/%s/flags", name);
	mend(find(d, "port", unless(strtoul(on, NULL, 16) & 1, DOCTOR_FAIL), "%s is %s", name,
		  strtoul(on, NULL, 16) & 1 ? "up" : "down"),
	     "ip link set %s up", name);
	if (d->host->offloads(name, on, sizeof(on)))
		mend(find(d, "offloads", unless(!on[0], DOCTOR_WARN), "%s: %.64s", name,
			  on[0] ? on : "none is on"),
		     "ethtool -K %s tx off rx off tso off gso off gro off", name);
}

static void check_port(struct doctor *d, const char *device)
{
	const char *interface = strstr(device, "iface=");
	char name[64];

	if (is_pci(device)) {
		check_pci(d, device);
	} else if (interface) {
		interface += strlen("iface=");
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(interface, ","), interface);
		check_interface(d, name);
	}
}

void doctor_check(struct doctor *d)
{
	check_cpu(d);
	check_memory(d);
	check_vfio(d);
	check_workers(d);
	for (size_t i = 0; d->config && i < d->config->link_count; i++) {
		check_port(d, d->config->links[i].lan.device);
		check_port(d, d->config->links[i].wan.device);
	}
	check_tools(d);
}

const char *doctor_verdict_name(enum doctor_verdict v)
{
	static const char *const names[] = {"ok", "warn", "fail"};

	return names[v];
}
