/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forwarded event, which has no template, whose names are gone: what its texts are is told by their order
 * and their form. [MS-EVEN6] 2.2.12 has the elements of System in one order: Provider, EventID, Version,
 * Level, Task, Opcode, Keywords, TimeCreated, EventRecordID, Correlation, Execution, Channel, Computer,
 * Security; Version and Opcode may be missing.
 */
#include "binxml_place.h"
#include "binxml_walk.h"

#include "wtime.h"

enum { NUMBERS_MAX = 4, BINARY_MIN = 8 };

/* What System says. */
struct facts {
    struct place_element provider, event_id;
    struct sv numbers[NUMBERS_MAX]; /* between EventID and Keywords */
    size_t number_count;
    struct sv keywords, time, record_id, process, thread, channel, computer, user;
};

static bool is_number(struct sv v)
{
    uint64_t n;
    return sv_to_u64(v, &n);
}

/* An element of System without text: TimeCreated, Correlation, Execution or Security. */
static void take_attributes(const struct place_element *e, struct facts *f)
{
    struct wtime t;
    struct sv first = e->attributes ? e->attribute[0] : SV_ABSENT;
    if (sv_absent(f->time) && wtime_parse(sv_trim(first), &t)) {
        f->time = first;
    } else if (sv_starts(first, SV("S-1-"))) {
        f->user = first;
    } else if (e->attributes == 2 && is_number(first) && is_number(e->attribute[1])) {
        f->process = first;
        f->thread = e->attribute[1];
    }
}

static void take_text(struct sv text, struct facts *f)
{
    if (sv_absent(f->time) && sv_absent(f->keywords)) {
        if (sv_istarts(text, SV("0x")))
            f->keywords = text;
        else if (f->number_count < NUMBERS_MAX)
            f->numbers[f->number_count++] = text;
    } else if (sv_absent(f->record_id)) {
        f->record_id = text;
    } else {
        f->channel = f->computer;
        f->computer = text;
    }
}

static bool read_system(struct reader *system, struct arena *arena, struct facts *f)
{
    *f = (struct facts){0};
    if (!place_read_element(system, false, arena, &f->provider) || f->provider.content ||
        f->provider.attributes == 0 || !place_read_element(system, false, arena, &f->event_id) ||
        !is_number(sv_trim(f->event_id.text)))
        return false;
    while (place_has_element(system)) {
        struct place_element e;
        if (!place_read_element(system, false, arena, &e))
            return false;
        if (sv_absent(e.text))
            take_attributes(&e, f);
        else
            take_text(e.text, f);
    }
    return !sv_absent(f->time);
}

static void put_leaf(struct binxml *b, struct sv name, struct sv text)
{
    struct binxml_known_name known = emit_name(name);
    if (sv_absent(text))
        return;
    emit_open(b, &known);
    emit_start_ends(b);
    emit_text(b, text);
    emit_end(b, &known);
}

static void put_attribute(struct binxml *b, struct sv name, struct sv value)
{
    if (!sv_absent(value))
        emit_attribute(b, name, value);
}

static void put_empty(struct binxml *b, struct sv name, struct sv attribute, struct sv value,
                      struct sv attribute2, struct sv value2)
{
    struct binxml_known_name known = emit_name(name);
    if (sv_absent(value))
        return;
    emit_open(b, &known);
    put_attribute(b, attribute, value);
    put_attribute(b, attribute2, value2);
    emit_empty(b);
}

static void put_provider(struct binxml *b, const struct place_element *e)
{
    struct binxml_known_name known = emit_name(SV("Provider"));
    size_t tag = b->xml.n;
    emit_open(b, &known);
    for (size_t i = 0; i < e->attributes; i++) {
        struct sv name = i == 0                           ? SV("Name")
                         : place_is_guid(e->attribute[i]) ? SV("Guid")
                                                          : SV("EventSourceName");
        if (!emit_has_attribute(sv_make(b->xml.p + tag, b->xml.n - tag), name))
            put_attribute(b, name, e->attribute[i]);
    }
    emit_empty(b);
}

static void put_event_id(struct binxml *b, const struct place_element *e)
{
    struct binxml_known_name known = emit_name(SV("EventID"));
    emit_open(b, &known);
    if (e->attributes)
        put_attribute(b, SV("Qualifiers"), e->attribute[0]);
    emit_start_ends(b);
    emit_text(b, e->text);
    emit_end(b, &known);
}

static void put_system(struct binxml *b, const struct facts *f)
{
    struct binxml_known_name system = emit_name(SV("System"));
    bool has_version = f->number_count == NUMBERS_MAX;
    const struct sv *numbers = f->numbers + (has_version ? 1 : 0);
    emit_open(b, &system);
    emit_start_ends(b);
    put_provider(b, &f->provider);
    put_event_id(b, &f->event_id);
    put_leaf(b, SV("Version"), has_version ? f->numbers[0] : SV_ABSENT);
    put_leaf(b, SV("Level"), numbers[0]);
    put_leaf(b, SV("Task"), numbers[1]);
    put_leaf(b, SV("Opcode"), numbers[2]);
    put_leaf(b, SV("Keywords"), f->keywords);
    put_empty(b, SV("TimeCreated"), SV("SystemTime"), f->time, SV_ABSENT, SV_ABSENT);
    put_leaf(b, SV("EventRecordID"), f->record_id);
    put_empty(b, SV("Execution"), SV("ProcessID"), f->process, SV("ThreadID"), f->thread);
    put_leaf(b, SV("Channel"), f->channel);
    put_leaf(b, SV("Computer"), f->computer);
    put_empty(b, SV("Security"), SV("UserID"), f->user, SV_ABSENT, SV_ABSENT);
    emit_end(b, &system);
}

/* The event's bytes come last, as hexadecimal digits; numbers among the strings are shorter. */
static bool is_binary(struct sv text, bool is_last)
{
    for (size_t i = 0; i < text.n; i++)
        if (ascii_hex_value(text.p[i]) < 0)
            return false;
    return is_last && text.n >= BINARY_MIN && text.n % 2 == 0;
}

/* The payload's leaves, which are data with names or without. */
static bool put_data(struct binxml *b, struct reader *data, unsigned depth)
{
    struct binxml_known_name known = emit_name(SV("Data"));
    while (place_has_element(data) && binxml_spend(b, 1)) {
        struct place_element e;
        if (!place_read_element(data, false, b->tree.arena, &e))
            return false;
        struct reader inside = place_content(data, &e);
        if (sv_absent(e.text) && place_has_element(&inside)) {
            if (depth == 0 || !put_data(b, &inside, depth - 1))
                return false;
            continue;
        }
        struct sv text = sv_absent(e.text) ? SV("") : e.text;
        if (e.attributes == 0 && is_binary(text, !place_has_element(data))) {
            put_leaf(b, SV("Binary"), text);
            continue;
        }
        emit_open(b, &known);
        if (e.attributes)
            put_attribute(b, SV("Name"), e.attribute[0]);
        emit_start_ends(b);
        emit_text(b, text);
        emit_end(b, &known);
    }
    return true;
}

/* RenderingInfo has a culture and begins with the message. */
static bool put_rendering(struct binxml *b, const struct place_element *e, struct reader *content)
{
    struct binxml_known_name known = emit_name(SV("RenderingInfo"));
    struct place_element message;
    if (!place_read_element(content, false, b->tree.arena, &message))
        return false;
    emit_open(b, &known);
    put_attribute(b, SV("Culture"), e->attribute[0]);
    emit_start_ends(b);
    put_leaf(b, SV("Message"), message.text);
    emit_end(b, &known);
    return true;
}

static bool looks_like_culture(const struct place_element *e)
{
    struct sv v = e->attributes == 1 ? e->attribute[0] : SV_ABSENT;
    return v.n >= 2 && v.n <= 12 && (v.n == 2 || sv_find_char(v, '-') != SV_NPOS);
}

static bool put_payload(struct binxml *b, struct reader *event)
{
    struct binxml_known_name known = emit_name(SV("EventData"));
    while (place_has_element(event)) {
        struct place_element e;
        if (!place_read_element(event, false, b->tree.arena, &e))
            return false;
        struct reader content = place_content(event, &e);
        if (looks_like_culture(&e)) {
            if (!put_rendering(b, &e, &content))
                return false;
            continue;
        }
        emit_open(b, &known);
        emit_start_ends(b);
        bool whole = put_data(b, &content, 2);
        emit_end(b, &known);
        if (!whole)
            return false;
    }
    return true;
}

void salvage_forwarded(struct walk *w)
{
    struct binxml *b = w->b;
    struct binxml_known_name known = emit_name(SV("Event"));
    struct place_element event, system;
    struct facts facts;
    if (b->open || !place_read_element(&w->r, false, b->tree.arena, &event) || !event.content)
        return;
    struct reader children = place_content(&w->r, &event);
    if (!place_read_element(&children, false, b->tree.arena, &system) || !system.content)
        return;
    struct reader inside = place_content(&children, &system);
    if (!read_system(&inside, b->tree.arena, &facts))
        return;
    emit_open(b, &known);
    emit_attribute(b, SV("xmlns"), SV(BINXML_EVENT_NAMESPACE));
    emit_start_ends(b);
    put_system(b, &facts);
    (void)put_payload(b, &children);
    emit_end(b, &known);
}
