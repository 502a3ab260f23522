/* SPDX-License-Identifier: Apache-2.0 */
/* Text of event logs as UTF-8. */
#include "binxml.h"

#include "utf.h"

/* Four units of ASCII other than NUL. */
static inline bool is_plain(uint64_t four)
{
    const uint64_t ones = UINT64_C(0x0001000100010001);
    return !((four | (four - ones)) & UINT64_C(0xff80ff80ff80ff80));
}

#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
typedef uint16_t units __attribute__((vector_size(16)));
typedef uint8_t letters __attribute__((vector_size(8)));

/* Eight units; false if there is one that is not ASCII, or a NUL, which less one is not ASCII either. */
static inline bool take_eight(const uint8_t *p, char *to)
{
    units v;
    uint64_t halves[2];
    memcpy(&v, p, sizeof v);
    units other = (v | (v - 1)) & 0xff80;
    memcpy(halves, &other, sizeof halves);
    if (halves[0] | halves[1])
        return false;
    letters narrow = __builtin_convertvector(v, letters);
    memcpy(to, &narrow, sizeof narrow);
    return true;
}
#else
static inline bool take_eight(const uint8_t *p, char *to)
{
    (void)p;
    (void)to;
    return false;
}
#endif

/* Most text is ASCII: converts what is, and returns the bytes of UTF-16 that this took. */
static size_t plain_text(const uint8_t *p, size_t n, struct buf *out)
{
    size_t at = 0;
    char *to = buf_room(out, n / 2);
    if (!to)
        return 0;
    while (n - at >= 16 && take_eight(p + at, to + at / 2))
        at += 16;
    for (; n - at >= 8; at += 8) {
        uint64_t four = load_le64(p + at);
        if (!is_plain(four))
            break;
        to[at / 2] = (char)four;
        to[at / 2 + 1] = (char)(four >> 16);
        to[at / 2 + 2] = (char)(four >> 32);
        to[at / 2 + 3] = (char)(four >> 48);
    }
    for (; n - at >= 2 && p[at + 1] == 0 && p[at] - 1u < 0x7f; at += 2)
        to[at / 2] = (char)p[at];
    out->n += at / 2;
    return at;
}

size_t binxml_text_length(const uint8_t *p, size_t n)
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
        size_t part = binxml_text_length(p, n);
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

/* Code page text up to the first NUL, or all. */
static size_t ansi_length(const uint8_t *p, size_t n)
{
    const uint8_t *nul = memchr(p, 0, n);
    return nul ? (size_t)(nul - p) : n;
}

void binxml_text_from_ansi(enum code_page page, const uint8_t *p, size_t n, struct buf *out, bool *replaced)
{
    while (n && p[n - 1] == 0)
        n--;
    while (n) {
        size_t part = ansi_length(p, n);
        char *to = buf_room(out, part * 3);
        if (!to)
            return;
        out->n += utf8_from_code_page(page, p, part, to, replaced);
        p += part;
        n -= part;
        if (n) {
            buf_utf8(out, 0xfffd);
            *replaced = true;
            p++;
            n--;
        }
    }
}
