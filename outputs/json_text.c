/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON into a buffer. */
#include "json_text.h"

#include "plain_run.h"
#include "utf.h"

enum {
    ESCAPE_MAX = 6,    /* bytes that one byte can become */
    SHORT_TEXT = 1024, /* bytes of text for which that much room is not too much to ask */
};

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

/* Writes the escape of c to to, which has room for ESCAPE_MAX bytes; returns the end. */
static char *escape(char *to, char c)
{
    static const char short_forms[] = "btn\0fr", hex[] = "0123456789abcdef";
    unsigned byte = (unsigned char)c;
    if (c == '"') {
        memcpy(to, "\\\"", 2);
        return to + 2;
    }
    bool has_short = byte >= 8 && byte <= 13 && short_forms[byte - 8];
    if (c == '\\' || byte < 0x20)
        *to++ = '\\';
    if (has_short) {
        *to++ = short_forms[byte - 8];
    } else if (byte < 0x20) {
        memcpy(to, "u00", 3);
        to[3] = hex[byte >> 4];
        to[4] = hex[byte & 15];
        to += 5;
    } else {
        *to++ = c;
    }
    return to;
}

static void put_escape(struct buf *b, char c)
{
    char text[ESCAPE_MAX];
    buf_put(b, sv_make(text, (size_t)(escape(text, c) - text)));
}

/*
 * json_text for text that needs escapes: what is plain is copied while it is looked at. to has ESCAPE_MAX
 * bytes of room for each byte up to the first character outside ASCII; returns the end and sets *read to the
 * bytes read.
 */
static char *copy_ascii(char *to, struct sv v, size_t *read)
{
    size_t at = 0;
    while (at < v.n) {
        size_t n = plain_step(to, v.p + at, v.n - at);
        to += n;
        at += n;
        if (n == PLAIN_STEP || at == v.n)
            continue;
        if (is_high(v.p[at]))
            break;
        to = escape(to, v.p[at++]);
    }
    *read = at;
    return to;
}

static size_t put_ascii(struct buf *b, struct sv v)
{
    size_t read;
    char *to = buf_room(b, v.n * ESCAPE_MAX + PLAIN_STEP);
    if (!to)
        return v.n;
    b->n += (size_t)(copy_ascii(to, v, &read) - to);
    return read;
}

/* The same with no more room than is needed; returns the bytes read. */
static size_t put_ascii_tightly(struct buf *b, struct sv v)
{
    size_t n = plain_run(v);
    buf_put(b, sv_make(v.p, n));
    if (n == v.n || is_high(v.p[n]))
        return n;
    put_escape(b, v.p[n]);
    return n + 1;
}

void json_text(struct buf *b, struct sv v)
{
    while (v.n) {
        size_t n;
        if (is_high(v.p[0]))
            n = put_high(b, v);
        else if (v.n <= SHORT_TEXT && b->limit - b->n >= v.n * ESCAPE_MAX + PLAIN_STEP)
            n = put_ascii(b, v);
        else
            n = put_ascii_tightly(b, v);
        v = sv_make(v.p + n, v.n - n);
    }
}

void json_escaped_value(struct buf *b, struct sv v)
{
    json_text(b, v);
    buf_putc(b, '"');
}

bool json_plain_value(char *to, struct sv v)
{
    to[v.n] = '"';
    return plain_copy(to, v);
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
