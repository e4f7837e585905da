/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's EAL arguments: edgemark's own, as far as nobody said otherwise, then
 * dpdk.eal-args, then the command line's. edgemark decides
 *   cores    the workers' CPUs as lcores of the same number, control on all others
 *   memory   hugepages, or ordinary memory where every port is virtual
 *   devices  those of the configuration and no others
 *   prefix   "edgemark", so that another DPDK program is not in the way
 */
#define _GNU_SOURCE /* sched_getaffinity, vasprintf */
#include "control/eal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "eal_log.h"
#include "hugepages.h"
#include "memory.h"

enum {
	ARGUMENTS_MAX = 128,
	ARGUMENT_BYTES = 1024,
};

#define FILE_PREFIX	"edgemark"
#define HUGEPAGE_REMEDY "echo 1024 > /proc/sys/vm/nr_hugepages"
#define MOUNT_REMEDY	"mkdir -p /dev/hugepages; mount -t hugetlbfs nodev /dev/hugepages"

/* rte_eal_init() keeps pointers into its arguments, and reorders the array that it is
 * given: they live as long as the process, and it gets a copy of the array. */
static struct {
	char *value[ARGUMENTS_MAX + 1];
	char *given[ARGUMENTS_MAX + 1];
	int count;
} arguments;

__attribute__((format(printf, 1, 2))) static int add(const char *format, ...)
{
	va_list list;
	int length;

	if (arguments.count == ARGUMENTS_MAX)
		return -E2BIG;
	va_start(list, format);
	length = vasprintf(&arguments.value[arguments.count], format, list);
	va_end(list);
	if (length < 0)
		return -ENOMEM;
	arguments.count++;
	return 0;
}

/* --- what the user said -------------------------------------------------------------- */

struct user_arguments { /* dpdk.eal-args, then the command line's */
	char *value[ARGUMENTS_MAX];
	int count;
};

static int collect_user_arguments(struct user_arguments *u, const struct config *c, int argc,
				  char **argv)
{
	u->count = 0;
	if (c->dpdk.eal_arg_count + (size_t)argc > ARGUMENTS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < c->dpdk.eal_arg_count; i++)
		u->value[u->count++] = c->dpdk.eal_args[i];
	for (int i = 0; i < argc; i++)
		u->value[u->count++] = argv[i];
	return 0;
}

/* The last value of an option: "--name=value", "--name value", "-nvalue" or "-n value".
 * "" for an option without one; NULL if it was not given. */
static const char *user_option(const struct user_arguments *u, const char *name)
{
	const size_t length = strlen(name);
	const bool is_short = name[1] != '-';
	const char *found = NULL;

	for (int i = 0; i < u->count; i++) {
		const char *a = u->value[i];

		if (strncmp(a, name, length) != 0)
			continue;
		if (a[length] == '\0')
			found = i + 1 < u->count ? u->value[i + 1] : "";
		else if (is_short)
			found = a + length;
		else if (a[length] == '=')
			found = a + length + 1;
	}
	return found;
}

static bool user_gave(const struct user_arguments *u, const char *const *names)
{
	for (; *names; names++)
		if (user_option(u, *names))
			return true;
	return false;
}

/* --- cores ---------------------------------------------------------------------------- */

/* "1", "1-3,5". */
static int parse_cpus(const char *text, cpu_set_t *set)
{
	const char *at = text;

	CPU_ZERO(set);
	do {
		char *end;
		const unsigned long first = strtoul(at, &end, 10);
		unsigned long last = first;

		if (end == at)
			return -EINVAL;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
			if (end == at)
				return -EINVAL;
		}
		if (first > last || last >= RTE_MAX_LCORE)
			return -EINVAL;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, set);
		at = end;
	} while (*at++ == ',');
	return at[-1] == '\0' ? 0 : -EINVAL;
}

static void print_cpus(const cpu_set_t *set, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++)
		if (CPU_ISSET(cpu, set))
			used += (size_t)snprintf(out + used, size - used, "%s%zu", used ? "," : "",
						 cpu);
}

/* Of a set that is not empty. */
static size_t lowest(const cpu_set_t *set)
{
	size_t cpu = 0;

	while (!CPU_ISSET(cpu, set))
		cpu++;
	return cpu;
}

/* A number for control's lcore that no worker has. */
static size_t free_lcore(const cpu_set_t *workers)
{
	size_t lcore = 0;

	while (CPU_ISSET(lcore, workers))
		lcore++;
	return lcore;
}

static int one_cpu(size_t cpu)
{
	fprintf(stderr,
		"edgemark: note: this process has one CPU (%zu), which the worker and control "
		"share: give it two for undisturbed forwarding\n",
		cpu);
	return add("--lcores=0@%zu,1@%zu", cpu, cpu) < 0 || add("--main-lcore=0") < 0 ? -E2BIG : 0;
}

static int add_lcores(const cpu_set_t *workers, const cpu_set_t *others, size_t shared_cpu)
{
	char cpus[ARGUMENT_BYTES], lcores[ARGUMENT_BYTES];
	size_t used;
	size_t main_lcore;

	if (CPU_COUNT(others) > 0) {
		main_lcore = lowest(others);
		print_cpus(others, cpus, sizeof(cpus));
	} else {
		main_lcore = free_lcore(workers);
		snprintf(cpus, sizeof(cpus), "%zu", shared_cpu);
		fprintf(stderr,
			"edgemark: note: dpdk.workers leaves no CPU to control, which shares CPU "
			"%zu with a worker: name one CPU less\n",
			shared_cpu);
	}
	used = (size_t)snprintf(lcores, sizeof(lcores), "%zu@(%s)", main_lcore, cpus);
	for (size_t cpu = 0; cpu < RTE_MAX_LCORE && used < sizeof(lcores); cpu++)
		if (CPU_ISSET(cpu, workers))
			used += (size_t)snprintf(lcores + used, sizeof(lcores) - used, ",%zu@%zu",
						 cpu, cpu);
	if (used >= sizeof(lcores) || add("--lcores=%s", lcores) < 0)
		return -E2BIG;
	return add("--main-lcore=%zu", main_lcore);
}

static int decide_cores(const struct config *c, const struct user_arguments *u)
{
	static const char *const core_options[] = {"-c", "-l", "-s", "-S", "--lcores", NULL};
	cpu_set_t available, workers, usable, others;
	char offered[ARGUMENT_BYTES];

	if (user_gave(u, core_options))
		return 0;
	if (sched_getaffinity(0, sizeof(available), &available) != 0)
		return -errno;
	if (parse_cpus(c->dpdk.workers, &workers) < 0) {
		fprintf(stderr,
			"edgemark: dpdk.workers '%s' is no list of CPUs below %d, such as \"1\" or "
			"\"1-3,5\"\n",
			c->dpdk.workers, RTE_MAX_LCORE);
		return -EINVAL;
	}
	if (CPU_COUNT(&available) == 1)
		return one_cpu(lowest(&available));
	CPU_AND(&usable, &workers, &available);
	if (!CPU_EQUAL(&usable, &workers)) {
		print_cpus(&available, offered, sizeof(offered));
		fprintf(stderr,
			"edgemark: dpdk.workers names CPUs '%s', but this process may run on %s "
			"only: name some of those\n",
			c->dpdk.workers, offered);
		return -EINVAL;
	}
	CPU_XOR(&others, &available, &workers);
	return add_lcores(&workers, &others, lowest(&workers));
}

/* --- devices -------------------------------------------------------------------------- */

static bool is_pci_address(const char *device)
{
	unsigned domain, bus, slot, function;
	int end = 0;

	if (sscanf(device, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function, &end) == 4 && end > 0)
		return device[end] == '\0' || device[end] == ',';
	end = 0;
	if (sscanf(device, "%x:%x.%x%n", &bus, &slot, &function, &end) == 3 && end > 0)
		return device[end] == '\0' || device[end] == ',';
	return false;
}

static bool all_virtual(const struct config *c)
{
	for (size_t i = 0; i < c->link_count; i++)
		if (is_pci_address(c->links[i].lan.device) ||
		    is_pci_address(c->links[i].wan.device))
			return false;
	return true;
}

static int allow_pci(const struct config_port *p)
{
	return is_pci_address(p->device) ? add("--allow=%s", p->device) : 0;
}

/* Without this the EAL would take every NIC that is bound to a driver of DPDK's. */
static int decide_devices(const struct config *c, const struct user_arguments *u)
{
	static const char *const device_options[] = {"-a",	"--allow",  "-b",
						     "--block", "--no-pci", NULL};
	int ret = 0;

	if (user_gave(u, device_options))
		return 0;
	if (all_virtual(c))
		return add("--no-pci");
	for (size_t i = 0; ret == 0 && i < c->link_count; i++) {
		ret = allow_pci(&c->links[i].lan);
		if (ret == 0)
			ret = allow_pci(&c->links[i].wan);
	}
	return ret;
}

/* --- memory --------------------------------------------------------------------------- */

static int ordinary_memory(const struct config *c, const struct user_arguments *u)
{
	static const char *const size_options[] = {"-m", "--socket-mem", NULL};

	return user_gave(u, size_options) ? 0 : add("-m%zu", memory_needed_mb(c));
}

static int decide_memory(const struct config *c, const struct user_arguments *u)
{
	const struct hugepages h = hugepages_read();
	const size_t needed_mb = memory_needed_mb(c);
	const bool mounted = h.mounted || user_option(u, "--in-memory");
	char lack[96];
	int ret;

	if (user_option(u, "--no-huge"))
		return ordinary_memory(c, u);
	if (h.free_mb >= needed_mb && mounted)
		return 0;
	if (h.free_mb >= needed_mb)
		snprintf(lack, sizeof(lack), "hugepages are not mounted");
	else
		snprintf(lack, sizeof(lack), "%zu MiB of hugepages are free, %zu are needed",
			 h.free_mb, needed_mb);
	if (!all_virtual(c)) {
		fprintf(stderr, "edgemark: %s: %s%s%s\n", lack,
			h.free_mb >= needed_mb ? "" : HUGEPAGE_REMEDY,
			h.free_mb >= needed_mb || mounted ? "" : "; ", mounted ? "" : MOUNT_REMEDY);
		return -ENOMEM;
	}
	fprintf(stderr, "edgemark: note: %s, so ordinary memory serves; faster with: %s; %s\n",
		lack, HUGEPAGE_REMEDY, MOUNT_REMEDY);
	ret = add("--no-huge");
	return ret < 0 ? ret : ordinary_memory(c, u);
}

/* --- the file prefix ------------------------------------------------------------------- */

/* Where the EAL keeps a prefix's files: see the EAL parameters in DPDK's guide. */
static const char *runtime_directory(void)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");

	if (directory)
		return directory;
	if (getuid() == 0)
		return "/var/run";
	directory = getenv("XDG_RUNTIME_DIR");
	return directory ? directory : "/tmp";
}

/* A primary process holds a lock on its prefix's config file: its pid, or 0. */
static pid_t prefix_holder(const char *prefix)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/dpdk/%s/config", runtime_directory(), prefix);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ret = fcntl(fd, F_GETLK, &lock);
	close(fd);
	return ret == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

static int decide_prefix(const struct user_arguments *u)
{
	const char *prefix = user_option(u, "--file-prefix");
	pid_t holder;

	if (!prefix && add("--file-prefix=" FILE_PREFIX) < 0)
		return -E2BIG;
	if (!prefix)
		prefix = FILE_PREFIX;
	if (user_option(u, "--no-shconf") || user_option(u, "--in-memory"))
		return 0;
	holder = prefix_holder(prefix);
	if (holder == 0)
		return 0;
	fprintf(stderr,
		"edgemark: file prefix '%s' is in use by process %d: stop it, or choose another: "
		"edgemark run … -- --file-prefix=NAME\n",
		prefix, (int)holder);
	return -EBUSY;
}

/* --- the whole -------------------------------------------------------------------------- */

static int compose(const struct config *c, int argc, char **argv)
{
	struct user_arguments user;
	int ret = collect_user_arguments(&user, c, argc, argv);

	if (ret == 0)
		ret = add("edgemark");
	if (ret == 0 && !user_option(&user, "--log-level"))
		ret = add("--log-level=error");
	if (ret == 0)
		ret = decide_prefix(&user);
	if (ret == 0)
		ret = decide_cores(c, &user);
	if (ret == 0)
		ret = decide_devices(c, &user);
	if (ret == 0)
		ret = decide_memory(c, &user);
	for (int i = 0; ret == 0 && i < user.count; i++)
		ret = add("%s", user.value[i]);
	if (ret == -E2BIG)
		fprintf(stderr, "edgemark: more EAL arguments than %d: give fewer\n",
			ARGUMENTS_MAX);
	return ret;
}

/* Asked for its arguments or its log, DPDK may speak for itself. */
static bool user_listens(int argc, char **argv, const struct config *c)
{
	static const char *const options[] = {"--log-level", "-h", "--help", "-v", NULL};
	struct user_arguments user;

	return collect_user_arguments(&user, c, argc, argv) == 0 && user_gave(&user, options);
}

/* rte_eal_init() answers a wrong argument with a hundred lines of usage. */
static int init_quietly(void)
{
	const int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int ret;

	fflush(NULL);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	ret = rte_eal_init(arguments.count, arguments.given);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	close(null);
	return ret;
}

static int init(bool quiet)
{
	char cause[256];
	int ret;

	memcpy(arguments.given, arguments.value, sizeof(arguments.given));
	eal_log_hold(quiet);
	ret = quiet ? init_quietly() : rte_eal_init(arguments.count, arguments.given);
	if (ret >= 0)
		return 0;
	ret = rte_errno ? -rte_errno : -EINVAL;
	eal_log_first(cause, sizeof(cause));
	fprintf(stderr,
		"edgemark: DPDK does not start: %s: check the EAL arguments (-- --log-level=info "
		"tells more)\n",
		cause[0] ? cause : strerror(-ret));
	return ret;
}

int eal_start_daemon(const struct config *c, int argc, char **argv)
{
	int ret = compose(c, argc, argv);

	if (ret == 0)
		ret = eal_log_open();
	if (ret == 0)
		ret = init(!user_listens(argc, argv, c));
	if (ret < 0)
		return ret;
	if (rte_lcore_count() < 2) {
		fprintf(stderr, "edgemark: one lcore is control's, and none is left to forward: "
				"give the EAL two, such as --lcores=0@0,1@1\n");
		eal_stop_daemon();
		return -EINVAL;
	}
	return 0;
}

/* This process still holds the prefix's lock: nobody else uses the directory. */
static void remove_runtime_files(const char *directory)
{
	DIR *d = opendir(directory);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_type != DT_DIR)
			(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	(void)rmdir(directory);
}

void eal_stop_daemon(void)
{
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	remove_runtime_files(directory);
}
