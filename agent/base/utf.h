/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text encodings: what an export may be written in, and the way into UTF-8, which is all that mapitail has
 * inside.
 *
 * A byte or unit that is not valid becomes U+FFFD and is reported; no conversion fails for its input's sake.
 */
#ifndef MAPITAIL_UTF_H
#define MAPITAIL_UTF_H

#include "arena.h"
#include "buf.h"

enum text_encoding { TEXT_UTF8, TEXT_UTF16LE, TEXT_UTF16BE };

struct text_form {
    enum text_encoding encoding;
    unsigned bom_bytes; /* bytes of the byte order mark at the beginning: 0, 2 or 3 */
};

/*
 * Tells the encoding from a file's first bytes: by its byte order mark, else by where the zero bytes of ASCII
 * characters stand, else UTF-8. Needs two bytes to say more than UTF-8.
 */
struct text_form text_form_of(struct sv head);

/* Bytes of one code unit: 1 or 2. */
static inline size_t text_unit(enum text_encoding e)
{
    return e == TEXT_UTF8 ? 1 : 2;
}

/* The most UTF-8 bytes that n bytes of UTF-16 can become. */
static inline size_t utf8_room_for_utf16(size_t n)
{
    return n / 2 * 3 + 3;
}

/*
 * Converts n bytes of UTF-16 to UTF-8 at to, which must have utf8_room_for_utf16(n) bytes; returns the bytes
 * written. A lone surrogate and an odd last byte become U+FFFD and set *replaced (may be NULL; never
 * cleared).
 */
size_t utf8_from_utf16(const uint8_t *from, size_t n, enum text_encoding e, char *to, bool *replaced);

/* The same into an arena; absent over its limit. */
struct sv utf8_from_utf16_in(struct arena *a, const uint8_t *from, size_t n, enum text_encoding e,
                             bool *replaced);

/* Length of the valid UTF-8 beginning of v (RFC 3629: shortest form, no surrogates, at most U+10FFFF). */
size_t utf8_valid_length(struct sv v);

/* v if it is valid UTF-8, else a copy in the arena with each maximal invalid part replaced by U+FFFD. */
struct sv utf8_clean(struct arena *a, struct sv v, bool *replaced);

/* The longest beginning of v that has at most max bytes and does not end inside a character. */
struct sv utf8_cut(struct sv v, size_t max);

/* Decodes the character at v.p; returns its bytes (0 at the end). Invalid: *out = U+FFFD and 1. */
size_t utf8_decode(struct sv v, uint32_t *out);

/* Appends one code point (a surrogate or a number above U+10FFFF as U+FFFD). */
void buf_utf8(struct buf *b, uint32_t code_point);

#endif
