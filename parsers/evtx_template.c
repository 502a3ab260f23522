/* SPDX-License-Identifier: Apache-2.0 */
/* What a template, or a record without one, says of its event id and provider. */
#include "evtx_template.h"

enum { PREFIX_BYTES = 4 }; /* fragment header */

/* The second piece of a text, or one that only the decoder understands, makes it mixed. */
static bool add_text(const struct reader *chunk, struct reader *r, uint8_t token, struct evtx_source *s)
{
    uint16_t units;
    const uint8_t *p;
    struct binxml_name entity;
    bool is_first = s->kind == SOURCE_ABSENT;
    s->kind = SOURCE_MIXED;
    if (token == TOKEN_ENTITY)
        return binxml_read_name(chunk, r, &entity);
    if (token == TOKEN_CHARACTER)
        return reader_skip(r, 2);
    if ((token == TOKEN_TEXT && !reader_skip(r, 1)) || !reader_u16(r, &units) ||
        !reader_bytes(r, (size_t)units * 2, &p))
        return false;
    if (is_first && units <= EVTX_SOURCE_MAX)
        *s = (struct evtx_source){SOURCE_LITERAL, 0, p, (uint16_t)(units * 2)};
    return true;
}

/* Reads text and substitutions up to any other token, which is left to be read. s may be NULL. */
static bool read_source(const struct reader *chunk, struct reader *r, struct evtx_source *s)
{
    struct evtx_source ignored = {0};
    uint16_t index;
    s = s ? s : &ignored;
    for (;;) {
        struct reader before = *r;
        uint8_t token;
        if (!reader_u8(r, &token))
            return false;
        token &= (uint8_t)~TOKEN_MORE;
        if (token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL) {
            if (!reader_u16(r, &index) || !reader_skip(r, 1))
                return false;
            s->kind = s->kind == SOURCE_ABSENT ? SOURCE_VALUE : SOURCE_MIXED;
            s->index = index;
        } else if (token == TOKEN_TEXT || token == TOKEN_CDATA || token == TOKEN_CHARACTER ||
                   token == TOKEN_ENTITY) {
            if (!add_text(chunk, r, token, s))
                return false;
        } else {
            *r = before;
            return true;
        }
    }
}

static bool read_provider(const struct reader *chunk, struct reader *r, struct evtx_template *t)
{
    for (;;) {
        uint8_t token;
        struct binxml_name name;
        if (!reader_u8(r, &token))
            return false;
        if ((token & ~TOKEN_MORE) != TOKEN_ATTRIBUTE)
            return token == TOKEN_CLOSE_EMPTY || token == TOKEN_CLOSE_START;
        if (!binxml_read_name(chunk, r, &name))
            return false;
        struct evtx_source *s = binxml_name_is(&name, SV("Name"))              ? &t->provider
                                : binxml_name_is(&name, SV("EventSourceName")) ? &t->event_source
                                                                               : NULL;
        if (!read_source(chunk, r, s))
            return false;
    }
}

/* Goes from an element's head to its content. */
static bool enter_content(struct reader *r, const struct binxml_element *e)
{
    uint8_t token;
    return reader_seek(r, e->content) && reader_u8(r, &token) && token == TOKEN_CLOSE_START;
}

static bool read_event_id(const struct reader *chunk, struct reader *r, const struct binxml_element *e,
                          struct evtx_template *t)
{
    return enter_content(r, e) && read_source(chunk, r, &t->event_id);
}

/* An element that is there only with a value other than its own is the decoder's. */
static void note_dependency(const struct binxml_element *e, struct evtx_source *s)
{
    if (e->dependency != BINXML_NO_DEPENDENCY && (s->kind != SOURCE_VALUE || s->index != e->dependency))
        s->kind = SOURCE_MIXED;
}

/* The children of System, until both facts are known. */
static bool read_system(const struct reader *chunk, struct reader *r, bool in_definition,
                        struct evtx_template *t)
{
    bool has_provider = false, has_id = false;
    while (!has_provider || !has_id) {
        struct binxml_element child;
        if (reader_left(r) && r->p[r->at] == TOKEN_END)
            return true;
        if (!binxml_read_element(chunk, r, in_definition, &child))
            return false;
        bool is_provider = binxml_name_is(&child.name, SV("Provider"));
        bool is_id = binxml_name_is(&child.name, SV("EventID"));
        if ((is_provider && !has_provider && !read_provider(chunk, r, t)) ||
            (is_id && !has_id && !read_event_id(chunk, r, &child, t)))
            return false;
        if (is_provider && !has_provider)
            note_dependency(&child, &t->provider);
        if (is_id && !has_id)
            note_dependency(&child, &t->event_id);
        has_provider |= is_provider;
        has_id |= is_id;
        if (child.end < r->at || !reader_seek(r, child.end))
            return false;
    }
    return true;
}

bool evtx_template_read(const struct reader *chunk, struct reader r, bool in_definition,
                        struct evtx_template *t)
{
    struct binxml_element e;
    t->event_id.kind = t->provider.kind = t->event_source.kind = SOURCE_ABSENT;
    if (reader_left(&r) && r.p[r.at] == TOKEN_FRAGMENT && !reader_skip(&r, PREFIX_BYTES))
        return false;
    if (!binxml_read_element(chunk, &r, in_definition, &e) || !binxml_name_is(&e.name, SV("Event")) ||
        !enter_content(&r, &e))
        return false;
    while (binxml_read_element(chunk, &r, in_definition, &e)) {
        if (binxml_name_is(&e.name, SV("System")))
            return enter_content(&r, &e) && read_system(chunk, &r, in_definition, t);
        if (e.end < r.at || !reader_seek(&r, e.end))
            return false;
    }
    return false;
}
