/* SPDX-License-Identifier: Apache-2.0 */
/* One record of an XML export to a struct event, by expat. */
#include "xml_decode.h"

#include "event_tree.h"
#include "hash64.h"
#include "utf.h"
#include "xml_lex.h"
#include "xml_plain.h"

#include <expat.h>
#include <stdlib.h>

enum {
    PIECE_BYTES = 64 * 1024,     /* fed at once, so that expat's copy of a long record stays small */
    DOCUMENT_BYTES = 256 * 1024, /* fed before expat starts anew */
    VALUES_MAX = 3 << 19,        /* memory of an event's values */
    CLEAN_MAX = 2 << 20,         /* bytes of a record after forbidden characters were replaced */
};

/*
 * expat reads one endless document with the records as children of its root: to start it anew for each record
 * costs more than a record. It starts anew after every fault, and after DOCUMENT_BYTES, so that names do not
 * pile up in it.
 */
struct xml_decoder {
    XML_Parser expat;
    struct event_tree tree;
    struct arena arena;
    struct buf clean;
    size_t fed;         /* bytes since expat was started; SIZE_MAX: it must be started first */
    unsigned depth;     /* open elements of the record */
    unsigned elements;  /* of the record */
    const char *reason; /* why we stopped expat */
};

static void stop(struct xml_decoder *d, const char *reason)
{
    d->reason = reason;
    XML_StopParser(d->expat, XML_FALSE);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_decoder *d = ctx;
    if (d->reason)
        return;
    if (++d->depth > EVENT_TREE_DEPTH_MAX) {
        stop(d, "elements are nested too deeply");
        return;
    }
    if (++d->elements > XML_ELEMENTS_MAX) {
        stop(d, "too many elements");
        return;
    }
    event_tree_open(&d->tree, sv_from(name));
    for (unsigned i = 0; attributes[i]; i += 2) {
        if (i == 2 * XML_ATTRIBUTES_MAX) {
            stop(d, "too many attributes");
            return;
        }
        event_tree_attribute(&d->tree, sv_from(attributes[i]), sv_from(attributes[i + 1]));
    }
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct xml_decoder *d = ctx;
    (void)name;
    if (d->reason)
        return;
    if (d->depth == 0) {
        stop(d, "an element ends that never began");
        return;
    }
    d->depth--;
    event_tree_close(&d->tree);
}

static void on_text(void *ctx, const XML_Char *text, int n)
{
    struct xml_decoder *d = ctx;
    if (!d->reason)
        event_tree_text(&d->tree, sv_make(text, (size_t)n));
}

struct xml_decoder *xml_decoder_new(void)
{
    struct xml_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    arena_init(&d->arena, VALUES_MAX);
    buf_init(&d->clean, CLEAN_MAX);
    event_tree_init(&d->tree);
    d->fed = SIZE_MAX;
    d->expat = XML_ParserCreate("UTF-8");
    if (!d->expat) {
        xml_decoder_free(d);
        return NULL;
    }
    return d;
}

void xml_decoder_free(struct xml_decoder *d)
{
    if (!d)
        return;
    if (d->expat)
        XML_ParserFree(d->expat);
    event_tree_free(&d->tree);
    buf_free(&d->clean);
    arena_free(&d->arena);
    free(d);
}

static bool start_expat(struct xml_decoder *d)
{
    static const char root[] = "<r>";
    if (!XML_ParserReset(d->expat, "UTF-8"))
        return false;
    /* Without a salt expat asks the system for one at each start. Ours is as unknown as an address is. */
    uintptr_t address = (uintptr_t)d;
    XML_SetHashSalt(d->expat, (unsigned long)hash64(HASH64_START, &address, sizeof address) | 1);
    if (XML_Parse(d->expat, root, (int)sizeof root - 1, XML_FALSE) != XML_STATUS_OK)
        return false;
    XML_SetUserData(d->expat, d);
    XML_SetElementHandler(d->expat, on_start, on_end);
    XML_SetCharacterDataHandler(d->expat, on_text);
    d->fed = 0;
    return true;
}

static bool feed(struct xml_decoder *d, struct sv text)
{
    while (text.n) {
        size_t n = text.n < PIECE_BYTES ? text.n : PIECE_BYTES;
        if (XML_Parse(d->expat, text.p, (int)n, XML_FALSE) != XML_STATUS_OK)
            return false;
        d->fed += n;
        text = sv_slice(text, n, text.n);
    }
    return true;
}

static bool parse(struct xml_decoder *d, struct sv text, struct event *e)
{
    arena_reset(&d->arena);
    event_tree_begin(&d->tree, e, &d->arena);
    d->depth = 0;
    d->elements = 0;
    d->reason = NULL;
    if (d->fed > DOCUMENT_BYTES && !start_expat(d))
        d->reason = "no memory";
    else if (!feed(d, text) && !d->reason)
        d->reason = "the XML is not well-formed";
    else if (!d->reason && (d->depth != 0 || !d->tree.seen_event))
        d->reason = "the record is no complete element";
    if (d->reason)
        d->fed = SIZE_MAX;
    return !d->reason;
}

/* Bytes of a character reference at v.p that names a forbidden character, or 0. */
static size_t bad_reference(struct sv v)
{
    size_t semicolon = sv_find_char(sv_slice(v, 0, 64), ';');
    uint64_t c = UINT64_MAX; /* what does not fit into 64 bits is no character either */
    if (semicolon == SV_NPOS || !sv_starts(v, SV("&#")))
        return 0;
    bool hex = sv_starts(v, SV("&#x"));
    struct sv digits = sv_slice(v, hex ? 3 : 2, semicolon);
    for (size_t i = 0; i < digits.n; i++)
        if (hex ? ascii_hex_value(digits.p[i]) < 0 : !ascii_is_digit(digits.p[i]))
            return 0;
    if (digits.n == 0 || ((hex ? sv_hex_to_u64(digits, &c) : sv_to_u64(digits, &c)) && xml_is_char(c)))
        return 0;
    return semicolon + 1;
}

/* Copies text into d->clean with U+FFFD for what XML 1.0 forbids; false if nothing had to be replaced. */
static bool replace_forbidden(struct xml_decoder *d, struct sv text)
{
    bool replaced = false;
    buf_reset(&d->clean);
    while (text.n) {
        uint32_t c = 0;
        size_t reference = text.p[0] == '&' ? bad_reference(text) : 0;
        size_t n = reference ? reference : utf8_decode(text, &c);
        bool bad = reference || !xml_is_char(c);
        if (bad)
            buf_utf8(&d->clean, 0xfffd);
        else
            buf_put(&d->clean, sv_slice(text, 0, n));
        replaced |= bad;
        text = sv_slice(text, n, text.n);
    }
    return replaced && buf_ok(&d->clean);
}

size_t xml_decode_plain(struct xml_decoder *d, struct sv text, struct event *e)
{
    arena_reset(&d->arena);
    event_tree_begin_lent(&d->tree, e, &d->arena);
    return xml_plain(&d->tree, text);
}

const char *xml_decode(struct xml_decoder *d, struct sv text, struct event *e)
{
    if (xml_decode_plain(d, text, e) == text.n || parse(d, text, e))
        return NULL;
    const char *reason = d->reason;
    /* Forbidden characters are rare, so that they are looked for only where expat has met something. */
    if (!replace_forbidden(d, text) || !parse(d, buf_sv(&d->clean), e))
        return reason;
    e->text_replaced = true;
    return NULL;
}
