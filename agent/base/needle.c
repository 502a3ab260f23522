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

__attribute__((target("avx2"))) static const uint8_t *find_avx2(const uint8_t *hay, size_t n,
                                                                const uint8_t *needle, size_t m)
{
    const __m256i first = _mm256_set1_epi8((char)needle[0]);
    const __m256i last = _mm256_set1_epi8((char)needle[m - 1]);
    size_t at = 0;
    /* A step reads hay[at, at + 64) and the same moved by m - 1. */
    while (n - at >= 64 + m - 1) {
        const uint8_t *p = hay + at, *q = p + m - 1;
        __m256i low = _mm256_and_si256(_mm256_cmpeq_epi8(first, _mm256_loadu_si256((const void *)p)),
                                       _mm256_cmpeq_epi8(last, _mm256_loadu_si256((const void *)q)));
        __m256i high = _mm256_and_si256(_mm256_cmpeq_epi8(first, _mm256_loadu_si256((const void *)(p + 32))),
                                        _mm256_cmpeq_epi8(last, _mm256_loadu_si256((const void *)(q + 32))));
        if (!_mm256_testz_si256(_mm256_or_si256(low, high), _mm256_set1_epi8(-1))) {
            uint64_t hits =
                (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
            for (; hits; hits &= hits - 1) {
                const uint8_t *hit = p + __builtin_ctzll(hits);
                if (memcmp(hit, needle, m) == 0)
                    return hit;
            }
        }
        at += 64;
    }
    return needle_find_portable(hay + at, n - at, needle, m);
}

const uint8_t *needle_find(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    if (n >= 64 + m && __builtin_cpu_supports("avx2"))
        return find_avx2(hay, n, needle, m);
    return needle_find_portable(hay, n, needle, m);
}
#else
const uint8_t *needle_find(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    return needle_find_portable(hay, n, needle, m);
}
#endif
