/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An open-addressed table of flows. Loss is what the sequence numbers lack (RFC 3550, A.3):
 * extended highest - first + 1 - received. Packets lost before the first arrival or after
 * the last are not seen here; compare with what the sender says it sent.
 */
#include "flows.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SLOTS = 16384, FLOWS_LIMIT = SLOTS / 2 };

struct arrived_flow {
	struct endpoint source, destination;
	uint64_t packets, bytes;
	uint64_t first_ns, last_ns, longest_gap_ns;
	uint64_t dscp_seen;		 /* bit per DSCP */
	int64_t first_extended, highest; /* sequence numbers, extended over wraps */
	uint64_t longest_loss_run, late; /* late: arrived behind a higher number */
};

struct flow_table {
	struct arrived_flow slots[SLOTS];
	size_t count;
};

struct flow_table *flow_table_create(void)
{
	return calloc(1, sizeof(struct flow_table));
}

void flow_table_free(struct flow_table *t)
{
	free(t);
}

static bool same_endpoint(struct endpoint a, struct endpoint b)
{
	return a.address == b.address && a.port == b.port;
}

static size_t hash(const struct arrival *a)
{
	uint64_t h = (uint64_t)a->source.address << 32 | a->destination.address;

	h ^= ((uint64_t)a->source.port << 16 | a->destination.port) * 0x9e3779b97f4a7c15u;
	h *= 0xbf58476d1ce4e5b9u;
	return (size_t)(h >> 40) % SLOTS;
}

static struct arrived_flow *find(struct flow_table *t, const struct arrival *a)
{
	size_t i = hash(a);

	while (t->slots[i].packets != 0 &&
	       !(same_endpoint(t->slots[i].source, a->source) &&
		 same_endpoint(t->slots[i].destination, a->destination)))
		i = (i + 1) % SLOTS;
	if (t->slots[i].packets == 0) {
		if (t->count == FLOWS_LIMIT)
			return NULL;
		t->count++;
		t->slots[i] = (struct arrived_flow){
			.source = a->source,
			.destination = a->destination,
			.first_ns = a->time_ns,
			.last_ns = a->time_ns,
			.first_extended = a->sequence,
			.highest = a->sequence - 1,
		};
	}
	return &t->slots[i];
}

static void count_sequence(struct arrived_flow *f, uint16_t sequence)
{
	int64_t step = (int16_t)(sequence - (uint16_t)f->highest);

	if (step <= 0) {
		f->late++;
		if (f->highest + step < f->first_extended)
			f->first_extended = f->highest + step;
		return;
	}
	if ((uint64_t)(step - 1) > f->longest_loss_run)
		f->longest_loss_run = (uint64_t)(step - 1);
	f->highest += step;
}

bool flow_table_count(struct flow_table *t, const struct arrival *a)
{
	struct arrived_flow *f = find(t, a);

	if (f == NULL)
		return false;
	if (a->time_ns > f->last_ns && a->time_ns - f->last_ns > f->longest_gap_ns)
		f->longest_gap_ns = a->time_ns - f->last_ns;
	f->last_ns = a->time_ns;
	f->packets++;
	f->bytes += a->bytes;
	f->dscp_seen |= 1ull << a->dscp;
	count_sequence(f, a->sequence);
	return true;
}

static void print_endpoint(FILE *stream, const char *name, struct endpoint e)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address = {.s_addr = htonl(e.address)};

	inet_ntop(AF_INET, &address, text, sizeof(text));
	fprintf(stream, "\"%s\": \"%s\", \"%s_port\": %u, ", name, text, name, e.port);
}

static void print_flow(FILE *stream, const struct arrived_flow *f)
{
	int64_t expected = f->highest - f->first_extended + 1;
	const char *comma = "";

	fputs("{", stream);
	print_endpoint(stream, "source", f->source);
	print_endpoint(stream, "destination", f->destination);
	fprintf(stream, "\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"lost\": %" PRId64 ", ",
		f->packets, f->bytes, expected - (int64_t)f->packets);
	fprintf(stream, "\"late\": %" PRIu64 ", \"longest_loss_run\": %" PRIu64 ", ", f->late,
		f->longest_loss_run);
	fprintf(stream, "\"longest_gap_ms\": %.3f, \"first_s\": %.6f, \"last_s\": %.6f, ",
		(double)f->longest_gap_ns / 1e6, (double)f->first_ns / 1e9,
		(double)f->last_ns / 1e9);
	fputs("\"dscp\": [", stream);
	for (unsigned dscp = 0; dscp < 64; dscp++)
		if (f->dscp_seen >> dscp & 1) {
			fprintf(stream, "%s%u", comma, dscp);
			comma = ", ";
		}
	fputs("]}", stream);
}

void flow_table_print(const struct flow_table *t, FILE *stream)
{
	const char *separator = "\n";

	fputs("{\"flows\": [", stream);
	for (size_t i = 0; i < SLOTS; i++)
		if (t->slots[i].packets != 0) {
			fputs(separator, stream);
			print_flow(stream, &t->slots[i]);
			separator = ",\n";
		}
	fputs("]}\n", stream);
}
