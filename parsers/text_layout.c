/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the text layouts a file has. */
#include "text_layout.h"

#include "parser.h"
#include "text_block.h"
#include "text_coding.h"
#include "text_page.h"

/* How sure a layout makes. Formats with a grammar of their own are surer wherever both fit. */
enum {
    SURE_BLOCK = 85,
    SURE_ONE_LABEL = 40,
    SURE_PAGE = 25,
    SURE_SENTENCE = 10,
    SURE_IN_MARKUP = 8, /* a feed or a web page: other parsers that know it come first */
    ARENA_BYTES = 256 << 10,
};

static enum text_layout layout_of_line(struct sv line, struct sv *property)
{
    *property = text_block_property(line);
    if (!sv_absent(*property))
        return LAYOUT_LIST;
    if (text_block_is_wevtutil(line))
        return LAYOUT_WEVTUTIL;
    if (text_block_is_psloglist(line))
        return LAYOUT_PSLOGLIST;
    if (text_page_begins_block(line))
        return LAYOUT_BLOCK;
    return LAYOUT_UNKNOWN;
}

/* An everyday word with a colon may be anything, until an event's own word stands near. */
static bool is_page_line(struct sv line)
{
    return sv_ifind(line, SV("Event ID:")) != SV_NPOS || sv_ifind(line, SV("mapi")) != SV_NPOS ||
           (text_page_is_line_of_event(line) &&
            (sv_ifind(line, SV("9646")) != SV_NPOS || sv_ifind(line, SV("MSExchangeIS")) != SV_NPOS));
}

enum text_layout text_layout_of(struct sv head, bool whole, struct sv *property)
{
    struct sv line;
    while (head.n) {
        const char *begin = head.p;
        text_take_line(&head, &line);
        bool ended = (size_t)(head.p - begin) > line.n;
        if (!ended && !whole)
            return LAYOUT_UNKNOWN;
        enum text_layout layout = layout_of_line(line, property);
        if (layout != LAYOUT_UNKNOWN)
            return layout;
        if (is_page_line(line))
            return LAYOUT_PAGE;
    }
    return LAYOUT_UNKNOWN;
}

/* What no text of these layouts begins with, but other formats do. */
static bool is_other_format(struct sv v)
{
    v = sv_trim(v);
    if (sv_empty(v))
        return false;
    char c = v.p[0], d = v.n > 1 ? v.p[1] : ' ';
    return c == '{' || c == '"' || c == '#' || (c == '[' && !ascii_is_digit(d)) ||
           (c == '<' && ascii_is_digit(d)) || sv_starts(v, SV("<Objs")) || sv_starts(v, SV("ElfFile")) ||
           sv_starts(v, SV("<Event"));
}

static bool is_text(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] < ' ' && !ascii_is_space(v.p[i]))
            return false;
    return true;
}

static bool has_field(const struct text_page *p, enum text_field field)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->tokens[i].label && p->tokens[i].label->field == field)
            return true;
    return false;
}

static bool has_sentence(const struct text_page *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (!p->tokens[i].label)
            return true;
    return false;
}

static unsigned count_properties(struct sv head)
{
    struct sv line;
    unsigned n = 0;
    while (text_take_line(&head, &line))
        n += !sv_absent(text_block_property(line));
    return n;
}

static int score_page(const struct text_page *p, enum text_layout layout)
{
    bool id = has_field(p, FIELD_ID), source = has_field(p, FIELD_SOURCE),
         message = has_field(p, FIELD_MESSAGE);
    switch (layout) {
    case LAYOUT_WEVTUTIL:
    case LAYOUT_PSLOGLIST:
        return id || source || has_field(p, FIELD_LEVEL) ? SURE_BLOCK : SURE_SENTENCE;
    case LAYOUT_BLOCK:
        return id || source ? SURE_BLOCK : SURE_SENTENCE;
    default:
        if (id && (source || message))
            return SURE_PAGE;
        return has_sentence(p) || (message && source) ? SURE_SENTENCE : 0;
    }
}

static int score(struct sv head, enum text_layout layout, struct sv property)
{
    struct text_page page;
    struct arena arena, scratch;
    if (layout == LAYOUT_LIST && !sv_absent(property))
        return count_properties(head) > 1 ? SURE_BLOCK : SURE_ONE_LABEL;
    arena_init(&arena, ARENA_BYTES);
    arena_init(&scratch, ARENA_BYTES);
    text_page_read(&page, head, &arena, &scratch);
    int sure = score_page(&page, layout);
    arena_free(&arena);
    arena_free(&scratch);
    bool markup = sv_starts(sv_trim(head), SV("<"));
    return markup && sure > SURE_IN_MARKUP ? SURE_IN_MARKUP : sure;
}

int text_layout_probe(struct sv head, bool complete)
{
    char utf8[3 * PARSER_HEAD_BYTES + 3];
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    bool may_grow = !complete && head.n < PARSER_HEAD_BYTES;
    struct sv text = text_head_utf8(head, utf8), property = SV_ABSENT;
    if (is_other_format(text) || !is_text(text))
        return 0;
    enum text_layout layout = text_layout_of(text, !may_grow, &property);
    int sure = layout == LAYOUT_UNKNOWN ? 0 : score(text, layout, property);
    if (sure == 0 && may_grow)
        return PROBE_MORE;
    return sure;
}
