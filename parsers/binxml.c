/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding one record's BinXML. */
#include "binxml_walk.h"

#include "utf.h"

enum {
    VALUES_MEMORY = 512 << 10, /* tables of values: one per template instance of the record */
    NAMES_MEMORY = 256 << 10,
    PLANS_MEMORY = 512 << 10,
    PIECE_MEMORY = 256 << 10, /* a literal: 65,535 bytes become at most three times as many, or a list */
};

void binxml_init(struct binxml *b)
{
    memset(b, 0, sizeof *b);
    b->ansi = CODE_PAGE_WINDOWS_1252;
    event_tree_init(&b->tree);
    arena_init(&b->values, VALUES_MEMORY);
    arena_init(&b->names, NAMES_MEMORY);
    arena_init(&b->plan_memory, PLANS_MEMORY);
    buf_init(&b->xml, BINXML_ORIGINAL_MAX);
    buf_init(&b->literal, PIECE_MEMORY);
    buf_init(&b->draft.xml, PIECE_MEMORY);
    buf_init(&b->draft.steps, PLANS_MEMORY);
}

void binxml_free(struct binxml *b)
{
    event_tree_free(&b->tree);
    arena_free(&b->values);
    arena_free(&b->names);
    arena_free(&b->plan_memory);
    buf_free(&b->xml);
    buf_free(&b->literal);
    buf_free(&b->draft.xml);
    buf_free(&b->draft.steps);
}

void binxml_set_chunk(struct binxml *b, const uint8_t *bytes, size_t n)
{
    b->chunk = reader_make(bytes, n);
    arena_reset(&b->names);
    arena_reset(&b->plan_memory);
    memset(b->known, 0, sizeof b->known);
    memset(b->plans, 0, sizeof b->plans);
}

/* A name that is none would make the text something else than one element. */
static bool is_name_byte(char c, bool is_first)
{
    if (ascii_is_alpha(c) || c == '_' || c == ':' || (c & 0x80))
        return true;
    return !is_first && (ascii_is_digit(c) || c == '-' || c == '.');
}

/* Which letters names may have is a matter between the editions of XML, and prefixes must have been declared:
 * damage takes no part in either. */
static void make_plain(char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name[i] & 0x80 || name[i] == ':')
            name[i] = '_';
}

const struct binxml_known_name *binxml_known(struct binxml *b, const struct binxml_name *name)
{
    static const struct binxml_known_name nameless = {.text = SV_INIT("_"), .tree = {.local = SV_INIT("_")}};
    struct binxml_known_name *known = &b->known[name->offset % BINXML_KNOWN_NAMES];
    if (known->offset == name->offset)
        return known;
    size_t room = utf8_room_for_utf16(name->bytes);
    char *to = arena_alloc(&b->names, room);
    if (!to || name->bytes == 0) {
        b->over_limit |= !to;
        return &nameless;
    }
    size_t n = utf8_from_utf16(name->utf16, name->bytes, TEXT_UTF16LE, to, NULL);
    if (!binxml_name_is_true(&b->chunk, name))
        make_plain(to, n);
    arena_shrink(&b->names, to, room, n);
    for (size_t i = 0; i < n; i++)
        if (!is_name_byte(to[i], i == 0))
            to[i] = '_';
    *known = emit_name(sv_make(to, n));
    known->offset = name->offset;
    return known;
}

bool binxml_spend(struct binxml *b, uint32_t tokens)
{
    if (b->tokens < tokens || !buf_ok(&b->xml)) {
        b->over_limit = true;
        return false;
    }
    b->tokens -= tokens;
    return true;
}

/* The whole record from its beginning. */
static bool read_record(struct binxml *b, size_t at, size_t end)
{
    struct event *event = b->tree.event;
    arena_reset(&b->values);
    buf_reset(&b->xml);
    b->open = 0;
    b->tokens = BINXML_TOKENS_MAX;
    b->over_limit = b->broken = false;
    struct walk w = {.b = b, .r = b->chunk};
    w.r.n = end < b->chunk.n ? end : b->chunk.n;
    bool whole = reader_seek(&w.r, at) && walk_fragment(&w) && !b->broken;
    event->original = buf_sv(&b->xml);
    event->cut |= !whole || b->over_limit || !buf_ok(&b->xml);
    return whole;
}

/* Text alone; false where that is not enough, and nothing is known then. */
static bool render(struct binxml *b, size_t at, size_t end, struct event *event, struct arena *arena)
{
    b->text_only = true;
    b->guessing = false;
    event_tree_begin_deaf(&b->tree, event, arena);
    bool whole = read_record(b, at, end);
    b->text_only = false;
    return whole && !event->cut && event->event_id.has;
}

static bool decode(struct binxml *b, size_t at, size_t end, struct event *event, struct arena *arena,
                   bool guessing)
{
    b->guessing = guessing;
    event_tree_begin_lent(&b->tree, event, arena);
    return read_record(b, at, end);
}

/* How much of what matters is known. */
static size_t facts_of(const struct event *e)
{
    if (!e->event_id.has)
        return 0;
    return 1 + !sv_absent(e->provider) + !sv_absent(e->computer) + !sv_absent(e->channel) + e->time.present +
           e->record_id.has + e->data_count;
}

enum binxml_outcome binxml_decode(struct binxml *b, size_t at, size_t end, struct event *event,
                                  struct arena *arena)
{
    /* Taken in full, because the event's views point into it: it must not move. Pages that are not used cost
     * nothing. */
    if (!b->xml.p && !buf_grow(&b->xml, BINXML_ORIGINAL_MAX)) {
        event_clear(event);
        return BINXML_NOTHING;
    }
    if (b->wants_text_only && render(b, at, end, event, arena))
        return BINXML_WHOLE;
    bool whole = decode(b, at, end, event, arena, false);
    /* A template that breaks off early, or names no event id, may say less than the values do without it. */
    if ((!whole || !event->event_id.has) && !b->over_limit) {
        size_t facts = facts_of(event);
        (void)decode(b, at, end, event, arena, true);
        if (facts_of(event) > facts)
            whole = false;
        else
            whole = decode(b, at, end, event, arena, false);
    }
    if (!b->tree.seen_event || !event->event_id.has)
        return BINXML_NOTHING;
    return whole ? BINXML_WHOLE : BINXML_PARTLY;
}
