/* SPDX-License-Identifier: BSD-3-Clause */
/* What a call of a codec sends: sizes, the RTP clock, and what is assumed of it. */
#ifndef EDGEMARK_LAB_CODEC_H
#define EDGEMARK_LAB_CODEC_H

#include <stdint.h>

struct codec {
	const char *name;	/* as on the command line */
	const char *title;	/* "G.711, 64 kbit/s" */
	uint32_t payload_bps;	/* mean */
	uint32_t clock_hz;	/* of RTP timestamps */
	uint8_t payload_type;	/* of RTP; 96 and above are dynamic */
	uint8_t swing_percent;	/* payloads vary evenly by up to so much; 0: all alike */
	const char *assumption; /* a sentence */
};

enum {
	PTIME_MS_STEP = 10,
	PTIME_MS_MAX = 60,
	RTP_HEADERS_BYTES = 20 + 8 + 12, /* IPv4, UDP, RTP */
};

/* NULL: there is none of that name. */
const struct codec *codec_find(const char *name);
extern const char codec_names[]; /* "g711, g722, …" */

/* The mean payload of a packet. */
uint32_t codec_payload_bytes(const struct codec *c, uint32_t ptime_ms);

#endif
