/* SPDX-License-Identifier: Apache-2.0 */
/* CDATA sections and processing instructions: markup that hardly any template has. */
#include "binxml_walk.h"

/* Markup has no escapes: what cannot stand in it gives way. from: where the text in b->xml begins. */
static void replace_controls(struct binxml *b, size_t from)
{
    for (size_t i = from; i < b->xml.n; i++) {
        unsigned char c = (unsigned char)b->xml.p[i];
        if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r')
            continue;
        b->xml.p[i] = '?';
        b->tree.event->text_replaced = true;
    }
}

/* Appends text with something put into every mark that would end the markup, behind its first bytes. */
static void put_broken(struct buf *out, struct sv text, struct sv mark, size_t first, struct sv between)
{
    size_t at;
    while ((at = sv_find(text, mark)) != SV_NPOS) {
        buf_put(out, sv_slice(text, 0, at + first));
        buf_put(out, between);
        text = sv_slice(text, at + first, text.n);
    }
    buf_put(out, text);
}

bool walk_cdata(struct walk *w)
{
    struct binxml *b = w->b;
    buf_reset(&b->literal);
    if (!walk_text(w, TOKEN_CDATA, &b->literal))
        return false;
    struct sv text = arena_copy(b->tree.arena, buf_sv(&b->literal));
    if (!buf_ok(&b->literal) || sv_absent(text)) {
        b->over_limit = true;
        return true;
    }
    buf_lit(&b->xml, "<![CDATA[");
    size_t from = b->xml.n;
    put_broken(&b->xml, text, SV("]]>"), 2, SV("]]><![CDATA["));
    replace_controls(b, from);
    buf_lit(&b->xml, "]]>");
    event_tree_text(&b->tree, text);
    return true;
}

/* The data of an instruction. */
static bool put_data(struct walk *w)
{
    struct binxml *b = w->b;
    buf_reset(&b->literal);
    if (!walk_text(w, TOKEN_PI_DATA, &b->literal))
        return false;
    buf_putc(&b->xml, ' ');
    size_t from = b->xml.n;
    put_broken(&b->xml, buf_sv(&b->literal), SV("?>"), 1, SV(" "));
    replace_controls(b, from);
    return true;
}

bool walk_instruction(struct walk *w, uint8_t token)
{
    struct binxml *b = w->b;
    struct binxml_name target = {0};
    size_t begin = b->xml.n;
    if (token == TOKEN_PI_TARGET) {
        if (!binxml_read_name(&b->chunk, &w->r, &target))
            return false;
        buf_lit(&b->xml, "<?");
        buf_put(&b->xml, binxml_known(b, &target)->text);
        bool has_data = reader_left(&w->r) && w->r.p[w->r.at] == TOKEN_PI_DATA;
        if (has_data && (!reader_skip(&w->r, 1) || !put_data(w)))
            return false;
        buf_lit(&b->xml, "?>");
    } else if (!put_data(w)) { /* data of no instruction */
        return false;
    }
    if (b->open == 0 || token != TOKEN_PI_TARGET)
        buf_cut(&b->xml, begin);
    return true;
}
