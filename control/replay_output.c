/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpcap writes the frames that left; the small pcapng writer those that did not. Write
 * errors stick, and the replay looks for them now and then: a full disk ends it early.
 */
#include "replay_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>
#include <rte_mbuf.h>

enum {
	STREAM_BUFFER_BYTES = 1 << 20,
	SNAP_LENGTH = 262144,
	NS_PER_SECOND = 1000000000,
};

const char *drop_reason_name(enum drop_reason reason)
{
	static const char *const names[DROP_REASONS] = {[DROP_NONE] = "none",
#define X(enumerator, name, help) [DROP_##enumerator] = (name),
							DROP_REASON_LIST(X)
#undef X
	};

	return names[reason];
}

static FILE *open_for_writing(const char *path)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");

	if (!stream)
		fprintf(stderr, "edgemark: %s: can't be written: %s\n", path, strerror(errno));
	else
		setvbuf(stream, NULL, _IOFBF, STREAM_BUFFER_BYTES);
	return stream;
}

static int open_sent(struct replay_output *o)
{
	o->flat = malloc(SNAP_LENGTH);
	o->format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAP_LENGTH,
							 PCAP_TSTAMP_PRECISION_NANO);
	if (!o->flat || !o->format) {
		fprintf(stderr, "edgemark: out of memory\n");
		return -ENOMEM;
	}
	o->sent_stream = open_for_writing(o->sent_path);
	if (!o->sent_stream)
		return errno ? -errno : -EIO;
	o->dumper = pcap_dump_fopen(o->format, o->sent_stream);
	if (!o->dumper) {
		fprintf(stderr, "edgemark: %s: %s\n", o->sent_path, pcap_geterr(o->format));
		return -EIO;
	}
	return 0;
}

static int open_drops(struct replay_output *o, const char *link)
{
	FILE *stream = open_for_writing(o->drops_path);
	char name[256];

	if (!stream)
		return errno ? -errno : -EIO;
	(void)pcapng_open(&o->drops, stream); /* an error sticks */
	for (int d = 0; d < DIRECTIONS; d++) {
		snprintf(name, sizeof(name), "%s %s", link,
			 config_direction_name((enum direction)d));
		(void)pcapng_interface(&o->drops, name);
	}
	return 0;
}

int replay_output_open(struct replay_output *o, const struct replay *r, const char *sent_path,
		       const char *drops_path, const char *link)
{
	int err;

	o->replay = r;
	o->sent_path = sent_path;
	o->drops_path = drops_path;
	err = open_sent(o);
	if (!err && drops_path)
		err = open_drops(o, link);
	return err;
}

void replay_output_sent(void *context, enum direction d, uint64_t ns, const struct rte_mbuf *frame)
{
	struct replay_output *o = context;
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
		       .tv_usec = (suseconds_t)(ns % NS_PER_SECOND)},
		.caplen = rte_pktmbuf_pkt_len(frame),
		.len = rte_pktmbuf_pkt_len(frame),
	};
	const void *bytes;

	(void)d;
	if (header.caplen > SNAP_LENGTH)
		header.caplen = SNAP_LENGTH;
	bytes = rte_pktmbuf_read(frame, 0, header.caplen, o->flat);
	o->sent_frames++;
	if (o->error)
		return;
	pcap_dump(o->dumper, &header, bytes);
	if (ferror(o->sent_stream))
		o->error = errno ? -errno : -EIO;
}

void replay_output_dropped(void *context, const struct rte_mbuf *frame, enum drop_reason reason,
			   uint8_t class_slot, uint64_t now_ns)
{
	struct replay_output *o = context;
	enum direction d = o->replay->active;

	o->dropped[d][class_slot % CLASS_SLOTS][reason]++;
	if (o->drops.stream)
		(void)pcapng_packet(&o->drops, &(struct pcapng_packet){
						       .interface = d,
						       .ns = replay_time(o->replay, now_ns),
						       .frame = frame,
						       .comment = drop_reason_name(reason),
					       });
}

int replay_output_error(const struct replay_output *o)
{
	return o->error ? o->error : o->drops.error;
}

static int close_sent(struct replay_output *o)
{
	if (!o->sent_stream)
		return 0;
	if (fflush(o->sent_stream) != 0 && !o->error)
		o->error = errno ? -errno : -EIO;
	if (o->dumper)
		pcap_dump_close(o->dumper);
	else
		fclose(o->sent_stream);
	o->dumper = NULL;
	o->sent_stream = NULL;
	return o->error;
}

static int report(const char *path, int err)
{
	if (err)
		fprintf(stderr, "edgemark: %s: can't be written whole: %s\n", path, strerror(-err));
	return err;
}

int replay_output_close(struct replay_output *o)
{
	int err = report(o->sent_path, close_sent(o));

	if (o->drops.stream) {
		int drops_err = report(o->drops_path, pcapng_close(&o->drops));

		err = err ? err : drops_err;
	}
	if (o->format)
		pcap_close(o->format);
	free(o->flat);
	o->format = NULL;
	o->flat = NULL;
	return err;
}
