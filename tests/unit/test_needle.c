/* SPDX-License-Identifier: Apache-2.0 */
/* Exact search, against the search that looks at every place. */
#include "needle.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { HAY_MAX = 400, NEEDLE_MAX = 20, ALIGNMENTS = 64 };

static uint32_t state;

static uint32_t noise(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 9;
}

static void fill(uint8_t *to, size_t n, unsigned letters)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)('a' + noise() % letters);
}

static const uint8_t *naive(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m, int other)
{
    for (size_t i = 0; i < n; i++)
        if (hay[i] == other || (n - i >= m && memcmp(hay + i, needle, m) == 0))
            return hay + i;
    return NULL;
}

static void assert_all_agree(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m, uint8_t other)
{
    const uint8_t *want = naive(hay, n, needle, m, -1), *either = naive(hay, n, needle, m, other);
    cr_assert_eq(needle_find(hay, n, needle, m), want, "n %zu m %zu", n, m);
    cr_assert_eq(needle_find_portable(hay, n, needle, m), want, "n %zu m %zu", n, m);
    cr_assert_eq(needle_find_or(hay, n, needle, m, other), either, "n %zu m %zu", n, m);
    cr_assert_eq(needle_find_or_portable(hay, n, needle, m, other), either, "n %zu m %zu", n, m);
}

Test(needle, agrees_with_the_naive_search_on_random_text)
{
    for (state = 1; state < 20000;) {
        uint32_t seed = state;
        uint8_t needle[NEEDLE_MAX];
        unsigned letters = 1 + noise() % 4;
        size_t n = noise() % HAY_MAX, m = 1 + noise() % NEEDLE_MAX;
        /* A block of its own lets the sanitizer see a read outside. */
        uint8_t *hay = malloc(n + 1);
        fill(hay, n, letters);
        fill(needle, m, letters);
        assert_all_agree(hay, n, needle, m, (uint8_t)('a' + noise() % 6));
        free(hay);
        state = seed + 7;
    }
}

Test(needle, finds_the_needle_at_every_place_and_alignment)
{
    static const uint8_t needle[] = ">9646</EventID";
    size_t m = sizeof needle - 1;
    for (size_t align = 0; align < ALIGNMENTS; align++) {
        for (size_t at = 0; at + m <= 200; at++) {
            uint8_t *block = malloc(align + 200), *hay = block + align;
            memset(block, '>', align + 200);
            memcpy(hay + at, needle, m);
            cr_assert_eq(needle_find(hay, 200, needle, m), hay + at);
            cr_assert_null(needle_find(hay, at + m - 1, needle, m), "cut before its last byte");
            cr_assert_eq(needle_find(hay, at + m, needle, m), hay + at, "at the very end");
            free(block);
        }
    }
}

Test(needle, every_length_around_the_vector_width)
{
    state = 5;
    for (size_t n = 0; n < 200; n++) {
        for (size_t m = 1; m <= 70; m++) {
            uint8_t *hay = malloc(n + 1), *needle = malloc(m);
            fill(hay, n, 2);
            fill(needle, m, 2);
            if (n >= m && noise() % 2)
                memcpy(hay + noise() % (n - m + 1), needle, m);
            assert_all_agree(hay, n, needle, m, 'b' + (n & 1));
            free(hay);
            free(needle);
        }
    }
}

Test(needle, a_mark_inside_a_needle_does_not_hide_it)
{
    uint8_t hay[200];
    memset(hay, '.', sizeof hay);
    memcpy(hay + 100, "a!b", 3);
    cr_assert_eq(needle_find_or(hay, sizeof hay, (const uint8_t *)"a!b", 3, '!'), hay + 100);
    cr_assert_eq(needle_find_or(hay, sizeof hay, (const uint8_t *)"a!c", 3, '!'), hay + 101);
    cr_assert_eq(needle_find_or_portable(hay, sizeof hay, (const uint8_t *)"a!b", 3, '!'), hay + 100);
    cr_assert_eq(needle_find_or_portable(hay, sizeof hay, (const uint8_t *)"a!c", 3, '!'), hay + 101);
}

Test(needle, bytes_above_127_are_bytes_like_others)
{
    uint8_t hay[300], needle[] = {0xff, 0x00, 0x80};
    memset(hay, 0, sizeof hay);
    memcpy(hay + 250, needle, 3);
    cr_assert_eq(needle_find(hay, sizeof hay, needle, 3), hay + 250);
    cr_assert_eq(needle_find_or(hay, sizeof hay, needle, 3, 0xfe), hay + 250);
}
