/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which line feeds of a text stand outside of quotes, at memory speed: 64 bytes at a time, the quotes before
 * each as one exclusive or over all of them. Portable C elsewhere than on x86-64 with AVX2 and PCLMULQDQ,
 * with the same results. Pure and thread-safe.
 */
#ifndef MAPITAIL_QUOTE_SCAN_H
#define MAPITAIL_QUOTE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUOTE_SCAN_BLOCK = 64 };

struct quote_scan {
    size_t at;      /* the next block begins here */
    size_t done;    /* what was given ends here */
    uint64_t feeds; /* of the block before at: what is still to be given, one bit for each byte */
    bool odd;       /* quotes before at */
    bool plain;     /* quotes mean nothing: every line feed counts */
};

/* Begins at an index outside of quotes. */
static inline void quote_scan_from(struct quote_scan *s, size_t index, bool plain)
{
    *s = (struct quote_scan){.at = index, .done = index, .plain = plain};
}

/* Goes on where no line feed is left of the block before: the part of quote_scan_next that is no one-liner.
 */
bool quote_scan_on(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next);

static inline unsigned quote_scan_lowest(uint64_t v)
{
    unsigned n = 0;
#if defined(__GNUC__)
    n = (unsigned)__builtin_ctzll(v);
#else
    for (; !(v & 1); v >>= 1)
        n++;
#endif
    return n;
}

/* Gives the next of the line feeds that are left of the block before, if limit allows it. */
static inline bool quote_scan_give(struct quote_scan *s, size_t limit, size_t *next)
{
    size_t behind = s->at - QUOTE_SCAN_BLOCK + quote_scan_lowest(s->feeds) + 1;
    if (behind > limit)
        return false;
    s->feeds &= s->feeds - 1;
    *next = s->done = behind;
    return true;
}

/*
 * The index behind the next line feed outside of quotes in p[0, n), if it is at most limit; else false, and
 * the search goes on there when it is called again with more.
 */
static inline bool quote_scan_next(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit,
                                   size_t *next)
{
    return s->feeds ? quote_scan_give(s, limit, next) : quote_scan_on(s, p, n, limit, next);
}

/* The portable form, for tests and comparison. */
bool quote_scan_next_portable(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next);

#endif
