/* SPDX-License-Identifier: BSD-3-Clause */
/* libpcap's dumper with a long buffer. */
#include "rfc7640_capture.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

enum {
	BUFFER_BYTES = 1 << 20,
	SNAP_LENGTH = 65535,
	NS_PER_SECOND = 1000000000,
};

struct capture_writer {
	FILE *stream;
	pcap_t *format;
	pcap_dumper_t *dumper; /* closes the stream, too */
};

int capture_writer_open(void **writer, const char *path)
{
	struct capture_writer *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	*writer = w;
	if (!w)
		return err;
	w->stream = fopen(path, "wb");
	if (!w->stream) {
		err = -errno;
		fprintf(stderr, "edgemark: %s: can't be written: %s\n", path, strerror(-err));
		return err;
	}
	setvbuf(w->stream, NULL, _IOFBF, BUFFER_BYTES);
	w->format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAP_LENGTH,
							 PCAP_TSTAMP_PRECISION_NANO);
	if (w->format)
		w->dumper = pcap_dump_fopen(w->format, w->stream);
	if (!w->dumper)
		fprintf(stderr, "edgemark: %s: can't be written\n", path);
	return w->dumper ? 0 : -EIO;
}

void capture_writer_add(void *writer, uint64_t ns, const uint8_t *bytes, uint32_t length)
{
	struct capture_writer *w = writer;
	const struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
		       .tv_usec = (suseconds_t)(ns % NS_PER_SECOND)},
		.caplen = length,
		.len = length,
	};

	pcap_dump((u_char *)w->dumper, &header, bytes);
}

int capture_writer_close(void **writer, const char *path)
{
	struct capture_writer *w = *writer;
	bool sound = true;

	if (!w)
		return 0;
	if (w->dumper) {
		sound = pcap_dump_flush(w->dumper) == 0 && !ferror(w->stream);
		pcap_dump_close(w->dumper);
	} else if (w->stream) {
		fclose(w->stream);
	}
	if (w->format)
		pcap_close(w->format);
	free(w);
	*writer = NULL;
	if (!sound && path)
		fprintf(stderr, "edgemark: %s: can't be written whole\n", path);
	return sound ? 0 : -EIO;
}
