/* SPDX-License-Identifier: Apache-2.0 */
/* BinXML's values as text. */
#include "binxml.h"

#include "event_text.h"
#include "utf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t little_endian(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = n < 8 ? n : 8; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

static int64_t sign_extended(const uint8_t *p, size_t n)
{
    uint64_t v = little_endian(p, n);
    if (n > 0 && n < 8 && v >> (n * 8 - 1) & 1)
        v |= UINT64_MAX << (n * 8);
    return v <= INT64_MAX ? (int64_t)v : -(int64_t)(UINT64_MAX - v) - 1;
}

/* Four units of ASCII other than NUL. */
static inline bool is_plain(uint64_t four)
{
    const uint64_t ones = UINT64_C(0x0001000100010001);
    return !((four | (four - ones)) & UINT64_C(0xff80ff80ff80ff80));
}

/* Most text is ASCII: converts what is, four units at a time, and returns the bytes of UTF-16 that this took.
 */
static size_t plain_text(const uint8_t *p, size_t n, struct buf *out)
{
    size_t at = 0;
    char *to = n >= 8 ? buf_room(out, n / 2) : NULL;
    if (!to)
        return 0;
    for (; n - at >= 8; at += 8) {
        uint64_t four = load_le64(p + at);
        if (!is_plain(four))
            break;
        to[at / 2] = (char)four;
        to[at / 2 + 1] = (char)(four >> 16);
        to[at / 2 + 2] = (char)(four >> 32);
        to[at / 2 + 3] = (char)(four >> 48);
    }
    out->n += at / 2;
    return at;
}

static size_t segment_length(const uint8_t *p, size_t n)
{
    size_t at = 0;
    while (n - at >= 2 && (p[at] | p[at + 1]))
        at += 2;
    return n - at >= 2 ? at : n;
}

void binxml_text_from_utf16(const uint8_t *p, size_t n, struct buf *out, bool *replaced)
{
    while (n >= 2 && n % 2 == 0 && p[n - 1] == 0 && p[n - 2] == 0)
        n -= 2;
    size_t plain = plain_text(p, n, out);
    p += plain;
    n -= plain;
    while (n) {
        size_t part = segment_length(p, n);
        char *to = buf_room(out, utf8_room_for_utf16(part));
        if (!to)
            return;
        out->n += utf8_from_utf16(p, part, TEXT_UTF16LE, to, replaced);
        p += part;
        n -= part;
        if (n) { /* a NUL inside: text goes on behind it, so it is not where the text ends */
            buf_utf8(out, 0xfffd);
            *replaced = true;
            p += 2;
            n -= 2;
        }
    }
}

/* Windows-1252, 80 to 9f (Unicode's mapping file CP1252.TXT; the five holes map to themselves there, to
 * U+FFFD here). */
static const uint16_t cp1252[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

/* The writer's code page is stored nowhere; Windows' Western one is right for most and never fails. */
static void ansi_text(const uint8_t *p, size_t n, struct buf *out, bool *replaced)
{
    while (n && p[n - 1] == 0)
        n--;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = p[i] >= 0x80 && p[i] < 0xa0 ? cp1252[p[i] - 0x80] : p[i];
        if (c == 0)
            c = 0xfffd;
        if (c == 0xfffd)
            *replaced = true;
        buf_utf8(out, c);
    }
}

static void guid_text(const uint8_t *p, struct buf *out)
{
    /* The first three parts are numbers, the rest is bytes. */
    static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = p[order[i]];
    buf_putc(out, '{');
    event_text_hex(out, bytes, 4);
    for (size_t i = 4; i < 10; i += 2) {
        buf_putc(out, '-');
        event_text_hex(out, bytes + i, 2);
    }
    buf_putc(out, '-');
    event_text_hex(out, bytes + 10, 6);
    buf_putc(out, '}');
}

static void hex_text(uint64_t v, struct buf *out)
{
    char digits[18];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    buf_lit(out, "0x");
    buf_put(out, sv_make(digits + at, sizeof digits - at));
}

static void filetime_text(uint64_t filetime, struct buf *out)
{
    /* Zero means "no time" to mapitail but has a text, which the writer of the log meant. */
    static const struct wtime zero = {.sec = INT64_C(-11644473600), .digits = 7, .present = true};
    struct wtime t = filetime ? wtime_from_filetime(filetime) : zero;
    char text[WTIME_TEXT_MAX];
    buf_put(out, sv_make(text, wtime_format(&t, 7, text)));
}

static void systemtime_text(const uint8_t *p, struct buf *out)
{
    buf_printf(out, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)load_le16(p), (unsigned)load_le16(p + 2),
               (unsigned)load_le16(p + 6), (unsigned)load_le16(p + 8), (unsigned)load_le16(p + 10),
               (unsigned)load_le16(p + 12), (unsigned)load_le16(p + 14));
}

/* The shortest decimal that reads back as the same number; the C library's old names for what is none. */
static void real_text(double v, bool is_float, struct buf *out)
{
    char text[40];
    if (isnan(v)) {
        if (signbit(v))
            buf_lit(out, "-1.#IND");
        else
            buf_lit(out, "1.#QNAN");
        return;
    }
    if (isinf(v)) {
        if (v < 0)
            buf_putc(out, '-');
        buf_lit(out, "1.#INF");
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (is_float ? (float)back >= (float)v && (float)back <= (float)v : back >= v && back <= v)
            break;
    }
    buf_put(out, sv_from(text));
}

static void float_text(const uint8_t *p, struct buf *out)
{
    uint32_t bits = load_le32(p);
    float v;
    memcpy(&v, &bits, sizeof v);
    real_text((double)v, true, out);
}

static void double_text(const uint8_t *p, struct buf *out)
{
    uint64_t bits = load_le64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    real_text(v, false, out);
}

/* Bytes that one value of this type has, 0 where the value says. */
static size_t type_size(uint8_t type)
{
    static const uint8_t sizes[] = {
        [TYPE_INT8] = 1,   [TYPE_UINT8] = 1, [TYPE_INT16] = 2,  [TYPE_UINT16] = 2,   [TYPE_INT32] = 4,
        [TYPE_UINT32] = 4, [TYPE_INT64] = 8, [TYPE_UINT64] = 8, [TYPE_FLOAT] = 4,    [TYPE_DOUBLE] = 8,
        [TYPE_BOOL] = 4,   [TYPE_GUID] = 16, [TYPE_SIZE] = 8,   [TYPE_FILETIME] = 8, [TYPE_SYSTEMTIME] = 16,
        [TYPE_HEX32] = 4,  [TYPE_HEX64] = 8,
    };
    return type < sizeof sizes ? sizes[type] : 0;
}

/* Types whose bytes may be fewer than the type has, as long as there are some. */
static void number_text(uint8_t type, const uint8_t *p, size_t n, struct buf *out)
{
    switch (type) {
    case TYPE_INT8:
    case TYPE_INT16:
    case TYPE_INT32:
    case TYPE_INT64:
        buf_i64(out, sign_extended(p, n));
        break;
    case TYPE_UINT8:
    case TYPE_UINT16:
    case TYPE_UINT32:
    case TYPE_UINT64:
        buf_u64(out, little_endian(p, n));
        break;
    case TYPE_BOOL:
        buf_put(out, little_endian(p, n) ? SV("true") : SV("false"));
        break;
    case TYPE_SIZE:
    case TYPE_HEX32:
    case TYPE_HEX64:
    case TYPE_HANDLE:
        hex_text(little_endian(p, n), out);
        break;
    default: /* a type nobody has described: its bytes are all that is known */
        event_text_hex(out, p, n);
        break;
    }
}

static void scalar_text(uint8_t type, const uint8_t *p, size_t n, struct buf *out, bool *replaced)
{
    if (n == 0 || type == TYPE_NULL || type == TYPE_BINXML)
        return;
    if (type == TYPE_TEXT || type == TYPE_XML)
        binxml_text_from_utf16(p, n, out, replaced);
    else if (type == TYPE_ANSI)
        ansi_text(p, n, out, replaced);
    else if (type == TYPE_BINARY)
        event_text_hex(out, p, n);
    else if (type == TYPE_GUID && n >= 16)
        guid_text(p, out);
    else if (type == TYPE_SID && n >= 8)
        event_text_sid(out, p, n);
    else if (type == TYPE_FILETIME && n >= 8)
        filetime_text(load_le64(p), out);
    else if (type == TYPE_SYSTEMTIME && n >= 16)
        systemtime_text(p, out);
    else if (type == TYPE_FLOAT && n >= 4)
        float_text(p, out);
    else if (type == TYPE_DOUBLE && n >= 8)
        double_text(p, out);
    else
        number_text(type, p, n, out);
}

static size_t item_size(uint8_t type, const struct reader *rest, size_t *with_end)
{
    const uint8_t *p = rest->p + rest->at;
    size_t left = reader_left(rest), n;
    if (type == TYPE_TEXT) {
        n = segment_length(p, left);
        *with_end = n < left ? n + 2 : n;
    } else if (type == TYPE_ANSI) {
        const uint8_t *nul = memchr(p, 0, left);
        n = nul ? (size_t)(nul - p) : left;
        *with_end = nul ? n + 1 : n;
    } else {
        n = type == TYPE_SID ? (left >= 2 ? 8 + (size_t)p[1] * 4 : left) : type_size(type);
        if (n == 0 || n > left)
            n = left;
        *with_end = n;
    }
    return n;
}

bool binxml_next_item(uint8_t array_type, struct reader *rest, struct binxml_value *item)
{
    uint8_t type = (uint8_t)(array_type & ~TYPE_ARRAY);
    size_t step;
    if (reader_left(rest) == 0)
        return false;
    size_t n = item_size(type, rest, &step);
    *item = (struct binxml_value){(uint32_t)rest->at, (uint16_t)n, type};
    return reader_skip(rest, step);
}

void binxml_value_text(const struct reader *chunk, const struct binxml_value *value, struct buf *out,
                       bool *replaced)
{
    struct reader r = {chunk->p, (size_t)value->at + value->size, value->at};
    struct binxml_value item;
    if (r.n > chunk->n)
        return;
    if (!(value->type & TYPE_ARRAY)) {
        scalar_text(value->type, r.p + r.at, value->size, out, replaced);
        return;
    }
    for (bool first = true; binxml_next_item(value->type, &r, &item); first = false) {
        if (!first)
            buf_putc(out, ',');
        scalar_text(item.type, r.p + item.at, item.size, out, replaced);
    }
}
