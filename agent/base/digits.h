/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as text, two digits at a time, written where the caller has made room: nothing is checked and
 * nothing is terminated. Pure.
 */
#ifndef MAPITAIL_DIGITS_H
#define MAPITAIL_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DIGITS_U64_MAX = 20 }; /* room that digits_put may need */

/* "00" to "99" in a row. */
extern const char digits_pairs[];

/* Writes the last two decimal digits of a value below 100; returns the end. */
static inline char *digits_put_two(char *to, unsigned value)
{
    memcpy(to, digits_pairs + (size_t)value * 2, 2);
    return to + 2;
}

/* How many decimal digits value has. */
size_t digits_count(uint64_t value);

/* Writes value in decimal without padding; returns the end. */
char *digits_put(char *to, uint64_t value);

/* Writes exactly count digits, with zeros in front; returns the end. */
char *digits_put_padded(char *to, uint64_t value, size_t count);

/* Writes the n bytes at from as 2 * n lower-case hexadecimal digits; returns the end. */
char *digits_put_hex(char *to, const void *from, size_t n);

#endif
