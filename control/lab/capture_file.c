/* SPDX-License-Identifier: BSD-3-Clause */
/* libpcap writes; the stream tells whether it could. */
#define _GNU_SOURCE /* asprintf */
#include "capture_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

enum { NS_PER_SECOND = 1000000000, BUFFER_BYTES = 1 << 18 };

int capture_file_open(struct capture_file *f, const char *directory, const char *name)
{
	*f = (struct capture_file){0};
	if (asprintf(&f->path, "%s/%s.pcap", directory, name) < 0) {
		f->path = NULL;
		return -ENOMEM;
	}
	f->format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, CAPTURE_SNAP_BYTES,
							 PCAP_TSTAMP_PRECISION_NANO);
	f->stream = fopen(f->path, "wb");
	if (!f->stream) {
		f->error = -errno;
	} else {
		setvbuf(f->stream, NULL, _IOFBF, BUFFER_BYTES);
		if (f->format)
			f->dumper = pcap_dump_fopen(f->format, f->stream);
		if (!f->dumper)
			f->error = -ENOMEM;
	}
	return f->error ? capture_file_close(f) : 0;
}

void capture_file_write(struct capture_file *f, uint64_t ns, const uint8_t *bytes, uint32_t length)
{
	const struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
		       .tv_usec = (suseconds_t)(ns % NS_PER_SECOND)},
		.caplen = length < CAPTURE_SNAP_BYTES ? length : CAPTURE_SNAP_BYTES,
		.len = length,
	};

	if (!f->dumper || f->error)
		return;
	pcap_dump(f->dumper, &header, bytes);
	if (ferror(f->stream))
		f->error = errno ? -errno : -EIO;
}

int capture_file_close(struct capture_file *f)
{
	const int err = f->error;
	int late = 0;

	if (f->stream && fflush(f->stream) != 0)
		late = errno ? -errno : -EIO;
	if (f->dumper)
		pcap_dump_close(f->dumper);
	else if (f->stream)
		fclose(f->stream);
	if (f->format)
		pcap_close(f->format);
	if (err || late)
		fprintf(stderr, "edgemark: %s: can't be written whole: %s\n", f->path,
			strerror(err ? -err : -late));
	free(f->path);
	*f = (struct capture_file){0};
	return err ? err : late;
}
