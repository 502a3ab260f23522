/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text looked at where it matters: from a key back to the beginning of its record, and from there to the
 * record's end, without reading what lies between records. RFC 8259.
 *
 * What makes that possible: a quote inside a string is escaped, so `"EventID": 9646` with bare quotes stands
 * outside of strings, and from there strings can be followed backwards. A record is the innermost object
 * around the key that is no member of another object: it lies in an array, or at the top. An object of the
 * form {"key": …} (OTLP's maps) is part of what is around it.
 *
 * A brace at the very beginning of a line opens a record, never a member's value, so that a record that was
 * torn off does not take the next one with it.
 *
 * Indexes are bytes. In UTF-16 the units lie where the index given lies. Pure.
 */
#ifndef MAPITAIL_JSON_SCAN_H
#define MAPITAIL_JSON_SCAN_H

#include "reader.h"
#include "text_break.h"

enum {
    JSON_DEPTH_MAX = 64,     /* brackets within brackets in one record */
    JSON_VALUES_MAX = 16384, /* commas, colons and brackets in one record: what decoding may take of memory */
    JSON_KEY_MAX = 24,       /* the longest id key */
    JSON_WIDE_KEYS = 2,      /* keys of ids that have the qualifiers in their high half */
    JSON_KEY_BYTES_MAX = 64, /* of such a key with its quotes, in any encoding */
};

static inline bool json_is_there(const struct text_bytes *t, size_t i)
{
    return t->n >= text_unit(t->encoding) && i <= t->n - text_unit(t->encoding);
}

/* The ASCII character at index i, which has a whole unit; 0x80 for any other. */
static inline unsigned json_char_at(const struct text_bytes *t, size_t i)
{
    if (t->encoding == TEXT_UTF8)
        return t->p[i] < 0x80 ? t->p[i] : 0x80;
    unsigned low = t->encoding == TEXT_UTF16LE ? t->p[i] : t->p[i + 1];
    unsigned high = t->encoding == TEXT_UTF16LE ? t->p[i + 1] : t->p[i];
    return high == 0 && low < 0x80 ? low : 0x80;
}

/* Bytes of p[0, n) before the first quote, backslash or control character. */
static inline size_t json_plain_length(const uint8_t *p, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones * 0x80;
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t eight = load_le64(p + i), quotes = eight ^ (ones * '"'), backslashes = eight ^ (ones * '\\');
        /* A subtraction that borrows marks a byte; borrowing from its neighbour marks none that is lower. */
        uint64_t marks = ((eight - ones * 0x20) & ~eight) | ((quotes - ones) & ~quotes) |
                         ((backslashes - ones) & ~backslashes);
        if (marks & highs)
            return i + (size_t)__builtin_ctzll(marks & highs) / 8;
    }
    while (i < n && p[i] != '"' && p[i] != '\\' && p[i] >= 0x20)
        i++;
    return i;
}

/* What stands around the digits of an id. */
enum json_hit {
    JSON_HIT_NO,
    JSON_HIT_YES,
    JSON_HIT_CUT, /* no telling before there are more bytes */
};

/*
 * Are the digits [at, at + n) the whole value of an id key? No look before floor. *outside is the value's
 * beginning, its quote where it has one: outside of strings.
 */
enum json_hit json_id_at(const struct text_bytes *t, size_t floor, size_t at, size_t n, bool final,
                         size_t *outside);

/* Writes the key-th key of ids with 32 bits, its quotes included, as it stands in the file; returns its
 * bytes. */
size_t json_wide_key(size_t key, enum text_encoding encoding, uint8_t to[JSON_KEY_BYTES_MAX]);

/*
 * Has the key of n bytes at index at a number whose low 16 bits are id, decimal, as 32 bits or as a negative
 * number? *outside as above, *next is behind its digits.
 */
enum json_hit json_wide_id_at(const struct text_bytes *t, size_t at, size_t n, bool final, uint32_t id,
                              size_t *outside, size_t *next);

/* Does an id key end with the quote at index at (its colon follows)? For selectors of many ids. */
enum json_hit json_id_key_at(const struct text_bytes *t, size_t floor, size_t at, bool final);

enum json_around {
    JSON_AROUND_FOUND,  /* *start: where the record begins */
    JSON_AROUND_NONE,   /* no object begins in [floor, at) */
    JSON_AROUND_BROKEN, /* a line break in what would be a string; *start: behind it */
};

/* The record around index at, which lies outside of strings. */
enum json_around json_record_start(const struct text_bytes *t, size_t floor, size_t at, size_t *start);

enum json_walk {
    JSON_WALK_END,
    JSON_WALK_MORE,   /* the record goes on behind the bytes that are there */
    JSON_WALK_BROKEN, /* not JSON: a string that its line does not close, or brackets that do not match */
    JSON_WALK_DEEP,
    JSON_WALK_MANY,
};

/* From the record's bracket at start to behind its end; *end is where the walk ended in any case. */
enum json_walk json_record_end(const struct text_bytes *t, size_t start, size_t *end);

/* Is an object open at the end of t, of which nothing lies before floor? *start: the outermost one. */
bool json_open_record(const struct text_bytes *t, size_t floor, size_t *start);

#endif
