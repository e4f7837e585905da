/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of the vocabulary, and the word that was probably meant. */
#ifndef EDGEMARK_CONFIG_NAMES_H
#define EDGEMARK_CONFIG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The candidate nearest to word, if near enough to be meant; else NULL. */
struct guess {
	const char *word;
	const char *best;
	size_t distance;
};
void guess_begin(struct guess *g, const char *word);
void guess_try(struct guess *g, const char *candidate);

bool dscp_by_name(const char *name, uint8_t *dscp);
bool protocol_by_name(const char *name, int16_t *protocol);
bool protocol_has_ports(int16_t protocol);

#endif
