/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON into a buffer. */
#include "json_text.h"

#include "plain_run.h"
#include "utf.h"

static bool is_high(char c)
{
    return ((unsigned char)c & 0x80) != 0;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes at the beginning of v that are well-formed characters outside ASCII. */
static size_t high_run(struct sv v)
{
    size_t at = 0;
    while (at < v.n && is_high(v.p[at])) {
        uint32_t c;
        size_t step = utf8_decode(sv_slice(v, at, v.n), &c);
        if (step < 2)
            break;
        at += step;
    }
    return at;
}

/* Copies characters outside ASCII, or replaces what is none; returns the bytes read. */
static size_t put_high(struct buf *b, struct sv v)
{
    size_t n = high_run(v);
    buf_put(b, sv_slice(v, 0, n));
    if (n)
        return n;
    buf_lit(b, "\xef\xbf\xbd");
    for (n = 1; n < v.n && is_continuation(v.p[n]); n++)
        continue;
    return n;
}

static void put_escape(struct buf *b, char c)
{
    static const char short_forms[] = "btn\0fr", hex[] = "0123456789abcdef";
    unsigned byte = (unsigned char)c;
    if (c == '"' || c == '\\')
        buf_put(b, sv_make((char[]){'\\', c}, 2));
    else if (byte >= 8 && byte <= 13 && short_forms[byte - 8])
        buf_put(b, sv_make((char[]){'\\', short_forms[byte - 8]}, 2));
    else if (byte < 0x20)
        buf_put(b, sv_make((char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6));
    else
        buf_putc(b, c);
}

void json_text(struct buf *b, struct sv v)
{
    while (v.n) {
        size_t n = plain_run(v);
        buf_put(b, sv_make(v.p, n));
        v = sv_make(v.p + n, v.n - n);
        if (v.n == 0)
            return;
        n = 1;
        if (is_high(v.p[0]))
            n = put_high(b, v);
        else
            put_escape(b, v.p[0]);
        v = sv_make(v.p + n, v.n - n);
    }
}

void json_value(struct buf *b, struct sv v)
{
    char *to = buf_room(b, v.n + 1);
    if (!to)
        return;
    if (plain_copy(to, v)) {
        to[v.n] = '"';
        b->n += v.n + 1;
        return;
    }
    json_text(b, v);
    buf_putc(b, '"');
}

struct sv text_cut_long(struct sv v, size_t max)
{
    size_t at = 0, characters = 0;
    for (; at < v.n; at++) {
        if (!is_continuation(v.p[at]) && characters++ == max)
            break;
    }
    return sv_slice(v, 0, at);
}
