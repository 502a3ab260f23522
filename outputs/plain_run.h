/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a text can be copied as it is: the scan under every encoder's escaping.
 *
 * Plain bytes are printable ASCII but '"', '\' and ']'. That is the common part of what JSON strings (RFC
 * 8259 section 7) and syslog parameter values (RFC 5424 6.3.3) leave alone; a format to which a byte outside
 * of it means nothing copies it and goes on. On x86-64 it looks at 16 bytes per step, elsewhere at 8, with
 * the same results. Pure and thread-safe.
 */
#ifndef MAPITAIL_PLAIN_RUN_H
#define MAPITAIL_PLAIN_RUN_H

#include "sv.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Length of the plain beginning of v. Never reads outside v. */
size_t plain_run(struct sv v);

/* The portable form, for tests and comparison. */
size_t plain_run_portable(struct sv v);

#define PLAIN_EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/*
 * True when all eight bytes of x are plain. Each subtraction borrows into the top bit of a byte that is too
 * small or equal to the one looked for; a borrow that runs into the next byte comes from a byte that already
 * answers "no". '\' and ']' are neighbours and differ in the last bit only.
 */
static inline bool plain_eight(uint64_t x)
{
    uint64_t control = x - PLAIN_EVERY_BYTE(0x20), quote = (x ^ PLAIN_EVERY_BYTE('"')) - PLAIN_EVERY_BYTE(1);
    uint64_t backslash = ((x | PLAIN_EVERY_BYTE(1)) ^ PLAIN_EVERY_BYTE(']')) - PLAIN_EVERY_BYTE(1);
    uint64_t delete = (x ^ PLAIN_EVERY_BYTE(0x7f)) - PLAIN_EVERY_BYTE(1);
    return ((x | control | quote | backslash | delete) & PLAIN_EVERY_BYTE(0x80)) == 0;
}

#if defined(__SSE2__)
/*
 * One bit for each byte that is not plain. The signed comparison finds control characters and bytes from 0x80
 * at once, and the one added before makes 0x7f such a byte.
 */
static inline unsigned plain_sixteen_stops(__m128i x)
{
    __m128i stop = _mm_cmpgt_epi8(_mm_set1_epi8(0x21), _mm_add_epi8(x, _mm_set1_epi8(1)));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(1)), _mm_set1_epi8(']')));
    return (unsigned)_mm_movemask_epi8(stop);
}
#endif

static inline uint64_t plain_move_eight(char *to, const char *from)
{
    uint64_t x;
    memcpy(&x, from, 8);
    memcpy(to, &x, 8);
    return x;
}

static inline uint32_t plain_move_four(char *to, const char *from)
{
    uint32_t x;
    memcpy(&x, from, 4);
    memcpy(to, &x, 4);
    return x;
}

#if defined(__SSE2__)
enum { PLAIN_COPY_STEP = 16 };

static inline bool plain_copy_step(char *to, const char *from)
{
    __m128i sixteen = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, sixteen);
    return plain_sixteen_stops(sixteen) == 0;
}

static inline bool plain_both(uint64_t x, uint64_t y)
{
    return plain_sixteen_stops(_mm_set_epi64x((long long)x, (long long)y)) == 0;
}
#else
enum { PLAIN_COPY_STEP = 8 };

static inline bool plain_copy_step(char *to, const char *from)
{
    return plain_eight(plain_move_eight(to, from));
}

static inline bool plain_both(uint64_t x, uint64_t y)
{
    return plain_eight(x) && plain_eight(y);
}
#endif

/* One to three bytes: first, middle and last, whichever of them are the same. */
static inline bool plain_copy_three(char *to, struct sv v)
{
    unsigned char first = (unsigned char)v.p[0], middle = (unsigned char)v.p[v.n / 2];
    unsigned char last = (unsigned char)v.p[v.n - 1];
    to[0] = (char)first;
    to[v.n / 2] = (char)middle;
    to[v.n - 1] = (char)last;
    uint64_t x = (PLAIN_EVERY_BYTE(' ') << 24) | (uint32_t)first << 16 | (uint32_t)middle << 8 | last;
    return plain_both(x, x);
}

/* plain_copy of less than a step: both ends are copied and overlap in the middle. */
static inline bool plain_copy_short(char *to, struct sv v)
{
    if (v.n >= 8) {
        uint64_t head = plain_move_eight(to, v.p);
        return plain_both(head, plain_move_eight(to + v.n - 8, v.p + v.n - 8));
    }
    if (v.n >= 4) {
        uint64_t x = plain_move_four(to, v.p);
        x |= (uint64_t)plain_move_four(to + v.n - 4, v.p + v.n - 4) << 32;
        return plain_both(x, x);
    }
    return v.n == 0 || plain_copy_three(to, v);
}

/*
 * Copies v to to, which has room for it, and returns true if all of it is plain; otherwise false, and what is
 * at to is worthless. For short values, of which most records consist: copying and looking are one pass.
 */
static inline bool plain_copy(char *to, struct sv v)
{
    if (v.n < PLAIN_COPY_STEP)
        return plain_copy_short(to, v);
    for (size_t at = 0; v.n - at > PLAIN_COPY_STEP; at += PLAIN_COPY_STEP)
        if (!plain_copy_step(to + at, v.p + at))
            return false;
    /* The tail is looked at together with bytes that are known to be plain. */
    return plain_copy_step(to + v.n - PLAIN_COPY_STEP, v.p + v.n - PLAIN_COPY_STEP);
}

/*
 * Copies the plain beginning of the n bytes at from, at most PLAIN_STEP of it, and returns its length: 0 when
 * the first byte is not plain. to has room for PLAIN_STEP bytes whatever n is; what is behind the length
 * returned is worthless.
 */
enum { PLAIN_STEP = 16 };

#if defined(__SSE2__)
static inline size_t plain_step(char *to, const char *from, size_t n)
{
    char tail[PLAIN_STEP];
    if (n < PLAIN_STEP) {
        memset(tail, '"', sizeof tail);
        from = memcpy(tail, from, n);
    }
    __m128i sixteen = _mm_loadu_si128((const __m128i *)(const void *)from);
    unsigned stops = plain_sixteen_stops(sixteen);
    _mm_storeu_si128((__m128i *)(void *)to, sixteen);
    return stops ? (unsigned)__builtin_ctz(stops) : PLAIN_STEP;
}
#else
static inline size_t plain_step(char *to, const char *from, size_t n)
{
    n = plain_run(sv_make(from, n < PLAIN_STEP ? n : PLAIN_STEP));
    memcpy(to, from, n);
    return n;
}
#endif

#endif
