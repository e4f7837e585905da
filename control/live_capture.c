/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control puts the taps up and starts the writer; the writer takes them down, waits until no
 * worker can still be at one, writes what is left, and tells control by an eventfd. Several
 * lanes' copies are merged by time: a copy is written when it is older than any that a
 * worker may still be about to make.
 */
#include "live_capture.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "control/site.h"
#include "dataplane/tap.h"
#include "forwarding.h"
#include "live_request.h"
#include "live_stream.h"
#include "pcapng.h"
#include "replay_output.h"

enum {
	TURN_MS = 1,
	HOLD_NS = 2000000,     /* longer than a worker's turn */
	QUIESCENT_MS = 1000,   /* for the last copies; a worker that stalls has none */
	FAREWELL_TURNS = 20,   /* of waiting for the client, when the daemon ends */
	TAPS_BYTES = 32 << 20, /* of all rings */
	TAP_BYTES_MAX = 8 << 20,
};

#define NS_PER_SECOND UINT64_C(1000000000)

struct tapped_lane {
	struct lane *lane;
	struct tap *tap;
	uint32_t interface;
	uint64_t delivered;
};

struct live_capture {
	struct forwarding *forwarding;
	live_capture_answer answer;
	void *context;
	int event_fd;
	bool busy; /* control */
	uint64_t client;
	pthread_t thread;
	bool stop; /* control: wo; writer: ro */

	/* The writer's while it runs, else control's. */
	struct live_request request;
	struct live_stream stream;
	struct pcapng pcapng;
	struct tapped_lane lanes[LANES_MAX];
	size_t lane_count;
	const char *ended; /* why; NULL: not yet */
	bool tapped;
	uint64_t token; /* of the grace period after the taps came down */
	uint64_t origin_ns, start_ns, deadline_ns, origin_at_ns;
	uint64_t delivered;
	unsigned farewell;
};

static uint64_t lane_now(const struct live_capture *l)
{
	return clock_now_ns(&l->forwarding->shared.clock);
}

/* The lanes' clock follows the TSC, the wall's what NTP says: they are brought together once
 * a second. */
static void refresh_origin(struct live_capture *l)
{
	const uint64_t now_ns = lane_now(l);
	struct timespec t;

	if (l->origin_at_ns && now_ns - l->origin_at_ns < NS_PER_SECOND)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	l->origin_at_ns = now_ns;
	l->origin_ns = (uint64_t)t.tv_sec * NS_PER_SECOND + (uint64_t)t.tv_nsec - now_ns;
}

/* --- the writer: its taps --------------------------------------------------------------------- */

static void end_for(struct live_capture *l, const char *why)
{
	if (!l->ended)
		l->ended = why;
	if (!l->tapped)
		return;
	for (size_t i = 0; i < l->lane_count; i++)
		lane_set_tap(l->lanes[i].lane, NULL);
	l->token = rte_rcu_qsbr_start(l->forwarding->shared.qsbr);
	l->tapped = false;
}

static void look_around(struct live_capture *l, int timeout_ms)
{
	if (live_stream_ended(&l->stream, timeout_ms))
		end_for(l, "client");
	if (__atomic_load_n(&l->stop, __ATOMIC_ACQUIRE))
		end_for(l, "daemon");
	if (l->deadline_ns && lane_now(l) >= l->deadline_ns)
		end_for(l, "seconds");
	if (l->pcapng.error)
		end_for(l, "client"); /* it is gone: nothing else fails on this stream */
}

static bool waiting(void *live_capture)
{
	struct live_capture *l = live_capture;

	look_around(l, 0);
	return !__atomic_load_n(&l->stop, __ATOMIC_ACQUIRE) || ++l->farewell < FAREWELL_TURNS;
}

static bool await_quiescence(struct live_capture *l, unsigned timeout_ms)
{
	static const struct timespec turn = {.tv_nsec = TURN_MS * 1000000};

	while (rte_rcu_qsbr_check(l->forwarding->shared.qsbr, l->token, false) != 1) {
		if (timeout_ms-- == 0)
			return false;
		nanosleep(&turn, NULL);
	}
	return true;
}

/* --- the writer: its file --------------------------------------------------------------------- */

static void begin_file(struct live_capture *l)
{
	const struct site *site = l->forwarding->site;
	char name[256];

	refresh_origin(l);
	l->start_ns = l->origin_ns + lane_now(l);
	for (uint32_t i = 0; i < site->link_count * DIRECTIONS; i++) {
		if (!l->request.wanted[i])
			continue;
		snprintf(name, sizeof(name), "%s %s", site->links[i / DIRECTIONS].name,
			 config_direction_name((enum direction)(i % DIRECTIONS)));
		(void)pcapng_interface(&l->pcapng, name); /* an error sticks */
	}
	(void)fflush(l->pcapng.stream);
}

/* The lane with the oldest copy from before `until`, or NULL. */
static struct tapped_lane *oldest(struct live_capture *l, uint64_t until_ns)
{
	struct tapped_lane *best = NULL;

	for (size_t i = 0; i < l->lane_count; i++) {
		const struct tap_record *r = tap_peek(l->lanes[i].tap);

		if (r && r->ns < until_ns) {
			until_ns = r->ns;
			best = &l->lanes[i];
		}
	}
	return best;
}

static void write_copy(struct live_capture *l, struct tapped_lane *from)
{
	const struct tap_record *r = tap_peek(from->tap);
	const enum drop_reason reason = (enum drop_reason)r->reason;

	(void)pcapng_copy(&l->pcapng,
			  &(struct pcapng_copy){
				  .interface = from->interface,
				  .ns = l->origin_ns + r->ns,
				  .bytes = r->bytes,
				  .captured = r->captured,
				  .frame_bytes = r->frame_bytes,
				  .comment = reason == DROP_NONE ? NULL : drop_reason_name(reason),
			  });
	tap_pop(from->tap);
	from->delivered++;
	l->delivered++;
}

static void write_copies(struct live_capture *l, uint64_t until_ns)
{
	const uint64_t limit = l->request.count ? l->request.count : UINT64_MAX;
	const uint64_t before = l->delivered;
	struct tapped_lane *from;

	refresh_origin(l);
	while (l->delivered < limit && !l->pcapng.error && (from = oldest(l, until_ns)) != NULL)
		write_copy(l, from);
	if (l->delivered != before && fflush(l->pcapng.stream) != 0 && !l->pcapng.error)
		l->pcapng.error = errno ? -errno : -EIO;
	if (l->delivered >= limit)
		end_for(l, "count");
}

static void end_file(struct live_capture *l)
{
	const uint64_t now_ns = l->origin_ns + lane_now(l);

	for (size_t i = 0; i < l->lane_count; i++) {
		const struct tap_counts n = tap_counts(l->lanes[i].tap);

		(void)pcapng_statistics(&l->pcapng, &(struct pcapng_statistics){
							    .interface = l->lanes[i].interface,
							    .ns = now_ns,
							    .start_ns = l->start_ns,
							    .end_ns = now_ns,
							    .accepted = n.taken + n.missed,
							    .missed = n.missed,
							    .delivered = l->lanes[i].delivered,
						    });
	}
	(void)pcapng_close(&l->pcapng);
}

static void *writer_main(void *live_capture)
{
	const uint64_t one = 1;
	struct live_capture *l = live_capture;

	begin_file(l);
	while (!l->ended) {
		const uint64_t now_ns = lane_now(l);

		write_copies(l, now_ns > HOLD_NS ? now_ns - HOLD_NS : 0);
		look_around(l, TURN_MS);
	}
	(void)await_quiescence(l, QUIESCENT_MS);
	write_copies(l, UINT64_MAX);
	end_file(l);
	(void)await_quiescence(l, UINT32_MAX); /* the taps are about to be freed */
	while (write(l->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

/* --- control ---------------------------------------------------------------------------------- */

static void destroy_taps(struct live_capture *l)
{
	for (size_t i = 0; i < l->lane_count; i++)
		tap_destroy(l->lanes[i].tap);
	l->lane_count = 0;
}

static uint32_t tap_bytes(const struct live_request *r)
{
	uint32_t bytes = TAP_BYTES_MAX, lanes = 0;

	for (unsigned i = 0; i < LANES_MAX; i++)
		lanes += r->wanted[i];
	while ((uint64_t)bytes * lanes > TAPS_BYTES)
		bytes /= 2;
	return bytes;
}

static int create_taps(struct live_capture *l)
{
	const uint32_t bytes = tap_bytes(&l->request);

	l->lane_count = 0;
	for (uint32_t i = 0; i < l->forwarding->link_count * DIRECTIONS; i++) {
		struct site_link *link = &l->forwarding->site->links[i / DIRECTIONS];
		struct tapped_lane *to = &l->lanes[l->lane_count];

		if (!l->request.wanted[i])
			continue;
		*to = (struct tapped_lane){.lane = link->direction[i % DIRECTIONS].lane,
					   .interface = (uint32_t)l->lane_count,
					   .tap = tap_create(&l->request.filter[i], bytes)};
		if (!to->tap)
			return -ENOMEM;
		l->lane_count++;
	}
	return 0;
}

static int check_stream(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof(int);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
		return -EINVAL;
	return domain == AF_UNIX && type == SOCK_STREAM ? 0 : -EINVAL;
}

static void begin(struct live_capture *l)
{
	l->ended = NULL;
	l->delivered = 0;
	l->farewell = 0;
	l->origin_at_ns = 0;
	l->deadline_ns = 0;
	if (l->request.seconds > 0)
		l->deadline_ns = lane_now(l) + (uint64_t)(l->request.seconds * 1e9);
	for (size_t i = 0; i < l->lane_count; i++)
		lane_set_tap(l->lanes[i].lane, l->lanes[i].tap);
	l->tapped = true;
	l->busy = true;
}

/* The stream is the FILE's from the first success on. */
static int open_and_begin(struct live_capture *l, int stream)
{
	FILE *f;

	l->stream = (struct live_stream){.fd = stream, .waiting = waiting, .context = l};
	f = live_stream_open(&l->stream);
	if (!f || pcapng_open(&l->pcapng, f) < 0 || create_taps(l) < 0) {
		destroy_taps(l);
		if (f)
			fclose(f);
		return -ENOMEM;
	}
	begin(l);
	if (pthread_create(&l->thread, NULL, writer_main, l) == 0)
		return 0;
	l->busy = false;
	end_for(l, "daemon");
	(void)await_quiescence(l, QUIESCENT_MS);
	destroy_taps(l);
	fclose(f);
	return -EAGAIN;
}

int live_capture_start(struct live_capture *l, uint64_t client, const json_t *request, int stream,
		       char *error, size_t error_size)
{
	int ret;

	if (check_stream(stream) < 0) {
		snprintf(error, error_size, "capture needs a stream socket beside the request");
		ret = -EINVAL;
	} else if (l->busy) {
		snprintf(
			error, error_size,
			"a capture is under way already, and there is one at a time: end it first");
		ret = -EBUSY;
	} else {
		ret = live_request_read(&l->request, l->forwarding->site, request, error,
					error_size);
	}
	if (ret < 0) {
		if (stream >= 0)
			close(stream);
		return ret;
	}
	l->client = client;
	ret = open_and_begin(l, stream);
	if (ret < 0)
		snprintf(error, error_size, "no memory or thread for a capture: free some");
	return ret;
}

static json_t *result(const struct live_capture *l)
{
	uint64_t missed = 0;

	for (size_t i = 0; i < l->lane_count; i++)
		missed += tap_counts(l->lanes[i].tap).missed;
	return json_pack("{s:I, s:I, s:s}", "packets", (json_int_t)l->delivered, "missed",
			 (json_int_t)missed, "ended", l->ended);
}

static void finish(struct live_capture *l)
{
	pthread_join(l->thread, NULL);
	l->busy = false;
	l->answer(l->context, l->client, result(l));
	destroy_taps(l);
}

int live_capture_fd(const struct live_capture *l)
{
	return l->event_fd;
}

void live_capture_ended(struct live_capture *l)
{
	uint64_t n;

	if (read(l->event_fd, &n, sizeof(n)) == sizeof(n) && l->busy)
		finish(l);
}

struct live_capture *live_capture_create(struct forwarding *f, live_capture_answer answer,
					 void *context)
{
	struct live_capture *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->forwarding = f;
	l->answer = answer;
	l->context = context;
	l->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->event_fd < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void live_capture_destroy(struct live_capture *l)
{
	if (!l)
		return;
	__atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
	if (l->busy)
		finish(l);
	close(l->event_fd);
	free(l);
}
