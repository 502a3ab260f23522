/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cell of a table after the other, from bytes in any encoding. Pure.
 *
 * RFC 4180 section 2, read tolerantly: a quote inside a quoted cell that neither is doubled nor stands before
 * a delimiter or a line break is part of the text, and so is every quote in a cell that does not begin with
 * one; such a cell is not exact.
 */
#ifndef MAPITAIL_CSV_CELL_H
#define MAPITAIL_CSV_CELL_H

#include "csv_layout.h"
#include "text_break.h"

enum csv_after {
    CSV_AFTER_DELIMITER,
    CSV_AFTER_LINE,  /* the record ends with a line break */
    CSV_AFTER_INPUT, /* the record ends with the bytes */
    CSV_AFTER_OPEN,  /* the bytes end and nothing tells that the cell does: more are needed */
};

struct csv_cell {
    size_t begin, end; /* of the text, without the quotes around it */
    size_t next;       /* of what follows the delimiter or the line break */
    size_t line_end;   /* the record's end without its terminator: AFTER_LINE, AFTER_INPUT */
    enum csv_after after;
    bool quoted;
    bool doubled; /* has doubled quotes */
    bool exact;
    bool unclosed; /* AFTER_INPUT within quotes */
};

/* The character at index i, 0 behind the end. */
static inline unsigned csv_unit_at(const struct text_bytes *t, size_t i)
{
    if (t->encoding == TEXT_UTF8)
        return i < t->n ? t->p[i] : 0;
    if (i >= t->n || t->n - i < 2)
        return 0;
    return t->encoding == TEXT_UTF16LE ? (unsigned)(t->p[i] | t->p[i + 1] << 8)
                                       : (unsigned)(t->p[i] << 8 | t->p[i + 1]);
}

/* The cell at index at. final: no byte follows t, ever. */
void csv_cell_at(const struct text_bytes *t, size_t at, const struct csv_layout *layout, bool final,
                 struct csv_cell *out);

/* True if [from, to) has an odd number of quotes. */
bool csv_has_odd_quotes(const struct text_bytes *t, size_t from, size_t to);

#endif
