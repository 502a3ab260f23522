/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows begin and end in a window over a table, told from raw bytes at memory speed.
 *
 * A row begins at a line break before which, from the last known beginning on, the number of quotes is even.
 * That holds as long as every row closes what it opens, so what it gives is looked at before it is believed:
 * a row that is well-formed, has the header's number of columns and a number as its id is certain. Pure.
 */
#ifndef MAPITAIL_CSV_ROWS_H
#define MAPITAIL_CSV_ROWS_H

#include "csv_cell.h"
#include "quote_scan.h"

/* How far the rows behind the last known beginning of one were counted. */
struct csv_count {
    size_t row;             /* the last beginning of a row */
    size_t before;          /* the one before that */
    struct quote_scan scan; /* units of one byte */
    size_t line, scanned;   /* units of two bytes: the next line, and what has no line break behind it */
    bool odd;               /* quotes in [row, line) */
};

/* Counts from a known beginning on. */
void csv_count_from(struct csv_count *c, size_t index, const struct csv_layout *layout);

/*
 * Goes on by one row if it ends at or before limit: it is [c->before, c->row) then. False when there is no
 * such row. Line feeds count; a row that ends with CR alone is found by csv_row_at only.
 */
bool csv_count_row(struct csv_count *c, const struct text_bytes *t, const struct csv_layout *layout,
                   size_t limit);

enum csv_verdict {
    CSV_ROW_EXACT,
    CSV_ROW_LOOSE, /* its quotes are not those of RFC 4180, but the columns are there */
    CSV_ROW_BAD,
    CSV_ROW_OPEN, /* more bytes are needed */
    CSV_ROW_LONG, /* no end within the limit */
};

struct csv_extent {
    size_t end, next; /* behind the text, and behind its terminator */
    size_t id;        /* where the cell of its id begins; SIZE_MAX: it has none */
    bool cut;         /* the input ends within it */
    bool ended;       /* by a line break */
};

/* Looks at the row that begins at index from, of at most limit bytes without its line end. */
enum csv_verdict csv_row_at(const struct text_bytes *t, size_t from, size_t limit,
                            const struct csv_layout *layout, bool final, struct csv_extent *out);

/* EXACT: *found is where the first certain row begins at a line inside of (from, to). OPEN: more bytes are
 * needed to tell. BAD: there is none within reach. */
enum csv_verdict csv_row_inside(const struct text_bytes *t, size_t from, size_t to,
                                const struct csv_layout *layout, bool final, size_t *found);

#endif
