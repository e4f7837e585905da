/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block is its type, its length, a body padded to 32 bits, options, and the length once
 * more. Numbers are in this host's order, which the section header's magic tells.
 */
#include "pcapng.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_ETHERNET = 1,

	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_SHB_USERAPPL = 4,
	OPTION_ISB_STARTTIME = 2,
	OPTION_ISB_ENDTIME = 3,
	OPTION_ISB_IFDROP = 5,
	OPTION_ISB_FILTERACCEPT = 6,
	OPTION_ISB_USRDELIV = 8,

	TSRESOL_NANOSECONDS = 9, /* 10^-9 */
	OPTION_TEXT_MAX = 1024,
};

static uint32_t padded(uint32_t n)
{
	return (n + 3) & ~UINT32_C(3);
}

static void put(struct pcapng *w, const void *bytes, size_t n)
{
	if (w->error || n == 0)
		return;
	if (fwrite(bytes, n, 1, w->stream) != 1)
		w->error = errno ? -errno : -EIO;
}

static void put_u16(struct pcapng *w, uint16_t n)
{
	put(w, &n, sizeof(n));
}

static void put_u32(struct pcapng *w, uint32_t n)
{
	put(w, &n, sizeof(n));
}

static void put_padding(struct pcapng *w, uint32_t n)
{
	static const uint8_t zero[3];

	put(w, zero, padded(n) - n);
}

static uint32_t option_bytes(uint32_t n)
{
	return 4 + padded(n);
}

static void put_option(struct pcapng *w, uint16_t code, const void *value, uint32_t n)
{
	put_u16(w, code);
	put_u16(w, (uint16_t)n);
	put(w, value, n);
	put_padding(w, n);
}

static uint32_t text_bytes(const char *text)
{
	return (uint32_t)strnlen(text, OPTION_TEXT_MAX);
}

int pcapng_open(struct pcapng *w, FILE *stream)
{
	static const char application[] = "edgemark";
	const uint32_t n = sizeof(application) - 1;
	const uint32_t length = 28 + option_bytes(n) + option_bytes(0);
	const int64_t section_length = -1; /* not known yet */

	*w = (struct pcapng){.stream = stream};
	put_u32(w, BLOCK_SECTION);
	put_u32(w, length);
	put_u32(w, BYTE_ORDER_MAGIC);
	put_u16(w, 1); /* version 1.0 */
	put_u16(w, 0);
	put(w, &section_length, sizeof(section_length));
	put_option(w, OPTION_SHB_USERAPPL, application, n);
	put_option(w, OPTION_END, NULL, 0);
	put_u32(w, length);
	return w->error;
}

int pcapng_interface(struct pcapng *w, const char *name)
{
	const uint32_t n = text_bytes(name);
	const uint32_t length = 20 + option_bytes(n) + option_bytes(1) + option_bytes(0);
	const uint8_t resolution = TSRESOL_NANOSECONDS;

	put_u32(w, BLOCK_INTERFACE);
	put_u32(w, length);
	put_u16(w, LINKTYPE_ETHERNET);
	put_u16(w, 0);
	put_u32(w, 0); /* no limit on captured bytes */
	put_option(w, OPTION_IF_NAME, name, n);
	put_option(w, OPTION_IF_TSRESOL, &resolution, 1);
	put_option(w, OPTION_END, NULL, 0);
	put_u32(w, length);
	return w->error;
}

static void put_time(struct pcapng *w, uint64_t ns)
{
	put_u32(w, (uint32_t)(ns >> 32));
	put_u32(w, (uint32_t)ns);
}

/* The block's length. */
static uint32_t begin_packet(struct pcapng *w, const struct pcapng_copy *p)
{
	const uint32_t n = p->comment ? text_bytes(p->comment) : 0;
	const uint32_t options = p->comment ? option_bytes(n) + option_bytes(0) : 0;
	const uint32_t length = 32 + padded(p->captured) + options;

	put_u32(w, BLOCK_PACKET);
	put_u32(w, length);
	put_u32(w, p->interface);
	put_time(w, p->ns);
	put_u32(w, p->captured);
	put_u32(w, p->frame_bytes);
	return length;
}

static int end_packet(struct pcapng *w, const struct pcapng_copy *p, uint32_t length)
{
	put_padding(w, p->captured);
	if (p->comment) {
		put_option(w, OPTION_COMMENT, p->comment, text_bytes(p->comment));
		put_option(w, OPTION_END, NULL, 0);
	}
	put_u32(w, length);
	return w->error;
}

int pcapng_copy(struct pcapng *w, const struct pcapng_copy *p)
{
	const uint32_t length = begin_packet(w, p);

	put(w, p->bytes, p->captured);
	return end_packet(w, p, length);
}

int pcapng_packet(struct pcapng *w, const struct pcapng_packet *p)
{
	const uint32_t bytes = rte_pktmbuf_pkt_len(p->frame);
	const struct pcapng_copy whole = {
		.interface = p->interface,
		.ns = p->ns,
		.captured = bytes,
		.frame_bytes = bytes,
		.comment = p->comment,
	};
	const uint32_t length = begin_packet(w, &whole);

	for (const struct rte_mbuf *m = p->frame; m; m = m->next)
		put(w, rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m));
	return end_packet(w, &whole, length);
}

static void put_option_time(struct pcapng *w, uint16_t code, uint64_t ns)
{
	put_u16(w, code);
	put_u16(w, sizeof(ns));
	put_time(w, ns);
}

int pcapng_statistics(struct pcapng *w, const struct pcapng_statistics *s)
{
	const uint32_t length = 24 + 5 * option_bytes(sizeof(uint64_t)) + option_bytes(0);

	put_u32(w, BLOCK_STATISTICS);
	put_u32(w, length);
	put_u32(w, s->interface);
	put_time(w, s->ns);
	put_option_time(w, OPTION_ISB_STARTTIME, s->start_ns);
	put_option_time(w, OPTION_ISB_ENDTIME, s->end_ns);
	put_option(w, OPTION_ISB_IFDROP, &s->missed, sizeof(s->missed));
	put_option(w, OPTION_ISB_FILTERACCEPT, &s->accepted, sizeof(s->accepted));
	put_option(w, OPTION_ISB_USRDELIV, &s->delivered, sizeof(s->delivered));
	put_option(w, OPTION_END, NULL, 0);
	put_u32(w, length);
	return w->error;
}

int pcapng_close(struct pcapng *w)
{
	if (fclose(w->stream) != 0 && !w->error)
		w->error = errno ? -errno : -EIO;
	w->stream = NULL;
	return w->error;
}
