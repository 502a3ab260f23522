/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is safe inside a syslog message (RFC 5424 sections 6 and 8.2).
 *
 * Control characters (C0, DEL, C1), line and paragraph separators and the characters that turn the writing
 * direction (U+202A … U+202E, U+2066 … U+2069) could forge what an operator sees; they are written as \u and
 * four hexadecimal digits. What is no UTF-8 becomes U+FFFD.
 */
#ifndef MAPITAIL_SYSLOG_TEXT_H
#define MAPITAIL_SYSLOG_TEXT_H

#include "buf.h"

enum { SYSLOG_HEADER_MAX = 255 }; /* the longest field of a header, HOSTNAME (RFC 5424 section 6) */

/* Appends a header field: PRINTUSASCII, every other character as '_', at most max (and SYSLOG_HEADER_MAX)
 * bytes, "-" when nothing is left. */
void syslog_header_field(struct buf *b, struct sv v, size_t max);

/*
 * Appends ' name="value"', nothing when v is empty or absent. name: ' name="'. '"', '\' and ']' are escaped;
 * the backslash of \uXXXX is too, so that a receiver that unescapes reads the same text as one of the
 * message.
 */
void syslog_param(struct buf *b, struct sv name, struct sv v);

/*
 * Appends the text of MSG: each run of CR and LF is one space, so that a message is always one line. Writes
 * at most max bytes and ends early rather than inside a character or a \uXXXX.
 */
void syslog_message(struct buf *b, struct sv v, size_t max);

#endif
