/* SPDX-License-Identifier: Apache-2.0 */
/* One XML element as the sequence of its elements' texts, by expat where it is not plain. */
#include "element_walk.h"

#include "element_plain.h"
#include "hash64.h"
#include "needle.h"

#include <expat.h>
#include <stdlib.h>

enum {
    TEXT_MAX = 2 << 20,
    DOCUMENT_BYTES = 256 * 1024, /* fed before expat starts anew, so that names do not pile up in it */
};

/* An open element: its names, and where its text begins. */
struct open_element {
    char tag[ELEMENT_NAME_BYTES], name[ELEMENT_NAME_BYTES];
    size_t text_from;
    bool is_parent;
};

/*
 * expat reads one endless document with the records as children of its root: to start it anew for each record
 * costs more than a record. It starts anew after every fault.
 */
struct element_walk {
    struct element_plain *plain;
    XML_Parser expat;
    size_t fed; /* bytes since expat was started; SIZE_MAX: it must be started first */
    struct sv attribute;
    struct buf text; /* of all elements that are open, each behind its parent's */
    struct open_element open[ELEMENT_DEPTH_MAX];
    struct element path[ELEMENT_DEPTH_MAX];
    unsigned depth, elements;
    element_end *end;
    void *ctx;
    const char *reason; /* why we stopped expat */
};

struct element_walk *element_walk_new(const char *attribute)
{
    struct element_walk *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->attribute = sv_from(attribute);
    w->fed = SIZE_MAX;
    buf_init(&w->text, TEXT_MAX);
    w->expat = XML_ParserCreate("UTF-8");
    w->plain = element_plain_new(w->attribute);
    if (w->expat && w->plain)
        return w;
    element_walk_free(w);
    return NULL;
}

void element_walk_free(struct element_walk *w)
{
    if (!w)
        return;
    if (w->expat)
        XML_ParserFree(w->expat);
    element_plain_free(w->plain);
    buf_free(&w->text);
    free(w);
}

static struct sv keep(char *to, struct sv v)
{
    v = sv_slice(v, 0, ELEMENT_NAME_BYTES);
    memcpy(to, v.p, v.n);
    return sv_make(to, v.n);
}

static struct sv without_prefix(struct sv tag)
{
    size_t colon = sv_find_char(tag, ':');
    return colon == SV_NPOS ? tag : sv_slice(tag, colon + 1, tag.n);
}

static void stop(struct element_walk *w, const char *reason)
{
    w->reason = reason;
    XML_StopParser(w->expat, XML_FALSE);
}

static void on_start(void *ctx, const XML_Char *tag, const XML_Char **attributes)
{
    struct element_walk *w = ctx;
    if (w->reason)
        return;
    if (++w->elements > ELEMENTS_MAX) {
        stop(w, "too many elements");
        return;
    }
    if (w->depth > 0 && w->depth <= ELEMENT_DEPTH_MAX)
        w->open[w->depth - 1].is_parent = true;
    if (w->depth++ >= ELEMENT_DEPTH_MAX)
        return;
    struct open_element *o = &w->open[w->depth - 1];
    o->is_parent = false;
    struct element *e = &w->path[w->depth - 1];
    o->text_from = w->text.n;
    *e = (struct element){.tag = keep(o->tag, without_prefix(sv_from(tag)))};
    for (; attributes[0]; attributes += 2)
        if (sv_eq(sv_from(attributes[0]), w->attribute))
            e->name = keep(o->name, sv_from(attributes[1]));
}

static void on_end(void *ctx, const XML_Char *tag)
{
    struct element_walk *w = ctx;
    (void)tag;
    if (w->reason)
        return;
    if (w->depth == 0) {
        stop(w, "an element ends that never began");
        return;
    }
    if (w->depth <= ELEMENT_DEPTH_MAX) {
        const struct open_element *o = &w->open[w->depth - 1];
        struct sv text = sv_slice(buf_sv(&w->text), o->text_from, w->text.n);
        if (w->end)
            w->end(w->ctx, w->path, w->depth, o->is_parent && sv_empty(sv_trim(text)) ? SV("") : text);
        buf_cut(&w->text, o->text_from);
    }
    w->depth--;
}

static void on_text(void *ctx, const XML_Char *text, int n)
{
    struct element_walk *w = ctx;
    if (!w->reason && w->depth > 0 && w->depth <= ELEMENT_DEPTH_MAX)
        buf_put(&w->text, sv_make(text, (size_t)n));
}

static bool start_expat(struct element_walk *w)
{
    static const char root[] = "<r>";
    if (!XML_ParserReset(w->expat, "UTF-8"))
        return false;
    /* Without a salt expat asks the system for one at each start. Ours is as unknown as an address is. */
    uintptr_t address = (uintptr_t)w;
    XML_SetHashSalt(w->expat, (unsigned long)hash64(HASH64_START, &address, sizeof address) | 1);
    if (XML_Parse(w->expat, root, (int)sizeof root - 1, XML_FALSE) != XML_STATUS_OK)
        return false;
    XML_SetUserData(w->expat, w);
    XML_SetElementHandler(w->expat, on_start, on_end);
    XML_SetCharacterDataHandler(w->expat, on_text);
    w->fed = 0;
    return true;
}

/* An element behind the record tells whether expat has read it to its end or waits inside a comment. */
static bool is_at_rest(struct element_walk *w)
{
    static const char probe[] = "<s/>";
    unsigned before = w->elements;
    w->end = NULL;
    return XML_Parse(w->expat, probe, (int)sizeof probe - 1, XML_FALSE) == XML_STATUS_OK &&
           w->elements == before + 1 && w->depth == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The first byte behind the blanks at from if they stand between a tag and a tag that begins an element. */
static size_t behind_indent(struct sv text, size_t from, size_t line_feed)
{
    size_t end = line_feed + 1;
    while (end < text.n && is_blank(text.p[end]))
        end++;
    bool before = from > 0 && text.p[from - 1] == '>';
    return before && text.n - end >= 2 && text.p[end] == '<' && ascii_is_alpha(text.p[end + 1]) ? end : from;
}

/* Copies text without its indents, each of which would cost expat what an element does. */
static size_t copy_dense(char *to, struct sv text)
{
    size_t n = 0, i = 0;
    while (i < text.n) {
        const char *hit = memchr(text.p + i, '\n', text.n - i);
        size_t line_feed = hit ? (size_t)(hit - text.p) : text.n;
        size_t end = hit && line_feed > i && hit[-1] == '\r' ? line_feed - 1 : line_feed;
        size_t next = hit ? behind_indent(text, end, line_feed) : text.n;
        if (hit && next == end)
            end = next = line_feed + 1;
        memcpy(to + n, text.p + i, end - i);
        n += end - i;
        i = next;
    }
    return n;
}

/* What is inside of "<!" and its end is copied as it stands: comments and text without markup. */
static bool parse(struct element_walk *w, struct sv text)
{
    static const uint8_t declaration[] = "<!";
    char *to = text.n > 0 && text.n <= INT32_MAX ? XML_GetBuffer(w->expat, (int)text.n) : NULL;
    size_t n = text.n;
    if (!to)
        return false;
    if (needle_find((const uint8_t *)text.p, text.n, declaration, 2))
        memcpy(to, text.p, n);
    else
        n = copy_dense(to, text);
    return XML_ParseBuffer(w->expat, (int)n, XML_FALSE) == XML_STATUS_OK;
}

static const char *feed(struct element_walk *w, struct sv text)
{
    if (w->fed > DOCUMENT_BYTES && !start_expat(w))
        return "no memory";
    w->fed += text.n;
    bool good = parse(w, text);
    if (w->reason)
        return w->reason;
    if (!good || w->depth != 0 || w->elements == 0 || !is_at_rest(w))
        return "the XML is cut or not well-formed";
    return buf_ok(&w->text) ? NULL : "no memory";
}

const char *element_walk_run_expat(struct element_walk *w, struct sv text, element_end *end, void *ctx)
{
    w->end = end;
    w->ctx = ctx;
    w->depth = w->elements = 0;
    w->reason = NULL;
    buf_reset(&w->text);
    const char *reason = feed(w, sv_trim(text));
    if (reason)
        w->fed = SIZE_MAX;
    return reason;
}

const char *element_walk_run(struct element_walk *w, struct sv text, element_end *end, void *ctx)
{
    if (element_plain_run(w->plain, sv_trim(text), end, ctx))
        return NULL;
    return element_walk_run_expat(w, text, end, ctx);
}
