/* SPDX-License-Identifier: Apache-2.0 */
/* The short way through a record: XML as Windows writes it. */
#include "xml_plain.h"

#include "xml_lex.h"

#include <string.h>

enum { ELEMENTS_MAX = 4096 };

struct plain {
    struct xml_lex lex;
    struct event_tree *tree;
    struct sv open[EVENT_TREE_DEPTH_MAX]; /* names of the open elements */
    unsigned depth, elements;
};

static bool take_attributes(struct plain *x)
{
    struct xml_attribute attributes[XML_LEX_ATTRIBUTES_MAX];
    size_t count;
    if (!xml_lex_attributes(&x->lex, attributes, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        event_tree_attribute(x->tree, attributes[i].name, attributes[i].value);
    return true;
}

static bool is_event(struct sv name)
{
    if (name.n < 5 || memcmp(name.p + name.n - 5, "Event", 5) != 0)
        return false;
    return name.n == 5 || name.p[name.n - 6] == ':';
}

static bool take_start(struct plain *x)
{
    struct sv name = xml_lex_name(&x->lex);
    if (name.n == 0 || x->depth == EVENT_TREE_DEPTH_MAX || x->elements++ == ELEMENTS_MAX)
        return false;
    /* A record inside of another is damage, and not ours to judge. */
    if (x->depth && is_event(name))
        return false;
    event_tree_open(x->tree, name);
    x->open[x->depth++] = name;
    /* Most elements have no attributes. */
    if (*x->lex.p != '>' && !take_attributes(x))
        return false;
    if (*x->lex.p == '/') {
        /* A record without content has no end tag either, which is where records end for xml_scan. */
        if (--x->depth == 0)
            return false;
        x->lex.p++;
        event_tree_close(x->tree);
    }
    return *x->lex.p++ == '>';
}

static bool take_end(struct plain *x)
{
    if (!xml_lex_end_tag(&x->lex, x->open[--x->depth]))
        return false;
    event_tree_close(x->tree);
    return true;
}

/* What stands where plain text ends but no tag begins: a reference, a line's end (XML 1.0, 2.11), a bracket.
 */
static bool take_special(struct plain *x)
{
    if (*x->lex.p == '&') {
        uint32_t c;
        if (!xml_lex_reference(&x->lex, &c))
            return false;
        event_tree_character(x->tree, c);
        return true;
    }
    if (*x->lex.p == '\r') {
        if (x->lex.p[1] != '\n')
            event_tree_text(x->tree, SV("\n"));
        x->lex.p++;
        return true;
    }
    if (*x->lex.p == ']' && x->lex.p[1] != ']') {
        event_tree_text(x->tree, SV("]"));
        x->lex.p++;
        return true;
    }
    return false;
}

/* Text up to the next tag. */
static bool take_text(struct plain *x)
{
    for (;;) {
        const char *from = x->lex.p;
        x->lex.p = xml_skip(from, x->lex.end, XML_TEXT);
        if (x->lex.p > from)
            event_tree_text(x->tree, sv_make(from, (size_t)(x->lex.p - from)));
        if (x->lex.p >= x->lex.end)
            return false;
        if (*x->lex.p == '<')
            return true;
        if (!take_special(x))
            return false;
    }
}

size_t xml_plain(struct event_tree *tree, struct sv text)
{
    if (text.n < 2 || text.p[0] != '<')
        return 0;
    struct plain x; /* the names' places are filled as elements open */
    x.lex.p = text.p + 1;
    x.lex.end = text.p + text.n - 1;
    x.tree = tree;
    x.depth = x.elements = 0;
    if (!take_start(&x))
        return 0;
    while (x.depth) {
        if (!take_text(&x))
            return 0;
        x.lex.p++;
        bool is_end = *x.lex.p == '/';
        x.lex.p += is_end;
        if (x.lex.p >= x.lex.end || !(is_end ? take_end(&x) : take_start(&x)))
            return 0;
    }
    size_t n = (size_t)(x.lex.p - text.p);
    return xml_is_text(sv_slice(text, 0, n)) ? n : 0;
}
