/* SPDX-License-Identifier: BSD-3-Clause */
/* A box in words: only the fields that it narrows, in the order in which rules are read. */
#include "region.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "names.h"

struct words {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.*): started above */
	n = vsnprintf(w->text + w->used, w->size - w->used, format, arguments);
	va_end(arguments);
	if (n > 0)
		w->used = w->used + (size_t)n < w->size ? w->used + (size_t)n : w->size - 1;
}

static void separate(struct words *w, const char *by)
{
	if (w->used > 0)
		say(w, "%s", by);
}

/* --- addresses --------------------------------------------------------------------- */

static const char *address_text(region_address a, bool v6, char *buffer, size_t size)
{
	uint8_t bytes[16];

	for (size_t i = sizeof(bytes); i-- > 0; a >>= 8)
		bytes[i] = (uint8_t)a;
	return inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, buffer, (socklen_t)size);
}

/* The length of the prefix that is exactly these addresses, or -1. */
static int prefix_length(const struct region_addresses *a, bool v6)
{
	const region_address span = a->high - a->low;

	for (int length = 0; length <= (v6 ? 128 : 32); length++) {
		region_address host = length < 128 ? ~(region_address)0 >> length : 0;

		if (span == host && (a->low & host) == 0)
			return length;
	}
	return -1;
}

static void say_addresses(struct words *w, const char *what, const struct region_addresses *a,
			  const struct region *r)
{
	char low[INET6_ADDRSTRLEN] = "", high[INET6_ADDRSTRLEN] = "";
	const bool v6 = r->low[REGION_FAMILY] == 1;
	const int length = prefix_length(a, v6);

	if (length == 0)
		return;
	separate(w, " ");
	address_text(a->low, v6, low, sizeof(low));
	if (length == (v6 ? 128 : 32)) {
		say(w, "%s %s", what, low);
	} else if (length > 0) {
		say(w, "%s %s/%d", what, low, length);
	} else {
		address_text(a->high, v6, high, sizeof(high));
		say(w, "%s %s-%s", what, low, high);
	}
}

/* --- fields ------------------------------------------------------------------------ */

static bool is_narrow(const struct region *r, enum region_field f)
{
	const struct region all = region_all();

	return r->low[f] != all.low[f] || r->high[f] != all.high[f];
}

static void say_range(struct words *w, const char *what, const struct region *r,
		      enum region_field f)
{
	if (!is_narrow(r, f))
		return;
	separate(w, " ");
	say(w, r->low[f] == r->high[f] ? "%s %u" : "%s %u-%u", what, r->low[f], r->high[f]);
}

static void say_protocol(struct words *w, const struct region *r)
{
	const uint16_t low = r->low[REGION_PROTOCOL];
	char name[16];

	if (is_narrow(r, REGION_PROTOCOL) && low == r->high[REGION_PROTOCOL])
		say(w, "%s", config_protocol_name(low, name, sizeof(name)));
	else
		say_range(w, "protocols", r, REGION_PROTOCOL);
}

static void say_vlan(struct words *w, const struct region *r)
{
	struct region tagged = *r;

	if (!is_narrow(r, REGION_VLAN))
		return;
	if (r->low[REGION_VLAN] == REGION_UNTAGGED) {
		separate(w, " ");
		say(w, "untagged");
		return;
	}
	if (r->high[REGION_VLAN] < REGION_UNTAGGED) {
		if (r->low[REGION_VLAN] == 0 && r->high[REGION_VLAN] == REGION_UNTAGGED - 1) {
			separate(w, " ");
			say(w, "tagged");
		} else {
			say_range(w, "vlan", r, REGION_VLAN);
		}
		return;
	}
	tagged.high[REGION_VLAN] = REGION_UNTAGGED - 1;
	say_range(w, "vlan", &tagged, REGION_VLAN);
	say(w, " or untagged");
}

static void say_dscp(struct words *w, const struct region *r)
{
	const unsigned low = r->low[REGION_DSCP], high = r->high[REGION_DSCP];
	char first[8], last[8];

	if (!is_narrow(r, REGION_DSCP))
		return;
	separate(w, " ");
	if (low == high)
		say(w, "dscp %s", config_dscp_name(low, first, sizeof(first)));
	else
		say(w, "dscp %s-%s", config_dscp_name(low, first, sizeof(first)),
		    config_dscp_name(high, last, sizeof(last)));
}

const char *region_describe(const struct region *r, char *buffer, size_t size)
{
	struct words w = {buffer, size, 0};

	buffer[0] = '\0';
	say_protocol(&w, r);
	if (is_narrow(r, REGION_FAMILY)) {
		separate(&w, " ");
		say(&w, r->low[REGION_FAMILY] ? "IPv6" : "IPv4");
		say_addresses(&w, "from", &r->source, r);
		say_addresses(&w, "to", &r->destination, r);
	}
	say_range(&w, "source port", r, REGION_SOURCE_PORT);
	say_range(&w, "destination port", r, REGION_DESTINATION_PORT);
	if (r->high[REGION_PORTS_KNOWN] == 0) {
		separate(&w, " ");
		say(&w, "ports unknown");
	} else if (r->low[REGION_PORTS_KNOWN] == 1 && !is_narrow(r, REGION_SOURCE_PORT) &&
		   !is_narrow(r, REGION_DESTINATION_PORT)) {
		separate(&w, " ");
		say(&w, "with ports");
	}
	say_vlan(&w, r);
	say_dscp(&w, r);
	say_range(&w, "pcp", r, REGION_PCP);
	return w.used ? buffer : "any packet";
}
