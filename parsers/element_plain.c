/* SPDX-License-Identifier: Apache-2.0 */
/* The short way through one element. */
#include "element_plain.h"

#include "utf.h"
#include "xml_lex.h"

#include <stdlib.h>

enum {
    PLAIN_ELEMENTS_MAX = 512, /* of one record; more are left to expat */
    TEXT_MAX = 2 << 20,
};

/* Text between two tags: as it stands in the record, or put together in the buffer. */
struct plain_text {
    struct sv text; /* built: its length alone counts, because the buffer moves as it grows */
    size_t from;
    bool is_built;
};

struct plain_element {
    struct element names;
    struct plain_text text; /* of a leaf */
    unsigned depth;         /* 1: the record */
    bool is_parent;
};

struct element_plain {
    struct sv attribute; /* that names elements */
    struct buf text;     /* with references or CR in it */
    struct xml_lex lex;
    size_t open[ELEMENT_DEPTH_MAX]; /* numbers of the open elements */
    unsigned depth;
    size_t count; /* of elements, in the order in which they begin */
    struct plain_element elements[PLAIN_ELEMENTS_MAX];
};

struct element_plain *element_plain_new(struct sv attribute)
{
    struct element_plain *p = malloc(sizeof *p);
    if (!p)
        return NULL;
    p->attribute = attribute;
    buf_init(&p->text, TEXT_MAX);
    return p;
}

void element_plain_free(struct element_plain *p)
{
    if (!p)
        return;
    buf_free(&p->text);
    free(p);
}

/* --- text --- */

static struct sv text_of(const struct element_plain *p, const struct plain_text *t)
{
    return t->is_built ? sv_make(p->text.p + t->from, t->text.n) : t->text;
}

/* What stands where plain text ends but no tag begins: a reference, a line's end (XML 1.0, 2.11), a bracket.
 */
static bool put_special(struct element_plain *p)
{
    struct xml_lex *x = &p->lex;
    uint32_t c;
    switch (*x->p) {
    case '&':
        if (!xml_lex_reference(x, &c))
            return false;
        buf_utf8(&p->text, c);
        return true;
    case '\r':
        if (x->p[1] != '\n')
            buf_putc(&p->text, '\n');
        x->p++;
        return true;
    case ']':
        buf_putc(&p->text, ']');
        x->p++;
        return *x->p != ']';
    default:
        return false;
    }
}

/* Text up to the next tag. */
static bool take_text(struct element_plain *p, struct plain_text *t)
{
    struct xml_lex *x = &p->lex;
    *t = (struct plain_text){.from = p->text.n};
    for (;;) {
        const char *from = x->p;
        x->p = xml_skip(from, x->end, XML_TEXT);
        if (x->p >= x->end)
            return false;
        struct sv run = sv_make(from, (size_t)(x->p - from));
        if (*x->p == '<' && !t->is_built) {
            t->text = run;
            return true;
        }
        buf_put(&p->text, run);
        t->is_built = true;
        if (*x->p == '<') {
            t->text.n = p->text.n - t->from;
            return buf_ok(&p->text);
        }
        if (!put_special(p))
            return false;
    }
}

/* --- tags --- */

static bool take_attributes(struct element_plain *p, struct element *names)
{
    struct xml_attribute attributes[XML_LEX_ATTRIBUTES_MAX];
    size_t count;
    if (!xml_lex_attributes(&p->lex, attributes, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (sv_eq(attributes[i].name, p->attribute))
            names->name = attributes[i].value;
    return names->name.n <= ELEMENT_NAME_BYTES;
}

static bool take_start(struct element_plain *p)
{
    struct xml_lex *x = &p->lex;
    struct sv tag = xml_lex_name(x);
    if (tag.n == 0 || tag.n > ELEMENT_NAME_BYTES || sv_find_char(tag, ':') != SV_NPOS ||
        p->depth == ELEMENT_DEPTH_MAX || p->count == PLAIN_ELEMENTS_MAX)
        return false;
    struct plain_element *e = &p->elements[p->count];
    *e = (struct plain_element){.names.tag = tag, .text.text = SV(""), .depth = p->depth + 1};
    p->open[p->depth++] = p->count++;
    /* Most elements of some formats have no attributes. */
    if (*x->p != '>' && !take_attributes(p, &e->names))
        return false;
    if (*x->p == '/') {
        x->p++;
        p->depth--;
    }
    return *x->p++ == '>';
}

/* What begins behind the '<' that follows this text. */
static bool take_tag(struct element_plain *p, const struct plain_text *t)
{
    struct xml_lex *x = &p->lex;
    struct plain_element *e = &p->elements[p->open[p->depth - 1]];
    bool is_end = *x->p == '/';
    if (!is_end || e->is_parent) {
        if (!sv_empty(sv_trim(text_of(p, t))))
            return false;
        buf_cut(&p->text, t->from);
        e->is_parent = true;
        if (!is_end)
            return take_start(p);
    } else {
        e->text = *t;
    }
    x->p++;
    p->depth--;
    return x->p < x->end && xml_lex_end_tag(x, e->names.tag);
}

static bool take_element(struct element_plain *p, struct sv text)
{
    struct plain_text t;
    if (text.n < 2 || text.p[0] != '<')
        return false;
    p->lex = (struct xml_lex){text.p + 1, text.p + text.n - 1};
    p->depth = 0;
    p->count = 0;
    buf_reset(&p->text);
    if (!take_start(p))
        return false;
    while (p->depth) {
        if (!take_text(p, &t))
            return false;
        p->lex.p++;
        if (p->lex.p >= p->lex.end || !take_tag(p, &t))
            return false;
    }
    return p->lex.p == text.p + text.n && xml_is_text(text);
}

/* --- telling --- */

/* The end of the innermost of depth open elements, of which path tells the names. */
static void tell_end(struct element_plain *p, const struct element *path, unsigned depth, element_end *end,
                     void *ctx)
{
    const struct plain_element *e = &p->elements[p->open[depth - 1]];
    end(ctx, path, depth, text_of(p, &e->text));
}

bool element_plain_run(struct element_plain *p, struct sv text, element_end *end, void *ctx)
{
    struct element path[ELEMENT_DEPTH_MAX];
    unsigned depth = 0;
    if (!take_element(p, text))
        return false;
    for (size_t i = 0; i < p->count; i++) {
        const struct plain_element *e = &p->elements[i];
        for (; depth >= e->depth; depth--)
            tell_end(p, path, depth, end, ctx);
        p->open[depth] = i;
        path[depth++] = e->names;
    }
    for (; depth > 0; depth--)
        tell_end(p, path, depth, end, ctx);
    return true;
}
