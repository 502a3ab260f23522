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

/* How far the lines behind the last known beginning of a row were counted. */
struct csv_count {
    size_t line;    /* the first line that was not counted */
    size_t scanned; /* no line ends in [line, scanned) */
    size_t row;     /* the last beginning of a row at or before line */
    size_t before;  /* the one before that */
    bool odd;       /* quotes in [row, line) */
};

/* Counts from a known beginning on. */
void csv_count_from(struct csv_count *c, size_t index);

/*
 * Goes on by one line if it ends at or before limit: *end is its end without terminator. False when there is
 * no such line.
 */
bool csv_count_line(struct csv_count *c, const struct text_bytes *t, const struct csv_layout *layout,
                    size_t limit, bool final, size_t *begin, size_t *end);

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

/* Looks at the row that begins at index from, of at most limit bytes. */
enum csv_verdict csv_row_at(const struct text_bytes *t, size_t from, size_t limit,
                            const struct csv_layout *layout, bool final, struct csv_extent *out);

/* EXACT: *found is where the first certain row begins at a line inside of (from, to). OPEN: more bytes are
 * needed to tell. BAD: there is none within reach. */
enum csv_verdict csv_row_inside(const struct text_bytes *t, size_t from, size_t to,
                                const struct csv_layout *layout, bool final, size_t *found);

#endif
