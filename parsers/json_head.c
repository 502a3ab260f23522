/* SPDX-License-Identifier: Apache-2.0 */
/* What the beginning of a JSON file tells about all of it. */
#include "json_head.h"

#include "json_scan.h"
#include "needle.h"

#include <stdlib.h>

/* The bytes [from, to) of the file; p NULL where they cannot be had. To be freed. */
static struct text_bytes read_part(const struct input *in, enum text_encoding encoding, uint64_t from,
                                   uint64_t to)
{
    struct text_bytes t = {NULL, 0, encoding};
    uint8_t *p = from < to ? malloc((size_t)(to - from)) : NULL;
    ptrdiff_t got = 1;
    while (p && from + t.n < to && got > 0) {
        got = in->read_at(in->ctx, from + t.n, p + t.n, (size_t)(to - from) - t.n);
        t.n += got > 0 ? (size_t)got : 0;
    }
    t.p = p;
    return t;
}

static uint64_t head_end(const struct input *in, uint64_t to)
{
    to = to < in->size ? to : in->size;
    return to < JSON_HEAD_BYTES ? to : JSON_HEAD_BYTES;
}

/* --- keys --- */

bool json_head_look(struct json_head *h, const struct input *in, const struct text_coding *coding)
{
    uint64_t to = head_end(in, in->size), overlap = JSON_KEY_BYTES_MAX;
    if (h->is_wide || h->looked_to >= to)
        return false;
    uint64_t from = h->looked_to > overlap ? h->looked_to - overlap : 0;
    struct text_bytes t = read_part(in, coding->encoding, from, to);
    for (size_t i = 0; t.p && i < JSON_WIDE_KEYS; i++) {
        uint8_t key[JSON_KEY_BYTES_MAX];
        h->is_wide |= needle_find(t.p, t.n, key, json_wide_key(i, coding->encoding, key)) != NULL;
    }
    h->looked_to = from + t.n;
    free((void *)(uintptr_t)t.p);
    return h->is_wide;
}

/* --- dates --- */

/* Index of the first unit from i on that is no blank. */
static size_t behind_blanks(const struct text_bytes *t, size_t i)
{
    while (json_is_there(t, i)) {
        unsigned c = json_char_at(t, i);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            break;
        i += text_unit(t->encoding);
    }
    return i;
}

/*
 * The string that opens at index i, its ASCII in text: false where it does not end in t. A line break, which
 * cannot stand in a string, ends it without being part of one: text then fails.
 */
static bool take_string(const struct text_bytes *t, size_t i, struct buf *text, size_t *end)
{
    size_t unit = text_unit(t->encoding);
    for (i += unit; json_is_there(t, i); i += unit) {
        unsigned c = json_char_at(t, i);
        if (c == '"' || c == '\n' || c == '\r') {
            *end = i + unit;
            text->failed |= c != '"';
            return true;
        }
        /* Of what is escaped only the slash stands in dates. */
        if (c == '\\') {
            i += unit;
            if (!json_is_there(t, i))
                return false;
            c = json_char_at(t, i);
        }
        buf_putc(text, c < 0x80 ? (char)c : ' ');
    }
    return false;
}

/* The next string at or behind *at becomes a key or a date. False when none is whole: *at is where it begins.
 */
static bool take_date(struct json_head *h, const struct text_bytes *t, size_t *at)
{
    char room[LOCAL_TIME_TEXT_MAX];
    struct buf text = {.p = room, .cap = sizeof room, .limit = sizeof room};
    size_t unit = text_unit(t->encoding), i = *at, end;
    while (json_is_there(t, i) && json_char_at(t, i) != '"') {
        unsigned c = json_char_at(t, i);
        h->is_time &= c != '{' && c != '[' && c != ',';
        i += unit;
    }
    *at = i;
    if (!json_is_there(t, i) || !take_string(t, i, &text, &end))
        return false;
    size_t next = behind_blanks(t, end);
    if (!json_is_there(t, next))
        return false;
    *at = end;
    if (json_char_at(t, next) == ':') {
        h->is_time = buf_ok(&text) && sv_ifind(buf_sv(&text), SV("time")) != SV_NPOS;
        return true;
    }
    if (h->is_time && buf_ok(&text))
        date_evidence_add(&h->evidence, buf_sv(&text));
    h->is_time = false;
    return true;
}

enum date_order json_head_order(struct json_head *h, const struct input *in, const struct text_coding *coding,
                                uint64_t to)
{
    to = head_end(in, to);
    struct text_bytes t = read_part(in, coding->encoding, h->dated_to, to);
    size_t at = 0;
    while (t.p && take_date(h, &t, &at))
        ;
    h->dated_to += at;
    free((void *)(uintptr_t)t.p);
    return date_evidence_order(&h->evidence);
}
