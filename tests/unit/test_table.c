/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people. */
#include "table.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(struct table *t, const char *want)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    cr_assert(to);
    table_print(t, to);
    fclose(to);
    cr_expect_str_eq(text, want);
    free(text);
    table_free(t);
}

Test(table, columns_are_as_wide_as_their_widest_cell)
{
    struct table t;
    table_init(&t, 3);
    const char *cells[] = {"NAME", "N", "M", "long name", "1234", "5"};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        table_add(&t, sv_from(cells[i]));
    expect(&t, "  NAME          N  M\n"
               "  long name  1234  5\n");
}

Test(table, widths_count_characters_and_controls_are_shown_as_question_marks)
{
    struct table t;
    table_init(&t, 2);
    table_add(&t, SV("gr\xc3\xbc\xc3\x9f"));
    table_add(&t, SV("1"));
    table_add(&t, SV("a\x1b[b"));
    table_add_marked(&t, ">=", SV("2"));
    expect(&t, "  gr\xc3\xbc\xc3\x9f    1\n"
               "  a?[b  >=2\n");
}

Test(table, a_table_without_cells_prints_nothing)
{
    struct table t;
    table_init(&t, 2);
    expect(&t, "");
}
