/* SPDX-License-Identifier: Apache-2.0 */
/* Exact search at memory speed. */
#include "needle.h"

#include <string.h>

const uint8_t *needle_find_portable(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    while (n >= m) {
        const uint8_t *hit = memchr(hay, needle[0], n - m + 1);
        if (!hit)
            return NULL;
        if (memcmp(hit, needle, m) == 0)
            return hit;
        n -= (size_t)(hit + 1 - hay);
        hay = hit + 1;
    }
    return NULL;
}

const uint8_t *needle_find_or_portable(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m,
                                       uint8_t other)
{
    const uint8_t *mark = memchr(hay, other, n);
    size_t before = mark ? (size_t)(mark - hay) : n;
    /* A needle that begins before the mark counts even if it holds the mark or ends behind it. */
    size_t reach = n - before < m ? n : before + m - 1;
    const uint8_t *hit = needle_find_portable(hay, reach, needle, m);
    return hit && (!mark || hit <= mark) ? hit : mark;
}

const uint8_t *needle_rfind(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    if (n < m)
        return NULL;
    for (size_t at = n - m + 1; at-- > 0;)
        if (hay[at] == needle[0] && memcmp(hay + at, needle, m) == 0)
            return hay + at;
    return NULL;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* Where the 64 positions from p on have the byte: bit i stands for p[i]. */
#define MASK64(low, high)                                                                                    \
    ((uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32)

__attribute__((target("avx2"))) static const uint8_t *find_avx2(const uint8_t *hay, size_t n,
                                                                const uint8_t *needle, size_t m)
{
    const __m256i first = _mm256_set1_epi8((char)needle[0]);
    const __m256i last = _mm256_set1_epi8((char)needle[m - 1]);
    size_t at = 0;
    /* A step reads hay[at, at + 64) and the same moved by m - 1. */
    for (; n - at >= 64 + m - 1; at += 64) {
        const uint8_t *p = hay + at, *q = p + m - 1;
        __m256i low = _mm256_and_si256(_mm256_cmpeq_epi8(first, _mm256_loadu_si256((const void *)p)),
                                       _mm256_cmpeq_epi8(last, _mm256_loadu_si256((const void *)q)));
        __m256i high = _mm256_and_si256(_mm256_cmpeq_epi8(first, _mm256_loadu_si256((const void *)(p + 32))),
                                        _mm256_cmpeq_epi8(last, _mm256_loadu_si256((const void *)(q + 32))));
        __m256i both = _mm256_or_si256(low, high);
        if (_mm256_testz_si256(both, both))
            continue;
        for (uint64_t hits = MASK64(low, high); hits; hits &= hits - 1) {
            const uint8_t *hit = p + __builtin_ctzll(hits);
            if (memcmp(hit, needle, m) == 0)
                return hit;
        }
    }
    return needle_find_portable(hay + at, n - at, needle, m);
}

__attribute__((target("avx2"))) static const uint8_t *find_or_avx2(const uint8_t *hay, size_t n,
                                                                   const uint8_t *needle, size_t m,
                                                                   uint8_t other)
{
    const __m256i first = _mm256_set1_epi8((char)needle[0]);
    const __m256i last = _mm256_set1_epi8((char)needle[m - 1]);
    const __m256i mark = _mm256_set1_epi8((char)other);
    size_t at = 0;
    for (; n - at >= 64 + m - 1; at += 64) {
        const uint8_t *p = hay + at, *q = p + m - 1;
        __m256i here = _mm256_loadu_si256((const void *)p), next = _mm256_loadu_si256((const void *)(p + 32));
        __m256i low = _mm256_and_si256(_mm256_cmpeq_epi8(first, here),
                                       _mm256_cmpeq_epi8(last, _mm256_loadu_si256((const void *)q)));
        __m256i high = _mm256_and_si256(_mm256_cmpeq_epi8(first, next),
                                        _mm256_cmpeq_epi8(last, _mm256_loadu_si256((const void *)(q + 32))));
        low = _mm256_or_si256(low, _mm256_cmpeq_epi8(mark, here));
        high = _mm256_or_si256(high, _mm256_cmpeq_epi8(mark, next));
        __m256i both = _mm256_or_si256(low, high);
        if (_mm256_testz_si256(both, both))
            continue;
        for (uint64_t hits = MASK64(low, high); hits; hits &= hits - 1) {
            const uint8_t *hit = p + __builtin_ctzll(hits);
            if (*hit == other || memcmp(hit, needle, m) == 0)
                return hit;
        }
    }
    return needle_find_or_portable(hay + at, n - at, needle, m, other);
}

const uint8_t *needle_find(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    if (n >= 64 + m && __builtin_cpu_supports("avx2"))
        return find_avx2(hay, n, needle, m);
    return needle_find_portable(hay, n, needle, m);
}

const uint8_t *needle_find_or(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m, uint8_t other)
{
    if (n >= 64 + m && __builtin_cpu_supports("avx2"))
        return find_or_avx2(hay, n, needle, m, other);
    return needle_find_or_portable(hay, n, needle, m, other);
}
#else
const uint8_t *needle_find(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    return needle_find_portable(hay, n, needle, m);
}

const uint8_t *needle_find_or(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m, uint8_t other)
{
    return needle_find_or_portable(hay, n, needle, m, other);
}
#endif
