/* SPDX-License-Identifier: Apache-2.0 */
/* Random text made of what breaks formats: quotes, brackets, control characters, writing directions, broken
 * UTF-8. */
#ifndef MAPITAIL_TESTS_HOSTILE_TEXT_H
#define MAPITAIL_TESTS_HOSTILE_TEXT_H

#include "sv.h"

#include <string.h>

struct hostile {
    uint64_t state; /* not 0 */
    char pool[1 << 16];
    size_t used;
};

static inline uint64_t hostile_number(struct hostile *h)
{
    h->state ^= h->state << 13;
    h->state ^= h->state >> 7;
    h->state ^= h->state << 17;
    return h->state;
}

static inline size_t hostile_below(struct hostile *h, size_t n)
{
    return (size_t)(hostile_number(h) % n);
}

/* Up to 40 pieces, in the pool. Every 8th is absent, every 8th empty. */
static inline struct sv hostile_text(struct hostile *h)
{
    static const struct sv pieces[] = {
        SV_INIT("\""),
        SV_INIT("\\"),
        SV_INIT("]"),
        SV_INIT("["),
        SV_INIT("\n"),
        SV_INIT("\r\n"),
        SV_INIT("\t"),
        SV_INIT("\x1b[2J"),
        SV_INIT("\x7f"),
        SV_INIT("\xc2\x85"),
        SV_INIT("\xe2\x80\xae"),
        SV_INIT("\xe2\x80\xa8"),
        SV_INIT("\xe2\x81\xa6"),
        SV_INIT("\xff"),
        SV_INIT("\xc0\xaf"),
        SV_INIT("\xed\xa0\x80"),
        SV_INIT("\xf0\x9f\x98\x80"),
        SV_INIT("J\xc3\xbcrgen"),
        SV_INIT("\xe6\x97\xa5\xe6\x9c\xac"),
        SV_INIT("\xe2\x82"),
        SV_INIT("="),
        SV_INIT(" "),
        SV_INIT("{}"),
        SV_INIT("\\u0022"),
        SV_INIT("a plain run of text that is longer than one step"),
        SV_INIT("x"),
        SV_INIT("<11>1 "),
        SV_INIT("\xef\xbb\xbf"),
    };
    size_t kind = hostile_below(h, 8), start = h->used;
    if (kind == 0)
        return SV_ABSENT;
    if (kind == 1)
        return SV("");
    for (size_t count = 1 + hostile_below(h, 40); count > 0; count--) {
        struct sv piece = pieces[hostile_below(h, sizeof pieces / sizeof pieces[0])];
        char byte = (char)hostile_number(h);
        if (hostile_below(h, 8) == 0)
            piece = sv_make(&byte, 1);
        if (piece.n > sizeof h->pool - h->used)
            break;
        memcpy(h->pool + h->used, piece.p, piece.n);
        h->used += piece.n;
    }
    return sv_make(h->pool + start, h->used - start);
}

#endif
