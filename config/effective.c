/* SPDX-License-Identifier: BSD-3-Clause */
/* What the numbers of a configuration amount to, with the assumptions spelt out. */
#include <inttypes.h>

#include "config.h"
#include "number.h"

enum { TEXT_SIZE = 32, BITS_PER_BYTE = 8 };

/* --- figures ---------------------------------------------------------------------- */

static uint64_t calls_in(uint64_t bps, uint64_t packet_bytes)
{
	return packet_bytes ? bps / (packet_bytes * BITS_PER_BYTE * CALL_PACKETS_PER_SECOND) : 0;
}

struct config_contract_effect config_contract_effect(const struct config *c,
						     const struct config_policy *p,
						     const struct config_contract *k)
{
	bool tagged = p->untagged != UNTAGGED_KEEP;
	uint64_t packet = config_call_bytes(k->account, k->overhead_bytes, tagged);
	struct config_contract_effect e = {
		.tagged = tagged,
		.calls = calls_in(k->cir_bps, packet),
		.calls_ip = calls_in(k->cir_bps, CALL_IP_BYTES),
		.calls_wire = calls_in(k->cir_bps, config_call_bytes(ACCOUNT_WIRE, 0, tagged)),
		.burst_ns = (uint64_t)((double)k->burst_bytes * 8e9 / (double)k->cir_bps + 0.5),
		.burst_calls = packet ? k->burst_bytes / packet : 0};

	for (size_t i = 0; i < k->class_count; i++)
		e.is_voice |= c->classes[k->classes[i]].dscp == DSCP_EF;
	return e;
}

/* --- text ------------------------------------------------------------------------- */

static const char *kbps(uint64_t bps, char *buffer)
{
	return number_format(bps, 3, buffer, TEXT_SIZE);
}

static const char *ms(uint64_t ns, char *buffer)
{
	return number_format((ns + 5000) / 10000, 2, buffer, TEXT_SIZE);
}

static void print_port(const char *side, const struct config_port *port, FILE *f)
{
	char rate[TEXT_SIZE];

	fprintf(f, "  %s %s, ", side, port->device);
	if (port->rate_bps)
		fprintf(f, "%s kbit/s by %s", kbps(port->rate_bps, rate),
			config_account_name(port->account));
	else
		fputs("not shaped: no delay is promised", f);
	if (port->rate_bps && port->overhead_bytes)
		fprintf(f, " %+d bytes", port->overhead_bytes);
	fprintf(f, ", MTU %u\n", port->mtu);
}

static void print_acl(const struct config *c, const struct config_policy *p, FILE *f)
{
	const struct config_acl *acl = p->acl == CONFIG_NONE ? NULL : &c->acls[p->acl];

	if (!acl) {
		fputs("  no ACL\n", f);
		return;
	}
	fprintf(f, "  ACL %s: %zu rules", acl->name, acl->rule_count);
	for (size_t i = 0; i < acl->profile_count; i++)
		fprintf(f, "%s %s version %s (%zu)", i ? "," : "; profiles", acl->profiles[i].name,
			acl->profiles[i].version, acl->profiles[i].rule_count);
	fputc('\n', f);
}

static void print_guard(const struct config_policy *p, FILE *f)
{
	char name[8];

	if (p->allowed_dscp == UINT64_MAX)
		return;
	fputs("  egress guard: ", f);
	for (unsigned dscp = 0; dscp < DSCP_VALUES; dscp++)
		if (p->allowed_dscp >> dscp & 1)
			fprintf(f, "%s ", config_dscp_name(dscp, name, sizeof(name)));
	fputs("pass, all others leave as CS0\n", f);
}

static void print_tags(const struct config_policy *p, FILE *f)
{
	static const char *const pcps[] = {
		[TAG_PCP_OUTER] = "PCP into the outer tag",
		[TAG_PCP_ALL] = "PCP into all tags",
		[TAG_PCP_KEEP] = "PCP of tagged frames kept",
	};

	fprintf(f, "  tags: %s", pcps[p->tag_pcp]);
	if (p->untagged == UNTAGGED_PRIORITY_TAG)
		fputs(", untagged frames get a priority tag", f);
	else if (p->untagged != UNTAGGED_KEEP)
		fprintf(f, ", untagged frames get VLAN %d", p->untagged);
	fprintf(f, "%s\n", p->strip ? ", the outer tag is removed" : "");
}

static void print_calls(const struct config_contract *k, const struct config_contract_effect *e,
			FILE *f)
{
	const char *tag = e->tagged ? "tagged" : "untagged";

	fprintf(f, " = %" PRIu64 " G.711 calls (20 ms, IPv4, unencrypted) by ", e->calls);
	if (k->account == ACCOUNT_IP && k->overhead_bytes == 0)
		fprintf(f, "IP length, %" PRIu64 " on the %s wire", e->calls_wire, tag);
	else if (k->account == ACCOUNT_WIRE && k->overhead_bytes == 0)
		fprintf(f, "the %s wire, %" PRIu64 " by IP length", tag, e->calls_ip);
	else
		fprintf(f, "%s %+d bytes, %" PRIu64 " by IP length, %" PRIu64 " on the %s wire",
			config_account_name(k->account), k->overhead_bytes, e->calls_ip,
			e->calls_wire, tag);
}

static void print_metering(const struct config_policy *p, const struct config_port *port,
			   const struct config_contract *k, FILE *f)
{
	struct config_metering m = config_metering(p, port, k);
	char text[TEXT_SIZE];

	if (m.latency_ns == 0)
		return;
	fprintf(f, "    metered with %" PRIu64 " bytes: ", m.burst_bytes);
	if (m.at_floor)
		fputs("one largest packet. The provider's meter behind this link may\n"
		      "    still see a larger burst than it grants\n",
		      f);
	else
		fprintf(f,
			"others may hold it up for %s ms, and the provider's meter\n"
			"    behind the link grants no more. A larger burst at our input is over "
			"the contract\n",
			ms(m.latency_ns, text));
}

static void print_colours(const struct config_contract *k, FILE *f)
{
	char text[TEXT_SIZE];

	fprintf(f, "    %s, colour-%s: over it AFx2, up to ",
		k->meter == COLOUR_SRTCM ? "srTCM" : "trTCM", k->colour_aware ? "aware" : "blind");
	if (k->meter == COLOUR_TRTCM)
		fprintf(f, "%s kbit/s and ", kbps(k->pir_bps, text));
	fprintf(f, "%" PRIu64 " bytes; more %s\n", k->excess_burst_bytes,
		k->drop_red ? "is dropped" : "leaves as AFx3");
}

static void print_contract(const struct config *c, const struct config_policy *p,
			   const struct config_contract *k, const struct config_port *port, FILE *f)
{
	const uint64_t link_bps = port->rate_bps;
	struct config_contract_effect e = config_contract_effect(c, p, k);
	char text[TEXT_SIZE];

	fputs("  ", f);
	for (size_t i = 0; i < k->class_count; i++)
		fprintf(f, "%s%s", i ? "+" : "", c->classes[k->classes[i]].name);
	fprintf(f, " %s kbit/s", kbps(k->cir_bps, text));
	if (e.is_voice)
		print_calls(k, &e, f);
	fprintf(f, "\n    burst %" PRIu64 " bytes = %s ms", k->burst_bytes, ms(e.burst_ns, text));
	if (e.is_voice)
		fprintf(f, " = %" PRIu64 " calls at once", e.burst_calls);
	fprintf(f, "; counted by %s; excess: %s", config_account_name(k->account),
		config_exceed_name(k->exceed));
	if (k->exceed == EXCEED_SHAPE)
		fprintf(f, " up to %s ms", ms(k->max_delay_ns, text));
	if (k->exceed == EXCEED_REMARK)
		fprintf(f, " as %s", c->classes[k->remark_class].name);
	if (link_bps)
		fprintf(f, "; %.1f %% of the link", 100.0 * (double)k->cir_bps / (double)link_bps);
	fputc('\n', f);
	if (k->exceed == EXCEED_COLOUR)
		print_colours(k, f);
	print_metering(p, port, k, f);
}

static void print_served(const struct config_schedule *e, char *buffer, size_t size)
{
	char rate[TEXT_SIZE], ceil[TEXT_SIZE];
	int used;

	if (e->strict)
		used = snprintf(buffer, size, "strict");
	else if (e->rate_bps)
		used = snprintf(buffer, size, "%s kbit/s, weight %u", kbps(e->rate_bps, rate),
				e->weight);
	else
		used = snprintf(buffer, size, "weight %u", e->weight);
	if (e->ceil_bps && used >= 0 && (size_t)used < size)
		snprintf(buffer + used, size - (size_t)used, ", at most %s",
			 kbps(e->ceil_bps, ceil));
}

static void print_schedule(const struct config *c, const struct config_policy *p, FILE *f)
{
	char dscp[8], served[80], queue[TEXT_SIZE];

	fprintf(f, "  %-16s %-5s %-3s  %-36s %s\n", "class", "DSCP", "PCP", "served", "queue");
	for (size_t i = 0; i < c->class_count; i++) {
		const struct config_schedule *e = &p->schedule[i];

		print_served(e, served, sizeof(served));
		fprintf(f, "  %-16s %-5s %-3u  %-36s %s ms, %u packets%s\n", c->classes[i].name,
			config_dscp_name(c->classes[i].dscp, dscp, sizeof(dscp)), p->pcp[i], served,
			ms(e->queue_ns, queue), e->queue_packets, e->red.enabled ? ", RED" : "");
	}
}

static void print_direction(const struct config *c, const struct config_link *link,
			    enum direction d, FILE *f)
{
	const struct config_policy *p;

	fprintf(f, "\nlink %s, %s: ", link->name, config_direction_name(d));
	if (link->policy[d] == CONFIG_NONE) {
		fputs("no policy, frames pass unmodified\n", f);
		return;
	}
	p = &c->policies[link->policy[d]];
	fprintf(f, "policy %s, default class %s, trust %s", p->name,
		c->classes[p->default_class].name, config_trust_name(p->trust));
	if (p->trusted_count)
		fprintf(f, " from %zu prefixes", p->trusted_count);
	fputc('\n', f);
	print_acl(c, p, f);
	print_guard(p, f);
	print_tags(p, f);
	for (size_t i = 0; i < p->contract_count; i++)
		print_contract(c, p, &p->contracts[i], config_egress(link, d), f);
	print_schedule(c, p, f);
}

void config_print_effective(const struct config *c, FILE *stream)
{
	for (size_t i = 0; i < c->link_count; i++) {
		const struct config_link *link = &c->links[i];

		fprintf(stream, "%slink %s\n", i ? "\n" : "", link->name);
		print_port("lan", &link->lan, stream);
		print_port("wan", &link->wan, stream);
		for (enum direction d = UPSTREAM; d < DIRECTIONS; d++)
			print_direction(c, link, d, stream);
	}
	fputs("\nA G.711 call sends 50 packets a second of 200 bytes by IP: 80 kbit/s, "
	      "95.2 on the untagged\nwire, 96.8 with a tag. IPv6 adds 8 kbit/s, SRTP some 4.\n",
	      stream);
	fputs("A queue's ms are those of the class's guarantee, else of its share of the link; "
	      "the\nsmaller of ms and packets limits it.\n",
	      stream);
}
