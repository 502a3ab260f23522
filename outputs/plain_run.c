/* SPDX-License-Identifier: Apache-2.0 */
/* How far a text can be copied as it is. */
#include "plain_run.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != ']';
}

static size_t run_by_bytes(struct sv v, size_t at)
{
    while (at < v.n && is_plain(v.p[at]))
        at++;
    return at;
}

/*
 * True when all eight bytes are plain. Each subtraction borrows into the top bit of a byte that is too small
 * or equal to the one looked for; a borrow that runs into the next byte comes from a byte that already
 * answers "no". '\' and ']' are neighbours and differ in the last bit only.
 */
static inline bool eight_plain(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    uint64_t control = x - EVERY_BYTE(0x20), quote = (x ^ EVERY_BYTE('"')) - EVERY_BYTE(1);
    uint64_t backslash = ((x | EVERY_BYTE(1)) ^ EVERY_BYTE(']')) - EVERY_BYTE(1);
    uint64_t delete = (x ^ EVERY_BYTE(0x7f)) - EVERY_BYTE(1);
    return ((x | control | quote | backslash | delete) & EVERY_BYTE(0x80)) == 0;
}

size_t plain_run_portable(struct sv v)
{
    size_t at = 0;
    while (v.n - at >= 8 && eight_plain(v.p + at))
        at += 8;
    /* A tail shorter than a step is looked at together with bytes that are known to be plain. */
    if (v.n >= 8 && v.n - at < 8 && eight_plain(v.p + v.n - 8))
        return v.n;
    return run_by_bytes(v, at);
}

#if defined(__SSE2__)
/* One bit for each byte that is not plain. The signed comparison finds control characters and bytes from 0x80
 * at once. */
static inline unsigned sixteen_stops(const char *p)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i stop = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(1)), _mm_set1_epi8(']')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
    return (unsigned)_mm_movemask_epi8(stop);
}

size_t plain_run(struct sv v)
{
    size_t at = 0;
    if (v.n < 16)
        return plain_run_portable(v);
    for (; v.n - at >= 16; at += 16) {
        unsigned stops = sixteen_stops(v.p + at);
        if (stops)
            return at + (unsigned)__builtin_ctz(stops);
    }
    if (at == v.n)
        return at;
    /* Bytes in front of the tail are plain, so the first stop of the last sixteen lies in the tail. */
    unsigned stops = sixteen_stops(v.p + v.n - 16);
    return stops ? v.n - 16 + (unsigned)__builtin_ctz(stops) : v.n;
}
#else
size_t plain_run(struct sv v)
{
    return plain_run_portable(v);
}
#endif
