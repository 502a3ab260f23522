/* SPDX-License-Identifier: Apache-2.0 */
/* The layouts of events that Windows and its collectors write. */
#include "evtx_layouts.h"

#include "hash64.h"
#include "wtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct tokens_element open_event(struct tokens *o, uint16_t payload)
{
    struct tokens_element e = tokens_open(o, "Event", payload, true);
    tokens_literal_attribute(o, "xmlns", "http://schemas.microsoft.com/win/2004/08/events/event", false);
    tokens_end_attributes(o, &e, 0x02);
    return e;
}

static void put_provider(struct tokens *o, const struct evtx_writer_event *e)
{
    struct tokens_element p = tokens_open(o, "Provider", TOKENS_NO_DEPENDENCY, true);
    bool values = e->layout == EVTX_WRITE_MANIFEST;
    if (values) {
        tokens_value_attribute(o, "Name", 14, 0x01, true);
        tokens_value_attribute(o, "Guid", 15, 0x0f, e->event_source);
    } else {
        tokens_literal_attribute(o, "Name", e->provider, e->event_source);
    }
    if (e->event_source)
        tokens_literal_attribute(o, "EventSourceName", e->event_source, false);
    tokens_end_attributes(o, &p, 0x03);
    tokens_end_element(o, &p);
}

/* The body of an event's template. */
static void put_event_template(struct tokens *o, const void *ctx)
{
    const struct evtx_writer_event *e = ctx;
    bool manifest = e->layout == EVTX_WRITE_MANIFEST, modern = manifest || e->has_execution;
    uint16_t payload = manifest ? 17 : 19;
    struct tokens_element event = open_event(o, payload), system = tokens_open_plain(o, "System");
    put_provider(o, e);
    struct tokens_element id = tokens_open(o, "EventID", 3, true);
    tokens_value_attribute(o, "Qualifiers", 4, 0x06, false);
    tokens_end_attributes(o, &id, 0x02);
    tokens_substitution(o, 3, 0x06);
    tokens_close(o, &id);
    if (modern)
        tokens_value_element(o, "Version", 11, 0x04);
    tokens_value_element(o, "Level", 0, 0x04);
    tokens_value_element(o, "Task", 2, 0x06);
    if (modern)
        tokens_value_element(o, "Opcode", 1, 0x04);
    tokens_value_element(o, "Keywords", 5, 0x15);
    tokens_value_only(o, "TimeCreated", "SystemTime", 6, 0x11);
    tokens_value_element(o, "EventRecordID", 10, 0x0a);
    if (modern) {
        struct tokens_element x = tokens_open(o, "Execution", TOKENS_NO_DEPENDENCY, true);
        tokens_value_attribute(o, "ProcessID", 8, 0x08, true);
        tokens_value_attribute(o, "ThreadID", 9, 0x08, false);
        tokens_end_attributes(o, &x, 0x03);
        tokens_end_element(o, &x);
    }
    if (manifest)
        tokens_value_element(o, "Channel", 16, 0x01);
    else
        tokens_literal_element(o, "Channel", e->channel);
    tokens_literal_element(o, "Computer", e->computer);
    tokens_value_only(o, "Security", "UserID", 12, 0x13);
    tokens_close(o, &system);
    tokens_substitution(o, payload, 0x21);
    tokens_close(o, &event);
}

static void put_payload_template(struct tokens *o, const void *ctx)
{
    const struct evtx_writer_event *e = ctx;
    struct tokens_element data = tokens_open_plain(o, "EventData");
    if (e->layout == EVTX_WRITE_CLASSIC) {
        tokens_value_element(o, "Data", 0, 0x81);
        tokens_value_element(o, "Binary", 2, 0x0e);
    } else {
        for (size_t i = 0; i < e->string_count; i++) {
            char name[32];
            snprintf(name, sizeof name, "param%zu", i + 1);
            struct tokens_element d = tokens_open(o, "Data", TOKENS_NO_DEPENDENCY, true);
            tokens_literal_attribute(o, "Name", name, false);
            tokens_end_attributes(o, &d, 0x02);
            tokens_substitution(o, (uint16_t)i, 0x01);
            tokens_close(o, &d);
        }
    }
    tokens_close(o, &data);
}

static uint64_t template_key(const struct evtx_writer_event *e, const char *what)
{
    uint64_t h = hash64(HASH64_START, what, strlen(what));
    const char *parts[] = {e->layout == EVTX_WRITE_CLASSIC ? e->provider : "",
                           e->event_source ? e->event_source : "",
                           e->layout == EVTX_WRITE_CLASSIC ? e->channel : "", e->computer};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        h = hash64(h, parts[i], strlen(parts[i]) + 1);
    return h;
}

static void put_classic_payload(struct tokens *o, const struct evtx_writer_event *e)
{
    tokens_instance(o, hash64(HASH64_START, "classic payload", 15), put_payload_template, e);
    struct tokens_values v = tokens_open_values(o, 3);
    for (size_t i = 0; i < e->string_count; i++) {
        tokens_units(o, sv_from(e->strings[i]));
        tokens_number(o, 0, 2);
    }
    tokens_end_value(o, &v, e->string_count ? 0x81 : 0);
    tokens_value(o, &v, 0x08, e->binary_size, 4);
    tokens_put(o, e->binary, e->binary_size);
    tokens_end_value(o, &v, e->binary_size ? 0x0e : 0);
}

static void put_manifest_payload(struct tokens *o, const struct evtx_writer_event *e)
{
    tokens_instance(o, hash64(HASH64_START + e->string_count, "manifest payload", 16), put_payload_template,
                    e);
    struct tokens_values v = tokens_open_values(o, (uint32_t)e->string_count);
    for (size_t i = 0; i < e->string_count; i++) {
        tokens_units(o, sv_from(e->strings[i]));
        tokens_end_value(o, &v, 0x01);
    }
}

static void put_templated(struct tokens *o, const struct evtx_writer_event *e)
{
    bool manifest = e->layout == EVTX_WRITE_MANIFEST;
    const char *kind = manifest ? "manifest" : e->has_execution ? "classic with execution" : "classic";
    tokens_instance(o, template_key(e, kind), put_event_template, e);
    struct tokens_values v = tokens_open_values(o, manifest ? 18 : 20);
    tokens_value(o, &v, 0x04, e->level, 1);
    tokens_value(o, &v, 0x04, 0, 1);
    tokens_value(o, &v, 0x06, e->task, 2);
    tokens_value(o, &v, 0x06, e->event_id, 2);
    if (manifest)
        tokens_null(o, &v);
    else
        tokens_value(o, &v, 0x06, e->qualifiers, 2);
    tokens_value(o, &v, 0x15, e->keywords, 8);
    tokens_value(o, &v, 0x11, e->filetime, 8);
    tokens_null(o, &v);
    tokens_value(o, &v, 0x08, 4711, 4);
    tokens_value(o, &v, 0x08, 4712, 4);
    tokens_value(o, &v, 0x0a, e->record_id, 8);
    tokens_value(o, &v, 0x04, 0, 1);
    tokens_null(o, &v);
    tokens_null(o, &v);
    if (manifest) {
        tokens_units(o, sv_from(e->provider));
        tokens_end_value(o, &v, 0x01);
        tokens_number(o, 0x0807060504030201, 8);
        tokens_value(o, &v, 0x0f, 0x100f0e0d0c0b0a09, 8);
        tokens_units(o, sv_from(e->channel));
        tokens_end_value(o, &v, 0x01);
    } else {
        for (int i = 14; i < 19; i++)
            tokens_null(o, &v);
    }
    tokens_put(o, "\x0f\x01\x01", 4);
    if (manifest)
        put_manifest_payload(o, e);
    else
        put_classic_payload(o, e);
    tokens_number(o, 0, 1);
    tokens_end_value(o, &v, 0x21);
}

static void put_binary_element(struct tokens *o, const struct evtx_writer_event *e)
{
    struct tokens_element binary = tokens_open_plain(o, "Binary");
    tokens_number(o, 0x05, 1);
    tokens_number(o, 1, 1);
    tokens_number(o, e->binary_size * 2, 2);
    for (size_t i = 0; i < e->binary_size * 2; i++) {
        uint8_t byte = ((const uint8_t *)e->binary)[i / 2];
        tokens_number(o, (uint8_t) "0123456789ABCDEF"[i % 2 ? byte & 15 : byte >> 4], 2);
    }
    tokens_close(o, &binary);
}

static void put_rendering(struct tokens *o, const struct evtx_writer_event *e)
{
    struct tokens_element r = tokens_open(o, "RenderingInfo", TOKENS_NO_DEPENDENCY, true);
    tokens_literal_attribute(o, "Culture", "en-US", false);
    tokens_end_attributes(o, &r, 0x02);
    tokens_literal_element(o, "Message", e->message);
    tokens_literal_element(o, "Level", "Error");
    tokens_literal_element(o, "Task", "General");
    tokens_literal_element(o, "Opcode", "");
    tokens_literal_element(o, "Channel", "");
    tokens_literal_element(o, "Provider", "");
    struct tokens_element k = tokens_open_plain(o, "Keywords");
    tokens_literal_element(o, "Keyword", "Classic");
    tokens_close(o, &k);
    tokens_close(o, &r);
}

static void put_inline_system(struct tokens *o, const struct evtx_writer_event *e)
{
    char text[40];
    struct tokens_element system = tokens_open_plain(o, "System");
    put_provider(o, e);
    struct tokens_element id = tokens_open(o, "EventID", TOKENS_NO_DEPENDENCY, true);
    snprintf(text, sizeof text, "%u", (unsigned)e->qualifiers);
    tokens_literal_attribute(o, "Qualifiers", text, false);
    tokens_end_attributes(o, &id, 0x02);
    snprintf(text, sizeof text, "%u", (unsigned)e->event_id);
    tokens_text(o, sv_from(text));
    tokens_close(o, &id);
    if (e->has_execution)
        tokens_number_element(o, "Version", 0);
    tokens_number_element(o, "Level", e->level);
    tokens_number_element(o, "Task", e->task);
    if (e->has_execution)
        tokens_number_element(o, "Opcode", 0);
    snprintf(text, sizeof text, "0x%" PRIx64, e->keywords);
    tokens_literal_element(o, "Keywords", text);
    struct wtime t = wtime_from_filetime(e->filetime);
    t.digits = 9;
    wtime_format(&t, 9, text);
    struct tokens_element time = tokens_open(o, "TimeCreated", TOKENS_NO_DEPENDENCY, true);
    tokens_literal_attribute(o, "SystemTime", text, false);
    tokens_end_attributes(o, &time, 0x03);
    tokens_end_element(o, &time);
    tokens_number_element(o, "EventRecordID", e->record_id);
    if (e->has_execution) {
        struct tokens_element x = tokens_open(o, "Execution", TOKENS_NO_DEPENDENCY, true);
        tokens_literal_attribute(o, "ProcessID", "4711", true);
        tokens_literal_attribute(o, "ThreadID", "4712", false);
        tokens_end_attributes(o, &x, 0x03);
        tokens_end_element(o, &x);
    }
    tokens_literal_element(o, "Channel", e->channel);
    tokens_literal_element(o, "Computer", e->computer);
    struct tokens_element security = tokens_open(o, "Security", TOKENS_NO_DEPENDENCY, false);
    tokens_number(o, 0x03, 1);
    tokens_end_element(o, &security);
    tokens_close(o, &system);
}

static void put_inline(struct tokens *o, const struct evtx_writer_event *e)
{
    struct tokens_element event = open_event(o, TOKENS_NO_DEPENDENCY);
    put_inline_system(o, e);
    struct tokens_element data = tokens_open_plain(o, "EventData");
    for (size_t i = 0; i < e->string_count; i++)
        tokens_literal_element(o, "Data", e->strings[i]);
    if (e->binary_size)
        put_binary_element(o, e);
    tokens_close(o, &data);
    if (e->message)
        put_rendering(o, e);
    tokens_close(o, &event);
}

void evtx_layout_put(struct tokens *o, const void *event)
{
    const struct evtx_writer_event *e = event;
    if (e->layout == EVTX_WRITE_INLINE)
        put_inline(o, e);
    else
        put_templated(o, e);
}
