/* SPDX-License-Identifier: BSD-3-Clause */
/* /sys/kernel/mm/hugepages has a directory per size: hugepages-2048kB/free_hugepages. */
#include "hugepages.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define HUGEPAGES_DIRECTORY "/sys/kernel/mm/hugepages"

static size_t free_pages(const char *size_directory)
{
	char path[320];
	size_t pages = 0;
	FILE *f;

	snprintf(path, sizeof(path), HUGEPAGES_DIRECTORY "/%s/free_hugepages", size_directory);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%zu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages;
}

static size_t free_mb(void)
{
	DIR *d = opendir(HUGEPAGES_DIRECTORY);
	const struct dirent *e;
	size_t kb = 0, page_kb;

	if (!d)
		return 0;
	while ((e = readdir(d)))
		if (sscanf(e->d_name, "hugepages-%zukB", &page_kb) == 1)
			kb += page_kb * free_pages(e->d_name);
	closedir(d);
	return kb / 1024;
}

static bool mounted(void)
{
	FILE *f = fopen("/proc/mounts", "re");
	char line[512];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, " hugetlbfs ") != NULL;
	fclose(f);
	return found;
}

struct hugepages hugepages_read(void)
{
	return (struct hugepages){.free_mb = free_mb(), .mounted = mounted()};
}
