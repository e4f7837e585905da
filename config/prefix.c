/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefixes and port ranges from text. */
#include "prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A decimal number up to limit, up to the end or a character of stop. */
static const char *read_decimal(const char *text, unsigned limit, unsigned *value)
{
	const char *p = text;

	for (*value = 0; *p >= '0' && *p <= '9'; p++) {
		*value = *value * 10 + (unsigned)(*p - '0');
		if (*value > limit)
			return NULL;
	}
	return p == text ? NULL : p;
}

static uint8_t byte_mask(unsigned length, unsigned byte)
{
	unsigned bits = length > 8 * byte ? length - 8 * byte : 0;

	return (uint8_t)(bits >= 8 ? 0xffu : 0xff00u >> bits);
}

static int clear_host_bits(struct config_prefix *p)
{
	int error = 0;

	for (unsigned i = 0; i < sizeof(p->address); i++) {
		uint8_t kept = p->address[i] & byte_mask(p->length, i);

		if (kept != p->address[i])
			error = -EDOM;
		p->address[i] = kept;
	}
	return error;
}

int prefix_parse(const char *text, struct config_prefix *p)
{
	const char *slash = strchr(text, '/'), *end;
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[PREFIX_TEXT_SIZE];
	unsigned bits;

	*p = (struct config_prefix){0};
	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, p->address) == 1)
		p->family = 4;
	else if (inet_pton(AF_INET6, address, p->address) == 1)
		p->family = 6;
	else
		return -EINVAL;
	bits = p->family == 4 ? 32 : 128;
	if (slash) {
		end = read_decimal(slash + 1, bits, &bits);
		if (!end || *end)
			return -EINVAL;
	}
	p->length = (uint8_t)bits;
	return clear_host_bits(p);
}

const char *prefix_format(const struct config_prefix *p, char *buffer, size_t size)
{
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(p->family == 6 ? AF_INET6 : AF_INET, p->address, address, sizeof(address));
	snprintf(buffer, size, "%s/%u", address, p->length);
	return buffer;
}

bool prefix_covers(const struct config_prefix *outer, const struct config_prefix *inner)
{
	if (outer->family != inner->family || outer->length > inner->length)
		return false;
	for (unsigned i = 0; 8 * i < outer->length; i++)
		if ((inner->address[i] & byte_mask(outer->length, i)) != outer->address[i])
			return false;
	return true;
}

int port_range_parse(const char *text, struct config_port_range *range)
{
	unsigned low, high;
	const char *p = read_decimal(text, UINT16_MAX, &low);

	high = low;
	if (p && *p == '-')
		p = read_decimal(p + 1, UINT16_MAX, &high);
	if (!p || *p)
		return -EINVAL;
	if (high < low)
		return -ERANGE;
	*range = (struct config_port_range){true, (uint16_t)low, (uint16_t)high};
	return 0;
}
