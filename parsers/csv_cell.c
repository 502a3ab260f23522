/* SPDX-License-Identifier: Apache-2.0 */
/* One cell of a table after the other. */
#include "csv_cell.h"

#include <string.h>

/* What stands at index i: does it end a cell? */
static enum csv_after ending(const struct text_bytes *t, size_t i, char delimiter, bool final, size_t *next)
{
    size_t unit = text_unit(t->encoding), end;
    unsigned c = csv_unit_at(t, i);
    if (i >= t->n || t->n - i < unit) {
        *next = t->n;
        return final ? CSV_AFTER_INPUT : CSV_AFTER_OPEN;
    }
    *next = i + unit;
    if (c == (unsigned char)delimiter)
        return CSV_AFTER_DELIMITER;
    if (c == '\n')
        return CSV_AFTER_LINE;
    struct text_bytes pair = {t->p, i + 2 * unit < t->n ? i + 2 * unit : t->n, t->encoding};
    if (!text_break_next(&pair, i, i, final || pair.n < t->n, &end, next))
        return CSV_AFTER_OPEN;
    return CSV_AFTER_LINE;
}

static bool may_end(unsigned c, char delimiter)
{
    return c == (unsigned char)delimiter || c == '\n' || c == '\r';
}

/* Index of the next quote at or behind i, or of the end. */
static size_t next_quote(const struct text_bytes *t, size_t i)
{
    size_t unit = text_unit(t->encoding);
    if (t->encoding == TEXT_UTF8) {
        const uint8_t *hit = i < t->n ? memchr(t->p + i, '"', t->n - i) : NULL;
        return hit ? (size_t)(hit - t->p) : t->n;
    }
    while (t->n - i >= unit && csv_unit_at(t, i) != '"')
        i += unit;
    return i;
}

/* Letters and digits are above all that is looked for but the delimiter. */
static size_t next_end_utf8(const struct text_bytes *t, size_t i, char delimiter, bool *quotes)
{
    const uint8_t *p = t->p;
    size_t n = t->n;
    for (; i < n; i++) {
        if (p[i] > '"' && p[i] != (unsigned char)delimiter)
            continue;
        if (may_end(p[i], delimiter))
            break;
        *quotes |= p[i] == '"';
    }
    return i;
}

/* The same for what ends a cell without quotes; *quotes is set where it has one. */
static size_t next_end(const struct text_bytes *t, size_t i, char delimiter, bool *quotes)
{
    size_t unit = text_unit(t->encoding);
    if (t->encoding == TEXT_UTF8)
        return next_end_utf8(t, i, delimiter, quotes);
    for (; t->n - i >= unit; i += unit) {
        unsigned c = csv_unit_at(t, i);
        if (may_end(c, delimiter))
            break;
        *quotes |= c == '"';
    }
    return i;
}

static void finish(struct csv_cell *out, enum csv_after after, size_t end, size_t at, size_t next)
{
    out->after = after;
    out->end = end;
    out->line_end = at;
    out->next = next;
}

static void plain_cell(const struct text_bytes *t, size_t at, const struct csv_layout *layout, bool final,
                       struct csv_cell *out)
{
    bool quotes = false;
    size_t next, i = next_end(t, at, layout->delimiter, &quotes);
    out->exact = !quotes || layout->style != CSV_QUOTED;
    enum csv_after after = ending(t, i, layout->delimiter, final, &next);
    finish(out, after, i, i, next);
}

static void quoted_cell(const struct text_bytes *t, size_t at, const struct csv_layout *layout, bool final,
                        struct csv_cell *out)
{
    size_t unit = text_unit(t->encoding), next, i = at + unit;
    out->quoted = true;
    out->begin = i;
    for (; t->n - (i = next_quote(t, i)) >= unit; i += unit) {
        size_t behind = i + unit;
        bool at_end = t->n - behind < unit;
        unsigned c = csv_unit_at(t, behind);
        if (!at_end && c == '"') {
            out->doubled = true;
            i = behind;
        } else if (at_end || may_end(c, layout->delimiter)) {
            finish(out, ending(t, behind, layout->delimiter, final, &next), i, behind, 0);
            out->next = next;
            return;
        } else {
            out->exact = false;
        }
    }
    out->unclosed = true;
    out->exact = false;
    finish(out, final ? CSV_AFTER_INPUT : CSV_AFTER_OPEN, t->n, t->n, t->n);
}

void csv_cell_at(const struct text_bytes *t, size_t at, const struct csv_layout *layout, bool final,
                 struct csv_cell *out)
{
    *out = (struct csv_cell){.begin = at, .exact = true};
    if (layout->style == CSV_QUOTED && csv_unit_at(t, at) == '"')
        quoted_cell(t, at, layout, final, out);
    else
        plain_cell(t, at, layout, final, out);
}

/* --- parity --- */

/*
 * Eight bytes at a time: the high bit of every lane that equals the pattern's is set, and adding up without
 * carry (exclusive or) keeps of the number what is asked for.
 */
static uint64_t equal_lanes(uint64_t word, uint64_t pattern, uint64_t high)
{
    uint64_t x = word ^ pattern;
    return ~(((x & ~high) + ~high) | x | ~high);
}

static bool odd_bits(uint64_t v)
{
    v ^= v >> 32;
    v ^= v >> 16;
    v ^= v >> 8;
    v ^= v >> 4;
    v ^= v >> 2;
    v ^= v >> 1;
    return v & 1;
}

/* Every lane of a word holds c, as the bytes of t have it. */
static uint64_t spread(const struct text_bytes *t, unsigned char c)
{
    uint8_t lanes[8] = {0};
    uint64_t word;
    size_t unit = text_unit(t->encoding);
    for (size_t i = t->encoding == TEXT_UTF16BE; i < sizeof lanes; i += unit)
        lanes[i] = c;
    memcpy(&word, lanes, sizeof word);
    return word;
}

bool csv_has_odd_quotes(const struct text_bytes *t, size_t from, size_t to)
{
    uint64_t pattern = spread(t, '"'), sum = 0, word;
    uint64_t high = t->encoding == TEXT_UTF8 ? UINT64_C(0x8080808080808080) : UINT64_C(0x8000800080008000);
    size_t unit = text_unit(t->encoding), i = from;
    bool odd = false;
    for (; to - i >= sizeof word; i += sizeof word) {
        memcpy(&word, t->p + i, sizeof word);
        sum ^= equal_lanes(word, pattern, high);
    }
    for (; to - i >= unit; i += unit)
        odd ^= csv_unit_at(t, i) == '"';
    return odd ^ odd_bits(sum);
}
