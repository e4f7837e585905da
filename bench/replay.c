/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: bench_replay EDGEMARK CONFIGURATION [PACKETS]
 *
 * Writes a capture of calls (200-byte voice packets from UDP source ports 50000-50019, one
 * every microsecond; a million by default), sends it through `EDGEMARK replay` three times
 * and prints the wall-clock times. The capture is removed afterwards.
 */
#define _GNU_SOURCE /* mkdtemp */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKETS = 1000000,
	FRAME_BYTES = 214, /* Ethernet, IPv4, UDP, RTP and 20 ms of G.711 */
	TURNS = 3,
};

static uint16_t checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (unsigned k = 0; k < 20; k += 2)
		sum += (uint32_t)header[k] << 8 | header[k + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void make_frame(uint8_t frame[FRAME_BYTES], uint32_t n)
{
	static const uint8_t start[34] = {2, 0, 0, 0, 0, 1, 2,	0,  0, 0, 0,  2, 8, 0, 0x45, 0,
					  0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, 0, 13,   107};

	memset(frame, 0, FRAME_BYTES);
	memcpy(frame, start, sizeof(start));
	put16(frame + 16, FRAME_BYTES - 14);
	put16(frame + 28, n % 250);
	put16(frame + 32, 1);
	put16(frame + 24, checksum(frame + 14));
	put16(frame + 34, 50000 + n % 20);
	put16(frame + 36, 3479);
	put16(frame + 38, FRAME_BYTES - 34);
	frame[42] = 0x80;
	put16(frame + 44, n / 250);
}

/* pcap, nanosecond magic, Ethernet. */
static int write_capture(const char *path, uint32_t packets)
{
	const uint32_t head[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 65535, 1};
	uint8_t frame[FRAME_BYTES];
	FILE *f = fopen(path, "wb");
	int err = 0;

	if (f == NULL)
		return -errno;
	fwrite(head, sizeof(head), 1, f);
	for (uint32_t n = 0; n < packets; n++) {
		uint32_t record[4] = {n / 1000000, n % 1000000 * 1000, FRAME_BYTES, FRAME_BYTES};

		make_frame(frame, n);
		fwrite(record, sizeof(record), 1, f);
		fwrite(frame, sizeof(frame), 1, f);
	}
	if (ferror(f))
		err = -EIO;
	if (fclose(f) != 0)
		err = -errno;
	return err;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Seconds, or a negative number where the program failed. */
static double replay(char **argv, char *in, char *out)
{
	char *arguments[] = {argv[1],	 "replay", "-c", argv[2], "--direction",
			     "upstream", in,	   out,	 NULL};
	double start = seconds();
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();

	if (child == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL)
			_exit(126);
		execv(argv[1], arguments);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return -1;
	return seconds() - start;
}

static int measure(char **argv, uint32_t packets, char *in, char *out)
{
	int err = write_capture(in, packets);

	if (err < 0) {
		fprintf(stderr, "edgemark: can't write %s: %s\n", in, strerror(-err));
		return 1;
	}
	for (unsigned turn = 0; turn < TURNS; turn++) {
		double took = replay(argv, in, out);

		if (took < 0) {
			fprintf(stderr, "edgemark: `%s replay` failed\n", argv[1]);
			return 1;
		}
		printf("%u packets of %d bytes through replay: %.2f s\n", packets, FRAME_BYTES,
		       took);
	}
	return 0;
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/bench-replay-XXXXXX", in[64], out[64];
	uint32_t packets = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : PACKETS;
	int code;

	if (argc < 3 || argc > 4 || packets == 0) {
		fprintf(stderr, "usage: bench_replay EDGEMARK CONFIGURATION [PACKETS]\n");
		return 2;
	}
	if (mkdtemp(directory) == NULL) {
		fprintf(stderr, "edgemark: can't make a directory in /tmp: %s\n", strerror(errno));
		return 1;
	}
	snprintf(in, sizeof(in), "%s/in.pcap", directory);
	snprintf(out, sizeof(out), "%s/out.pcap", directory);
	code = measure(argv, packets, in, out);
	unlink(in);
	unlink(out);
	rmdir(directory);
	return code;
}
