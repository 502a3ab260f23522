/* SPDX-License-Identifier: Apache-2.0 */
/* Where lines end, told from raw bytes. */
#include "text_break.h"

#include "needle.h"

/* The character at index i if its unit is whole, else 0. */
static inline unsigned unit_at(const struct text_bytes *t, size_t i)
{
    if (t->encoding == TEXT_UTF8)
        return i < t->n ? t->p[i] : 0;
    if (i >= t->n || t->n - i < 2)
        return 0;
    return t->encoding == TEXT_UTF16LE ? (unsigned)(t->p[i] | t->p[i + 1] << 8)
                                       : (unsigned)(t->p[i] << 8 | t->p[i + 1]);
}

/* Index of the next LF or CR, or t->n. */
static size_t next_control(const struct text_bytes *t, size_t floor, size_t from)
{
    static const uint8_t line_feed[] = {'\n'};
    while (from < t->n) {
        const uint8_t *hit = needle_find_or(t->p + from, t->n - from, line_feed, 1, '\r');
        if (!hit)
            break;
        size_t at = (size_t)(hit - t->p);
        if (t->encoding == TEXT_UTF8 || (t->encoding == TEXT_UTF16LE && (at + 1 == t->n || hit[1] == 0)))
            return at;
        if (t->encoding == TEXT_UTF16BE && at > floor && hit[-1] == 0)
            return at - 1;
        from = at + 1;
    }
    return t->n;
}

bool text_break_next(const struct text_bytes *t, size_t floor, size_t from, bool final, size_t *end,
                     size_t *next)
{
    size_t unit = text_unit(t->encoding), at = next_control(t, floor, from);
    unsigned c = unit_at(t, at);
    *end = at;
    if (c != '\n' && c != '\r')
        return false;
    *next = at + unit;
    if (c == '\r' && t->n - *next < unit)
        return final;
    if (c == '\r' && unit_at(t, *next) == '\n')
        *next += unit;
    return true;
}

bool text_break_before(const struct text_bytes *t, size_t floor, size_t before, size_t *end, size_t *next)
{
    size_t unit = text_unit(t->encoding);
    for (size_t i = before; i >= floor + unit; i--) {
        /* No byte above CR belongs to a terminator where characters are bytes. */
        if (t->encoding == TEXT_UTF8 && t->p[i - 1] > '\r')
            continue;
        size_t at = i - unit;
        unsigned c = unit_at(t, at);
        if (c != '\n' && (c != '\r' || t->n - i < unit))
            continue;
        *end = c == '\n' && at >= floor + unit && unit_at(t, at - unit) == '\r' ? at - unit : at;
        *next = i;
        return true;
    }
    return false;
}

bool text_break_at_end(const struct text_bytes *t)
{
    size_t unit = text_unit(t->encoding);
    unsigned c = t->n >= unit ? unit_at(t, t->n - unit) : 0;
    return c == '\n' || c == '\r';
}
