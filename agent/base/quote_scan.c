/* SPDX-License-Identifier: Apache-2.0 */
/* Which line feeds of a text stand outside of quotes. */
#include "quote_scan.h"

#include <string.h>

enum { BLOCK = QUOTE_SCAN_BLOCK };

struct masks {
    uint64_t quotes, feeds;
};

/* Bit i is the exclusive or of the bits up to i. */
static inline uint64_t spread_up(uint64_t v)
{
    v ^= v << 1;
    v ^= v << 2;
    v ^= v << 4;
    v ^= v << 8;
    v ^= v << 16;
    v ^= v << 32;
    return v;
}

/* What was given of the block at s->at while it was not whole. */
static inline uint64_t given(const struct quote_scan *s)
{
    if (s->done <= s->at)
        return 0;
    return s->done - s->at >= BLOCK ? UINT64_MAX : (UINT64_C(1) << (s->done - s->at)) - 1;
}

static inline bool has_block(const struct quote_scan *s, size_t n, size_t limit)
{
    return s->at < limit && s->at <= n && n - s->at >= BLOCK;
}

static struct masks masks_portable(const uint8_t *p)
{
    struct masks m = {0, 0};
    for (unsigned i = 0; i < BLOCK; i++) {
        m.quotes |= (uint64_t)(p[i] == '"') << i;
        m.feeds |= (uint64_t)(p[i] == '\n') << i;
    }
    return m;
}

/* The line feeds of the block at s->at, and the bytes that are inside of quotes. */
static uint64_t feeds_of(const struct quote_scan *s, struct masks m, uint64_t *inside)
{
    *inside = s->plain ? 0 : spread_up(m.quotes) ^ (s->odd ? UINT64_MAX : 0);
    return m.feeds & ~*inside & ~given(s);
}

/* The last block of what is there, which is not whole: it is looked at again when there is more. */
static bool next_in_rest(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    uint8_t block[BLOCK] = {0};
    uint64_t inside, feeds;
    if (s->at >= limit || s->at >= n)
        return false;
    memcpy(block, p + s->at, n - s->at < BLOCK ? n - s->at : BLOCK);
    feeds = feeds_of(s, masks_portable(block), &inside);
    if (!feeds || s->at + quote_scan_lowest(feeds) + 1 > limit)
        return false;
    *next = s->done = s->at + quote_scan_lowest(feeds) + 1;
    return true;
}

static bool on_portable(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    while (has_block(s, n, limit)) {
        uint64_t inside;
        s->feeds = feeds_of(s, masks_portable(p + s->at), &inside);
        s->odd = inside >> (BLOCK - 1);
        s->at += BLOCK;
        if (s->feeds)
            return quote_scan_give(s, limit, next);
    }
    return next_in_rest(s, p, n, limit, next);
}

bool quote_scan_next_portable(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    return s->feeds ? quote_scan_give(s, limit, next) : on_portable(s, p, n, limit, next);
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define FAST __attribute__((target("avx2,pclmul")))

FAST static inline uint64_t equal64(__m256i low, __m256i high, __m256i want)
{
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, want)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, want)) << 32;
}

/* spread_up is a product without carries by a number of ones. */
FAST static inline uint64_t spread_up_fast(uint64_t v)
{
    __m128i ones = _mm_set1_epi8(-1), product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)v), ones, 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* What is asked of every block is kept in registers; s is brought up to date when the loop ends. */
FAST static bool on_fast(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    const __m256i quote = _mm256_set1_epi8('"'), feed = _mm256_set1_epi8('\n');
    const uint64_t counted = s->plain ? 0 : UINT64_MAX;
    uint64_t inside = s->odd ? UINT64_MAX : 0, before = given(s), feeds = 0;
    size_t at = s->at;
    if (!has_block(s, n, limit))
        return next_in_rest(s, p, n, limit, next);
    do {
        __m256i low = _mm256_loadu_si256((const void *)(p + at));
        __m256i high = _mm256_loadu_si256((const void *)(p + at + BLOCK / 2));
        uint64_t carried = 0 - (inside >> (BLOCK - 1));
        inside = spread_up_fast(equal64(low, high, quote) & counted) ^ carried;
        feeds = equal64(low, high, feed) & ~inside & ~before;
        before = 0;
        at += BLOCK;
    } while (!feeds && at < limit && at <= n - BLOCK);
    s->at = at;
    s->odd = inside >> (BLOCK - 1);
    s->feeds = feeds;
    return feeds ? quote_scan_give(s, limit, next) : next_in_rest(s, p, n, limit, next);
}

bool quote_scan_on(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul")
               ? on_fast(s, p, n, limit, next)
               : on_portable(s, p, n, limit, next);
}

#else

bool quote_scan_on(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    return on_portable(s, p, n, limit, next);
}

#endif
