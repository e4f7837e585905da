/* SPDX-License-Identifier: BSD-3-Clause */
/* See report.h. */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <rte_version.h>

#include "clock.h"

struct machine {
	char cpu[128];
	char kernel[128];
	char date[32];
	long cpus;
	double tsc_hz;
	double load; /* average of the last minute: others on the machine, and this */
};

void report_add(struct report *r, const struct result *result)
{
	if (r->count < RESULTS_MAX)
		r->results[r->count++] = *result;
}

static void read_cpu(char *out, size_t size)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(out, size, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strstr(line, ": ");

		if (strncmp(line, "model name", 10) != 0 || colon == NULL)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(out, size, "%s", colon + 2);
		break;
	}
	if (f)
		fclose(f);
}

static struct machine describe(void)
{
	struct machine m = {.cpus = sysconf(_SC_NPROCESSORS_ONLN)};
	struct utsname kernel;
	struct clock clock;
	time_t now = time(NULL);
	struct tm utc;

	read_cpu(m.cpu, sizeof(m.cpu));
	if (uname(&kernel) == 0)
		snprintf(m.kernel, sizeof(m.kernel), "%.40s %.60s", kernel.sysname, kernel.release);
	if (clock_calibrate(&clock, 50) == 0)
		m.tsc_hz = clock.hz;
	if (getloadavg(&m.load, 1) != 1)
		m.load = -1;
	strftime(m.date, sizeof(m.date), "%Y-%m-%d", gmtime_r(&now, &utc));
	return m;
}

static void print_result(const struct result *r, const struct result *previous)
{
	bool headed = previous && strcmp(previous->group, r->group) == 0 &&
		      previous->frame_bytes == r->frame_bytes && previous->frames == r->frames;

	if (!headed) {
		printf("\n%s", r->group);
		if (r->frames != 0)
			printf(": %u-byte frames, %u in turn", r->frame_bytes, r->frames);
		printf("\n");
	}
	printf("  %-40s %10.1f %10.1f %10.1f\n", r->what, r->cycles.median, r->cycles.least,
	       r->cycles.p90);
}

void report_print(const struct report *r, bool huge)
{
	struct machine m = describe();

	printf("%s, %ld CPUs, TSC %.1f MHz, %s, load %.2f\n", m.cpu, m.cpus, m.tsc_hz / 1e6,
	       m.kernel, m.load);
	printf("%s, %s %s, %s, bursts of 32, %s\n", rte_version(),
#ifdef __clang__
	       "clang", __clang_version__,
#else
	       "gcc", __VERSION__,
#endif
	       huge ? "hugepages" : "no hugepages", m.date);
	printf("\n%-42s %10s %10s %10s\n", "TSC cycles a packet", "median", "min", "p90");
	for (uint32_t i = 0; i < r->count; i++)
		print_result(&r->results[i], i > 0 ? &r->results[i - 1] : NULL);
}

static json_t *results_document(const struct report *r)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < r->count; i++) {
		const struct result *x = &r->results[i];

		json_array_append_new(all, json_pack("{s:s, s:s, s:i, s:i, s:f, s:f, s:f}", "group",
						     x->group, "what", x->what, "frame_bytes",
						     (int)x->frame_bytes, "frames", (int)x->frames,
						     "median", x->cycles.median, "min",
						     x->cycles.least, "p90", x->cycles.p90));
	}
	return all;
}

int report_write(const struct report *r, bool huge, const char *path)
{
	struct machine m = describe();
	json_t *document =
		json_pack("{s:s, s:{s:s, s:i, s:f, s:s, s:f, s:b}, s:s, s:s, s:o}", "unit",
			  "TSC cycles a packet", "machine", "cpu", m.cpu, "cpus", (int)m.cpus,
			  "tsc_hz", m.tsc_hz, "kernel", m.kernel, "load", m.load, "hugepages", huge,
			  "dpdk", rte_version(), "date", m.date, "results", results_document(r));
	int err = 0;

	errno = 0;
	if (json_dump_file(document, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0) {
		err = errno ? -errno : -EIO;
		fprintf(stderr, "edgemark: can't write %s: %s\n", path, strerror(-err));
	}
	json_decref(document);
	return err;
}
