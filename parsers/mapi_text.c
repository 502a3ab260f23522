/* SPDX-License-Identifier: Apache-2.0 */
/* The text grammar of event 9646. */
#include "mapi_text.h"

#include "mapi_clean.h"
#include "mapi_lex.h"

static bool hex_pair_at(struct sv t, size_t at)
{
    return at + 2 <= t.n && ascii_hex_value(t.p[at]) >= 0 && ascii_hex_value(t.p[at + 1]) >= 0;
}

/* Bytes of a hex dump's first address and bytes ("0000: 5b 44 …") at at, or 0. */
static size_t dump_at(struct sv t, size_t at)
{
    size_t bytes = lex_phrase(t, at, "0000: ");
    if (!bytes || (at && lex_is_word(t.p[at - 1])) || !hex_pair_at(t, bytes))
        return 0;
    size_t next = lex_blanks(t, bytes + 2);
    return next > bytes + 2 && hex_pair_at(t, next) ? next - at : 0;
}

static size_t labelled_dump_at(struct sv t, size_t at)
{
    size_t label = lex_phrase(t, at, "data: ");
    size_t dump = label ? dump_at(t, label) : 0;
    return dump ? label - at + dump : 0;
}

static size_t phrase_at(struct sv t, size_t at, const char *phrase)
{
    size_t end = lex_phrase(t, at, phrase);
    return end ? end - at : 0;
}

static size_t link_at(struct sv t, size_t at)
{
    size_t n = phrase_at(t, at, "http://go.microsoft.com");
    return n ? n : phrase_at(t, at, "https://go.microsoft.com");
}

/* Bytes of what ends the message at at, or 0. */
static size_t trailer_at(struct sv t, size_t at)
{
    switch (t.p[at]) {
    case '0':
        return dump_at(t, at);
    case 'D':
    case 'd':
        return labelled_dump_at(t, at);
    case 'E':
    case 'e':
        return phrase_at(t, at, "event xml:");
    case 'F':
    case 'f':
        return phrase_at(t, at, "for more information, see help");
    case 'G':
    case 'g':
        return phrase_at(t, at, "go.microsoft.com");
    case 'H':
    case 'h':
        return link_at(t, at);
    case '<':
        return phrase_at(t, at, "<event xmlns");
    default:
        return 0;
    }
}

/* Takes the part up to the next trailer off *rest. */
static struct sv next_part(struct sv *rest)
{
    struct sv t = *rest;
    for (size_t at = 0; at < t.n; at++) {
        size_t trailer = trailer_at(t, at);
        if (trailer) {
            *rest = sv_slice(t, at + trailer, t.n);
            return sv_slice(t, 0, at);
        }
    }
    *rest = sv_slice(t, t.n, t.n);
    return t;
}

void mapi_text_read_shapes(struct sv text, struct arena *arena, struct mapi_words *out)
{
    struct sv rest = mapi_clean(text, arena);
    *out = (struct mapi_words){.form = FORM_EXCEEDED};
    while (rest.n) {
        struct sv part = next_part(&rest);
        if (mapi_sentence_read(part, out) || mapi_list_read(part, out) || mapi_neutral_read(part, out))
            return;
        *out = (struct mapi_words){.form = FORM_EXCEEDED};
    }
}

void mapi_text_read(struct sv text, struct arena *arena, struct mapi_words *out)
{
    if (!mapi_plain_read(text, out))
        mapi_text_read_shapes(text, arena, out);
}
