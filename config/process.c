/* SPDX-License-Identifier: BSD-3-Clause */
/* What concerns the process, not its packets: control and dpdk. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "reader.h"

#define SOCKET_DEFAULT "/run/edgemark/control.sock"

static void read_socket(struct loader *l, config_setting_t *group, const char **path)
{
	size_t limit = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (!read_string(l, group, "socket", path))
		return;
	if ((*path)[0] != '/' || strlen(*path) > limit)
		value_error(l, read_key(group, "socket"), "an absolute path of at most %zu bytes",
			    limit);
}

/* "127.0.0.1:9464" or "[::1]:9464" */
static bool is_endpoint(const char *text)
{
	const char *colon = strrchr(text, ':');
	char address[64];
	unsigned char binary[16];
	size_t length = colon ? (size_t)(colon - text) : 0;
	unsigned port = 0;

	if (length == 0 || length >= sizeof(address) || strlen(colon + 1) > 5)
		return false;
	for (const char *p = colon + 1; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		port = port * 10 + (unsigned)(*p - '0');
	}
	memcpy(address, text, length);
	address[length] = '\0';
	if (port == 0 || port > UINT16_MAX)
		return false;
	if (address[0] != '[' || address[length - 1] != ']')
		return inet_pton(AF_INET, address, binary) == 1;
	address[length - 1] = '\0';
	return inet_pton(AF_INET6, address + 1, binary) == 1;
}

void load_control(struct loader *l, config_setting_t *root)
{
	static const struct kind kind = {"'control'", {"socket", "prometheus", "watch"}};
	config_setting_t *group = read_key(root, "control");
	struct config_control *control = &l->config->control;
	const char *path = SOCKET_DEFAULT, *endpoint;

	if (group && read_group(l, group, &kind)) {
		read_socket(l, group, &path);
		read_boolean(l, group, "watch", &control->watch);
		if (read_string(l, group, "prometheus", &endpoint)) {
			if (!is_endpoint(endpoint))
				value_error(l, read_key(group, "prometheus"),
					    "ADDRESS:PORT, such as \"127.0.0.1:9464\"");
			control->prometheus = loader_copy(l, endpoint);
		}
	}
	control->socket = loader_copy(l, path);
}

/* lcores: N or N-N, separated by commas. */
static bool is_core_list(const char *text)
{
	const char *p = text;

	for (;;) {
		size_t digits = strspn(p, "0123456789");

		if (digits == 0 || digits > 4)
			return false;
		p += digits;
		if (*p == '-') {
			digits = strspn(++p, "0123456789");
			if (digits == 0 || digits > 4)
				return false;
			p += digits;
		}
		if (*p == '\0')
			return true;
		if (*p++ != ',')
			return false;
	}
}

static void read_eal_args(struct loader *l, config_setting_t *group, struct config_dpdk *dpdk)
{
	config_setting_t *list = read_list(l, group, "eal-args", 64, "strings");
	const char *argument;

	dpdk->eal_args = loader_allocate(l, list_length(list), sizeof(dpdk->eal_args[0]));
	for (unsigned i = 0; dpdk->eal_args && i < list_length(list); i++)
		if (value_string(l, config_setting_get_elem(list, i), &argument))
			dpdk->eal_args[dpdk->eal_arg_count++] = loader_copy(l, argument);
}

void load_dpdk(struct loader *l, config_setting_t *root)
{
	static const struct kind kind = {"'dpdk'", {"workers", "eal-args"}};
	config_setting_t *group = read_key(root, "dpdk");
	const char *workers = "1";

	if (group && read_group(l, group, &kind)) {
		if (read_string(l, group, "workers", &workers) && !is_core_list(workers))
			value_error(l, read_key(group, "workers"),
				    "cores, such as \"1\" or \"1-3,5\"");
		read_eal_args(l, group, &l->config->dpdk);
	}
	l->config->dpdk.workers = loader_copy(l, workers);
}
