/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-16LE text as XML text in UTF-8, in one pass. */
#include "xml_utf16.h"

#include "reader.h"
#include "utf.h"
#include "xml_escape.h"

/* One text on its way. */
struct run {
    const uint8_t *from, *end;
    char *to;
    bool in_attribute, replaced;
};

/* ASCII that stands for itself. In attributes more than that is escaped than in content. */
static inline bool is_plain(unsigned unit, bool in_attribute)
{
    if (unit - 0x20u >= 0x60u || unit == '&' || unit == '<' || unit == '>')
        return false;
    return !in_attribute || (unit != '\'' && unit != '"');
}

/* Line ends and tabs, which stand for themselves in content. */
static inline bool is_white(unsigned unit)
{
    return unit == '\n' || unit == '\r' || unit == '\t';
}

/* Bytes of the character that begins at r->from: a surrogate pair has four. */
static size_t character_bytes(const struct run *r)
{
    size_t left = (size_t)(r->end - r->from);
    unsigned unit = left >= 2 ? load_le16(r->from) : 0;
    return unit >= 0xd800 && unit < 0xdc00 && left >= 4 && (r->from[3] & 0xfc) == 0xdc ? 4
           : left >= 2                                                                 ? 2
                                                                                       : 1;
}

/* The next character, which is not plain or there is no room for a vector. */
static void take_one(struct run *r)
{
    unsigned unit = r->end - r->from >= 2 ? load_le16(r->from) : 0xffff;
    size_t bytes = character_bytes(r);
    if (is_plain(unit, r->in_attribute) || (!r->in_attribute && is_white(unit))) {
        *r->to++ = (char)unit;
    } else if (unit >= 0xfffe && bytes == 2) { /* no characters of XML */
        r->to += utf8_from_utf16((const uint8_t *)"\xfd\xff", 2, TEXT_UTF16LE, r->to, NULL);
    } else if (unit >= 0x80) {
        r->to += utf8_from_utf16(r->from, bytes, TEXT_UTF16LE, r->to, &r->replaced);
    } else {
        char c = (char)unit;
        struct sv escaped = xml_escape_of(c, r->in_attribute);
        if (sv_absent(escaped))
            escaped = sv_make(&c, 1);
        memcpy(r->to, escaped.p, escaped.n);
        r->to += escaped.n;
        r->replaced |= unit == 0;
    }
    r->from += bytes;
}

/* Text in other scripts, line ends with indents: up to the next plain character. */
static inline void take_others(struct run *r)
{
    do
        take_one(r);
    while (r->end - r->from >= 2 && !is_plain(load_le16(r->from), r->in_attribute));
}

static void take_rest(struct run *r)
{
    while (r->from < r->end)
        take_one(r);
}

static size_t finish(const struct run *r, const char *to, bool *replaced)
{
    *replaced |= r->replaced;
    return (size_t)(r->to - to);
}

size_t xml_from_utf16_portable(const uint8_t *from, size_t n, bool in_attribute, char *to, bool *replaced)
{
    struct run r = {from, from + n, to, in_attribute, false};
    take_rest(&r);
    return finish(&r, to, replaced);
}

#if defined(__SSE2__) && defined(__GNUC__)
#include <emmintrin.h>

/* Bit i stands for the i-th of 16 bytes of ASCII that does not stand for itself. */
static inline unsigned specials(__m128i ascii, bool in_attribute)
{
    __m128i hits = _mm_or_si128(_mm_cmplt_epi8(ascii, _mm_set1_epi8(0x20)),
                                _mm_or_si128(_mm_cmpeq_epi8(ascii, _mm_set1_epi8('&')),
                                             _mm_cmpeq_epi8(_mm_and_si128(ascii, _mm_set1_epi8(~2)),
                                                            _mm_set1_epi8('<')))); /* and '>' */
    if (in_attribute)
        hits = _mm_or_si128(hits, _mm_or_si128(_mm_cmpeq_epi8(ascii, _mm_set1_epi8('\'')),
                                               _mm_cmpeq_epi8(ascii, _mm_set1_epi8('"'))));
    return (unsigned)_mm_movemask_epi8(hits);
}

/* Bit i stands for the i-th of 16 units that is not ASCII. */
static inline unsigned others(__m128i low, __m128i high)
{
    const __m128i upper = _mm_set1_epi16((short)0xff80), zero = _mm_setzero_si128();
    __m128i a = _mm_cmpeq_epi16(_mm_and_si128(low, upper), zero);
    __m128i b = _mm_cmpeq_epi16(_mm_and_si128(high, upper), zero);
    return ~(unsigned)_mm_movemask_epi8(_mm_packs_epi16(a, b)) & 0xffff;
}

static inline __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const void *)p);
}

/* Up to `units` units of two vectors. */
static inline void take_block(struct run *r, __m128i low, __m128i high, unsigned units)
{
    __m128i ascii = _mm_packus_epi16(low, high);
    unsigned stops = (others(low, high) | specials(ascii, r->in_attribute)) & ((1u << units) - 1);
    unsigned plain = stops ? (unsigned)__builtin_ctz(stops) : units;
    _mm_storeu_si128((void *)r->to, ascii);
    r->to += plain;
    r->from += (size_t)plain * 2;
    if (stops)
        take_others(r);
}

/* Up to three units at the end of a longer text. */
static inline void take_last(struct run *r)
{
    size_t left = (size_t)(r->end - r->from);
    uint64_t units = load_le64(r->end - 8) >> (64 - left * 8);
    take_block(r, _mm_cvtsi64_si128((long long)units), _mm_setzero_si128(), (unsigned)left / 2);
}

size_t xml_from_utf16(const uint8_t *from, size_t n, bool in_attribute, char *to, bool *replaced)
{
    struct run r = {from, from + n, to, in_attribute, false};
    while (r.end - r.from >= 32)
        take_block(&r, load(r.from), load(r.from + 16), 16);
    while (r.end - r.from >= 16)
        take_block(&r, load(r.from), _mm_setzero_si128(), 8);
    while (r.end - r.from >= 8)
        take_block(&r, _mm_loadl_epi64((const void *)r.from), _mm_setzero_si128(), 4);
    if (n >= 8 && r.end - r.from >= 2) /* fewer than four units are looked at with some of those before */
        take_last(&r);
    take_rest(&r);
    return finish(&r, to, replaced);
}
#else
size_t xml_from_utf16(const uint8_t *from, size_t n, bool in_attribute, char *to, bool *replaced)
{
    return xml_from_utf16_portable(from, n, in_attribute, to, replaced);
}
#endif
