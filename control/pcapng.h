/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small writer of pcapng (draft-ietf-opsawg-pcapng): Ethernet, nanoseconds, and a comment
 * per packet, which libpcap's own writer has not. Write errors stick and are told at the
 * next call. Thread: the one that owns the writer.
 */
#ifndef EDGEMARK_PCAPNG_H
#define EDGEMARK_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

struct rte_mbuf;

struct pcapng {
	FILE *stream;
	int error; /* the first negative errno */
};

struct pcapng_packet {
	uint32_t interface; /* in the order of pcapng_interface() */
	uint64_t ns;	    /* since 1970 */
	const struct rte_mbuf *frame;
	const char *comment; /* NULL: none */
};

struct pcapng_copy { /* of a frame, perhaps not of all its bytes */
	uint32_t interface;
	uint64_t ns;
	const void *bytes;
	uint32_t captured, frame_bytes;
	const char *comment;
};

struct pcapng_statistics { /* packets of one interface */
	uint32_t interface;
	uint64_t ns, start_ns, end_ns; /* since 1970 */
	uint64_t accepted;	       /* by the filter */
	uint64_t missed;	       /* accepted, and given up for want of room */
	uint64_t delivered;	       /* in this file */
};

/* Takes stream over and writes the section header. 0 or negative errno. */
int pcapng_open(struct pcapng *w, FILE *stream);

/* Describes one more interface, before its first packet. */
int pcapng_interface(struct pcapng *w, const char *name);

int pcapng_packet(struct pcapng *w, const struct pcapng_packet *p);
int pcapng_copy(struct pcapng *w, const struct pcapng_copy *p);

/* At the end: what there was, and what is missing. */
int pcapng_statistics(struct pcapng *w, const struct pcapng_statistics *s);

/* Flushes and closes. The first error there was, or 0. */
int pcapng_close(struct pcapng *w);

#endif
