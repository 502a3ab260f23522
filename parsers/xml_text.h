/* SPDX-License-Identifier: Apache-2.0 */
/* A record's bytes as UTF-8, and what can be told from them without decoding. Pure. */
#ifndef MAPITAIL_XML_TEXT_H
#define MAPITAIL_XML_TEXT_H

#include "selector.h"
#include "xml_scan.h"

/*
 * The bytes [from, to) of t as UTF-8: in place where they are valid UTF-8, else in the buffer, with U+FFFD
 * for what is no text (*replaced is then set, and never cleared). Absent if that is longer than
 * EVENT_TEXT_MAX or than the buffer's limit.
 */
struct sv xml_text_utf8(const struct xml_text *t, size_t from, size_t to, struct buf *buffer, bool *replaced);

/*
 * Cheap test before decoding a record without comments and CDATA sections: false if <System> begins with a
 * <Provider> whose names no rule of the selector takes. True where that cannot be told without decoding.
 */
bool xml_text_can_match(struct sv text, const struct selector *selector);

#endif
