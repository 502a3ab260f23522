/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records whose template cannot be read: what the values say by themselves.
 *
 * Both layouts that Windows writes agree on the first values of System, and a classic payload is an array of
 * strings and the event's bytes. Where only names are gone (they stand where the chunk used them first), a
 * definition still has its literals in their places: provider, channel and computer.
 */
#include "binxml_walk.h"

/* ---- System by the known layouts ---- */

enum { NO_INDEX = 0xff, NO_LITERAL = 0xff };

#define LITERAL(member) ((uint8_t)offsetof(struct binxml_literals, member))
#define EVERY(index) (index), (index)

/* Rows of one element stand together, attributes first. */
static const struct {
    struct sv element, attribute; /* attribute is absent for the element's text */
    uint8_t manifest, classic;    /* indexes of its value in the two layouts */
    uint8_t literal;              /* where its literal stands in struct binxml_literals */
} system_layout[] = {
    {SV_INIT("Provider"), SV_INIT("Name"), 14, NO_INDEX, LITERAL(provider)},
    {SV_INIT("Provider"), SV_INIT("Guid"), 15, NO_INDEX, LITERAL(provider_guid)},
    {SV_INIT("Provider"), SV_INIT("EventSourceName"), EVERY(NO_INDEX), LITERAL(event_source_name)},
    {SV_INIT("EventID"), SV_INIT("Qualifiers"), EVERY(4), NO_LITERAL},
    {SV_INIT("EventID"), {NULL, 0}, EVERY(3), NO_LITERAL},
    {SV_INIT("Version"), {NULL, 0}, EVERY(11), NO_LITERAL},
    {SV_INIT("Level"), {NULL, 0}, EVERY(0), NO_LITERAL},
    {SV_INIT("Task"), {NULL, 0}, EVERY(2), NO_LITERAL},
    {SV_INIT("Opcode"), {NULL, 0}, EVERY(1), NO_LITERAL},
    {SV_INIT("Keywords"), {NULL, 0}, EVERY(5), NO_LITERAL},
    {SV_INIT("TimeCreated"), SV_INIT("SystemTime"), EVERY(6), NO_LITERAL},
    {SV_INIT("EventRecordID"), {NULL, 0}, EVERY(10), NO_LITERAL},
    {SV_INIT("Correlation"), SV_INIT("ActivityID"), EVERY(7), NO_LITERAL},
    {SV_INIT("Correlation"), SV_INIT("RelatedActivityID"), 13, 18, NO_LITERAL},
    {SV_INIT("Execution"), SV_INIT("ProcessID"), EVERY(8), NO_LITERAL},
    {SV_INIT("Execution"), SV_INIT("ThreadID"), EVERY(9), NO_LITERAL},
    {SV_INIT("Channel"), {NULL, 0}, 16, NO_INDEX, LITERAL(channel)},
    {SV_INIT("Computer"), {NULL, 0}, EVERY(NO_INDEX), LITERAL(computer)},
    {SV_INIT("Security"), SV_INIT("UserID"), EVERY(12), NO_LITERAL},
};

enum { SYSTEM_ROWS = sizeof system_layout / sizeof *system_layout };

struct salvage {
    struct walk *inside;
    struct binxml_literals literals;
    bool is_classic;
};

/* What is known for a row: a literal, or a value in *value; neither is nothing. */
static struct sv find_row(const struct salvage *s, size_t row, const struct binxml_value **value)
{
    uint8_t index = s->is_classic ? system_layout[row].classic : system_layout[row].manifest;
    struct sv literal = SV_ABSENT;
    if (system_layout[row].literal != NO_LITERAL)
        memcpy(&literal, (const char *)&s->literals + system_layout[row].literal, sizeof literal);
    *value = NULL;
    if (sv_absent(literal) && index < s->inside->count)
        *value = &s->inside->values[index];
    if (*value && ((*value)->type == TYPE_NULL || (*value)->type == TYPE_BINXML))
        *value = NULL;
    return literal;
}

static void salvage_attribute(struct binxml *b, struct sv name, struct sv literal,
                              const struct binxml_value *value)
{
    struct binxml_known_name known = emit_name(name);
    size_t begin = emit_attribute_begin(b, &known);
    if (value)
        binxml_value_text(&b->chunk, b->ansi, value, &b->xml, &b->tree.event->text_replaced);
    else
        buf_put(&b->xml, literal);
    emit_attribute_end(b, &known, begin);
}

/* One element of System, if anything is known of it. Returns the row behind it. */
static size_t salvage_element(struct salvage *s, size_t row)
{
    struct binxml *b = s->inside->b;
    struct binxml_known_name name = emit_name(system_layout[row].element);
    bool is_open = false, has_text = false;
    for (; row < SYSTEM_ROWS && sv_eq(system_layout[row].element, name.text); row++) {
        const struct binxml_value *value;
        struct sv literal = find_row(s, row, &value);
        if (!value && sv_absent(literal))
            continue;
        if (!is_open)
            emit_open(b, &name);
        is_open = true;
        if (!sv_absent(system_layout[row].attribute)) {
            salvage_attribute(b, system_layout[row].attribute, literal, value);
            continue;
        }
        has_text = true;
        emit_start_ends(b);
        if (value)
            emit_text_value(b, value);
        else
            emit_text(b, literal);
    }
    if (is_open && has_text)
        emit_end(b, &name);
    else if (is_open)
        emit_empty(b);
    return row;
}

/* The provider and its like: from what is left of the definition, else from the same one elsewhere. */
static void find_literals(struct binxml *b, const struct binxml_instance *i, struct binxml_literals *out)
{
    struct reader definition;
    if (binxml_definition(&b->chunk, i->definition, i->template_id, &definition) &&
        binxml_read_literals(&definition, b->tree.arena, out))
        return;
    *out = (struct binxml_literals){0};
    if (b->recall.find && !b->recall.find(b->recall.ctx, i->template_id, out))
        *out = (struct binxml_literals){0};
}

/* Sizes and types of level, opcode, task and event id: the same in every record seen. */
static bool has_usual_values(const struct walk *w)
{
    static const struct binxml_value usual[4] = {
        {.size = 1, .type = TYPE_UINT8},
        {.size = 1, .type = TYPE_UINT8},
        {.size = 2, .type = TYPE_UINT16},
        {.size = 2, .type = TYPE_UINT16},
    };
    for (size_t i = 0; i < 4; i++)
        if (i >= w->count || w->values[i].size != usual[i].size || w->values[i].type != usual[i].type)
            return false;
    return true;
}

bool salvage_is_event(const struct walk *w)
{
    enum { TIME = 6, YEAR_1989 = 0x01b00000, YEAR_2127 = 0x02500000 }; /* upper halves of FILETIMEs */
    if (!has_usual_values(w) || w->count <= TIME || w->values[TIME].type != TYPE_FILETIME ||
        w->values[TIME].size != 8)
        return false;
    uint32_t upper = load_le32(w->b->chunk.p + w->values[TIME].at + 4);
    return upper >= YEAR_1989 && upper < YEAR_2127;
}

void salvage_event(struct walk *inside, const struct binxml_instance *instance)
{
    struct binxml *b = inside->b;
    struct binxml_known_name event = emit_name(SV("Event")), system = emit_name(SV("System"));
    struct salvage s = {.inside = inside, .is_classic = instance->count == BINXML_CLASSIC_VALUES};
    uint32_t payload = instance->count - 1;
    if (b->open || (instance->count != BINXML_MANIFEST_VALUES && !s.is_classic) || !has_usual_values(inside))
        return;
    find_literals(b, instance, &s.literals);
    emit_open(b, &event);
    emit_attribute(b, SV("xmlns"), SV(BINXML_EVENT_NAMESPACE));
    emit_start_ends(b);
    emit_open(b, &system);
    emit_start_ends(b);
    for (size_t row = 0; row < SYSTEM_ROWS;)
        row = salvage_element(&s, row);
    emit_end(b, &system);
    if (payload < inside->count && inside->values[payload].type == TYPE_BINXML)
        walk_value(b, &inside->values[payload], inside->fragments);
    emit_end(b, &event);
}

/* ---- payloads ---- */

/* The values of the instance that a nested value begins with. */
static bool read_payload(struct binxml *b, const struct binxml_value *value, struct walk *out)
{
    struct binxml_instance instance = {0};
    struct reader r = b->chunk;
    size_t end = (size_t)value->at + value->size;
    r.n = end < r.n ? end : r.n;
    r.at = value->at;
    if (reader_left(&r) && r.p[r.at] == TOKEN_FRAGMENT && !reader_skip(&r, 4))
        return false;
    if (!binxml_read_instance(&r, &instance) && instance.values == 0)
        return false;
    out->values = walk_read_values(b, &instance, r.n, &out->count);
    return out->values != NULL;
}

/* The one payload of ReportEvent: strings, the length of the event's bytes, these bytes. */
static bool is_classic_payload(const struct walk *w)
{
    if (w->count == 0 || w->count > 3)
        return false;
    uint8_t strings = w->values[0].type;
    return (strings == (TYPE_TEXT | TYPE_ARRAY) || strings == TYPE_TEXT || strings == TYPE_NULL) &&
           (w->count < 2 || (w->values[1].type == TYPE_UINT32 && w->values[1].size == 4)) &&
           (w->count < 3 || w->values[2].type == TYPE_BINARY || w->values[2].type == TYPE_NULL);
}

static void emit_leaf(struct binxml *b, struct sv name, const struct binxml_value *value)
{
    struct binxml_known_name known = emit_name(name);
    emit_open(b, &known);
    emit_start_ends(b);
    emit_text_value(b, value);
    emit_end(b, &known);
}

/* Each item of an array, or the value itself; returns how many there are. Nothing is written for dry. */
static size_t emit_items(struct binxml *b, const struct binxml_value *value, bool dry)
{
    struct reader items = {b->chunk.p, (size_t)value->at + value->size, value->at};
    struct binxml_value item;
    size_t n = 0;
    if (value->type == TYPE_BINXML)
        return 0;
    if (!(value->type & TYPE_ARRAY)) {
        if (!dry)
            emit_leaf(b, SV("Data"), value);
        return 1;
    }
    for (; binxml_next_item(value->type, &items, &item); n++)
        if (!dry && binxml_spend(b, 1))
            emit_leaf(b, SV("Data"), &item);
    return n;
}

static bool has_binary(const struct walk *w)
{
    return is_classic_payload(w) && w->count == 3 && w->values[2].type == TYPE_BINARY;
}

static size_t emit_data(struct binxml *b, const struct walk *w, bool dry)
{
    bool is_classic = is_classic_payload(w);
    size_t n = 0;
    /* A null among named data keeps its place; a classic event with a null has no strings. */
    if (is_classic)
        n = w->values[0].type == TYPE_NULL ? 0 : emit_items(b, &w->values[0], dry);
    for (uint32_t i = 0; !is_classic && i < w->count; i++)
        n += emit_items(b, &w->values[i], dry);
    if (!dry && has_binary(w))
        emit_leaf(b, SV("Binary"), &w->values[2]);
    return n;
}

/* Text written for one <EventData> alone: no other fact of the event can point into it. */
static bool is_data_alone(struct sv xml)
{
    return sv_starts(xml, SV("<EventData")) && sv_find(xml, SV("System")) == SV_NPOS &&
           sv_find(xml, SV("RenderingInfo")) == SV_NPOS;
}

/* Forgets what the damaged template gave. */
static void take_back(struct binxml *b, size_t data_so_far, size_t xml_so_far)
{
    struct event *e = b->tree.event;
    struct sv written = sv_make(b->xml.p + xml_so_far, b->xml.n - xml_so_far);
    e->data_count = data_so_far;
    if (!is_data_alone(written))
        return;
    if (e->binary.p >= written.p && e->binary.p < written.p + written.n)
        e->binary = SV_ABSENT;
    buf_cut(&b->xml, xml_so_far);
}

void salvage_payload(struct binxml *b, const struct binxml_value *value, size_t data_so_far,
                     size_t xml_so_far)
{
    struct walk w = {.b = b};
    struct event *e = b->tree.event;
    struct binxml_known_name name = emit_name(SV("EventData"));
    if (b->open != 1 || !read_payload(b, value, &w))
        return;
    /* What the damaged template gave counts if it is as much: it has names. */
    size_t n = emit_data(b, &w, true);
    bool lacks_binary = has_binary(&w) && sv_absent(e->binary);
    if ((n == 0 || e->data_count - data_so_far >= n) && !lacks_binary)
        return;
    take_back(b, data_so_far, xml_so_far);
    emit_open(b, &name);
    emit_start_ends(b);
    (void)emit_data(b, &w, false);
    emit_end(b, &name);
}
