/* SPDX-License-Identifier: Apache-2.0 */
/* How a text export is encoded, and its bytes as UTF-8. */
#include "text_coding.h"

enum { PIECE = 4096 };

struct text_coding text_coding_of(struct sv head, enum code_page setting)
{
    struct text_form form = text_form_of(head);
    if (form.bom_bytes)
        return (struct text_coding){form.encoding, CODE_PAGE_UTF8};
    if (code_page_is_single_byte(setting))
        return (struct text_coding){TEXT_UTF8, setting};
    switch (setting) {
    case CODE_PAGE_UTF16LE:
        return (struct text_coding){TEXT_UTF16LE, CODE_PAGE_UTF8};
    case CODE_PAGE_UTF16BE:
        return (struct text_coding){TEXT_UTF16BE, CODE_PAGE_UTF8};
    case CODE_PAGE_UTF8:
        return (struct text_coding){TEXT_UTF8, CODE_PAGE_UTF8};
    default:
        break;
    }
    return (struct text_coding){form.encoding, form.encoding == TEXT_UTF8 ? CODE_PAGE_AUTO : CODE_PAGE_UTF8};
}

/* Does UTF-8 explain more of the bytes above ASCII than a code page would? */
static bool is_damaged_utf8(struct sv v)
{
    size_t good = 0, bad = 0;
    while (v.n) {
        uint32_t c;
        size_t n = utf8_decode(v, &c);
        good += n > 1;
        bad += n == 1 && (unsigned char)v.p[0] >= 0x80;
        v = sv_slice(v, n, v.n);
    }
    return good >= bad;
}

/* Bytes of the next piece: whole surrogate pairs, whole UTF-8 characters, at most PIECE. */
static size_t piece_of(const struct text_coding *c, struct sv raw)
{
    const uint8_t *p = (const uint8_t *)raw.p;
    size_t n = PIECE;
    if (raw.n <= PIECE)
        return raw.n;
    if (c->encoding != TEXT_UTF8)
        /* The high byte of a pair's first half is d8 … db. */
        return (p[n - (c->encoding == TEXT_UTF16LE ? 1 : 2)] & 0xfc) == 0xd8 ? n - 2 : n;
    while (n > PIECE - 3 && (p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Valid UTF-8, and U+FFFD for each part that is not. */
static void put_valid(struct buf *b, struct sv v, bool *replaced)
{
    while (v.n) {
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

static void put_piece(struct buf *b, const struct text_coding *c, enum code_page page, struct sv v,
                      bool *replaced)
{
    if (c->encoding == TEXT_UTF8 && !code_page_is_single_byte(page)) {
        put_valid(b, v, replaced);
        return;
    }
    char *to = buf_room(b, 3 * v.n + 3);
    if (!to)
        return;
    if (c->encoding == TEXT_UTF8)
        b->n += utf8_from_code_page(page, (const uint8_t *)v.p, v.n, to, replaced);
    else
        b->n += utf8_from_utf16((const uint8_t *)v.p, v.n, c->encoding, to, replaced);
}

static struct sv without_mark(struct sv v)
{
    bool may_be = v.n && v.p[0] == '\xef';
    return may_be && sv_starts(v, SV("\xef\xbb\xbf")) ? sv_slice(v, 3, v.n) : v;
}

static struct sv cut_to(struct sv v, size_t max, bool *cut)
{
    *cut |= v.n > max;
    return utf8_cut(v, max);
}

struct sv text_to_utf8(const struct text_coding *c, struct sv raw, size_t max, struct buf *buffer,
                       bool *replaced, bool *cut)
{
    enum code_page page = c->page;
    if (c->encoding == TEXT_UTF8 && !code_page_is_single_byte(page)) {
        if (utf8_valid_length(raw) == raw.n)
            return cut_to(without_mark(raw), max, cut);
        if (page == CODE_PAGE_AUTO && !is_damaged_utf8(raw))
            page = CODE_PAGE_WINDOWS_1252;
    }
    buf_reset(buffer);
    while (raw.n && buf_ok(buffer) && buffer->n <= max + 3) {
        size_t n = piece_of(c, raw);
        put_piece(buffer, c, page, sv_slice(raw, 0, n), replaced);
        raw = sv_slice(raw, n, raw.n);
    }
    *cut |= raw.n != 0;
    return buf_ok(buffer) ? cut_to(without_mark(buf_sv(buffer)), max, cut) : SV_ABSENT;
}

struct sv text_head_utf8(struct sv head, char *to)
{
    struct text_coding c = text_coding_of(head, CODE_PAGE_AUTO);
    struct buf b = {.p = to, .cap = 3 * head.n + 3, .limit = 3 * head.n + 3};
    bool replaced = false;
    enum code_page page = c.page;
    if (page == CODE_PAGE_AUTO && !is_damaged_utf8(head))
        page = CODE_PAGE_WINDOWS_1252;
    put_piece(&b, &c, page, head, &replaced);
    return without_mark(buf_sv(&b));
}

/* Bytes before the first CR or LF. Piece by piece, so that lines that end with CR cost what others do. */
static size_t line_length(struct sv v)
{
    enum { STRIDE = 256 };
    for (size_t from = 0; from < v.n; from += STRIDE) {
        struct sv piece = sv_slice(v, from, from + STRIDE);
        size_t feed = sv_find_char(piece, '\n');
        size_t end = sv_find_char(sv_slice(piece, 0, feed), '\r');
        end = end < feed ? end : feed;
        if (end != SV_NPOS)
            return from + end;
    }
    return v.n;
}

bool text_take_line(struct sv *rest, struct sv *line)
{
    if (sv_empty(*rest))
        return false;
    size_t n = line_length(*rest);
    *line = sv_slice(*rest, 0, n);
    if (n < rest->n)
        n += rest->p[n] == '\r' && n + 1 < rest->n && rest->p[n + 1] == '\n' ? 2 : 1;
    *rest = sv_slice(*rest, n, rest->n);
    return true;
}
