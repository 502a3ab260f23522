/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a text export is encoded, and its bytes as UTF-8. Pure.
 *
 * A byte order mark tells for certain. Without one the source's setting counts; if that is `auto`, zero bytes
 * tell UTF-16, and everything else is UTF-8 as long as it is valid. What is not is judged piece by piece (a
 * line, a record), never by the rest of the file, so that growing or reading on elsewhere changes no text: a
 * piece with more bytes that UTF-8 cannot have than characters that only UTF-8 has is taken for windows-1252,
 * any other for damaged UTF-8, whose bad bytes become U+FFFD.
 */
#ifndef MAPITAIL_TEXT_CODING_H
#define MAPITAIL_TEXT_CODING_H

#include "codepage.h"
#include "utf.h"

enum { TEXT_HEAD_BYTES = 4 }; /* tell the encoding */

struct text_coding {
    enum text_encoding encoding; /* UTF-8 for everything with units of one byte */
    enum code_page page; /* AUTO: piece by piece as above; UTF8; or a single-byte page. UTF8 under UTF-16 */
};

/* From the file's first TEXT_HEAD_BYTES (all of it if it is shorter) and the source's setting. */
struct text_coding text_coding_of(struct sv head, enum code_page setting);

/*
 * raw as UTF-8 of at most max bytes, without a byte order mark in front: in place where that can be, else in
 * the buffer, whose limit must be above max + 16 KiB. *replaced and *cut (never cleared) tell of U+FFFD and
 * of more than max bytes. Absent without memory.
 */
struct sv text_to_utf8(const struct text_coding *c, struct sv raw, size_t max, struct buf *buffer,
                       bool *replaced, bool *cut);

/*
 * For probes: the file's beginning, at most PARSER_HEAD_BYTES, as UTF-8 at to, which must have 3 * head.n + 3
 * bytes. What the end cuts off of a character becomes U+FFFD.
 */
struct sv text_head_utf8(struct sv head, char *to);

/*
 * Takes the first line from *rest, which may be a whole record: without its terminator (LF, CRLF or CR).
 * False when *rest is empty.
 */
bool text_take_line(struct sv *rest, struct sv *line);

#endif
