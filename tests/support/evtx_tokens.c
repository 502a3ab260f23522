/* SPDX-License-Identifier: Apache-2.0 */
/* Writes BinXML token by token. Every number written here is explained by the libevtx documentation. */
#include "evtx_tokens.h"

#include "hash64.h"
#include "reader.h"
#include "utf.h"

#include <inttypes.h>
#include <stdio.h>

void tokens_store(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

void tokens_put(struct tokens *o, const void *p, size_t n)
{
    if (n > TOKENS_CHUNK - o->at) {
        o->overflow = true;
        return;
    }
    if (n)
        memcpy(o->p + o->at, p, n);
    o->at += n;
}

void tokens_number(struct tokens *o, uint64_t v, size_t n)
{
    uint8_t bytes[8];
    tokens_store(bytes, v, n);
    tokens_put(o, bytes, n);
}

void tokens_patch(struct tokens *o, size_t at, uint64_t v, size_t n)
{
    if (!o->overflow)
        tokens_store(o->p + at, v, n);
}

size_t tokens_units(struct tokens *o, struct sv text)
{
    size_t units = 0;
    while (text.n) {
        uint32_t c;
        size_t n = utf8_decode(text, &c);
        text = sv_slice(text, n, text.n);
        if (c >= 0x10000) {
            tokens_number(o, 0xd800 + ((c - 0x10000) >> 10), 2);
            tokens_number(o, 0xdc00 + ((c - 0x10000) & 0x3ff), 2);
            units++;
        } else {
            tokens_number(o, c, 2);
        }
        units++;
    }
    return units;
}

static uint32_t link_into(struct tokens *o, size_t table, uint32_t offset)
{
    uint32_t older = load_le32(o->p + table);
    tokens_patch(o, table, offset, 4);
    return older;
}

void tokens_name(struct tokens *o, const char *name)
{
    uint64_t key = hash64(HASH64_START, name, strlen(name));
    for (size_t i = 0; i < o->name_count; i++)
        if (o->names[i].key == key) {
            tokens_number(o, o->names[i].offset, 4);
            return;
        }
    uint32_t offset = (uint32_t)o->at + 4, hash = 0;
    for (const char *c = name; *c; c++)
        hash = hash * 65599 + (uint8_t)*c;
    tokens_number(o, offset, 4);
    tokens_number(o, link_into(o, 128 + (hash & 0xffff) % 64 * 4, offset), 4);
    tokens_number(o, hash & 0xffff, 2);
    tokens_number(o, strlen(name), 2);
    tokens_units(o, sv_from(name));
    tokens_number(o, 0, 2);
    if (o->name_count < TOKENS_NAMES_MAX)
        o->names[o->name_count++] = (struct tokens_known){key, offset};
}

struct tokens_element tokens_open(struct tokens *o, const char *name, uint16_t dependency, bool attributes)
{
    struct tokens_element e = {0};
    tokens_number(o, attributes ? 0x41 : 0x01, 1);
    if (o->in_definition)
        tokens_number(o, dependency, 2);
    e.size_at = o->at;
    tokens_number(o, 0, 4);
    tokens_name(o, name);
    if (attributes) {
        e.attributes_at = o->at;
        tokens_number(o, 0, 4);
    }
    return e;
}

void tokens_end_attributes(struct tokens *o, const struct tokens_element *e, uint8_t token)
{
    if (e->attributes_at)
        tokens_patch(o, e->attributes_at, o->at - e->attributes_at - 4, 4);
    tokens_number(o, token, 1);
}

void tokens_end_element(struct tokens *o, const struct tokens_element *e)
{
    tokens_patch(o, e->size_at, o->at - e->size_at - 4, 4);
}

void tokens_close(struct tokens *o, const struct tokens_element *e)
{
    tokens_number(o, 0x04, 1);
    tokens_end_element(o, e);
}

void tokens_substitution(struct tokens *o, uint16_t index, uint8_t type)
{
    tokens_number(o, 0x0e, 1);
    tokens_number(o, index, 2);
    tokens_number(o, type, 1);
}

void tokens_piece(struct tokens *o, struct sv text, bool more)
{
    tokens_number(o, more ? 0x45 : 0x05, 1);
    tokens_number(o, 1, 1);
    size_t count_at = o->at;
    tokens_number(o, 0, 2);
    tokens_patch(o, count_at, tokens_units(o, text), 2);
}

static const char *entity_of(char c)
{
    return c == '&' ? "amp" : c == '<' ? "lt" : c == '>' ? "gt" : c == '"' ? "quot" : NULL;
}

void tokens_text(struct tokens *o, struct sv text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *entity = entity_of(text.p[i]);
        if (!entity)
            continue;
        if (i > from)
            tokens_piece(o, sv_slice(text, from, i), true);
        tokens_number(o, i + 1 < text.n ? 0x49 : 0x09, 1);
        tokens_name(o, entity);
        from = i + 1;
    }
    if (from < text.n || text.n == 0)
        tokens_piece(o, sv_slice(text, from, text.n), false);
}

void tokens_literal_attribute(struct tokens *o, const char *name, const char *value, bool more)
{
    tokens_number(o, more ? 0x46 : 0x06, 1);
    tokens_name(o, name);
    tokens_text(o, sv_from(value));
}

void tokens_value_attribute(struct tokens *o, const char *name, uint16_t index, uint8_t type, bool more)
{
    tokens_number(o, more ? 0x46 : 0x06, 1);
    tokens_name(o, name);
    tokens_substitution(o, index, type);
}

void tokens_literal_element(struct tokens *o, const char *name, const char *text)
{
    struct tokens_element e = tokens_open(o, name, TOKENS_NO_DEPENDENCY, false);
    tokens_number(o, 0x02, 1);
    if (*text)
        tokens_text(o, sv_from(text));
    tokens_close(o, &e);
}

void tokens_number_element(struct tokens *o, const char *name, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, v);
    tokens_literal_element(o, name, text);
}

void tokens_value_element(struct tokens *o, const char *name, uint16_t index, uint8_t type)
{
    struct tokens_element e = tokens_open(o, name, index, false);
    tokens_number(o, 0x02, 1);
    tokens_substitution(o, index, type);
    tokens_close(o, &e);
}

void tokens_value_only(struct tokens *o, const char *name, const char *attribute, uint16_t index,
                       uint8_t type)
{
    struct tokens_element e = tokens_open(o, name, TOKENS_NO_DEPENDENCY, true);
    tokens_value_attribute(o, attribute, index, type, false);
    tokens_end_attributes(o, &e, 0x03);
    tokens_end_element(o, &e);
}

struct tokens_element tokens_open_plain(struct tokens *o, const char *name)
{
    struct tokens_element e = tokens_open(o, name, TOKENS_NO_DEPENDENCY, false);
    tokens_number(o, 0x02, 1);
    return e;
}

void tokens_instance(struct tokens *o, uint64_t key, tokens_body body, const void *ctx)
{
    uint32_t offset = (uint32_t)o->at + 10;
    bool resident = true;
    for (size_t i = 0; i < o->template_count; i++)
        if (o->templates[i].key == key) {
            offset = o->templates[i].offset;
            resident = false;
        }
    tokens_number(o, 0x0c, 1);
    tokens_number(o, 1, 1);
    tokens_number(o, key & 0xffffffff, 4);
    tokens_number(o, offset, 4);
    if (!resident)
        return;
    tokens_number(o, link_into(o, 384 + (key & 31) * 4, offset), 4);
    tokens_number(o, key, 8);
    tokens_number(o, ~key, 8);
    size_t size_at = o->at;
    tokens_number(o, 0, 4);
    tokens_put(o, "\x0f\x01\x01", 4);
    o->in_definition = true;
    body(o, ctx);
    o->in_definition = false;
    tokens_number(o, 0, 1);
    tokens_patch(o, size_at, o->at - size_at - 4, 4);
    if (o->template_count < TOKENS_TEMPLATES_MAX)
        o->templates[o->template_count++] = (struct tokens_known){key, offset};
}

struct tokens_values tokens_open_values(struct tokens *o, uint32_t count)
{
    tokens_number(o, count, 4);
    struct tokens_values v = {.descriptors = o->at};
    for (uint32_t i = 0; i < count; i++)
        tokens_number(o, 0, 4);
    v.began = o->at;
    return v;
}

void tokens_end_value(struct tokens *o, struct tokens_values *v, uint8_t type)
{
    tokens_patch(o, v->descriptors + v->index * 4, o->at - v->began, 2);
    tokens_patch(o, v->descriptors + v->index * 4 + 2, type, 1);
    v->index++;
    v->began = o->at;
}

void tokens_value(struct tokens *o, struct tokens_values *v, uint8_t type, uint64_t number, size_t n)
{
    tokens_number(o, number, n);
    tokens_end_value(o, v, type);
}

void tokens_null(struct tokens *o, struct tokens_values *v)
{
    tokens_end_value(o, v, 0);
}
