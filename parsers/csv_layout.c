/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of a table of events mean. */
#include "csv_layout.h"

#include "csv_cell.h"

#include <string.h>

static const char delimiters[] = {'\t', ';', ','};

/* The cells of a row by RFC 4180, quotes around them taken away; how many there are. */
static size_t split(struct sv line, char delimiter, struct sv cells[CSV_COLUMNS_MAX])
{
    struct text_bytes t = {(const uint8_t *)line.p, line.n, TEXT_UTF8};
    struct csv_layout layout = {.style = CSV_QUOTED, .delimiter = delimiter};
    struct csv_cell cell = {.after = CSV_AFTER_DELIMITER};
    size_t count = 0;
    while (count < CSV_COLUMNS_MAX && cell.after == CSV_AFTER_DELIMITER) {
        csv_cell_at(&t, cell.next, &layout, true, &cell);
        cells[count++] = sv_slice(line, cell.begin, cell.end);
    }
    return cell.after == CSV_AFTER_DELIMITER ? 0 : count;
}

static bool has(const struct csv_layout *l, enum csv_column column, size_t *index)
{
    for (size_t i = 0; i < l->columns; i++)
        if (l->column[i] == column) {
            *index = i;
            return true;
        }
    return false;
}

/* What follows from the columns; false if they are not those of events. */
static bool complete(struct csv_layout *l)
{
    size_t at;
    l->has_id16 = has(l, CSV_ID, &l->id);
    if (!l->has_id16 && !has(l, CSV_ID32, &l->id))
        return false;
    bool has_message = has(l, CSV_MESSAGE, &at);
    l->message_is_last = has_message && at + 1 == l->columns;
    if (has(l, CSV_NODE, &at))
        l->style = CSV_WMIC;
    else if (l->delimiter == '\t' && has(l, CSV_STRINGS, &at))
        l->style = CSV_LINES;
    return true;
}

/* The event viewer gives the description no title. An empty one may stand for it. */
static void add_description(struct csv_layout *l)
{
    size_t at;
    if (has(l, CSV_MESSAGE, &at) || has(l, CSV_NODE, &at) || has(l, CSV_STRINGS, &at) ||
        has(l, CSV_RECORD, &at) || l->columns == CSV_COLUMNS_MAX)
        return;
    l->column[l->columns++] = CSV_MESSAGE;
    l->extra_message = true;
}

static void drop_empty(const struct sv cells[], size_t *count)
{
    while (*count && sv_empty(sv_trim(cells[*count - 1])))
        --*count;
}

/* The name of the id says the most about the language: words such as Date are many languages'. */
static void note_order(struct csv_layout *l, enum csv_column column, enum date_order order)
{
    if (order != DATE_ORDER_AUTO && (l->order == DATE_ORDER_AUTO || column == CSV_ID))
        l->order = order;
}

static bool header_with(struct sv line, char delimiter, struct csv_layout *out)
{
    struct sv cells[CSV_COLUMNS_MAX];
    struct csv_layout l = {.delimiter = delimiter};
    size_t count = split(line, delimiter, cells), known = 0, at;
    drop_empty(cells, &count);
    if (count < 2)
        return false;
    for (size_t i = 0; i < count; i++) {
        enum date_order order;
        struct sv name = sv_trim(cells[i]);
        l.column[i] = (uint8_t)csv_column_of(name, &order);
        known += l.column[i] != CSV_OTHER;
        note_order(&l, (enum csv_column)l.column[i], order);
    }
    l.columns = count;
    bool names_source = has(&l, CSV_SOURCE, &at) || has(&l, CSV_NODE, &at);
    if (known < 3 || known * 2 < count || !names_source)
        return false;
    add_description(&l);
    if (!complete(&l))
        return false;
    if (l.order == DATE_ORDER_AUTO)
        l.order = delimiter == ';' ? DATE_ORDER_DMY : DATE_ORDER_MDY;
    *out = l;
    return true;
}

bool csv_layout_of_header(struct sv line, struct csv_layout *out)
{
    if (sv_starts(line, SV("\xef\xbb\xbf")))
        line = sv_slice(line, 3, line.n);
    if (line.n > CSV_HEADER_MAX)
        return false;
    for (size_t i = 0; i < sizeof delimiters; i++)
        if (header_with(line, delimiters[i], out))
            return true;
    return false;
}

/* --- without a header --- */

static bool is_number(struct sv v)
{
    uint64_t n;
    return sv_to_u64(v, &n);
}

static bool is_time(struct sv v, bool clock)
{
    struct local_time t;
    return local_time_read(v, DATE_ORDER_MDY, &t) == LOCAL_TIME_READ && t.has_clock == clock;
}

static bool is_clock(struct sv v)
{
    return v.n >= 4 && ascii_is_digit(v.p[0]) && sv_find_char(sv_slice(v, 0, 3), ':') != SV_NPOS;
}

/* The order of dates as the words for the type suggest it. */
static enum date_order order_of_level(struct sv word, char delimiter)
{
    static const struct sv english[] = {SV_INIT("Error"),         SV_INIT("Warning"),
                                        SV_INIT("Information"),   SV_INIT("Success"),
                                        SV_INIT("Success Audit"), SV_INIT("Failure Audit")};
    for (size_t i = 0; i < sizeof english / sizeof english[0]; i++)
        if (sv_ieq(word, english[i]))
            return delimiter == ';' ? DATE_ORDER_DMY : DATE_ORDER_MDY;
    return DATE_ORDER_DMY;
}

static bool row_2003(const struct sv cells[], size_t count, char delimiter, struct csv_layout *out)
{
    static const uint8_t columns[] = {CSV_DATE, CSV_CLOCK, CSV_SOURCE,   CSV_LEVEL,  CSV_TASK,
                                      CSV_ID,   CSV_USER,  CSV_COMPUTER, CSV_MESSAGE};
    if (count < sizeof columns - 1 || !is_number(cells[5]) || !is_time(cells[0], false) ||
        !is_clock(cells[1]))
        return false;
    *out = (struct csv_layout){.delimiter = delimiter,
                               .columns = sizeof columns,
                               .extra_message = true,
                               .order = order_of_level(cells[3], delimiter)};
    memcpy(out->column, columns, sizeof columns);
    return complete(out);
}

static bool row_psloglist(const struct sv cells[], size_t count, char delimiter, struct csv_layout *out)
{
    static const uint8_t columns[] = {CSV_RECORD, CSV_CHANNEL, CSV_SOURCE, CSV_LEVEL,  CSV_COMPUTER,
                                      CSV_TIME,   CSV_ID,      CSV_USER,   CSV_MESSAGE};
    if (count < sizeof columns - 1 || !is_number(cells[0]) || !is_number(cells[6]) ||
        !is_time(cells[5], true))
        return false;
    *out = (struct csv_layout){.style = CSV_LINES,
                               .delimiter = delimiter,
                               .columns = sizeof columns,
                               .extra_message = true,
                               .order = DATE_ORDER_MDY};
    memcpy(out->column, columns, sizeof columns);
    return complete(out);
}

bool csv_layout_of_row(struct sv line, struct csv_layout *out)
{
    struct sv cells[CSV_COLUMNS_MAX];
    for (size_t i = 0; i < sizeof delimiters; i++) {
        size_t count = split(line, delimiters[i], cells);
        if (row_2003(cells, count, delimiters[i], out) || row_psloglist(cells, count, delimiters[i], out))
            return true;
    }
    return false;
}

bool csv_is_remark(struct sv line)
{
    struct sv v = sv_trim(line);
    return sv_empty(v) || sv_istarts(v, SV("#TYPE ")) || sv_istarts(v, SV("sep=")) ||
           (sv_ends(v, SV(":")) && sv_find(v, SV(" on \\\\")) != SV_NPOS) || sv_istarts(v, SV("PsLog")) ||
           sv_istarts(v, SV("Copyright (C)")) || sv_istarts(v, SV("Sysinternals - "));
}
