/* SPDX-License-Identifier: Apache-2.0 */
/* Writes event logs (.evtx) for tests. Every number written here is explained by the libevtx documentation.
 */
#include "evtx_writer.h"

#include "hash64.h"
#include "reader.h"
#include "utf.h"
#include "wtime.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 65536,
    FILE_HEADER = 4096,
    CHUNK_HEADER = 512,
    NAMES_MAX = 256,
    TEMPLATES_MAX = 128,
    NO_DEPENDENCY = 0xffff,
};

struct known {
    uint64_t key;
    uint32_t offset;
};

/* A chunk in the making. Overflow is sticky, so that a record is written without checks and tried once. */
struct out {
    uint8_t *p;
    size_t at;
    bool overflow;
    struct known names[NAMES_MAX], templates[TEMPLATES_MAX];
    size_t name_count, template_count;
    bool in_definition;
};

struct evtx_writer {
    struct evtx_writer_options options;
    uint8_t *file;
    size_t chunks;   /* in the file, preallocated ones not counted */
    size_t newest;   /* index of the chunk written to */
    size_t in_chunk; /* records in it */
    uint64_t next_id, next_number;
    uint64_t filetime;
    size_t size;
    struct out out;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static uint32_t crc(uint32_t c, const uint8_t *p, size_t n)
{
    return libdeflate_crc32(c, p, n);
}

static void store(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static void put(struct out *o, const void *p, size_t n)
{
    if (n > CHUNK - o->at) {
        o->overflow = true;
        return;
    }
    if (n)
        memcpy(o->p + o->at, p, n);
    o->at += n;
}

static void put_number(struct out *o, uint64_t v, size_t n)
{
    uint8_t bytes[8];
    store(bytes, v, n);
    put(o, bytes, n);
}

static void patch(struct out *o, size_t at, uint64_t v, size_t n)
{
    if (!o->overflow)
        store(o->p + at, v, n);
}

/* UTF-8 to UTF-16LE units; returns their number. */
static size_t put_utf16(struct out *o, struct sv text)
{
    size_t units = 0;
    while (text.n) {
        uint32_t c;
        size_t n = utf8_decode(text, &c);
        text = sv_slice(text, n, text.n);
        if (c >= 0x10000) {
            put_number(o, 0xd800 + ((c - 0x10000) >> 10), 2);
            put_number(o, 0xdc00 + ((c - 0x10000) & 0x3ff), 2);
            units++;
        } else {
            put_number(o, c, 2);
        }
        units++;
    }
    return units;
}

static uint32_t link_into(struct out *o, size_t table, uint32_t offset)
{
    uint32_t older = load_le32(o->p + table);
    patch(o, table, offset, 4);
    return older;
}

/* A name reference; the name itself where it is used first. */
static void put_name(struct out *o, const char *name)
{
    uint64_t key = hash64(HASH64_START, name, strlen(name));
    for (size_t i = 0; i < o->name_count; i++)
        if (o->names[i].key == key) {
            put_number(o, o->names[i].offset, 4);
            return;
        }
    uint32_t offset = (uint32_t)o->at + 4, hash = 0;
    for (const char *c = name; *c; c++)
        hash = hash * 65599 + (uint8_t)*c;
    put_number(o, offset, 4);
    put_number(o, link_into(o, 128 + (hash & 0xffff) % 64 * 4, offset), 4);
    put_number(o, hash & 0xffff, 2);
    put_number(o, strlen(name), 2);
    put_utf16(o, sv_from(name));
    put_number(o, 0, 2);
    if (o->name_count < NAMES_MAX)
        o->names[o->name_count++] = (struct known){key, offset};
}

struct element {
    size_t size_at, attributes_at;
};

static struct element open_element(struct out *o, const char *name, uint16_t dependency, bool attributes)
{
    struct element e = {0};
    put_number(o, attributes ? 0x41 : 0x01, 1);
    if (o->in_definition)
        put_number(o, dependency, 2);
    e.size_at = o->at;
    put_number(o, 0, 4);
    put_name(o, name);
    if (attributes) {
        e.attributes_at = o->at;
        put_number(o, 0, 4);
    }
    return e;
}

static void end_attributes(struct out *o, const struct element *e, uint8_t token)
{
    if (e->attributes_at)
        patch(o, e->attributes_at, o->at - e->attributes_at - 4, 4);
    put_number(o, token, 1);
}

static void end_element(struct out *o, const struct element *e)
{
    patch(o, e->size_at, o->at - e->size_at - 4, 4);
}

static void close_element(struct out *o, const struct element *e)
{
    put_number(o, 0x04, 1);
    end_element(o, e);
}

static void put_substitution(struct out *o, uint16_t index, uint8_t type)
{
    put_number(o, 0x0e, 1);
    put_number(o, index, 2);
    put_number(o, type, 1);
}

static void put_text_token(struct out *o, struct sv text, bool more)
{
    put_number(o, more ? 0x45 : 0x05, 1);
    put_number(o, 1, 1);
    size_t count_at = o->at;
    put_number(o, 0, 2);
    patch(o, count_at, put_utf16(o, text), 2);
}

static const char *entity_of(char c)
{
    return c == '&' ? "amp" : c == '<' ? "lt" : c == '>' ? "gt" : c == '"' ? "quot" : NULL;
}

/* Text as a collector stores it: entity references between pieces. */
static void put_text(struct out *o, struct sv text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *entity = entity_of(text.p[i]);
        if (!entity)
            continue;
        if (i > from)
            put_text_token(o, sv_slice(text, from, i), true);
        put_number(o, i + 1 < text.n ? 0x49 : 0x09, 1);
        put_name(o, entity);
        from = i + 1;
    }
    if (from < text.n || text.n == 0)
        put_text_token(o, sv_slice(text, from, text.n), false);
}

static void literal_attribute(struct out *o, const char *name, const char *value, bool more)
{
    put_number(o, more ? 0x46 : 0x06, 1);
    put_name(o, name);
    put_text(o, sv_from(value));
}

static void value_attribute(struct out *o, const char *name, uint16_t index, uint8_t type, bool more)
{
    put_number(o, more ? 0x46 : 0x06, 1);
    put_name(o, name);
    put_substitution(o, index, type);
}

static void literal_element(struct out *o, const char *name, const char *text)
{
    struct element e = open_element(o, name, NO_DEPENDENCY, false);
    put_number(o, 0x02, 1);
    if (*text)
        put_text(o, sv_from(text));
    close_element(o, &e);
}

static void number_element(struct out *o, const char *name, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, v);
    literal_element(o, name, text);
}

static void value_element(struct out *o, const char *name, uint16_t index, uint8_t type)
{
    struct element e = open_element(o, name, index, false);
    put_number(o, 0x02, 1);
    put_substitution(o, index, type);
    close_element(o, &e);
}

/* An element that has nothing but one attribute with a value. */
static void value_only(struct out *o, const char *name, const char *attribute, uint16_t index, uint8_t type)
{
    struct element e = open_element(o, name, NO_DEPENDENCY, true);
    value_attribute(o, attribute, index, type, false);
    end_attributes(o, &e, 0x03);
    end_element(o, &e);
}

static struct element open_event(struct out *o, uint16_t payload)
{
    struct element e = open_element(o, "Event", payload, true);
    literal_attribute(o, "xmlns", "http://schemas.microsoft.com/win/2004/08/events/event", false);
    end_attributes(o, &e, 0x02);
    return e;
}

static struct element open_plain(struct out *o, const char *name)
{
    struct element e = open_element(o, name, NO_DEPENDENCY, false);
    put_number(o, 0x02, 1);
    return e;
}

static void put_provider(struct out *o, const struct evtx_writer_event *e)
{
    struct element p = open_element(o, "Provider", NO_DEPENDENCY, true);
    bool values = e->layout == EVTX_WRITE_MANIFEST;
    if (values) {
        value_attribute(o, "Name", 14, 0x01, true);
        value_attribute(o, "Guid", 15, 0x0f, e->event_source);
    } else {
        literal_attribute(o, "Name", e->provider, e->event_source);
    }
    if (e->event_source)
        literal_attribute(o, "EventSourceName", e->event_source, false);
    end_attributes(o, &p, 0x03);
    end_element(o, &p);
}

/* The body of an event's template. */
static void put_event_template(struct out *o, const struct evtx_writer_event *e)
{
    bool manifest = e->layout == EVTX_WRITE_MANIFEST, modern = manifest || e->has_execution;
    uint16_t payload = manifest ? 17 : 19;
    struct element event = open_event(o, payload), system = open_plain(o, "System");
    put_provider(o, e);
    struct element id = open_element(o, "EventID", 3, true);
    value_attribute(o, "Qualifiers", 4, 0x06, false);
    end_attributes(o, &id, 0x02);
    put_substitution(o, 3, 0x06);
    close_element(o, &id);
    if (modern)
        value_element(o, "Version", 11, 0x04);
    value_element(o, "Level", 0, 0x04);
    value_element(o, "Task", 2, 0x06);
    if (modern)
        value_element(o, "Opcode", 1, 0x04);
    value_element(o, "Keywords", 5, 0x15);
    value_only(o, "TimeCreated", "SystemTime", 6, 0x11);
    value_element(o, "EventRecordID", 10, 0x0a);
    if (modern) {
        struct element x = open_element(o, "Execution", NO_DEPENDENCY, true);
        value_attribute(o, "ProcessID", 8, 0x08, true);
        value_attribute(o, "ThreadID", 9, 0x08, false);
        end_attributes(o, &x, 0x03);
        end_element(o, &x);
    }
    if (manifest)
        value_element(o, "Channel", 16, 0x01);
    else
        literal_element(o, "Channel", e->channel);
    literal_element(o, "Computer", e->computer);
    value_only(o, "Security", "UserID", 12, 0x13);
    close_element(o, &system);
    put_substitution(o, payload, 0x21);
    close_element(o, &event);
}

static void put_payload_template(struct out *o, const struct evtx_writer_event *e)
{
    struct element data = open_plain(o, "EventData");
    if (e->layout == EVTX_WRITE_CLASSIC) {
        value_element(o, "Data", 0, 0x81);
        value_element(o, "Binary", 2, 0x0e);
    } else {
        for (size_t i = 0; i < e->string_count; i++) {
            char name[32];
            snprintf(name, sizeof name, "param%zu", i + 1);
            struct element d = open_element(o, "Data", NO_DEPENDENCY, true);
            literal_attribute(o, "Name", name, false);
            end_attributes(o, &d, 0x02);
            put_substitution(o, (uint16_t)i, 0x01);
            close_element(o, &d);
        }
    }
    close_element(o, &data);
}

typedef void (*template_body)(struct out *, const struct evtx_writer_event *);

/* A template instance up to its values: the definition where the chunk has none yet. */
static void put_instance(struct out *o, const struct evtx_writer_event *e, uint64_t key, template_body body)
{
    uint32_t offset = (uint32_t)o->at + 10;
    bool resident = true;
    for (size_t i = 0; i < o->template_count; i++)
        if (o->templates[i].key == key) {
            offset = o->templates[i].offset;
            resident = false;
        }
    put_number(o, 0x0c, 1);
    put_number(o, 1, 1);
    put_number(o, key & 0xffffffff, 4);
    put_number(o, offset, 4);
    if (!resident)
        return;
    put_number(o, link_into(o, 384 + (key & 31) * 4, offset), 4);
    put_number(o, key, 8);
    put_number(o, ~key, 8);
    size_t size_at = o->at;
    put_number(o, 0, 4);
    put(o, "\x0f\x01\x01", 4);
    o->in_definition = true;
    body(o, e);
    o->in_definition = false;
    put_number(o, 0, 1);
    patch(o, size_at, o->at - size_at - 4, 4);
    if (o->template_count < TEMPLATES_MAX)
        o->templates[o->template_count++] = (struct known){key, offset};
}

/* Values: the descriptors come first and are filled in value by value. */
struct values {
    size_t descriptors, index, began;
};

static struct values open_values(struct out *o, uint32_t count)
{
    put_number(o, count, 4);
    struct values v = {.descriptors = o->at};
    for (uint32_t i = 0; i < count; i++)
        put_number(o, 0, 4);
    v.began = o->at;
    return v;
}

static void end_value(struct out *o, struct values *v, uint8_t type)
{
    patch(o, v->descriptors + v->index * 4, o->at - v->began, 2);
    patch(o, v->descriptors + v->index * 4 + 2, type, 1);
    v->index++;
    v->began = o->at;
}

static void put_value(struct out *o, struct values *v, uint8_t type, uint64_t number, size_t n)
{
    put_number(o, number, n);
    end_value(o, v, type);
}

static void put_null(struct out *o, struct values *v)
{
    end_value(o, v, 0);
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

static void put_classic_payload(struct out *o, const struct evtx_writer_event *e)
{
    put_instance(o, e, hash64(HASH64_START, "classic payload", 15), put_payload_template);
    struct values v = open_values(o, 3);
    for (size_t i = 0; i < e->string_count; i++) {
        put_utf16(o, sv_from(e->strings[i]));
        put_number(o, 0, 2);
    }
    end_value(o, &v, e->string_count ? 0x81 : 0);
    put_value(o, &v, 0x08, e->binary_size, 4);
    put(o, e->binary, e->binary_size);
    end_value(o, &v, e->binary_size ? 0x0e : 0);
}

static void put_manifest_payload(struct out *o, const struct evtx_writer_event *e)
{
    put_instance(o, e, hash64(HASH64_START + e->string_count, "manifest payload", 16), put_payload_template);
    struct values v = open_values(o, (uint32_t)e->string_count);
    for (size_t i = 0; i < e->string_count; i++) {
        put_utf16(o, sv_from(e->strings[i]));
        end_value(o, &v, 0x01);
    }
}

static void put_templated(struct out *o, const struct evtx_writer_event *e)
{
    bool manifest = e->layout == EVTX_WRITE_MANIFEST;
    const char *kind = manifest ? "manifest" : e->has_execution ? "classic with execution" : "classic";
    put_instance(o, e, template_key(e, kind), put_event_template);
    struct values v = open_values(o, manifest ? 18 : 20);
    put_value(o, &v, 0x04, e->level, 1);
    put_value(o, &v, 0x04, 0, 1);
    put_value(o, &v, 0x06, e->task, 2);
    put_value(o, &v, 0x06, e->event_id, 2);
    if (manifest)
        put_null(o, &v);
    else
        put_value(o, &v, 0x06, e->qualifiers, 2);
    put_value(o, &v, 0x15, e->keywords, 8);
    put_value(o, &v, 0x11, e->filetime, 8);
    put_null(o, &v);
    put_value(o, &v, 0x08, 4711, 4);
    put_value(o, &v, 0x08, 4712, 4);
    put_value(o, &v, 0x0a, e->record_id, 8);
    put_value(o, &v, 0x04, 0, 1);
    put_null(o, &v);
    put_null(o, &v);
    if (manifest) {
        put_utf16(o, sv_from(e->provider));
        end_value(o, &v, 0x01);
        put_number(o, 0x0807060504030201, 8);
        put_value(o, &v, 0x0f, 0x100f0e0d0c0b0a09, 8);
        put_utf16(o, sv_from(e->channel));
        end_value(o, &v, 0x01);
    } else {
        for (int i = 14; i < 19; i++)
            put_null(o, &v);
    }
    put(o, "\x0f\x01\x01", 4);
    if (manifest)
        put_manifest_payload(o, e);
    else
        put_classic_payload(o, e);
    put_number(o, 0, 1);
    end_value(o, &v, 0x21);
}

static void put_binary_element(struct out *o, const struct evtx_writer_event *e)
{
    char *hex = must(malloc(e->binary_size * 2 + 1));
    for (size_t i = 0; i < e->binary_size; i++)
        snprintf(hex + 2 * i, 3, "%02X", ((const uint8_t *)e->binary)[i]);
    hex[e->binary_size * 2] = '\0';
    literal_element(o, "Binary", hex);
    free(hex);
}

static void put_rendering(struct out *o, const struct evtx_writer_event *e)
{
    struct element r = open_element(o, "RenderingInfo", NO_DEPENDENCY, true);
    literal_attribute(o, "Culture", "en-US", false);
    end_attributes(o, &r, 0x02);
    literal_element(o, "Message", e->message);
    literal_element(o, "Level", "Error");
    literal_element(o, "Task", "General");
    literal_element(o, "Opcode", "");
    literal_element(o, "Channel", "");
    literal_element(o, "Provider", "");
    struct element k = open_plain(o, "Keywords");
    literal_element(o, "Keyword", "Classic");
    close_element(o, &k);
    close_element(o, &r);
}

static void put_inline_system(struct out *o, const struct evtx_writer_event *e)
{
    char text[40];
    struct element system = open_plain(o, "System");
    put_provider(o, e);
    struct element id = open_element(o, "EventID", NO_DEPENDENCY, true);
    snprintf(text, sizeof text, "%u", (unsigned)e->qualifiers);
    literal_attribute(o, "Qualifiers", text, false);
    end_attributes(o, &id, 0x02);
    snprintf(text, sizeof text, "%u", (unsigned)e->event_id);
    put_text(o, sv_from(text));
    close_element(o, &id);
    if (e->has_execution)
        number_element(o, "Version", 0);
    number_element(o, "Level", e->level);
    number_element(o, "Task", e->task);
    if (e->has_execution)
        number_element(o, "Opcode", 0);
    snprintf(text, sizeof text, "0x%" PRIx64, e->keywords);
    literal_element(o, "Keywords", text);
    struct wtime t = wtime_from_filetime(e->filetime);
    t.digits = 9;
    wtime_format(&t, 9, text);
    struct element time = open_element(o, "TimeCreated", NO_DEPENDENCY, true);
    literal_attribute(o, "SystemTime", text, false);
    end_attributes(o, &time, 0x03);
    end_element(o, &time);
    number_element(o, "EventRecordID", e->record_id);
    if (e->has_execution) {
        struct element x = open_element(o, "Execution", NO_DEPENDENCY, true);
        literal_attribute(o, "ProcessID", "4711", true);
        literal_attribute(o, "ThreadID", "4712", false);
        end_attributes(o, &x, 0x03);
        end_element(o, &x);
    }
    literal_element(o, "Channel", e->channel);
    literal_element(o, "Computer", e->computer);
    struct element security = open_element(o, "Security", NO_DEPENDENCY, false);
    put_number(o, 0x03, 1);
    end_element(o, &security);
    close_element(o, &system);
}

static void put_inline(struct out *o, const struct evtx_writer_event *e)
{
    struct element event = open_event(o, NO_DEPENDENCY);
    put_inline_system(o, e);
    struct element data = open_plain(o, "EventData");
    for (size_t i = 0; i < e->string_count; i++)
        literal_element(o, "Data", e->strings[i]);
    if (e->binary_size)
        put_binary_element(o, e);
    close_element(o, &data);
    if (e->message)
        put_rendering(o, e);
    close_element(o, &event);
}

static void put_record(struct out *o, const struct evtx_writer_event *e, uint64_t id)
{
    size_t begin = o->at;
    put_number(o, 0x2a2a, 4);
    put_number(o, 0, 4);
    put_number(o, id, 8);
    put_number(o, e->filetime, 8);
    put(o, "\x0f\x01\x01", 4);
    if (e->layout == EVTX_WRITE_INLINE)
        put_inline(o, e);
    else
        put_templated(o, e);
    put_number(o, 0, 1);
    while (!o->overflow && (o->at + 4 - begin) % 8)
        put_number(o, 0xa5, 1); /* Windows leaves garbage here */
    put_number(o, o->at + 4 - begin, 4);
    patch(o, begin + 4, o->at - begin, 4);
}

static uint8_t *chunk_of(struct evtx_writer *w, size_t index)
{
    return w->file + FILE_HEADER + index * CHUNK;
}

static void seal_chunk(uint8_t *p)
{
    store(p + 52, crc(0, p + CHUNK_HEADER, load_le32(p + 48) - CHUNK_HEADER), 4);
    store(p + 124, crc(crc(0, p, 120), p + 128, CHUNK_HEADER - 128), 4);
}

void evtx_writer_reseal(uint8_t *file, size_t chunk)
{
    seal_chunk(file + FILE_HEADER + chunk * CHUNK);
}

static void seal_file(struct evtx_writer *w)
{
    uint8_t *h = w->file;
    bool written = load_le32(h + 32) != 0;
    if (!w->options.dirty || !written) {
        memcpy(h, "ElfFile", 8);
        store(h + 8,
              w->options.max_chunks && w->chunks == w->options.max_chunks ? (w->newest + 1) % w->chunks : 0,
              8);
        store(h + 16, w->newest, 8);
        store(h + 24, w->next_id, 8);
        store(h + 32, 128, 4);
        store(h + 36, 1, 2);
        store(h + 38, 3, 2);
        store(h + 40, FILE_HEADER, 2);
        store(h + 42, w->chunks & 0xffff, 2);
        store(h + 120, w->options.dirty, 4);
    }
    store(h + 124, crc(0, h, 120), 4);
}

static void resize(struct evtx_writer *w)
{
    size_t size = FILE_HEADER + (w->chunks + w->options.preallocated) * CHUNK;
    w->file = must(realloc(w->file, size));
    if (size > w->size)
        memset(w->file + w->size, 0, size - w->size);
    w->size = size;
}

/* An empty chunk: what was behind its header stays. */
static void begin_chunk(struct evtx_writer *w, size_t index)
{
    uint8_t *p = chunk_of(w, index);
    memset(p, 0, CHUNK_HEADER);
    memcpy(p, "ElfChnk", 8);
    store(p + 8, 1, 8);
    store(p + 16, UINT64_MAX, 8);
    store(p + 24, UINT64_MAX, 8);
    store(p + 32, UINT64_MAX, 8);
    store(p + 40, 128, 4);
    store(p + 48, CHUNK_HEADER, 4);
    store(p + 120, 1, 4);
    seal_chunk(p);
    w->newest = index;
    w->in_chunk = 0;
    w->out = (struct out){.at = CHUNK_HEADER};
}

static void next_chunk(struct evtx_writer *w)
{
    size_t index = w->newest + 1;
    if (w->options.max_chunks && index == w->options.max_chunks) {
        index = 0;
    } else if (index == w->chunks) {
        w->chunks++;
        resize(w);
    }
    begin_chunk(w, index);
}

struct evtx_writer *evtx_writer_new(const struct evtx_writer_options *options)
{
    struct evtx_writer *w = must(calloc(1, sizeof *w));
    w->options = *options;
    w->next_id = options->first_id ? options->first_id : 1;
    w->next_number = 1;
    w->filetime = UINT64_C(132500000000000000); /* 2020-11-16T11:33:20Z */
    w->chunks = 1;
    resize(w);
    begin_chunk(w, 0);
    seal_file(w);
    return w;
}

void evtx_writer_free(struct evtx_writer *w)
{
    if (w)
        free(w->file);
    free(w);
}

static bool try_add(struct evtx_writer *w, const struct evtx_writer_event *e)
{
    struct out *o = &w->out, before = *o;
    uint8_t *p = chunk_of(w, w->newest), header[CHUNK_HEADER];
    memcpy(header, p, sizeof header);
    o->p = p;
    put_record(o, e, w->next_id);
    if (o->overflow) {
        *o = before;
        memcpy(p, header, sizeof header);
        return false;
    }
    if (w->in_chunk == 0) {
        store(p + 8, w->next_number, 8);
        store(p + 24, w->next_id, 8);
    }
    store(p + 16, w->next_number, 8);
    store(p + 32, w->next_id, 8);
    store(p + 44, before.at, 4);
    store(p + 48, w->options.free_at_end ? CHUNK : o->at, 4);
    if (w->options.free_at_end)
        memset(p + o->at, 0, CHUNK - o->at);
    seal_chunk(p);
    return true;
}

uint64_t evtx_writer_add(struct evtx_writer *w, const struct evtx_writer_event *event)
{
    struct evtx_writer_event e = *event;
    e.provider = e.provider ? e.provider : "MSExchangeIS";
    e.channel = e.channel ? e.channel : "Application";
    e.computer = e.computer ? e.computer : "EXCH01.contoso.com";
    w->filetime = e.filetime ? e.filetime : w->filetime + 10000000;
    e.filetime = w->filetime;
    e.record_id = e.record_id ? e.record_id : w->next_id;
    if (w->options.records_per_chunk && w->in_chunk >= w->options.records_per_chunk)
        next_chunk(w);
    if (!try_add(w, &e)) {
        next_chunk(w);
        if (!try_add(w, &e))
            abort();
    }
    w->in_chunk++;
    w->next_number++;
    uint64_t id = w->next_id++;
    seal_file(w);
    return id;
}

uint64_t evtx_writer_add_9646(struct evtx_writer *w, enum evtx_writer_layout layout, unsigned number)
{
    static const uint8_t diagnostics[] = "\x07\0\0\0[DIAG_CTX]\0\0\x04\0\0\0\xff\xe8\x3a";
    char dn[160], message[320];
    snprintf(
        dn, sizeof dn,
        "/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user%u",
        number);
    snprintf(message, sizeof message,
             "Mapi session \"%s\" exceeded the maximum of 32 objects of type \"session\".", dn);
    const char *strings[] = {dn, "32", "session"};
    return evtx_writer_add(w, &(struct evtx_writer_event){
                                  .layout = layout,
                                  .event_id = 9646,
                                  .qualifiers = 49158,
                                  .level = 2,
                                  .task = 6,
                                  .keywords = UINT64_C(0x80000000000000),
                                  .strings = strings,
                                  .string_count = 3,
                                  .binary = layout == EVTX_WRITE_MANIFEST ? NULL : diagnostics,
                                  .binary_size = layout == EVTX_WRITE_MANIFEST ? 0 : sizeof diagnostics,
                                  .message = layout == EVTX_WRITE_INLINE ? message : NULL,
                              });
}

void evtx_writer_end_chunk(struct evtx_writer *w)
{
    next_chunk(w);
    seal_file(w);
}

void evtx_writer_clear(struct evtx_writer *w)
{
    w->chunks = 1;
    resize(w);
    memset(chunk_of(w, 1), 0, w->options.preallocated * CHUNK);
    begin_chunk(w, 0);
    seal_file(w);
}

void evtx_writer_set_open(struct evtx_writer *w, bool open)
{
    w->options.dirty = false;
    seal_file(w);
    w->options.dirty = open;
    if (open)
        store(w->file + 120, 1, 4);
    seal_file(w);
}

size_t evtx_writer_chunks(const struct evtx_writer *w, size_t *newest)
{
    *newest = w->newest;
    return w->chunks;
}

struct sv evtx_writer_image(const struct evtx_writer *w)
{
    return sv_make(w->file, w->size);
}
