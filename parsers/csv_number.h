/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one event id that is wanted, as its digits stand in a table's bytes: searched for without looking at
 * rows. Pure.
 */
#ifndef MAPITAIL_CSV_NUMBER_H
#define MAPITAIL_CSV_NUMBER_H

#include "digits.h"
#include "text_break.h"

struct csv_number {
    uint8_t digits[2 * DIGITS_U64_MAX]; /* without the zero at its outer side in UTF-16 */
    size_t n;
    size_t lead, trail; /* bytes of its first and last character outside of digits */
};

void csv_number_init(struct csv_number *number, uint32_t id, enum text_encoding encoding);

/*
 * The next place from *from on that the number, with its lead, begins at, in *at. False if there is none;
 * *from is then where a number that is not there completely may begin.
 */
bool csv_number_find(const struct csv_number *number, const struct text_bytes *t, size_t *from, size_t *at);

/* Where the number that begins at `at` ends. */
static inline size_t csv_number_end(const struct csv_number *number, size_t at)
{
    return at + number->lead + number->n + number->trail;
}

/* Is what stands in [at, end) a whole cell? A row begins at border. */
bool csv_number_is_cell(const struct text_bytes *t, size_t border, size_t at, size_t end, char delimiter);

#endif
