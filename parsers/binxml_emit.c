/* SPDX-License-Identifier: Apache-2.0 */
/* The XML text and the event, made in one pass. */
#include "binxml_walk.h"

#include "xml_escape.h"

struct sv emit_escaped(struct binxml *b, size_t from, bool in_attribute)
{
    struct sv raw = sv_make(b->xml.p + from, b->xml.n - from);
    size_t at = xml_escape_find(raw, 0, in_attribute);
    if (at == raw.n)
        return raw;
    struct sv copy = arena_copy(b->tree.arena, raw);
    if (sv_absent(copy)) {
        buf_cut(&b->xml, from);
        b->over_limit = true;
        return SV("");
    }
    buf_cut(&b->xml, from + at);
    xml_escape_put_from(&b->xml, copy, at, in_attribute);
    return copy;
}

/* Numbers, times and identifiers are written in letters that stand for themselves. */
static bool is_plain_type(uint8_t type)
{
    type &= (uint8_t)~TYPE_ARRAY;
    return type != TYPE_TEXT && type != TYPE_ANSI && type != TYPE_XML;
}

struct sv emit_value(struct binxml *b, const struct binxml_value *value, bool in_attribute)
{
    size_t from = b->xml.n;
    bool is_plain;
    if ((size_t)value->at + value->size <= b->chunk.n && emit_usual(b, value, in_attribute, &is_plain)) {
        if (is_plain)
            return sv_make(b->xml.p + from, b->xml.n - from);
        buf_cut(&b->xml, from); /* the event has the text without escapes */
    }
    binxml_value_text(&b->chunk, b->ansi, value, &b->xml, &b->tree.event->text_replaced);
    if (is_plain_type(value->type))
        return sv_make(b->xml.p + from, b->xml.n - from);
    return emit_escaped(b, from, in_attribute);
}

void emit_text_value(struct binxml *b, const struct binxml_value *value)
{
    event_tree_text(&b->tree, emit_value(b, value, false));
}

void emit_open(struct binxml *b, const struct binxml_known_name *name)
{
    b->open++;
    event_tree_open_named(&b->tree, &name->tree);
    buf_putc(&b->xml, '<');
    buf_put(&b->xml, name->text);
}

void emit_start_ends(struct binxml *b)
{
    buf_putc(&b->xml, '>');
}

void emit_empty(struct binxml *b)
{
    b->open--;
    event_tree_close(&b->tree);
    buf_lit(&b->xml, "/>");
}

void emit_end(struct binxml *b, const struct binxml_known_name *name)
{
    b->open--;
    event_tree_close(&b->tree);
    buf_lit(&b->xml, "</");
    buf_put(&b->xml, name->text);
    buf_putc(&b->xml, '>');
}

bool emit_has_attribute(struct sv start_tag, struct sv name)
{
    size_t at;
    while ((at = sv_find(start_tag, name)) != SV_NPOS) {
        struct sv behind = sv_slice(start_tag, at + name.n, start_tag.n);
        if (at > 0 && start_tag.p[at - 1] == ' ' && sv_starts(behind, SV("='")))
            return true;
        start_tag = behind;
    }
    return false;
}

size_t emit_attribute_begin(struct binxml *b, const struct binxml_known_name *name)
{
    size_t begin = b->xml.n;
    buf_putc(&b->xml, ' ');
    buf_put(&b->xml, name->text);
    buf_lit(&b->xml, "='");
    return begin;
}

void emit_attribute_end(struct binxml *b, const struct binxml_known_name *name, size_t begin)
{
    size_t from = begin + name->text.n + 3;
    if (from <= b->xml.n)
        event_tree_attribute_named(&b->tree, &name->tree, emit_escaped(b, from, true));
    buf_putc(&b->xml, '\'');
}

struct binxml_known_name emit_name(struct sv name)
{
    return (struct binxml_known_name){.text = name, .tree = event_tree_name(name)};
}

void emit_attribute(struct binxml *b, struct sv name, struct sv value)
{
    struct binxml_known_name n = emit_name(name);
    size_t begin = emit_attribute_begin(b, &n);
    buf_put(&b->xml, value);
    emit_attribute_end(b, &n, begin);
}

void emit_text(struct binxml *b, struct sv text)
{
    size_t from = b->xml.n;
    buf_put(&b->xml, text);
    event_tree_text(&b->tree, emit_escaped(b, from, false));
}
