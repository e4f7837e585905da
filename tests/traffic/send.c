/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real packets: one connected UDP socket per flow, one thread that sleeps to the absolute
 * time at which the next packet of any flow is due. Late packets are sent at once, so the
 * offered rate holds over any hiccup of the host; how late is part of the report.
 */
#include "callgen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "departures.h"

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static struct sockaddr_in socket_address(struct endpoint e)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(e.port),
		.sin_addr.s_addr = htonl(e.address),
	};
}

static int open_flow(const struct flow *f)
{
	struct sockaddr_in source = socket_address(f->source);
	struct sockaddr_in destination = socket_address(f->destination);
	int tos = f->dscp << 2, on = 1, buffer = 1 << 20;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return -errno;
	setsockopt(s, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	if (setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
	    setsockopt(s, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) < 0 ||
	    bind(s, (struct sockaddr *)&source, sizeof(source)) < 0 ||
	    connect(s, (struct sockaddr *)&destination, sizeof(destination)) < 0) {
		int error = errno;

		close(s);
		return -error;
	}
	return s;
}

static void close_flows(int *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(sockets[i]);
	free(sockets);
}

static int *open_flows(const struct mix *m)
{
	int *sockets = calloc(m->count + 1, sizeof(*sockets));

	for (size_t i = 0; sockets != NULL && i < m->count; i++) {
		sockets[i] = open_flow(&m->flows[i]);
		if (sockets[i] < 0) {
			fprintf(stderr, "callgen: flow %zu from port %u: %s\n", i,
				m->flows[i].source.port, strerror(-sockets[i]));
			close_flows(sockets, i);
			return NULL;
		}
	}
	return sockets;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec then = {
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};

	while (!interrupted &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR)
		continue;
}

static void send_packet(int s, struct flow *f)
{
	uint8_t payload[MIX_PAYLOAD_MAX];
	const uint16_t bytes = flow_payload(f, payload);
	ssize_t sent = send(s, payload, bytes, 0);

	/* An ICMP error that an earlier packet met is reported once, in place of sending. */
	if (sent < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH))
		sent = send(s, payload, bytes, 0);
	if (sent < 0)
		f->refused++;
	else
		flow_sent(f, bytes);
}

static uint64_t run(struct mix *m, struct departures *d, const int *sockets)
{
	uint64_t begin = monotonic_ns() + 10 * NS_PER_MS, now = 0, late_max = 0;
	struct flow *f;

	while (!interrupted && (f = departures_first(d)) != NULL) {
		uint64_t due = begin + flow_due(f);

		if (due > now) {
			sleep_until(due);
			now = monotonic_ns();
		}
		if (now > due && now - due > late_max)
			late_max = now - due;
		send_packet(sockets[f - m->flows], f);
		departures_update_first(d);
	}
	return late_max;
}

static void allow_sockets(size_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count + 16) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int send_mix(struct mix *m, FILE *report)
{
	struct sigaction action = {.sa_handler = interrupt};
	struct departures d;
	uint64_t late_max;
	int *sockets;

	allow_sockets(m->count);
	sockets = open_flows(m);
	if (sockets == NULL)
		return 1;
	if (!departures_init(&d, m)) {
		close_flows(sockets, m->count);
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	late_max = run(m, &d, sockets);
	mix_print(m, late_max, report);
	departures_free(&d);
	close_flows(sockets, m->count);
	return 0;
}
