/* SPDX-License-Identifier: Apache-2.0 */
/* Exact search at memory speed. */
#include "needle.h"

#include <stdbool.h>
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

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Bit i stands for the i-th of 64 bytes. */
AVX2 static inline uint64_t mask64(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

/* The bytes between the first and the last one. No call, so that the loops keep their registers. */
static inline bool same_inside(const uint8_t *hit, const uint8_t *needle, size_t m)
{
    for (size_t i = 1; i + 1 < m; i++)
        if (hit[i] != needle[i])
            return false;
    return true;
}

AVX2 static inline __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}

/* A step reads [p, p + 64) and the same moved by m - 1. */
AVX2 static const uint8_t *find_avx2(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    const __m256i first = _mm256_set1_epi8((char)needle[0]);
    const __m256i last = _mm256_set1_epi8((char)needle[m - 1]);
    const uint8_t *p = hay, *stop = hay + (n - (64 + m - 1));
    for (; p <= stop; p += 64) {
        const uint8_t *q = p + m - 1;
        __m256i low = _mm256_and_si256(_mm256_cmpeq_epi8(first, load(p)), _mm256_cmpeq_epi8(last, load(q)));
        __m256i high =
            _mm256_and_si256(_mm256_cmpeq_epi8(first, load(p + 32)), _mm256_cmpeq_epi8(last, load(q + 32)));
        __m256i both = _mm256_or_si256(low, high);
        if (_mm256_testz_si256(both, both))
            continue;
        for (uint64_t hits = mask64(low, high); hits; hits &= hits - 1) {
            const uint8_t *hit = p + __builtin_ctzll(hits);
            if (same_inside(hit, needle, m))
                return hit;
        }
    }
    return needle_find_portable(p, n - (size_t)(p - hay), needle, m);
}

/* Where 32 bytes have the other byte, or the first one with the last one m - 1 bytes on. */
AVX2 static inline __m256i either(const uint8_t *p, size_t m, __m256i first, __m256i last, __m256i other)
{
    __m256i here = load(p);
    return _mm256_or_si256(
        _mm256_and_si256(_mm256_cmpeq_epi8(first, here), _mm256_cmpeq_epi8(last, load(p + m - 1))),
        _mm256_cmpeq_epi8(other, here));
}

AVX2 static const uint8_t *find_or_avx2(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m,
                                        uint8_t other)
{
    const __m256i first = _mm256_set1_epi8((char)needle[0]);
    const __m256i last = _mm256_set1_epi8((char)needle[m - 1]);
    const __m256i mark = _mm256_set1_epi8((char)other);
    const uint8_t *p = hay, *stop = hay + (n - (128 + m - 1));
    for (; p <= stop; p += 128) {
        __m256i a = either(p, m, first, last, mark), b = either(p + 32, m, first, last, mark);
        __m256i c = either(p + 64, m, first, last, mark), d = either(p + 96, m, first, last, mark);
        __m256i any = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
        if (_mm256_testz_si256(any, any))
            continue;
        for (uint64_t hits = mask64(a, b); hits; hits &= hits - 1) {
            const uint8_t *hit = p + __builtin_ctzll(hits);
            if (*hit == other || same_inside(hit, needle, m))
                return hit;
        }
        for (uint64_t hits = mask64(c, d); hits; hits &= hits - 1) {
            const uint8_t *hit = p + 64 + __builtin_ctzll(hits);
            if (*hit == other || same_inside(hit, needle, m))
                return hit;
        }
    }
    return needle_find_or_portable(p, n - (size_t)(p - hay), needle, m, other);
}

const uint8_t *needle_find(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m)
{
    if (n >= 64 + m && __builtin_cpu_supports("avx2"))
        return find_avx2(hay, n, needle, m);
    return needle_find_portable(hay, n, needle, m);
}

const uint8_t *needle_find_or(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m, uint8_t other)
{
    if (n >= 128 + m && __builtin_cpu_supports("avx2"))
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
