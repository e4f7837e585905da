/* SPDX-License-Identifier: BSD-3-Clause */
/* send() never blocks here; poll() does, for a while. */
#define _GNU_SOURCE /* fopencookie, POLLRDHUP */
#include "live_stream.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	WAIT_MS = 50,
	BUFFER_BYTES = 1 << 16,
};

/* All, or less with errno set: stdio keeps the error. */
static ssize_t stream_write(void *cookie, const char *bytes, size_t n)
{
	const struct live_stream *s = cookie;
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	size_t sent = 0;

	while (sent < n) {
		const ssize_t ret =
			send(s->fd, bytes + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (ret >= 0) {
			sent += (size_t)ret;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return 0;
		if (poll(&p, 1, WAIT_MS) == 0 && !s->waiting(s->context)) {
			errno = ETIMEDOUT;
			return 0;
		}
	}
	return (ssize_t)n;
}

static int stream_close(void *cookie)
{
	const struct live_stream *s = cookie;

	return close(s->fd);
}

FILE *live_stream_open(struct live_stream *s)
{
	FILE *f = fopencookie(
		s, "wb", (cookie_io_functions_t){.write = stream_write, .close = stream_close});

	if (!f)
		close(s->fd);
	else
		setvbuf(f, NULL, _IOFBF, BUFFER_BYTES);
	return f;
}

bool live_stream_ended(const struct live_stream *s, int timeout_ms)
{
	struct pollfd p = {.fd = s->fd, .events = POLLRDHUP};

	return poll(&p, 1, timeout_ms) > 0;
}
