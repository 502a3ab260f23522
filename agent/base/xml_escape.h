/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as it can stand in XML: in element content, or in an attribute between single quotes, as Windows
 * writes it (EvtRender: in content quotation marks and line ends stand for themselves). Control characters,
 * U+FFFE and U+FFFF, which Windows writes though they cannot stand in XML at all ([XML] 2.2), become U+FFFD.
 * Text is UTF-8. Pure.
 */
#ifndef MAPITAIL_XML_ESCAPE_H
#define MAPITAIL_XML_ESCAPE_H

#include "buf.h"

/* What stands for the character, or absent where it stands for itself. c is ASCII. */
struct sv xml_escape_of(char c, bool in_attribute);

/* Where the first byte from at on stands that must be escaped, or the end; 16 bytes at a time. */
size_t xml_escape_find(struct sv text, size_t at, bool in_attribute);

/* Appends the text from at on, which must be escaped (or is the end). */
void xml_escape_put_from(struct buf *out, struct sv text, size_t at, bool in_attribute);

/* Appends the whole text. */
void xml_escape_put(struct buf *out, struct sv text, bool in_attribute);

#endif
