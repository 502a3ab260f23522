/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding one record's BinXML: one walk builds the event and writes the XML text. */
#include "binxml.h"

#include "event_text.h"
#include "utf.h"

enum {
    VALUES_MEMORY = 512 << 10, /* tables of values: one per template instance of the record */
    NAMES_MEMORY = 256 << 10,
    PIECE_MEMORY =
        256 << 10, /* one value as text: 65,535 bytes become at most three times as many, or a list */
};

/* A place in a fragment, with what its substitutions mean. */
struct walk {
    struct binxml *b;
    struct reader r;
    const struct binxml_value *values; /* NULL outside template definitions */
    uint32_t count;
    const struct binxml_value *item; /* of an array: stands in for the next substitution */
    unsigned fragments;              /* nested */
    bool in_definition;
};

void binxml_init(struct binxml *b)
{
    memset(b, 0, sizeof *b);
    event_tree_init(&b->tree);
    arena_init(&b->values, VALUES_MEMORY);
    arena_init(&b->names, NAMES_MEMORY);
    buf_init(&b->xml, BINXML_ORIGINAL_MAX);
    buf_init(&b->text, PIECE_MEMORY);
    buf_init(&b->attribute, PIECE_MEMORY);
}

void binxml_free(struct binxml *b)
{
    event_tree_free(&b->tree);
    arena_free(&b->values);
    arena_free(&b->names);
    buf_free(&b->xml);
    buf_free(&b->text);
    buf_free(&b->attribute);
}

void binxml_set_chunk(struct binxml *b, const uint8_t *bytes, size_t n)
{
    b->chunk = reader_make(bytes, n);
    arena_reset(&b->names);
    memset(b->known, 0, sizeof b->known);
}

/* A name that is none would make the text something else than one element. */
static bool is_name_byte(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':' ||
           (c & 0x80);
}

static struct sv name_text(struct binxml *b, const struct binxml_name *name)
{
    struct binxml_known_name *known = &b->known[name->offset % BINXML_KNOWN_NAMES];
    if (known->offset == name->offset)
        return known->text;
    size_t room = utf8_room_for_utf16(name->bytes);
    char *to = arena_alloc(&b->names, room);
    if (!to || name->bytes == 0) {
        b->over_limit |= !to;
        return SV("_");
    }
    size_t n = utf8_from_utf16(name->utf16, name->bytes, TEXT_UTF16LE, to, NULL);
    arena_shrink(&b->names, to, room, n);
    for (size_t i = 0; i < n; i++)
        if (!is_name_byte(to[i]))
            to[i] = '_';
    *known = (struct binxml_known_name){name->offset, sv_make(to, n)};
    return known->text;
}

static void emit_open(struct binxml *b, struct sv name)
{
    b->open++;
    event_tree_open(&b->tree, name);
    buf_putc(&b->xml, '<');
    buf_put(&b->xml, name);
}

static void emit_attribute(struct binxml *b, struct sv name, struct sv value)
{
    event_tree_attribute(&b->tree, name, value);
    buf_putc(&b->xml, ' ');
    buf_put(&b->xml, name);
    buf_lit(&b->xml, "='");
    event_text_escaped(&b->xml, value, true);
    buf_putc(&b->xml, '\'');
}

static void emit_text(struct binxml *b, struct sv text)
{
    event_tree_text(&b->tree, text);
    event_text_escaped(&b->xml, text, false);
}

static void emit_empty(struct binxml *b)
{
    b->open--;
    event_tree_close(&b->tree);
    buf_lit(&b->xml, "/>");
}

static void emit_end(struct binxml *b, struct sv name)
{
    b->open--;
    event_tree_close(&b->tree);
    buf_lit(&b->xml, "</");
    buf_put(&b->xml, name);
    buf_putc(&b->xml, '>');
}

/* Templates that refer to each other could multiply without end: each token costs one. */
static bool spend(struct binxml *b)
{
    if (b->tokens == 0 || !buf_ok(&b->xml)) {
        b->over_limit = true;
        return false;
    }
    b->tokens--;
    return true;
}

static bool walk_fragment(struct walk *w);

static const struct binxml_value *value_of(const struct walk *w, uint16_t index)
{
    static const struct binxml_value null_value = {0};
    /* Templates with fewer values than they name exist (libevtx#24). */
    return w->values && index < w->count ? &w->values[index] : &null_value;
}

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
    buf_put(out, name_text(w->b, &name));
    buf_putc(out, ';');
    return true;
}

/* Text, CDATA, a character or an entity reference, whose token has been read; appended to out. */
static bool read_text(struct walk *w, uint8_t token, struct buf *out)
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
    *value = value_of(w, index);
    return true;
}

static void piece_of_value(struct walk *w, const struct binxml_value *value, struct buf *out)
{
    binxml_value_text(&w->b->chunk, value, out, &w->b->tree.event->text_replaced);
}

/* One attribute, its token included. Left out when all it has is an optional value that is null. */
static bool walk_attribute(struct walk *w)
{
    struct binxml *b = w->b;
    struct binxml_name name;
    const struct binxml_value *value;
    uint8_t token;
    bool present = false, absent = false;
    if (!reader_u8(&w->r, &token) || !binxml_read_name(&b->chunk, &w->r, &name))
        return false;
    buf_reset(&b->attribute);
    for (;;) {
        struct reader before = w->r;
        if (!spend(b) || !reader_u8(&w->r, &token))
            return false;
        token &= (uint8_t)~TOKEN_MORE;
        if (token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL) {
            if (!read_substitution(w, &value))
                return false;
            bool is_null = value->type == TYPE_NULL;
            piece_of_value(w, value, &b->attribute);
            absent |= token == TOKEN_OPTIONAL && is_null;
            present |= token == TOKEN_SUBSTITUTION || !is_null;
        } else if (token == TOKEN_TEXT || token == TOKEN_CHARACTER || token == TOKEN_ENTITY) {
            if (!read_text(w, token, &b->attribute))
                return false;
            present = true;
        } else {
            w->r = before;
            break;
        }
    }
    b->over_limit |= !buf_ok(&b->attribute);
    if (present || !absent)
        emit_attribute(b, name_text(b, &name), buf_sv(&b->attribute));
    return true;
}

/* The attribute list and the token that ends the start tag, which is given. */
static bool walk_start_tag(struct walk *w, uint8_t *closing)
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
        if (!walk_attribute(w))
            return false;
    }
}

static bool walk_value(struct walk *w, const struct binxml_value *value)
{
    struct binxml *b = w->b;
    if (value->type == TYPE_BINXML) {
        struct walk nested = {.b = b, .r = b->chunk, .fragments = w->fragments + 1};
        nested.r.n = (size_t)value->at + value->size;
        nested.r.at = value->at;
        /* What stands around a nested value that cannot be read is still good. */
        b->broken |= !walk_fragment(&nested);
        return true;
    }
    buf_reset(&b->text);
    piece_of_value(w, value, &b->text);
    b->over_limit |= !buf_ok(&b->text);
    emit_text(b, buf_sv(&b->text));
    return true;
}

static bool skip_instruction(struct walk *w, uint8_t token)
{
    struct binxml_name name;
    uint16_t units;
    if (token == TOKEN_PI_TARGET)
        return binxml_read_name(&w->b->chunk, &w->r, &name);
    return reader_u16(&w->r, &units) && reader_skip(&w->r, (size_t)units * 2);
}

static bool walk_element(struct walk *w);

/* One token of an element's content other than its end. */
static bool walk_content_token(struct walk *w)
{
    struct binxml *b = w->b;
    struct reader before = w->r;
    const struct binxml_value *value;
    uint8_t token;
    if (!spend(b) || !reader_u8(&w->r, &token))
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
        return walk_value(w, value);
    case TOKEN_TEXT:
    case TOKEN_CDATA:
    case TOKEN_CHARACTER:
    case TOKEN_ENTITY:
        buf_reset(&b->text);
        if (!read_text(w, token, &b->text))
            return false;
        emit_text(b, buf_sv(&b->text));
        return true;
    case TOKEN_PI_TARGET:
    case TOKEN_PI_DATA:
        return skip_instruction(w, token);
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
static bool walk_element_body(struct walk *w, struct sv name)
{
    uint8_t closing;
    emit_open(w->b, name);
    bool whole = walk_start_tag(w, &closing);
    if (whole && closing == TOKEN_CLOSE_EMPTY) {
        emit_empty(w->b);
        return true;
    }
    buf_putc(&w->b->xml, '>');
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
    return token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL ? value_of(w, index) : NULL;
}

static bool repeat_element(struct walk *w, struct sv name, const struct binxml_value *array)
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
        if (!spend(w->b) || !walk_element_body(w, name))
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
    if (b->open >= EVENT_TREE_DEPTH_MAX || !binxml_read_element(&b->chunk, &w->r, w->in_definition, &e))
        return false;
    const struct binxml_value *first = first_substitution(w, &e, &optional);
    /* The root of every event depends on its payload; obeying that would drop whole events (plaso). */
    bool is_null = e.dependency != BINXML_NO_DEPENDENCY && value_of(w, e.dependency)->type == TYPE_NULL;
    if (b->open > 0 && (is_null || (first && optional && first->type == TYPE_NULL)))
        return e.end > w->r.at && reader_seek(&w->r, e.end);
    struct sv name = name_text(b, &e.name);
    if (first && first->type & TYPE_ARRAY)
        return repeat_element(w, name, first);
    return walk_element_body(w, name);
}

/* The instance's values; NULL over the limit. */
static const struct binxml_value *read_values(struct binxml *b, const struct binxml_instance *instance)
{
    struct binxml_value *values = arena_alloc(&b->values, instance->count * sizeof *values);
    size_t at = instance->values;
    if (!values)
        return NULL;
    for (uint32_t i = 0; i < instance->count; i++) {
        const uint8_t *d = b->chunk.p + instance->descriptors + (size_t)i * 4;
        values[i] = (struct binxml_value){(uint32_t)at, load_le16(d), d[2]};
        at += values[i].size;
    }
    return values;
}

/*
 * What is known of a record's System values without its template: both layouts that Windows writes agree on
 * the first values, and the one with 18 values has the provider and the channel among them. Rows of one
 * element stand together.
 */
static const struct {
    struct sv element, attribute; /* attribute is absent for the element's text */
    uint16_t index;
    bool manifest_only;
} system_layout[] = {
    {SV_INIT("Provider"), SV_INIT("Name"), 14, true},
    {SV_INIT("Provider"), SV_INIT("Guid"), 15, true},
    {SV_INIT("EventID"), SV_INIT("Qualifiers"), 4, false},
    {SV_INIT("EventID"), {NULL, 0}, 3, false},
    {SV_INIT("Version"), {NULL, 0}, 11, false},
    {SV_INIT("Level"), {NULL, 0}, 0, false},
    {SV_INIT("Task"), {NULL, 0}, 2, false},
    {SV_INIT("Opcode"), {NULL, 0}, 1, false},
    {SV_INIT("Keywords"), {NULL, 0}, 5, false},
    {SV_INIT("TimeCreated"), SV_INIT("SystemTime"), 6, false},
    {SV_INIT("EventRecordID"), {NULL, 0}, 10, false},
    {SV_INIT("Correlation"), SV_INIT("ActivityID"), 7, false},
    {SV_INIT("Execution"), SV_INIT("ProcessID"), 8, false},
    {SV_INIT("Execution"), SV_INIT("ThreadID"), 9, false},
    {SV_INIT("Channel"), {NULL, 0}, 16, true},
    {SV_INIT("Security"), SV_INIT("UserID"), 12, false},
};

enum {
    MANIFEST_VALUES = 18,
    CLASSIC_VALUES = 20,
    SYSTEM_ROWS = sizeof system_layout / sizeof *system_layout
};

static size_t guess_element(struct walk *w, size_t row)
{
    struct binxml *b = w->b;
    struct sv name = system_layout[row].element;
    bool open_tag = true;
    emit_open(b, name);
    for (; row < SYSTEM_ROWS && sv_eq(system_layout[row].element, name); row++) {
        const struct binxml_value *value = &w->values[system_layout[row].index];
        bool is_known = value->type != TYPE_NULL && value->type != TYPE_BINXML &&
                        (!system_layout[row].manifest_only || w->count == MANIFEST_VALUES);
        if (!is_known)
            continue;
        buf_reset(&b->text);
        piece_of_value(w, value, &b->text);
        if (!sv_absent(system_layout[row].attribute)) {
            emit_attribute(b, system_layout[row].attribute, buf_sv(&b->text));
        } else {
            buf_putc(&b->xml, '>');
            open_tag = false;
            emit_text(b, buf_sv(&b->text));
        }
    }
    if (open_tag)
        emit_empty(b);
    else
        emit_end(b, name);
    return row;
}

/* An event whose definition cannot be read: System by the known layouts, and the payload, which has its own
 * definition. */
static void walk_guessed(struct walk *w)
{
    static const uint8_t constant[16] = {1, 0, 4, 0, 1, 0, 4, 0, 2, 0, 6, 0, 2, 0, 6, 0};
    struct binxml *b = w->b;
    uint32_t payload = w->count - 1;
    if (b->open || (w->count != MANIFEST_VALUES && w->count != CLASSIC_VALUES))
        return;
    for (size_t i = 0; i < 4; i++)
        if (w->values[i].size != constant[i * 4] || w->values[i].type != constant[i * 4 + 2])
            return;
    emit_open(b, SV("Event"));
    buf_putc(&b->xml, '>');
    emit_open(b, SV("System"));
    buf_putc(&b->xml, '>');
    for (size_t row = 0; row < SYSTEM_ROWS;)
        row = guess_element(w, row);
    emit_end(b, SV("System"));
    if (w->values[payload].type == TYPE_BINXML)
        (void)walk_value(w, &w->values[payload]);
    emit_end(b, SV("Event"));
}

static bool walk_instance(struct walk *w)
{
    struct binxml *b = w->b;
    struct binxml_instance instance;
    if (!binxml_read_instance(&w->r, &instance))
        return false;
    struct walk inside = {
        .b = b, .count = instance.count, .fragments = w->fragments + 1, .in_definition = true};
    inside.values = read_values(b, &instance);
    if (!inside.values) {
        b->over_limit = true;
        return false;
    }
    if (b->guessing || !binxml_definition(&b->chunk, instance.definition, instance.template_id, &inside.r)) {
        b->guessing = false; /* the payload has a definition of its own */
        walk_guessed(&inside);
        return false;
    }
    return walk_fragment(&inside);
}

static bool walk_fragment(struct walk *w)
{
    if (w->fragments > 2 * BINXML_DEPTH_MAX + 1) { /* a nested value is a fragment, and so is its template */
        w->b->over_limit = true;
        return false;
    }
    while (reader_left(&w->r)) {
        uint8_t token = w->r.p[w->r.at] & (uint8_t)~TOKEN_MORE;
        if (token == TOKEN_EOF)
            return true;
        if (!spend(w->b))
            return false;
        if (token == TOKEN_FRAGMENT) {
            if (!reader_skip(&w->r, 4))
                return false;
        } else if (token == TOKEN_INSTANCE) {
            if (!walk_instance(w))
                return false;
        } else if (token == TOKEN_ELEMENT) {
            if (!walk_element(w))
                return false;
        } else if (token == TOKEN_PI_TARGET || token == TOKEN_PI_DATA) {
            if (!reader_skip(&w->r, 1) || !skip_instruction(w, token))
                return false;
        } else {
            return false;
        }
    }
    return true;
}

static bool decode(struct binxml *b, size_t at, size_t end, struct event *event, struct arena *arena,
                   bool guessing)
{
    arena_reset(&b->values);
    buf_reset(&b->xml);
    b->open = 0;
    b->tokens = BINXML_TOKENS_MAX;
    b->over_limit = b->broken = false;
    b->guessing = guessing;
    event_tree_begin(&b->tree, event, arena);
    struct walk w = {.b = b, .r = b->chunk};
    w.r.n = end < b->chunk.n ? end : b->chunk.n;
    bool whole = reader_seek(&w.r, at) && walk_fragment(&w) && !b->broken;
    event->original = buf_sv(&b->xml);
    event->cut |= !whole || b->over_limit || !buf_ok(&b->xml);
    return whole;
}

enum binxml_outcome binxml_decode(struct binxml *b, size_t at, size_t end, struct event *event,
                                  struct arena *arena)
{
    bool whole = decode(b, at, end, event, arena, false);
    /* A template that breaks off early says less than the values do without it. */
    if (!whole && !event->event_id.has) {
        (void)decode(b, at, end, event, arena, true);
        if (!event->event_id.has)
            (void)decode(b, at, end, event, arena, false);
    }
    if (!b->tree.seen_event || !event->event_id.has)
        return BINXML_NOTHING;
    return whole ? BINXML_WHOLE : BINXML_PARTLY;
}
