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
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_ETHERNET = 1,

	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_SHB_USERAPPL = 4,

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

int pcapng_packet(struct pcapng *w, const struct pcapng_packet *p)
{
	const uint32_t bytes = rte_pktmbuf_pkt_len(p->frame);
	const uint32_t n = p->comment ? text_bytes(p->comment) : 0;
	const uint32_t options = p->comment ? option_bytes(n) + option_bytes(0) : 0;
	const uint32_t length = 32 + padded(bytes) + options;

	put_u32(w, BLOCK_PACKET);
	put_u32(w, length);
	put_u32(w, p->interface);
	put_u32(w, (uint32_t)(p->ns >> 32));
	put_u32(w, (uint32_t)p->ns);
	put_u32(w, bytes);
	put_u32(w, bytes);
	for (const struct rte_mbuf *m = p->frame; m; m = m->next)
		put(w, rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m));
	put_padding(w, bytes);
	if (p->comment) {
		put_option(w, OPTION_COMMENT, p->comment, n);
		put_option(w, OPTION_END, NULL, 0);
	}
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
