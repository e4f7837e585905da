/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers are kept as text until their unit is known: libconfig wraps integers at 31
 * bits, and a double can't hold 3953.1. Decimals are scaled in integers instead.
 */
#include "number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_hex(const char *text, size_t length)
{
	return length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

static size_t count_digits(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && is_digit(text[n]))
		n++;
	return n;
}

/* At most two: C's long and long long. */
static size_t count_suffix(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && n < 2 && text[n] == 'L')
		n++;
	return n;
}

static size_t scan_exponent(const char *text, size_t length)
{
	size_t at = 1, digits;

	if (length == 0 || (text[0] != 'e' && text[0] != 'E'))
		return 0;
	if (at < length && (text[at] == '+' || text[at] == '-'))
		at++;
	digits = count_digits(text + at, length - at);
	return digits ? at + digits : 0;
}

static size_t scan_hex(const char *text, size_t length)
{
	size_t at = 2;

	while (at < length && hex_value(text[at]) >= 0)
		at++;
	return at == 2 ? 0 : at + count_suffix(text + at, length - at);
}

size_t number_scan(const char *text, size_t length)
{
	size_t at = length && (text[0] == '-' || text[0] == '+') ? 1 : 0;
	size_t whole, fraction = 0, point = 0, exponent;

	if (at == 0 && is_hex(text, length) && scan_hex(text, length))
		return scan_hex(text, length);
	whole = count_digits(text + at, length - at);
	at += whole;
	if (at < length && text[at] == '.') {
		fraction = count_digits(text + at + 1, length - at - 1);
		point = 1;
	}
	if (whole + fraction == 0)
		return 0;
	at += point + fraction;
	exponent = scan_exponent(text + at, length - at);
	if (point || exponent)
		return at + exponent;
	return at + count_suffix(text + at, length - at);
}

bool number_is_integer(struct number n)
{
	return is_hex(n.text, n.length) ||
	       !(memchr(n.text, '.', n.length) || memchr(n.text, 'e', n.length) ||
		 memchr(n.text, 'E', n.length));
}

static bool append_digit(uint64_t *value, unsigned base, unsigned digit)
{
	return !__builtin_mul_overflow(*value, base, value) &&
	       !__builtin_add_overflow(*value, digit, value);
}

/* The digits of an integer literal, without sign and suffix. */
static int read_magnitude(const char *text, size_t length, uint64_t *value)
{
	bool hex = is_hex(text, length);

	*value = 0;
	for (size_t i = hex ? 2 : 0; i < length && text[i] != 'L'; i++)
		if (!append_digit(value, hex ? 16 : 10, (unsigned)hex_value(text[i])))
			return -ERANGE;
	return 0;
}

int number_to_integer(struct number n, int64_t *value)
{
	bool negative = n.text[0] == '-', sign = negative || n.text[0] == '+';
	uint64_t magnitude;

	if (!number_is_integer(n))
		return -EDOM;
	if (read_magnitude(n.text + sign, n.length - sign, &magnitude) != 0 ||
	    magnitude > INT64_MAX)
		return -ERANGE;
	*value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return 0;
}

/* value * 10^power */
static int scale_up(uint64_t *value, long power)
{
	for (; power > 0 && *value != 0; power--)
		if (!append_digit(value, 10, 0))
			return -ERANGE;
	return 0;
}

static long read_exponent(const char *text, size_t length)
{
	bool negative = false;
	long value = 0;

	for (size_t i = 1; i < length; i++) {
		if (text[i] == '-')
			negative = true;
		else if (is_digit(text[i]) && value < 100000)
			value = value * 10 + (text[i] - '0');
	}
	return negative ? -value : value;
}

/* The literal as digits * 10^power, digits without trailing zeros. */
static int read_decimal(const char *text, size_t length, uint64_t *digits, long *power)
{
	long zeros = 0, places = 0;
	bool fraction = false;
	size_t i;

	*digits = 0;
	for (i = 0; i < length && text[i] != 'e' && text[i] != 'E' && text[i] != 'L'; i++) {
		if (text[i] == '.') {
			fraction = true;
			continue;
		}
		places += fraction;
		zeros++;
		if (text[i] == '0')
			continue;
		if (scale_up(digits, zeros) != 0 ||
		    !append_digit(digits, 1, (unsigned)(text[i] - '0')))
			return fraction ? -EDOM : -ERANGE;
		zeros = 0;
	}
	*power = zeros - places;
	if (i < length && text[i] != 'L')
		*power += read_exponent(text + i, length - i);
	return 0;
}

int number_to_scaled(struct number n, unsigned decimals, uint64_t *value)
{
	bool negative = n.text[0] == '-', sign = negative || n.text[0] == '+';
	long power = 0;
	int error;

	if (is_hex(n.text, n.length))
		error = read_magnitude(n.text, n.length, value);
	else
		error = read_decimal(n.text + sign, n.length - sign, value, &power);
	if (error)
		return error;
	if (*value == 0)
		return 0;
	if (negative)
		return -ERANGE;
	power += (long)decimals;
	return power < 0 ? -EDOM : scale_up(value, power);
}

const char *number_format(uint64_t value, unsigned decimals, char *buffer, size_t size)
{
	uint64_t scale = 1;
	char fraction[24] = "";

	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	if (value % scale) {
		size_t length = (size_t)snprintf(fraction, sizeof(fraction), ".%0*" PRIu64,
						 (int)decimals, value % scale);
		while (fraction[length - 1] == '0')
			fraction[--length] = '\0';
	}
	snprintf(buffer, size, "%" PRIu64 "%s", value / scale, fraction);
	return buffer;
}
