/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The far side: one socket per port, read in batches, with the kernel's time stamps, so that
 * neither a small buffer nor a late reader changes what is measured. Prints "listening" once
 * all ports are bound.
 */
#include "callgen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flows.h"

enum { PORTS_MAX = 512, BATCH = 64, CONTROL_BYTES = 256, DATAGRAM_BYTES = 2048 };

struct listener {
	struct pollfd polls[PORTS_MAX + 1]; /* [count] is the signal descriptor */
	uint16_t ports[PORTS_MAX];
	size_t count;
	struct flow_table *flows;
};

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_in sources[BATCH];
	char controls[BATCH][CONTROL_BYTES];
	uint8_t payloads[BATCH][DATAGRAM_BYTES];
};

static int open_port(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1, buffer = 32 << 20;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s < 0)
		return -errno;
	/* Beyond rmem_max where we may, up to it otherwise. */
	if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
		setsockopt(s, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (setsockopt(s, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)) < 0 ||
	    setsockopt(s, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    setsockopt(s, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    bind(s, (struct sockaddr *)&any, sizeof(any)) < 0) {
		int error = errno;

		close(s);
		return -error;
	}
	return s;
}

static bool open_range(struct listener *l, const char *range)
{
	uint16_t low, high;

	if (!parse_port_range(range, &low, &high) || l->count + high - low >= PORTS_MAX) {
		fprintf(stderr, "callgen: '%s' is no port or range, or too wide\n", range);
		return false;
	}
	for (unsigned port = low; port <= high; port++) {
		int s = open_port((uint16_t)port);

		if (s < 0) {
			fprintf(stderr, "callgen: port %u: %s\n", port, strerror(-s));
			return false;
		}
		l->ports[l->count] = (uint16_t)port;
		l->polls[l->count++] = (struct pollfd){.fd = s, .events = POLLIN};
	}
	return true;
}

static bool open_ports(struct listener *l, const char *list)
{
	char *copy = strdup(list), *rest = copy, *range;
	bool good = copy != NULL;

	while (good && (range = strsep(&rest, ",")) != NULL)
		good = open_range(l, range);
	free(copy);
	return good;
}

static void read_control(struct msghdr *message, struct arrival *a)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec stamp;

			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			a->time_ns = (uint64_t)stamp.tv_sec * NS_PER_S + (uint64_t)stamp.tv_nsec;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			a->dscp = *(const uint8_t *)CMSG_DATA(c) >> 2;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			a->destination.address = ntohl(info.ipi_addr.s_addr);
		}
	}
}

static bool count_message(struct listener *l, struct batch *b, size_t i, uint16_t port)
{
	const struct sockaddr_in *source = &b->sources[i];
	struct arrival a = {
		.source = {ntohl(source->sin_addr.s_addr), ntohs(source->sin_port)},
		.destination.port = port,
		.bytes = b->messages[i].msg_len + IP_UDP_BYTES,
	};

	if (b->messages[i].msg_len < RTP_BYTES)
		return true; /* not of callgen's making */
	a.sequence = (uint16_t)(b->payloads[i][2] << 8 | b->payloads[i][3]);
	read_control(&b->messages[i].msg_hdr, &a);
	return flow_table_count(l->flows, &a);
}

static bool read_port(struct listener *l, struct batch *b, size_t port)
{
	int received;

	do {
		for (size_t i = 0; i < BATCH; i++) {
			b->vectors[i] = (struct iovec){b->payloads[i], DATAGRAM_BYTES};
			b->messages[i].msg_hdr = (struct msghdr){
				.msg_name = &b->sources[i],
				.msg_namelen = sizeof(b->sources[i]),
				.msg_iov = &b->vectors[i],
				.msg_iovlen = 1,
				.msg_control = b->controls[i],
				.msg_controllen = CONTROL_BYTES,
			};
		}
		received = recvmmsg(l->polls[port].fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < received; i++)
			if (!count_message(l, b, (size_t)i, l->ports[port])) {
				fputs("callgen: too many flows to count\n", stderr);
				return false;
			}
	} while (received == BATCH);
	return true;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool listen_until(struct listener *l, double seconds)
{
	struct timespec begin, now;
	struct batch *b = calloc(1, sizeof(*b));
	bool good = b != NULL, stop = false;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (good && !stop) {
		poll(l->polls, l->count + 1, 100);
		clock_gettime(CLOCK_MONOTONIC, &now);
		stop = l->polls[l->count].revents != 0 ||
		       (seconds > 0 && (double)(now.tv_sec - begin.tv_sec) +
						       (double)(now.tv_nsec - begin.tv_nsec) / 1e9 >
					       seconds);
		/* What has arrived by now still counts when told to stop. */
		for (size_t i = 0; good && i < l->count; i++)
			if (stop || l->polls[i].revents != 0)
				good = read_port(l, b, i);
	}
	free(b);
	return good;
}

int receive_flows(const struct receive_options *options, FILE *report)
{
	struct listener *l = calloc(1, sizeof(*l));
	bool good = l != NULL && (l->flows = flow_table_create()) != NULL &&
		    open_ports(l, options->ports);

	if (good) {
		l->polls[l->count] = (struct pollfd){.fd = open_signals(), .events = POLLIN};
		puts("listening");
		fflush(stdout);
		good = listen_until(l, options->seconds);
		flow_table_print(l->flows, report);
		close(l->polls[l->count].fd);
	}
	for (size_t i = 0; l != NULL && i < l->count; i++)
		close(l->polls[i].fd);
	if (l != NULL)
		flow_table_free(l->flows);
	free(l);
	return good ? 0 : 1;
}
