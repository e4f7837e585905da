/* SPDX-License-Identifier: BSD-3-Clause */
/* Written as an operator would write it, for the product's own reader. */
#include "rfc7640_setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

#include "rfc7640_stream.h"

/* Best effort is the last, whatever their number. */
static const uint8_t code_points[CLASSES_MAX] = {
	DSCP_EF,   DSCP_AF41, DSCP_AF42, DSCP_AF43, DSCP_AF31, DSCP_AF32, DSCP_AF33, DSCP_AF21,
	DSCP_AF22, DSCP_AF23, DSCP_AF11, DSCP_AF12, DSCP_AF13, DSCP_CS3,  DSCP_CS2,  DSCP_CS4,
};

uint8_t setup_class_dscp(uint32_t index)
{
	return code_points[index];
}

uint32_t setup_largest_bytes(void)
{
	return MTU_DEFAULT + ETHERNET_HEADER_BYTES + 2 * VLAN_TAG_BYTES + WIRE_OVERHEAD_BYTES;
}

void setup_class_name(uint32_t index, char *out)
{
	snprintf(out, 12, "class-%u", index % CLASSES_MAX);
}

static void kbps(FILE *out, const char *key, uint64_t bps)
{
	if (bps)
		fprintf(out, " %s = %" PRIu64 ".%03" PRIu64 ";", key, bps / 1000, bps % 1000);
}

static void write_classes(FILE *out, const struct setup *s)
{
	fputs("classes = (\n", out);
	for (uint32_t i = 0; i < s->class_count; i++)
		fprintf(out, "  { name = \"class-%u\"; dscp = %u; pcp = 0; }%s\n", i,
			code_points[i], i + 1 < s->class_count ? "," : " );");
}

static void write_rules(FILE *out, const struct setup *s)
{
	fputs("acls = ( { name = \"streams\"; rules = (\n", out);
	for (uint32_t i = 0; i < s->class_count; i++) {
		fprintf(out, "  { seq = %u; ", 10 * (i + 1));
		if (s->by_vlan)
			fprintf(out, "vlan = %u;", STREAM_VLAN_BASE + i);
		else
			fprintf(out, "protocol = \"udp\"; source-port = %u;", STREAM_PORT_BASE + i);
		fprintf(out, " class = \"class-%u\"; }%s\n", i,
			i + 1 < s->class_count ? "," : " ); } );");
	}
}

static void write_contract(FILE *out, const struct setup *s, uint32_t i)
{
	const struct setup_class *c = &s->classes[i];

	fprintf(out, "    { class = \"class-%u\"; burst-bytes = %" PRIu64 "; account = \"%s\";", i,
		c->burst_bytes, config_account_name(s->account));
	kbps(out, "cir-kbps", c->cir_bps);
	fprintf(out, " exceed = \"%s\";", config_exceed_name(c->exceed));
	if (c->exceed == EXCEED_SHAPE)
		fprintf(out, " max-delay-ms = %u;", SETUP_MAX_DELAY_MS);
	if (c->exceed == EXCEED_REMARK)
		fprintf(out, " remark-class = \"class-%d\";", c->remark_class);
	fputs(" }", out);
}

static void write_contracts(FILE *out, const struct setup *s)
{
	const char *separator = "";

	fputs("  contracts = (\n", out);
	for (uint32_t i = 0; i < s->class_count; i++) {
		if (s->classes[i].cir_bps == 0)
			continue;
		fputs(separator, out);
		write_contract(out, s, i);
		separator = ",\n";
	}
	fputs(" );\n", out);
}

static void write_schedule(FILE *out, const struct setup *s)
{
	fputs("  schedule = (\n", out);
	for (uint32_t i = 0; i < s->class_count; i++) {
		const struct setup_class *c = &s->classes[i];

		fprintf(out, "    { class = \"class-%u\"; priority = \"%s\";", i,
			c->strict ? "strict" : "normal");
		kbps(out, "rate-kbps", c->guarantee_bps);
		if (c->weight)
			fprintf(out, " weight = %u;", c->weight);
		if (c->queue_ns)
			fprintf(out, " queue-ms = %" PRIu64 ".%06" PRIu64 ";",
				c->queue_ns / 1000000, c->queue_ns % 1000000);
		if (c->queue_packets)
			fprintf(out, " queue-packets = %u;", c->queue_packets);
		fprintf(out, " }%s", i + 1 < s->class_count ? ",\n" : " );\n");
	}
}

static void write_policy(FILE *out, const struct setup *s, const char *name)
{
	fprintf(out, "{ name = \"%s\"; acl = \"streams\"; default-class = \"class-%u\";\n", name,
		s->class_count - 1);
	write_contracts(out, s);
	write_schedule(out, s);
	fputs("}", out);
}

char *setup_text(const struct setup *s)
{
	char *text = NULL, rate[64] = "";
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (s->link_bps)
		snprintf(rate, sizeof(rate), " rate-kbps = %" PRIu64 ".%03" PRIu64 ";",
			 s->link_bps / 1000, s->link_bps % 1000);
	fprintf(out,
		"version = 1;\n"
		"links = ( { name = \"lab\";\n"
		"  lan = { device = \"net_null0\";%s };\n"
		"  wan = { device = \"net_null1\";%s };\n"
		"  upstream = \"up\"; downstream = \"down\"; } );\n",
		rate, rate);
	write_classes(out, s);
	write_rules(out, s);
	fputs("policies = ( ", out);
	write_policy(out, s, "up");
	fputs(",\n", out);
	write_policy(out, s, "down");
	fputs(" );\n", out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
