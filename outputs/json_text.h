/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON (RFC 8259) into a buffer: one line, UTF-8, nothing that is absent.
 *
 * A key is given as it stands in the text with the comma before it, ',"name":'. An object or an array is
 * opened by its key alone, its members each begin with a comma, and closing puts the bracket in the place of
 * the first comma. So no writer has to know whether it comes first, and an object without members vanishes
 * together with its key.
 *
 * What is called for every field is inline, so that a constant key is copied without a call.
 */
#ifndef MAPITAIL_JSON_TEXT_H
#define MAPITAIL_JSON_TEXT_H

#include "buf.h"
#include "digits.h"

enum { KEYWORD_MAX = 1024 }; /* characters: longer keyword values are not indexed (ECS, ignore_above) */

/*
 * Appends v as the inside of a JSON string: '"', '\' and U+0000 … U+001F escaped, each maximal part that is
 * no UTF-8 as U+FFFD, all else unchanged.
 */
void json_text(struct buf *b, struct sv v);

/* The same and the closing quote, for a value that is not plain. */
void json_escaped_value(struct buf *b, struct sv v);

/*
 * Writes v and the closing quote to to, which has room for them; false if v needs escapes, and what is at to
 * is worthless.
 */
bool json_plain_value(char *to, struct sv v);

/* Appends key and v as a string whatever is in v, even nothing. key: ',"name":"', with the opening quote. */
static inline void json_string(struct buf *b, struct sv key, struct sv v)
{
    /* Asked for in one piece: most values go out as they are. */
    char *to = buf_room(b, key.n + v.n + 1);
    if (!to)
        return;
    memcpy(to, key.p, key.n);
    b->n += key.n;
    if (json_plain_value(to + key.n, v))
        b->n += v.n + 1;
    else
        json_escaped_value(b, v);
}

/* Appends the inside of a string and the closing quote. */
static inline void json_value(struct buf *b, struct sv v)
{
    json_string(b, SV(""), v);
}

/* json_string, but nothing when v is empty or absent. */
static inline void json_field(struct buf *b, struct sv key, struct sv v)
{
    if (v.n)
        json_string(b, key, v);
}

/* The same for a value that is there and needs no escape. */
static inline void json_plain_field(struct buf *b, struct sv key, struct sv v)
{
    char *to = buf_room(b, key.n + v.n + 1);
    if (!to)
        return;
    memcpy(to, key.p, key.n);
    memcpy(to + key.n, v.p, v.n);
    to[key.n + v.n] = '"';
    b->n += key.n + v.n + 1;
}

/* Appends v as a string element of an array; nothing when v is empty or absent. */
static inline void json_item(struct buf *b, struct sv v)
{
    json_field(b, SV(",\""), v);
}

/* text_cut_characters for what has more bytes than max. */
struct sv text_cut_long(struct sv v, size_t max);

/* The longest beginning of v that has at most max characters, for keyword fields (ignore_above). v is UTF-8.
 */
static inline struct sv text_cut_characters(struct sv v, size_t max)
{
    return v.n <= max ? v : text_cut_long(v, max);
}

/* json_field for a field that ECS types as keyword: cut to KEYWORD_MAX characters. */
static inline void json_keyword(struct buf *b, struct sv key, struct sv v)
{
    json_field(b, key, text_cut_characters(v, KEYWORD_MAX));
}

/* Appends key, a number and what follows it. key: ',"name":'. */
static inline void json_number_then(struct buf *b, struct sv key, uint64_t value, struct sv after)
{
    size_t count = value < 10 ? 1 : digits_count(value);
    char *to = buf_room(b, key.n + count + after.n);
    if (!to)
        return;
    memcpy(to, key.p, key.n);
    to[key.n] = (char)('0' + value);
    if (count > 1)
        digits_put_padded(to + key.n, value, count);
    memcpy(to + key.n + count, after.p, after.n);
    b->n += key.n + count + after.n;
}

static inline void json_number(struct buf *b, struct sv key, uint64_t value)
{
    json_number_then(b, key, value, SV(""));
}

/* Where an object or an array was opened. */
struct json_mark {
    size_t key, body;
};

static inline struct json_mark json_open(struct buf *b, struct sv key)
{
    struct json_mark mark = {.key = b->n};
    buf_put(b, key);
    mark.body = b->n;
    return mark;
}

/* brackets: "{}" or "[]". */
static inline void json_close(struct buf *b, struct json_mark mark, const char *brackets)
{
    if (!buf_ok(b))
        return;
    if (b->n == mark.body) {
        buf_cut(b, mark.key);
        return;
    }
    b->p[mark.body] = brackets[0];
    buf_putc(b, brackets[1]);
}

#endif
