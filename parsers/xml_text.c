/* SPDX-License-Identifier: Apache-2.0 */
/* A record's bytes as UTF-8, and what can be told from them without decoding. */
#include "xml_text.h"

#include "parser.h"

/* Appends UTF-16 as UTF-8, in pieces so that little more memory is taken than the text needs. */
static void put_utf16(struct buf *b, const uint8_t *from, size_t n, enum text_encoding encoding,
                      bool *replaced)
{
    enum { PIECE = 4096 };
    while (n) {
        size_t piece = n < PIECE ? n : PIECE;
        /* A piece ends before a surrogate's first half, whose high byte is d8 … db. */
        if (piece < n && (from[piece - (encoding == TEXT_UTF16LE ? 1 : 2)] & 0xfc) == 0xd8)
            piece -= 2;
        char *to = buf_room(b, utf8_room_for_utf16(piece));
        if (!to)
            return;
        b->n += utf8_from_utf16(from, piece, encoding, to, replaced);
        from += piece;
        n -= piece;
    }
}

/* Appends v with U+FFFD for each character that is not valid UTF-8. */
static void put_valid(struct buf *b, struct sv v, bool *replaced)
{
    for (;;) {
        size_t good = utf8_valid_length(v), bad = good + 1;
        buf_put(b, sv_slice(v, 0, good));
        if (good == v.n)
            return;
        buf_utf8(b, 0xfffd);
        *replaced = true;
        /* Continuation bytes of a broken character belong to it. */
        while (bad < v.n && ((unsigned char)v.p[bad] & 0xc0) == 0x80)
            bad++;
        v = sv_slice(v, bad, v.n);
    }
}

struct sv xml_text_utf8(const struct xml_text *t, size_t from, size_t to, struct buf *buffer, bool *replaced)
{
    struct sv raw = sv_make(t->p + from, to - from);
    if (t->encoding == TEXT_UTF8 && utf8_valid_length(raw) == raw.n)
        return raw;
    buf_reset(buffer);
    if (t->encoding == TEXT_UTF8)
        put_valid(buffer, raw, replaced);
    else
        put_utf16(buffer, t->p + from, raw.n, t->encoding, replaced);
    return buf_ok(buffer) && buffer->n <= EVENT_TEXT_MAX ? buf_sv(buffer) : SV_ABSENT;
}

bool xml_text_can_match(struct sv text, const struct selector *selector)
{
    static const struct sv names[] = {SV_INIT(" Name="), SV_INIT(" EventSourceName=")};
    size_t system = sv_find(text, SV("<System>"));
    if (system == SV_NPOS)
        return true;
    struct sv tag = sv_trim(sv_slice(text, system + 8, text.n));
    tag = sv_slice(tag, 0, sv_find_char(tag, '>'));
    if (!sv_starts(tag, SV("<Provider ")) || sv_find_char(tag, '&') != SV_NPOS)
        return true;
    bool told = false;
    for (size_t i = 0; i < 2; i++) {
        size_t at = sv_find(tag, names[i]);
        if (at == SV_NPOS)
            continue;
        struct sv value = sv_slice(tag, at + names[i].n, tag.n);
        size_t close = value.n ? sv_find_char(sv_slice(value, 1, value.n), value.p[0]) : SV_NPOS;
        if (close == SV_NPOS || selector_wants_provider(selector, sv_slice(value, 1, close + 1)))
            return true;
        told = true;
    }
    return !told;
}
