/* SPDX-License-Identifier: BSD-3-Clause */
/* See latency.h. */
#include "ef/latency.h"

#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#define NANOBITS_IN_BYTE ((__int128)8000000000)

/* f_j or F_j, with f_0 = d_0 = 0. */
struct ideal {
	__int128 rate_bps, f, d;
};

/* d - f in nanobits, after this packet. */
static __int128 behind(struct ideal *i, uint64_t arrival_ns, uint64_t departure_ns, uint32_t bytes)
{
	const __int128 before = RTE_MIN(i->d, i->f);

	i->f = RTE_MAX(arrival_ns * i->rate_bps, before) + bytes * NANOBITS_IN_BYTE;
	i->d = departure_ns * i->rate_bps;
	return i->d - i->f;
}

static int64_t in_ns(__int128 nanobits, uint64_t rate_bps)
{
	const __int128 rate = rate_bps;

	return (int64_t)(nanobits > 0 ? (nanobits + rate - 1) / rate : nanobits / rate);
}

/* Packets that leave at the same time leave in the order in which they came. */
static int by_departure(const void *a, const void *b)
{
	const struct ef_packet *x = *(const struct ef_packet *const *)a;
	const struct ef_packet *y = *(const struct ef_packet *const *)b;

	if (x->departure_ns != y->departure_ns)
		return x->departure_ns < y->departure_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

int64_t ef_error_aggregate(const struct ef_packet *packets, size_t count, uint64_t rate_bps)
{
	const struct ef_packet **leaving = malloc(count * sizeof(*leaving));
	struct ideal ideal = {.rate_bps = rate_bps};
	__int128 most = 0;

	if (!leaving)
		abort();
	for (size_t j = 0; j < count; j++)
		leaving[j] = &packets[j];
	qsort(leaving, count, sizeof(*leaving), by_departure);
	for (size_t j = 0; j < count; j++) {
		__int128 late = behind(&ideal, packets[j].arrival_ns, leaving[j]->departure_ns,
				       leaving[j]->bytes);

		most = j == 0 || late > most ? late : most;
	}
	free(leaving);
	return in_ns(most, rate_bps);
}

int64_t ef_error_packet(const struct ef_packet *packets, size_t count, uint64_t rate_bps)
{
	struct ideal ideal = {.rate_bps = rate_bps};
	__int128 most = 0;

	for (size_t j = 0; j < count; j++) {
		__int128 late = behind(&ideal, packets[j].arrival_ns, packets[j].departure_ns,
				       packets[j].bytes);

		most = j == 0 || late > most ? late : most;
	}
	return in_ns(most, rate_bps);
}
