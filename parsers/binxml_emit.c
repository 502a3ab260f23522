/* SPDX-License-Identifier: Apache-2.0 */
/* The XML text and the event, made in one pass. */
#include "binxml_walk.h"

/* What cannot stand in XML as it is; control characters cannot stand in it at all ([XML] 2.2). */
static struct sv xml_escape(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return SV("&amp;");
    case '<':
        return SV("&lt;");
    case '>':
        return SV("&gt;");
    case '\r':
        return SV("&#xD;");
    case '\'':
        return in_attribute ? SV("&apos;") : SV_ABSENT;
    case '"':
        return in_attribute ? SV("&quot;") : SV_ABSENT;
    case '\n':
        return in_attribute ? SV("&#xA;") : SV_ABSENT;
    case '\t':
        return in_attribute ? SV("&#x9;") : SV_ABSENT;
    default:
        return (unsigned char)c < 0x20 ? SV("\xef\xbf\xbd") : SV_ABSENT;
    }
}

/* True for what xml_escape may have something for. */
static inline bool may_need_escape(char c)
{
    const uint64_t bits = UINT64_C(1) << '&' | UINT64_C(1) << '<' | UINT64_C(1) << '>' | UINT64_C(1) << '\'' |
                          UINT64_C(1) << '"' | UINT64_C(0xffffffff);
    return (unsigned char)c <= '>' && bits >> (unsigned char)c & 1;
}

typedef uint8_t block __attribute__((vector_size(16)));
typedef int8_t block_mask __attribute__((vector_size(16)));

/* The same for 16 bytes at once. */
static inline bool block_may_need_escape(block v)
{
    uint64_t halves[2];
    block_mask hits = (v < 0x20) | (v == '&') | (v == '<') | (v == '>') | (v == '\'') | (v == '"');
    memcpy(halves, &hits, sizeof halves);
    return halves[0] | halves[1];
}

/* The last 16 bytes of a text; of a shorter one its two ends, which meet or overlap. n is at least 4. */
static inline block last_block(const char *p, size_t n)
{
    uint32_t quarters[4];
    uint64_t halves[2];
    block v;
    if (n >= sizeof v) {
        memcpy(&v, p + n - sizeof v, sizeof v);
    } else if (n >= sizeof *halves) {
        memcpy(&halves[0], p, sizeof *halves);
        memcpy(&halves[1], p + n - sizeof *halves, sizeof *halves);
        memcpy(&v, halves, sizeof v);
    } else {
        memcpy(&quarters[0], p, sizeof *quarters);
        memcpy(&quarters[1], p + n - sizeof *quarters, sizeof *quarters);
        quarters[2] = quarters[0];
        quarters[3] = quarters[1];
        memcpy(&v, quarters, sizeof v);
    }
    return v;
}

/* Where the first byte stands that must be escaped, or the end. */
static size_t find_escape(struct sv text, size_t at, bool in_attribute)
{
    while (at < text.n) {
        size_t left = text.n - at, stop = text.n;
        if (left >= sizeof(block)) {
            block v;
            memcpy(&v, text.p + at, sizeof v);
            stop = at + sizeof v;
            if (!block_may_need_escape(v)) {
                at = stop;
                continue;
            }
        } else if (text.n >= 4 && !block_may_need_escape(last_block(text.p, text.n))) {
            return text.n;
        }
        for (; at < stop; at++)
            if (may_need_escape(text.p[at]) && !sv_absent(xml_escape(text.p[at], in_attribute)))
                return at;
    }
    return at;
}

/* at: of the first byte to be escaped, or the end. */
static void put_escaped(struct buf *out, struct sv text, size_t at, bool in_attribute)
{
    while (at < text.n) {
        buf_put(out, xml_escape(text.p[at], in_attribute));
        size_t next = find_escape(text, at + 1, in_attribute);
        buf_put(out, sv_make(text.p + at + 1, next - at - 1));
        at = next;
    }
}

void emit_escape(struct buf *out, struct sv text, bool in_attribute)
{
    size_t at = find_escape(text, 0, in_attribute);
    buf_put(out, sv_make(text.p, at));
    put_escaped(out, text, at, in_attribute);
}

struct sv emit_escaped(struct binxml *b, size_t from, bool in_attribute)
{
    struct sv raw = sv_make(b->xml.p + from, b->xml.n - from);
    size_t at = find_escape(raw, 0, in_attribute);
    if (at == raw.n)
        return raw;
    struct sv copy = arena_copy(b->tree.arena, raw);
    if (sv_absent(copy)) {
        buf_cut(&b->xml, from);
        b->over_limit = true;
        return SV("");
    }
    buf_cut(&b->xml, from + at);
    put_escaped(&b->xml, copy, at, in_attribute);
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
    binxml_value_text(&b->chunk, value, &b->xml, &b->tree.event->text_replaced);
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
