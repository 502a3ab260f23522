/* SPDX-License-Identifier: Apache-2.0 */
/* A table for people. */
#include "table.h"

#include "utf.h"

#include <stdlib.h>
#include <string.h>

void table_init(struct table *t, size_t columns)
{
    *t = (struct table){.columns = columns};
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (struct table){0};
}

void table_add(struct table *t, struct sv cell)
{
    table_add_marked(t, "", cell);
}

void table_add_marked(struct table *t, const char *mark, struct sv cell)
{
    size_t marked = strlen(mark), n = marked + cell.n;
    char **cells = realloc(t->cells, (t->count + 1) * sizeof *cells);
    if (!cells)
        return;
    char *copy = malloc(n + 1);
    if (copy) {
        memcpy(copy, mark, marked);
        if (cell.n)
            memcpy(copy + marked, cell.p, cell.n);
        copy[n] = '\0';
    }
    for (char *p = copy; p && p < copy + n; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    t->cells = cells;
    t->cells[t->count++] = copy;
}

static const char *text_at(const struct table *t, size_t i)
{
    return i < t->count && t->cells[i] ? t->cells[i] : "";
}

/* Characters, not bytes: bytes that only continue one are not counted. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void measure(const struct table *t, size_t widths[TABLE_COLUMNS_MAX])
{
    memset(widths, 0, TABLE_COLUMNS_MAX * sizeof *widths);
    for (size_t i = 0; i < t->count; i++) {
        size_t n = width_of(text_at(t, i)), *width = &widths[i % t->columns];
        *width = n > *width ? n : *width;
    }
}

void table_print(const struct table *t, FILE *to)
{
    size_t widths[TABLE_COLUMNS_MAX];
    measure(t, widths);
    for (size_t i = 0; i < t->count; i++) {
        const char *text = text_at(t, i);
        size_t column = i % t->columns;
        int padding = (int)(widths[column] - width_of(text));
        if (column == 0)
            fprintf(to, "  %s%*s", text, padding, "");
        else
            fprintf(to, "  %*s%s", padding, "", text);
        if (column == t->columns - 1)
            fputc('\n', to);
    }
}
