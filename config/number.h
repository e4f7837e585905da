/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as they were written: exact, of any size, with or without an L. */
#ifndef EDGEMARK_CONFIG_NUMBER_H
#define EDGEMARK_CONFIG_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number { /* a literal: [-+]digits[L[L]], 0xdigits[L[L]], or with a point or exponent */
	const char *text;
	size_t length;
};

/* Length of the literal that text begins with; 0: it is none. */
size_t number_scan(const char *text, size_t length);

bool number_is_integer(struct number n);

/* 0, -EDOM where it has a point or exponent, -ERANGE where 64 bits can't hold it. */
int number_to_integer(struct number n, int64_t *value);

/* value = n * 10^decimals exactly: 0, -EDOM where n is finer than that, or
 * -ERANGE where it is negative or beyond 64 bits. */
int number_to_scaled(struct number n, unsigned decimals, uint64_t *value);

/* Writes value / 10^decimals, without trailing zeros. */
const char *number_format(uint64_t value, unsigned decimals, char *buffer, size_t size);

#endif
