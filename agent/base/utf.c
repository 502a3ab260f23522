/* SPDX-License-Identifier: Apache-2.0 */
/* Text encodings and the way into UTF-8. */
#include "utf.h"

#define REPLACEMENT UINT32_C(0xfffd)

struct text_form text_form_of(struct sv head)
{
    const uint8_t *p = (const uint8_t *)head.p;
    if (head.n >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
        return (struct text_form){TEXT_UTF8, 3};
    if (head.n >= 2 && p[0] == 0xff && p[1] == 0xfe)
        return (struct text_form){TEXT_UTF16LE, 2};
    if (head.n >= 2 && p[0] == 0xfe && p[1] == 0xff)
        return (struct text_form){TEXT_UTF16BE, 2};
    if (head.n >= 2 && p[0] != 0 && p[1] == 0)
        return (struct text_form){TEXT_UTF16LE, 0};
    if (head.n >= 2 && p[0] == 0 && p[1] != 0)
        return (struct text_form){TEXT_UTF16BE, 0};
    return (struct text_form){TEXT_UTF8, 0};
}

/* Writes c, a valid code point, and returns its bytes. */
static size_t encode(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static uint32_t unit_at(const uint8_t *p, enum text_encoding e)
{
    return e == TEXT_UTF16BE ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

size_t utf8_from_utf16(const uint8_t *from, size_t n, enum text_encoding e, char *to, bool *replaced)
{
    size_t out = 0, at = 0;
    bool bad = false;
    while (n - at >= 2) {
        uint32_t c = unit_at(from + at, e);
        at += 2;
        if (c < 0x80) {
            to[out++] = (char)c;
            continue;
        }
        if (c >= 0xd800 && c < 0xe000) {
            uint32_t low = c < 0xdc00 && n - at >= 2 ? unit_at(from + at, e) : 0;
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            } else {
                c = REPLACEMENT;
                bad = true;
            }
        }
        out += encode(c, to + out);
    }
    if (at < n) {
        out += encode(REPLACEMENT, to + out);
        bad = true;
    }
    if (bad && replaced)
        *replaced = true;
    return out;
}

struct sv utf8_from_utf16_in(struct arena *a, const uint8_t *from, size_t n, enum text_encoding e,
                             bool *replaced)
{
    size_t room = utf8_room_for_utf16(n);
    char *to = arena_alloc(a, room);
    if (!to)
        return SV_ABSENT;
    size_t used = utf8_from_utf16(from, n, e, to, replaced);
    arena_shrink(a, to, room, used);
    return sv_make(to, used);
}

/*
 * Bytes of the well-formed character at p (RFC 3629 section 4), or 0. The ranges of the second byte exclude
 * overlong forms, surrogates and what lies above U+10FFFF.
 */
static size_t sequence(const uint8_t *p, size_t n)
{
    uint8_t lead = p[0], low = 0x80, high = 0xbf;
    size_t length;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        length = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        length = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        length = 4;
    else
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (n < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* Bytes at the beginning of p that are ASCII for certain: all of them, or a multiple of 8. */
static size_t ascii_length(const uint8_t *p, size_t n)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t eight[4];
    size_t at = 0;
    for (; n - at >= sizeof eight; at += sizeof eight) {
        memcpy(eight, p + at, sizeof eight);
        if ((eight[0] | eight[1] | eight[2] | eight[3]) & high)
            break;
    }
    for (; n - at >= sizeof *eight; at += sizeof *eight) {
        memcpy(eight, p + at, sizeof *eight);
        if (*eight & high)
            break;
    }
    /* What is left is less than eight bytes: they are looked at with some of those before. */
    if (n - at < sizeof *eight && at > 0) {
        memcpy(eight, p + n - sizeof *eight, sizeof *eight);
        at = *eight & high ? at : n;
    }
    return at;
}

size_t utf8_valid_length(struct sv v)
{
    const uint8_t *p = (const uint8_t *)v.p;
    size_t at = 0;
    while (at < v.n) {
        at += ascii_length(p + at, v.n - at);
        if (at == v.n)
            break;
        size_t step = sequence(p + at, v.n - at);
        if (step == 0)
            break;
        at += step;
    }
    return at;
}

struct sv utf8_clean(struct arena *a, struct sv v, bool *replaced)
{
    size_t good = utf8_valid_length(v);
    if (good == v.n)
        return v;
    if (replaced)
        *replaced = true;
    size_t room = v.n * 3;
    char *to = arena_alloc(a, room);
    if (!to)
        return SV_ABSENT;
    size_t out = 0;
    while (v.n) {
        good = utf8_valid_length(v);
        memcpy(to + out, v.p, good);
        out += good;
        v = sv_slice(v, good, v.n);
        if (v.n) {
            out += encode(REPLACEMENT, to + out);
            v = sv_slice(v, 1, v.n);
            /* Continuation bytes of a broken character belong to it. */
            while (v.n && ((unsigned char)v.p[0] & 0xc0) == 0x80)
                v = sv_slice(v, 1, v.n);
        }
    }
    arena_shrink(a, to, room, out);
    return sv_make(to, out);
}

struct sv utf8_cut(struct sv v, size_t max)
{
    if (v.n <= max)
        return v;
    size_t n = max;
    while (n && ((unsigned char)v.p[n] & 0xc0) == 0x80)
        n--;
    return sv_slice(v, 0, n);
}

size_t utf8_decode(struct sv v, uint32_t *out)
{
    if (v.n == 0)
        return 0;
    const uint8_t *p = (const uint8_t *)v.p;
    size_t n = sequence(p, v.n);
    switch (n) {
    case 1:
        *out = p[0];
        break;
    case 2:
        *out = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        break;
    case 3:
        *out = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        break;
    case 4:
        *out = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 |
               (p[3] & 0x3f);
        break;
    default:
        *out = REPLACEMENT;
        return 1;
    }
    return n;
}

void buf_utf8(struct buf *b, uint32_t c)
{
    char bytes[4];
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = REPLACEMENT;
    buf_put(b, sv_make(bytes, encode(c, bytes)));
}
