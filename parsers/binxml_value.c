/* SPDX-License-Identifier: Apache-2.0 */
/* BinXML's values as text. */
#include "binxml.h"

#include "digits.h"
#include "event_text.h"

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

/* Windows has written these in small letters since it has written seven fraction digits and not nine. */
static void guid_text(const uint8_t *p, struct buf *out)
{
    enum { LENGTH = 38 };
    /* The first three parts are numbers, the rest is bytes. */
    const uint8_t in_order[] = {p[3], p[2], p[1], p[0], p[5], p[4], p[7], p[6]};
    char *to = buf_room(out, LENGTH);
    if (!to)
        return;
    *to = '{';
    to = digits_put_hex(to + 1, in_order, 4);
    *to = '-';
    to = digits_put_hex(to + 1, in_order + 4, 2);
    *to = '-';
    to = digits_put_hex(to + 1, in_order + 6, 2);
    *to = '-';
    to = digits_put_hex(to + 1, p + 8, 2);
    *to = '-';
    to = digits_put_hex(to + 1, p + 10, 6);
    *to = '}';
    out->n += LENGTH;
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

/* Fewer bytes than the type has are shown as bytes or as a number, whichever it is. */
static void scalar_text(uint8_t type, enum code_page ansi, const uint8_t *p, size_t n, struct buf *out,
                        bool *replaced)
{
    static const uint8_t at_least[] = {
        [TYPE_GUID] = 16,       [TYPE_SID] = 8,   [TYPE_FILETIME] = 8,
        [TYPE_SYSTEMTIME] = 16, [TYPE_FLOAT] = 4, [TYPE_DOUBLE] = 8,
    };
    if (n == 0)
        return;
    if (type < sizeof at_least && n < at_least[type]) {
        event_text_hex(out, p, n);
        return;
    }
    switch (type) {
    case TYPE_NULL:
    case TYPE_BINXML:
        break;
    case TYPE_TEXT:
    case TYPE_XML:
        binxml_text_from_utf16(p, n, out, replaced);
        break;
    case TYPE_ANSI:
        binxml_text_from_ansi(ansi, p, n, out, replaced);
        break;
    case TYPE_BINARY:
        event_text_hex(out, p, n);
        break;
    case TYPE_GUID:
        guid_text(p, out);
        break;
    case TYPE_SID:
        event_text_sid(out, p, n);
        break;
    case TYPE_FILETIME:
        filetime_text(load_le64(p), out);
        break;
    case TYPE_SYSTEMTIME:
        systemtime_text(p, out);
        break;
    case TYPE_FLOAT:
        float_text(p, out);
        break;
    case TYPE_DOUBLE:
        double_text(p, out);
        break;
    default:
        number_text(type, p, n, out);
        break;
    }
}

static size_t item_size(uint8_t type, const struct reader *rest, size_t *with_end)
{
    const uint8_t *p = rest->p + rest->at;
    size_t left = reader_left(rest), n;
    if (type == TYPE_TEXT) {
        n = binxml_text_length(p, left);
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

void binxml_value_text(const struct reader *chunk, enum code_page ansi, const struct binxml_value *value,
                       struct buf *out, bool *replaced)
{
    struct reader r = {chunk->p, (size_t)value->at + value->size, value->at};
    struct binxml_value item;
    if (r.n > chunk->n)
        return;
    if (!(value->type & TYPE_ARRAY)) {
        scalar_text(value->type, ansi, r.p + r.at, value->size, out, replaced);
        return;
    }
    for (bool first = true; binxml_next_item(value->type, &r, &item); first = false) {
        if (!first)
            buf_putc(out, ',');
        scalar_text(item.type, ansi, r.p + item.at, item.size, out, replaced);
    }
}
