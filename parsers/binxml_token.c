/* SPDX-License-Identifier: Apache-2.0 */
/* BinXML's tokens: names, element heads, template instances and definitions. */
#include "binxml.h"

#include "needle.h"

/* Offsets are as they were when the chunk was written; lost or inserted bytes move what they lead to. */
enum {
    SHIFT_MAX = 4096,
    MOVED_TRIES = 16, /* bytes that repeat the id must not cost more */
};

bool binxml_name_at(const struct reader *chunk, size_t offset, struct binxml_name *out)
{
    struct reader r = *chunk;
    uint16_t units, nul;
    /* The link to the next name of the bucket says nothing that is needed here. */
    if (offset < BINXML_FIRST_OFFSET || !reader_seek(&r, offset) || !reader_skip(&r, 6) ||
        !reader_u16(&r, &units) || units > BINXML_NAME_MAX ||
        !reader_bytes(&r, (size_t)units * 2, &out->utf16) || !reader_u16(&r, &nul) || nul != 0 || units == 0)
        return false;
    out->bytes = (size_t)units * 2;
    out->offset = (uint32_t)offset;
    return true;
}

bool binxml_name_is_true(const struct reader *chunk, const struct binxml_name *name)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < name->bytes; i += 2)
        hash = hash * 65599 + load_le16(name->utf16 + i);
    return (hash & 0xffff) == load_le16(chunk->p + name->offset + 4);
}

/* A name whose hash is right stands there: no accident. */
static bool is_true_name(const struct reader *chunk, size_t offset, struct binxml_name *out)
{
    return binxml_name_at(chunk, offset, out) && binxml_name_is_true(chunk, out);
}

bool binxml_read_name(const struct reader *chunk, struct reader *r, struct binxml_name *out)
{
    uint32_t offset;
    if (!reader_u32(r, &offset))
        return false;
    size_t behind = r->at;
    if (offset == behind) /* inline: link, hash, length, the units and a NUL */
        return binxml_name_at(chunk, offset, out) && reader_skip(r, 8 + out->bytes + 2);
    if (binxml_name_at(chunk, offset, out))
        return true;
    return is_true_name(chunk, behind, out) && reader_skip(r, 8 + out->bytes + 2);
}

bool binxml_read_element(const struct reader *chunk, struct reader *r, bool in_definition,
                         struct binxml_element *out)
{
    uint8_t token;
    uint32_t size, attributes = 0;
    out->dependency = BINXML_NO_DEPENDENCY;
    if (!reader_u8(r, &token) || (token & ~TOKEN_MORE) != TOKEN_ELEMENT)
        return false;
    if (in_definition && !reader_u16(r, &out->dependency))
        return false;
    if (!reader_u32(r, &size))
        return false;
    out->end = r->at + size;
    if (!binxml_read_name(chunk, r, &out->name))
        return false;
    out->has_attributes = token & TOKEN_MORE;
    if (out->has_attributes && !reader_u32(r, &attributes))
        return false;
    out->content = r->at + attributes;
    return true;
}

/* A definition stands here though its offset leads elsewhere: its GUID begins with the template id. */
static bool is_moved_definition(const struct reader *r, const struct binxml_instance *i)
{
    return i->definition != r->at && reader_left(r) > BINXML_DEFINITION_HEAD &&
           load_le32(r->p + r->at + 4) == i->template_id && i->template_id != 0;
}

bool binxml_read_instance(struct reader *r, struct binxml_instance *out)
{
    uint8_t token, one;
    uint32_t size;
    if (!reader_u8(r, &token) || token != TOKEN_INSTANCE || !reader_u8(r, &one) ||
        !reader_u32(r, &out->template_id) || !reader_u32(r, &out->definition))
        return false;
    if (is_moved_definition(r, out))
        out->definition = (uint32_t)r->at;
    if (out->definition == r->at &&
        (!reader_skip(r, BINXML_DEFINITION_HEAD - 4) || !reader_u32(r, &size) || !reader_skip(r, size)))
        return false;
    if (!reader_u32(r, &out->count) || out->count > BINXML_VALUES_MAX)
        return false;
    out->descriptors = r->at;
    if (!reader_skip(r, (size_t)out->count * 4))
        return false;
    out->values = r->at; /* set: the descriptors are there */
    const uint8_t *descriptors = r->p + out->descriptors;
    size_t total = 0;
    for (uint32_t i = 0; i < out->count; i++)
        total += load_le16(descriptors + (size_t)i * 4);
    return reader_skip(r, total);
}

bool binxml_definition_at(const struct reader *chunk, size_t offset, uint32_t template_id, struct reader *out)
{
    struct reader r = *chunk;
    uint32_t guid_begins, size;
    if (offset < BINXML_FIRST_OFFSET || !reader_seek(&r, offset) || !reader_skip(&r, 4) ||
        !reader_u32(&r, &guid_begins) || guid_begins != template_id || !reader_skip(&r, 12) ||
        !reader_u32(&r, &size) || size > reader_left(&r))
        return false;
    *out = r;
    out->n = r.at + size;
    return true;
}

bool binxml_definition(const struct reader *chunk, uint32_t offset, uint32_t template_id, struct reader *out)
{
    if (binxml_definition_at(chunk, offset, template_id, out))
        return true;
    /* Where bytes were lost the definition is elsewhere: behind the instance that brought it, which has the
     * id too. */
    uint8_t id[4] = {(uint8_t)template_id, (uint8_t)(template_id >> 8), (uint8_t)(template_id >> 16),
                     (uint8_t)(template_id >> 24)};
    size_t from = offset > SHIFT_MAX + BINXML_FIRST_OFFSET ? offset - SHIFT_MAX : BINXML_FIRST_OFFSET;
    size_t to = offset < chunk->n && chunk->n - offset > SHIFT_MAX ? offset + SHIFT_MAX : chunk->n;
    for (int tries = 0; template_id && from < to && tries < MOVED_TRIES; tries++) {
        const uint8_t *hit = needle_find(chunk->p + from, to - from, id, sizeof id);
        if (!hit)
            return false;
        size_t at = (size_t)(hit - chunk->p);
        if (chunk->n - at >= 16 && hit[-2] == TOKEN_INSTANCE && load_le32(hit + 12) == template_id)
            return binxml_definition_at(chunk, at + 8, template_id, out);
        from = at + 1;
    }
    return false;
}

bool binxml_name_is(const struct binxml_name *name, struct sv ascii)
{
    if (name->bytes != ascii.n * 2)
        return false;
    for (size_t i = 0; i < ascii.n; i++)
        if (name->utf16[2 * i] != (uint8_t)ascii.p[i] || name->utf16[2 * i + 1] != 0)
            return false;
    return true;
}
