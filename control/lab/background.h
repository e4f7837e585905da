/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The traffic beside the calls, as --background says it:
 *
 *	SPEC  = none | ITEM[,ITEM…]
 *	ITEM  = bulk:KBPS[:BYTES]	best effort, evenly spaced packets
 *		poisson:KBPS[:BYTES]	best effort, exponential gaps; sizes of 40, 576 and
 *					1500 bytes as 7:4:1, unless BYTES is given
 *		video:KBPS[:BYTES]	UDP from the video ports, 30 pictures a second, each
 *					sent at once in packets of up to BYTES
 *		saturate[:BYTES]	best effort, evenly spaced, at 110 % of the link
 *
 * BYTES are of IP, 1500 by default (video: 1200). KBPS count what the contract counts.
 */
#ifndef EDGEMARK_LAB_BACKGROUND_H
#define EDGEMARK_LAB_BACKGROUND_H

#include <stddef.h>
#include <stdint.h>

enum background_kind { BACKGROUND_BULK, BACKGROUND_POISSON, BACKGROUND_VIDEO, BACKGROUND_SATURATE };

enum {
	BACKGROUND_ITEMS_MAX = 16,
	BACKGROUND_KBPS_MAX = 100000000,
	BACKGROUND_BYTES_MIN = 40,
	BACKGROUND_BYTES_MAX = 1500,
	SATURATE_PERCENT = 110,
	PICTURES_PER_SECOND = 30,
};

struct background_item {
	enum background_kind kind;
	uint64_t bps;	   /* saturate: 0, it follows the link */
	uint32_t ip_bytes; /* 0: mixed sizes */
};

struct background {
	struct background_item items[BACKGROUND_ITEMS_MAX];
	size_t count;
};

/* 0, or -EINVAL with what was expected in *expected and where in *at (both static, or
 * inside spec). */
int background_parse(const char *spec, struct background *b, const char **at,
		     const char **expected);

#endif
