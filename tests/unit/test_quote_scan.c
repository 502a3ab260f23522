/* SPDX-License-Identifier: Apache-2.0 */
/* Line feeds outside of quotes: the fast form, the portable one and the definition agree. */
#include "hostile_text.h"
#include "quote_scan.h"

#include <criterion/criterion.h>

enum { TEXT_BYTES = 4096 };

typedef bool next_function(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next);

static struct hostile random_source = {.state = 9646};
static uint8_t text[TEXT_BYTES];

static void fill(size_t one_in)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        size_t kind = hostile_below(&random_source, one_in);
        text[i] = kind == 0 ? '"' : kind == 1 ? '\n' : kind == 2 ? 0x8a : 'x';
    }
}

/* By the definition, one byte after the other. */
static size_t row_behind(size_t from, size_t n, bool plain)
{
    bool odd = false;
    for (size_t i = from; i < n; i++) {
        odd ^= !plain && text[i] == '"';
        if (text[i] == '\n' && !odd)
            return i + 1;
    }
    return SIZE_MAX;
}

static void follows_the_definition(next_function *next_row, size_t from, size_t step, bool plain)
{
    struct quote_scan s;
    size_t want = from, next;
    quote_scan_from(&s, from, plain);
    for (size_t n = from; n < TEXT_BYTES;) {
        n = TEXT_BYTES - n < step ? TEXT_BYTES : n + step;
        while (next_row(&s, text, n, n, &next)) {
            want = row_behind(want, n, plain);
            cr_assert_eq(next, want);
        }
        cr_assert_eq(row_behind(want, n, plain), SIZE_MAX, "none is left out before %zu", n);
    }
}

Test(quote_scan, rows_end_where_the_definition_says_however_the_text_grows)
{
    for (size_t one_in = 4; one_in < 300; one_in *= 3) {
        fill(one_in);
        for (size_t step = 1; step < TEXT_BYTES; step = step * 3 + 1)
            for (size_t from = 0; from < 70; from += 23) {
                follows_the_definition(quote_scan_next, from, step, false);
                follows_the_definition(quote_scan_next_portable, from, step, false);
                follows_the_definition(quote_scan_next, from, step, true);
            }
    }
}

Test(quote_scan, a_row_behind_the_limit_is_given_once_the_limit_allows_it)
{
    static const uint8_t rows[] = "a\nbbbb\n\"\n\"\nd";
    struct quote_scan s;
    size_t next = 0;
    quote_scan_from(&s, 0, false);
    cr_assert(quote_scan_next(&s, rows, sizeof rows - 1, 6, &next));
    cr_assert_eq(next, 2);
    cr_assert_not(quote_scan_next(&s, rows, sizeof rows - 1, 6, &next));
    cr_assert(quote_scan_next(&s, rows, sizeof rows - 1, 7, &next));
    cr_assert_eq(next, 7);
    cr_assert(quote_scan_next(&s, rows, sizeof rows - 1, sizeof rows - 1, &next));
    cr_assert_eq(next, 11);
    cr_assert_not(quote_scan_next(&s, rows, sizeof rows - 1, sizeof rows - 1, &next));
}

static void keeps_to_the_limit(next_function *next_row)
{
    struct quote_scan s;
    size_t want = row_behind(0, TEXT_BYTES, false), next = 0;
    quote_scan_from(&s, 0, false);
    for (size_t limit = 0; limit <= TEXT_BYTES; limit++) {
        bool due = want == limit;
        cr_assert_eq(next_row(&s, text, TEXT_BYTES, limit, &next), due, "at %zu", limit);
        if (due)
            cr_assert_eq(next, limit);
        if (due)
            want = row_behind(want, TEXT_BYTES, false);
    }
}

Test(quote_scan, every_row_is_given_as_soon_as_the_limit_reaches_it)
{
    fill(7);
    keeps_to_the_limit(quote_scan_next);
    keeps_to_the_limit(quote_scan_next_portable);
}
