/* SPDX-License-Identifier: Apache-2.0 */
/* An instance of Win32_NTLogEvent in CIM-XML to a struct event. */
#include "cim_instance.h"

#include "element_walk.h"
#include "event_text.h"
#include "event_types.h"
#include "shipped.h"

#include <stdlib.h>

const char cim_is_other[] = "no instance of Win32_NTLogEvent";

enum { VALUES_MAX = 2 << 20 };

struct cim_decoder {
    struct shipped facts; /* for its tables: nothing is read with it */
    struct element_walk *walk;
    struct buf binary;
    /* Of the instance at hand. */
    struct event *event;
    struct opt_u64 identifier;
    bool failed; /* no memory */
};

static const struct shipped_field fields[] = {
    {SV_INIT("EventCode"), SHIPPED_ID, 0},
    {SV_INIT("RecordNumber"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("SourceName"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("ComputerName"), SHIPPED_TEXT, offsetof(struct event, computer)},
    {SV_INIT("Logfile"), SHIPPED_TEXT, offsetof(struct event, channel)},
    {SV_INIT("Category"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("CategoryString"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("TimeGenerated"), SHIPPED_TIME, 0},
    {SV_INIT("TimeWritten"), SHIPPED_TIME, 0},
    {SV_INIT("User"), SHIPPED_SID, 0},
    {SV_INIT("Message"), SHIPPED_TEXT, offsetof(struct event, message)},
    {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
};

struct cim_decoder *cim_decoder_new(void)
{
    struct cim_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    arena_init(&d->facts.values, VALUES_MAX);
    buf_init(&d->binary, EVENT_TEXT_MAX);
    d->walk = element_walk_new("NAME");
    if (d->walk)
        return d;
    cim_decoder_free(d);
    return NULL;
}

void cim_decoder_free(struct cim_decoder *d)
{
    if (!d)
        return;
    element_walk_free(d->walk);
    buf_free(&d->binary);
    arena_free(&d->facts.values);
    free(d);
}

static struct sv keep(struct cim_decoder *d, struct sv text)
{
    struct sv copy = arena_copy(&d->facts.values, text);
    d->failed |= sv_absent(copy);
    return copy;
}

/* WMI's type of an event tells the level in every language, its word is the server's. */
static void take_type(struct event *e, struct sv name, struct sv text)
{
    uint64_t type;
    if (sv_eq(name, SV("Type")))
        e->level_text = shipped_value(text);
    else if (sv_to_u64(text, &type))
        e->level = event_level_of_type(type, true);
}

static void take_property(struct cim_decoder *d, struct sv name, struct sv text)
{
    text = keep(d, sv_trim(text));
    if (sv_eq(name, SV("EventIdentifier")))
        shipped_set_number(&d->identifier, text);
    else if (sv_eq(name, SV("EventType")) || sv_eq(name, SV("Type")))
        take_type(d->event, name, text);
    else
        (void)shipped_set_field(&d->facts, d->event, fields, name, text);
}

/* One of an array: a string, or a byte of the data. */
static void take_item(struct cim_decoder *d, struct sv name, struct sv text)
{
    uint64_t number;
    if (sv_eq(name, SV("InsertionStrings"))) {
        event_add_datum(d->event, SV_ABSENT, keep(d, text));
    } else if (sv_eq(name, SV("Data")) && sv_to_u64(sv_trim(text), &number) && number <= UINT8_MAX) {
        uint8_t byte = (uint8_t)number;
        event_text_hex(&d->binary, &byte, 1);
    }
}

/* INSTANCE/PROPERTY/VALUE and INSTANCE/PROPERTY.ARRAY/VALUE.ARRAY/VALUE. */
static void on_end(void *ctx, const struct element *path, unsigned depth, struct sv text)
{
    struct cim_decoder *d = ctx;
    if (depth < 3 || depth > 4 || !sv_eq(path[depth - 1].tag, SV("VALUE")))
        return;
    if (depth == 3 && sv_eq(path[1].tag, SV("PROPERTY")))
        take_property(d, path[1].name, text);
    else if (depth == 4 && sv_eq(path[2].tag, SV("VALUE.ARRAY")))
        take_item(d, path[1].name, text);
}

/* EventIdentifier has the qualifiers above the id; some tools write it as a signed number. */
static void take_identifier(struct cim_decoder *d)
{
    struct event *e = d->event;
    if (!d->identifier.has)
        return;
    if (!e->event_id.has)
        e->event_id = opt_u64(d->identifier.v & 0xffff);
    if (d->identifier.v >> 16 & 0xffff)
        e->qualifiers = opt_u64(d->identifier.v >> 16 & 0xffff);
}

const char *cim_decode(struct cim_decoder *d, struct sv text, struct event *e)
{
    struct sv tag = sv_slice(text, 0, sv_find_char(text, '>'));
    if (sv_find(tag, SV("\"Win32_NTLogEvent\"")) == SV_NPOS)
        return cim_is_other;
    event_clear(e);
    arena_reset(&d->facts.values);
    buf_reset(&d->binary);
    d->event = e;
    d->identifier = (struct opt_u64){0};
    d->failed = false;
    const char *reason = element_walk_run(d->walk, text, on_end, d);
    if (reason || d->failed || !buf_ok(&d->binary))
        return reason ? reason : "no memory";
    take_identifier(d);
    if (d->binary.n)
        e->binary = buf_sv(&d->binary);
    return e->event_id.has ? NULL : cim_is_other;
}
