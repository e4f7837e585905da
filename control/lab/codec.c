/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * G.711 and G.722 are as their standards have them. Of the others the mean rate depends on
 * bandwidth, mode and speech; what the lab takes is said in the assumption.
 */
#include "codec.h"

#include <stddef.h>
#include <string.h>

const char codec_names[] = "g711, g722, silk, opus or rtaudio";

static const struct codec codecs[] = {
	{"g711", "G.711, 64 kbit/s", 64000, 8000, 8, 0, "G.711 A-law: 8 bytes of payload a ms"},
	{"g722", "G.722, 64 kbit/s", 64000, 8000, 9, 0,
	 "G.722: 8 bytes of payload a ms; the RTP clock is 8 kHz, by RFC 3551 4.5.2"},
	{"silk", "SILK wideband, 36 kbit/s", 36000, 16000, 104, 20,
	 "SILK wideband: 36 kbit/s mean, payloads evenly within 20 % of the mean, no FEC"},
	{"opus", "Opus, 24 kbit/s", 24000, 48000, 111, 20,
	 "Opus: 24 kbit/s mean (RFC 6716 2.1.1), payloads evenly within 20 % of it, no FEC"},
	{"rtaudio", "RTAudio wideband, 29 kbit/s", 29000, 16000, 114, 0,
	 "RTAudio wideband: 29 kbit/s, payloads all alike, no FEC"},
};

const struct codec *codec_find(const char *name)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strcmp(codecs[i].name, name) == 0)
			return &codecs[i];
	return NULL;
}

uint32_t codec_payload_bytes(const struct codec *c, uint32_t ptime_ms)
{
	return (c->payload_bps * ptime_ms + 7999) / 8000;
}
