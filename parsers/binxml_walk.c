/* SPDX-License-Identifier: Apache-2.0 */
/* Reading BinXML token by token: what every record can be read with, however damaged. */
#include "binxml_walk.h"

#include "utf.h"

static bool read_entity(struct walk *w, struct buf *out)
{
    static const struct {
        struct sv name, text;
    } entities[] = {
        {SV_INIT("amp"), SV_INIT("&")},   {SV_INIT("lt"), SV_INIT("<")},   {SV_INIT("gt"), SV_INIT(">")},
        {SV_INIT("quot"), SV_INIT("\"")}, {SV_INIT("apos"), SV_INIT("'")},
    };
    struct binxml_name name;
    if (!binxml_read_name(&w->b->chunk, &w->r, &name))
        return false;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (binxml_name_is(&name, entities[i].name)) {
            buf_put(out, entities[i].text);
            return true;
        }
    /* An entity that XML does not define: its name is what is left of it. */
    buf_putc(out, '&');
    buf_put(out, binxml_known(w->b, &name)->text);
    buf_putc(out, ';');
    return true;
}

bool walk_text(struct walk *w, uint8_t token, struct buf *out)
{
    uint8_t type;
    uint16_t units, code;
    const uint8_t *p;
    bool *replaced = &w->b->tree.event->text_replaced;
    if (token == TOKEN_ENTITY)
        return read_entity(w, out);
    if (token == TOKEN_CHARACTER) {
        if (!reader_u16(&w->r, &code))
            return false;
        buf_utf8(out, code ? code : 0xfffd);
        return true;
    }
    if (token == TOKEN_TEXT && !reader_u8(&w->r, &type))
        return false;
    if (!reader_u16(&w->r, &units) || !reader_bytes(&w->r, (size_t)units * 2, &p))
        return false;
    binxml_text_from_utf16(p, (size_t)units * 2, out, replaced);
    return true;
}

/* Index and type of a substitution whose token has been read. The type is a hint: the descriptor's rules. */
static bool read_substitution(struct walk *w, const struct binxml_value **value)
{
    uint16_t index;
    uint8_t type;
    if (!reader_u16(&w->r, &index) || !reader_u8(&w->r, &type))
        return false;
    *value = walk_value_of(w, index);
    return true;
}

/* One piece of an attribute's value, appended as it is. False: the token is none of one, and is left. */
static bool walk_attribute_piece(struct walk *w, bool *present, bool *absent, bool *ok)
{
    struct reader before = w->r;
    const struct binxml_value *value;
    uint8_t token;
    if (!binxml_spend(w->b, 1) || !reader_u8(&w->r, &token))
        return *ok = false;
    token &= (uint8_t)~TOKEN_MORE;
    if (token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL) {
        if (!read_substitution(w, &value))
            return *ok = false;
        bool is_null = value->type == TYPE_NULL;
        binxml_value_text(&w->b->chunk, w->b->ansi, value, &w->b->xml, &w->b->tree.event->text_replaced);
        *absent |= token == TOKEN_OPTIONAL && is_null;
        *present |= token == TOKEN_SUBSTITUTION || !is_null;
        return true;
    }
    if (token == TOKEN_TEXT || token == TOKEN_CHARACTER || token == TOKEN_ENTITY) {
        *present = true;
        return *ok = walk_text(w, token, &w->b->xml);
    }
    w->r = before;
    return false;
}

/*
 * One attribute, its token included, of the start tag that begins at `tag`. Left out when all it has is an
 * optional value that is null, and when damage has given it the name of another.
 */
static bool walk_attribute(struct walk *w, size_t tag)
{
    struct binxml *b = w->b;
    struct binxml_name stored;
    uint8_t token;
    bool present = false, absent = false, ok = true;
    if (!reader_u8(&w->r, &token) || !binxml_read_name(&b->chunk, &w->r, &stored))
        return false;
    struct binxml_known_name name = *binxml_known(b, &stored);
    bool is_second = emit_has_attribute(sv_make(b->xml.p + tag, b->xml.n - tag), name.text);
    b->tree.event->cut |= is_second;
    size_t begin = emit_attribute_begin(b, &name);
    while (walk_attribute_piece(w, &present, &absent, &ok))
        ;
    if (ok && !is_second && (present || !absent))
        emit_attribute_end(b, &name, begin);
    else
        buf_cut(&b->xml, begin);
    return ok;
}

/* The attribute list and the token that ends the start tag, which is given. The tag begins at `tag`. */
static bool walk_start_tag(struct walk *w, size_t tag, uint8_t *closing)
{
    for (;;) {
        struct reader before = w->r;
        uint8_t token;
        if (!reader_u8(&w->r, &token))
            return false;
        if (token == TOKEN_CLOSE_START || token == TOKEN_CLOSE_EMPTY) {
            *closing = token;
            return true;
        }
        if ((token & ~TOKEN_MORE) != TOKEN_ATTRIBUTE)
            return false;
        w->r = before;
        if (!walk_attribute(w, tag))
            return false;
    }
}

void walk_value(struct binxml *b, const struct binxml_value *value, unsigned fragments)
{
    if (value->type != TYPE_BINXML) {
        emit_text_value(b, value);
        return;
    }
    struct walk nested = {.b = b, .r = b->chunk, .fragments = fragments + 1};
    size_t data = b->tree.event->data_count, xml = b->xml.n;
    nested.r.n = (size_t)value->at + value->size;
    nested.r.at = value->at;
    if (walk_fragment(&nested))
        return;
    /* What stands around a nested value that cannot be read is still good. */
    b->broken = true;
    salvage_payload(b, value, data, xml);
}

static bool walk_literal(struct walk *w, uint8_t token)
{
    size_t from = w->b->xml.n;
    if (!walk_text(w, token, &w->b->xml)) {
        buf_cut(&w->b->xml, from);
        return false;
    }
    event_tree_text(&w->b->tree, emit_escaped(w->b, from, false));
    return true;
}

static bool walk_element(struct walk *w);

/* One token of an element's content other than its end. */
static bool walk_content_token(struct walk *w)
{
    struct binxml *b = w->b;
    struct reader before = w->r;
    const struct binxml_value *value;
    uint8_t token;
    if (!binxml_spend(b, 1) || !reader_u8(&w->r, &token))
        return false;
    token &= (uint8_t)~TOKEN_MORE;
    switch (token) {
    case TOKEN_ELEMENT:
        w->r = before;
        return walk_element(w);
    case TOKEN_SUBSTITUTION:
    case TOKEN_OPTIONAL:
        if (!read_substitution(w, &value))
            return false;
        if (w->item)
            value = w->item;
        w->item = NULL;
        walk_value(b, value, w->fragments);
        return true;
    case TOKEN_TEXT:
    case TOKEN_CHARACTER:
    case TOKEN_ENTITY:
        return walk_literal(w, token);
    case TOKEN_CDATA:
        return walk_cdata(w);
    case TOKEN_PI_TARGET:
    case TOKEN_PI_DATA:
        return walk_instruction(w, token);
    default:
        return false;
    }
}

static bool walk_content(struct walk *w)
{
    while (reader_left(&w->r)) {
        if (w->r.p[w->r.at] == TOKEN_END)
            return reader_skip(&w->r, 1);
        if (!walk_content_token(w))
            return false;
    }
    return false;
}

/* The element behind its head, once. However it ends, it is closed in the tree and in the text. */
static bool walk_element_body(struct walk *w, const struct binxml_known_name *name)
{
    uint8_t closing;
    size_t tag = w->b->xml.n;
    emit_open(w->b, name);
    bool whole = walk_start_tag(w, tag, &closing);
    if (whole && closing == TOKEN_CLOSE_EMPTY) {
        emit_empty(w->b);
        return true;
    }
    emit_start_ends(w->b);
    whole = whole && walk_content(w);
    emit_end(w->b, name);
    return whole;
}

/*
 * The substitution that an element's content begins with, or NULL: an array there repeats the element, and an
 * optional one that is null leaves it out.
 */
static const struct binxml_value *first_substitution(const struct walk *w, const struct binxml_element *e,
                                                     bool *optional)
{
    struct reader r = w->r;
    uint8_t close, token;
    uint16_t index;
    if (!w->values || !reader_seek(&r, e->content) || !reader_u8(&r, &close) || close != TOKEN_CLOSE_START ||
        !reader_u8(&r, &token) || !reader_u16(&r, &index))
        return NULL;
    *optional = token == TOKEN_OPTIONAL;
    return token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL ? walk_value_of(w, index) : NULL;
}

static bool repeat_element(struct walk *w, const struct binxml_known_name *name,
                           const struct binxml_value *array)
{
    struct reader items = w->b->chunk;
    struct reader body = w->r;
    struct binxml_value item = {.at = array->at};
    items.n = (size_t)array->at + array->size;
    items.at = array->at;
    (void)binxml_next_item(array->type, &items, &item); /* an empty array gives one empty element */
    do {
        w->r = body;
        w->item = &item;
        bool whole = binxml_spend(w->b, 1) && walk_element_body(w, name);
        w->item = NULL; /* of a damaged element nothing may have taken it */
        if (!whole)
            return false;
    } while (binxml_next_item(array->type, &items, &item));
    return true;
}

static bool walk_element(struct walk *w)
{
    struct binxml *b = w->b;
    struct binxml_element e;
    bool optional = false;
    w->item = NULL;
    if (b->text_only && b->open == 0) /* its event id must be read from the tree */
        return false;
    if (b->open >= EVENT_TREE_DEPTH_MAX || !binxml_read_element(&b->chunk, &w->r, w->in_definition, &e))
        return false;
    const struct binxml_value *first = first_substitution(w, &e, &optional);
    /* The root of every event depends on its payload; obeying that would drop whole events (plaso). */
    bool is_null = e.dependency != BINXML_NO_DEPENDENCY && walk_value_of(w, e.dependency)->type == TYPE_NULL;
    if (b->open > 0 && (is_null || (first && optional && first->type == TYPE_NULL)))
        return e.end > w->r.at && reader_seek(&w->r, e.end);
    /* A copy: names below may take its place in the table. */
    struct binxml_known_name name = *binxml_known(b, &e.name);
    if (first && first->type & TYPE_ARRAY)
        return repeat_element(w, &name, first);
    return walk_element_body(w, &name);
}

const struct binxml_value *walk_read_values(struct binxml *b, const struct binxml_instance *instance,
                                            size_t end, uint32_t *count)
{
    struct binxml_value *values = arena_alloc(&b->values, instance->count * sizeof *values);
    size_t at = instance->values;
    if (!values)
        return NULL;
    for (*count = 0; *count < instance->count; ++*count) {
        const uint8_t *d = b->chunk.p + instance->descriptors + (size_t)*count * 4;
        size_t size = load_le16(d);
        if (size > end - at) {
            /* Of a nested value, a part is better than nothing. */
            if (d[2] != TYPE_BINXML)
                break;
            size = end - at;
        }
        values[*count] = (struct binxml_value){(uint32_t)at, (uint16_t)size, d[2]};
        at += size;
    }
    return values;
}

static bool walk_instance(struct walk *w)
{
    struct binxml *b = w->b;
    struct binxml_instance instance = {0};
    bool whole = binxml_read_instance(&w->r, &instance);
    if (!whole && instance.values == 0)
        return false;
    struct walk inside = {.b = b, .fragments = w->fragments + 1, .in_definition = true};
    /* Of a torn record, the values in front of the tear. */
    inside.values = walk_read_values(b, &instance, w->r.n, &inside.count);
    if (!inside.values) {
        b->over_limit = true;
        return false;
    }
    if (!whole && b->open == 0 && !salvage_is_event(&inside))
        return false;
    if (b->guessing || !binxml_definition(&b->chunk, instance.definition, instance.template_id, &inside.r)) {
        b->guessing = false; /* the payload has a definition of its own */
        salvage_event(&inside, &instance);
        return false;
    }
    const struct binxml_plan *plan = plan_of(b, &instance, &inside.r);
    if (!plan || !plan_fits(&inside, plan))
        return walk_fragment(&inside) && whole;
    if (b->text_only && plan_renders(plan))
        render_run(plan, &inside);
    else
        plan_run(plan, &inside);
    return whole;
}

bool walk_fragment(struct walk *w)
{
    if (w->fragments > BINXML_FRAGMENTS_MAX) {
        w->b->over_limit = true;
        return false;
    }
    while (reader_left(&w->r)) {
        uint8_t token = w->r.p[w->r.at] & (uint8_t)~TOKEN_MORE;
        if (token == TOKEN_EOF)
            return true;
        if (!binxml_spend(w->b, 1))
            return false;
        /* One record is one event: a second root would make its text something else than XML. */
        if (w->b->open == 0 && w->b->xml.n && (token == TOKEN_INSTANCE || token == TOKEN_ELEMENT)) {
            w->b->tree.event->cut = true;
            return true;
        }
        if (token == TOKEN_FRAGMENT) {
            if (!reader_skip(&w->r, 4))
                return false;
        } else if (token == TOKEN_INSTANCE) {
            if (!walk_instance(w))
                return false;
        } else if (token == TOKEN_ELEMENT && w->b->guessing) {
            w->b->guessing = false;
            salvage_forwarded(w);
            return false;
        } else if (token == TOKEN_ELEMENT) {
            if (!walk_element(w))
                return false;
        } else if (token == TOKEN_PI_TARGET || token == TOKEN_PI_DATA) {
            if (!reader_skip(&w->r, 1) || !walk_instruction(w, token))
                return false;
        } else {
            return false;
        }
    }
    return true;
}
