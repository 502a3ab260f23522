/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lines end, told from raw bytes: LF, CRLF or CR in the file's encoding. In UTF-16 a terminator may
 * begin at any byte, so that an odd byte somewhere costs one line and not the rest of the file. Pure.
 */
#ifndef MAPITAIL_TEXT_BREAK_H
#define MAPITAIL_TEXT_BREAK_H

#include "utf.h"

/* Bytes of a file, in the file's encoding. */
struct text_bytes {
    const uint8_t *p;
    size_t n;
    enum text_encoding encoding;
};

/*
 * The first terminator in [from, t->n) that does not begin before floor: *end is its index, *next the one
 * behind it. A CR at the very end may become CRLF and is none unless final. False: none, and *end is where to
 * search on when there are more bytes.
 */
bool text_break_next(const struct text_bytes *t, size_t floor, size_t from, bool final, size_t *end,
                     size_t *next);

/* The last terminator that lies within [floor, before); a CR at the very end of t is none. */
bool text_break_before(const struct text_bytes *t, size_t floor, size_t before, size_t *end, size_t *next);

/* True if t ends with a terminator. */
bool text_break_at_end(const struct text_bytes *t);

#endif
