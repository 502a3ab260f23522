/* SPDX-License-Identifier: Apache-2.0 */
/* Which line feeds of a text stand outside of quotes. */
#include "quote_scan.h"

#include <string.h>

enum { BLOCK = 64 };

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

static inline unsigned lowest_bit(uint64_t v)
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

/* What a block's masks say: true with *next, or false with s behind the block if that was whole. */
static inline bool judge(struct quote_scan *s, struct masks m, bool whole, size_t *next)
{
    uint64_t inside = s->plain ? 0 : spread_up(m.quotes) ^ (s->odd ? UINT64_MAX : 0);
    uint64_t given =
        s->done > s->at ? s->done - s->at >= BLOCK ? UINT64_MAX : (UINT64_C(1) << (s->done - s->at)) - 1 : 0;
    uint64_t feeds = m.feeds & ~inside & ~given;
    if (feeds) {
        *next = s->at + lowest_bit(feeds) + 1;
        return true;
    }
    if (whole) {
        s->odd = inside >> (BLOCK - 1);
        s->at += BLOCK;
    }
    return false;
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

/* The last block of what is there, which is not whole. */
static bool next_in_rest(struct quote_scan *s, const uint8_t *p, size_t n, size_t *next)
{
    uint8_t block[BLOCK] = {0};
    if (s->at < n)
        memcpy(block, p + s->at, n - s->at);
    return judge(s, masks_portable(block), false, next);
}

static bool give(struct quote_scan *s, size_t limit, size_t *next)
{
    if (*next > limit)
        return false;
    s->done = *next;
    return true;
}

bool quote_scan_next_portable(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    while (s->at < limit && s->at <= n && n - s->at >= BLOCK)
        if (judge(s, masks_portable(p + s->at), true, next))
            return give(s, limit, next);
    return s->at < limit && next_in_rest(s, p, n, next) && give(s, limit, next);
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline uint64_t equal64(__m256i low, __m256i high, char c)
{
    __m256i want = _mm256_set1_epi8(c);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, want)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, want)) << 32;
}

AVX2 static bool next_avx2(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    while (s->at < limit && s->at <= n && n - s->at >= BLOCK) {
        __m256i low = _mm256_loadu_si256((const void *)(p + s->at));
        __m256i high = _mm256_loadu_si256((const void *)(p + s->at + BLOCK / 2));
        struct masks m = {equal64(low, high, '"'), equal64(low, high, '\n')};
        if (judge(s, m, true, next))
            return give(s, limit, next);
    }
    return s->at < limit && next_in_rest(s, p, n, next) && give(s, limit, next);
}

bool quote_scan_next(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    return __builtin_cpu_supports("avx2") ? next_avx2(s, p, n, limit, next)
                                          : quote_scan_next_portable(s, p, n, limit, next);
}

#else

bool quote_scan_next(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next)
{
    return quote_scan_next_portable(s, p, n, limit, next);
}

#endif
