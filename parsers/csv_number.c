/* SPDX-License-Identifier: Apache-2.0 */
/* The digits of an event id among the bytes of a table. */
#include "csv_number.h"

#include "csv_cell.h"
#include "needle.h"

void csv_number_init(struct csv_number *number, uint32_t id, enum text_encoding encoding)
{
    char text[DIGITS_U64_MAX];
    size_t n = (size_t)(digits_put(text, id) - text);
    *number = (struct csv_number){.lead = encoding == TEXT_UTF16BE, .trail = encoding == TEXT_UTF16LE};
    for (size_t i = 0; i < n; i++) {
        if (i && encoding != TEXT_UTF8)
            number->digits[number->n++] = 0;
        number->digits[number->n++] = (uint8_t)text[i];
    }
}

bool csv_number_find(const struct csv_number *number, const struct text_bytes *t, size_t *from, size_t *at)
{
    size_t begin = *from + number->lead;
    const uint8_t *hit = NULL;
    if (begin < t->n)
        hit = needle_find(t->p + begin, t->n - begin, number->digits, number->n);
    if (hit) {
        *at = (size_t)(hit - t->p) - number->lead;
        return true;
    }
    if (begin < t->n && t->n - begin >= number->n)
        *from = t->n - number->n + 1 - number->lead;
    return false;
}

static bool is_border(unsigned c, char delimiter)
{
    return c == (unsigned char)delimiter || c == '"' || c == '\n' || c == '\r' || c == 0xfeff;
}

bool csv_number_is_cell(const struct text_bytes *t, size_t border, size_t at, size_t end, char delimiter)
{
    size_t unit = text_unit(t->encoding);
    bool begins = at == border || (at >= unit && is_border(csv_unit_at(t, at - unit), delimiter));
    return begins && (end == t->n || is_border(csv_unit_at(t, end), delimiter));
}
