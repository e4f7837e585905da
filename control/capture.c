/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpcap knows the file formats; here are the stream's buffer, the time in one number, and
 * the errors in words.
 */
#include "capture.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

enum { STREAM_BUFFER_BYTES = 1 << 18 };

static int refuse(const char *path, const char *reason, int err)
{
	fprintf(stderr, "edgemark: %s: %s\n", path, reason);
	return err;
}

static int open_stream(const char *path, FILE **stream)
{
	struct stat status;

	*stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (!*stream)
		return refuse(path, strerror(errno), -errno);
	if (fstat(fileno(*stream), &status) == 0 && S_ISDIR(status.st_mode)) {
		fclose(*stream);
		return refuse(path, "is a directory, expected a pcap or pcapng file", -EISDIR);
	}
	setvbuf(*stream, NULL, _IOFBF, STREAM_BUFFER_BYTES);
	return 0;
}

int capture_open(struct capture *c, const char *path)
{
	char reason[PCAP_ERRBUF_SIZE], text[PCAP_ERRBUF_SIZE + 80];
	FILE *stream;
	pcap_t *handle;
	int err = open_stream(path, &stream);

	*c = (struct capture){.path = path};
	if (err)
		return err;
	handle = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO,
							  reason);
	if (!handle) {
		snprintf(text, sizeof(text), "not a pcap or pcapng file: %s", reason);
		if (stream != stdin)
			fclose(stream);
		return refuse(path, text, -EINVAL);
	}
	c->handle = handle;
	if (pcap_datalink(handle) != DLT_EN10MB) {
		const char *name = pcap_datalink_val_to_name(pcap_datalink(handle));

		snprintf(text, sizeof(text), "link type %s, expected Ethernet (EN10MB)",
			 name ? name : "unknown");
		capture_close(c);
		return refuse(path, text, -EPROTONOSUPPORT);
	}
	return 0;
}

void capture_close(struct capture *c)
{
	if (c->handle)
		pcap_close(c->handle); /* closes the stream, too */
	c->handle = NULL;
}

FILE *capture_stream(const struct capture *c)
{
	return pcap_file(c->handle);
}

static void note_cut(struct capture *c, const struct pcap_pkthdr *header)
{
	if (header->caplen >= header->len)
		return;
	if (c->cut++ == 0)
		fprintf(stderr,
			"edgemark: %s: frame %" PRIu64
			" was recorded cut (%u of %u bytes): frames that end before their IP "
			"datagram pass unclassified; record with a larger snap length\n",
			c->path, c->frames, header->caplen, header->len);
}

int capture_next(struct capture *c, struct captured_frame *frame)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int got = pcap_next_ex(c->handle, &header, &bytes);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1) {
		fprintf(stderr,
			"edgemark: %s: can't be read beyond its first %" PRIu64 " frames: %s\n",
			c->path, c->frames, pcap_geterr(c->handle));
		return -EIO;
	}
	c->frames++;
	note_cut(c, header);
	/* Read for nanoseconds, tv_usec holds them. */
	frame->ns =
		(uint64_t)header->ts.tv_sec * UINT64_C(1000000000) + (uint64_t)header->ts.tv_usec;
	frame->bytes = bytes;
	frame->length = header->caplen;
	return 1;
}
