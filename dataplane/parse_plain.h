/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser's short way, for the frames that most are: untagged or with one 802.1Q tag,
 * IPv4 without options, no fragment, whatever it carries. It says the same of them as
 * parse.c's long way, many at a time. Thread: the lane's worker.
 */
#ifndef EDGEMARK_PARSE_PLAIN_H
#define EDGEMARK_PARSE_PLAIN_H

#include <stdint.h>

#include "burst.h"

/* Fills in frame_bytes of all frames and the parse arrays of those that are plain. Returns
 * a bit for each of the others, whose entries hold nothing yet. */
uint64_t parse_plain(struct burst *b);

/* The same by the instructions of one kind of machine: all that this one has, for the tests
 * to compare. The first needs no particular machine. */
typedef uint64_t (*parse_plain_way)(struct burst *b);
struct parse_plain_variant {
	const char *name;
	parse_plain_way run;
};
enum { PARSE_PLAIN_VARIANTS = 3 };
uint32_t parse_plain_variants(struct parse_plain_variant out[PARSE_PLAIN_VARIANTS]);

#endif
