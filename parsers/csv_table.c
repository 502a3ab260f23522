/* SPDX-License-Identifier: Apache-2.0 */
/* What a table tells about itself before any row of it is read. */
#include "csv_table.h"

#include "csv_cell.h"

#include <stdlib.h>

enum { LINE_ROOM = 64 * 1024 };

/* A table that is none: its lines are looked at for a header and nothing else. */
static const struct csv_layout nothing = {.style = CSV_LINES, .delimiter = ','};

/* Up to want bytes at offset; absent after an I/O error or without memory. To be freed. */
static uint8_t *read_part(const struct input *in, uint64_t offset, size_t want, size_t *n)
{
    uint64_t there = in->size > offset ? in->size - offset : 0;
    *n = there < want ? (size_t)there : want;
    uint8_t *p = malloc(want);
    ptrdiff_t got = p && *n ? in->read_at(in->ctx, offset, p, *n) : 0;
    if (got < 0) {
        free(p);
        return NULL;
    }
    *n = (size_t)got;
    return p;
}

static bool judge(const struct text_bytes *t, size_t from, size_t to, const struct text_coding *coding,
                  struct buf *room, struct csv_layout *out)
{
    bool ignored = false;
    struct sv line =
        text_to_utf8(coding, sv_make(t->p + from, to - from), LINE_ROOM / 2, room, &ignored, &ignored);
    if (csv_is_remark(line))
        return false;
    if (!csv_layout_of_header(line, out) && !csv_layout_of_row(line, out))
        *out = nothing;
    return true;
}

enum text_refill csv_table_layout(const struct input *in, uint64_t offset, const struct text_coding *coding,
                                  struct csv_layout *out)
{
    size_t n, at = 0, end, next;
    uint8_t *p = read_part(in, offset, CSV_LAYOUT_BYTES, &n);
    struct text_bytes t = {p, n, coding->encoding};
    bool final = (in->complete && offset + n == in->size) || n == CSV_LAYOUT_BYTES, known = false;
    struct buf room;
    if (!p)
        return TEXT_UNREADABLE;
    buf_init(&room, LINE_ROOM);
    while (!known && at < n) {
        bool ended = text_break_next(&t, at, at, final, &end, &next);
        if (!ended && !final)
            break;
        if (!ended)
            end = next = n;
        known = judge(&t, at, end, coding, &room, out);
        at = next;
    }
    buf_free(&room);
    free(p);
    if (!known && final)
        *out = nothing;
    return known || final ? TEXT_REFILLED : TEXT_NOTHING;
}

/* --- the order of dates --- */

static void add_date(struct date_evidence *e, const struct text_bytes *t, const struct csv_cell *cell,
                     const struct text_coding *coding)
{
    char text[4 * LOCAL_TIME_TEXT_MAX];
    struct buf room = {.p = text, .cap = sizeof text, .limit = sizeof text};
    bool ignored = false;
    size_t n = cell->end - cell->begin;
    if (n == 0 || n > LOCAL_TIME_TEXT_MAX)
        return;
    struct text_coding c = *coding;
    if (c.page == CODE_PAGE_AUTO)
        c.page = CODE_PAGE_WINDOWS_1252;
    date_evidence_add(
        e, text_to_utf8(&c, sv_make(t->p + cell->begin, n), LOCAL_TIME_TEXT_MAX, &room, &ignored, &ignored));
}

enum date_order csv_table_order(const struct input *in, uint64_t offset, const struct text_coding *coding,
                                const struct csv_layout *layout)
{
    size_t n, index = 0;
    uint8_t *p = read_part(in, offset, CSV_EVIDENCE_BYTES, &n);
    struct text_bytes t = {p, n, coding->encoding};
    struct csv_cell cell = {.after = CSV_AFTER_LINE};
    struct date_evidence evidence = {0};
    while (p && cell.next < n && cell.after != CSV_AFTER_OPEN) {
        csv_cell_at(&t, cell.next, layout, false, &cell);
        enum csv_column column = index < layout->columns ? (enum csv_column)layout->column[index] : CSV_OTHER;
        if (column == CSV_TIME || column == CSV_DATE)
            add_date(&evidence, &t, &cell, coding);
        index = cell.after == CSV_AFTER_DELIMITER ? index + 1 : 0;
    }
    free(p);
    return date_evidence_order(&evidence);
}

bool csv_begins_with_a_name(struct text_bytes t, const struct text_coding *coding, size_t begin)
{
    char text[4 * CSV_NAME_MAX];
    struct csv_cell cell;
    struct buf room = {.p = text, .cap = sizeof text, .limit = sizeof text};
    bool ignored = false;
    for (const char *d = ",;\t"; *d; d++) {
        struct csv_layout layout = {.style = CSV_QUOTED, .delimiter = *d};
        csv_cell_at(&t, begin, &layout, true, &cell);
        size_t n = cell.end - cell.begin;
        if (cell.after != CSV_AFTER_DELIMITER || n > CSV_NAME_MAX)
            continue;
        struct sv name =
            text_to_utf8(coding, sv_make(t.p + cell.begin, n), CSV_NAME_MAX, &room, &ignored, &ignored);
        if (csv_column_of(sv_trim(name), NULL) != CSV_OTHER)
            return true;
    }
    return false;
}
