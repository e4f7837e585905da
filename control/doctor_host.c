/* SPDX-License-Identifier: BSD-3-Clause */
/* Small files of /proc and /sys, and one ioctl. */
#include "doctor_host.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>

static bool path_of(const struct doctor_host *h, char *path, const char *format, va_list arguments)
{
	const int root = snprintf(path, PATH_MAX, "%s", h->root);
	int rest;

	if (root < 0 || root >= PATH_MAX)
		return false;
	rest = vsnprintf(path + root, (size_t)(PATH_MAX - root), format, arguments);
	return rest >= 0 && rest < PATH_MAX - root;
}

bool host_read(const struct doctor_host *h, char *out, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	FILE *f = NULL;
	size_t n;

	va_start(arguments, format);
	if (path_of(h, path, format, arguments))
		f = fopen(path, "re");
	va_end(arguments);
	out[0] = '\0';
	if (!f)
		return false;
	n = fread(out, 1, size - 1, f);
	fclose(f);
	if (n > 0 && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return true;
}

bool host_exists(const struct doctor_host *h, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	bool there;

	va_start(arguments, format);
	there = path_of(h, path, format, arguments) && access(path, F_OK) == 0;
	va_end(arguments);
	return there;
}

bool host_link(const struct doctor_host *h, char *out, size_t size, const char *path)
{
	char whole[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(whole, sizeof(whole), "%s%s", h->root, path);
	n = readlink(whole, target, sizeof(target) - 1);
	out[0] = '\0';
	if (n < 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(out, size, "%s", slash ? slash + 1 : target);
	return true;
}

bool host_has_entries(const struct doctor_host *h, const char *directory)
{
	char path[PATH_MAX];
	const struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "%s%s", h->root, directory);
	d = opendir(path);
	if (!d)
		return false;
	while (!found && (e = readdir(d)))
		found = e->d_name[0] != '.';
	closedir(d);
	return found;
}

bool host_has_program(const struct doctor_host *h, const char *name)
{
	static const char *const folders[] = {
		"/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (host_exists(h, "%s/%s", folders[i], name))
			return true;
	return false;
}

bool host_list_has(const char *list, unsigned cpu)
{
	char *end = NULL;

	for (const char *at = list; *at >= '0' && *at <= '9'; at = *end == ',' ? end + 1 : end) {
		const unsigned long low = strtoul(at, &end, 10);
		const unsigned long high = *end == '-' ? strtoul(end + 1, &end, 10) : low;

		if (cpu >= low && cpu <= high)
			return true;
	}
	return false;
}

bool host_offloads(const char *interface, char *out, size_t size)
{
	static const struct {
		uint32_t command;
		const char *name;
	} known[] = {
		{ETHTOOL_GTXCSUM, "tx"}, {ETHTOOL_GRXCSUM, "rx"}, {ETHTOOL_GTSO, "tso"},
		{ETHTOOL_GGSO, "gso"},	 {ETHTOOL_GGRO, "gro"},
	};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool answered = false;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; fd >= 0 && i < sizeof(known) / sizeof(known[0]); i++) {
		struct ethtool_value value = {.cmd = known[i].command};
		struct ifreq request = {.ifr_data = (void *)&value};

		snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
		if (ioctl(fd, SIOCETHTOOL, &request) != 0)
			continue;
		answered = true;
		if (value.data && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
						 known[i].name);
	}
	if (fd >= 0)
		close(fd);
	return answered;
}
