/* SPDX-License-Identifier: Apache-2.0 */
/* Elements read by place, without their names. */
#include "binxml_place.h"

#include "utf.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* A name reference whose name need not be readable. */
static bool skip_name(struct reader *r)
{
    uint32_t offset;
    uint16_t units;
    if (!reader_u32(r, &offset))
        return false;
    if (offset != r->at)
        return true;
    return reader_skip(r, 6) && reader_u16(r, &units) && reader_skip(r, (size_t)units * 2 + 2);
}

static struct sv joined(struct arena *arena, struct sv a, struct sv b)
{
    if (sv_empty(a))
        return b;
    char *to = arena_alloc(arena, a.n + b.n);
    if (!to)
        return a;
    memcpy(to, a.p, a.n);
    if (b.n)
        memcpy(to + a.n, b.p, b.n);
    return sv_make(to, a.n + b.n);
}

/* An entity; one whose name is gone leaves a mark. */
static bool read_entity(struct reader *r, struct sv *out)
{
    static const struct {
        struct sv name, text;
    } entities[] = {
        {SV_INIT("amp"), SV_INIT("&")},   {SV_INIT("lt"), SV_INIT("<")},   {SV_INIT("gt"), SV_INIT(">")},
        {SV_INIT("quot"), SV_INIT("\"")}, {SV_INIT("apos"), SV_INIT("'")},
    };
    struct reader chunk = reader_make(r->p, r->n), before = *r;
    struct binxml_name name;
    *out = SV(REPLACEMENT);
    if (!binxml_read_name(&chunk, r, &name)) {
        *r = before;
        return skip_name(r);
    }
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (binxml_name_is(&name, entities[i].name))
            *out = entities[i].text;
    return true;
}

static bool read_characters(struct reader *r, uint8_t token, struct arena *arena, struct sv *out)
{
    uint16_t units;
    const uint8_t *p;
    if (token == TOKEN_CHARACTER) {
        if (!reader_bytes(r, 2, &p))
            return false;
        *out = utf8_from_utf16_in(arena, p, 2, TEXT_UTF16LE, NULL);
        return true;
    }
    if ((token == TOKEN_TEXT && !reader_skip(r, 1)) || !reader_u16(r, &units) ||
        !reader_bytes(r, (size_t)units * 2, &p))
        return false;
    *out = utf8_from_utf16_in(arena, p, (size_t)units * 2, TEXT_UTF16LE, NULL);
    return true;
}

/* Text in as many pieces as it has, up to any other token. Absent if there is none, or a value in it. */
static bool read_text(struct reader *r, struct arena *arena, struct sv *out)
{
    bool has_value = false;
    *out = SV_ABSENT;
    while (reader_left(r)) {
        uint8_t token = r->p[r->at] & (uint8_t)~TOKEN_MORE;
        struct sv piece = SV_ABSENT;
        struct reader behind = *r;
        behind.at++;
        if (token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL) {
            has_value = true;
            if (!reader_skip(&behind, 3))
                return false;
        } else if (token == TOKEN_ENTITY) {
            if (!read_entity(&behind, &piece))
                return false;
        } else if (token == TOKEN_TEXT || token == TOKEN_CDATA || token == TOKEN_CHARACTER) {
            if (!read_characters(&behind, token, arena, &piece))
                return false;
        } else {
            break;
        }
        *r = behind;
        *out = joined(arena, *out, piece);
    }
    if (has_value)
        *out = SV_ABSENT;
    return true;
}

static bool read_attributes(struct reader *r, struct arena *arena, struct place_element *out,
                            uint8_t *closing)
{
    while (reader_u8(r, closing)) {
        if (*closing == TOKEN_CLOSE_START || *closing == TOKEN_CLOSE_EMPTY)
            return true;
        if ((*closing & ~TOKEN_MORE) != TOKEN_ATTRIBUTE || out->attributes == PLACE_ATTRIBUTES_MAX ||
            !skip_name(r) || !read_text(r, arena, &out->attribute[out->attributes++]))
            return false;
    }
    return false;
}

bool place_read_element(struct reader *r, bool in_definition, struct arena *arena, struct place_element *out)
{
    uint8_t token, closing;
    uint32_t size;
    *out = (struct place_element){.text = SV_ABSENT};
    if (!reader_u8(r, &token) || (token & ~TOKEN_MORE) != TOKEN_ELEMENT ||
        (in_definition && !reader_skip(r, 2)) || !reader_u32(r, &size) || size > reader_left(r))
        return false;
    out->end = r->at + size;
    if (!skip_name(r) || (token & TOKEN_MORE && !reader_skip(r, 4)) ||
        !read_attributes(r, arena, out, &closing))
        return false;
    out->content = closing == TOKEN_CLOSE_START ? r->at : 0;
    if (out->content && !read_text(r, arena, &out->text))
        return false;
    return out->end >= r->at && reader_seek(r, out->end);
}

struct reader place_content(const struct reader *r, const struct place_element *e)
{
    size_t n = e->end < r->n ? e->end : r->n;
    return (struct reader){r->p, n, e->content && e->content <= n ? e->content : n};
}

bool place_has_element(const struct reader *content)
{
    return reader_left(content) && (content->p[content->at] & ~TOKEN_MORE) == TOKEN_ELEMENT;
}

bool place_skip_fragment(struct reader *r)
{
    return !reader_left(r) || r->p[r->at] != TOKEN_FRAGMENT || reader_skip(r, 4);
}

bool place_is_guid(struct sv text)
{
    return text.n == 38 && text.p[0] == '{' && text.p[37] == '}';
}

/* Provider is the first child of System: Name, Guid if there is one, EventSourceName if there is one. */
static void take_provider(const struct place_element *e, struct binxml_literals *out)
{
    for (size_t i = 0; i < e->attributes; i++) {
        struct sv text = e->attribute[i];
        if (i == 0)
            out->provider = text;
        else if (place_is_guid(text))
            out->provider_guid = text;
        else if (!sv_absent(text))
            out->event_source_name = text;
    }
}

bool binxml_read_literals(const struct reader *definition, struct arena *arena, struct binxml_literals *out)
{
    struct reader r = *definition;
    struct place_element e;
    *out = (struct binxml_literals){0};
    if (!place_skip_fragment(&r))
        return false;
    for (int level = 0; level < 2; level++) { /* Event, System */
        if (!place_read_element(&r, true, arena, &e) || !e.content)
            return false;
        r = place_content(definition, &e);
    }
    if (!place_read_element(&r, true, arena, &e) || e.content || e.attributes == 0)
        return false;
    take_provider(&e, out);
    /* The last literal text in System is the computer, one before it the channel. */
    while (place_has_element(&r)) {
        if (!place_read_element(&r, true, arena, &e))
            return false;
        if (!sv_absent(e.text)) {
            out->channel = out->computer;
            out->computer = e.text;
        }
    }
    return true;
}
