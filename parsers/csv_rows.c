/* SPDX-License-Identifier: Apache-2.0 */
/* Where rows begin and end. */
#include "csv_rows.h"

enum {
    LINE_END_UNITS = 2,       /* carriage return and line feed */
    INSIDE_BYTES = 64 * 1024, /* of one row that is tried after damage */
    TRIED_BYTES = 4 << 20,    /* of all that are tried at one place, so that no file makes us slow */
    WMIC_LINES_MAX = 256,
    WMI_TIME_LENGTH = 25,
    ID_DIGITS_MAX = 10,
};

/* --- counting --- */

void csv_count_from(struct csv_count *c, size_t index, const struct csv_layout *layout)
{
    *c = (struct csv_count){.row = index, .before = index, .line = index, .scanned = index};
    quote_scan_from(&c->scan, index, layout->style != CSV_QUOTED);
}

/* Line by line: for units of two bytes. */
static bool count_wide(struct csv_count *c, const struct text_bytes *t, const struct csv_layout *layout,
                       size_t limit, size_t *next)
{
    size_t end;
    while (c->line < limit && text_break_next(t, c->line, c->scanned, false, &end, next) && *next <= limit) {
        if (layout->style == CSV_QUOTED)
            c->odd ^= csv_has_odd_quotes(t, c->line, end);
        c->line = c->scanned = *next;
        if (!c->odd)
            return true;
    }
    return false;
}

bool csv_count_row(struct csv_count *c, const struct text_bytes *t, const struct csv_layout *layout,
                   size_t limit)
{
    size_t next;
    bool found = t->encoding == TEXT_UTF8 ? quote_scan_next(&c->scan, t->p, t->n, limit, &next)
                                          : count_wide(c, t, layout, limit, &next);
    if (found) {
        c->before = c->row;
        c->row = next;
    }
    return found;
}

/* --- one row --- */

static bool is_id(const struct text_bytes *t, const struct csv_cell *cell)
{
    size_t unit = text_unit(t->encoding), n = (cell->end - cell->begin) / unit;
    for (size_t i = 0; i < n; i++) {
        unsigned c = csv_unit_at(t, cell->begin + i * unit);
        if (c < '0' || c > '9')
            return false;
    }
    return n > 0 && n <= ID_DIGITS_MAX;
}

/* yyyymmddHHMMSS.ffffff+UUU */
static bool is_wmi_time(const struct text_bytes *t, size_t from, size_t to)
{
    size_t unit = text_unit(t->encoding), n = (to - from) / unit;
    if (n != WMI_TIME_LENGTH)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned c = csv_unit_at(t, from + i * unit);
        bool digit = c >= '0' && c <= '9';
        if (i == 14 ? c != '.' : i == 21 ? c != '+' && c != '-' : !digit)
            return false;
    }
    return true;
}

/* Do the columns behind the message end at index end? Their times tell. */
static bool is_wmic_end(const struct text_bytes *t, size_t from, size_t end, const struct csv_layout *layout)
{
    size_t unit = text_unit(t->encoding), cell_end = end, column = layout->columns;
    bool timed = false;
    for (size_t i = end; column > 0 && i >= from + unit; i -= unit) {
        if (csv_unit_at(t, i - unit) != (unsigned char)layout->delimiter)
            continue;
        if (layout->column[--column] == CSV_MESSAGE)
            return timed;
        if (layout->column[column] == CSV_TIME && !is_wmi_time(t, i, cell_end))
            return false;
        timed |= layout->column[column] == CSV_TIME;
        cell_end = i - unit;
    }
    return column == 1;
}

/* A record of wmic goes on until a line that ends with the columns behind the message. */
static enum csv_verdict wmic_row_at(const struct text_bytes *t, size_t from, size_t limit,
                                    const struct csv_layout *layout, bool final, struct csv_extent *out)
{
    struct csv_layout lines = *layout;
    struct csv_cell cell = {.after = CSV_AFTER_DELIMITER, .next = from};
    size_t end, next, at = from;
    bool id = false;
    lines.style = CSV_LINES;
    for (size_t i = 0; i <= layout->id && cell.after == CSV_AFTER_DELIMITER; i++) {
        csv_cell_at(t, cell.next, &lines, final, &cell);
        id = i == layout->id && is_id(t, &cell);
        *out = (struct csv_extent){.end = t->n, .next = t->n, .id = i == layout->id ? cell.begin : SIZE_MAX};
    }
    for (int line = 0; line < WMIC_LINES_MAX && at - from <= limit; line++, at = next) {
        bool ended = text_break_next(t, at, at, final, &end, &next);
        if (!ended && !final)
            return CSV_ROW_OPEN;
        if (!ended)
            end = next = t->n;
        bool whole = id && is_wmic_end(t, from, end, layout);
        if (line == 0 || whole)
            *out = (struct csv_extent){end, next, out->id, !ended && !whole, ended};
        if (whole)
            return CSV_ROW_EXACT;
        if (!id || !ended)
            break;
    }
    return CSV_ROW_BAD;
}

enum csv_verdict csv_row_at(const struct text_bytes *t, size_t from, size_t limit,
                            const struct csv_layout *layout, bool final, struct csv_extent *out)
{
    struct text_bytes in = *t;
    struct csv_cell cell = {.after = CSV_AFTER_DELIMITER, .next = from};
    size_t count = 0, id_begin = SIZE_MAX, reach = limit + LINE_END_UNITS * text_unit(t->encoding);
    bool exact = true, id = false, cut_by_limit = t->n - from > reach;
    if (layout->style == CSV_WMIC)
        return wmic_row_at(t, from, limit, layout, final, out);
    if (cut_by_limit)
        in.n = from + reach;
    for (; cell.after == CSV_AFTER_DELIMITER; count++) {
        csv_cell_at(&in, cell.next, layout, final && !cut_by_limit, &cell);
        exact &= cell.exact;
        id |= count == layout->id && is_id(&in, &cell);
        if (count == layout->id)
            id_begin = cell.begin;
    }
    bool ended = cell.after == CSV_AFTER_LINE,
         short_by_one = layout->extra_message && count + 1 == layout->columns;
    *out = (struct csv_extent){cell.line_end, cell.next, id_begin, cell.unclosed || (!ended && short_by_one),
                               ended};
    if (cell.after == CSV_AFTER_OPEN && cut_by_limit)
        out->next = from + limit;
    if (out->end - from > limit)
        return CSV_ROW_LONG;
    if (cell.after == CSV_AFTER_OPEN)
        return CSV_ROW_OPEN;
    if (!id || out->cut)
        return CSV_ROW_BAD;
    if (count == layout->columns || short_by_one)
        return exact ? CSV_ROW_EXACT : CSV_ROW_LOOSE;
    if (!layout->message_is_last || count < layout->columns)
        return CSV_ROW_BAD;
    return layout->style == CSV_LINES ? CSV_ROW_EXACT : CSV_ROW_LOOSE;
}

/* --- finding back --- */

enum csv_verdict csv_row_inside(const struct text_bytes *t, size_t from, size_t to,
                                const struct csv_layout *layout, bool final, size_t *found)
{
    size_t end, next, at = from, tried = 0;
    struct csv_extent extent;
    struct text_bytes in = {t->p, to, t->encoding};
    while (tried < TRIED_BYTES && text_break_next(&in, at, at, true, &end, &next) && next < to) {
        enum csv_verdict verdict = csv_row_at(t, next, INSIDE_BYTES, layout, final, &extent);
        *found = next;
        if ((verdict == CSV_ROW_EXACT && extent.ended) || verdict == CSV_ROW_OPEN)
            return verdict;
        tried += (extent.next > next ? extent.next - next : 0) + next - at;
        at = next;
    }
    return CSV_ROW_BAD;
}
